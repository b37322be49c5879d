"""What a run cost, in rows that add up to the whole of its process.

A row is a phase, or what lies around them: "start" until the first phase begins, "between" phases, and "end" from the
last one until the process is gone. Wherever nothing else is said, times are seconds and memory is bytes.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

START, BETWEEN, END = "start", "between", "end"
PROVISION = "ProvisionAzureADSyncObjects2"


@dataclass(frozen=True)
class Mark:
    """A moment of a process."""

    name: str
    """The phase that begins or ends here."""
    begins: bool
    at: float
    """On the clock of the machine."""
    cpu: float
    """Of all threads, since the process was started."""
    peak: int
    objects: int
    links: int
    """That the phase counted."""


@dataclass(frozen=True)
class Call:
    """A call to the endpoint."""

    at: float
    operation: str
    objects: int
    links: int
    sent: int
    received: int
    """Bytes of the messages, as the client sees it."""


@dataclass(frozen=True)
class Row:
    """A phase, or several of one name."""

    name: str
    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    """At its end; the most that the process ever had until then."""
    objects: int = 0
    links: int = 0
    """That the phase counted."""
    calls: int = 0
    sent: int = 0
    received: int = 0

    def __add__(self, other: "Row") -> "Row":
        """Both, under the name of this one."""
        made = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        return replace(self, **made, peak=max(self.peak, other.peak))


_SUMS = ("wall", "cpu", "objects", "links", "calls", "sent", "received")


@dataclass(frozen=True)
class Run:
    """One run of a process, which its rows add up to."""

    what: str
    rows: Sequence[Row]
    exported: int
    linked: int
    """Objects and links in the calls of its exports, as the tenant counted them."""
    servers: dict[str, float]
    """Seconds of the processor of those on the other side, by name; they count nowhere else."""
    store: int
    """Bytes of the store afterwards; 0: nobody looked."""
    code: int
    """How the command ended."""

    @property
    def whole(self) -> Row:
        return sum(self.rows, Row(self.what))

    @property
    def sent(self) -> Row:
        """The whole, with the objects and links that were sent."""
        return replace(self.whole, objects=self.exported, links=self.linked)

    def row(self, name: str) -> Row:
        """A row by name; an empty one if there is none."""
        return next((row for row in self.rows if row.name == name), Row(name))

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """From JSON."""
        return cls(**{**data, "rows": [Row(**row) for row in data["rows"]]})


def rows(marks: Sequence[Mark], began: float, ended: float, cpu: float, calls: Sequence[Call]) -> list[Row]:
    """The rows of a run in the order in which they came first.

    :param began: when the process was started; ``ended``: when it was gone.
    :param cpu: of the whole process.
    """
    made: dict[str, Row] = {}
    under_way: list[str] = []
    last = Mark("", False, began, 0.0, 0, 0, 0)
    gone = Mark("", False, ended, cpu, max((mark.peak for mark in marks), default=0), 0, 0)
    for mark in (*marks, gone):
        name = under_way[-1] if under_way else START if not made else BETWEEN if mark.begins else END
        made[name] = made.get(name, Row(name)) + _row(name, last, mark, calls)
        if mark.begins:
            under_way.append(mark.name)
        elif under_way:
            under_way.pop()
        last = mark
    return list(made.values())


def _row(name: str, begins: Mark, ends: Mark, calls: Iterable[Call]) -> Row:
    own = [call for call in calls if begins.at < call.at <= ends.at]
    sent, received = sum(call.sent for call in own), sum(call.received for call in own)
    counts = (0, 0) if ends.begins else (ends.objects, ends.links)
    return Row(name, ends.at - begins.at, ends.cpu - begins.cpu, ends.peak, *counts, len(own), sent, received)


def marks_of(path: Path) -> list[Mark]:
    """The marks that ``bench.cycle_run`` made."""
    return [Mark(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def calls_of(path: Path, since: float) -> list[Call]:
    """The calls that ``bench.tenant_run`` wrote down since a moment."""
    made = (Call(**json.loads(line)) for line in path.read_text("utf-8").splitlines())
    return [call for call in made if call.at > since]
