"""Numbers with their nouns and moments, as people write them, and text that a terminal may show."""

from datetime import UTC, datetime


def count(number: int, noun: str) -> str:
    """``1 object``, ``62,904 objects``, ``2 entries``."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of an English noun of ours."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def moment(when: datetime) -> str:
    """``2026-11-25 18:00 UTC``."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def printable(text: str) -> str:
    """Text on one line, with escapes for what a terminal would obey or cannot show."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
