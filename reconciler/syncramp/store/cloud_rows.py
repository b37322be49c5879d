"""Rows of groups of the cloud: read, compared, and written with the number of their change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap

from syncramp.model.cloud import CloudGroup, CloudState
from syncramp.model.values import Value
from syncramp.store.database import Database
from syncramp.store.packing import pack, pack_bitmap, unpack, unpack_bitmap

_FIELDS = "id, attributes, state, since, members, graph, absent, taken"
_AMONG = f"SELECT {_FIELDS} FROM cloud_groups WHERE id IN ({{}})"  # noqa: S608
_WHERE = f"SELECT {_FIELDS} FROM cloud_groups WHERE "  # noqa: S608
_SINCE = """SELECT g.id, n.anchor, g.attributes, g.state, g.since, g.members, g.seq
            FROM cloud_groups g JOIN cloud_names n ON n.id = g.id WHERE g.seq > ? ORDER BY g.seq"""
_KEEP = f"""INSERT INTO cloud_groups ({_FIELDS}, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET
            attributes = excluded.attributes, state = excluded.state, since = excluded.since,
            members = excluded.members, graph = excluded.graph, absent = excluded.absent,
            taken = excluded.taken, seq = excluded.seq"""  # noqa: S608
_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class CloudRow:
    """A row of ``cloud_groups`` without the number of its change."""

    id: int
    attributes: Mapping[str, Value]
    state: CloudState
    since: float
    members: BitMap | None
    graph: bool = False
    """Microsoft Graph tells of it."""
    absent: bool = False
    """It was not shown, and nobody said that it was deleted."""
    taken: bool = False
    """A directory is its master now: it is not deleted, and none of ours."""


class CloudRows:
    """The rows; whatever writes does so in a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def among(self, ids: Iterable[int]) -> dict[int, CloudRow]:
        """By id, those of these that are there."""
        return {row[0]: _row(row) for row in self.database.among(_AMONG, list(ids))}

    def deleted(self) -> Sequence[CloudRow]:
        """Those of which nobody said whether they can come back."""
        return [_row(row) for row in self.database.all(f"{_WHERE} state = ? AND taken = 0", (CloudState.UNTOLD,))]

    def there(self, *, graph: bool) -> BitMap:
        """Ids of those that are there or in the bin, as Graph tells, or as the read-back does."""
        query = "SELECT id FROM cloud_groups WHERE state IN (?, ?) AND graph = ?"
        return BitMap(self.database.numbers(query, (CloudState.LIVE, CloudState.BIN, int(graph))))

    def since(self, seq: int) -> Iterator[CloudGroup]:
        """Groups that changed after a number, in the order of their changes."""
        for identity, object_id, attributes, state, when, members, number in self.database.stream(_SINCE, (seq,)):
            told = None if members is None else unpack_bitmap(members)
            yield CloudGroup(identity, object_id, unpack(attributes), CloudState(state), when, told, number)

    def keep(self, before: Mapping[int, CloudRow], after: Iterable[CloudRow]) -> None:
        """Write those that changed, each with the next number."""
        changed = [row for row in after if before.get(row.id) != row]
        if changed:
            seq = self.seq()
            values = [(*_values(row), seq + place) for place, row in enumerate(changed, 1)]
            self.database.run_many(_KEEP, values)
            self.set("cloud_seq", str(seq + len(changed)))

    def seq(self) -> int:
        """The number of the last change."""
        return int(self.get("cloud_seq") or 0)

    def get(self, key: str) -> str:
        """A text of ``meta``; empty when there is none."""
        return str(self.database.value("SELECT value FROM meta WHERE key = ?", (key,), default=""))

    def set(self, key: str, value: str) -> None:
        """Keep a text in ``meta``; an empty one is none."""
        if value:
            self.database.run(_META, (key, value))
        else:
            self.database.run("DELETE FROM meta WHERE key = ?", (key,))


def _row(row: Sequence[Any]) -> CloudRow:
    identity, attributes, state, since, members, *flags = row
    told = None if members is None else unpack_bitmap(members)
    return CloudRow(identity, unpack(attributes), CloudState(state), since, told, *map(bool, flags))


def _values(row: CloudRow) -> tuple[Any, ...]:
    members = None if row.members is None else pack_bitmap(row.members)
    return (
        row.id,
        pack(row.attributes),
        row.state,
        row.since,
        members,
        int(row.graph),
        int(row.absent),
        int(row.taken),
    )
