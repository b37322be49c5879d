"""The strict double of Active Directory, as any client sees it: its limits are those of a real domain controller."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import ldap3
import pytest
from ldap3.protocol.microsoft import dir_sync_control, show_deleted_control

from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from syncramp.source.dn import canonical

EXTENDED_DN = "1.2.840.113556.1.4.529"
PAGED = "1.2.840.113556.1.4.319"
POOR = "poor"


class Client:
    """ldap3, which knows nothing of this project."""

    def __init__(self, controller: Controller, user: str = READER) -> None:
        self.connection = ldap3.Connection(
            ldap3.Server(controller.url, get_info=ldap3.NONE),
            user=user,
            password=PASSWORD,
            auto_range=False,
            auto_bind=True,
            return_empty_attributes=False,
            check_names=False,
        )

    def close(self) -> None:
        self.connection.unbind()

    def search(self, base: str, wanted: Sequence[str], filter_: str = "(objectClass=*)", **more: Any) -> list[Any]:
        self.connection.search(base, filter_, attributes=list(wanted), **more)
        return [found for found in self.connection.response if found["type"] == "searchResEntry"]

    @property
    def code(self) -> int:
        return int(self.connection.result["result"])

    def dirsync(self, cookie: bytes, wanted: Sequence[str], most: int = 1 << 20, base: str = "DC=test") -> Any:
        """:returns: the entries by name, the next cookie, and whether there is more; None, if it is refused."""
        control = dir_sync_control(True, False, False, False, True, most, cookie)
        found = self.search(base, wanted, controls=[control])
        if self.code:
            return None
        told = self.connection.result["controls"]["1.2.840.113556.1.4.841"]["value"]
        return {one["dn"]: one["raw_attributes"] for one in found}, told["cookie"], told["more_results"]


@pytest.fixture
def replica() -> Replica:
    return Replica()


@pytest.fixture
def server(replica: Replica, tmp_path: Path) -> Iterator[Controller]:
    accounts = {READER: Account(), POOR: Account(replicates=False, sees_deleted=False, hidden=frozenset({"mail"}))}
    with Controller(replica, accounts).running(tmp_path) as running:
        yield running


@pytest.fixture
def client(server: Controller) -> Iterator[Client]:
    with closing(Client(server)) as signed_in:
        yield signed_in


def test_an_unpaged_search_gives_a_page_and_an_error(replica: Replica, server: Controller, client: Client) -> None:
    server.limits.max_page = 5
    for number in range(7):
        replica.user(f"u{number}")
    assert len(client.search("DC=test", ["cn"], "(objectClass=user)")) == 5
    assert client.code == 4
    assert len(client.search("DC=test", ["cn"], "(objectClass=user)", paged_size=1000)) == 5
    cookie = client.connection.result["controls"][PAGED]["value"]["cookie"]
    assert len(client.search("DC=test", ["cn"], "(objectClass=user)", paged_size=1000, paged_cookie=cookie)) == 2
    client.search("DC=test", ["cn"], "(objectClass=user)", paged_size=1000, paged_cookie=cookie)
    assert client.code == 12, "a cookie is good once"


def test_values_come_in_ranges_and_never_behind_the_last(
    replica: Replica, server: Controller, client: Client
) -> None:
    server.limits.max_values = 3
    members = [replica.user(f"u{number}") for number in range(4)]
    group = replica.group("g", member=members)
    (found,) = client.search(f"<GUID={UUID(bytes_le=group)}>", ["member"], search_scope=ldap3.BASE)
    assert [(name, len(held)) for name, held in found["raw_attributes"].items() if held] == [("member;range=0-2", 3)]
    (found,) = client.search("CN=g,DC=test", ["member;range=3-*"], search_scope=ldap3.BASE)
    assert found["raw_attributes"]["member;range=3-*"] == [b"CN=u3,DC=test"]
    client.search("CN=g,DC=test", ["member;range=4-*"], search_scope=ldap3.BASE)
    assert client.code == 1


def test_extended_names_carry_the_guid(replica: Replica, client: Client) -> None:
    user = replica.user("u", objectSid=[b"\1\2\3"])
    replica.group("g", member=[user])
    (found,) = client.search("DC=test", ["member"], "(cn=g)", controls=[(EXTENDED_DN, True, None)])
    assert found["raw_attributes"]["member"] == [b"<GUID=%s>;<SID=010203>;CN=u,DC=test" % user.hex().encode()]
    assert found["dn"].startswith("<GUID=")


def test_a_moved_unit_changes_no_child(replica: Replica, client: Client) -> None:
    unit = replica.unit("old")
    user = replica.user("u", unit)
    (before,) = client.search("DC=test", ["uSNChanged"], "(cn=u)")
    _, cookie, _ = client.dirsync(b"", ["name"])
    replica.rename(unit, rdn="OU=new")
    (after,) = client.search("OU=new,DC=test", ["uSNChanged"], "(cn=u)")
    assert after["raw_attributes"] == before["raw_attributes"]
    assert after["dn"] == "CN=u,OU=new,DC=test"
    changes, *_ = client.dirsync(cookie, ["name"])
    assert [canonical(dn) for dn in changes] == ["OU=new,DC=test"]
    assert replica.objects[user].changed < replica.objects[unit].changed


def test_a_changed_link_raises_the_usn_of_its_group(replica: Replica, client: Client) -> None:
    group, user = replica.group("g"), replica.user("u")
    before = replica.objects[group].changed
    replica.link(group, user)
    (found,) = client.search("DC=test", ["uSNChanged"], "(cn=g)")
    assert int(found["raw_attributes"]["uSNChanged"][0]) == replica.usn > before
    assert len(client.search("DC=test", ["cn"], f"(uSNChanged>={before + 1})")) == 2


def test_a_deleted_member_touches_no_group(replica: Replica, client: Client) -> None:
    user = replica.user("u", mail=[b"u@test"])
    group = replica.group("g", member=[user])
    _, cookie, _ = client.dirsync(b"", ["member", "isDeleted"])
    changed = replica.objects[group].changed
    replica.delete(user)
    assert replica.objects[group].changed == changed
    (found,) = client.search("DC=test", ["member"], "(cn=g)")
    assert not found["raw_attributes"]
    ((dn, told),) = client.dirsync(cookie, ["member", "isDeleted"])[0].items()
    assert told["isDeleted"] == [b"TRUE"]
    assert canonical(dn) == f"CN=u\\0ADEL:{UUID(bytes_le=user)},CN=Deleted Objects,DC=test"


@pytest.mark.parametrize("recycle_bin", [True, False])
def test_a_restored_member_is_told_alone(tmp_path: Path, recycle_bin: bool) -> None:
    replica = Replica(recycle_bin=recycle_bin)
    user = replica.user("u", mail=[b"u@test"])
    replica.group("g", member=[user])
    with Controller(replica).running(tmp_path) as server, closing(Client(server)) as client:
        replica.delete(user)
        _, cookie, _ = client.dirsync(b"", ["member", "isDeleted", "mail"])
        replica.restore(user)
        ((_, told),) = client.dirsync(cookie, ["member", "isDeleted", "mail"])[0].items()
        (found,) = client.search("DC=test", ["memberOf", "mail"], "(cn=u)")
    assert "isDeleted" in told
    assert not told["isDeleted"]
    kept = {"memberOf": [b"CN=g,DC=test"], "mail": [b"u@test"]} if recycle_bin else {}
    assert {name: values for name, values in found["raw_attributes"].items() if values} == kept


def test_tombstones_are_seen_by_those_who_ask_and_may(replica: Replica, server: Controller, client: Client) -> None:
    replica.delete(replica.user("u"))
    shown = [show_deleted_control(True)]
    assert not client.search("DC=test", ["cn"], "(objectClass=user)")
    assert len(client.search("DC=test", ["cn"], "(objectClass=user)", controls=shown)) == 1
    with closing(Client(server, POOR)) as poor:
        assert not poor.search("DC=test", ["cn"], "(objectClass=user)", controls=shown)


def test_dirsync_needs_the_right_and_the_root(replica: Replica, server: Controller, client: Client) -> None:
    replica.user("u", mail=[b"u@test"])
    with closing(Client(server, POOR)) as poor:
        assert poor.dirsync(b"", ["mail"]) is None
        assert poor.code == 50
    control = dir_sync_control(True, False, False, False, True, 1000, b"")
    client.search("CN=u,DC=test", ["mail"], controls=[control])
    assert client.code == 50


@pytest.mark.parametrize("most", [1, 200, 1 << 20])
def test_dirsync_comes_in_rounds(replica: Replica, client: Client, most: int) -> None:
    users = [replica.user(f"u{number}", mail=[b"%d@test" % number]) for number in range(9)]
    group = replica.group("g", member=users)
    replica.unlink(group, users[0])
    told: dict[str, Any] = {}
    cookie, more, rounds = b"", True, 0
    while more:
        changes, cookie, more = client.dirsync(cookie, ["mail", "member"], most=most)
        told |= {canonical(dn): values for dn, values in changes.items()}
        rounds += 1
    assert (rounds > 3) is (most < 1000)
    assert {told[f"CN=u{number},DC=test"]["mail"][0] for number in range(9)} == {b"%d@test" % n for n in range(9)}
    assert len(told["CN=g,DC=test"]["member;range=1-1"]) == 8
    assert len(told["CN=g,DC=test"]["member;range=0-0"]) == 1
    assert client.dirsync(cookie, ["mail", "member"], most=most)[0] == {}
    replica.change(users[3], mail=[])
    ((dn, values),) = client.dirsync(cookie, ["mail", "member"], most=most)[0].items()
    assert canonical(dn) == "CN=u3,DC=test"
    assert "mail" in values
    assert not values["mail"]


def test_a_cookie_of_another_forest_is_refused(client: Client, tmp_path: Path) -> None:
    with Controller(Replica("DC=other")).running(tmp_path) as other, closing(Client(other)) as stranger:
        _, cookie, _ = stranger.dirsync(b"", ["cn"], base="DC=other")
    assert client.dirsync(cookie, ["cn"]) is None
    assert client.code == 53
    assert client.dirsync(b"garbage", ["cn"]) is None
    assert client.code == 12


def test_a_cookie_is_good_at_every_controller_that_replicates(replica: Replica, tmp_path: Path) -> None:
    second = Replica(number=2)
    first_user = replica.user("first")
    second.pull(replica)
    with Controller(replica).running(tmp_path) as one, Controller(second).running(tmp_path) as two:
        with closing(Client(one)) as client:
            _, cookie, _ = client.dirsync(b"", ["mail", "name"])
        replica.change(first_user, mail=[b"new@test"])
        second.user("second")
        with closing(Client(two)) as client:
            changes, *_ = client.dirsync(cookie, ["mail", "name"])
            assert [canonical(dn) for dn in changes] == ["CN=second,DC=test"]
            second.pull(replica)
            changes, *_ = client.dirsync(cookie, ["mail", "name"])
            assert {canonical(dn) for dn in changes} == {"CN=first,DC=test", "CN=second,DC=test"}


def test_replicas_agree_after_they_pulled_from_each_other() -> None:
    one, two = Replica(), Replica(number=2)
    unit = one.unit("unit")
    user = one.user("u", unit, mail=[b"one@test"])
    group = one.group("g", member=[user])
    two.pull(one)
    two.rename(unit, rdn="OU=renamed")
    two.unlink(group, user)
    one.change(user, mail=[b"two@test"])
    assert two.vector()[one.invocation] < one.usn
    two.pull(one)
    one.pull(two)
    for replica in (one, two):
        assert replica.dn(replica.objects[user]) == "CN=u,OU=renamed,DC=test"
        assert replica.objects[user].values["mail"] == [b"two@test"]
        assert replica.targets(replica.objects[group], "member") == []
    assert two.vector()[one.invocation] == one.usn - 2, "what it took over itself it does not give back"


def test_a_restored_controller_writes_under_another_name(replica: Replica, client: Client) -> None:
    replica.user("before")
    _, cookie, _ = client.dirsync(b"", ["name"])
    old = replica.invocation
    replica.restored_from_backup()
    assert replica.invocation != old
    replica.user("after")
    changes, *_ = client.dirsync(cookie, ["name"])
    assert [canonical(dn) for dn in changes] == ["CN=after,DC=test"]


def test_hidden_attributes_are_left_out_without_a_word(replica: Replica, server: Controller) -> None:
    replica.user("u", mail=[b"u@test"])
    with closing(Client(server, POOR)) as poor:
        (found,) = poor.search("DC=test", ["mail", "cn"], "(cn=u)")
        assert not poor.search("DC=test", ["cn"], "(mail=u@test)")
    assert {name: held for name, held in found["raw_attributes"].items() if held} == {"cn": [b"u"]}


def test_the_root_names_the_controller(replica: Replica, client: Client) -> None:
    (root,) = client.search("", ["highestCommittedUSN", "dsServiceName"], search_scope=ldap3.BASE)
    assert int(root["raw_attributes"]["highestCommittedUSN"][0]) == replica.usn
    settings = root["raw_attributes"]["dsServiceName"][0].decode()
    (found,) = client.search(settings, ["invocationId"], search_scope=ldap3.BASE)
    assert found["raw_attributes"]["invocationId"] == [replica.invocation]


def test_the_up_to_dateness_vector_is_at_the_root_of_the_domain(tmp_path: Path) -> None:
    one, two = Replica(), Replica(number=2)
    one.user("u")
    two.pull(one)
    with Controller(two).running(tmp_path) as server, closing(Client(server)) as client:
        (head,) = client.search("DC=test", ["replUpToDateVector"], search_scope=ldap3.BASE)
    (vector,) = head["raw_attributes"]["replUpToDateVector"]
    assert vector[:4] == (2).to_bytes(4, "little")
    assert vector[16:40] == one.invocation + one.usn.to_bytes(8, "little")
