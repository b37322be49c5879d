"""What a delta tells, and what it leaves to the store."""

from collections.abc import Iterator

import pytest

from support.build import BASE, SID, group, guid, user, user_dn
from syncramp.model.facts import Container, Entry, Fact, Gone, LinkChange, Links, Proof, Restart
from syncramp.model.state import DELETED, Origin
from syncramp.model.values import Kind
from syncramp.source import dn
from syncramp.store import names
from syncramp.store.packing import unpack, unpack_bitmap
from syncramp.store.store import Store

STAFF = guid(101)
OF = "FROM entries e JOIN sources s ON s.id = e.source WHERE e.guid = ? AND s.name = ?"
OU = f"OU=People,{BASE}"


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.db", dn.key)
    yield opened
    opened.close()


def read(
    store: Store,
    *facts: Fact,
    delta: bool = True,
    source: str = "corp",
    part: str = "all",
    tracking: str = "DirSync",
    complete: bool = True,
) -> None:
    """An import of one partition."""
    proof = Proof(part, complete, len(facts), None, delta=delta, watermark=b"1", tracking=tracking)
    store.staging.stage(store.staging.source_id(source), part, [*facts, proof])
    store.staging.resolve()


def full(store: Store, *facts: Fact, **said: str) -> None:
    read(store, *facts, delta=False, **said)  # type: ignore[arg-type]
    store.database.run("DELETE FROM dirty")


def by_guid(*numbers: int, of: bytes = STAFF) -> Links:
    return Links(of, "member", (), final=True, guids=tuple(map(guid, numbers)))


def by_dn(*names: str) -> Links:
    return Links(STAFF, "member", names, final=True)


def members(store: Store, group: bytes = STAFF, source: str = "corp") -> set[tuple[str, bytes]]:
    """Source and GUID of each."""
    identity = store.database.value(f"SELECT e.id {OF}", (group, source))
    packed = store.database.value("SELECT members FROM links WHERE id = ?", (identity,))
    rows = store.database.among(
        "SELECT s.name, e.guid FROM entries e JOIN sources s ON s.id = e.source WHERE e.id IN ({})",
        list(unpack_bitmap(packed)),
    )
    return {(name, guid) for name, guid in rows}


def corp(*numbers: int) -> set[tuple[str, bytes]]:
    return {("corp", guid(number)) for number in numbers}


def told(store: Store, number: int, source: str = "corp") -> tuple[str, dict, int]:
    """DN, attributes and absence of an entry."""
    row = store.database.one(f"SELECT e.dn, e.attrs, e.absent {OF}", (guid(number), source))
    assert row is not None
    return row[0], unpack(row[1]), row[2]


def causes(store: Store) -> dict[bytes, int]:
    return dict(store.database.all("SELECT e.guid, d.cause FROM dirty d JOIN entries e ON e.id = d.id"))


def test_a_change_that_is_told_twice_is_no_change(store) -> None:
    full(store, user(1))
    read(store, user(1, title="Boss"))
    assert causes(store) == {guid(1): Origin.SOURCE}
    store.database.run("DELETE FROM dirty")
    read(store, user(1, title="Boss"))
    assert causes(store) == {}


def test_what_is_told_of_one_entry_counts_in_its_order(store) -> None:
    full(store, user(1))
    read(store, user(1, title="Boss"), user(1), Gone(guid(2)), user(2))
    assert "title" not in told(store, 1)[1] and told(store, 2)[2] == 0


def test_whom_the_directory_deleted_is_gone_at_once_and_leaves_all_groups(store) -> None:
    full(store, user(1), user(2), group(101), by_guid(1, 2), group(102), by_guid(1, of=guid(102)))
    read(store, Gone(guid(1)))
    assert told(store, 1)[2] == DELETED and causes(store) == {guid(1): Origin.SOURCE}
    assert members(store) == corp(2) and members(store, guid(102)) == set()
    read(store, user(1))
    assert members(store) == corp(2), "who is restored is in no group until the directory says so"
    read(store, LinkChange(STAFF, "member", gained=True, guids=(guid(1),)))
    assert members(store) == corp(1, 2)


def test_who_is_told_again_is_told_to_the_reader_until_that_read_is_proven(store) -> None:
    full(store, user(1), user(2))
    read(store, Gone(guid(1)))
    known = store.staging.known(store.staging.source_id("corp"), "all")

    def facts() -> Iterator[Fact]:
        yield user(1)
        assert known.returned() == [guid(1)]
        yield Proof("all", False, 1, None, "cut", delta=True)

    store.staging.stage(store.staging.source_id("corp"), "all", facts())
    store.staging.resolve()
    assert known.returned() == [guid(1)], "the next read is asked to tell its groups, too"
    read(store, user(1))
    assert known.returned() == []


def test_an_entry_that_another_part_has_meanwhile_is_not_gone(store) -> None:
    read(store, user(1), delta=False, part="a")
    read(store, user(2), delta=False, part="b")
    read(store, user(1), part="b")
    read(store, Gone(guid(1)), part="a")
    assert told(store, 1)[2] == 0


def test_values_that_came_and_went_change_what_is_known(store) -> None:
    full(store, user(1), user(2), user(3), group(101), by_guid(1, 2, 77))
    change = [
        LinkChange(STAFF, "member", gained=True, guids=(guid(3), guid(88))),
        LinkChange(STAFF, "member", gained=False, guids=(guid(1), guid(77), guid(99))),
    ]
    for _ in range(2):
        read(store, *change)
        assert members(store) == corp(2, 3)
        assert store.database.value("SELECT unread FROM links") == guid(88)


def test_values_of_text_come_and_go_too(store) -> None:
    full(store, user(1), user(2), group(101), by_dn(user_dn(1), "CN=Nobody"), tracking="ContextCSN")
    read(
        store,
        LinkChange(STAFF, "member", gained=True, dns=(user_dn(2), "CN=Another")),
        LinkChange(STAFF, "member", gained=False, dns=(user_dn(1), "CN=Nobody", "CN=Never")),
        tracking="ContextCSN",
    )
    assert members(store) == corp(2)
    assert store.database.value("SELECT LENGTH(unresolved) FROM links") == 8


def test_who_comes_later_is_a_member_of_a_group_that_is_not_told_again(store) -> None:
    full(store, user(1), group(101), Links(STAFF, "member", (user_dn(3),), True, guids=(guid(2),)))
    assert members(store) == set()
    read(store, user(2), user(3))
    assert members(store) == corp(2, 3)


def test_so_is_who_comes_with_so_many_that_everything_is_looked_up(store, monkeypatch) -> None:
    monkeypatch.setattr("syncramp.store.settling.FEW", 0)
    monkeypatch.setattr(names, "FEW", 0)
    full(store, user(1), group(101), Links(STAFF, "member", (user_dn(3),), True, guids=(guid(2),)))
    read(store, user(2), user(3))
    assert members(store) == corp(2, 3)


def test_who_is_renamed_stays_where_a_guid_names_him_and_leaves_where_a_name_does(store) -> None:
    full(store, user(1), group(101), by_guid(1), tracking="ContextCSN")
    read(store, user(1, ou="Sales"), tracking="ContextCSN")
    assert members(store) == corp(1)
    full(store, user(1, ou="Sales"), group(101), by_dn(user_dn(1, "Sales")), tracking="ContextCSN")
    read(store, user(1), tracking="ContextCSN")
    assert members(store) == set()
    assert unpack_bitmap(store.database.value("SELECT lost FROM links")), "perhaps only moved"
    read(store, tracking="ContextCSN")
    assert not store.database.value("SELECT lost FROM links")
    read(store, user(1, ou="Sales"), tracking="ContextCSN")
    assert members(store) == corp(1)


def test_of_one_guid_in_two_sources_the_one_of_the_group_is_meant_whenever_it_comes(store) -> None:
    full(store, user(1), source="labs")
    full(store, group(101), by_guid(1))
    assert members(store) == {("labs", guid(1))}
    read(store, user(1))
    assert members(store) == corp(1)
    full(store, user(1), group(102), by_guid(1, of=guid(102)), source="labs")
    assert members(store, guid(102), "labs") == {("labs", guid(1))}


def test_a_guid_that_was_deleted_and_never_read_is_not_waited_for(store) -> None:
    full(store, user(1), group(101), by_guid(1, 77))
    read(store, Gone(guid(77)))
    read(store, user(77))
    assert members(store) == corp(1)


def test_a_member_of_another_forest_is_found_by_its_sid_after_a_delta(store) -> None:
    sid = SID + b"\x01" * 16
    name = f"CN=S-1-5-21-1,CN=ForeignSecurityPrincipals,{BASE}"
    full(store, user(7), source="labs")
    full(store, group(101))
    read(store, LinkChange(STAFF, "member", gained=True, dns=(name,), principals=((name, sid),)))
    assert members(store) == set()
    read(store, user(8, objectSid=sid), source="labs")
    assert members(store) == {("labs", guid(8))}
    read(store, Gone(guid(8)), source="labs")
    assert members(store) == set()
    read(store, user(9, objectSid=sid), source="labs")
    assert members(store) == {("labs", guid(9))}, "its name stands in the group all the time"
    read(store, LinkChange(STAFF, "member", gained=False, dns=(name,), principals=((name, sid),)))
    assert members(store) == set()


def test_after_a_restart_what_came_before_says_nothing_of_groups_and_of_absence(store) -> None:
    full(store, user(1), user(2), group(101), by_guid(1), group(102), by_guid(1, of=guid(102)))
    facts = [
        LinkChange(guid(102), "member", gained=True, guids=(guid(2),)),
        user(3),
        Links(STAFF, "member", (), final=False, guids=(guid(2),)),
        LinkChange(STAFF, "member", gained=True, guids=(guid(2),)),
        Restart("another server"),
        user(1),
        user(2),
        group(101),
        by_guid(1),
        group(102),
    ]
    read(store, *facts, delta=False)
    assert members(store) == members(store, guid(102)) == corp(1) and told(store, 3)[2] == 1


def test_a_read_that_begins_anew_and_breaks_off_is_followed_by_a_full_one(store) -> None:
    full(store, user(1))
    source = store.staging.source_id("corp")
    store.staging.stage(source, "all", [Restart("another server"), user(1)])
    store.staging.resolve()
    assert store.staging.known(source, "all").watermark is None


def test_a_container_that_is_renamed_takes_everybody_with_it_and_their_managers(store) -> None:
    root, inner, other = Container(guid(50), OU), Container(guid(51), f"OU=In,{OU}"), Container(guid(52), "OU=X")
    below = user(2, ou="In,OU=People", manager=user_dn(1), distinguishedName=user_dn(2, "In,OU=People"))
    tricky = Entry(guid(4), Kind.USER, rf"CN=A\,{OU}", {"manager": (rf"CN=A\,{OU}".encode(),)})
    full(store, root, inner, other, user(1), below, user(3, ou="Staff", manager=user_dn(1)), tricky)
    read(store, Container(guid(50), f"OU=Staff,{BASE}"))
    assert told(store, 1)[0] == user_dn(1, "Staff")
    name, attributes, _ = told(store, 2)
    assert name == user_dn(2, "In,OU=Staff") and attributes["distinguishedname"] == (name.encode(),)
    assert attributes["manager"] == told(store, 3)[1]["manager"] == (user_dn(1, "Staff").encode(),)
    assert told(store, 4)[0] == tricky.dn, "its comma is no border"
    assert causes(store) == dict.fromkeys([guid(1), guid(2), guid(3)], Origin.CONTAINER)
    rows = dict(store.database.all("SELECT guid, dn FROM containers"))
    assert rows[guid(51)] == f"OU=In,OU=Staff,{BASE}" and rows[guid(52)] == "OU=X"


def test_a_digest_follows_its_entry(store) -> None:
    """Or the next full read would take it for changed."""
    full(store, Container(guid(50), OU), user(1), user(2, manager=user_dn(1)))
    read(store, Container(guid(50), f"OU=Staff,{BASE}"))
    store.database.run("DELETE FROM dirty")
    moved = [user(1, ou="Staff"), user(2, ou="Staff", manager=user_dn(1, "Staff"))]
    read(store, Container(guid(50), f"OU=Staff,{BASE}"), *moved, delta=False)
    assert causes(store) == {}


def test_who_is_renamed_or_deleted_is_named_so_by_everybody_in_active_directory_only(store) -> None:
    full(store, user(1), user(2, manager=user_dn(1)))
    full(store, user(1), user(2, manager=user_dn(1)), source="text", tracking="SyncRepl")
    for source, tracking in (("corp", "DirSync"), ("text", "SyncRepl")):
        read(store, user(1, "Sales"), source=source, tracking=tracking)
    assert told(store, 2)[1]["manager"] == (user_dn(1, "Sales").encode(),)
    assert told(store, 2, "text")[1]["manager"] == (user_dn(1).encode(),)
    read(store, Gone(guid(1)))
    assert "manager" not in told(store, 2)[1]


def test_a_name_that_somebody_else_has_now_is_left_to_whoever_was_told_with_it(store) -> None:
    full(store, user(1), user(2, manager=user_dn(1)), user(3))
    heir = Entry(guid(4), Kind.USER, user_dn(1), {})
    read(store, user(1, "Sales"), heir, user(3, manager=user_dn(1)))
    assert told(store, 2)[1]["manager"] == (user_dn(1, "Sales").encode(),)
    assert told(store, 3)[1]["manager"] == (user_dn(1).encode(),)


def test_containers_that_a_full_read_does_not_show_are_no_more(store) -> None:
    full(store, Container(guid(50), OU), Container(guid(51), "OU=X"), Container(guid(52), "OU=Y"), user(1))
    read(store, Gone(guid(52)))
    assert store.database.value("SELECT COUNT(*) FROM containers") == 2
    read(store, Container(guid(50), OU), user(1), delta=False)
    assert store.database.all("SELECT guid FROM containers") == [(guid(50),)]


def test_an_identity_that_follows_its_guid_stays_in_groups_that_are_not_told(store) -> None:
    full(store, user(1), source="old")
    full(store, group(101), by_guid(1), user(1))
    first, second = store.database.numbers("SELECT id FROM entries WHERE guid = ? ORDER BY id", (guid(1),))
    columns = "id, source, anchor, kind, acked, doubt, cause, hold, unread, confirmed"
    known = f"INSERT INTO objects ({columns}) VALUES (?, 1, 'a', 'User', ?, 0, '', '', 0, 0)"
    store.database.run(known, (first, b"x"))
    assert set(unpack_bitmap(store.database.value("SELECT members FROM links"))) == {second}
    assert store.staging.inherit([store.staging.source_id("corp")]) == 1
    store.staging.resolve()
    assert set(unpack_bitmap(store.database.value("SELECT members FROM links"))) == {first}


def test_what_is_missed_twice_leaves_the_groups_of_parts_that_are_not_read_whole(store) -> None:
    full(store, user(1), user(2), part="a")
    full(store, group(101), by_guid(1), part="b")
    for _ in range(2):
        full(store, user(2), part="a")
    assert members(store) == set()
    full(store, user(1), user(2), part="a")
    assert members(store) == corp(1), "the group named it all the time"


def test_nobody_is_named_who_was_deleted_while_the_container_was_renamed(store) -> None:
    full(store, Container(guid(50), f"OU=Staff,{BASE}"), user(1, ou="Staff"), user(2, manager=user_dn(1, "Staff")))
    read(store, Gone(guid(1)), Container(guid(50), f"OU=Crew,{BASE}"))
    assert "manager" not in told(store, 2)[1]
