"""What guards say, as text and as JSON."""

import json
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from syncramp.model.guards import Reading
from syncramp.model.plan import Plan
from syncramp.model.report import RunReport
from syncramp.words import count, printable

VERSION = 1


def readings(found: Iterable[Reading]) -> list[dict[str, Any]]:
    """Readings as plain data."""
    return [asdict(reading) for reading in found]


def tripped_lines(found: Iterable[Reading], holds: Container[str]) -> Iterator[str]:
    """The guards that hold something of a plan or of a run, with the number and the limit.

    :param holds: those that hold anything; what a guard held and a person approved goes, and its line would puzzle.
    """
    for reading in holding(found, holds):
        yield f"Guard {reading.guard} holds {reading.holds}: {reading.sentence}"


def holding(found: Iterable[Reading], holds: Container[str]) -> Iterator[Reading]:
    """The readings of guards that hold something now."""
    return (reading for reading in found if reading.tripped and reading.holds and reading.hold in holds)


def guard_lines(plan: Plan, other: RunReport | None = None) -> Iterator[str]:
    """Every guard with its value, its limit and how far it is from it; values of directories make no line.

    :param other: of written-back groups; None: the document asks for none.
    """
    yield from map(printable, _lines(plan.readings))
    if other is not None:
        yield "Groups written back to Active Directory"
        yield from map(printable, _lines(other.guards))


def _lines(found: Sequence[Reading]) -> Iterator[str]:
    yield f"{'':9}{'value':>9}{'limit':>9}{'distance':>10}  guard"
    for reading in found:
        state = "TRIPPED" if reading.tripped else ""
        numbers = f"{reading.value:>9,}{_number(reading.limit):>9}{_number(reading.distance):>10}"
        subject = f" of {reading.subject}" if reading.subject else ""
        field = f" ({reading.field})" if reading.field else ""
        yield f"{state:9}{numbers}  {reading.guard}{subject}{field}"
    tripped = [reading for reading in found if reading.tripped]
    for reading in tripped:
        yield f"{reading.guard}: {reading.sentence}{_held(reading)}"
    yield f"{count(len(found), 'reading')}, {len(tripped):,} tripped"


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _held(reading: Reading) -> str:
    if reading.holds:
        return f"; holds {reading.holds} ({reading.hold})"
    return f"; held one by one ({reading.hold})" if reading.hold else ""


def guards_document(plan: Plan, other: RunReport | None = None) -> str:
    """The same as JSON; the form is documented in ``docs/plan-json.md``."""
    body = {"version": VERSION, "digest": plan.digest, **_document(plan.readings)}
    body["writeback"] = None if other is None else {"digest": other.digest, **_document(other.guards)}
    return json.dumps(body, indent=2)


def _document(found: Sequence[Reading]) -> dict[str, Any]:
    return {"tripped": sum(reading.tripped for reading in found), "guards": readings(found)}
