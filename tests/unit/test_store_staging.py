"""Facts become rows: ids, digests, absences, and links that wait for the DNs they name."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import group, user, user_dn
from syncramp.model.facts import Entry, Fact, Links, Proof
from syncramp.model.packing import Ready, pack
from syncramp.source import dn
from syncramp.store import partitions
from syncramp.store.store import Store


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.db", dn.key)
    yield opened
    opened.close()


def stage(store: Store, facts: Iterable[Fact], *, complete: bool = True, source: str = "corp") -> Proof | None:
    listed = list(facts)
    proof = Proof("all", complete, len(listed), None, "" if complete else "cut")
    return store.staging.stage(store.staging.source_id(source), "all", [*listed, proof])


def ids(store: Store) -> dict[bytes, int]:
    return dict(store.database.all("SELECT guid, id FROM entries"))


def dirty(store: Store) -> set[int]:
    return {row[0] for row in store.database.all("SELECT id FROM dirty")}


def members(store: Store, identity: int) -> set[int]:
    snapshot_of_links = store.database.value("SELECT members FROM links WHERE id = ?", (identity,))
    from syncramp.store.packing import unpack_bitmap

    return set(unpack_bitmap(snapshot_of_links))


def test_ids_are_dense_and_begin_with_one(store) -> None:
    stage(store, [user(number) for number in range(1, 6)])
    assert sorted(ids(store).values()) == [1, 2, 3, 4, 5]


def test_the_index_of_names_is_made_when_the_first_import_is_read_also_after_a_kill(tmp_path) -> None:
    link = Links(group(9).guid, "member", (user_dn(1), user_dn(4)), final=True)
    killed = Store(tmp_path / "state.db", dn.key)
    killed.staging.begin(killed.staging.source_id("corp"), "all").add_entries([user(1), user(2), group(9)])
    stage(killed, [user(1), user(2), group(9)])
    assert not killed.database.has_index("entries_dn_hash")
    killed.close()
    again = Store(tmp_path / "state.db", dn.key)
    for _ in range(2):  # it stays there from then on
        stage(again, [*map(user, range(1, 5)), group(9), link])
        again.staging.resolve()
        assert again.database.has_index("entries_dn_hash")
        found = ids(again)
        assert members(again, found[group(9).guid]) == {found[user(1).guid], found[user(4).guid]}
    again.close()


def test_entries_taken_in_together_are_those_taken_in_one_by_one(tmp_path) -> None:
    pages = [[user(1), user(2)], [user(2, title="Clerk"), user(3)], [user(4), user(4, title="Clerk")]]
    told = []
    for name in ("together", "one by one"):
        store = Store(tmp_path / f"{name}.db", dn.key)
        staged = store.staging.begin(store.staging.source_id("corp"), "all")
        for page in pages:
            if name == "together":
                staged.add_entries(page)
            else:
                for entry in page:
                    staged.add(entry)
        staged.flush()
        told.append(store.database.all("SELECT id, guid, dn_hash, digest, attrs FROM entries ORDER BY id"))
        store.close()
    assert told[0] == told[1] and len(told[0]) == 4


@pytest.mark.parametrize("together", [True, False])
def test_few_people_with_large_photographs_wait_in_memory(store, monkeypatch, together) -> None:
    monkeypatch.setattr(partitions, "PAGE_BYTES", 1_000_000)
    staged = store.staging.begin(store.staging.source_id("corp"), "all")
    people = [user(number, thumbnailPhoto=bytes(100_000)) for number in range(1, 16)]
    ready = [replace(one, attributes=Ready(tuple(one.attributes), pack(one.attributes))) for one in people]
    for one in ready:
        staged.add_entries([one]) if together else staged.add(one)
    assert len(ids(store)) == 10


def test_an_unchanged_import_marks_nothing_and_burns_no_id(store) -> None:
    people = [user(number) for number in range(1, 6)]
    stage(store, people)
    store.database.run("DELETE FROM dirty")
    stage(store, people)
    assert dirty(store) == set()
    assert store.database.value("SELECT value FROM meta WHERE key = 'next_id'") == "6"


def test_a_changed_attribute_and_a_moved_entry_are_marked(store) -> None:
    stage(store, [user(1), user(2), user(3)])
    store.database.run("DELETE FROM dirty")
    stage(store, [user(1, title="Clerk"), user(2, ou="Sales"), user(3)])
    assert dirty(store) == {ids(store)[user(1).guid], ids(store)[user(2).guid]}


def test_the_id_of_somebody_who_left_is_never_given_to_another(store) -> None:
    stage(store, [user(1), user(2)])
    for _ in range(3):
        stage(store, [user(1)])
    stage(store, [user(1), user(3)])
    assert ids(store)[user(3).guid] == 3
    stage(store, [user(1), user(2), user(3)])
    assert ids(store)[user(2).guid] == 2, "who comes back is the same identity"


def test_absence_is_counted_by_complete_imports_only(store) -> None:
    stage(store, [user(1), user(2)])
    stage(store, [user(1)], complete=False)
    assert store.database.value("SELECT absent FROM entries WHERE guid = ?", (user(2).guid,)) == 0
    stage(store, [user(1)])
    stage(store, [user(1)])
    stage(store, [user(1)])
    assert store.database.value("SELECT absent FROM entries WHERE guid = ?", (user(2).guid,)) == 2
    stage(store, [user(1), user(2)])
    assert store.database.value("SELECT absent FROM entries WHERE guid = ?", (user(2).guid,)) == 0


def test_an_import_that_breaks_off_leaves_its_source_unproven(store) -> None:
    stage(store, [user(1)])

    def breaking() -> Iterator[Fact]:
        yield user(1, title="Clerk")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.staging.stage(store.staging.source_id("corp"), "all", breaking())
    assert store.staging.incomplete() == {1: "the import of all did not end"}
    stage(store, [user(1)])
    assert store.staging.incomplete() == {}


def test_a_source_that_cannot_be_read_says_why_until_it_can(store) -> None:
    source = store.staging.source_id("corp")
    store.staging.fail_source(source, "the password was refused")
    assert store.staging.incomplete() == {source: "the password was refused"}
    store.staging.open_source(source, ["all"])
    stage(store, [user(1)])
    assert store.staging.incomplete() == {}


def test_a_part_that_is_not_named_any_more_is_told_and_can_be_passed_on(store) -> None:
    stage(store, [user(1), user(2)])
    assert store.staging.open_source(1, ["another"]) == ["all"]
    store.staging.retire(1, "all", "another")
    assert store.staging.incomplete() == {1: "the import of another did not end"}
    store.staging.stage(1, "another", [user(1), Proof("another", True, 1, None)])
    assert store.staging.open_source(1, ["another"]) == [] and store.staging.incomplete() == {}
    assert dict(store.database.all("SELECT guid, absent FROM entries")) == {user(1).guid: 0, user(2).guid: 1}


def test_a_part_whose_name_is_only_spelled_otherwise_is_the_same(store) -> None:
    stage(store, [user(1)])
    assert store.staging.open_source(1, ["ALL"]) == []
    assert store.database.all("SELECT name FROM partitions") == [("ALL",)]
    assert store.database.value("SELECT partition FROM entries") == store.database.value("SELECT id FROM partitions")


def test_members_that_come_after_their_group_are_found_and_strangers_are_counted(store) -> None:
    names = [user_dn(1), user_dn(2).lower(), "CN=Nobody,DC=corp,DC=example,DC=com"]
    stage(store, [group(101), Links(group(101).guid, "member", tuple(names), final=True), user(1), user(2)])
    assert store.staging.resolve() == 1
    found = ids(store)
    assert members(store, found[group(101).guid]) == {found[user(1).guid], found[user(2).guid]}


def test_members_in_several_chunks_are_one_value_and_a_value_without_its_end_says_nothing(store) -> None:
    guid = group(101).guid
    whole = [
        Links(guid, "member", (user_dn(1),), final=False),
        Links(guid, "member", (user_dn(2),), final=True),
    ]
    stage(store, [user(1), user(2), group(101), *whole])
    store.staging.resolve()
    identity = ids(store)[guid]
    assert len(members(store, identity)) == 2
    stage(store, [user(1), user(2), group(101), Links(guid, "member", (user_dn(1),), final=False)])
    store.staging.resolve()
    assert len(members(store, identity)) == 2


def test_of_two_entries_with_one_dn_the_one_that_was_seen_last_is_meant(store) -> None:
    stage(store, [user(1), group(101), Links(group(101).guid, "member", (user_dn(1),), final=True)])
    store.staging.resolve()
    successor = Entry(user(2).guid, user(2).kind, user_dn(1), user(2).attributes)
    stage(store, [successor, group(101), Links(group(101).guid, "member", (user_dn(1),), final=True)])
    store.staging.resolve()
    assert members(store, ids(store)[group(101).guid]) == {ids(store)[successor.guid]}


def test_two_sources_may_hold_the_same_guid_without_being_one(store) -> None:
    stage(store, [user(1)], source="corp")
    stage(store, [user(1)], source="labs")
    assert store.database.value("SELECT COUNT(*) FROM entries") == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(st.integers(1, 12)), min_size=1, max_size=6))
def test_after_any_sequence_of_complete_imports_absence_says_who_was_missing_at_the_end(tmp_path_factory, imports):
    store = Store(tmp_path_factory.mktemp("store") / "state.db", dn.key)
    try:
        for present in imports:
            stage(store, [user(number) for number in sorted(present)])
        rows = dict(store.database.all("SELECT guid, absent FROM entries"))
        for guid, absent in rows.items():
            missed = 0
            for present in reversed(imports):
                if guid in {user(number).guid for number in present}:
                    break
                missed += 1
            assert absent == min(missed, 2)
    finally:
        store.close()


def test_who_is_known_and_not_named_is_unseen(store) -> None:
    stage(store, [user(1), user(2), user(3)])
    known = store.staging.known(1, "all")
    assert known.unseen(b"") == [user(number).guid for number in (1, 2, 3)]
    assert known.unseen(user(3).guid + user(9).guid + user(1).guid + user(3).guid) == [user(2).guid]
    for _ in range(2):
        stage(store, [user(1), user(3)])
    assert store.staging.known(1, "all").unseen(user(1).guid) == [user(3).guid], "who is gone is not missed again"
    store.staging.stage(1, "other", [user(7), Proof("other", True, 1, None)])
    assert store.staging.known(1, "other").unseen(b"") == [user(7).guid]
