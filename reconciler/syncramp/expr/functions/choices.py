"""Functions that choose between values."""

from syncramp.expr.functions.table import Family, T, offered
from syncramp.expr.types import NONE, Optional


@offered(
    Family.CHOICE,
    ("choose('FRA', {'FRA': 'France', 'DEU': 'Germany'}, 'elsewhere')", "'France'"),
    ("choose('ESP', {'FRA': 'France', 'DEU': 'Germany'}, 'elsewhere')", "'elsewhere'"),
)
def choose(value: str, cases: dict[str, T], otherwise: T) -> T:
    """What a map has for a text, or something else."""
    return cases.get(value, otherwise)


@offered(
    Family.CHOICE,
    ("firstOf([optional.none(), optional.of(' '), optional.of('Anna')]).orValue('nobody')", "'Anna'"),
)
def first_of(values: tuple[Optional[T], ...]) -> Optional[T]:
    """The first that is there and not empty (white space alone is empty), or none: firstOf([entry.?mail,
    entry.?userPrincipalName])."""
    return next((value for value in values if _filled(value)), NONE)  # type: ignore[arg-type]  # none of any type


@offered(Family.CHOICE, ("isBlank('  ')", "true"))
def is_blank(text: str) -> bool:
    """Whether a text is empty or white space alone."""
    return not text.strip()


def _filled(value: Optional[T]) -> bool:
    held = value.value
    return value.present and (bool(held.strip()) if isinstance(held, str) else held not in ((), b""))
