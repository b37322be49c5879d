"""What waits for an approval and what was approved, as text."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from syncramp.model.approvals import Approval, Proposal
from syncramp.words import count, moment, printable

VERSION = 1
"""Of the JSON."""
SHOWN = 12
"""Digits of a digest as it is told."""


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


def waiting_lines(waiting: Iterable[Proposal]) -> Iterator[str]:
    """What can be approved, one line for each set."""
    for each in waiting:
        yield f"{each.digest[:SHOWN]}  {_set(each)}, as of {_moment(each.made)}"


def approve_lines(
    new: Iterable[tuple[Approval, int]], waiting: Iterable[Proposal], approvals: Sequence[Approval]
) -> Iterator[str]:
    """What ``syncramp approve`` did, and what is left to decide.

    :param new: approvals that were given now, each with how many of its changes wait.
    :param approvals: all that are valid.
    """
    told = [each.id for each, _ in new]
    for each, still in new:
        yield f"Approved {each.digest[:SHOWN]}  {_set(each)}, by {printable(each.by)} until {_moment(each.until)}"
        yield f"    wanted by the last plan: {still:,}; they go with the next run, and what comes later waits"
    for approval in approvals:
        if approval.id not in told:
            yield f"Approved {approval.digest[:SHOWN]}  {_given(approval.as_json())}"
    lines = list(waiting_lines(waiting))
    yield from (f"Waits    {line}" for line in lines)
    if not lines:
        yield "Nothing else waits" if approvals else "Nothing waits"


def decision_lines(approvals: Iterable[Approval], proposals: Iterable[Proposal]) -> Iterator[str]:
    """What was approved, and what can be, of one object."""
    for approval in approvals:
        times = f"at {_moment(approval.given)} until {_moment(approval.until)}"
        yield f"  approved by {printable(approval.by)} {times} ({approval.part}, {approval.hold})"
    for each in proposals:
        yield f"  waits for an approval: syncramp approve FILE {each.digest[:SHOWN]} ({_set(each)})"


def approve_document(
    new: Iterable[tuple[Approval, int]], waiting: Iterable[Proposal], approvals: Sequence[Approval]
) -> Iterator[str]:
    """The same as JSON."""
    body = {
        "version": VERSION,
        "given": [{**each.as_json(), "waiting": still} for each, still in new],
        "waiting": [each.as_json() for each in waiting],
        "approvals": [each.as_json() for each in approvals],
    }
    yield json.dumps(body, indent=2)


def _set(each: Proposal | Approval) -> str:
    return f"{count(each.changes, 'change')} ({each.part}, {each.hold})"


def _moment(seconds: float) -> str:
    return moment(datetime.fromtimestamp(seconds, UTC))
