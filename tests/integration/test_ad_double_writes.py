"""The writing side of the double of Active Directory, as any client sees it."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import ldap3
import pytest
from ldap3.core.exceptions import LDAPExceptionError

from support.ad_double_forest import configured
from support.ad_double_limits import BUSY
from support.ad_double_search import PERMISSIVE, Refused
from support.ad_double_server import PASSWORD, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.ad_double_writes import Cut, Write

OU = "OU=Cloud,DC=test"
WRITER, READER, CLERK = "writer", "reader", "clerk"
UNIVERSAL = {"objectClass": ["top", "group"], "groupType": "8"}


class Client:
    """ldap3, which knows nothing of this project."""

    def __init__(self, controller: Controller, user: str = WRITER) -> None:
        server = ldap3.Server(controller.url, get_info=ldap3.NONE)
        self.connection = ldap3.Connection(server, user=user, password=PASSWORD, auto_bind=True, check_names=False)

    def close(self) -> None:
        self.connection.unbind()

    def add(self, name: str, **attributes: object) -> int:
        given = {**UNIVERSAL, "sAMAccountName": name, **attributes}
        self.connection.add(f"CN={name},{OU}", attributes={key: value for key, value in given.items() if value})
        return self.code

    def member(self, group: str, how: str, members: Sequence[bytes], *, permissive: bool = True) -> int:
        values = [f"<GUID={UUID(bytes_le=guid)}>" for guid in members]
        return self.modify(group, {"member": [(how, values)]}, permissive=permissive)

    def modify(self, group: str, changes: dict[str, list[Any]], *, permissive: bool = True) -> int:
        controls = [(PERMISSIVE, True, None)] if permissive else None
        self.connection.modify(f"CN={group},{OU}", changes, controls=controls)
        return self.code

    @property
    def code(self) -> int:
        return int(self.connection.result["result"])

    @property
    def text(self) -> str:
        return str(self.connection.result["message"])


@pytest.fixture
def replica() -> Replica:
    made = Replica()
    made.unit("Cloud")
    return made


@pytest.fixture
def server(replica: Replica, tmp_path: Path) -> Iterator[Controller]:
    clerk = Account(rights=Rights(create=False, delete=False, rename=False, attributes=frozenset({"member"})))
    accounts = {WRITER: Account(rights=Rights()), READER: Account(), CLERK: clerk}
    with Controller(replica, accounts).running(tmp_path) as running:
        yield running


@pytest.fixture
def client(server: Controller) -> Iterator[Client]:
    made = Client(server)
    with closing(made):
        yield made


def _members(replica: Replica, name: str = "g") -> set[bytes]:
    (group,) = replica.accounts(name.encode())
    return set(replica.targets(group, "member"))


def test_a_group_is_added_grown_shrunk_and_every_value_is_counted(replica: Replica, client: Client) -> None:
    people = [replica.user(f"u{number}") for number in range(10)]
    assert client.add("g") == 0
    (group,) = replica.accounts(b"g")
    before = group.changed
    assert client.member("g", ldap3.MODIFY_ADD, people) == 0
    assert client.member("g", ldap3.MODIFY_DELETE, people[:4]) == 0
    assert _members(replica) == set(people[4:])
    assert group.changed > before


def test_repetition_converges_with_the_control_and_is_refused_without(
    replica: Replica, server: Controller, client: Client
) -> None:
    one, two = replica.user("one"), replica.user("two")
    client.add("g")
    (group,) = replica.accounts(b"g")
    assert client.member("g", ldap3.MODIFY_ADD, [one]) == 0
    assert client.member("g", ldap3.MODIFY_ADD, [one, two], permissive=False) == 68
    assert _members(replica) == {one}
    assert client.member("g", ldap3.MODIFY_ADD, [one, two]) == 0
    assert client.member("g", ldap3.MODIFY_DELETE, [one]) == 0
    assert client.member("g", ldap3.MODIFY_DELETE, [one], permissive=False) == 53
    assert client.member("g", ldap3.MODIFY_DELETE, [one]) == 0
    assert server.writes.sent[group.guid, one] == 3
    assert server.writes.needless[group.guid, one] == 2
    assert client.modify("g", {"description": [(ldap3.MODIFY_ADD, ["a"])]}) == 0
    assert client.modify("g", {"description": [(ldap3.MODIFY_ADD, ["a"])]}, permissive=False) == 20
    assert client.modify("g", {"info": [(ldap3.MODIFY_DELETE, [])]}, permissive=False) == 16
    assert client.modify("g", {"info": [(ldap3.MODIFY_DELETE, [])]}) == 0


def test_too_many_values_are_refused_and_nothing_is_done(
    replica: Replica, server: Controller, client: Client
) -> None:
    server.writes.max_values = 4
    people = [replica.user(f"u{number}") for number in range(5)]
    client.add("g")
    assert client.member("g", ldap3.MODIFY_ADD, people) == 11
    assert not _members(replica)
    assert client.member("g", ldap3.MODIFY_ADD, people[:4]) == 0


def test_one_bad_value_undoes_the_whole_modify(replica: Replica, client: Client) -> None:
    good, gone = replica.user("good"), replica.user("gone")
    local = replica.group("local", groupType=[b"-2147483644"])
    stranger = replica.add("CN=S-1-5-21-1", None, "top", "foreignSecurityPrincipal")
    replica.delete(gone)
    client.add("g")
    for bad, code in ((gone, 32), (b"x" * 16, 32), (local, 53), (stranger, 53)):
        assert client.member("g", ldap3.MODIFY_ADD, [good, bad]) == code
        assert not _members(replica)
    assert client.modify("g", {"member": [(ldap3.MODIFY_ADD, ["no name"])]}) == 34
    assert client.modify("g", {"member": [(ldap3.MODIFY_ADD, ["CN=good,DC=test"])]}) == 0
    assert _members(replica) == {good}


def test_names_that_are_taken_too_long_or_missing_are_refused(replica: Replica, client: Client) -> None:
    replica.user("taken")
    assert client.add("g") == 0
    assert client.add("g", sAMAccountName="other") == 68
    assert client.add("h", sAMAccountName="TAKEN") == 68
    assert client.add("x" * 65, sAMAccountName="x") == 19
    assert client.add("h", description="x" * 1025) == 19
    assert client.add("h", groupType=None) == 65
    assert client.add("h", sAMAccountName=None) == 65
    assert client.add("h", extensionName="x") == 16
    assert client.modify("g", {"sAMAccountName": [(ldap3.MODIFY_REPLACE, ["taken"])]}) == 68
    client.connection.add(f"CN=h,OU=Nowhere,{OU}", attributes={**UNIVERSAL, "sAMAccountName": "h"})
    assert client.code == 32


def test_a_rename_keeps_the_members_and_cannot_take_a_name(replica: Replica, client: Client) -> None:
    person = replica.user("u")
    client.add("g", member=f"<GUID={UUID(bytes_le=person)}>")
    client.add("h")
    client.connection.modify_dn(f"CN=g,{OU}", "CN=h")
    assert client.code == 68
    client.connection.modify_dn(f"CN=g,{OU}", "CN=i, too".replace(",", "\\,"))
    assert client.code == 0
    assert _members(replica) == {person}
    assert client.modify("i\\, too", {"cn": [(ldap3.MODIFY_REPLACE, ["j"])]}) == 67


def test_a_delete_needs_a_leaf_that_the_system_can_spare(replica: Replica, client: Client) -> None:
    client.add("g")
    client.connection.delete(OU)
    assert client.code == 66
    (group,) = replica.accounts(b"g")
    replica.change(group.guid, isCriticalSystemObject=[b"TRUE"])
    client.connection.delete(f"CN=g,{OU}")
    assert client.code == 53
    replica.change(group.guid, isCriticalSystemObject=[])
    client.connection.delete(f"CN=g,{OU}")
    assert client.code == 0
    assert group.deleted
    assert client.add("g") == 0  # its names are free again


@pytest.mark.parametrize("account", [READER, CLERK])
def test_an_account_changes_what_it_has_rights_to(replica: Replica, server: Controller, account: str) -> None:
    person = replica.user("u")
    group = replica.group("g", replica.unit("Other"))
    replica.rename(group, parent=next(held.guid for held in replica.called("OU=Cloud")))
    poor = Client(server, account)
    with closing(poor):
        assert poor.add("h") == 50
        poor.connection.delete(f"CN=g,{OU}")
        assert poor.code == 50
        poor.connection.modify_dn(f"CN=g,{OU}", "CN=h")
        assert poor.code == 50
        assert poor.modify("g", {"description": [(ldap3.MODIFY_REPLACE, ["x"])]}) == 50
        assert "INSUFF_ACCESS_RIGHTS" in poor.text
        assert poor.member("g", ldap3.MODIFY_ADD, [person]) == (0 if account == CLERK else 50)


@pytest.mark.parametrize("cut", Cut)
def test_a_connection_breaks_before_or_after_a_change_is_done(replica: Replica, server: Controller, cut: Cut) -> None:
    person = replica.user("u")
    with closing(Client(server)) as writer:
        writer.add("g")
        server.writes.before = lambda write: cut
        with pytest.raises(LDAPExceptionError):
            writer.member("g", ldap3.MODIFY_ADD, [person])
    assert _members(replica) == (set() if cut is Cut.BEFORE else {person})


def test_a_server_that_is_busy_does_nothing(replica: Replica, server: Controller, client: Client) -> None:
    def busy(write: Write) -> Cut | None:
        raise Refused(*BUSY)

    server.writes.before = busy
    assert client.add("g") == 51
    server.writes.before = None
    assert client.add("g") == 0
    assert [write.operation for write in server.writes.asked] == ["add", "add"]


def test_what_the_first_controller_took_comes_to_the_second(replica: Replica, client: Client) -> None:
    person = replica.user("u")
    client.add("g")
    client.member("g", ldap3.MODIFY_ADD, [person])
    second = Replica(number=2)
    second.pull(replica)
    assert _members(second) == {person}
    client.member("g", ldap3.MODIFY_DELETE, [person])
    assert _members(second) == {person}
    second.pull(replica)
    assert not _members(second)


def test_an_unknown_critical_control_is_refused(client: Client) -> None:
    client.connection.delete(OU, controls=[("1.2.840.113556.1.4.805", True, None)])
    assert client.code == 12


def test_a_forest_shows_its_schema_features_sites_and_what_an_account_may_do(
    replica: Replica, server: Controller, client: Client
) -> None:
    configured(replica, Replica(number=2), hosts=("dc1.test", "dc2.test"), intervals=(15, 180))
    group = replica.group("g", next(held.guid for held in replica.called("OU=Cloud")))
    assert _found(client, "(objectClass=siteLink)", "replInterval") == ["15", "180"]
    assert len(_found(client, "(objectClass=nTDSDSA)", "invocationId")) == 2
    assert len(_found(client, "(lDAPDisplayName=adminDescription)", "cn")) == 1
    assert len(_found(client, "(cn=Partitions)", "msDS-EnabledFeature")) == 1
    assert _found(client, "(ou=Cloud)", "allowedChildClassesEffective") == ["group"]
    assert "member" in _found(client, "(&(objectClass=group)(sAMAccountName=G*))", "allowedAttributesEffective")
    replica.change(group, adminDescription=[b"Group_1"])
    assert _found(client, "(|(adminDescription=group_*)(adminDescription=x))", "adminDescription") == ["Group_1"]
    with closing(Client(server, CLERK)) as clerk:
        assert _found(clerk, "(sAMAccountName=g)", "allowedAttributesEffective") == ["member"]
        assert _found(clerk, "(ou=Cloud)", "allowedChildClassesEffective") == []


def _found(client: Client, filter_: str, wanted: str) -> list[str]:
    client.connection.search("DC=test", filter_, attributes=[wanted])
    values = [value for one in client.connection.response for value in one["raw_attributes"].get(wanted, ())]
    return [value.decode(errors="replace") for value in values]
