"""The other direction of a run, beside the first: one job made of another, and when its steps are taken.

What is taken away goes before anything grows, in both: so the run looks at the directory, and takes members out of
groups there, before it sends anything to the tenant; what grows in the directory comes last. An error of this
direction is its own and ends it alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from syncramp.cycle.approving import BY_ANNOTATION
from syncramp.cycle.deadline import blame
from syncramp.cycle.identity import LEDGER_ANEW, ledger_identity
from syncramp.cycle.job import Job, Pace, written_back
from syncramp.cycle.walk import Walk
from syncramp.cycle.writeback.direction import TO_DIRECTORY
from syncramp.cycle.writeback.limiting import policy_of
from syncramp.errors import FenceLost, Stopped, SyncrampError
from syncramp.events import Event, Listener, PhaseEnded, PhaseStarted, Progress
from syncramp.model.plan import Plan
from syncramp.model.report import RunReport
from syncramp.model.written import WrittenReport
from syncramp.spec.ramps import WRITEBACK as RAMP
from syncramp.spec.writeback import other_direction
from syncramp.store.store import Store
from syncramp.store.taking import Taking

PACE = Pace(objects_per_call=1, parallel=1, patience=60.0, call_timeout=180.0, lost_answers=2)
"""One call is one request to the directory. A domain controller answers in seconds, or its connection is gone; a
minute is what one that is busy is waited for."""
NOT_BEGUN = "the run was stopped before anything grew in the directory"
LEAST_SHARE = 10
"""At least a tenth of an interval is this direction's, however long the first one took."""


def directed(job: Job) -> Job:
    """The job of the other direction, which goes with this one."""
    other = written_back(job)
    config = replace(
        other_direction(job.config, other.config, policy_of(other.ledger, other.config)),
        approves=tuple(named for named in job.config.approves if _is_of_the_ledger(job, named)),
        orders=tuple(order for order in job.config.orders if order.ramp == RAMP),
    )
    return replace(
        job,
        config=config,
        sources=(),
        endpoint=other.target,
        store=other.ledger,
        listen=_told_apart(job.listen),
        pace=PACE,
        writers={},
        refused=other.refused,
        propose=other.propose,
        outside={key: metric for key, metric in job.outside.items() if key[0] == RAMP},
        direction=TO_DIRECTORY,
    )


def first(job: Job) -> Job:
    """The job without what annotations of the document say to the other direction."""
    config = replace(
        job.config,
        approves=tuple(named for named in job.config.approves if not _is_of_the_ledger(job, named)),
        orders=tuple(order for order in job.config.orders if order.ramp != RAMP),
    )
    return replace(job, config=config)


def _is_of_the_ledger(job: Job, named: str) -> bool:
    """The beginning of a digest means what waits in the other direction, and nothing in this one."""
    return _knows(written_back(job).ledger, named) and not _knows(job.store, named)


def _knows(store: Store, named: str) -> bool:
    approvals = store.approvals
    return approvals.taken(named, BY_ANNOTATION) or any(
        each.digest.startswith(named) for each in approvals.proposals()
    )


def _told_apart(listen: Listener) -> Listener:
    """Phases are announced under names of their own."""

    def told(event: Event) -> None:
        if isinstance(event, PhaseStarted | Progress | PhaseEnded):
            event = replace(event, phase=f"writeback {event.phase}")
        listen(event)

    return told


class Second:
    """The steps of the other direction, in the order of its methods.

    :param job: of the first one.
    :param whole: the report of the run; what this direction does stands in its ``writeback``.
    """

    def __init__(self, job: Job, whole: RunReport) -> None:
        self._job, self._whole = directed(job), whole
        self._end = job.clock() + job.config.interval.total_seconds()
        self._walk: Walk | None = None
        self.fault: Exception | None = None
        """A fault of ours that ended it: whoever made the run raises it at the end."""
        container = written_back(job).config.container
        whole.writeback = RunReport(written=WrittenReport(container=container))

    @property
    def report(self) -> RunReport:
        """What it did so far."""
        return self._whole.writeback or RunReport()

    @property
    def planned(self) -> Plan:
        """What it follows; an empty one before it has one."""
        return self._walk.planned if self._walk else Plan()

    def revoke(self) -> None:
        """Look at the directory, and take members out of groups.

        :raises Stopped: the run was asked to stop.
        :raises FenceLost: the tenant is not ours any more.
        """
        with self._alone():
            walk = self._begun()
            walk.look()
            walk.revoke()

    def write(self) -> None:
        """The rest: what grows in the directory.

        :raises FenceLost: the tenant is not ours any more.
        """
        if self._walk is None or self.report.failure:
            return
        if self._job.stop.is_set():
            blame(self._walk.report, Stopped(NOT_BEGUN, remedy="the next run begins anew"))
            return
        with self._alone():
            share = self._job.config.interval.total_seconds() / LEAST_SHARE
            self._walk.until(max(self._end, self._job.clock() + share))
            self._walk.plan()
            self._walk.send()

    def end(self) -> None:
        """Write down how it ended; what cannot be written is told."""
        if self._walk is None:
            return
        with self._alone():
            self._count()
        with self._alone():
            if until := self._job.store.holder.travelling_until():
                written_back(self._job).main.holder.see_beside(until)
        with self._alone():
            self._walk.end()
        self._whole.writeback = self._walk.report

    def _count(self) -> None:
        """What is in the directory now, and ours."""
        if (written := self.report.written) is not None:
            written.groups, written.members = Taking(self._job.store.database).counts()

    def _begun(self) -> Walk:
        job = self._job
        if job.fence is not None:
            job.store.holder.note(job.fence.token)
        job.store.runs.claim(ledger_identity(job.config), LEDGER_ANEW)
        self._walk = Walk(job, self.report)
        return self._walk

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """An error in the block ends this direction, and not the run."""
        try:
            yield
        except (Stopped, FenceLost):
            raise
        except Exception as error:  # noqa: BLE001 - it is raised when the other direction has done its part
            if not isinstance(error, SyncrampError):
                self.fault = self.fault or error
            report = self._walk.report if self._walk else self.report
            if not report.failure:
                blame(report, error)
