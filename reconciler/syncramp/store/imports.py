"""Imports outside of a run: parts of sources that importers read and proved, until the next run goes on from there.

An importer makes the first half of a run's import: entries are rows, the part is proven, its watermark is pending.
What a run would keep in memory and in ``spill`` up to the resolution of links is written down here instead, in one
transaction after the proof. The run that takes a part over puts it back where it would be after a read of its own,
and resolves links as ever. So there is one way by which facts become a state, and names between parts are looked up
when all of them are there.

What was staged is for the next resolution alone: that ends it, whether it took it over or not, and so does whoever
begins to read the same part again. A part without a row here is read by the run itself, whatever an importer wrote of
it: it is as if a run had been killed there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap
from syncramp.store.told import Told

_COLUMNS = "partition, place, entry, attribute, kind, hashes, guids, marks"
_STAGE = f"INSERT INTO staged_links ({_COLUMNS}) SELECT {_COLUMNS} FROM spill WHERE partition = ?"  # noqa: S608
_SPILL = f"INSERT INTO spill ({_COLUMNS}) SELECT {_COLUMNS} FROM staged_links WHERE partition = ?"  # noqa: S608
_VOID = "DELETE FROM spill WHERE partition = ?"
_KEEP = "INSERT INTO imports (partition, at, question, delta, seen, containers, report) VALUES (?, ?, ?, ?, ?, ?, ?)"
_FIND = """SELECT i.at, i.question, i.delta, i.seen, i.containers, i.report FROM imports i
           JOIN partitions p ON p.id = i.partition WHERE i.partition = ? AND p.complete = 1"""
_TABLES = "imports", "staged_links"


@dataclass(frozen=True, slots=True)
class Import:
    """One part as an importer left it."""

    at: float
    """When its read began, in seconds since the epoch."""
    question: str
    """What it was read for; an answer to another question is none."""
    told: Told
    report: Mapping[str, Any]
    """What a run tells of the read, as plain data."""


def keep_import(database: Database, partition: int, found: Import) -> None:
    """Write down a part that was proven, with the values of links that its read told."""
    told = found.told
    row = found.at, found.question, int(told.delta), pack_bitmap(told.seen), b"".join(sorted(told.containers))
    with database.transaction():
        forget_import(database, partition)
        database.run(_STAGE, (partition,))
        database.run(_KEEP, (partition, *row, json.dumps(found.report, ensure_ascii=False)))


def import_of(database: Database, partition: int) -> Import | None:
    """What an importer left of a part; None: nothing that a run could go on from."""
    row = database.one(_FIND, (partition,))
    if row is None:
        return None
    at, question, delta, seen, containers, report = row
    guids = {containers[start : start + 16] for start in range(0, len(containers), 16)}
    told = Told(unpack_bitmap(seen), guids, everything=not delta, delta=bool(delta))
    return Import(at, question, told, json.loads(report))


def take_links(database: Database, partition: int) -> None:
    """Values of links wait for the resolution of this run, as after a read of its own."""
    with database.transaction():
        database.run(_VOID, (partition,))
        database.run(_SPILL, (partition,))


def forget_import(database: Database, partition: int) -> None:
    """It is read again, or is no part any more; in a transaction."""
    for table in _TABLES:
        database.run(f"DELETE FROM {table} WHERE partition = ?", (partition,))  # noqa: S608 - names of ours


def forget_imports(database: Database) -> None:
    """Links are resolved; in the transaction that does it."""
    for table in _TABLES:
        database.run(f"DELETE FROM {table}")  # noqa: S608 - names of ours
