"""How a number and its limit become a reading, and a barrier when the limit is passed.

A guard is tripped when what it counts is more than its limit and something of it is due in this plan: what was sent
already cannot be held any more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pyroaring import BitMap

from syncramp.model.guards import Reading
from syncramp.model.holds import Barrier, Class, Hold
from syncramp.plan.facts import Loss, Number
from syncramp.spec.failsafe import share
from syncramp.words import count

TOLD = 20
"""Groups that a guard names one by one; the others share a sentence."""

Found = tuple[Reading, Sequence[Barrier]]


@dataclass(frozen=True, slots=True)
class Case:
    """One group before a guard that looks at groups one by one."""

    loss: Loss
    value: int
    limit: int
    sentence: str

    @property
    def nearness(self) -> tuple[int, int]:
        """Sorts the group first that is farthest beyond its limit, or nearest to it."""
        return self.limit - self.value, self.loss.id

    @property
    def over(self) -> bool:
        """The guard holds it."""
        return self.value > self.limit


@dataclass(frozen=True, slots=True)
class Gauge:
    """What all readings of one guard share."""

    guard: str
    field: str
    holds: Class
    hold: Hold
    noun: str
    """What it counts, in the singular."""

    def reading(self, value: int, limit: int | None, subject: str, sentence: str, *, tripped: bool) -> Reading:
        """A reading in words of its own."""
        distance = None if limit is None else limit - value
        classes = self.holds.value, self.hold.value
        return Reading(self.guard, self.field, subject, value, limit, distance, *classes, tripped, sentence)

    def barrier(
        self,
        reason: str,
        ids: BitMap,
        attributes: frozenset[str] = frozenset(),
        members: BitMap | None = None,
        *,
        clears: bool = False,
    ) -> Barrier:
        """What it holds when it is tripped."""
        return Barrier(self.guard, self.hold, self.holds, reason, ids, attributes, clears, members)

    def total(self, value: int, spent: int, limit: int, ids: BitMap, told: str = "", subject: str = "") -> Found:
        """The reading of a number, and a barrier for all that is due.

        :param spent: what of the number was sent already.
        :param told: what the limit is, where the number alone does not say it.
        """
        tripped = value > limit and bool(ids)
        about = f" ({subject})" if subject else ""
        already = f", {spent:,} of them sent in the last 24 hours," if spent else ""
        what = f"{count(value, self.noun)}{about}{already}"
        told = told or f"{self.field} ({limit:,})"
        if value > limit:
            sentence = f"{what} {'is' if value == 1 else 'are'} more than {told}"
        else:
            sentence = f"{what} {'is' if value == 1 else 'are'} within {told}"
        reading = self.reading(value, limit, subject, sentence, tripped=tripped)
        return reading, [self.barrier(sentence, ids)] if tripped else []

    def number(self, number: Number, limit: int, subject: str = "", told: str = "") -> Found:
        """The same of ids that are counted."""
        return self.total(len(number), len(number) - len(number.due), limit, number.due, told, subject)

    def percentage(self, number: Number, percent: Decimal, floor: int, subject: str = "") -> Found:
        """The same of a percentage with its floor."""
        return self.number(number, share(percent, number.whole, floor), subject, self.told(percent, number, floor))

    def told(self, percent: Decimal, number: Number, floor: int) -> str:
        """A percentage in words; of how much it is was only looked up where it is more than the floor."""
        of = f" of {number.whole:,}" if number.whole else ""
        return f"{self.field} ({percent.normalize():f} %{of}, at least {floor:,})"

    def groups(self, cases: Sequence[Case], limit: int) -> Iterator[Found]:
        """Readings of the groups that are beyond their limit, or of the one that is nearest to it.

        :param limit: told where there is no group at all.
        """
        over = sorted((case for case in cases if case.over), key=lambda case: case.nearness)
        for case in over[:TOLD]:
            told = f"{case.loss.dn}: {case.sentence}"
            reading = self.reading(case.value, case.limit, case.loss.dn, told, tripped=True)
            yield reading, [self.barrier(case.sentence, BitMap([case.loss.id]))]
        if rest := over[TOLD:]:
            sentence = f"it is one of {len(over):,} groups that are beyond {self.field}"
            told = f"{len(rest):,} more groups are beyond {self.field}"
            reading = self.reading(len(rest), 0, "other groups", told, tripped=True)
            yield reading, [self.barrier(sentence, BitMap(case.loss.id for case in rest))]
        if not over:
            near = min(cases, key=lambda case: case.nearness, default=None)
            if near is None:
                yield self.reading(0, limit, "", f"nothing counts for {self.field}", tripped=False), []
            else:
                told = f"{near.loss.dn}: {near.sentence}"
                yield self.reading(near.value, near.limit, near.loss.dn, told, tripped=False), []
