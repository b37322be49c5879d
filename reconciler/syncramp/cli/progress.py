"""Progress of a run for eyes: a bar on a terminal, plain lines in a pipe."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from syncramp.events import Event, Fenced, Listener, Note, PhaseEnded, PhaseStarted, Progress
from syncramp.words import clock, count

LINE_EVERY = 5.0
"""Seconds between two lines about one phase in a pipe: enough for a log, not too much."""

ROOMY = 110
"""Columns from which on a bar fits beside the longest text; a narrower terminal gets the text alone."""

LINK = 1 / 15
"""Work of a link, measured in objects: 40,000 links against 2,500 objects a second."""


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
    parts = [_share(progress.done, progress.total, progress.unit)]
    if progress.links or progress.total_links:
        parts.append(_share(progress.links, progress.total_links, "link"))
    done = progress.done + progress.links * LINK
    if progress.seconds:
        parts.append(f"{(progress.done + progress.links) / progress.seconds:,.0f}/s")
    total = (progress.total or 0) + (progress.total_links or 0) * LINK
    if 0 < done <= total:
        parts.append(f"{clock(progress.seconds / done * (total - done))} left")
    return ", ".join(parts)


def _share(done: int, total: int | None, unit: str) -> str:
    return f"{done:,} of {count(total, unit)}" if total else count(done, unit)


def outcome(ended: PhaseEnded) -> str:
    """What a phase came to."""
    links = f", {count(ended.links, 'link')}" if ended.links else ""
    return f"{count(ended.objects, ended.unit)}{links} in {ended.seconds:.1f}s"


def fenced(event: Fenced) -> str:
    """Under which Lease it writes."""
    return f"the run holds the Lease {event.namespace}/{event.name}"


def named(progress: Progress) -> str:
    """The phase, or the part of a source in it."""
    part = f" {progress.partition}" if progress.partition else ""
    return f"{progress.phase} of {progress.source}{part}" if progress.source else progress.phase


class _Lines:
    """One line for each phase, and one now and then while it lasts; of one that has parts, for each part."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._began = time.monotonic()
        self._parted = False

    def __call__(self, event: Event) -> None:
        match event:
            case PhaseStarted():
                self._last, self._began, self._parted = {}, time.monotonic(), False
            case Progress():
                self._parted = self._parted or bool(event.source)
                if event.source or not self._parted:
                    self._say_now_and_then(named(event), describe(event))
            case PhaseEnded():
                _say(f"{event.phase}: {outcome(event)}")
            case Note():
                _say(f"{event.level}: {event.text}")
            case Fenced():
                _say(f"info: {fenced(event)}")
            case _:
                pass

    def _say_now_and_then(self, what: str, said: str) -> None:
        now = time.monotonic()
        if now - self._last.get(what, self._began) >= LINE_EVERY:
            self._last[what] = now
            _say(f"{what}: {said}")


@contextmanager
def _bars() -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    bar = [BarColumn(24)] if console.width >= ROOMY else []
    columns = (TextColumn("{task.description:11}"), *bar, TextColumn("{task.fields[said]}"))
    with Bars(*columns, console=console, transient=False) as bars:
        tasks: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            match event:
                case PhaseStarted():
                    tasks[event.phase] = bars.add_task(event.phase, total=None, said="")
                case Progress():
                    if (name := named(event)) not in tasks:
                        tasks[name] = bars.add_task(f"  {event.source}", total=None, said="")
                    bars.update(tasks[name], total=event.total, completed=event.done, said=describe(event))
                case PhaseEnded():
                    bars.update(tasks[event.phase], total=1, completed=1, said=outcome(event))
                case Note():
                    bars.console.print(f"{event.level}: {event.text}", markup=False, highlight=False)
                case Fenced():
                    bars.console.print(f"info: {fenced(event)}", markup=False, highlight=False)

        yield listen


def _say(line: str) -> None:
    """A reader that went away stops no run."""
    with suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
