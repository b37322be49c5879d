"""A policy that fits the groups there are, and why each of its numbers is what it is.

Whole groups: sizes that are near each other come with one step, so that no step has nobody. Groups that come bit by
bit climb by half at a time. No step goes over a limit of those who read groups together with what is below it, and
where it can, it stays one per cent below. Soaks grow with the ceiling, as those of the built-in ramp do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from syncramp.model.sizes import LIMITS
from syncramp.ramp.consumers import CONSUMERS, NEAR
from syncramp.ramp.expected import Terms
from syncramp.ramp.findings import LEAST_CALLS
from syncramp.ramp.latency import paced
from syncramp.ramp.wording import duration
from syncramp.spec.ramps import Admit, Gate, Metric, RampPolicy, Soak, Step, built_in_gates
from syncramp.words import count

NAME = "large-groups"
NEIGHBOURS = 1.25
"""Groups up to so many times as large come with one step."""
CLIMB = 1.5
"""From one ceiling of ``Members`` to the next."""
HEADROOM = 1.02
"""Room above the largest group of a step, so that the next newcomer does not wait for another one."""
PER_DAY = 50_000
"""Below the 60,000 members a day up to which group-based licensing keeps up (Microsoft Entra, resolve license
assignment problems)."""
FILLS = 0.5
"""Part of the interval that fills may take; the rest is for everything else."""
GROWS = 0.25
"""The same of groups that come bit by bit, which go on run after run."""
MAIL = 100_000
"""Members of a distribution group in Exchange Online."""
_SOAKS = (
    (100_000, Soak(timedelta(hours=24), business_days=1)),
    (200_000, Soak(timedelta(hours=48), business_days=1)),
    (None, Soak(timedelta(hours=72), business_days=2)),
)


@dataclass(frozen=True, slots=True)
class Large:
    """A group that is large enough for a ramp."""

    size: int
    """Members as desired."""
    there: int
    """Possibly in the cloud."""
    mail_enabled: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A policy with its reasons, each a sentence."""

    policy: RampPolicy
    admit: str
    amount: str
    """Of its budget, or of how many groups are filled in a run."""
    steps: Sequence[str]
    """For each of its steps."""
    gates: Mapping[Metric, str] = field(default_factory=dict)
    """For gates that are not as they are built in."""


def ramped(groups: Sequence[Large], admit: Admit, max_members: int) -> list[Large]:
    """The groups that some ceiling can help, the smallest first; mail-enabled ones end at the limit of Exchange.

    :param max_members: ``groups.maxMembers``: with more a group gets nobody.
    """
    found = []
    for group in groups:
        ends = MAIL if group.mail_enabled else max_members
        if group.size <= ends:
            found.append(group)
        elif admit is Admit.MEMBERS and group.size <= max_members:
            found.append(replace(group, size=ends))
    return sorted(found, key=lambda group: group.size)


def suggest(groups: Sequence[Large], admit: Admit, min_members: int, max_members: int, terms: Terms) -> Suggestion:
    """A policy for some groups.

    :param groups: one at least is :func:`ramped`.
    :param admit: ``Whole`` or ``Members``.
    """
    fitting = ramped(groups, admit, max_members)
    ceilings = (
        _climbing(fitting, min_members, max_members) if admit is Admit.MEMBERS else list(_whole(fitting, max_members))
    )
    steps = list(_steps(ceilings, groups, fitting, admit))
    gates, because = _gates(terms)
    policy = RampPolicy(
        NAME, tuple(step for step, _ in steps), gates, min_members=min_members, admit=admit, per_day=PER_DAY
    )
    if admit is Admit.MEMBERS:
        policy, amount = _budget(policy, terms)
    else:
        policy, amount = _fills(policy, max(group.size - group.there for group in fitting), terms)
    return Suggestion(policy, _WHY_ADMIT[admit], amount, [why for _, why in steps], because)


_WHY_ADMIT = {
    Admit.WHOLE: "a group that grants or denies something has all of its members or those it had; "
    "Members, bit by bit, is for distribution and licences",
    Admit.MEMBERS: "they come bit by bit, the same people first in every group; not for groups that deny something",
}


def _whole(groups: Sequence[Large], most: int) -> Iterator[int]:
    """Ceilings, each of which lets some group in."""
    ceiling, first = 0, 0
    for group, following in zip(groups, [*groups[1:], None], strict=True):
        if group.size <= ceiling:
            continue
        first = first or group.size
        together = following and following.size <= first * NEIGHBOURS
        if not (following and together and _border(following.size) == _border(group.size)):
            ceiling, first = _above(group.size, most), 0
            yield ceiling


def _climbing(groups: Sequence[Large], least: int, most: int) -> list[int]:
    """Ceilings that the largest group comes to one after the other, from what is there, or from the least."""
    largest, found = groups[-1].size, list[int]()
    last, ceiling = _above(largest, most), max(least, *(group.there for group in groups))
    while ceiling < last:
        below = [limit - limit // 100 for limit in CONSUMERS if ceiling < limit - limit // 100]
        ceiling = min(last, rounded(ceiling * CLIMB), *below[:1])
        ceiling = last if ceiling >= largest else ceiling
        found.append(ceiling)
    return found or [last]


def _above(size: int, most: int) -> int:
    """A ceiling for a group of this size: a little above, and below the next limit if it can be."""
    border = _border(size)
    fitting = [limit for limit in (border - border // 100, border, most) if limit >= size] if border else [most]
    return min(rounded(size * HEADROOM), fitting[0], most)


def _border(size: int) -> int | None:
    """The limit of others that a group of this size keeps to; None: it is over all of them."""
    return next((limit for limit in CONSUMERS if size <= limit), None)


def rounded(members: float) -> int:
    """Up to the next round number, of two figures, or to the next thousand."""
    unit: int = min(1_000, 10 ** max(0, len(str(int(members))) - 2))
    return -(-int(members) // unit) * unit


def _steps(
    ceilings: Sequence[int], groups: Sequence[Large], fitting: Sequence[Large], admit: Admit
) -> Iterator[tuple[Step, str]]:
    """Steps with their reasons, and a pause before mail-enabled groups come to the limit of Exchange."""
    mail = [group for group in groups if group.mail_enabled and group.size * 100 >= MAIL * NEAR]
    before = 0
    for ceiling in ceilings:
        if mail and before <= MAIL < ceiling:
            reason = f"{count(len(mail), 'mail-enabled group')} near {MAIL:,} or over, where Exchange Online ends"
            yield Step(None), f"{reason}: a person looks who sends to them, and promotes"
        yield Step(ceiling, _soak(ceiling)), _why(before, ceiling, fitting, admit)
        before = ceiling


def _soak(ceiling: int) -> Soak:
    return next(soak for limit, soak in _SOAKS if limit is None or ceiling <= limit)


def _why(before: int, ceiling: int, groups: Sequence[Large], admit: Admit) -> str:
    coming = [group.size for group in groups if before < group.size <= ceiling]
    border = next((limit for limit in CONSUMERS if 0 <= limit - ceiling <= limit // 100), None)
    below = f"; at or just below {border:,} ({LIMITS[border]})" if border else ""
    if admit is Admit.MEMBERS and not coming:
        growing = sum(group.size > ceiling for group in groups)
        return f"{count(growing, 'group')} would have more and grow up to it{below}"
    sizes = f"{coming[0]:,}" if coming[0] == coming[-1] else f"{coming[0]:,} to {coming[-1]:,}"
    return f"for {count(len(coming), 'group')} of {sizes} members{below}"


def _fills(policy: RampPolicy, links: int, terms: Terms) -> tuple[RampPolicy, str]:
    seconds = max(1.0, terms.latency.export(links, terms.per_call), paced(links, terms.writes))
    number = max(1, min(10, int(FILLS * terms.interval / seconds)))
    told = f"filling the largest takes about {duration(round(seconds))}, and a run lasts {duration(terms.interval)}"
    if seconds > terms.interval:
        told += ": it never can; raise spec.interval or writes.linksPerFiveMinutes"
    return replace(policy, groups_per_cycle=number), told


def _budget(policy: RampPolicy, terms: Terms) -> tuple[RampPolicy, str]:
    """Links of a run that take a quarter of the interval at most, and half of our share of five minutes."""
    share = int(terms.writes.links_per_five_minutes * terms.writes.share / 100)
    quick = int(GROWS * terms.interval / terms.latency.slow(terms.per_call) * terms.per_call)
    links = max(1, min(share // 2, quick, PER_DAY))
    links = links // 1_000 * 1_000 or links
    told = (
        f"a run: half of our {share:,} links in five minutes, a quarter of the interval; "
        f"a day: below the 60,000 up to which group-based licensing keeps up"
    )
    return replace(policy, per_cycle=links), told


def _gates(terms: Terms) -> tuple[tuple[Gate, ...], dict[Metric, str]]:
    """The built-in gates; export latency by what was measured where that is near to where it would hold."""
    gates = {gate.metric: gate for gate in built_in_gates(timedelta(seconds=terms.interval))}
    usual, slow = gates[Metric.EXPORT_LATENCY_P95], terms.latency.slow(terms.per_call)
    if terms.latency.calls < LEAST_CALLS or usual.hold is None or slow * 100 < float(usual.hold) * NEAR:
        return tuple(gates.values()), {}
    hold = Decimal(rounded(1.5 * slow))
    gates[usual.metric] = replace(usual, hold=hold, abort=max(Decimal(240), 3 * hold))
    told = f"of 20 full calls the slowest takes {duration(round(slow))}, near the usual {duration(float(usual.hold))}"
    return tuple(gates.values()), {usual.metric: told}
