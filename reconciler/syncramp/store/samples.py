"""Samples: what runs measured, for eight days, and the measures that gates of ramps are judged on.

A run writes once, when it ends, also when it failed: a row for each thing it measured, and its calls with links in
buckets (about 5 % of the seconds, 10 % of the links and objects), so that neither a large nor a long run makes many.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from syncramp.model.measures import KEPT_SECONDS, CallTime, Measure, Measured, Measures
from syncramp.model.ramps import RampState
from syncramp.store.database import Database
from syncramp.store.exports import Exports
from syncramp.store.ramp_links import LinkAnswers, RampLinks

SECONDS_BASE = 1.05
COUNT_BASE = 1.1
"""Borders of buckets are powers of these: a value is told with half of that precision."""
QUICKEST = 0.001
"""Seconds; what is quicker counts as this."""

_SAMPLE = "INSERT INTO samples (at, run, name, value, weight, subject) VALUES (?, ?, ?, ?, ?, ?)"
_CALL = "INSERT INTO call_samples (at, run, links, objects, seconds, weight) VALUES (?, ?, ?, ?, ?, ?)"
_ROWS = "SELECT at, run, name, value, weight, subject FROM samples WHERE at >= ? ORDER BY at, id"
_CALLS = "SELECT at, run, links, objects, seconds, weight FROM call_samples WHERE at >= ? ORDER BY at, id"
_PRUNE = (
    "DELETE FROM samples WHERE at NOT BETWEEN ? AND ?",
    "DELETE FROM call_samples WHERE at NOT BETWEEN ? AND ?",
    "DELETE FROM ramp_links WHERE at NOT BETWEEN ? AND ?",
)
"""What is too old, and what a clock dated that was far ahead: it would be the newest there is until that moment."""
AHEAD = 3600.0
"""Seconds; a clock that is set back by less loses no measurement."""
_LAST = """SELECT run, SUM(CASE WHEN name = ? THEN value ELSE 0 END),
           SUM(CASE WHEN name = ? AND subject = ? THEN value ELSE 0 END)
           FROM samples WHERE run = (SELECT MAX(run) FROM samples WHERE name = ?) AND run >= ? GROUP BY run"""


class Samples:
    """What was measured."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._links = RampLinks(database)

    def keep(
        self,
        exports: Exports,
        rows: Iterable[Measured],
        calls: Iterable[CallTime],
        answers: LinkAnswers,
    ) -> None:
        """What a run measured, and what the answers about links of ramps come to; one transaction.

        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        with self._database.transaction():
            exports.check_fence()
            told = [*rows, *self._links.note(answers)]
            self._database.run_many(_SAMPLE, [(r.at, r.run, r.name, r.value, r.weight, r.subject) for r in told])
            self._database.run_many(
                _CALL, [(c.at, c.run, c.links, c.objects, c.seconds, c.weight) for c in in_buckets(calls)]
            )
            for prune in _PRUNE:
                self._database.run(prune, (answers.at - KEPT_SECONDS, answers.at + AHEAD))

    def calls(self, since: float) -> list[CallTime]:
        """Calls that carried links, from a moment on (seconds since the epoch)."""
        return [CallTime(*row) for row in self._database.all(_CALLS, (since,))]

    def rows(self, since: float) -> list[Measured]:
        """Everything else that was measured from a moment on."""
        return [Measured(*row) for row in self._database.all(_ROWS, (since,))]

    def last(self, ramp: str, since: int = 0) -> tuple[bool, int]:
        """Of the last run that exports: did it send anything, and how many links of a ramp did the service take?

        :param since: a run; of earlier ones nothing is told.
        """
        found = self._database.one(_LAST, (Measure.EXPORTS, Measure.LINKS_TAKEN, ramp, Measure.EXPORTS, since))
        return (found[1] > 0, int(found[2])) if found else (False, 0)

    def measures(self, states: Sequence[RampState], run: int, now: float) -> dict[str, Measures]:
        """What the gates of ramps are judged on, by the name of the ramp; nothing is read where there is no ramp.

        :param run: the one that judges.
        """
        if not states:
            return {}
        of: dict[str, list[Measured]] = {}
        for row in self.rows(now - KEPT_SECONDS):
            of.setdefault(row.subject, []).append(row)
        calls = self.calls(min(state.began for state in states))
        return {
            state.name: Measures(
                state.window,
                state.began,
                [*of.get("", ()), *of.get(state.name, ())],
                calls,
                run,
                self._links.unconfirmed(state.name),
                self._links.refused(state.name, state.began),
            )
            for state in states
        }


def in_buckets(calls: Iterable[CallTime]) -> list[CallTime]:
    """Calls of one run, those that are about the same together."""
    found: Counter[tuple[float, int, int, int, float]] = Counter()
    for call in calls:
        seconds = _bucket(max(call.seconds, QUICKEST), SECONDS_BASE)
        links, objects = (round(_bucket(max(number, 1), COUNT_BASE)) for number in (call.links, call.objects))
        found[call.at, call.run, links, objects, round(seconds, 3)] += call.weight
    return [CallTime(*key, weight) for key, weight in found.items()]


def _bucket(value: float, base: float) -> float:
    """The power of the base that is nearest."""
    return float(base ** round(math.log(value, base)))
