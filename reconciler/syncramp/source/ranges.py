"""Values that a server hands out in ranges: ``member;range=0-1499``, ``member;range=1500-*`` (MS-ADTS 3.1.1.3.1.3.3).

Active Directory caps one answer at MaxValRange (1,500) values, and tools that do not follow write only the first of
them to a file. Ranges are a whole value when they start at 0, leave no gap and end with ``*``; anything else says
nothing about the values that are missing, and so nothing about the attribute.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_DESCRIPTION = re.compile(r"([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)((?:;[A-Za-z0-9=*-]+)*)")
_RANGE = re.compile(r"range=([0-9]{1,10})-([0-9]{1,10}|\*)")


_SPELLINGS = 10_000
"""Names that are remembered."""


class RangeError(ValueError):
    """Ranges that are not a whole value; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which values an answer holds, counted from 0."""

    first: int
    last: int | None
    """None: up to the end (``*``)."""


@dataclass(frozen=True, slots=True)
class Description:
    """An attribute as a server or a file names it."""

    name: str
    """Lower case, without options."""
    range: Range | None
    foreign: bool
    """It has an option that makes it another attribute, a language tag for one (RFC 3866)."""


class PlainNames(dict[str, str]):
    """Names of attributes as servers spell them, in lower case; empty for one with options, and for none.

    Each spelling is looked at once: a directory has some hundred, and millions of values under them.
    """

    def __missing__(self, spelled: str) -> str:
        described = describe(spelled)
        plain = described is not None and described.range is None and not described.foreign
        name = described.name if described is not None and plain else ""
        if len(self) < _SPELLINGS:  # ranges make names without end
            self[spelled] = name
        return name


Answer = tuple[Range, Sequence[bytes]]


@lru_cache(maxsize=1024)
def describe(text: str) -> Description | None:
    """Take an attribute description apart; None: it is malformed."""
    found = _DESCRIPTION.fullmatch(text)
    if found is None:
        return None
    options = found[2].lower().split(";")[1:]
    spans = [span for option in options if (span := _range(option))]
    foreign = len(options) > len(spans) + options.count("binary")
    return Description(found[1].lower(), spans[0] if spans else None, foreign)


def join(answers: Iterable[Answer]) -> list[bytes]:
    """All values of ranges that came in any order.

    :raises RangeError: the ranges leave a gap, overlap or do not reach the end.
    """
    whole: list[bytes] = []
    ended = False
    for span, values in sorted(answers, key=lambda answer: answer[0].first):
        if ended or span.first != len(whole):
            raise RangeError(f"expected values from {len(whole)} on, found a range that starts at {span.first}")
        _count(span, values)
        whole.extend(values)
        ended = span.last is None
    if not ended:
        raise RangeError(f"only the first {len(whole)} values are there")
    return whole


def follow(ask: Callable[[int], Answer | None]) -> list[bytes]:
    """All values, range by range.

    :param ask: values from a position on, as the server answers; None: it knows none.
    :raises RangeError: the server answered something else than asked, or stopped before the end.
    """
    answers: list[Answer] = []
    start = 0
    while (answer := ask(start)) is not None:
        span, values = answer
        answers.append(answer)
        if span.last is None:
            return join(answers)
        if not values or span.first != start:
            break
        start = span.last + 1
    return join(answers) if answers else []


def _range(option: str) -> Range | None:
    found = _RANGE.fullmatch(option)
    return Range(int(found[1]), None if found[2] == "*" else int(found[2])) if found else None


def _count(span: Range, values: Sequence[bytes]) -> None:
    if span.last is not None and len(values) != span.last - span.first + 1:
        raise RangeError(f"the range {span.first}-{span.last} holds {len(values)} values")
