"""What a real domain controller shows of written-back groups, of the unit that they lie in and of its forest."""

from contextlib import closing

import pytest

from support.looked import Seen, anchor, mark
from support.samba import PASSWORD, READER, SYNC, Samba, requires_samba
from syncramp.directory import container, schema
from syncramp.errors import InputRefused
from syncramp.model.written import Lost
from syncramp.source import dn as names
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.session import Session

UNIVERSAL = "8"
MANY = 5_000
"""More than Active Directory shows of an attribute in one answer; Samba shows all."""


def _source(domain: Samba, account: str) -> LdapSource:
    return LdapSource("corp", [domain.ldaps], domain.upn(account), PASSWORD, domain.ca, [domain.base])


def _session(domain: Samba, account: str = SYNC) -> Session:
    return _source(domain, account).connect_to(domain.ldaps)


def _seen(domain: Samba, unit: str, account: str = SYNC) -> Seen:
    return Seen(_source(domain, account), domain.base, names.canonical(unit))


def _write(domain: Samba, number: int, unit: str, *members: str, **attributes: str) -> bytes:
    given: dict[str, str | list[str]] = {"member": list(members)} if members else {}
    given |= {"adminDescription": mark(number), "sAMAccountName": mark(number), "groupType": UNIVERSAL}
    return domain.as_administrator.add(f"CN={mark(number)},{unit}", "group", **{**given, **attributes})


@requires_samba
def test_what_people_do_to_written_groups_is_seen(domain: Samba) -> None:
    person = domain.as_administrator
    unit = person.add_unit("Looked at")
    other = person.add_unit("Elsewhere", unit)
    ada, bob = (person.add_user(f"look-{name}", unit) for name in ("ada", "bob"))
    first = _write(domain, 101, unit, f"CN=look-ada,{unit}", displayName="All of us", description="Plain")
    _write(domain, 102, unit)
    seen = _seen(domain, unit).look()
    assert {anchor(101), anchor(102)} <= set(seen.groups)
    assert seen.groups[anchor(101)].guid == first
    assert seen.groups[anchor(101)].values == {
        "cn": mark(101),
        "displayName": "All of us",
        "description": "Plain",
        "groupType": 8,
        "adminDescription": mark(101),
    }
    assert seen.members[anchor(101)] == {ada}
    assert not seen.groups[anchor(101)].legacy
    assert seen.look().read_again() == []

    person.add_values(f"CN={mark(102)},{unit}", member=f"CN=look-bob,{unit}")
    assert seen.look().read_again() == [anchor(102)]
    assert seen.members[anchor(102)] == {bob}

    person.rename(f"CN={mark(101)},{unit}", "CN=look renamed", other)
    assert seen.look().lost == []
    assert seen.groups[anchor(101)].dn == f"CN=look renamed,OU=Elsewhere,{unit}"
    assert seen.groups[anchor(101)].values["cn"] == "look renamed"

    person.replace(f"CN={mark(102)},{unit}", adminDescription="mine now")
    assert seen.look().lost == [Lost(anchor(102), deleted=False)]
    person.replace(f"CN={mark(102)},{unit}", adminDescription=mark(102))
    assert seen.look().members[anchor(102)] == {bob}

    person.delete(f"CN=look renamed,{other}")
    assert seen.look().lost == [Lost(anchor(101))]
    person.undelete(first, f"CN={mark(101)},{unit}")
    # without the recycle bin a group comes back without its mark, so it is none of ours any more
    assert seen.look().lost == []
    assert anchor(101) not in seen.groups


@requires_samba
def test_all_members_of_a_large_group_come(domain: Samba) -> None:
    unit = domain.as_administrator.add_unit("Many")
    names_of_all = [f"CN=many{number},{unit}" for number in range(MANY)]
    domain.add([{"dn": dn, "objectClass": "contact"} for dn in names_of_all])
    _write(domain, 201, unit)
    _fill(domain, f"CN={mark(201)},{unit}", names_of_all)
    seen = _seen(domain, unit).look()
    assert len(seen.members[anchor(201)]) == MANY
    domain.as_administrator.remove_values(f"CN={mark(201)},{unit}", member=names_of_all[7])
    before = seen.members[anchor(201)]
    assert seen.look().read_again() == [anchor(201)]
    assert before - seen.members[anchor(201)] == {domain.as_administrator.guid(names_of_all[7])}


def _fill(domain: Samba, dn: str, members: list[str]) -> None:
    for start in range(0, len(members), 5000):
        domain.as_administrator.add_values(dn, member=members[start : start + 5000])


@requires_samba
def test_an_account_that_may_not_list_deleted_entries_concludes_nothing(domain: Samba) -> None:
    unit = domain.as_administrator.add_unit("Unseen")
    _write(domain, 301, unit)
    seen = _seen(domain, unit, READER).look()
    domain.as_administrator.delete(f"CN={mark(301)},{unit}")
    assert (seen.look().lost, list(seen.hidden)) == ([], [anchor(301)])
    assert _seen(domain, unit).look().lost == []
    allowed = _seen(domain, unit, SYNC)
    allowed.groups = seen.groups
    assert Lost(anchor(301)) in allowed.look().lost


@requires_samba
def test_a_second_group_with_the_mark_is_told(domain: Samba) -> None:
    unit = domain.as_administrator.add_unit("Twins")
    below = domain.as_administrator.add_unit("Below", unit)
    guid = _write(domain, 401, below)
    domain.as_administrator.add(
        f"CN=copy,{unit}", "group", sAMAccountName="copy-401", adminDescription=mark(401).upper()
    )
    seen = _seen(domain, below).look()
    assert seen.groups[anchor(401)].guid == guid
    assert f"CN=copy,{unit} is left alone: CN={mark(401)},OU=Below,{unit} has its mark, too" in seen.note
    domain.as_administrator.delete(f"CN=copy,{unit}")


@requires_samba
def test_the_schema_tells_which_attributes_groups_can_have(domain: Samba) -> None:
    with closing(_session(domain, READER)) as session:
        shown = schema.look(session, session.root(), domain.base)
    assert {
        "cn",
        "samaccountname",
        "grouptype",
        "description",
        "mail",
        "admindescription",
        "member",
    } <= shown.attributes
    assert not {"mailnickname", "msexchrequireauthtosendto"} & shown.attributes  # Exchange never extended it
    assert not shown.recycle_bin
    assert shown.level == 4
    assert shown.linked_values


@requires_samba
def test_the_container_is_found_and_a_renamed_one_is_told(domain: Samba) -> None:
    person = domain.as_administrator
    above = person.add_unit("Renaming")
    unit = person.add_unit("Written groups", above)
    _write(domain, 501, unit)
    _write(domain, 502, unit)
    with closing(_session(domain)) as session:
        root = session.root()
        found = container.find(session, root, unit.replace("OU=", "ou=").lower())
        assert (found.dn, found.guid, found.partition) == (unit, person.guid(unit), domain.base)
        person.rename(unit, "OU=Renamed groups")
        with pytest.raises(InputRefused, match="is not there") as refused:
            container.find(session, root, unit)
    assert f"renamed to OU=Renamed groups,{above}, where written-back groups lie: 2" in refused.value.remedy


@requires_samba
def test_a_container_that_was_moved_is_told_by_its_name(domain: Samba) -> None:
    person = domain.as_administrator
    here, there = person.add_unit("Moved from"), person.add_unit("Moved to")
    unit = person.add_unit("Groups that move", here)
    for number in (511, 512, 513):
        _write(domain, number, there)
    _write(domain, 514, unit)
    person.rename(unit, "OU=Groups that move", there)
    with closing(_session(domain)) as session, pytest.raises(InputRefused) as refused:
        container.find(session, session.root(), unit)
    assert f"renamed to OU=Groups that move,{there}, where written-back groups lie: 1" in refused.value.remedy


@requires_samba
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("OU=Domain Controllers,{base}", "that of the domain controllers"),
        ("CN=System,{base}", "the system's"),
        ("CN=Policies,CN=System,{base}", "the system's"),
        ("CN=Builtin,{base}", "neither an organizational unit nor a container"),
        ("{base}", "neither an organizational unit nor a container"),
        ("CN=Sites,CN=Configuration,{base}", "lies in no domain"),
        ("CN=Schema,CN=Configuration,{base}", "lies in no domain"),
        ("OU=Groups,DC=elsewhere", "lies in no domain"),
        ("CN=Administrator,CN=Users,{base}", "neither an organizational unit nor a container"),
        ("OU=Nobody made it,{base}", "is not there"),
    ],
)
def test_places_that_groups_must_not_be_made_in(domain: Samba, place: str, why: str) -> None:
    with closing(_session(domain)) as session, pytest.raises(InputRefused, match=why) as refused:
        container.find(session, session.root(), place.format(base=domain.base))
    assert refused.value.where == "spec.writeback.groups.container"


@requires_samba
def test_users_may_be_the_container(domain: Samba) -> None:
    with closing(_session(domain)) as session:
        assert container.find(session, session.root(), f"CN=Users,{domain.base}").dn == f"CN=Users,{domain.base}"
