"""Groups that are written back, as a plan and a run tell of them: a block of its own below the other direction.

The report of this direction is a report of a run as the other one's, so its parts are told by the same functions, in
words of the directory where they differ. What cannot be written (people of the cloud alone, guests) is a fact of the
groups and stands among the numbers, not among what is wrong.
"""

from collections.abc import Iterator

from syncramp.model.cloud import Unwritable
from syncramp.model.plan import Plan, Verb
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.model.written import Side, WrittenReport
from syncramp.report.approvals import approval_lines
from syncramp.report.causes import drift_lines
from syncramp.report.guards import tripped_lines
from syncramp.report.parts import categories, held, largest, tallies
from syncramp.report.plan_text import member_line, riskiest
from syncramp.report.ramps import ramp_line
from syncramp.words import clock, count
from syncramp.writeback.unwritable import WORDS

TITLE = "Written back to Active Directory"


def writeback_lines(report: RunReport | None, plan: Plan | None = None) -> Iterator[str]:
    """The block; nothing where the document asks for no writeback.

    :param plan: what the directory would get, of a run that sends nothing.
    """
    if report is not None:
        yield f"{TITLE}{where(report.written)}"
        yield from (f"  {line}" for line in _lines(report, plan))


def where(written: WrittenReport | None) -> str:
    """Container and domain controller, behind a colon; nothing where they are not known."""
    if written is None:
        return ""
    server = f", on {written.server}" if written.server else ""
    note = f" ({written.note})" if written.note else ""
    return f": {written.container}{server}{note}" if written.container else ""


def _lines(report: RunReport, plan: Plan | None) -> Iterator[str]:
    if planned := planned_groups(report):
        yield f"Groups: {planned}"
    if plan is not None:
        yield from (line.removeprefix("  ") for line in (*member_line(plan), *riskiest(plan)))
    if report.planned:
        yield from tallies(report)
    yield from fact_lines(report.written)
    yield from tripped_lines(report.guards, report.holds)
    yield from held(report.holds, report.hold_samples, report.waiting, Side.DIRECTORY)
    yield from approval_lines(report.approvals)
    yield from categories("Refused", report.errors, report.error_samples)
    yield from drift_lines(report, Side.DIRECTORY)
    yield from categories("Warning", report.warnings, report.warning_samples)
    yield from map(ramp_line, report.ramps)
    if report.failure:
        yield f"Failed: {report.failure}"
    elif not report.planned:
        yield "Nothing to do: the directory is known to hold what the cloud says"


def planned_groups(report: RunReport) -> str:
    """Groups that are made, changed or deleted, by what is done with them; empty where none is."""
    numbers = {verb.value: report.counts.get(verb.value, {}).get(Kind.GROUP.value, 0) for verb in Verb}
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number)


def fact_lines(written: WrittenReport | None) -> Iterator[str]:
    """What there is in the directory, and what of the cloud is not, and why."""
    if written is None:
        return
    yield f"In the directory: {count(written.groups, 'group')} with {count(written.members, 'member')}"
    for reason, number in largest(written.refused):
        yield f"Not written {count(number, 'group')} of the cloud: {reason}"
    for reason, number in largest(written.unwritable):
        yield f"Cannot be members there {number:,} ({reason}): {unwritable(reason)}"
    if written.strangers:
        yield f"Members there of whom no source knows: {written.strangers:,}; they stay"
    if written.left_alone:
        yield f"Not taken over: {written.left_alone}"
    if written.unwanted:
        yield f"Left as they are: {count(written.unwanted, 'group')} there with the mark of one that is not written"
    if (age := written.converged_seconds) is not None:
        yield f"Replication: {replication(age)}"


def unwritable(reason: str) -> str:
    """What members are who cannot be written for a reason; of a reason that is not known, itself."""
    known = next((each for each in Unwritable if each.value == reason), None)
    return WORDS[known] if known else reason


def replication(age: float) -> str:
    """How far the writable domain controllers are.

    :param age: seconds since the oldest write that one of them lacks; 0: none lacks any.
    """
    if not age:
        return "every writable domain controller has our last write"
    return f"a writable domain controller lacks a write that is {clock(age)} old"
