"""The first synchronise of all, in which the index of anchors is away: what comes of it is the same without that."""

from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import guid, user
from support.engine import Engine, crashing
from support.model import Crash
from syncramp.store import anchors, objects
from syncramp.store.database import Database, opened
from syncramp.store.postgresql import PostgresqlDatabase
from syncramp.store.version import SCHEMA_VERSION

IN_A_FILE = "SELECT sql FROM sqlite_master WHERE name = 'objects_anchor'"
IN_A_SERVER = """SELECT REPLACE(indexdef, current_schema(), '') FROM pg_indexes
                 WHERE indexname = 'objects_anchor' AND schemaname = current_schema()"""
OBJECTS = "SELECT id, anchor, hold, digest, cause, origin FROM objects ORDER BY id"
PERSON = st.tuples(st.sampled_from([1, 2, 3]), st.booleans())
"""The number of an anchor, and whether the person is in scope."""


def people(engine: Engine, wishes: list[tuple[int, bool]]) -> Engine:
    for number, (anchor, stays) in enumerate(wishes, 1):
        left_out = {} if stays else {"isCriticalSystemObject": "TRUE"}
        engine.source.add(user(number, mS_DS_ConsistencyGuid=guid(anchor), **left_out))
    return engine


def state(engine: Engine) -> tuple[list[tuple], str]:
    """All objects, and how the index of anchors was made."""
    with engine.store() as store:
        made = IN_A_SERVER if isinstance(store.database, PostgresqlDatabase) else IN_A_FILE
        return [tuple(row) for row in store.database.all(OBJECTS)], store.database.value(made)


@settings(max_examples=40, deadline=None)
@given(st.lists(PERSON, min_size=1, max_size=6))
def test_whoever_wants_which_anchor_the_first_load_gives_it_to_the_same_object(wishes) -> None:
    with TemporaryDirectory() as folder, patch.object(objects, "PAGE", 1):
        plain, bulk = (people(Engine(Path(folder) / name), wishes) for name in ("plain.db", "bulk.db"))
        plain.run(sends=False)
        with patch.object(anchors, "MANY", 0):
            bulk.run(sends=False)
        assert state(bulk) == state(plain)
        assert "UNIQUE" in state(bulk)[1]


@pytest.mark.parametrize("many", [0, 20_000])
def test_a_first_load_that_was_killed_anywhere_is_made_up_for_by_the_next_run(tmp_path, many: int) -> None:
    """``many``: of the next run."""
    wishes = [(1, True), (1, True), (2, False), (2, True), (3, True)]
    expected = people(Engine(tmp_path / "plain.db"), wishes)
    with patch.object(objects, "PAGE", 1):
        expected.run(sends=False)
        for moment in range(1, 40):
            engine = people(Engine(tmp_path / f"{moment}.db"), wishes)
            counted = iter(range(1, 1000))
            with patch.object(anchors, "MANY", 0), suppress(Crash):
                with crashing(lambda at=moment, counted=counted: next(counted) == at):
                    engine.run(sends=False)
            with patch.object(anchors, "MANY", many):
                engine.run(sends=False)
            assert state(engine) == state(expected)


def test_a_first_load_that_was_killed_in_a_release_before_is_made_up_for(tmp_path: Path) -> None:
    wishes = [(1, True), (1, True), (2, True)]
    expected, engine = (people(Engine(tmp_path / name), wishes) for name in ("plain.db", "killed.db"))
    expected.run(sends=False)
    with patch.object(objects, "PAGE", 1), patch.object(anchors, "MANY", 0), suppress(Crash):
        with patch.object(anchors.Anchors, "settle", side_effect=Crash):
            engine.run(sends=False)
    with engine.store() as store:
        store.database._set_version(SCHEMA_VERSION - 1)
    engine.run(sends=False)
    assert state(engine) == state(expected)


def test_a_store_with_objects_keeps_its_index_whatever_is_judged(engine) -> None:
    engine.settle()
    engine.source.add(*(user(number, title="Clerk") for number in (1, 2, 3)))
    with (
        patch.object(anchors, "MANY", 0),
        patch.object(Database, "run", autospec=True, side_effect=Database.run) as run,
    ):
        engine.run()
    assert not [call for call in run.call_args_list if "INDEX objects_anchor" in call.args[1]]


@pytest.mark.in_a_file("no older release had a server")
def test_the_index_of_an_older_store_is_never_away_and_never_made_twice(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "state.db")) as made:
        made.run("DROP TABLE objects")
        made.run("CREATE TABLE objects (id INTEGER PRIMARY KEY, anchor VARCHAR UNIQUE, digest, acked, doubt, source)")
        with patch.object(anchors, "MANY", 0):
            anchors.Anchors(made).begin(1)
        made.run("INSERT INTO objects (id, anchor) VALUES (7, 'a')")
        assert set(anchors.Anchors(made).owners(["a", "b"])) == {"a"}
        assert anchors.Anchors(made).settle() == 0 and made.value(IN_A_FILE) is None
