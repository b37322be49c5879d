"""Approvals in a run: what people let go is loaded before the plan, and what waits is kept after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.events import Note
from syncramp.model.approvals import ANNOTATION, Approval, Marks
from syncramp.model.circumstances import Approved
from syncramp.model.plan import Plan
from syncramp.plan.approved import NOBODY, approved_links
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store

BY_ANNOTATION = f"annotation {ANNOTATION}"
"""Who gave an approval that stands in the document."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The approvals that a plan is made under."""

    approvals: Sequence[Approval] = ()
    approved: Approved = field(default_factory=Approved)
    links: Sequence[int] = ()
    """Marks of approved links that are pending."""


def take(job: Job) -> None:
    """Approve what the annotation of the document names, once: a digest that was taken before is not taken again,
    also when that approval has expired.

    A digest that is not known waits until a run has made the set that it names.
    """
    approvals, now = job.store.approvals, job.clock()
    for named in job.config.approves:
        if approvals.taken(named, BY_ANNOTATION):
            continue
        found = [each for each in approvals.proposals() if each.digest.startswith(named)]
        if len(found) == 1:
            approvals.give(found[0].digest, BY_ANNOTATION, now, now + job.config.approval_expiry.total_seconds())
        else:
            reason = "names more than one set" if found else "names nothing that a run has held"
            job.listen(Note("warning", f"the annotation {ANNOTATION}: {named} {reason}"))


def load(store: Store, snapshot: Snapshot, now: float, reverted: Mapping[int, BitMap] = NOBODY) -> Loaded:
    """What people approved and is valid now (seconds since the epoch).

    :param reverted: group -> members who are taken out again although they are desired.
    """
    given = store.approvals.given(now)
    if not given:
        return Loaded()
    marks = store.approvals.marks(given)
    if store.approvals.has_links(given):
        return Loaded(given, *approved_links(snapshot, marks, reverted))
    return Loaded(given, Approved(marks))


def keep(job: Job, plan: Plan, loaded: Loaded) -> None:
    """Write down what waits, and let drop out of the approvals what is not wanted any more."""
    approvals, now = job.store.approvals, job.clock()
    approvals.propose(plan.waiting, now, alone=True)
    approvals.retain(loaded.approvals, Marks([*plan.wanted, *loaded.links]), now)
    job.propose(plan.waiting, now)
