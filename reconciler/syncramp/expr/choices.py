"""What does not evaluate all of its arguments, or knows a value that may be missing; and calls of our functions."""

from collections.abc import Callable, Mapping, Sequence

from syncramp.expr.access import Step
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.functions import Overload
from syncramp.expr.operators import index_optional, truth, word
from syncramp.expr.run import Run
from syncramp.expr.types import NONE, Optional

FAILURES = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What a function of ours may raise; its text becomes the reason."""


def conditional(condition: Step, yes: Step, no: Step) -> Step:
    """``condition ? yes : no``."""
    return lambda run: yes(run) if truth(condition(run)) else no(run)


def both(one: Step, other: Step) -> Step:
    """``&&``: false if any side is, even when the other one fails."""
    return _logic(one, other, decides=False)


def any_(one: Step, other: Step) -> Step:
    """``||``: true if any side is, even when the other one fails."""
    return _logic(one, other, decides=True)


def not_strictly_false(one: Step) -> Step:
    """Whether a loop goes on: unless it is decided; an error does not decide."""

    def step(run: Run) -> object:
        try:
            return one(run) is not False
        except EvaluationFailed:
            return True

    return step


def or_value(one: Step, other: Step) -> Step:
    """``optional.orValue(x)``."""

    def step(run: Run) -> object:
        found = _optional(one(run))
        return found.value if found.present else other(run)

    return step


def or_(one: Step, other: Step) -> Step:
    """``optional.or(optional)``."""

    def step(run: Run) -> object:
        found = _optional(one(run))
        return found if found.present else other(run)

    return step


def has_value(one: Step) -> Step:
    """``optional.hasValue()``."""
    return lambda run: _optional(one(run)).present


def value(one: Step) -> Step:
    """``optional.value()``."""

    def step(run: Run) -> object:
        found = _optional(one(run))
        if not found.present:
            raise EvaluationFailed("value() of what has no value")
        return found.value

    return step


def of(one: Step) -> Step:
    """``optional.of(x)``."""
    return lambda run: Optional(one(run))


def of_non_zero(one: Step) -> Step:
    """``optional.ofNonZeroValue(x)``: none for an empty text or list, 0 and false."""

    def step(run: Run) -> object:
        found = one(run)
        return Optional(found) if found else NONE

    return step


def none() -> Step:
    """``optional.none()``."""
    return lambda _: NONE


def select(one: Step, key: Step) -> Step:
    """``map.?key``."""
    return lambda run: index_optional(one(run), key(run))


CHOICES: Mapping[str, Callable[..., Step]] = {
    "_?_:_": conditional,
    "_&&_": both,
    "_||_": any_,
    "@not_strictly_false": not_strictly_false,
    "orValue": or_value,
    "or": or_,
    "hasValue": has_value,
    "value": value,
    "optional.of": of,
    "optional.ofNonZeroValue": of_non_zero,
    "optional.none": none,
    "_?._": select,
}


def either(name: str, overloads: Sequence[Overload], steps: tuple[Step, ...]) -> Step:
    """A call of one of our functions: by the first overload that takes the arguments."""
    ways = [(overload.call, overload.classes) for overload in overloads]

    def step(run: Run) -> object:
        arguments = [argument(run) for argument in steps]
        given = tuple(map(type, arguments))
        for call, classes in ways:
            if given == classes or (None in classes and _fits(given, classes)):
                try:
                    return run.take(call(*arguments))
                except FAILURES as error:
                    raise EvaluationFailed(f"{name}: {error}") from error
        raise EvaluationFailed(f"{name} does not take {', '.join(map(word, arguments))}")

    return step


def _fits(given: tuple[type, ...], classes: tuple[type | None, ...]) -> bool:
    return all(wanted in (None, class_) for class_, wanted in zip(given, classes, strict=True))


def _logic(one: Step, other: Step, *, decides: bool) -> Step:
    def step(run: Run) -> object:
        try:
            first = truth(one(run))
        except EvaluationFailed:
            if truth(other(run)) is decides:
                return decides
            raise
        return decides if first is decides else truth(other(run))

    return step


def _optional(found: object) -> Optional[object]:
    if isinstance(found, Optional):
        return found
    raise EvaluationFailed(f"{word(found)} stands where a value may be missing")
