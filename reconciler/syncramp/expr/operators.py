"""What the operators do, as the language definition of CEL says: no conversion, no overflow, no surprise.

Values are Python's: ``str``, ``int``, ``bool``, ``bytes``, ``tuple`` for a list, ``dict`` for a map. The checker has
proven most types; what it cannot know (the items of a mixed list) is looked at here.
"""

from collections.abc import Callable, Sequence
from typing import Any

from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.types import NONE, Optional

ADDABLE = (str, bytes, tuple)
KEYS: tuple[set[type], ...] = (set(), {str}, {int}, {bool})
"""The types of a map's keys. Python takes true for 1, so they must not be mixed."""
ORDERED = (int, str, bytes, bool)
LEAST, MOST = -(2**63), 2**63 - 1
"""What a number of CEL holds."""
WORDS = {str: "text", int: "a number", bool: "true or false", bytes: "bytes", tuple: "a list", dict: "a map"}


def word(value: object) -> str:
    """The type of a value in words."""
    return WORDS.get(type(value), "no value")


def add(left: object, right: object) -> object:
    """Sum, or one behind the other."""
    if type(left) is type(right):
        if type(left) is int:
            return _whole(left + right)  # type: ignore[operator]
        if type(left) in ADDABLE:
            return left + right  # type: ignore[operator]
    raise _mismatch("+", left, right)


def subtract(left: object, right: object) -> object:
    """Difference of numbers."""
    one, other = _numbers("-", left, right)
    return _whole(one - other)


def multiply(left: object, right: object) -> object:
    """Product of numbers."""
    one, other = _numbers("*", left, right)
    return _whole(one * other)


def divide(left: object, right: object) -> object:
    """Quotient of numbers, cut towards zero."""
    one, other = _numbers("/", left, right)
    return _whole(_quotient(one, other))


def modulo(left: object, right: object) -> object:
    """The rest of a division; it has the sign of the dividend."""
    one, other = _numbers("%", left, right)
    return one - other * _whole(_quotient(one, other))


def negate(value: object) -> object:
    """A number with the other sign."""
    return _whole(-_numbers("-", value, value)[0])


def equal(left: object, right: object) -> bool:
    """Whether two values are of one type and equal."""
    if type(left) is not type(right):
        return False
    if type(left) is tuple:
        return len(left) == len(right) and all(map(equal, left, right))  # type: ignore[arg-type,call-overload]
    return left == right


def contains(needle: object, heap: object) -> bool:
    """``in``: an item of a list, or a key of a map."""
    if type(heap) is tuple:
        return needle in heap if type(needle) is str else any(equal(needle, item) for item in heap)
    if type(heap) is dict:
        return needle in heap
    raise _mismatch("in", needle, heap)


def ordered(sign: str, compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    """A comparison of two values of one type."""

    def check(left: object, right: object) -> bool:
        if type(left) is type(right) and type(left) in ORDERED:
            return compare(left, right)
        raise _mismatch(sign, left, right)

    return check


def index(holder: object, key: object) -> object:
    """``list[number]`` or ``map[key]``."""
    found = index_optional(holder, key)
    if isinstance(holder, Optional):
        return found
    if found.present:
        return found.value
    raise EvaluationFailed(f"there is no item {key!r} in {word(holder)} of {len(holder)}")  # type: ignore[arg-type]


def index_optional(holder: object, key: object) -> Optional[object]:
    """``list[?number]`` or ``map[?key]``."""
    if isinstance(holder, Optional):
        return index_optional(holder.value, key) if holder.present else NONE
    if type(holder) is dict:
        return Optional(holder[key]) if key in holder else NONE
    if type(holder) is tuple and type(key) is int:
        return Optional(holder[key]) if 0 <= key < len(holder) else NONE
    raise _mismatch("[]", holder, key)


def mapped(entries: Sequence[tuple[object, object]]) -> dict[object, object]:
    """A map, whose keys are different texts, or different numbers, or true and false."""
    if {type(key) for key, _ in entries} not in KEYS:
        raise EvaluationFailed("the keys of a map are of one type: text, number, or true and false")
    made = dict(entries)
    if len(made) < len(entries):
        raise EvaluationFailed("a key stands twice in a map")
    return made


def truth(value: object) -> bool:
    """A value that must be true or false."""
    if value is True or value is False:
        return value
    raise EvaluationFailed(f"a condition is {word(value)}, not true or false")


def _quotient(one: int, other: int) -> int:
    if other == 0:
        raise EvaluationFailed("a division by zero")
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) == (other < 0) else -quotient


def _numbers(sign: str, left: object, right: object) -> tuple[int, int]:
    if type(left) is int and type(right) is int:
        return left, right
    raise _mismatch(sign, left, right)


def _whole(value: int) -> int:
    if LEAST <= value <= MOST:
        return value
    raise EvaluationFailed("a number does not fit into 64 bits")


def _mismatch(sign: str, left: object, right: object) -> EvaluationFailed:
    return EvaluationFailed(f"{sign} does not take {word(left)} and {word(right)}")
