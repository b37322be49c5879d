"""One run of one SyncConfig, from the directories to the confirmation.

It may die at any line: what it has written is true, and the next run goes on from there. ``plan`` is the same run
with ``sends`` off, on a copy of the store.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyroaring import BitMap

from syncramp.cycle.deadline import blame, limited, overdue
from syncramp.cycle.identity import identity
from syncramp.cycle.job import Job, written_back
from syncramp.cycle.walk import Walk
from syncramp.cycle.writeback.both import Second, first
from syncramp.errors import Stopped, WireUnverified
from syncramp.model.plan import Change, Plan
from syncramp.model.report import RunReport
from syncramp.model.sizes import GroupSize
from syncramp.plan.changes import changes

__all__ = ["Rehearsal", "identity", "rehearse", "run"]


def run(job: Job, report: RunReport | None = None) -> tuple[RunReport, Plan]:
    """Make one run.

    :param report: filled with what it did, also when it fails.
    :returns: what it did, and the plan it followed.
    :raises SyncrampError: it could not even begin (the wire is unverified, the store belongs to something else, the
        tenant refuses us, or is not ours to write to); what goes wrong later ends the run and stands in
        ``RunReport.failure``.
    """
    walk, _ = _made(job, report)
    return walk.report, walk.planned


def _made(job: Job, report: RunReport | None) -> tuple[Walk, Second | None]:
    """The run in each direction; see :func:`run`."""
    _check_wire(job)
    job.may_send()
    job.store.runs.claim(identity(job.config))
    walk = Walk(first(job) if job.writeback else job, report or RunReport())
    second = Second(job, walk.report) if job.writeback else None
    try:
        _in_time(job, walk, second)
    except BaseException as error:  # a second Ctrl-C, or a fault of ours: neither may look like a success
        blame(walk.report, error)
        raise
    finally:
        if second:
            second.end()
        walk.end()
    if second and second.fault:
        raise second.fault
    return walk, second


def _in_time(job: Job, walk: Walk, second: Second | None) -> None:
    """The run itself. One that is stopped in its export because it lasts too long comes to its end, with what it did.

    :raises DeadlineExceeded: it lasted too long before it had a plan.
    """
    with limited(job) as late:
        try:
            _steps(walk, second)
        except Stopped as error:
            raise (overdue(job) if late() else error) from None
    if late() and not walk.report.settled:
        blame(walk.report, overdue(job))


def _steps(walk: Walk, second: Second | None) -> None:
    """What is taken away goes first in both directions, before anything grows in either."""
    walk.look()
    walk.plan()
    if second:
        second.revoke()
    walk.send()
    if second:
        second.write()


def _check_wire(job: Job) -> None:
    if job.exports and not job.wire.accepted:
        raise WireUnverified(
            "the wire is unverified: no profile says how this endpoint behaves",
            where="spec.target.endpoint",
            remedy="probe a test tenant of the cloud (syncramp endpoint probe) and name what it writes with profile, "
            "or take the wire as it is documented with unverified: true",
        )


@dataclass(frozen=True, slots=True)
class Back:
    """What a run that sent nothing would write to the directory."""

    plan: Plan
    changes: Callable[[], Iterator[Change]]
    named: Callable[[BitMap], Iterator[tuple[str, str]]]
    """The anchors and DNs of groups and of members."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A run that sent nothing, and whose changes can be derived again, one by one."""

    report: RunReport
    plan: Plan
    changes: Callable[[], Iterator[Change]]
    named: Callable[[BitMap], Iterator[tuple[str, str]]]
    """The anchors and DNs of objects."""
    sizes: Callable[[], Iterator[GroupSize]]
    """All groups, with how many members they have."""
    document: str
    """Namespace and name."""
    tenant: str
    back: Back | None = None
    """The other direction; None: there is none, or it came to no plan."""


def rehearse(job: Job, report: RunReport | None = None) -> Rehearsal:
    """Make a run that sends nothing, on a store that will be thrown away.

    :param report: as :func:`run`.
    :raises SyncrampError: as :func:`run`.
    """
    walk, second = _made(job, report)
    plan, snapshot = walk.planned, job.store.snapshot()
    name, tenant = f"{job.config.namespace}/{job.config.name}", job.config.target.tenant_id
    back = _back(job, second.planned) if second else None
    return Rehearsal(
        walk.report, plan, lambda: changes(snapshot, plan.around), snapshot.names, snapshot.sizes, name, tenant, back
    )


def _back(job: Job, plan: Plan) -> Back | None:
    if not plan.digest:
        return None
    snapshot = written_back(job).ledger.snapshot()
    return Back(plan, lambda: changes(snapshot, plan.around), snapshot.names)
