"""Revocations: since when a disable or a member removal is wanted, and how long each took.

Whoever leaves has to be out soon, whatever else a run is busy with. So the moment at which an import first showed
that something must be taken away is kept until the service has answered that it is, over runs and over kills; the
time between the two is measured. What is held, or refused by the service, goes on waiting.
"""

from collections.abc import Mapping, Sequence

from pyroaring import BitMap

from syncramp.model.measures import KEPT_SECONDS, Measure, percentile
from syncramp.model.report import RemovalLatency
from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap

_ALL = "SELECT object, seen, members FROM revocations"
_DROP = "DELETE FROM revocations WHERE object = ? AND seen = ?"
_WRITE = """INSERT INTO revocations (object, seen, members) VALUES (?, ?, ?)
            ON CONFLICT (object, seen) DO UPDATE SET members = excluded.members"""
_OF = "SELECT object, seen, members FROM revocations WHERE object = ?"
_AMONG = "SELECT object FROM revocations WHERE object IN ({})"
_SAMPLE = "INSERT INTO samples (at, run, name, value, weight) VALUES (?, ?, ?, ?, ?)"
_PRUNE = "DELETE FROM samples WHERE at < ?"
_SAMPLES = "SELECT value, SUM(weight) FROM samples WHERE name = ? AND run BETWEEN ? AND ? GROUP BY value"

Rows = dict[tuple[int, float], BitMap | None]
"""(Object, since when) -> the members to remove; None: the account is to be disabled."""


class Revocations:
    """What is to be taken away; of the store's parts the only one that knows how long something took."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, disables: BitMap, removals: Mapping[int, BitMap], seen: float) -> None:
        """What a plan wants to take away, held or not; what it does not want any more is forgotten.

        Call it in a transaction.

        :param removals: group -> members.
        :param seen: when the import ended that showed it (seconds since the epoch).
        """
        before = _rows(self._database.all(_ALL))
        after = _still_wanted(before, disables, removals)
        known = _known(after)
        for identity in disables - BitMap(identity for identity, _ in after):
            after[identity, seen] = None
        for group, members in removals.items():
            if new := members - known.get(group, BitMap()):
                after[group, seen] = new | (after.get((group, seen)) or BitMap())
        self._write(before, after)
        self._database.run(_PRUNE, (seen - KEPT_SECONDS,))

    def _write(self, before: Rows, after: Rows) -> None:
        self._database.run_many(_DROP, [key for key in before if key not in after])
        changed = {key: rows for key, rows in after.items() if key not in before or before[key] != rows}
        self._database.run_many(_WRITE, [(*key, _packed(members)) for key, members in changed.items()])

    def among(self, ids: Sequence[int]) -> Sequence[int]:
        """Those of these of which something is to be taken away."""
        return sorted({row[0] for row in self._database.among(_AMONG, ids)})

    def taken(self, identity: int, members: BitMap | None, now: float, run: int) -> None:
        """The service answered that it took it away. Call it in the transaction of the answer.

        :param members: of a group; None: the account is disabled.
        """
        before = _rows(self._database.all(_OF, (identity,)))
        after: Rows = {}
        for (_, seen), waiting in before.items():
            gone = len(waiting & members) if waiting is not None and members is not None else int(waiting is members)
            if gone:
                self._database.run(_SAMPLE, (now, run, Measure.REMOVAL_LATENCY, max(0.0, now - seen), gone))
            if waiting is None and members is not None:
                after[identity, seen] = None
            elif waiting is not None and (left := waiting - (members or BitMap())):
                after[identity, seen] = left
        self._write(before, after)

    def waiting(self) -> Rows:
        """What is wanted, held or not, and was not answered yet."""
        return _rows(self._database.all(_ALL))

    def latency(self, first: int, last: int, now: float) -> RemovalLatency:
        """How long it took in some runs, by their numbers, and what waits at this moment."""
        samples = [(float(value), int(weight)) for value, weight in self._samples(first, last)]
        told = RemovalLatency(sum(weight for _, weight in samples))
        if samples:
            told.p50, told.p95, told.max = (_rounded(percentile(samples, percent)) for percent in (50, 95, 100))
        rows = _rows(self._database.all(_ALL))
        told.waiting = sum(1 if members is None else len(members) for members in rows.values())
        told.oldest = max((round(max(0.0, now - seen), 3) for _, seen in rows), default=None)
        return told

    def _samples(self, first: int, last: int) -> list[tuple[float, int]]:
        return [tuple(row) for row in self._database.all(_SAMPLES, (Measure.REMOVAL_LATENCY, first, last))]


def _rows(rows: object) -> Rows:
    return {
        (identity, seen): None if members is None else unpack_bitmap(members)
        for identity, seen, members in rows  # type: ignore[attr-defined]
    }


def _still_wanted(before: Rows, disables: BitMap, removals: Mapping[int, BitMap]) -> Rows:
    kept: Rows = {}
    for (identity, seen), members in before.items():
        if members is None:
            if identity in disables:
                kept[identity, seen] = None
        elif left := members & removals.get(identity, BitMap()):
            kept[identity, seen] = left
    return kept


def _known(rows: Rows) -> dict[int, BitMap]:
    known: dict[int, BitMap] = {}
    for (identity, _), members in rows.items():
        known[identity] = known.get(identity, BitMap()) | (members or BitMap())
    return known


def _packed(members: BitMap | None) -> bytes | None:
    return None if members is None else pack_bitmap(members)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
