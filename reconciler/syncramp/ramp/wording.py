"""Values of gates in words, in the unit of each."""

from collections.abc import Callable, Mapping

from syncramp.spec.ramps import Unit
from syncramp.words import clock

FINE_BELOW = 10.0
"""Seconds; of what is quicker a hundredth is told."""
PRECISE_BELOW = 600.0
"""Seconds; above them tenths say nothing."""


def duration(seconds: float) -> str:
    """``480ms``, ``4.2s``, ``75s``, ``30m00s``: fine enough that a value and the limit it is just above never look
    alike.
    """
    if 0 < seconds < 1:
        return f"{1000 * seconds:.0f}ms"
    if seconds < FINE_BELOW:
        return f"{seconds:.2f}".rstrip("0").removesuffix(".") + "s"
    return f"{seconds:.1f}".removesuffix(".0") + "s" if seconds < PRECISE_BELOW else clock(seconds)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _cycles(value: float) -> str:
    return f"{_number(value)} cycle" + ("" if value == 1 else "s")


FORMATS: Mapping[Unit, Callable[[float], str]] = {
    Unit.SECONDS: duration,
    Unit.PERCENT: lambda value: f"{_number(value)} %",
    Unit.POINTS: lambda value: f"{_number(value)} points more",
    Unit.FACTOR: lambda value: f"{_number(value)} times",
    Unit.CYCLES: _cycles,
    Unit.VALUE: _number,
}
"""A limit, or a value, in words."""
