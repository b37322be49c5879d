"""``spec.failsafe``: limits above which changes wait for a person, with the numbers of careful administrators.

A percentage is a decimal and never a float, so that 0.1 % of 50,000 is 50 and not a little less. Each has a floor: a
number of changes that always may go, since of ten groups one is 10 % already.
"""

from dataclasses import dataclass, field, fields, is_dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

FLOOR = 50
"""The floor of percentages that have none of their own; the number that practice gives for deletes."""


@dataclass(frozen=True, slots=True)
class DeleteLimits:
    """``failsafe.deletes``."""

    count: int = 500
    """The threshold of Microsoft Entra Connect's prevention of accidental deletes."""
    percent: Decimal = Decimal(10)
    """Of the objects of one kind, of one source, and of one base of a scope."""
    floor: int = FLOOR
    groups: int = 20
    group_members: int = 100
    devices: int = 25


@dataclass(frozen=True, slots=True)
class RemovalLimits:
    """``failsafe.memberRemovals``."""

    percent: Decimal = Decimal(30)
    """Of the members of one group."""
    in_groups_larger_than: int = 100
    per_group: int = 5000
    emptied_above: int = 10
    per_run: int = 20_000
    percent_of_all: Decimal = Decimal(2)


@dataclass(frozen=True, slots=True)
class DisableLimits:
    """``failsafe.disables``."""

    count: int = 500


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """``failsafe.signInAttributes``."""

    count: int = 500
    percent: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class ClearLimits:
    """``failsafe.attributeClears``, of each attribute."""

    count: int = 500
    percent: Decimal = Decimal(10)
    floor: int = FLOOR


@dataclass(frozen=True, slots=True)
class CreateLimits:
    """``failsafe.creates``, of each kind."""

    count: int = 50
    """Also the floor: creates wait that are more than this and more than the percentage."""
    percent: Decimal = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Failsafe:
    """All limits. What is equal to its limit passes."""

    deletes: DeleteLimits = field(default_factory=DeleteLimits)
    member_removals: RemovalLimits = field(default_factory=RemovalLimits)
    disables: DisableLimits = field(default_factory=DisableLimits)
    sign_in: SignInLimits = field(default_factory=SignInLimits)
    clears: ClearLimits = field(default_factory=ClearLimits)
    creates: CreateLimits = field(default_factory=CreateLimits)
    effective_adds: int = 25_000

    def halved(self) -> "Failsafe":
        """Every limit half as high, numbers rounded down."""
        halves: Failsafe = _halved(self)
        return halves


def _halved(limit: Any) -> Any:
    if is_dataclass(limit) and not isinstance(limit, type):
        return replace(limit, **{each.name: _halved(getattr(limit, each.name)) for each in fields(limit)})
    return limit / 2 if isinstance(limit, Decimal) else limit // 2


def share(percent: Decimal, whole: int, floor: int) -> int:
    """The largest number of changes that is not more than a percentage of the whole, or the floor if that is more."""
    return max(floor, int(Fraction(percent) * whole / 100))
