"""Counters: each family with its sentence, its labels, and what one SyncRun that is over adds to it.

What is held or left is planned again by the next run, so only what went, was refused or is in doubt is counted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from syncramp.schedule.known import Trigger
from syncramp_operator.metrics.series import OTHER, Family, Row, seconds_of_phases
from syncramp_operator.status.facts import Object
from syncramp_operator.status.view import items, part, phase_of, text, whole


@dataclass(frozen=True, slots=True)
class Counter(Family):
    """Over all runs of a SyncConfig that are over."""

    rows: Callable[[Object], Iterator[Row]]
    """What one SyncRun adds."""


def _run(run: Object) -> Iterator[Row]:
    trigger = text(part(run, "spec"), "trigger")
    yield (phase_of(run), trigger if trigger in list(Trigger) else OTHER), 1.0


def _tally(name: str) -> Callable[[Object], Iterator[Row]]:
    """What became of objects or links."""

    def rows(run: Object) -> Iterator[Row]:
        tally = part(part(run, "status"), name)
        for result, label in (("acknowledged", "acknowledged"), ("refused", "refused"), ("inDoubt", "in_doubt")):
            yield (label,), float(whole(tally, result))

    return rows


def _changes(run: Object) -> Iterator[Row]:
    for each in items(part(run, "status"), "changes"):
        labels = text(each, "verb").lower(), text(each, "kind").lower()
        if labels[0] in ("create", "update", "delete") and labels[1] in ("user", "group", "contact", "device"):
            yield labels, float(whole(each, "acknowledged"))


def _phase_seconds(run: Object) -> Iterator[Row]:
    yield from (((phase,), seconds) for phase, seconds in seconds_of_phases(part(run, "status")).items())


def _sum(name: str) -> Callable[[Object], Iterator[Row]]:
    def rows(run: Object) -> Iterator[Row]:
        yield (), float(whole(part(run, "status"), name))

    return rows


COUNTERS = (
    Counter("syncramp_runs_total", "Runs that are over.", ("result", "trigger"), _run),
    Counter("syncramp_run_phase_seconds_total", "Time that phases of runs took.", ("phase",), _phase_seconds),
    Counter("syncramp_objects_total", "What became of objects that were sent.", ("result",), _tally("objects")),
    Counter("syncramp_links_total", "What became of links that were sent.", ("result",), _tally("links")),
    Counter(
        "syncramp_changes_total", "Changes of objects that the service acknowledged.", ("verb", "kind"), _changes
    ),
    Counter("syncramp_calls_total", "Requests to the endpoint.", (), _sum("calls")),
    Counter("syncramp_writes_total", "Writes that the tenant's throttle counts.", (), _sum("writes")),
    Counter("syncramp_throttled_calls_total", "Requests that the service put off.", (), _sum("throttled")),
)
