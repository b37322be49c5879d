"""What waits for an approval and what was approved, as text."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from syncramp.words import count, moment

SHOWN = 12
"""Digits of a digest as it is told."""


def approvable_lines(waiting: Iterable[Mapping[str, Any]], hold: str) -> Iterator[str]:
    """How to approve what one hold keeps back.

    :param waiting: all sets that wait, as ``Waiting.as_json``.
    """
    for each in waiting:
        if each["hold"] == hold:
            changes = f"{each['class']}, {count(each['changes'], 'change')}"
            yield f"    approve: syncramp approve FILE {each['digest'][:SHOWN]} ({changes})"


def approval_lines(approvals: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What was approved, one line for each approval.

    :param approvals: as ``Approval.as_json``.
    """
    for each in approvals:
        changes = f"{count(each['changes'], 'change')} ({each['class']}, {each['hold']})"
        yield (
            f"Approved {changes} by {each['by']} at {_moment(each['given'])} until {_moment(each['until'])}; "
            f"{each['wanted']:,} still wanted"
        )


def _moment(seconds: float) -> str:
    return moment(datetime.fromtimestamp(seconds, UTC))
