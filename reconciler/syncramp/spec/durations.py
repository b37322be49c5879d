"""Durations as Kubernetes users write them: ``30s``, ``1h30m``."""

import re
from datetime import timedelta

_FORM = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")


class TooLong(ValueError):
    """A duration that no calendar holds."""


def parse_duration(text: str) -> timedelta:
    """Hours, minutes and seconds, in this order.

    :raises TooLong: it is longer than a timedelta can be.
    :raises ValueError: it is no such duration.
    """
    found = _FORM.fullmatch(text)
    if found is None or not text:
        raise ValueError(f"{text!r} is no duration such as 30s or 1h30m")
    try:
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (OverflowError, ValueError):
        raise TooLong(f"{text!r} is longer than any calendar") from None


def format_duration(duration: timedelta) -> str:
    """A duration of whole seconds as ``parse_duration`` takes it, in its shortest form."""
    seconds = int(duration.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
