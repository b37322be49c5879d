"""Progress of a run for eyes: a bar on a terminal, plain lines in a pipe."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from syncramp.events import Event, Listener, Note, PhaseEnded, PhaseStarted, Progress

LINE_EVERY = 5.0
"""Seconds between two lines about one phase in a pipe: enough for a log, not too much."""


@contextmanager
def listener() -> Iterator[Listener]:
    """The listener that fits standard error: bars when a person looks, lines when a file or a pipe does."""
    if sys.stderr.isatty():
        with _bars() as listen:
            yield listen
    else:
        yield _Lines()


def describe(progress: Progress) -> str:
    """Counts, rate and time left of a phase, as far as they are known."""
    rate = (progress.done + progress.links) / progress.seconds if progress.seconds else 0.0
    parts = [f"{progress.done:,}" + (f" of {progress.total:,}" if progress.total else "") + f" {progress.unit}"]
    if progress.links:
        parts.append(f"{progress.links:,} links")
    parts.append(f"{rate:,.0f}/s")
    if progress.total and 0 < progress.done <= progress.total:
        parts.append(f"{clock(progress.seconds / progress.done * (progress.total - progress.done))} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """A duration as people read it: 42s, 3m05s, 2h10m."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


class _Lines:
    """One line for each phase, and one now and then while it lasts."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, event: Event) -> None:
        match event:
            case PhaseStarted():
                self._last = time.monotonic()
            case Progress() if time.monotonic() - self._last >= LINE_EVERY:
                self._last = time.monotonic()
                _say(f"{event.phase}: {describe(event)}")
            case PhaseEnded():
                links = f", {event.links:,} links" if event.links else ""
                _say(f"{event.phase}: {event.objects:,}{links} in {event.seconds:.1f}s")
            case Note():
                _say(f"{event.level}: {event.text}")
            case _:
                pass


@contextmanager
def _bars() -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:12}"), BarColumn(24), TextColumn("{task.fields[said]}"))
    with Bars(*columns, console=Console(stderr=True), transient=False) as bars:
        tasks = {}

        def listen(event: Event) -> None:
            match event:
                case PhaseStarted():
                    tasks[event.phase] = bars.add_task(event.phase, total=None, said="")
                case Progress():
                    bars.update(tasks[event.phase], total=event.total, completed=event.done, said=describe(event))
                case PhaseEnded():
                    links = f", {event.links:,} links" if event.links else ""
                    said = f"{event.objects:,}{links} in {event.seconds:.1f}s"
                    bars.update(tasks[event.phase], total=1, completed=1, said=said)
                case Note():
                    bars.console.print(f"{event.level}: {event.text}", markup=False, highlight=False)

        yield listen


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
