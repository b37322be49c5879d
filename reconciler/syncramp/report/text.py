"""A plan or a run as plain text: the same lines on a terminal, in a pipe and in a log."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

<<<<<<< HEAD
from syncramp.endpoint.causes import remedy_of
from syncramp.model.desire import Code
from syncramp.model.guards import Reading
from syncramp.model.holds import Hold
=======
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)
from syncramp.model.plan import Plan, Sample
from syncramp.model.report import PhaseReport, RemovalLatency, RunReport, SourceReport, Tally, WireReport
from syncramp.model.sizes import Histogram
from syncramp.model.stages import StageReport
from syncramp.model.state import Origin
<<<<<<< HEAD
from syncramp.model.values import Kind
from syncramp.report.approvals import approvable_lines, approval_lines
from syncramp.report.guards import tripped_lines
=======
from syncramp.report.approvals import approval_lines
from syncramp.report.parts import categories, counts, held, largest, sources, unmanaged, violations
from syncramp.report.plan_text import cost_line, digest_lines, member_line, riskiest, size_lines
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)
from syncramp.report.preflight import preflight_lines
from syncramp.report.stages import stage_lines
from syncramp.words import clock, count, moment, printable

<<<<<<< HEAD
_VERBS = ("Create", "Update", "Delete")
_HOLDS = {
    Hold.ADOPTION_REQUIRED: "the tenant is not proven empty, and nothing in it is ours yet: syncramp adopt FILE",
    Hold.SOURCE_NEVER_READ: "creates wait until every source was read completely once",
    Hold.SOURCE_INCOMPLETE: "a source is not complete: nothing destructive follows from it",
    Hold.ABSENT_ONCE: "absent from one complete import; the next one must agree",
    Hold.UNRESOLVED_MEMBER: "its group names somebody new whom no source knows: perhaps the same person, moved",
    Hold.VALUE_TAKEN: "a value that must be unique still belongs to another object",
    Hold.TOO_MANY_DELETES: "more deletes than failsafe.deletes lets go",
    Hold.TOO_MANY_MEMBERS: "the group would be larger than groups.maxMembers",
    Hold.ANCHOR: "its source anchor or its kind is in conflict",
    Hold.ANCHOR_NOT_WRITTEN: "its anchor could not be written into the directory",
    Hold.JOIN: "it is not clear with whom it should be joined",
    Hold.NOT_OURS: "an object with this anchor is in the tenant and is not ours",
    Hold.CLOUD_MANAGED: "the source of authority was moved to the cloud: nothing is sent for it",
    Hold.CALL_UNDER_WAY: "a call of an earlier run that was never answered may still be changing it",
    Hold.GROUP_DELETES: "deletes of large groups, or of more than failsafe.deletes.groups",
    Hold.DEVICE_DELETES: "more deletes of devices than failsafe.deletes.devices",
    Hold.TOO_MANY_REMOVALS: "more member removals than failsafe.memberRemovals lets go",
    Hold.TOO_MANY_DISABLES: "more disables than failsafe.disables.count",
    Hold.SIGN_IN: "more changes of what people sign in with than failsafe.signInAttributes lets go",
    Hold.TOO_MANY_CLEARS: "one attribute cleared at more objects than failsafe.attributeClears lets go",
    Hold.TOO_MANY_CREATES: "more creates than failsafe.creates lets go in an adopted tenant",
    Hold.MATCH: "the service would join it with an object that is not ours",
    Hold.RESTORE: "it would bring a deleted object back",
    Hold.CONFIGURATION: "it leaves because the document changed, not because its entry did",
    Hold.NESTING: "nested groups make more people members than failsafe.effectiveAdds",
    Hold.FOUND_AT_ADOPTION: "it was different when the tenant was adopted",
    Hold.APPROVAL_REQUIRED: "a person must approve it",
    Hold.CANARY: "beyond the share that may go to a tenant adopted lately",
}
=======
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)

def plan_lines(plan: Plan, report: RunReport, sizes: Histogram | None = None) -> Iterator[str]:
    """A plan: what would go, what is held, and the riskiest first.

    Values come from directories, where people write what they like: none of them may make a line of its own.

    :param sizes: of all groups.
    """
    return map(printable, _plan(plan, report, sizes))


<<<<<<< HEAD
def _plan(plan: Plan, report: RunReport) -> Iterator[str]:
    yield from source_lines(report.sources)
    yield from _unmanaged(report.unmanaged)
=======
def _plan(plan: Plan, report: RunReport, sizes: Histogram | None) -> Iterator[str]:
    yield from sources(report.sources)
    yield from unmanaged(report.unmanaged)
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)
    if plan.empty:
        yield _nothing(report)
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
    yield from _origins(plan)
<<<<<<< HEAD
    for verb in ("Delete", "Update", "Members", "Create"):
        yield from _samples(verb, plan.samples.get(verb, []), _total(plan, verb))
    yield from tripped_lines(plan.readings)
    yield from _held(plan.holds, plan.hold_samples, report.waiting)
=======
    yield from riskiest(plan)
    yield from size_lines(sizes)
    yield from held(plan.holds, plan.hold_samples, report.waiting)
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)
    yield from approval_lines(report.approvals)
    yield from _remarks(report)
    yield from digest_lines(plan)


def _remarks(report: RunReport) -> Iterator[str]:
    """What is kept back, and what somebody should know beside the changes."""
    yield from preflight_lines(report)
    yield from stage_lines(report.stage)
    yield from violations(report)
    yield from categories("Warning", report.warnings, report.warning_samples)


def _nothing(report: RunReport) -> str:
    if not all(source.complete for source in report.sources):
        return "Nothing to send; a source is not complete, so there may be more to do."
    but = ", but for what is kept back" if report.violations else ""
    return f"Nothing to do: the cloud is known to hold what the sources say{but}."


def _origins(plan: Plan) -> Iterator[str]:
    """What does not follow from a directory, and might look like an accident there."""
    if number := plan.origins.get(Origin.UPGRADE.word):
        versions = f" (default rules {plan.upgrade[0]} → {plan.upgrade[1]})" if plan.upgrade else ""
        yield f"  {_follow(number)} from the upgrade of Syncramp{versions}, not from a directory"
    if number := plan.origins.get(Origin.CONFIGURATION.word):
        yield f"  {_follow(number)} from a change of the document, not from a directory"


def _follow(number: int) -> str:
    return f"{number:,} of these changes {'follows' if number == 1 else 'follow'}"


def run_lines(report: RunReport) -> Iterator[str]:
    """A run: what it did, in numbers that agree; none of its values makes a line of its own."""
    return map(printable, _run(report))


def _run(report: RunReport) -> Iterator[str]:
    yield from _wire(report.wire)
<<<<<<< HEAD
    yield from source_lines(report.sources)
    yield from _unmanaged(report.unmanaged)
=======
    yield from sources(report.sources)
    yield from unmanaged(report.unmanaged)
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)
    if not report.sends:
        yield f"Nothing was sent: spec.mode is {report.mode}"
    yield from counts(report.counts, {})
    yield from _tallies(report)
    yield from _slices(report)
    yield from _removals(report.removal_latency)
    if report.anchors_written:
        yield f"Anchors written into the directory: {report.anchors_written:,}"
<<<<<<< HEAD
    yield from tripped_lines(report.guards)
    yield from _held(report.holds, report.hold_samples, report.waiting)
=======
    yield from held(report.holds, report.hold_samples, report.waiting)
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)
    yield from approval_lines(report.approvals)
    yield from violations(report)
    yield from categories("Refused", report.errors, report.error_samples)
    yield from categories("Warning", report.warnings, report.warning_samples)
    yield from preflight_lines(report)
    yield from stage_lines(report.stage)
    yield from _cloud(report)
    if report.certificate_valid_until:
        until = datetime.fromisoformat(report.certificate_valid_until)
        yield f"Certificate valid until {moment(until)}"
    if report.phases:
        yield "Phases: " + "  ".join(f"{phase.name} {_seconds(phase.seconds)}" for phase in report.phases)
    if report.failure:
        yield f"Failed: {report.failure}"


def kept_run_lines(number: int, state: str, began: datetime, kept: Mapping[str, Any]) -> Iterator[str]:
    """A run as it was kept in the store."""
    yield f"Run {number} of {began:%Y-%m-%d %H:%M:%S} UTC: {state}"
    if kept:
        report = report_from(kept)
        yield from map(printable, _profile(report.wire))
        yield from run_lines(report)


def report_from(kept: Mapping[str, Any]) -> RunReport:
    """The report a run was kept with, by this or an earlier version."""
    known = {each.name: kept[each.name] for each in fields(RunReport) if each.name in kept}
    report = RunReport(**{**known, "objects": Tally(**kept["objects"]), "links": Tally(**kept["links"])})
    report.wire = WireReport(**kept.get("wire", {}))
    report.removal_latency = RemovalLatency(**kept.get("removal_latency", {}))
    report.stage = StageReport(**kept.get("stage", {}))
    report.sources = [SourceReport(**source) for source in kept["sources"]]
    report.guards = [Reading(**reading) for reading in kept.get("guards", ())]
    report.phases = [PhaseReport(**phase) for phase in kept["phases"]]
    for name in ("hold_samples", "error_samples", "warning_samples", "violation_samples"):
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


<<<<<<< HEAD
def source_lines(sources: Sequence[SourceReport]) -> Iterator[str]:
    """Each source with its proof, or why it has none."""
    for source in sources:
        if source.complete:
            yield f"Source {source.source}: complete, {count(source.entries, 'entry')}"
        else:
            yield f"Source {source.source}: NOT complete: {source.reason}"


def _unmanaged(sources: Mapping[str, int]) -> Iterator[str]:
    for source, number in sources.items():
        objects = count(number, "object")
        yield f"Source {source}: not in the document any more; its {objects} stay in the cloud as they are"


def _counts(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    if not counts:
        return
    devices = any(Kind.DEVICE.value in numbers for numbers in counts.values())
    kinds = [kind for kind in Kind if kind is not Kind.DEVICE or devices]
    yield f"  {'':8}" + "".join(f"{kind.value + 's':>10}" for kind in kinds)
    for verb in _VERBS:
        if verb in counts:
            yield f"  {verb:8}" + "".join(f"{counts[verb].get(kind.value, 0):>10,}" for kind in kinds)


=======
>>>>>>> cdccdab (Tell a plan by what its changes are to people, with its cost, derived removals and group sizes)
def _tallies(report: RunReport) -> Iterator[str]:
    columns = ("expected", "acknowledged", "held", "refused", "in doubt", "left")
    yield f"  {'':8}" + "".join(f"{name:>14}" for name in columns)
    for name, tally in (("Objects", report.objects), ("Links", report.links)):
        yield f"  {name:8}" + "".join(f"{number:>14,}" for number in _numbers(tally))


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
        parts.append(f"{latency.count:,} acknowledged after they were seen: {took}")
    if latency.oldest is not None:
        parts.append(f"{latency.waiting:,} waiting, the oldest for {clock(latency.oldest)}")
    if parts:
        yield f"Disables and member removals: {'; '.join(parts)}"


def _numbers(tally: Tally) -> tuple[int, ...]:
    return tally.expected, tally.acknowledged, tally.held, tally.refused, tally.in_doubt, tally.left


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
