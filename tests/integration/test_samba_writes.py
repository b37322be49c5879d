"""What changes a directory, at a real domain controller: groups are made, changed, renamed and deleted, and a request
that comes twice ends as one that came once.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from support.samba import PASSWORD, Samba, requires_samba
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.changing import Change, ChangeOf, named_by
from syncramp.source.ldap.session import Session

EXISTS, NO_SUCH_OBJECT, REFUSED, CONSTRAINT, NOT_THERE = 68, 32, 50, 19, 53


@pytest.fixture(scope="module")
def unit(domain: Samba) -> str:
    return domain.as_administrator.add_unit("Written")


@pytest.fixture(scope="module")
def writer(domain: Samba, unit: str) -> str:
    return domain.add_writer(unit)


@pytest.fixture
def session(domain: Samba, writer: str) -> Iterator[Session]:
    source = LdapSource("corp", [domain.ldap], writer, PASSWORD, domain.ca, [domain.base])
    with closing(source.connect_to(domain.ldap, writes=True)) as session:
        yield session


def _group(name: str) -> dict[str, list[bytes]]:
    return {"objectClass": [b"group"], "sAMAccountName": [name.encode()], "groupType": [b"8"]}


@requires_samba
def test_a_group_is_made_changed_renamed_and_deleted(domain: Samba, session: Session, unit: str) -> None:
    admin = domain.as_administrator
    assert session.add(f"CN=one,{unit}", _group("one")).code == 0
    assert session.add(f"CN=one,{unit}", _group("other")).code == EXISTS
    name = named_by(admin.guid(f"CN=one,{unit}"))
    assert session.modify(name, [Change(ChangeOf.REPLACE, "description", [b"text"])]).code == 0
    assert session.rename(f"CN=one,{unit}", "CN=new").code == 0
    assert admin.values(f"CN=new,{unit}", "description") == [b"text"]
    assert session.modify(name, [Change(ChangeOf.REPLACE, "description")]).code == 0
    assert not admin.values(f"CN=new,{unit}", "description")
    assert [session.delete(name).code for _ in range(2)] == [0, NO_SUCH_OBJECT]


@requires_samba
def test_members_come_and_go_by_their_guid(domain: Samba, session: Session, unit: str) -> None:
    admin = domain.as_administrator
    domain.add([{"dn": f"CN=m{at},{unit}", "objectClass": "contact"} for at in range(500)])
    guids = [named_by(admin.guid(f"CN=m{at},{unit}")).encode() for at in range(500)]
    session.add(f"CN=grown,{unit}", _group("grown"))
    name = named_by(admin.guid(f"CN=grown,{unit}"))
    assert session.modify(name, [Change(ChangeOf.ADD, "member", guids)]).code == 0
    assert len(admin.values(f"CN=grown,{unit}", "member")) == 500
    assert session.modify(name, [Change(ChangeOf.DELETE, "member", guids[:499])]).code == 0
    assert admin.values(f"CN=grown,{unit}", "member") == [f"CN=m499,{unit}".encode()]


@requires_samba
def test_samba_does_not_let_a_repeated_link_pass_although_it_is_asked_to(
    domain: Samba, session: Session, unit: str
) -> None:
    guid = domain.as_administrator.add_group("again", unit)
    member = [Change(ChangeOf.ADD, "member", [named_by(domain.as_administrator.guid(unit)).encode()])]
    taken = [Change(ChangeOf.DELETE, "member", member[0].values)]
    assert [session.modify(named_by(guid), member).code for _ in range(2)] == [0, EXISTS]
    assert [session.modify(named_by(guid), taken).code for _ in range(2)] == [0, NOT_THERE]
    text = [Change(ChangeOf.ADD, "url", [b"text"])]
    assert [session.modify(named_by(guid), text).code for _ in range(2)] == [0, 0]


@requires_samba
def test_a_member_that_is_not_there_makes_the_whole_modify_fail(domain: Samba, session: Session, unit: str) -> None:
    admin = domain.as_administrator
    guid = admin.add(f"CN=here,{unit}", "contact")
    session.add(f"CN=kept,{unit}", _group("kept"))
    members = [named_by(guid).encode(), named_by(bytes(16)).encode()]
    done = session.modify(named_by(admin.guid(f"CN=kept,{unit}")), [Change(ChangeOf.ADD, "member", members)])
    assert done.code in {NO_SUCH_OBJECT, CONSTRAINT}
    assert not admin.values(f"CN=kept,{unit}", "member")


@requires_samba
def test_a_group_elsewhere_is_not_the_accounts_to_change(domain: Samba, session: Session) -> None:
    unit = domain.as_administrator.add_unit("NotWritten")
    guid = domain.as_administrator.add_group("theirs", unit)
    refused = session.modify(named_by(guid), [Change(ChangeOf.REPLACE, "description", [b"x"])])
    assert (refused.code, session.delete(named_by(guid)).code) == (REFUSED, REFUSED)
    assert session.add(f"CN=two,{unit}", _group("two")).code == REFUSED
