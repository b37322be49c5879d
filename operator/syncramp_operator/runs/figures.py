"""The report of a run as members of ``SyncRun.status``: the same numbers, bounded examples, whole numbers of units.

The report is the truth. Nothing is counted here; lists keep what matters most, and names that become the same when
they are cut are one entry.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from syncramp.model.plan import Sample
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Decided
from syncramp.model.report import ExportLatency, PhaseReport, RemovalLatency, RunReport, SourceReport, Tally
from syncramp.spec.durations import format_duration
from syncramp.words import clock
from syncramp_operator.api.resources import Object
from syncramp_operator.runs.bounds import NAME, SENTENCE, stamp, text

SAMPLES = 3
CATEGORIES = 20
SOURCES = 32
PHASES = 16
RAMPS = 17
"""One more than a document can have: the built-in one."""
FEW = 10
VERDICTS, DECISIONS = 8, 4
CHANGES = 32
WORD = 32
_ANCHOR = 128
_KEYS = ("name", "partition")
"""Of sources and ramps; they are told even if they are empty."""
_SECONDS = 1000
"""Milliseconds."""


def figures(report: RunReport, decided: Sequence[Decided] = ()) -> Object:
    """What a run did.

    :param decided: what it decided about ramps, the oldest first; it is told the other way round.
    """
    ramps = [_ramp(ramp, decided) for ramp in report.ramps[:RAMPS]]
    found = {
        "number": report.run,
        "sliced": report.sliced,
        "digest": report.digest,
        "objects": tally(report.objects),
        "links": tally(report.links),
        "phases": _phases(report.phases),
        "confirmed": report.confirmed,
        "withDifferences": report.with_differences,
        "unconfirmed": report.unconfirmed,
        "unconfirmedLinks": report.unconfirmed_links,
        "missingLinks": report.missing_links,
        "looseReferences": report.loose_references,
        "changes": list(_changes(report))[:CHANGES],
        "inCloud": _in_cloud(report.in_cloud),
        "calls": report.calls,
        "writes": report.writes,
        "throttled": report.throttled,
        "exportLatency": _latency(report.export_latency),
        "serviceInterval": _interval(report.service_interval),
        "errorCount": sum(report.errors.values()),
        "errors": _categories("category", NAME, report.errors, report.error_samples),
        "holds": _categories("reason", 64, report.holds, report.hold_samples),
        "guards": [_guard(each) for each in report.guards if each.tripped][:CATEGORIES],
        "drift": _drift(report.drift),
        "waiting": _waiting(report.waiting),
        "ramps": ramps,
        "rampProgress": _progress(report.ramps),
        "sources": _sources(report.sources),
        "preflight": [_finding(each) for each in report.preflight[:FEW]],
        "removalLatency": _removals(report.removal_latency),
        "certificateValidUntil": report.certificate_valid_until,
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


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


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:CATEGORIES]


def _categories(
    name: str, most: int, counts: Mapping[str, int], samples: Mapping[str, Sequence[Sample]]
) -> list[Object]:
    """The most frequent ones.

    :param most: bytes of a category.
    """
    found: dict[str, Object] = {}
    for category, count in _largest(counts):
        entry = found.setdefault(text(category, most), {"count": 0, "samples": []})
        entry["count"] += count
        room = SAMPLES - len(entry["samples"])
        entry["samples"] += [sample(each) for each in samples.get(category, ())[:room]]
    return [{name: category, **entry} for category, entry in found.items()]


def _drift(counts: Mapping[str, int]) -> list[Object]:
    found: dict[str, int] = {}
    for kind, count in _largest(counts):
        shown = text(kind, 64)
        found[shown] = found.get(shown, 0) + count
    return [{"kind": kind, "count": count} for kind, count in found.items()]


def _phases(phases: Iterable[PhaseReport]) -> list[Object]:
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


def _changes(report: RunReport) -> Iterator[Object]:
    for verb in sorted({*report.counts, *report.done}):
        planned, done = report.counts.get(verb, {}), report.done.get(verb, {})
        for kind in sorted({*planned, *done}):
            yield {
                "verb": verb,
                "kind": kind,
                "planned": planned.get(kind, 0),
                "acknowledged": done.get(kind, 0),
            }


def _in_cloud(counts: Mapping[str, int]) -> dict[str, int]:
    names = {"users": "User", "groups": "Group", "contacts": "Contact", "devices": "Device"}
    return {name: counts.get(kind, 0) for name, kind in names.items()}


def _guard(reading: Any) -> Object:
    told = {
        "guard": reading.guard,
        "field": text(reading.field, 128),
        "subject": text(reading.subject, NAME),
        "value": reading.value,
        "limit": reading.limit,
        "sentence": text(reading.sentence, SENTENCE),
    }
    return {name: value for name, value in told.items() if value is not None}


def _waiting(sets: Iterable[Mapping[str, Any]]) -> list[Object]:
    """Sets of changes that a person can approve, the largest first."""
    largest = sorted(sets, key=lambda each: (-each["changes"], each["digest"]))[:CATEGORIES]
    return [
        {"class": each["class"], "digest": each["digest"], "count": each["changes"], "reason": each["hold"]}
        for each in largest
    ]


def _ramp(ramp: RampReport, decided: Iterable[Decided]) -> Object:
    told = {
        "name": text(ramp.name, 63),
        "phase": ramp.phase,
        "pause": text(ramp.pause, WORD),
        "reason": text(ramp.reason, NAME),
        "step": ramp.step,
        "steps": ramp.steps,
        "ceiling": ramp.ceiling,
        "target": ramp.target,
        "groups": ramp.groups,
        "groupsHeld": ramp.groups_held,
        "membersWaiting": ramp.members_waiting,
        "soak": _soak(ramp.soak),
        "nextDecisionTime": ramp.next_decision,
        "eta": ramp.eta,
        "verdicts": [_verdict(each) for each in ramp.judgements[:VERDICTS]],
        "decisions": [_decision(each) for each in decided if each.ramp == ramp.name][-DECISIONS:][::-1],
    }
    return {name: value for name, value in told.items() if name in _KEYS or value != ""}


def _soak(soak: Mapping[str, Any]) -> Object:
    """Times as people read them, the rest as it is counted."""
    told = {name: value for name, value in soak.items() if value is not None}
    return {name: duration(value) if name in ("elapsed", "duration") else int(value) for name, value in told.items()}


def _verdict(judgement: Mapping[str, Any]) -> Object:
    return {
        "metric": text(judgement["metric"], 64),
        "name": text(judgement["name"], 63),
        "verdict": text(judgement["verdict"], WORD),
        "sentence": text(judgement["sentence"], NAME),
    }


def _decision(each: Decided) -> Object:
    return {
        "time": stamp(each.at),
        "what": text(each.what, WORD),
        "step": each.step + 1,
        "ceiling": each.ceiling,
        "by": text(each.by, 128),
        "reason": text(each.reason, NAME),
    }


def _progress(ramps: Sequence[RampReport]) -> str:
    """Of the ramp that is furthest behind: how large groups may be now, and how large in the end."""
    under_way = [ramp for ramp in ramps if ramp.groups and ramp.target > 0 and not ramp.built_in]
    if not under_way:
        return ""
    last = min(under_way, key=lambda ramp: (ramp.ceiling / ramp.target, ramp.name))
    return f"{last.ceiling}/{last.target}"


def _sources(sources: Iterable[SourceReport]) -> list[Object]:
    """What was not read completely comes first."""
    found: dict[tuple[str, str], Object] = {}
    for each in sorted(sources, key=lambda one: one.complete):
        told = {
            "name": text(each.source, 63),
            "partition": text(each.partition, NAME),
            "complete": each.complete,
            "entries": each.entries,
            "expected": each.expected,
            "tracking": text(each.tracking, 16),
            "delta": each.delta,
            "milliseconds": milliseconds(each.seconds),
            "doubt": each.doubt,
            "reason": text(each.reason, SENTENCE),
        }
        kept = {name: value for name, value in told.items() if name in _KEYS or value not in ("", None)}
        found.setdefault((str(told["name"]), str(told["partition"])), kept)
    return list(found.values())[:SOURCES]


def _finding(each: Mapping[str, str]) -> Object:
    return {
        "check": text(each["check"], 64),
        "text": text(each["text"], SENTENCE),
        "remedy": text(each["remedy"], SENTENCE),
    }


def _latency(latency: ExportLatency) -> dict[str, int]:
    told = {"p50": latency.p50, "p95": latency.p95}
    return {name: milliseconds(value) for name, value in told.items() if value is not None}


def _interval(seconds: float | None) -> str:
    return format_duration(timedelta(seconds=seconds)) if seconds is not None else ""


def _removals(latency: RemovalLatency) -> dict[str, int]:
    seconds = {"p50": latency.p50, "p95": latency.p95, "max": latency.max, "oldest": latency.oldest}
    told = {name: milliseconds(value) for name, value in seconds.items() if value is not None}
    return {"count": latency.count, "waiting": latency.waiting, **told}
