"""A plan or a run as plain text: the same lines on a terminal, in a pipe and in a log."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from itertools import chain
from typing import Any

from syncramp.model.guards import Reading
from syncramp.model.plan import Plan, Sample
from syncramp.model.ramp_reports import GroupReport, RampReport
from syncramp.model.report import (
    ExportLatency,
    PhaseReport,
    RemovalLatency,
    RunReport,
    SourceReport,
    Tally,
    WindowReport,
    WireReport,
)
from syncramp.model.sizes import Histogram
from syncramp.model.stages import StageReport
from syncramp.model.written import WrittenReport
from syncramp.report.approvals import approval_lines
from syncramp.report.causes import drift_lines, origin_lines
from syncramp.report.guards import tripped_lines
from syncramp.report.parts import categories, counts, held, largest, source_lines, tallies, unmanaged, violations
from syncramp.report.plan_text import cost_line, digest_lines, member_line, riskiest, size_lines
from syncramp.report.preflight import preflight_lines
from syncramp.report.ramps import ramp_line, ramp_lines
from syncramp.report.stages import stage_lines, window_lines
from syncramp.report.writeback import writeback_lines
from syncramp.words import clock, count, moment, printable


def plan_lines(
    plan: Plan, report: RunReport, sizes: Histogram | None = None, back: Plan | None = None
) -> Iterator[str]:
    """A plan: what would go, what is held, and the riskiest first.

    Values come from directories, where people write what they like: none of them may make a line of its own.

    :param sizes: of all groups.
    :param back: of the other direction.
    """
    return map(printable, chain(_plan(plan, report, sizes), writeback_lines(report.writeback, back)))


def _plan(plan: Plan, report: RunReport, sizes: Histogram | None) -> Iterator[str]:
    yield from source_lines(report.sources)
    yield from unmanaged(report.unmanaged)
    if plan.empty:
        yield _nothing(report)
        yield from ramp_lines(plan.ramps)
        yield from _remarks(report)
        return
    yield from counts(plan.counts, plan.topics)
    yield from member_line(plan)
    yield from cost_line(plan.budget)
    if plan.anchor_writes:
        yield f"  {count(plan.anchor_writes, 'anchor')} to write into the directory before the create"
    if plan.attributes:
        changed = ", ".join(f"{name} {number:,}" for name, number in largest(plan.attributes))
        yield f"  changed attributes: {changed}"
    yield from origin_lines(plan)
    yield from riskiest(plan)
    yield from size_lines(sizes)
    yield from ramp_lines(plan.ramps)
    yield from tripped_lines(plan.readings, plan.holds)
    yield from held(plan.holds, plan.hold_samples, report.waiting)
    yield from approval_lines(report.approvals)
    yield from _remarks(report)
    yield from digest_lines(plan)


def _remarks(report: RunReport) -> Iterator[str]:
    """What is kept back, and what somebody should know beside the changes."""
    yield from preflight_lines(report)
    yield from stage_lines(report.stage)
    yield from window_lines(report.windows)
    yield from drift_lines(report)
    yield from violations(report)
    yield from categories("Warning", report.warnings, report.warning_samples)


def _nothing(report: RunReport) -> str:
    if not all(source.complete for source in report.sources):
        return "Nothing to send; a source is not complete, so there may be more to do."
    but = ", but for what is kept back" if report.violations else ""
    return f"Nothing to do: the cloud is known to hold what the sources say{but}."


def run_lines(report: RunReport) -> Iterator[str]:
    """A run: what it did, in numbers that agree; none of its values makes a line of its own."""
    return map(printable, _run(report))


def _run(report: RunReport) -> Iterator[str]:
    yield from _wire(report.wire)
    yield from source_lines(report.sources)
    yield from unmanaged(report.unmanaged)
    if not report.sends:
        yield f"Nothing was sent: spec.mode is {report.mode}"
    yield from counts(report.counts, {})
    yield from tallies(report)
    yield from _slices(report)
    yield from _removals(report.removal_latency)
    if report.anchors_written:
        yield f"Anchors written into the directory: {report.anchors_written:,}"
    yield from tripped_lines(report.guards, report.holds)
    yield from held(report.holds, report.hold_samples, report.waiting)
    yield from approval_lines(report.approvals)
    yield from violations(report)
    yield from categories("Refused", report.errors, report.error_samples)
    yield from drift_lines(report)
    yield from categories("Warning", report.warnings, report.warning_samples)
    yield from preflight_lines(report)
    yield from stage_lines(report.stage)
    yield from window_lines(report.windows)
    yield from map(ramp_line, report.ramps)
    yield from _cloud(report)
    if report.certificate_valid_until:
        until = datetime.fromisoformat(report.certificate_valid_until)
        yield f"Certificate valid until {moment(until)}"
    yield from writeback_lines(report.writeback)
    if report.phases:
        yield "Phases: " + "  ".join(f"{phase.name} {_seconds(phase.seconds)}" for phase in report.phases)
    if report.failure:
        yield f"Failed: {report.failure}"


def kept_run_lines(number: int, state: str, began: datetime, kept: Mapping[str, Any]) -> Iterator[str]:
    """A run as it was kept in the store."""
    yield f"Run {number} of {began:%Y-%m-%d %H:%M:%S} UTC: {state}"
    if kept:
        report = report_from(kept)
        report.windows = WindowReport()  # whoever asks later is told of now
        yield from map(printable, _profile(report.wire))
        yield from run_lines(report)


def report_from(kept: Mapping[str, Any]) -> RunReport:
    """The report a run was kept with, by this or an earlier version."""
    known = {each.name: kept[each.name] for each in fields(RunReport) if each.name in kept}
    report = RunReport(**{**known, "objects": Tally(**kept["objects"]), "links": Tally(**kept["links"])})
    report.writeback = report_from(kept["writeback"]) if kept.get("writeback") else None
    report.written = WrittenReport(**kept["written"]) if kept.get("written") else None
    report.wire = WireReport(**kept.get("wire", {}))
    report.removal_latency = RemovalLatency(**kept.get("removal_latency", {}))
    report.stage = StageReport(**kept.get("stage", {}))
    report.windows = WindowReport(**kept.get("windows", {}))
    report.export_latency = ExportLatency(**kept.get("export_latency", {}))
    report.sources = [SourceReport(**source) for source in kept["sources"]]
    report.guards = [Reading(**reading) for reading in kept.get("guards", ())]
    report.ramps = [
        RampReport(**{**ramp, "held": [GroupReport(**group) for group in ramp["held"]]})
        for ramp in kept.get("ramps", ())
    ]
    report.phases = [PhaseReport(**phase) for phase in kept["phases"]]
    for name in ("hold_samples", "error_samples", "warning_samples", "violation_samples", "drift_samples"):
        samples = {key: [Sample(**sample) for sample in group] for key, group in kept.get(name, {}).items()}
        setattr(report, name, samples)
    return report


def _profile(wire: WireReport) -> Iterator[str]:
    if wire.probed:
        differing = f"; not as expected: {', '.join(wire.differing)}" if wire.differing else ""
        when = wire.probed.replace("T", " ").replace("Z", " UTC")
        yield f"Wire profile of {when}, made of {wire.host} by syncramp {wire.syncramp}{differing}"


def _wire(wire: WireReport) -> Iterator[str]:
    """What somebody must know of the wire before anything else; nothing where it was looked at lately."""
    if not wire.probed:
        taken = "and spec.target.endpoint.unverified takes it so" if wire.accepted else "which mode Sync needs"
        yield f"The wire is unverified: no profile is named, {taken}"
    elif wire.warning:
        yield f"Warning: {wire.warning}"


def _slices(report: RunReport) -> Iterator[str]:
    if report.slices > 1:
        yield f"Slices: {report.slices:,}"
    if report.sliced:
        yield "The slice was over before everything was sent; the next run goes on"


def _removals(latency: RemovalLatency) -> Iterator[str]:
    """How long disables and member removals took; nothing where there were none."""
    parts = []
    if latency.p50 is not None and latency.p95 is not None and latency.max is not None:
        took = f"p50 {clock(latency.p50)}, p95 {clock(latency.p95)}, max {clock(latency.max)}"
        parts.append(f"{latency.count:,} acknowledged ({took})")
    if latency.oldest is not None:
        parts.append(f"{latency.waiting:,} waiting (the oldest for {clock(latency.oldest)})")
    if parts:
        yield f"Disables and member removals: {', '.join(parts)}"


def _cloud(report: RunReport) -> Iterator[str]:
    held = ", ".join(count(number, kind.lower()) for kind, number in sorted(report.in_cloud.items())) or "nothing"
    yield f"In the cloud: {held}"
    yield (
        f"Confirmed by read-back: {count(report.confirmed, 'object')}, {report.with_differences:,} more with "
        f"differences; unconfirmed: {count(report.unconfirmed, 'object')}, {count(report.unconfirmed_links, 'link')}"
    )
    if report.loose_references:
        loose = count(report.loose_references, "reference")
        yield f"Left: {loose} to somebody who was deleted in this run; the next run clears it"
    if report.missing_links:
        missing = count(report.missing_links, "link")
        yield f"Missing: {missing} answered as added and not there; the next run adds them again"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 60 else f"{int(seconds // 60)}m{int(seconds % 60):02d}s"
