"""Phases of a run: they are announced, counted, timed and reported."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from syncramp.events import Listener, PhaseEnded, PhaseStarted, Progress
from syncramp.model.report import PhaseReport, RunReport

EVERY = 0.25
"""Seconds between two progress events: four a second are enough for eyes."""


class Phase:
    """A phase under way; ``advance`` counts and tells the listener now and then."""

    def __init__(
        self,
        name: str,
        listen: Listener,
        unit: str,
        total: int | None = None,
        total_links: int | None = None,
        place: tuple[str, str] = ("", ""),
    ) -> None:
        self.name = name
        self.place = place
        self.unit = unit
        self.total = total
        self.total_links = total_links
        self.objects = 0
        self.links = 0
        self._listen = listen
        self._began = time.monotonic()
        self._told = 0.0

    @property
    def seconds(self) -> float:
        """Since the phase began."""
        return time.monotonic() - self._began

    def advance(self, objects: int = 0, links: int = 0) -> None:
        """So much more is done."""
        self.objects += objects
        self.links += links
        now = time.monotonic()
        if now - self._told >= EVERY:
            self._told = now
            self.tell()

    def tell(self) -> None:
        """How far it is, now."""
        counts = self.objects, self.total, self.unit, self.seconds, self.links, self.total_links
        self._listen(Progress(self.name, *counts, *self.place))

    def part(self, source: str, partition: str) -> "Phase":
        """One part of a source in it, which is counted beside it."""
        return Phase(self.name, self._listen, self.unit, place=(source, partition))


@contextmanager
def phase(
    name: str,
    report: RunReport,
    listen: Listener,
    *,
    unit: str = "object",
    total: int | None = None,
    total_links: int | None = None,
) -> Iterator[Phase]:
    """Announce, time and report one phase, also when it ends in an error."""
    current, started = Phase(name, listen, unit, total, total_links), time.time()
    listen(PhaseStarted(name))
    try:
        yield current
    finally:
        seconds = round(current.seconds, 3)
        report.phases.append(PhaseReport(name, seconds, current.objects, current.links, started))
        listen(PhaseEnded(name, current.objects, current.links, unit, current.seconds))
