"""Durations as Kubernetes users write them: ``30s``, ``1h30m``, ``500ms``."""

import re
from datetime import timedelta

_FORM = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?")


class TooLong(ValueError):
    """A duration that no calendar holds."""


def parse_duration(text: str) -> timedelta:
    """Hours, minutes, seconds and milliseconds, in this order.

    :raises TooLong: it is longer than a timedelta can be.
    :raises ValueError: it is no such duration.
    """
    found = _FORM.fullmatch(text)
    if found is None or not text:
        raise ValueError(f"{text!r} is no duration such as 30s or 1h30m")
    try:
        hours, minutes, seconds, parts = (int(part or 0) for part in found.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=parts)
    except (OverflowError, ValueError):
        raise TooLong(f"{text!r} is longer than any calendar") from None


def format_duration(duration: timedelta) -> str:
    """A duration of whole milliseconds as ``parse_duration`` takes it, in its shortest form."""
    seconds, rest = divmod(duration // timedelta(milliseconds=1), 1000)
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"), (rest, "ms"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
