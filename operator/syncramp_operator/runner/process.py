"""The process of one run: ``python -m syncramp_operator.runner``.

It is the child of the operator (``--parent``), told everything on its command line and telling everything in lines of
JSON on standard output; or it is the container of a Job (``--patch``), which reads its SyncRun and its SyncConfig and
writes how it goes on to the status of the SyncRun. The run is the same.

A child dies with its operator: the kernel sends it SIGTERM then (``PR_SET_PDEATHSIG``), and if the operator died
before that was asked for, its parent is another one already. SIGTERM ends a run after its calls in flight.

Exit code 0: it said how it ended, and that was no failure; 1: it failed; 3: the command line is wrong.
"""

import argparse
import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, Self

from syncramp.errors import Stopped, StoreUnusable, SyncrampError
from syncramp.events import Listener
from syncramp.model.ramps import Decided
from syncramp.model.report import RunReport
from syncramp_operator.runner.speakers import Lines, Speaker
from syncramp_operator.runs.run_end import Outcome, RunPhase, failed, succeeded

if TYPE_CHECKING:
    from syncramp.cycle.job import Job

_PR_SET_PDEATHSIG = 1
"""``prctl(2)`` of Linux."""
OK, FAILED, REFUSED = 0, 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the run that the command line describes.

    :returns: the exit code.
    """
    options = _parser().parse_args(arguments)
    try:
        with Asked() as asked:
            if options.patch:
                return _in_a_job(options, asked)
            if options.parent and not die_with(options.parent):
                return FAILED
            return _told(options, asked, Lines(_standard_output()))
    except Stopped:  # before there was anything to tell
        return FAILED


def die_with(parent: int) -> bool:
    """Ask the kernel for a SIGTERM when the parent ends.

    :param parent: its process id.
    :returns: False: it has ended already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    return os.getppid() == parent


def keep_quiet() -> None:
    """What nobody catches, in whatever thread, tells the log its kind and its place: Python would write its text."""

    def told(caught: "threading.ExceptHookArgs | sys.UnraisableHookArgs") -> None:
        _say_where(caught.exc_value or caught.exc_type())

    threading.excepthook = told
    sys.unraisablehook = told
    sys.excepthook = lambda kind, error, places: _say_where(error)


class Asked:
    """SIGTERM before and after the time in which the engine itself looks at it: before, nothing has begun and nothing
    begins; after, the end is told first.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._over = False

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def over(self) -> None:
        """From here on nothing is left to stop."""
        self._over = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True
        if not self._over:
            raise Stopped("the run was stopped before it sent anything", remedy="the next run begins anew")


@dataclass
class _Course:
    """How a run went, up to wherever it came."""

    report: RunReport = field(default_factory=RunReport)
    plan: str = ""
    decided: Sequence[Decided] = ()
    stopped: bool = False


def make(options: argparse.Namespace, listen: Listener, asked: Asked) -> Outcome:
    """One run, from the document to its outcome; nothing is raised."""
    course = _Course()
    try:
        from syncramp.session.fences import no_fence
        from syncramp.session.opening import job
        from syncramp_operator.fences import cluster_fence

        fence = cluster_fence(options.lease, listen) if options.lease else no_fence
        document, sends = str(options.document), not options.plan
        with job(
            document,
            options.state,
            options.secrets,
            listen,
            sends=sends,
            fence=fence,
            state_secrets=options.state_secrets,
        ) as made:
            _go(replace(made, full=made.full or options.full), options, course, asked)
    except Exception as error:  # noqa: BLE001 - a fault of ours has an outcome, too
        _trace(error)
        _advise(error)
        stopped = course.stopped or asked.stopped
        return _without_paths(failed(error, course.report, stopped=stopped, decided=course.decided), options)
    return succeeded(course.report, stopped=course.stopped, plan=course.plan, decided=course.decided)


def _advise(error: Exception) -> None:
    """Whoever reads a SyncRun has no ``--state``: what helps against a store there is said in its stead."""
    if isinstance(error, StoreUnusable) and "--state" in error.remedy:
        error.remedy = (
            "restore that state; or delete it and begin anew, with an adoption; or give the SyncConfig a new name,"
            " which has a state of its own"
        )


def _go(job: "Job", options: argparse.Namespace, course: _Course, asked: Asked) -> None:
    """The run itself, while its store is open.

    :raises SyncrampError: it ended before its time; the course tells how far it came.
    """
    from syncramp.cycle.run import run
    from syncramp.spec.types import Mode

    try:
        if options.plan or job.config.mode is Mode.PLAN:
            course.plan = _plan(job, course.report)
        else:
            run(job, course.report)
    finally:
        asked.over()
        course.stopped = job.stop.is_set()
        course.decided = list(_decided(job, course.report))


def _decided(job: "Job", report: RunReport) -> Iterator[Decided]:
    """What the run decided about ramps, in both directions."""
    yield from (each for each in job.store.ramp_states.history() if each.run == report.run)
    if job.writeback is not None and report.writeback is not None:
        number = report.writeback.run
        yield from (each for each in job.writeback.ledger.ramp_states.history() if each.run == number)


def _plan(job: "Job", report: RunReport) -> str:
    """A run that sends nothing, and its plan as a person reads it."""
    from syncramp.cycle.run import rehearse
    from syncramp.plan.sizes import histogram
    from syncramp.report.text import plan_lines

    rehearsal = rehearse(job, report)
    back = rehearsal.back.plan if rehearsal.back else None
    return "\n".join(plan_lines(rehearsal.plan, report, histogram(rehearsal.sizes()), back))


def _without_paths(outcome: Outcome, options: argparse.Namespace) -> Outcome:
    """Where files of this run lie is nobody's business; what they are is known by other names."""
    message = outcome.message.replace(f"{options.document}", f"SyncConfig {options.run}")
    return replace(outcome, message=message.replace(f"{options.secrets}/", ""))


def _told(options: argparse.Namespace, asked: Asked, speaker: Speaker) -> int:
    """Make the run, say how it ended, and make an exit code of it."""
    outcome = make(options, speaker.hear, asked)
    asked.over()
    said = speaker.finish(outcome)
    return OK if said and outcome.phase is not RunPhase.FAILED else FAILED


def _in_a_job(options: argparse.Namespace, asked: Asked) -> int:
    """The same, as the SyncRun of the cluster says."""
    from syncramp_operator.api.cluster import connected
    from syncramp_operator.runner.assignment import assigned

    try:
        with TemporaryDirectory(prefix="syncramp-run-") as folder:
            assignment = assigned(connected(), options.run, Path(folder))
            if assignment is None:
                return OK
            options.document, options.full, options.plan = assignment.document, assignment.full, assignment.plans
            return _told(options, asked, assignment.speaker)
    except SyncrampError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the log of the Pod
        return FAILED


def _trace(error: Exception) -> None:
    """A fault of ours, for the log; errors for people need no trace."""
    if not isinstance(error, SyncrampError):
        _say_where(error)


def _say_where(error: BaseException) -> None:
    """Of what kind it is and where, without its text."""
    places = "".join(traceback.format_tb(error.__traceback__))
    print(f"the run broke off: {type(error).__name__}\n{places}", file=sys.stderr, flush=True)  # noqa: T201


def _standard_output() -> int:
    """A descriptor of its own for the lines of the run; whatever else is printed goes to the log."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """The library's own exit code for a wrong command line is 2."""
        self.exit(REFUSED, f"error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="syncramp_operator.runner", description="One run of one SyncConfig.")
    add: Callable[..., object] = parser.add_argument
    add("--run", required=True, metavar="NAMESPACE/NAME", help="the SyncRun")
    add("--document", type=Path, default=Path("syncconfig.yaml"), help="the SyncConfig, as a file")
    add("--secrets", type=Path, required=True, metavar="DIR", help="Secrets and ConfigMaps: DIR/<name>/<key>")
    add("--state", type=Path, required=True, metavar="PLACE", help="the store")
    add("--state-secrets", type=Path, metavar="DIR", help="the Secret of a store in a server, which no document sees")
    add("--lease", default="", metavar="NAMESPACE", help="where the Lease of the tenant is; without it none is taken")
    add("--full", action="store_true", help="everything is read back and judged anew")
    add("--plan", action="store_true", help="plan on a copy of the store, and send nothing")
    add("--parent", type=int, default=0, metavar="PID", help="the operator, which the run ends with")
    add("--patch", action="store_true", help="read the SyncRun of the cluster, and write its status")
    return parser
