"""The goals of the whole cycle, and whether what was found reaches them. They are told, never asserted.

All but the last one are those of the largest size that was measured; seconds are the processor's, of whole processes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bench.found import Found, Measured
from bench.sources import DIRSYNC, SYNCREPL

RATIOS = {30: 20.0, 500: 14.0}
"""First sync, in the time of ldapsearch, by objects in a call."""
NOTHING = 2.0
"""Seconds of a run without a change."""
ONE_MEMBER = {SYNCREPL: 3.0, DIRSYNC: 2.0}
"""Seconds of a run with one more member of the largest group; the first source sends all of it, the other one value.
"""
PEAK = 250e6
EXPONENT = 1.1
"""Of the number of people."""


@dataclass(frozen=True)
class Goal:
    """One of them."""

    what: str
    found: str
    wanted: str
    reached: bool

    @property
    def told(self) -> str:
        """A line."""
        verdict = "reached" if self.reached else "NOT reached"
        return f"{verdict:<13}{self.what}: {self.found}, wanted: {self.wanted}"


def goals(found: Found) -> list[Goal]:
    """Those that something was found for."""
    return [
        *_ratios(found),
        *_nothing(found),
        *(goal for directory in ONE_MEMBER for goal in _one_member(found, directory)),
        *_peak(found),
        *_exponent(found),
    ]


def _ratios(found: Found) -> Iterator[Goal]:
    for objects, most in RATIOS.items():
        for one in found.of(SYNCREPL, objects)[-1:]:
            ratio = one.ratio("first sync")
            what = f"first sync of {one.people:,} people, {objects} objects in a call"
            yield Goal(what, f"{ratio:.1f} x ldapsearch", f"at most {most:.0f} x", ratio <= most)


def _nothing(found: Found) -> Iterator[Goal]:
    for one in found.of(SYNCREPL)[-1:]:
        yield _within(f"no change among {one.people:,} people", one.run("no change").whole.cpu, NOTHING)


def _one_member(found: Found, directory: str) -> Iterator[Goal]:
    for one in found.of(directory)[-1:]:
        run, what = one.run("one member added"), f"one more member of {largest(one):,} ({directory})"
        yield _within(what, run.whole.cpu, ONE_MEMBER[directory])
        yield Goal(what, f"{run.linked:,} {_link(run.linked)} on the wire", "1 link", run.linked == 1)


def largest(one: Measured) -> int:
    """Members of the largest group, after one more came."""
    return one.people // 6 * 5


def _peak(found: Found) -> Iterator[Goal]:
    if found.measured:
        peak = max(run.whole.peak for one in found.measured for run in one.runs)
        yield Goal("most memory of any run", f"{peak / 1e6:.0f} MB", f"less than {PEAK / 1e6:.0f} MB", peak < PEAK)


def _exponent(found: Found) -> Iterator[Goal]:
    sizes = found.of(SYNCREPL, 30)
    if len(sizes) > 1:
        power = exponent(sizes[0], sizes[-1])
        what = f"cost of a first sync from {sizes[0].people:,} to {sizes[-1].people:,} people"
        yield Goal(what, f"grows with the power {power:.2f}", f"at most {EXPONENT}", power <= EXPONENT)


def exponent(first: Measured, last: Measured) -> float:
    """The power of the number of people with which the processor's time of a first sync grows."""
    times = [one.run("first sync").whole.cpu for one in (first, last)]
    return math.log(times[1] / times[0]) / math.log(last.people / first.people)


def _within(what: str, seconds: float, most: float) -> Goal:
    return Goal(what, f"{seconds:.2f} s", f"at most {most:.0f} s", seconds <= most)


def _link(count: int) -> str:
    return "link" if count == 1 else "links"
