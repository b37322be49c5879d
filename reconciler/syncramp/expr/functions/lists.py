"""Functions of lists: the values of an attribute. The directory gives them no order; ours is by their bytes."""

from syncramp.expr.functions.table import Family, T, offered
from syncramp.expr.limits import room
from syncramp.expr.types import NONE, Optional


@offered(Family.LIST, ("size(['a', 'b'])", "2"), name="size")
def _size_of_list(values: tuple[T, ...]) -> int:
    return len(values)


@offered(Family.LIST, ("contains(['a', 'b'], 'b')", "true"), name="contains")
def _contains_value(values: tuple[T, ...], value: T) -> bool:
    return value in values


@offered(Family.LIST, ("containsIgnoreCase(['Sales', 'IT'], 'it')", "true"))
def contains_ignore_case(values: tuple[str, ...], value: str) -> bool:
    """Whether a text is among the values, but for upper and lower case."""
    return value.casefold() in {text.casefold() for text in values}


@offered(Family.LIST, ("first(['a', 'b']).orValue('none')", "'a'"), ("first([]).orValue('none')", "'none'"))
def first(values: tuple[T, ...]) -> Optional[T]:
    """The first value, or none."""
    return Optional(values[0]) if values else NONE  # type: ignore[return-value]  # none of any type


@offered(Family.LIST, ("last(['a', 'b']).orValue('none')", "'b'"))
def last(values: tuple[T, ...]) -> Optional[T]:
    """The last value, or none."""
    return Optional(values[-1]) if values else NONE  # type: ignore[return-value]  # none of any type


@offered(Family.LIST, ("item(['a', 'b'], 1).orValue('none')", "'b'"))
def item(values: tuple[T, ...], position: int) -> Optional[T]:
    """The value at a position, from 0, or none."""
    return Optional(values[position]) if 0 <= position < len(values) else NONE  # type: ignore[return-value]


@offered(Family.LIST, ("slice(['a', 'b', 'c'], 1, 3)", "['b', 'c']"))
def slice_(values: tuple[T, ...], start: int, end: int) -> tuple[T, ...]:
    """The values from a position on, up to but without another one, as many of them as there are."""
    if start < 0 or end < start:
        raise ValueError(f"there is nothing from {start} to {end}")
    return values[start:end]


@offered(Family.LIST, ("sort(['b', 'a'])", "['a', 'b']"))
def sort(values: tuple[str, ...]) -> tuple[str, ...]:
    """Texts by their characters, or numbers from the least on."""
    return tuple(sorted(values))


@offered(Family.LIST, ("sort([3, 1, 2])", "[1, 2, 3]"), name="sort")
def _sort_numbers(values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(values))


@offered(Family.LIST, ("reverse(['a', 'b'])", "['b', 'a']"))
def reverse(values: tuple[T, ...]) -> tuple[T, ...]:
    """From the last to the first."""
    return values[::-1]


@offered(Family.LIST, ("join(['a', 'b'], ', ')", "'a, b'"), ("['a', 'b'].join()", "'ab'"))
def join(values: tuple[str, ...], separator: str = "") -> str:
    """One text of all, with a separator between them."""
    room(len(values) * len(separator))
    return separator.join(values)


@offered(Family.LIST, ("distinct(['a', 'b', 'a'])", "['a', 'b']"))
def distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    """Each value once, where it is first."""
    return tuple(dict.fromkeys(values))


@offered(Family.LIST, ("removeDuplicates(['smtp:A@x', 'SMTP:a@x', 'b'])", "['smtp:A@x', 'b']"))
def remove_duplicates(values: tuple[str, ...]) -> tuple[str, ...]:
    """Each text once, where it is first; upper and lower case do not count."""
    seen: dict[str, str] = {}
    for value in values:
        seen.setdefault(value.casefold(), value)
    return tuple(seen.values())


@offered(Family.LIST, ("without(['a', 'b', 'c'], ['b'])", "['a', 'c']"))
def without(values: tuple[T, ...], others: tuple[T, ...]) -> tuple[T, ...]:
    """The values that are not in another list."""
    left_out = set(others)
    return tuple(value for value in values if value not in left_out)
