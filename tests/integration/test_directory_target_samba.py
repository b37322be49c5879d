"""Groups written to a real domain controller through the target of a run."""

from collections.abc import Iterator

import pytest

from support.kerberos import requires_kerberos
from support.looked import anchor, mark
from support.samba import PASSWORD, REALM, Samba, requires_samba
from support.scissors import At, scissors
from support.targeted import change, delete, group, members, shown, targeted, write
from syncramp.directory.target import LdapTarget
from syncramp.directory.writing import DENIED_MOST
from syncramp.errors import AccessDenied, AnswerLost
from syncramp.model.wire import Result
from syncramp.model.written import LookCookie
from syncramp.source.ldap import LdapSource


@pytest.fixture(scope="module")
def unit(domain: Samba) -> str:
    return domain.as_administrator.add_unit("Targeted")


@pytest.fixture(scope="module")
def people(domain: Samba) -> list[bytes]:
    unit = domain.as_administrator.add_unit("Members")
    domain.add([{"dn": f"CN=p{at},{unit}", "objectClass": "user"} for at in range(600)])
    return [domain.as_administrator.guid(f"CN=p{at},{unit}") for at in range(600)]


@pytest.fixture(scope="module")
def writer(domain: Samba, unit: str) -> str:
    return domain.add_writer(unit)


@pytest.fixture
def target(domain: Samba, unit: str, writer: str) -> Iterator[LdapTarget]:
    with targeted(_source(domain, writer), unit) as made:
        yield made


def _source(domain: Samba, user: str) -> LdapSource:
    return LdapSource("corp", [domain.ldap], user, PASSWORD, domain.ca, [domain.base])


@requires_samba
def test_a_group_is_made_changed_renamed_and_its_members_come_and_go(
    target: LdapTarget, unit: str, people: list[bytes]
) -> None:
    made = write(target, group(1))
    assert (made.result, made.operation, made.description) == (Result.APPLIED, "Add", "")
    changed = write(target, change(1, description="text", displayName=None, cn="Name, with <all> \\ of it"))
    assert (changed.result, changed.cloud_anchor) == (Result.APPLIED, made.cloud_anchor)
    write(target, members(1, adds=people[:500]))
    assert write(target, members(1, adds=people[500:], removes=people[:400])).result is Result.APPLIED
    seen = shown(target)[anchor(1)]
    assert seen.dn == f"CN=Name\\, with \\<all\\> \\\\ of it,{unit}"
    assert (seen.values["description"], seen.values.get("displayName")) == ("text", None)
    assert seen.members is not None
    assert sorted(seen.members) == sorted(people[400:])


@requires_samba
def test_what_comes_again_ends_as_what_came_once(target: LdapTarget, people: list[bytes]) -> None:
    for _ in range(2):
        write(target, group(2))
        write(target, members(2, adds=people[:20]))
    write(target, members(2, adds=people[:40]))
    for _ in range(2):
        assert write(target, members(2, removes=people[10:40])).rejected == ()
    assert sorted(shown(target)[anchor(2)].members or ()) == sorted(people[:10])


@requires_samba
def test_a_group_is_nested_in_another_by_its_anchor(target: LdapTarget) -> None:
    write(target, group(3), group(4))
    outcome = write(target, members(3, adds=[anchor(4), anchor(99)]))
    assert outcome.rejected == (anchor(99),)
    seen = shown(target)
    assert seen[anchor(3)].members == [seen[anchor(4)].guid]


@requires_samba
def test_a_member_that_was_deleted_is_rejected_alone(domain: Samba, target: LdapTarget, people: list[bytes]) -> None:
    gone = domain.as_administrator.add_user("leaver", f"CN=Users,{domain.base}")
    domain.as_administrator.delete(f"CN=leaver,CN=Users,{domain.base}")
    write(target, group(5))
    outcome = write(target, members(5, adds=[*people[:250], gone, *people[250:499]]))
    assert outcome.result is Result.APPLIED
    assert len(outcome.rejected) == 1
    assert sorted(shown(target)[anchor(5)].members or ()) == sorted(people[:499])
    assert write(target, members(5, removes=[gone, people[0]])).rejected == ()


@requires_samba
def test_names_that_somebody_has_give_way_and_that_is_told(domain: Samba, target: LdapTarget, unit: str) -> None:
    domain.as_administrator.add(f"CN={mark(6)},{unit}", "contact")
    elsewhere = domain.as_administrator.add_unit("Elsewhere")
    domain.as_administrator.add(f"CN=other,{elsewhere}", "group", sAMAccountName="wanted")
    outcome = write(target, group(6, sAMAccountName="wanted"))
    assert outcome.result is Result.APPLIED
    assert f"its sAMAccountName is {mark(6)}, since CN=other,{elsewhere} has the sAMAccountName wanted" in (
        outcome.description
    )
    assert f"its cn is {mark(6)}-2" in outcome.description
    assert shown(target)[anchor(6)].dn == f"CN={mark(6)}-2,{unit}"


@requires_samba
def test_a_group_that_a_lost_request_made_is_found_by_its_mark_and_not_made_twice(
    domain: Samba, target: LdapTarget, unit: str
) -> None:
    made = domain.as_administrator.add(
        f"CN={mark(7)},{unit}", "group", sAMAccountName="old", adminDescription=mark(7), groupType="8"
    )
    outcome = write(target, group(7, description="new"))
    assert (outcome.result, outcome.operation) == (Result.APPLIED, "Add")
    seen = shown(target)[anchor(7)]
    assert (seen.guid, seen.values["description"], seen.values["sAMAccountName"]) == (made, "new", "old")


@requires_samba
def test_nothing_is_deleted_while_the_recycle_bin_is_off(target: LdapTarget) -> None:
    write(target, group(8))
    outcome = write(target, delete(8))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "recycleBinOff")
    assert anchor(8) in shown(target)


@requires_samba
def test_an_account_without_rights_is_told_from_an_object_that_is_refused(domain: Samba, writer: str) -> None:
    other = domain.as_administrator.add_unit("Forbidden")
    with targeted(_source(domain, writer), other) as target:
        codes = {write(target, group(at)).code for at in range(100, 100 + DENIED_MOST - 1)}
        assert codes == {"insufficientAccessRights"}
        with pytest.raises(AccessDenied, match="give the account that writes its rights"):
            write(target, group(13))


@requires_samba
@pytest.mark.parametrize("at", list(At))
def test_members_of_a_request_that_was_cut_off_are_all_there_after_the_next_one(
    domain: Samba, unit: str, writer: str, people: list[bytes], at: At
) -> None:
    number = 20 + list(At).index(at)
    with scissors(domain.address, 636) as way:
        source = LdapSource("corp", [f"ldaps://localhost:{way.port}"], writer, PASSWORD, domain.ca, [domain.base])
        with targeted(source, unit) as target:
            write(target, group(number), members(number, adds=people[:50]))
            request = members(number, adds=people[50:500])
            way.cut = at
            with pytest.raises(AnswerLost):
                write(target, request)
            done = domain.as_administrator.values(f"CN={mark(number)},{unit}", "member")
            assert len(done) == (50 if at is At.REQUEST else 500)
            assert write(target, request).rejected == ()
            assert write(target, members(number, removes=people[:500])).rejected == ()
            assert shown(target)[anchor(number)].members == []
    assert way.cuts == 1


@requires_samba
@pytest.mark.parametrize("at", list(At))
def test_a_group_whose_making_was_cut_off_is_there_once(domain: Samba, unit: str, writer: str, at: At) -> None:
    number = 30 + list(At).index(at)
    with scissors(domain.address, 636) as way:
        source = LdapSource("corp", [f"ldaps://localhost:{way.port}"], writer, PASSWORD, domain.ca, [domain.base])
        with targeted(source, unit) as target:
            way.cut = at
            with pytest.raises(AnswerLost):
                write(target, group(number))
            assert write(target, group(number)).operation == "Add"
            *_, cookie = target.look(None, {})
            assert isinstance(cookie, LookCookie)
            assert not cookie.left_alone, "no other group bears its mark"
            assert anchor(number) in shown(target)


@requires_samba
@requires_kerberos
def test_the_account_that_writes_may_sign_in_with_kerberos(
    domain: Samba, unit: str, writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(domain.kerberos))
    name = writer.partition("@")[0]
    keytab = domain.keys_of(name)
    source = LdapSource("corp", [domain.ldaps], f"{name}@{REALM}", "", domain.ca, [domain.base], keytab=keytab)
    with targeted(source, unit) as target:
        assert write(target, group(40), change(40, description="signed in")).result is Result.APPLIED
