"""A ramp that fits the groups that are written to a directory, and why each of its numbers is what it is.

One ramp is for all of them: some grow member by member, others come whole. Programs that read a directory break at
the same sizes everywhere, so its ceilings and soaks are those of the built-in ramp. A step at which nobody grows is
left out, and so is a pause that nobody passes; of large groups the last ceiling is just above the largest. How much a
request carries, and a run, follows from what requests took.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from syncramp.model.sizes import LIMITS
from syncramp.ramp.consumers import NEAR, READERS
from syncramp.ramp.expected import Terms
from syncramp.ramp.findings import LEAST_CALLS
from syncramp.ramp.growth import Counted
from syncramp.ramp.suggestion import HEADROOM, rounded
from syncramp.ramp.wording import duration
from syncramp.spec.ramps import WRITTEN_STEPS, Metric, RampPolicy, Step, built_in_writeback, written_gates
from syncramp.words import count

VALUES = (500, 250, 100, 50)
"""Members in one request: the built-in number, and smaller ones for domain controllers that are slow."""
_CAREFREE = READERS[-1]
"""A last ceiling below is not lowered to the groups there are: it would hold small ones for nothing."""
SHARE = 0.15
"""Part of the interval that a run may write: half of where ``WritebackCycleShare`` holds."""


@dataclass(frozen=True, slots=True)
class WrittenSuggestion:
    """A ramp with its reasons, each a sentence."""

    policy: RampPolicy
    values: int
    """``valuesPerModify``."""
    amount: str
    """Of its budget."""
    modify: str
    """Of ``values``."""
    steps: Sequence[str]
    """For each of its steps."""


def suggest_written(groups: Sequence[Counted], ramp: RampPolicy, terms: Terms) -> WrittenSuggestion:
    """A ramp for some groups.

    :param groups: one at least.
    :param ramp: theirs now: its gates and everything else stay.
    """
    steps = list(_steps(groups))
    values, modify = _values(ramp, terms)
    per_cycle, amount = _budget(values, terms)
    policy = replace(
        ramp, steps=tuple(step for step, _ in steps), per_cycle=per_cycle, per_day=built_in_writeback().per_day
    )
    return WrittenSuggestion(policy, values, amount, modify, [why for _, why in steps])


def _steps(groups: Sequence[Counted]) -> Iterator[tuple[Step, str]]:
    largest, before, pause = max(group.size for group in groups), 0, False
    for step in WRITTEN_STEPS:
        if step.ceiling is None:
            pause = True
            continue
        last = largest <= step.ceiling
        ceiling = min(step.ceiling, max(_CAREFREE, rounded(largest * HEADROOM))) if last else step.ceiling
        growing = [group for group in groups if group.room(ceiling) > group.room(before)]
        if growing and pause:
            yield (
                Step(None),
                f"{count(len(growing), 'group')} would have more than {before:,}: a person looks who reads them",
            )
            pause = False
        if growing or last:
            yield replace(step, ceiling=ceiling), _why(ceiling, growing)
        before = step.ceiling
        if last:
            return


def _why(ceiling: int, growing: Sequence[Counted]) -> str:
    """Who grows with a step, and which limit of others it keeps to."""
    whole = sorted(group.size for group in growing if group.size <= ceiling)
    told = []
    if whole:
        sizes = f"{whole[0]:,}" if whole[0] == whole[-1] else f"{whole[0]:,} to {whole[-1]:,}"
        told.append(f"for {count(len(whole), 'group')} of {sizes} members")
    if more := len(growing) - len(whole):
        told.append(f"{count(more, 'group')} would have more and grow up to it")
    told += [f"just below {limit:,} ({LIMITS[limit]})" for limit in READERS if limit * 9 // 10 <= ceiling < limit]
    return "; ".join(told or ["nobody grows; newcomers find room"])


def _values(ramp: RampPolicy, terms: Terms) -> tuple[int, str]:
    """Members in a request, of which the slowest ones stay away from where ``ADModifyLatencyP95`` holds."""
    if terms.latency.calls < LEAST_CALLS:
        return VALUES[0], f"as built in, until {LEAST_CALLS} requests with members were measured"
    judged = (gate.hold for gate in (*ramp.gates, *written_gates()) if gate.metric is Metric.AD_LATENCY)
    hold = float(next(filter(None, judged)))
    most = hold * NEAR / 100
    values = next((number for number in VALUES if terms.latency.slow(number) <= most), VALUES[-1])
    slow = f"of 20 requests of so many members the slowest takes {duration(terms.latency.slow(values))}"
    return values, f"{slow}, and ADModifyLatencyP95 holds at {duration(hold)}"


def _budget(values: int, terms: Terms) -> tuple[int, str]:
    """Members of a run, no more than are written in their part of the interval."""
    built_in = built_in_writeback()
    quick = int(SHARE * terms.interval / terms.latency.slow(values) * values)
    day = f"a day: {built_in.per_day:,}, as built in"
    if quick >= built_in.per_cycle:
        seconds = duration(terms.latency.slow(values) * built_in.per_cycle / values)
        return built_in.per_cycle, f"a run: as built in, which takes about {seconds}; {day}"
    members = max(1, quick // 100 * 100 or quick)
    return members, f"a run: {SHARE:.0%} of the interval, half of where WritebackCycleShare holds; {day}"
