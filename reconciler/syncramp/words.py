"""Numbers with their nouns and moments, as people write them, what they may have meant, and text that a terminal may
show.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from difflib import get_close_matches

LIKENESS = 0.65
"""How much of two names has to agree for one to stand for a misspelling of the other (``difflib``'s ratio)."""


def count(number: int, noun: str) -> str:
    """``1 object``, ``62,904 objects``, ``2 entries``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of an English noun of ours."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeo" else f"{noun}s"


def clock(seconds: float) -> str:
    """A duration as people read it: 42s, 3m05s, 2h10m."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def moment(when: datetime) -> str:
    """``2026-11-25 18:00 UTC``."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def printable(text: str) -> str:
    """Text on one line, with escapes for what a terminal would obey or cannot show."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that a misspelled one may mean, compared without case; empty where none is like it."""
    by_lower = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=LIKENESS)
    return by_lower[near[0]] if near else ""
