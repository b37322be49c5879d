"""What was sent in the last day of what guards count, so that many small runs defeat no guard.

It is written in the transaction of the intent: a call that is lost has perhaps done it. What counts is the union of
the ids, so that what is sent again is counted once. A call that was never processed stays counted for the day, which
errs on the side of the tenant.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from pyroaring import BitMap

from syncramp.model.guards import Prevention, Spend, What
from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap

DAY = 86_400.0
"""Seconds in which changes are counted together."""
KEPT = 2 * DAY
"""Seconds after which they are forgotten; twice the day, for a clock that is set back."""

Day = Mapping[Spend, BitMap]
"""What was sent -> the ids of the objects, or of the members."""

_OLD = "SELECT 1 FROM spent WHERE at NOT BETWEEN ? AND ?"
_PREVENTION = "SELECT value FROM meta WHERE key = 'prevention'"
_REMEMBER = """INSERT INTO meta (key, value) VALUES ('prevention', ?)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value"""
_INSERT = "INSERT INTO spent (at, what, attribute, subject, approved, ids) VALUES (?, ?, ?, ?, ?, ?)"
_SINCE = "SELECT what, attribute, subject, ids FROM spent WHERE approved = 0 AND at > ?"
_ADMITTED = "SELECT attribute, subject, ids FROM spent WHERE what = ? AND at > ?"

_ADMISSIONS = "SELECT attribute, at, ids FROM spent WHERE what = ? AND at > ? ORDER BY at"


class Spent:
    """What was sent, for a day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, sent: Iterable[tuple[Spend, BitMap]], now: float) -> None:
        """Keep what is about to be sent, in the transaction of its intent.

        :param now: seconds since the epoch.
        """
        together: defaultdict[Spend, BitMap] = defaultdict(BitMap)
        for spend, ids in sent:
            together[spend] |= ids
        rows = [
            (now, spend.what.value, spend.attribute, spend.group, int(spend.approved), pack_bitmap(ids))
            for spend, ids in together.items()
        ]
        if rows:
            self._database.run_many(_INSERT, rows)

    def day(self, now: float) -> Day:
        """What was sent in the last 24 hours and that nobody approved.

        :param now: seconds since the epoch.
        """
        found: dict[Spend, BitMap] = {}
        for what, attribute, subject, ids in self._database.stream(_SINCE, (now - DAY,)):
            spend = Spend(What(what), attribute, subject)
            found[spend] = found.get(spend, BitMap()) | unpack_bitmap(ids)
        return found

    def admitted(self, now: float) -> dict[str, int]:
        """Ramp -> links that it admitted in the last 24 hours, as far as its budget counts them.

        :param now: seconds since the epoch.
        """
        found: dict[tuple[str, int], BitMap] = {}
        for ramp, group, ids in self._database.stream(_ADMITTED, (What.ADMISSION.value, now - DAY)):
            found[ramp, group] = found.get((ramp, group), BitMap()) | unpack_bitmap(ids)
        totals: dict[str, int] = {}
        for (ramp, _), members in found.items():
            totals[ramp] = totals.get(ramp, 0) + len(members)
        return totals

    def admissions(self, now: float) -> dict[str, list[tuple[float, int]]]:
        """Ramp -> when it admitted how many links in the last 24 hours, the earliest first; what was sent again
        counts again.
        """
        found: dict[str, list[tuple[float, int]]] = {}
        for ramp, at, ids in self._database.stream(_ADMISSIONS, (What.ADMISSION.value, now - DAY)):
            found.setdefault(ramp, []).append((at, len(unpack_bitmap(ids))))
        return found

    def remember(self, prevention: Prevention) -> None:
        """Keep what the tenant told of its own limit, for those who cannot ask it."""
        text = json.dumps(asdict(prevention))
        if text != self._database.value(_PREVENTION):
            with self._database.transaction():
                self._database.run(_REMEMBER, (text,))

    @property
    def prevention(self) -> Prevention:
        """What the tenant told last."""
        text = self._database.value(_PREVENTION)
        return Prevention(**json.loads(text)) if text else Prevention()

    def prune(self, now: float) -> None:
        """Forget what no guard counts any more. What a clock dated that was ahead counts for a day from now on, and
        not for as long as the clock was wrong.
        """
        if self._database.one(_OLD, (now - KEPT, now)):
            with self._database.transaction():
                self._database.run("DELETE FROM spent WHERE at < ?", (now - KEPT,))
                self._database.run("UPDATE spent SET at = ? WHERE at > ?", (now, now))
