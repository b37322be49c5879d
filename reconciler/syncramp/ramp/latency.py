"""How long calls that carry links take, by the calls that were measured: ``seconds = call + links * link``.

A line is fitted by least squares of what a call is off by in parts of what it should take: calls vary by so many per
cent, not by so many seconds. Two things keep it sensible when little was measured. A guess stands beside the
measurements as if a few calls had been measured at both ends of the line, so that three calls of ten links do not
foretell one of 15,000. And what is far off the line counts less with every round (Huber, "Robust Estimation of a
Location Parameter", 1964): calls that a stalled service kept for minutes, and the guess, once many calls say
otherwise. Neither number is ever negative.

Nothing is public about what a link costs the real service. The guess is ours: half a minute for a full call, which is
half of what the gate ``ExportLatencyP95`` holds at and a tenth of what an answer may take (docs/wire.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Self

from syncramp.model.budget import WINDOW
from syncramp.ramp.findings import LEAST_CALLS
from syncramp.spec.types import WriteBudget
from syncramp.words import count

CALL = 2.0
"""Seconds, a guess: for the call itself."""
LINK = 0.002
"""Seconds, a guess: for one link."""
TAIL = 1.5
"""A guess: how much longer than usual the slowest one of 20 calls takes."""
FULL = 15_000
"""Links of a full call (docs/wire.md)."""
TRUST = 2.0
"""Calls that the guess counts as, at each end of the line."""
ROUNDS = 6
"""Of weighing; the line stands still before."""
BUCKET = 0.05
"""Part of the seconds to which they are kept (``store.samples``): nearer to the line is the same."""
SHORTEST = 1e-3
"""Seconds of a call, at least."""
HUBER = 1.345
"""Deviations from which a call counts less: 95 % as efficient as least squares where nothing is far off."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Calls that carried about as many links and took about as long."""

    links: float
    seconds: float
    weight: float = 1.0
    """How many they were."""


@dataclass(frozen=True, slots=True)
class LatencyModel:
    """What a call takes."""

    call: float = CALL
    """Seconds for the call itself."""
    link: float = LINK
    """Seconds for each link."""
    tail: float = TAIL
    """How much longer the slowest one of 20 takes."""
    calls: int = 0
    """Measured ones it stands on; 0: it is a guess."""
    most: int = 0
    """Links of the largest of them."""
    full: int = FULL
    """Links of a full call."""

    def seconds(self, links: float) -> float:
        """Of a usual call with so many links."""
        return self.call + self.link * links

    def slow(self, links: float) -> float:
        """Of the slowest one of 20 calls with so many links: their 95th percentile."""
        return self.tail * self.seconds(links)

    def export(self, links: int, per_call: int) -> float:
        """Seconds for so many links to one group: its calls never fly at the same time."""
        full, rest = divmod(links, per_call)
        return full * self.seconds(per_call) + (self.seconds(rest) if rest else 0.0)

    @property
    def source(self) -> str:
        """What it stands on, as a clause."""
        if not self.calls:
            return "a guess: no call with links was measured yet"
        if self.calls < LEAST_CALLS:
            return (
                f"mostly a guess: measured were {count(self.calls, 'call')} with links, at most {self.most:,} in one"
            )
        told = f"measured: {count(self.calls, 'call')} with links, at most {self.most:,} in one"
        return told if 2 * self.most >= self.full else f"{told}; larger calls are reckoned from those"


GUESS = LatencyModel()
DIRECTORY = LatencyModel(call=0.05, link=0.0004, full=500)
"""A guess of a request to a domain controller: a full one takes half of what ``ADModifyLatencyP95`` holds at."""


def fitted(measured: Iterable[Timed], guess: LatencyModel = GUESS) -> LatencyModel:
    """The line that fits what was measured, beside the guess."""
    calls = [each for each in measured if each.weight > 0]
    if not calls:
        return guess
    line, guessed = guess, [Timed(links, guess.seconds(links), TRUST) for links in (0, guess.full)]
    for _ in range(ROUNDS):
        line = _line([*calls, *guessed], line)
    number = sum(each.weight for each in calls)
    most = ceil(max(each.links for each in calls))
    return LatencyModel(line.call, line.link, _tail(calls, line, number), round(number), most, guess.full)


@dataclass(frozen=True, slots=True)
class Calls:
    """Links in calls: so many with so many links each."""

    sizes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, links: int, groups: int, per_call: int, objects_per_call: int) -> Self:
        """Links of several groups, packed as an export does: a call is full by its links or by its groups."""
        full, rest = divmod(links, per_call)
        least = -(-groups // objects_per_call) if links else 0
        if full + bool(rest) >= least:
            return cls(tuple((size, number) for size, number in ((per_call, full), (rest, 1)) if size and number))
        return cls(((-(-links // least), least),))

    @property
    def number(self) -> int:
        """Of all calls."""
        return sum(number for _, number in self.sizes)

    def seconds(self, latency: LatencyModel) -> float:
        """Of all calls, one after the other."""
        return sum(number * latency.seconds(links) for links, number in self.sizes)


def paced(links: int, writes: WriteBudget) -> float:
    """Seconds until the last of so many links may go: our share of the throttle goes at once, and each further share
    waits for five minutes (``endpoint.throttle``).
    """
    share = max(1, int(writes.links_per_five_minutes * writes.share / 100))
    return max(0, links - 1) // share * WINDOW * 60.0


def _line(calls: Sequence[Timed], before: LatencyModel) -> LatencyModel:
    """The line that fits best when every call counts by how far it is off the line before."""
    points = list(zip(calls, _weighed(calls, before), strict=True))
    total = sum(weight for _, weight in points)
    links = sum(weight * each.links for each, weight in points) / total
    seconds = sum(weight * each.seconds for each, weight in points) / total
    spread = sum(weight * (each.links - links) ** 2 for each, weight in points)
    slope = sum(weight * (each.links - links) * (each.seconds - seconds) for each, weight in points) / spread
    if slope < 0:
        return LatencyModel(seconds, 0.0)
    if (call := seconds - slope * links) >= 0:
        return LatencyModel(call, slope)
    square = sum(weight * each.links**2 for each, weight in points)
    return LatencyModel(0.0, sum(weight * each.links * each.seconds for each, weight in points) / square)


def _weighed(calls: Sequence[Timed], line: LatencyModel) -> Iterator[float]:
    """What each counts in a fit of seconds: less where a call takes long anyway, and far off the line."""
    off = [abs(each.seconds / _least(line, each.links) - 1) for each in calls]
    usual = 1.4826 * quantile([(far, each.weight) for far, each in zip(off, calls, strict=True)], 0.5)
    near = HUBER * max(usual, BUCKET)
    for each, far in zip(calls, off, strict=True):
        yield each.weight * min(1.0, near / far if far else 1.0) / _least(line, each.links) ** 2


def _least(line: LatencyModel, links: float) -> float:
    return max(line.seconds(links), SHORTEST)


def _tail(calls: Sequence[Timed], line: LatencyModel, number: float) -> float:
    """How much longer than the line says the slowest one of 20 took; a guess of fewer."""
    if number < LEAST_CALLS:
        return TAIL
    return max(1.0, quantile([(each.seconds / _least(line, each.links), each.weight) for each in calls], 0.95))


def quantile(values: Iterable[tuple[float, float]], part: float) -> float:
    """The smallest value that so large a part of the weight does not exceed."""
    ordered = sorted(values)
    left = part * sum(weight for _, weight in ordered)
    for value, weight in ordered:
        left -= weight
        if left <= 1e-9:
            return value
    return ordered[-1][0]
