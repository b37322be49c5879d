"""How an explanation is laid out: labels in front, long lines broken, names and values never."""

from collections.abc import Iterator
from datetime import UTC, datetime
from textwrap import wrap

WIDTH = 100
"""Columns of a line, as far as names and values allow."""
_LABEL = 15


def labelled(label: str, text: str) -> Iterator[str]:
    """A fact with its name in front; without one it goes on with the fact above."""
    return wrapped(f"  {label:{_LABEL}}{text}", " " * (_LABEL + 2))


def wrapped(text: str, indent: str) -> Iterator[str]:
    """A line that is broken where it is too long; a name or a value never is."""
    yield from wrap(
        text,
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def moment(seconds: float) -> str:
    """``2026-11-25 18:00:00 UTC``.

    :param seconds: since the epoch.
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
