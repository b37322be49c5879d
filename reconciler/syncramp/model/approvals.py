"""Sets of changes that wait for a person, and approvals of such sets."""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from syncramp.model.holds import Class, Hold

ANNOTATION = "syncramp.io/approve"
"""Of a document: digests of the sets that are approved."""
ADOPTS = "syncramp.io/adopt"
"""Of a document: the digest of an adoption that is recorded."""
DIGITS = 32
"""Of a digest, as hexadecimal text."""
FEWEST = 8
"""Digits by which a set may be named: by chance two of 100 sets share them once in a million times."""


DIGEST = re.compile(rf"[0-9a-fA-F]{{{FEWEST},{DIGITS}}}")
"""A digest, or the beginning of one."""


def named_digests(text: str) -> tuple[str, ...]:
    """The digests that an annotation names, in small letters; whatever stands between commas."""
    return tuple(filter(None, (part.strip().lower() for part in text.split(","))))


class Marks(Collection[int]):
    """A set of 64-bit marks (``plan.marks``) that takes 8 bytes for each, where Python's own takes 60 and more."""

    __slots__ = ("_sorted",)

    def __init__(self, marks: Iterable[int] = ()) -> None:
        self._sorted = array("Q", (mark for mark, _ in groupby(sorted(marks))))

    def __contains__(self, mark: object) -> bool:
        if not isinstance(mark, int):
            return False
        place = bisect_left(self._sorted, mark)
        return place < len(self._sorted) and self._sorted[place] == mark

    def __iter__(self) -> Iterator[int]:
        """In ascending order."""
        return iter(self._sorted)

    def __len__(self) -> int:
        return len(self._sorted)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A set of changes of one class that one hold keeps back, and that a person can approve: it is frozen, so what
    comes to it later has another digest.
    """

    hold: Hold
    part: Class
    digest: str
    marks: Marks
    links: int = 0
    """How many of the changes are links."""

    def as_json(self) -> dict[str, Any]:
        """As it stands in reports."""
        return {
            "hold": self.hold.value,
            "class": self.part.value,
            "changes": len(self.marks),
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A set of changes that was held, and can be approved."""

    digest: str
    part: Class
    hold: Hold
    made: float
    """When a plan last made it (seconds since the epoch)."""
    changes: int
    waits: bool
    """It is of the last run, or of a plan since then."""

    def as_json(self) -> dict[str, Any]:
        """As it stands in reports."""
        return {
            "hold": self.hold.value,
            "class": self.part.value,
            "changes": self.changes,
            "digest": self.digest,
            "made": self.made,
        }


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person let go, and until when."""

    id: int
    digest: str
    hold: Hold
    part: Class
    by: str
    """Who gave it."""
    given: float
    """Seconds since the epoch."""
    until: float
    changes: int
    """Of the set that was approved."""
    wanted: int
    """Those that the last plan still wanted: what was sent, or is not wanted any more, has dropped out."""

    def as_json(self) -> dict[str, Any]:
        """As it stands in reports."""
        return {
            "digest": self.digest,
            "hold": self.hold.value,
            "class": self.part.value,
            "by": self.by,
            "given": self.given,
            "until": self.until,
            "changes": self.changes,
            "wanted": self.wanted,
        }
