"""The tenant's write throttle, and our share of it.

A tenant accepts 7,000 writes in five minutes (Microsoft, performance factors); licensing, dynamic groups and portals
use it too, so only a share of it is ours. A sliding window of five minutes: what was spent in it may not exceed the
budget, so a run begins at once and then follows the pace of the window. What links cost is not documented; an object
counts as one write, whatever it carries. A call that goes again after a lost answer is rare and not counted again.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from syncramp.spec.types import WriteBudget

WINDOW = 300.0
"""Seconds."""


class Window:
    """What was spent in the last five minutes; pure, its caller brings the time."""

    def __init__(self, budget: int) -> None:
        self.budget = max(1, budget)
        self._spent: deque[tuple[float, int]] = deque()
        self._sum = 0

    def delay(self, writes: int, now: float) -> float:
        """Seconds until so many writes fit; 0: they fit now. More than the budget at once fit an empty window."""
        self._forget(now)
        need = self._sum + min(writes, self.budget) - self.budget
        if need <= 0:
            return 0.0
        for moment, count in self._spent:
            need -= count
            if need <= 0:
                return moment + WINDOW - now
        return 0.0

    def spend(self, writes: int, now: float) -> None:
        """So many writes go now."""
        self._spent.append((now, writes))
        self._sum += writes

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] <= now - WINDOW:
            self._sum -= self._spent.popleft()[1]


class Throttle:
    """The window of a run; waiting ends when the run is stopped."""

    def __init__(self, writes: WriteBudget, stop: threading.Event, note: Callable[[str], None]) -> None:
        self._window = Window(writes.per_five_minutes * writes.share // 100)
        self._stop = stop
        self._note = note
        self._told = False

    def reserve(self, writes: int, *, wait: bool) -> bool:
        """Room for so many writes, which go at once.

        :param wait: until there is room.
        :returns: False: there is none now, or the run was stopped while it waited.
        """
        while not self._stop.is_set():
            now = time.monotonic()
            delay = self._window.delay(writes, now)
            if delay <= 0:
                self._window.spend(writes, now)
                return True
            if not wait:
                return False
            self._tell()
            self._stop.wait(delay)
        return False

    def _tell(self) -> None:
        if not self._told:
            budget = f"{self._window.budget:,} writes in five minutes"
            self._note(f"our share of the tenant's throttle ({budget}) is spent; the export goes on at its pace")
        self._told = True
