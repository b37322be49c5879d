"""What waits for an approval and what was approved, as text."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from syncramp.model.approvals import Approval, Proposal
from syncramp.model.written import Side
from syncramp.words import count, moment, printable

VERSION = 1
"""Of the JSON."""
SHOWN = 12
"""Digits of a digest as it is told."""


WHERE = {Side.CLOUD: "", Side.DIRECTORY: " in Active Directory"}
"""Of what waits or was approved; most of it is in the cloud, which goes without saying."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is approved and what waits of what is written to one side."""

    side: Side
    new: Sequence[tuple[Approval, int]] = ()
    """Approvals that were given now, each with how many of its changes wait."""
    waiting: Sequence[Proposal] = ()
    approvals: Sequence[Approval] = ()
    """All that are valid."""


def approvals_of(waiting: Iterable[Mapping[str, Any]], hold: str) -> Iterator[tuple[str, str]]:
    """The commands that approve what one hold keeps back, each with what that is.

    :param waiting: all sets that wait, as ``Waiting.as_json``.
    """
    for each in waiting:
        if each["hold"] == hold:
            what = f"{each['class']}, {count(each['changes'], 'change')}"
            yield f"syncramp approve FILE {each['digest'][:SHOWN]}", what


def approvable_lines(waiting: Iterable[Mapping[str, Any]], hold: str) -> Iterator[str]:
    """The same, a line for each."""
    return (f"    approve: {command} ({what})" for command, what in approvals_of(waiting, hold))


def approval_lines(approvals: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What was approved, one line for each approval.

    :param approvals: as ``Approval.as_json``.
    """
    for each in approvals:
        yield f"Approved {_given(each)}"


def _given(each: Mapping[str, Any]) -> str:
    changes = f"{count(each['changes'], 'change')} ({each['class']}, {each['hold']})"
    times = f"at {_moment(each['given'])} until {_moment(each['until'])}"
    return f"{changes} by {printable(each['by'])} {times}; {each['wanted']:,} still wanted"


def waiting_lines(waiting: Iterable[Proposal], side: Side = Side.CLOUD) -> Iterator[str]:
    """What can be approved, one line for each set."""
    for each in waiting:
        yield f"{each.digest[:SHOWN]}  {_set(each)}{WHERE[side]}, as of {_moment(each.made)}"


def approve_lines(both: Sequence[Decisions]) -> Iterator[str]:
    """What ``syncramp approve`` did, and what is left to decide, of all that a document writes to."""
    for one in both:
        for each, still in one.new:
            by = f"by {printable(each.by)} until {_moment(each.until)}"
            yield f"Approved {each.digest[:SHOWN]}  {_set(each)}{WHERE[one.side]}, {by}"
            yield f"    wanted by the last plan: {still:,}; they go with the next run, and what comes later waits"
    for one in both:
        told = [each.id for each, _ in one.new]
        for approval in one.approvals:
            if approval.id not in told:
                yield f"Approved {approval.digest[:SHOWN]}  {_given(approval.as_json())}{WHERE[one.side]}"
    lines = [line for one in both for line in waiting_lines(one.waiting, one.side)]
    yield from (f"Waits    {line}" for line in lines)
    if not lines:
        yield "Nothing else waits" if any(one.approvals for one in both) else "Nothing waits"


def decision_lines(approvals: Iterable[Approval], proposals: Iterable[Proposal]) -> Iterator[str]:
    """What was approved, and what can be, of one object."""
    for approval in approvals:
        times = f"at {_moment(approval.given)} until {_moment(approval.until)}"
        yield f"  approved by {printable(approval.by)} {times} ({approval.part}, {approval.hold})"
    for each in proposals:
        yield f"  waits for an approval: syncramp approve FILE {each.digest[:SHOWN]} ({_set(each)})"


def approve_document(both: Sequence[Decisions]) -> Iterator[str]:
    """The same as JSON."""
    body = {
        "version": VERSION,
        "given": [{**_sided(each, one), "waiting": still} for one in both for each, still in one.new],
        "waiting": [_sided(each, one) for one in both for each in one.waiting],
        "approvals": [_sided(each, one) for one in both for each in one.approvals],
    }
    yield json.dumps(body, indent=2)


def _sided(each: Proposal | Approval, one: Decisions) -> dict[str, Any]:
    return {"direction": one.side.value, **each.as_json()}


def _set(each: Proposal | Approval) -> str:
    return f"{count(each.changes, 'change')} ({each.part}, {each.hold})"


def _moment(seconds: float) -> str:
    return moment(datetime.fromtimestamp(seconds, UTC))
