"""Is what the read-back shows what is wanted?

The service writes some values otherwise than it is told, without a word: ``normalisations`` knows how. Such a value
is as good as equal; any other one that differs is told. Neither is sent again for ever. Attributes the service adds
by itself are not compared; keys are compared without case, because the read-back spells them in PascalCase.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from syncramp.model.cells import Cells, small_letters
from syncramp.model.values import Attributes, Value
from syncramp.model.wire import ReferenceChange, WireValue
from syncramp.plan.normalisations import normalisation

WRITE_ONLY = frozenset({"thumbnailphoto"})
"""Attributes that are sent and that the read-back is not known to return."""


class Verdict(StrEnum):
    """How a shown value stands to a wanted one."""

    EQUAL = "Equal"
    NORMALISED = "Normalised"
    """Another one, by something that the service is known to do."""
    DIFFERENT = "Different"


@dataclass(frozen=True, slots=True)
class Compared:
    """One attribute, as it is wanted and as it is shown."""

    verdict: Verdict
    shown: Value | None = None
    """None where the read-back shows none, and where the verdict is EQUAL."""
    why: str = ""
    """The normalisation in words; empty where there is none."""


EQUAL = Compared(Verdict.EQUAL)


def compare(
    wanted: Attributes,
    shown: Mapping[str, WireValue],
    verified: Collection[str] = (),
    also: Collection[str] = (),
) -> dict[str, Compared]:
    """Each wanted attribute with its verdict.

    :param shown: of one object of a read-back, keys in any case.
    :param verified: domains of the tenant in small letters; empty: not known.
    :param also: attributes that count as wanted without a value where they are not wanted.
    :returns: name, as it is wanted -> how it is shown; in the order of ``wanted``.
    """
    seen = {small_letters[name]: value for name, value in shown.items()}
    found = dict.fromkeys(wanted, EQUAL)
    for name in unequal(wanted, seen):
        found[name] = _judged(name, wanted, seen.get(small_letters[name]), verified)
    for name in also:
        if name not in found and (key := small_letters[name]) in seen and not _same(None, observed := seen[key]):
            found[name] = _judged(name, wanted, observed, verified)
    return found


def unequal(wanted: Attributes, seen: Mapping[str, WireValue]) -> list[str]:
    """Wanted attributes of which another value is shown, or none: nearly always there are none of those.

    :param seen: what is shown, by names in small letters.
    """
    names, values = tuple(wanted), tuple(wanted.values())
    if type(seen) is Cells and (cells := seen.taken(names)) and _equal(values, cells):
        return []  # an empty text that is wanted is as good as one that is not there
    keys = _small(names)
    observed = tuple(map(seen.get, keys))
    if _equal(values, observed):
        return []
    return [
        name
        for name, key, value, shown in zip(wanted, keys, values, observed, strict=True)
        if key not in WRITE_ONLY and not _same(value, shown)
    ]


def _equal(values: tuple[Value, ...], observed: tuple[WireValue, ...]) -> bool:
    """And of the same types: True is equal to 1."""
    return values == observed and list(map(type, values)) == list(map(type, observed))


@lru_cache(maxsize=1024)
def _small(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names in small letters; many objects have the same ones."""
    return tuple(map(small_letters.__getitem__, names))


def differing(acked: Attributes, observed: Mapping[str, WireValue]) -> list[str]:
    """Names of acknowledged attributes whose observed value is another one, or missing."""
    return [name for name, found in compare(acked, observed).items() if found is not EQUAL]


def _judged(name: str, wanted: Attributes, observed: WireValue, verified: Collection[str]) -> Compared:
    shown = _value(observed)
    why = normalisation(name, wanted, shown, verified)
    return Compared(Verdict.NORMALISED if why else Verdict.DIFFERENT, shown, why)


def _value(shown: WireValue) -> Value | None:
    """A plain value; changes of references are the anchors that they name."""
    if isinstance(shown, tuple):
        return tuple(each.anchor if isinstance(each, ReferenceChange) else each for each in shown)  # type: ignore[return-value]
    return shown  # type: ignore[return-value]


def _same(wanted: Value | None, seen: WireValue) -> bool:
    if wanted in (None, "", ()) and seen in (None, "", ()):
        return True
    if isinstance(wanted, tuple) and isinstance(seen, tuple):
        return sorted(map(_plain, wanted)) == sorted(map(_plain, seen))
    return _plain(wanted) == _plain(seen)


def _plain(value: object) -> str:
    """A value as text: the read-back may type a number or a boolean otherwise than we did."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
