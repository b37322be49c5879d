"""How long the simulated service takes: a clock that is real or virtual, and a model of what an answer costs.

On the real clock an answer that takes a second is sent a second later. On a virtual one nobody sleeps: the clock of
the tenant and of the issuer is put forward instead, so that visibility delay, throttle windows, the life of tokens
and latency agree on one time. Answers given side by side add up there, because there is one clock.

What the real service needs is not public. The numbers are therefore zero until somebody sets them.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from syncramp.errors import InputRefused


class Clock:
    """Seconds since 1970.

    :param source: where they come from.
    :param virtual: time that an answer takes is not waited for; the clock is put forward by it.
    """

    def __init__(self, source: Callable[[], float] = time.time, *, virtual: bool = False) -> None:
        self._source = source
        self._virtual = virtual
        self.skipped = 0.0
        """Seconds that nobody waited for."""

    def __call__(self) -> float:
        return self._source() + self.skipped

    def spend(self, seconds: float) -> float:
        """Let time pass.

        :returns: the seconds that remain to be slept: all, or none on a virtual clock.
        """
        if not self._virtual:
            return seconds
        self.skipped += seconds
        return 0.0

    def rest(self, stop: threading.Event, seconds: float) -> bool:
        """Wait as a client does, unless the clock is virtual: then it is put forward.

        :returns: ``stop`` is set.
        """
        return stop.wait(self.spend(seconds))


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of an answer."""

    call: float = 0.0
    object: float = 0.0
    """For each object of an export call, or on a page of the read-back."""
    link: float = 0.0
    """For each reference change among them."""

    def seconds(self, objects: int, links: int) -> float:
        """Of one call."""
        return self.call + objects * self.object + links * self.link


def parse_latency(text: str, where: str) -> Latency:
    """``CALL,OBJECT,LINK`` in seconds; what is left out at the end is zero.

    :raises InputRefused: it is not written so.
    """
    try:
        numbers = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        numbers = [-1.0]
    if len(numbers) > 3 or not all(0 <= number < float("inf") for number in numbers):
        raise InputRefused(
            f"{text!r} are no seconds for a call, an object and a link",
            where=where,
            remedy="write them as 0.2,0.01,0",
        )
    return Latency(*numbers)


NO_LATENCY = Latency()
