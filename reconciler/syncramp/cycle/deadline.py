"""How a run ends before its time: what its report says of an error, and the limit of ``spec.timeout``.

A run that lasts too long is stopped like one that somebody stops: its calls in flight are answered, and the next run
goes on from there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Timer

from syncramp.cycle.job import Job
from syncramp.errors import DeadlineExceeded, Retry, Stalled, SyncrampError, Waiting
from syncramp.events import Note
from syncramp.model.report import RunReport
from syncramp.spec.durations import format_duration

INTERNAL = "InternalError"
"""The reason of an error that is none of ours."""


@contextmanager
def limited(job: Job) -> Iterator[Callable[[], bool]]:
    """While the block lasts the run is stopped when it lasts longer than it may.

    :returns: what tells whether that was so.
    """
    passed = Event()

    def stop() -> None:
        passed.set()
        job.stop.set()
        job.listen(Note("warning", f"{_sentence(job)}: stopping after the calls in flight"))

    timer = Timer(job.config.scheduling.timeout.total_seconds(), stop)
    timer.daemon = True
    timer.start()
    try:
        yield passed.is_set
    finally:
        timer.cancel()


def overdue(job: Job) -> DeadlineExceeded:
    """The error of a run that was stopped because it lasted too long."""
    return DeadlineExceeded(_sentence(job), where="spec.timeout", remedy="the next run goes on from here")


def _sentence(job: Job) -> str:
    return f"the run lasted longer than {format_duration(job.config.scheduling.timeout)}"


def blame(report: RunReport, error: BaseException) -> None:
    """What a report says of an end before its time; only texts of our own errors are fit to be told."""
    families = (family.__name__ for family in (Stalled, Waiting, Retry) if isinstance(error, family))
    report.failure, report.failure_reason = _words(error), INTERNAL
    report.failure_family = next(families, Retry.__name__)
    if isinstance(error, SyncrampError):
        report.failure_reason = error.reason
    if isinstance(error, Waiting):
        report.retry_at = error.until


def absolve(report: RunReport) -> None:
    """Its end was no failure after all."""
    report.failure = report.failure_reason = report.failure_family = ""
    report.retry_at = None


def _words(error: BaseException) -> str:
    match error:
        case SyncrampError():
            return str(error)
        case KeyboardInterrupt():
            return "it was interrupted, and its calls under way were not waited for"
        case _:
            return f"it broke off ({type(error).__name__})"
