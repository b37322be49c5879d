"""Faults under the store: those of the file and its disk are told, those of our own statements are not hidden."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import apsw
import pytest

from syncramp.errors import AnotherRunActive, StoreFailing, StoreUnusable
from syncramp.store import cloud_references, heirs, muster, objects, violations
from syncramp.store.database import ROWS, locked
from syncramp.store.sqlite import SqliteDatabase as Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "state.db")
    yield made
    made.close()


def _count(database: Database) -> int:
    return int(database.value("SELECT COUNT(*) FROM meta"))


def test_a_full_disk_in_a_transaction_is_told_and_leaves_nothing_of_it(database: Database) -> None:
    database.run("INSERT INTO meta VALUES ('kept', '1')")
    database.run(f"PRAGMA max_page_count = {database.value('PRAGMA page_count')}")
    with pytest.raises(StoreFailing, match="state.db: the store cannot be read or written: .*full; make room"):
        with database.transaction():
            database.run("INSERT INTO meta VALUES ('lost', ?)", ("x" * 100_000,))
    database.run("PRAGMA max_page_count = 1000000")
    assert _count(database) == 1
    with database.transaction():
        database.run("INSERT INTO meta VALUES ('next', '2')")
    assert _count(database) == 2


def test_what_is_durable_waits_for_the_disk_and_what_is_not_does_not(database: Database) -> None:
    waits = []
    for durable in (False, True, True, False, False, True):
        with database.transaction(durable=durable):
            waits.append(database.value("PRAGMA synchronous"))
    normal, full = 1, 2
    assert waits == [normal, full, full, normal, normal, full]


def test_a_file_that_is_spoiled_while_it_is_open_is_told(database: Database) -> None:
    database.run("INSERT INTO meta VALUES ('kept', '1')")
    database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    page = database.value("SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = 'meta'")
    with database.path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with closing(Database(database.path)) as spoiled, pytest.raises(StoreUnusable, match="malformed"):
        spoiled.all("SELECT * FROM meta ORDER BY value")


def test_a_database_of_something_else_is_no_store_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (number)")
        with pytest.raises(StoreUnusable, match="other.db: .*something else; name another file with --state"):
            Database(path)
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_fault_of_a_statement_stays_one(database: Database) -> None:
    with pytest.raises(apsw.SQLError, match="no such table"):
        database.run("SELECT 1 FROM nowhere")
    database.run("INSERT INTO meta VALUES ('key', '1')")
    with pytest.raises(apsw.ConstraintError):
        database.run("INSERT INTO meta VALUES ('key', '2')")


@pytest.mark.parametrize("count", [0, 1, ROWS, 2 * ROWS + 1])
def test_any_number_of_rows_is_inserted_each_once(database: Database, count: int) -> None:
    rows = [(str(number), f"value {number}") for number in range(count)]
    database.insert_many("INSERT INTO meta (key, value) VALUES {}", iter(rows))
    assert [tuple(row) for row in database.all("SELECT key, value FROM meta ORDER BY rowid")] == rows


@pytest.mark.parametrize("count", [0, 1, ROWS, ROWS + 1])
def test_what_all_rows_have_in_common_stands_in_the_statement(database: Database, count: int) -> None:
    database.insert_many("INSERT INTO meta (key, value) VALUES (?, 'alike')", ((f"k{one}",) for one in range(count)))
    assert sorted(database.all("SELECT key, value FROM meta WHERE key LIKE 'k%'")) == sorted(
        (f"k{one}", "alike") for one in range(count)
    )


def test_an_interrupt_in_a_statement_rolls_back_and_the_store_can_still_be_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), database.transaction():
        database.run("INSERT INTO meta VALUES ('half', '1')")
        with monkeypatch.context() as patched:
            patched.setattr(database, "_execute", interrupted)
            database.run("INSERT INTO meta VALUES ('other', '2')")
    assert _count(database) == 0
    database.run("INSERT INTO meta VALUES ('after', '3')")
    assert _count(database) == 1


def test_a_store_is_held_once_and_free_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "below" / "state.db"
    with locked(path), pytest.raises(AnotherRunActive, match="another run or import holds the store"), locked(path):
        pass
    with locked(path):
        pass


def test_a_store_of_an_older_release_gets_what_it_lacks_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(Database(path)) as made:
        made.run("DROP INDEX objects_held")
        made.run("INSERT INTO dirty (id) VALUES (7)")
        made.run("ALTER TABLE dirty DROP COLUMN cause")
        made.run("ALTER TABLE objects DROP COLUMN origin")
        made.run("DROP TABLE joined")
        made.run(
            "INSERT INTO sources (id, name, rules) VALUES (1, 'corp', x'00'), (2, 'labs', x'00'), (3, 'new', NULL)"
        )
        for source, name, complete in ((1, "a", 1), (2, "a", 1), (2, "b", 0)):
            made.run(
                "INSERT INTO partitions (source, name, complete, reason) VALUES (?, ?, ?, '')",
                (source, name, complete),
            )
        for added in ("watermark", "pending", "horizon", "tracking", "proofs", "accepted", "asked", "missed"):
            made.run(f"ALTER TABLE partitions DROP COLUMN {added}")
        for added in ("named", "unread"):
            made.run(f"ALTER TABLE links DROP COLUMN {added}")
        for added in (
            "containers",
            "arrivals",
            "moves",
            "principals",
            "sentinels",
            "shown",
            "withheld",
            "cloud_names",
            "cloud_groups",
            "imports",
            "staged_links",
            "spellings",
        ):
            made.run(f"DROP TABLE {added}")
        made.run("ALTER TABLE sources DROP COLUMN read")
        made.run("ALTER TABLE sources DROP COLUMN wanted")
        made.run("PRAGMA user_version=2")
    with closing(Database(path)) as opened:
        assert opened.all("SELECT id, cause FROM dirty") == [(7, 0)]
        assert opened.all("SELECT origin FROM objects") == []
        assert opened.all("SELECT object FROM joined") == []
        assert opened.all("SELECT name FROM sources WHERE read = 1") == [("corp",)], "it was read completely before"
        assert opened.value("SELECT COUNT(*) FROM sqlite_master WHERE name = 'objects_held'") == 1
        assert opened.all("SELECT DISTINCT watermark, horizon, asked, missed FROM partitions") == [
            (None, None, None, 0)
        ]
        assert opened.all("SELECT named, unread FROM links") == opened.all("SELECT dn FROM containers") == []
        assert opened.all("SELECT anchor FROM cloud_names") == opened.all("SELECT seq FROM cloud_groups") == []
        assert opened.all("SELECT at FROM imports") == opened.all("SELECT place FROM staged_links") == []
        assert opened.value("PRAGMA user_version") == 8


EVERY_RUN = {
    "what is judged again": objects._AGAIN,
    "how many are marked": objects._DIRTY_COUNT.format("?"),
    "the marked ones": objects._DIRTY_PAGE.format("?", ""),
    "what is kept back": violations._COUNTS.format("?"),
    "sentinels": muster._OLD_SENTINELS,
    "sentinels that are there": muster._STILL_THERE.format("?"),
    "who leaves": muster._LEAVING.format("?"),
    "what is withheld": muster._LOST,
    "who was missed": heirs._MISSED,
    "groups that were written back": cloud_references._ALL,
}


@pytest.mark.parametrize("asked", EVERY_RUN)
def test_what_every_run_asks_for_does_not_take_longer_with_every_entry(asked: str, tmp_path: Path) -> None:
    with closing(Database(tmp_path / "state.db")) as store:
        parameters = (1,) * EVERY_RUN[asked].count("?")
        steps = [row[3] for row in store.all(f"EXPLAIN QUERY PLAN {EVERY_RUN[asked]}", parameters)]
    whole = [step for step in steps if re.match(r"SCAN (objects|refs|entries|e|o)\b(?!.* USING .*INDEX)", step)]
    assert steps and not whole
    assert not any(re.match(r"SEARCH e USING .*\(source=\?\)", step) for step in steps)


def test_a_store_that_cannot_be_opened_now_may_be_well_later_and_what_is_none_stays_none(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreFailing, match="cannot be opened"):
        Database(tmp_path / "folder.db")
    (tmp_path / "text.db").write_text("no store " * 1000)
    with pytest.raises(StoreUnusable, match="not a database") as caught:
        Database(tmp_path / "text.db")
    assert not isinstance(caught.value, StoreFailing)


@pytest.mark.parametrize("name", ["a?mode=ro", "file:a", ":memory:", "a#b%20c", "grün.db"])
def test_a_store_lies_in_the_file_of_its_name_whatever_that_is(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for written in (True, False):
        with closing(Database(Path(name))) as store:
            if written:
                store.run("INSERT INTO meta VALUES ('kept', '1')")
            assert store.value("SELECT value FROM meta WHERE key = 'kept'") == "1"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_store_whose_name_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="its name is no UTF-8; name another file with --state"):
        Database(tmp_path / os.fsdecode(b"\xff.db"))
