"""Expressions of ramps, asked of groups and members as they should be in the cloud.

``where`` says whether a group follows a ramp; where it has no result the group does not, and that is told. ``order``
puts members into classes of equal values; those of whom it has no result come last. It is asked once for all whose
attributes are alike: of 250,000 people there are some hundred departments.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pyroaring import BitMap

from syncramp.expr.environment import Environment, Expression
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.types import Special, Want
from syncramp.model.values import Attributes, Value
from syncramp.spec.ramps import RampPolicy

Read = Callable[[BitMap], Iterable[tuple[int, Attributes]]]
"""Ids -> each with its attributes as they should be; objects that should not be in the cloud are left out."""

_Rank = tuple[int, bool | int | str]
_RANKS = (bool, int, str)
"""The order of values of several types: a text comes after every number."""


class Matching:
    """The conditions of ramps.

    :param environment: what they may name; asked only if a ramp has one.
    :param read: attributes of groups.
    :raises syncramp.expr.errors.ExpressionError: one does not compile; ``check`` tells that with its place.
    """

    def __init__(self, policies: Sequence[RampPolicy], environment: Callable[[], Environment], read: Read) -> None:
        asked = [policy for policy in policies if policy.where is not None]
        names = environment() if asked else None
        self._asked: dict[str, Expression] = {
            policy.name: names.compile(policy.where or "", Want.CONDITION) for policy in asked if names
        }
        self._read = read
        self._known: dict[int, Attributes] = {}
        self.failed: dict[int, str] = {}
        """Groups of which a condition has no result -> which, and why."""

    def load(self, groups: BitMap) -> None:
        """Read the attributes of groups, if some condition asks for them."""
        if self._asked:
            self._known.update(self._read(groups))

    def matches(self, policy: RampPolicy, group: int) -> bool:
        """Whether a group follows a ramp of its size; its attributes were loaded."""
        asked = self._asked.get(policy.name)
        if asked is None:
            return True
        try:
            return asked.evaluate(_seen(asked, self._known.get(group, {}))) is True
        except EvaluationFailed as error:
            self.failed[group] = f"match.where of ramp {policy.name} has no result for it: {error.reason}"
            return False


class Ordering:
    """The order of members that ramps have.

    :param environment: what expressions may name; asked only if a ramp has one and somebody waits under it.
    :param read: attributes of members.
    """

    def __init__(self, environment: Callable[[], Environment], read: Read) -> None:
        self._environment = environment
        self._read = read

    def classes(self, policy: RampPolicy, members: BitMap) -> Sequence[BitMap]:
        """Members in classes of equal values, the lowest first; those without a value are in none.

        :raises syncramp.expr.errors.ExpressionError: the expression does not compile.
        """
        if policy.order is None:
            return ()
        asked = self._environment().compile(policy.order, Want.RANK)
        names = sorted(asked.names.get("object", ()))
        alike: dict[tuple[Value | None, ...], list[int]] = {}
        for member, attributes in self._read(members):
            alike.setdefault(tuple(map(attributes.get, names)), []).append(member)
        found: dict[_Rank, BitMap] = {}
        for values, those in alike.items():
            known = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            if rank := _rank(asked, known):
                found.setdefault(rank, BitMap()).update(those)
        return [found[rank] for rank in sorted(found)]


def _rank(asked: Expression, attributes: Attributes) -> _Rank | None:
    try:
        value = asked.evaluate(_seen(asked, attributes))
    except EvaluationFailed:
        return None
    if isinstance(value, Special) or not isinstance(value, bool | int | str):
        return None
    return _RANKS.index(type(value)), value


def _seen(asked: Expression, attributes: Attributes) -> dict[str, Any]:
    names = asked.names.get("object", ())
    return {"object": {name: attributes[name] for name in names if name in attributes}}
