"""Runs: one row each, with the report they end with; and what the store belongs to.

The identity of a store (tenant, cloud, anchor) is written by its first run and never changes: under another tenant or
anchor everything it knows would be wrong.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap

from syncramp.errors import StoreUnusable
from syncramp.store.age import Age
from syncramp.store.database import Database
from syncramp.store.holder import Holder
from syncramp.store.packing import unpack_bitmap

KEPT_RUNS = 100
ANEW = "restore it, or begin a new store with --state"
"""What helps against a store of something else."""

_CLAIM = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_UNDER_WAY = "SELECT ids FROM batches WHERE state IN ('Sent', 'Lost') AND token < ? AND deadline > ?"
_TRAVELLING = "SELECT ids FROM batches WHERE state IN ('Sent', 'Lost') AND deadline > ?"
_SENT = "SELECT sent_at, objects, links FROM batches WHERE sent_at > ? ORDER BY sent_at"
_END = "UPDATE runs SET ended = ?, state = ?, report = ? WHERE id = ?"
_RUN = "SELECT id, started, ended, state, report FROM runs"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as it is kept."""

    id: int
    started: float
    ended: float | None
    state: str
    report: Mapping[str, Any]


class Runs:
    """The runs of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, identity: Mapping[str, str], remedy: str = ANEW) -> None:
        """Write what the store belongs to, or compare with what was written.

        :param remedy: as of ``compare``.
        :raises StoreUnusable: it belongs to something else.
        """
        self.compare(identity, remedy)
        self._database.run(_CLAIM, ("identity", json.dumps(dict(identity), sort_keys=True)))

    def compare(self, identity: Mapping[str, str], remedy: str = ANEW) -> None:
        """Compare with what the store belongs to; a new one belongs to nobody.

        :param remedy: what to do where it belongs to something else.
        :raises StoreUnusable: it belongs to something else.
        """
        kept = json.loads(self._database.value("SELECT value FROM meta WHERE key = 'identity'", default="{}"))
        for name in {**kept, **identity} if kept else ():
            if identity.get(name) != kept.get(name):
                raise StoreUnusable(
                    f"the store was made with {_named(name, kept)}, the document says {_named(name, identity)}",
                    where=str(self._database.path),
                    remedy=f"{name} is immutable: {remedy}",
                )

    def begin(self, now: float, fence: int | None = None) -> tuple[int, int]:
        """A new run; a run that never ended is marked as interrupted.

        :param fence: the token of its right to write to the tenant.
        :returns: its number and its fencing token in this store.
        :raises FenceLost: the store knows of a higher token.
        """
        age = Age(self._database)
        age.compare()
        with self._database.transaction(durable=True):
            if fence is not None:
                Holder(self._database).refuse_older(fence)
            self._database.run("UPDATE runs SET state = 'Interrupted' WHERE state = 'Running'")
            token = int(self._database.value("SELECT value FROM meta WHERE key = 'token'", default=0)) + 1
            self._database.run(_META, ("token", str(token)))
            self._database.run("INSERT INTO runs (started, state, report) VALUES (?, 'Running', '{}')", (now,))
            number = int(self._database.value("SELECT MAX(id) FROM runs"))
            self._database.run("DELETE FROM runs WHERE id <= ?", (number - KEPT_RUNS,))
            self._database.run("DELETE FROM batches WHERE run <= ?", (number - KEPT_RUNS,))
        age.keep(token)
        return number, token

    def end(self, number: int, now: float, state: str, report: Mapping[str, Any]) -> None:
        """The run is over."""
        text = json.dumps(report)
        self._database.run(_END, (now, state, text, number))

    def last(self) -> RunRow | None:
        """The newest run."""
        return next(self._runs("LIMIT 1"), None)

    def last_planned(self) -> RunRow | None:
        """The newest run that came as far as a plan, whatever became of it."""
        return next((run for run in self._runs() if run.report.get("digest")), None)

    def _runs(self, limit: str = "") -> Iterator[RunRow]:
        for number, started, ended, state, report in self._database.all(f"{_RUN} ORDER BY id DESC {limit}"):
            yield RunRow(number, started, ended, state, json.loads(report))

    def flag(self, key: str) -> str | None:
        """A remembered fact about the tenant."""
        text: str | None = self._database.value("SELECT value FROM meta WHERE key = ?", (key,))
        return text

    def set_flag(self, key: str, value: str) -> None:
        """Remember a fact about the tenant."""
        self._database.run(_META, (key, value))

    def travelling(self, now: float) -> BitMap:
        """Ids of objects that a call of whatever run, never answered, may still be changing."""
        found = BitMap()
        for (ids,) in self._database.all(_TRAVELLING, (now,)):
            found |= unpack_bitmap(ids)
        return found

    def sent(self, since: float) -> list[tuple[float, int, int]]:
        """When calls were sent after a moment (seconds since the epoch), with how many objects and links."""
        return [(moment, objects, links) for moment, objects, links in self._database.all(_SENT, (since,))]

    def under_way(self, token: int, now: float) -> BitMap:
        """Ids of objects that a call of an earlier run may still be changing.

        Either that run was killed and left the call unanswered, or a try of the call was never answered: what travels
        may arrive until the call's deadline, whatever was sent after it.
        """
        found = BitMap()
        for (ids,) in self._database.all(_UNDER_WAY, (token, now)):
            found |= unpack_bitmap(ids)
        return found


def _named(name: str, identity: Mapping[str, str]) -> str:
    return f"{name} {identity[name]}" if name in identity else f"no {name}"
