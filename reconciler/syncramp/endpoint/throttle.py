"""The tenant's write throttle, and our share of it.

A tenant accepts 7,000 writes in five minutes (Microsoft, performance factors); licensing, dynamic groups and portals
use it too, so only a share of it is ours. A sliding window of five minutes: what was spent in it may not exceed the
budget, so a run begins at once and then follows the pace of the window. An object counts as one write; whether links
count, and as what, is not documented, so they have a window and a budget of their own.

When the service pushes back (fault 81, HTTP 503) others use the throttle more than their share: our budget is halved,
and grows again a tenth for each five minutes of peace, as TCP finds its pace (RFC 5681, 3.1).

The windows belong to the tenant, not to a run: whatever writes to it in this process spends from the same ones, each
within the budget of its own document. A call that goes again after a lost answer is rare and not counted again.
What takes rights away (disables, member removals) waits for no room and is counted: the rest waits the longer.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from syncramp.spec.types import WriteBudget

WINDOW = 300.0
"""Seconds."""
LEAST = 1 / 16
"""The budget never shrinks below this part of what the document allows."""
RECOVERY = 0.1
"""What of the whole budget comes back in one window without a push."""
ONE_PUSH = 30.0
"""Seconds in which several pushes are one: calls in flight are pushed back together."""


class Window:
    """What was spent in the last five minutes; pure, its caller brings the time and the budget."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()
        self._sum = 0

    def delay(self, amount: int, budget: int, now: float) -> float:
        """Seconds until so much fits; 0: it fits now. More than the budget at once fits an empty window."""
        self._forget(now)
        need = self._sum + min(amount, budget) - budget
        if need <= 0:
            return 0.0
        for moment, count in self._spent:
            need -= count
            if need <= 0:
                return moment + WINDOW - now
        return 0.0

    def spend(self, amount: int, now: float) -> None:
        """So much goes now."""
        self._spent.append((now, amount))
        self._sum += amount

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] <= now - WINDOW:
            self._sum -= self._spent.popleft()[1]


class Pressure:
    """Which part of our budget the service lets us use; pure, its caller brings the time."""

    def __init__(self) -> None:
        self._level = 1.0
        self._since = float("-inf")

    def level(self, now: float) -> float:
        """From ``LEAST`` to 1: all of it."""
        return 1.0 if self._level == 1.0 else min(1.0, self._level + RECOVERY * (now - self._since) / WINDOW)

    def push(self, now: float) -> bool:
        """The service pushed back.

        :returns: the budget is smaller from now on; False: this push was told before.
        """
        if now - self._since < ONE_PUSH:
            return False
        self._level, self._since = max(LEAST, self.level(now) / 2), now
        return True


class TenantWindows:
    """What this process spent of one tenant's throttle; shared by all who write to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes = Window()
        self._links = Window()
        self._pressure = Pressure()

    def take(self, writes: int, links: int, budget: WriteBudget, now: float) -> float:
        """Spend, if there is room for both.

        :returns: seconds until there is; 0: it was spent.
        """
        with self._lock:
            most_writes, most_links = within(budget, self._pressure.level(now))
            delay = max(self._writes.delay(writes, most_writes, now), self._links.delay(links, most_links, now))
            if delay <= 0:
                self._writes.spend(writes, now)
                self._links.spend(links, now)
            return delay

    def spend(self, writes: int, links: int, now: float) -> None:
        """Spend, whether there is room or not."""
        with self._lock:
            self._writes.spend(writes, now)
            self._links.spend(links, now)

    def push(self, now: float) -> float | None:
        """The service pushed back.

        :returns: the part of the budget that is left; None: this push was told before.
        """
        with self._lock:
            return self._pressure.level(now) if self._pressure.push(now) else None


def within(budget: WriteBudget, level: float = 1.0) -> tuple[int, int]:
    """Our share: writes and links in five minutes.

    :param level: the part of it that the service lets us use.
    """
    part = budget.share / 100 * level
    return max(1, int(budget.per_five_minutes * part)), max(1, int(budget.links_per_five_minutes * part))


_tenants: dict[str, TenantWindows] = {}
_tenants_lock = threading.Lock()


def windows_of(tenant_id: str) -> TenantWindows:
    """The windows of a tenant in this process."""
    with _tenants_lock:
        return _tenants.setdefault(tenant_id.lower(), TenantWindows())


def _wait(stop: threading.Event, seconds: float) -> bool:
    return stop.wait(seconds)


@dataclass(frozen=True, slots=True)
class Timing:
    """How an endpoint reads the time and waits; a virtual clock is put forward in place of waiting."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], bool] = _wait
    """For so many seconds, or until the event is set; tells whether it is."""


REAL = Timing()


class Throttle:
    """One run's way to the windows of its tenant; waiting ends when the run is stopped.

    :param note: told when the pace changes.
    """

    def __init__(
        self,
        windows: TenantWindows,
        budget: WriteBudget,
        stop: threading.Event,
        note: Callable[[str], None],
        timing: Timing = REAL,
    ) -> None:
        self._timing = timing
        self._windows = windows
        self._budget = budget
        self._stop = stop
        self._note = note
        self._told = False

    def reserve(self, writes: int, links: int, *, wait: bool) -> bool:
        """Room for so many objects with so many links, which go at once.

        :param wait: until there is room.
        :returns: False: there is none now, or the run was stopped while it waited.
        """
        while not self._stop.is_set():
            delay = self._windows.take(writes, links, self._budget, self._timing.now())
            if delay <= 0:
                return True
            if not wait:
                return False
            self._tell()
            self._timing.wait(self._stop, delay)
        return False

    def spend(self, writes: int, links: int) -> None:
        """So many objects with so many links go at once, whether there is room or not."""
        self._windows.spend(writes, links, self._timing.now())

    def push_back(self) -> None:
        """The service answered that it is busy."""
        level = self._windows.push(self._timing.now())
        if level is not None:
            self._note(
                f"the service pushes back: {level:.0%} of our share of the tenant's throttle is used from now on"
            )

    def _tell(self) -> None:
        if not self._told:
            writes, links = within(self._budget)
            amount = f"{writes:,} writes, {links:,} links in five minutes"
            self._note(f"our share of the tenant's throttle ({amount}) is spent; the export goes on at its pace")
        self._told = True
