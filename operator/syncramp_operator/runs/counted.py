"""Numbers, examples and lists of a report as a status has them: bounded, and each name once.

Both directions of a run are told by these.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from syncramp.model.plan import Sample
from syncramp.model.report import ExportLatency, PhaseReport, RunReport, Tally
from syncramp.words import clock
from syncramp_operator.api.resources import Object
from syncramp_operator.runs.bounds import NAME, stamp, text

SAMPLES = 3
CATEGORIES = 20
PHASES = 16
_ANCHOR = 128
_SECONDS = 1000
"""Milliseconds."""


def tally(counted: Tally) -> dict[str, int]:
    """The numbers that must agree; what nothing else was said of is left."""
    told = {
        "acknowledged": counted.acknowledged,
        "held": counted.held,
        "refused": counted.refused,
        "inDoubt": counted.in_doubt,
    }
    left = max(counted.expected - sum(told.values()), 0)
    return {"expected": sum(told.values()) + left, **told, "left": left}


def duration(seconds: float) -> str:
    """As people read it: 4m10s."""
    return clock(max(seconds, 0.0))


def milliseconds(seconds: float) -> int:
    """A whole number, because the API has no floating ones."""
    return max(round(seconds * _SECONDS), 0)


def sample(each: Sample) -> dict[str, str]:
    """One object as an example."""
    return {
        "kind": text(each.kind, 16),
        "anchor": text(each.anchor, _ANCHOR),
        "name": text(each.dn, NAME),
        "message": text(each.detail, NAME),
    }


def largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent ones, with their numbers."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:CATEGORIES]


def categories(
    name: str, most: int, counts: Mapping[str, int], samples: Mapping[str, Sequence[Sample]]
) -> list[Object]:
    """The most frequent ones.

    :param most: bytes of a category.
    """
    found: dict[str, Object] = {}
    for category, count in largest(counts):
        entry = found.setdefault(text(category, most), {"count": 0, "samples": []})
        entry["count"] += count
        room = SAMPLES - len(entry["samples"])
        entry["samples"] += [sample(each) for each in samples.get(category, ())[:room]]
    return [{name: category, **entry} for category, entry in found.items()]


def drift(counts: Mapping[str, int]) -> list[Object]:
    """What somebody else did."""
    found: dict[str, int] = {}
    for kind, count in largest(counts):
        shown = text(kind, 64)
        found[shown] = found.get(shown, 0) + count
    return [{"kind": kind, "count": count} for kind, count in found.items()]


def phases_of(phases: Iterable[PhaseReport]) -> list[Object]:
    """One entry for each name; a phase that came twice is told as a whole."""
    found: dict[str, Object] = {}
    for each in phases:
        began = {"startTime": stamp(each.started)} if each.started else {}
        entry = found.setdefault(each.name, {**began, "milliseconds": 0, "objects": 0, "links": 0})
        entry["milliseconds"] += milliseconds(each.seconds)
        entry["objects"] += each.objects
        entry["links"] += each.links
    return [
        {"name": name, "duration": duration(entry["milliseconds"] / _SECONDS), **entry}
        for name, entry in list(found.items())[:PHASES]
    ]


def changes(report: RunReport) -> Iterator[Object]:
    """What was planned to go, and what of it went."""
    for verb in sorted({*report.counts, *report.done}):
        planned, done = report.counts.get(verb, {}), report.done.get(verb, {})
        for kind in sorted({*planned, *done}):
            yield {
                "verb": verb,
                "kind": kind,
                "planned": planned.get(kind, 0),
                "acknowledged": done.get(kind, 0),
            }


def latency_of(latency: ExportLatency) -> dict[str, int]:
    """How long calls took, in milliseconds; what was not measured is not there."""
    told = {"p50": latency.p50, "p95": latency.p95}
    return {name: milliseconds(value) for name, value in told.items() if value is not None}
