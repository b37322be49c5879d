"""A store in a server that several importers hold: who may do what beside whom."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from support.build import user
from support.postgresql import Server, requires_postgresql
from syncramp.errors import AnotherRunActive, StoreFailing
from syncramp.source import dn
from syncramp.store.database import Database, locked, opened, shared
from syncramp.store.places import Schema
from syncramp.store.store import Store

pytestmark = requires_postgresql


@pytest.fixture
def importers(schema: Schema) -> Iterator[list[Database]]:
    """Two connections, which wait for others for a fifth of a second."""
    with ExitStack() as stack:
        place = stack.enter_context(shared(schema))
        yield [stack.enter_context(closing(opened(place, 0.2))) for _ in range(2)]


def _leave(server: Server, *importers: Database) -> None:
    """They are gone: the server lets go what they held when it sees that."""
    pids = ", ".join(str(each.value("SELECT pg_backend_pid()")) for each in importers)
    for each in importers:
        each.close()
    _wait_until(server, f"NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid IN ({pids}))")


def _wait_until(server: Server, condition: str) -> None:
    for _ in range(1000):
        if server.execute(f"SELECT 1 WHERE {condition}"):
            return
        time.sleep(0.01)
    raise AssertionError(condition)


def _waits_for_others(database: Database, source: int = 0, sql: str = "") -> bool:
    """Whether a transaction that looks at a source, or executes a statement, has to wait for too long."""
    try:
        with database.transaction():
            if source:
                database.take_turn(source)
            if sql:
                database.run(sql)
    except StoreFailing:
        return True
    return False


def test_importers_hold_a_store_together_and_a_run_alone(
    schema: Schema, postgresql: Server, importers: list[Database]
) -> None:
    with locked(schema) as place, pytest.raises(AnotherRunActive, match="another run or import holds the store"):
        opened(place)
    _leave(postgresql, *importers)
    with locked(schema) as place, closing(opened(place)):
        with shared(schema) as place, pytest.raises(AnotherRunActive, match="a run holds the store"):
            opened(place)


def test_a_part_has_one_importer_until_its_connection_ends(postgresql: Server, importers: list[Database]) -> None:
    one, other = importers
    assert one.hold_part(7) and other.hold_part(8)
    assert not other.hold_part(7)
    _leave(postgresql, one)
    assert other.hold_part(7)


def test_who_lost_the_hold_of_a_part_cannot_write_any_more(postgresql: Server, importers: list[Database]) -> None:
    one, other = importers
    assert one.hold_part(7)
    ((pid,),) = one.all("SELECT pg_backend_pid()")
    postgresql.execute(f"SELECT pg_terminate_backend({pid}, 10000)")
    assert other.hold_part(7)
    with pytest.raises(StoreFailing), one.transaction():
        one.run("INSERT INTO meta VALUES ('key 1', '')")
    with pytest.raises(StoreFailing):
        one.run("INSERT INTO meta VALUES ('key 1', '')")
    assert not other.all("SELECT key FROM meta WHERE key = 'key 1'")


def test_transactions_look_beside_each_other_and_those_of_one_source_do_not(importers: list[Database]) -> None:
    one, other = importers
    with one.transaction():
        one.take_turn(1)
        assert not _waits_for_others(other, source=2)
        assert _waits_for_others(other, source=1)
    assert not _waits_for_others(other, source=1)


def test_who_begins_a_part_or_gives_it_up_looks_at_its_source_when_nobody_else_does(schema: Schema) -> None:
    """What was called gone is put back there, and whoever reads another part may see it at that moment."""
    with shared(schema) as place, closing(Store(place, dn.key)) as one, closing(Store(place, dn.key, 0.2)) as other:
        source, elsewhere = (other.staging.source_id(name) for name in ("corp", "labs"))
        with one.database.transaction():
            one.database.take_turn(source)
            other.staging.begin(elsewhere, "all")
            with pytest.raises(StoreFailing):
                other.staging.begin(source, "all")
            with pytest.raises(StoreFailing):
                other.staging.fail(source, "all", "the server went away")
        other.staging.begin(source, "all")
        other.staging.fail(source, "all", "the server went away")


def test_one_importer_writes_at_a_time(importers: list[Database]) -> None:
    one, other = importers
    write = "UPDATE sources SET read = 1 WHERE id = 5"
    with one.transaction():
        one.run("INSERT INTO meta VALUES ('key 1', '')")
        assert not _waits_for_others(other)
        assert _waits_for_others(other, sql=write)
    assert not _waits_for_others(other, sql=write)


def test_whoever_writes_a_decision_waits_for_the_page_of_an_importer(
    schema: Schema, importers: list[Database]
) -> None:
    one, _ = importers
    with closing(opened(schema, 0.2)) as person:
        with one.transaction():
            assert _waits_for_others(person)
        with person.transaction():
            assert _waits_for_others(one)


def test_ids_are_dense_and_nobodys_twice_whoever_counts_at_the_same_time(schema: Schema, postgresql: Server) -> None:
    with shared(schema) as place, closing(Store(place, dn.key, 30.0)) as one, closing(Store(place, dn.key)) as other:
        stages = [
            store.staging.begin(store.staging.source_id(name), "all") for store, name in ((one, "a"), (other, "b"))
        ]
        for stage in stages:
            for number in range(1, 6):
                stage.add(user(number))
        first = threading.Thread(target=stages[0].flush)
        with other.database.transaction():
            other.database.run("INSERT INTO meta VALUES ('key 1', '')")
            first.start()
            _wait_until(postgresql, "EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        stages[1].flush()
        first.join()
        ids = [identity for (identity,) in other.database.all("SELECT id FROM entries ORDER BY id")]
        assert ids == list(range(1, 11))
