"""Families of series: what gauges and counters have in common.

Labels have values from lists that are known here, or names that the document bounds (at most 17 ramps): the number of
series of a SyncConfig has an end whatever the tenant says.
"""

from dataclasses import dataclass

from syncramp_operator.status.facts import Object
from syncramp_operator.status.view import items, text, whole

Row = tuple[tuple[str, ...], float]
"""Values of the labels behind namespace and name, and the number."""

OTHER = "other"
"""A label for all that has a name which is not known here."""
_PHASES = ("import", "read back", "synchronise", "catch up", "plan", "export", "confirm", "look", "classify")


@dataclass(frozen=True, slots=True)
class Family:
    """Series of one name."""

    name: str
    help: str
    labels: tuple[str, ...]
    """Behind ``namespace`` and ``name``."""


def seconds_of_phases(status: Object) -> dict[str, float]:
    """Phase -> how long it took in a run, in seconds."""
    seconds: dict[str, float] = {}
    for each in items(status, "phases"):
        name = text(each, "name") if text(each, "name") in _PHASES else OTHER
        seconds[name] = seconds.get(name, 0) + whole(each, "milliseconds") / 1000
    return seconds
