"""The first import of all: nobody is looked for, and the indexes by which entries are found come last."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import group, user, user_dn
from syncramp.model.facts import Links, Proof
from syncramp.source import dn
from syncramp.store import first_import
from syncramp.store.partitions import PartitionStage
from syncramp.store.store import Store

ENTRIES = "SELECT id, source, guid, dn, dn_hash, digest, attrs, absent FROM entries ORDER BY id"


@pytest.fixture
def make(tmp_path) -> Iterator[Callable[[], Store]]:
    made: list[Store] = []

    def opened() -> Store:
        made.append(Store(tmp_path / f"{len(made)}.db", dn.key))
        return made[-1]

    yield opened
    for store in made:
        store.close()


def begun(store: Store, source: str = "corp", part: str = "all") -> PartitionStage:
    return store.staging.begin(store.staging.source_id(source), part)


def asked(store: Store, what: Callable[[], object]) -> list[str]:
    """The statements that look for entries by GUID."""
    told: list[str] = []
    run = type(store.database)._execute

    def execute(self: Any, sql: str, parameters: Any) -> Any:
        told.append(sql)
        return run(self, sql, parameters)

    with patch.object(type(store.database), "_execute", execute):
        what()
    return [sql for sql in told if "guid IN" in sql]


def indexed(store: Store) -> bool:
    return store.database.has_index("entries_guid")


def test_nobody_is_looked_for_by_guid_while_newcomers_come_and_the_index_is_there_at_the_end(make) -> None:
    store = make()
    staged = begun(store)

    def read() -> None:
        for start in range(1, 301, 100):
            staged.add_entries([user(number) for number in range(start, start + 100)])
            staged.flush()

    assert not asked(store, read) and not indexed(store)
    store.staging.prove(staged, Proof("all", True, 300, None))
    assert indexed(store) and store.database.value("SELECT COUNT(*) FROM entries") == 300


def test_whoever_comes_again_in_a_later_page_is_the_one_who_came(make) -> None:
    store = make()
    staged = begun(store)
    for page in ([user(1), user(2)], [user(3), user(1, title="Clerk")], [user(4)]):
        staged.add_entries(page)
        staged.flush()
    rows = store.database.all("SELECT guid, id FROM entries ORDER BY id")
    assert rows == [(user(number).guid, place) for place, number in enumerate((1, 2, 3, 4), 1)]
    assert indexed(store)


def test_more_than_can_be_held_are_looked_for_by_the_index(make, monkeypatch) -> None:
    monkeypatch.setattr(first_import, "HELD", 3)
    store = make()
    staged = begun(store)
    for number in range(1, 12, 2):
        staged.add_entries([user(number), user(number + 1)])
        staged.flush()
        assert indexed(store) == (number > 4)
    assert store.database.value("SELECT COUNT(*) FROM entries") == 12


def test_groups_whose_members_come_later_are_found(make) -> None:
    store = make()
    staged = begun(store)
    staged.add_entries([user(1), group(9)])
    staged.flush()
    staged.add(Links(group(9).guid, "member", (user_dn(1),), final=True))
    store.staging.prove(staged, Proof("all", True, 2, None))
    assert store.staging.resolve() == 0
    assert store.database.value("SELECT COUNT(*) FROM links") == 1


def test_the_run_after_one_that_was_killed_finds_who_was_read(tmp_path) -> None:
    killed = Store(tmp_path / "state.db", dn.key)
    staged = begun(killed)
    staged.add_entries([user(1), user(2)])
    staged.flush()
    assert not indexed(killed)
    killed.close()
    again = Store(tmp_path / "state.db", dn.key)
    staged = begun(again)
    assert indexed(again)
    staged.add_entries([user(2), user(3)])
    staged.flush()
    assert again.database.all("SELECT guid FROM entries ORDER BY id") == [(user(n).guid,) for n in (1, 2, 3)]
    again.close()


def test_the_index_is_there_at_the_end_also_where_it_was_made_in_vain(make) -> None:
    store = make()
    staged = begun(store)
    staged.add_entries([user(1)])
    staged.judge(lambda *told: 1 // 0, frozenset(), lambda name: name)
    with pytest.raises(ZeroDivisionError):
        store.staging.prove(staged, Proof("all", True, 1, None))
    assert not indexed(store)
    store.staging.resolve()
    assert indexed(store)


def test_a_store_that_others_write_to_and_an_older_one_keep_their_index(make) -> None:
    shared, older = make(), make()
    with patch.object(type(shared.database), "alone", False):
        begun(shared).add_entries([user(1)])
        assert indexed(shared)
    with patch.object(type(older.database), "has_index", lambda self, name: True):  # a part of its table
        staged = begun(older)
        staged.add_entries([user(1)])
        assert asked(older, staged.flush)


_MOST = st.integers(1, 40)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.lists(_MOST, min_size=1, max_size=8)), max_size=8))
def test_what_is_stored_is_what_an_index_that_is_always_there_makes_of_it(
    tmp_path_factory: pytest.TempPathFactory, pages: list[tuple[str, list[int]]]
) -> None:
    told = []
    for alone in (True, False):
        store = Store(tmp_path_factory.mktemp("store") / "state.db", dn.key)
        with patch.object(type(store.database), "alone", alone):
            for source, numbers in pages:
                staged = begun(store, source)
                staged.add_entries([user(number) for number in numbers])
                staged.flush()
        told.append(store.database.all(ENTRIES))
        store.close()
    assert told[0] == told[1]
