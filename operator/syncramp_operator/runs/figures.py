"""The report of a run as members of ``SyncRun.status``: the same numbers, bounded examples, whole numbers of units.

The report is the truth. Nothing is counted here; lists keep what matters most, and names that become the same when
they are cut are one entry.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Decided
from syncramp.model.report import RemovalLatency, RunReport, SourceReport
from syncramp.model.written import Side
from syncramp.spec.durations import format_duration
from syncramp_operator.api.resources import Object
from syncramp_operator.runs.bounds import NAME, SENTENCE, first, stamp, text
from syncramp_operator.runs.counted import (
    CATEGORIES,
    categories,
    changes,
    drift,
    duration,
    latency_of,
    milliseconds,
    phases_of,
    tally,
)
from syncramp_operator.runs.written_back import written_back

SOURCES = 32
RAMPS = 17
"""Of one direction: one more than a document can have, the built-in one."""
WAITING = 16
"""Sets of both directions."""
FEW = 10
VERDICTS, DECISIONS = 8, 4
CHANGES = 32
WORD = 32
_KEYS = ("name", "partition")
"""Of sources and ramps; they are told even if they are empty."""


def figures(report: RunReport, decided: Sequence[Decided] = ()) -> Object:
    """What a run did.

    :param decided: what it decided about ramps, the oldest first; it is told the other way round.
    """
    other = report.writeback or RunReport()
    both = (*report.ramps[:RAMPS], *other.ramps[:1])
    found = {
        "number": report.run,
        "sliced": report.sliced,
        "digest": report.digest,
        "objects": tally(report.objects),
        "links": tally(report.links),
        "phases": phases_of(report.phases),
        "confirmed": report.confirmed,
        "withDifferences": report.with_differences,
        "unconfirmed": report.unconfirmed,
        "unconfirmedLinks": report.unconfirmed_links,
        "missingLinks": report.missing_links,
        "looseReferences": report.loose_references,
        "changes": list(changes(report))[:CHANGES],
        "inCloud": _in_cloud(report.in_cloud),
        "calls": report.calls,
        "writes": report.writes,
        "throttled": report.throttled,
        "exportLatency": latency_of(report.export_latency),
        "serviceInterval": _interval(report.service_interval),
        "errorCount": sum(report.errors.values()),
        "errors": categories("category", NAME, report.errors, report.error_samples),
        "holds": categories("reason", 64, report.holds, report.hold_samples),
        "guards": [_guard(each) for each in report.guards if each.tripped][:CATEGORIES],
        "drift": drift(report.drift),
        "waiting": _waiting(report.waiting, other.waiting),
        "ramps": [_ramp(ramp, decided) for ramp in both],
        "rampProgress": _progress(report.ramps),
        "sources": _sources(report.sources),
        "preflight": [_finding(each) for each in report.preflight[:FEW]],
        "removalLatency": _removals(report.removal_latency),
        "certificateValidUntil": report.certificate_valid_until,
        "writeback": written_back(report.writeback) if report.writeback else None,
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


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


def _waiting(cloud: Iterable[Mapping[str, Any]], directory: Iterable[Mapping[str, Any]]) -> list[Object]:
    """Sets of changes that a person can approve, the largest first; the directory's have room of their own."""
    there = [_waits(each, Side.DIRECTORY) for each in _largest_sets(directory)]
    here = [_waits(each, Side.CLOUD) for each in _largest_sets(cloud)]
    return first([*here, *there], WAITING)


def _largest_sets(sets: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(sets, key=lambda each: (-each["changes"], each["digest"]))


def _waits(each: Mapping[str, Any], side: Side) -> Object:
    told = {"class": each["class"], "digest": each["digest"], "count": each["changes"], "reason": each["hold"]}
    return {"direction": side.value, **told}


def _ramp(ramp: RampReport, decided: Iterable[Decided]) -> Object:
    told = {
        "name": text(ramp.name, 63),
        "direction": ramp.direction,
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


def _interval(seconds: float | None) -> str:
    return format_duration(timedelta(seconds=seconds)) if seconds is not None else ""


def _removals(latency: RemovalLatency) -> dict[str, int]:
    seconds = {"p50": latency.p50, "p95": latency.p95, "max": latency.max, "oldest": latency.oldest}
    told = {name: milliseconds(value) for name, value in seconds.items() if value is not None}
    return {"count": latency.count, "waiting": latency.waiting, **told}
