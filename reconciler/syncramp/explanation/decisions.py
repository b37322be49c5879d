"""What people approved, or have to decide, of one object: the sets of changes that it is in."""

from collections.abc import Iterator

from syncramp.model.approvals import Approval, Marks, Proposal
from syncramp.model.circumstances import Approved
from syncramp.model.plan import MembershipChange, ObjectChange
from syncramp.plan.approved import approved_links
from syncramp.plan.frozen import object_marks
from syncramp.plan.marks import add_mark, remove_mark
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store


def approved(store: Store, snapshot: Snapshot, now: float) -> Approved:
    """What is approved now (seconds since the epoch)."""
    given = store.approvals.given(now)
    marks = store.approvals.marks(given)
    return approved_links(snapshot, marks)[0] if store.approvals.has_links(given) else Approved(marks)


def decisions(
    store: Store, snapshot: Snapshot, change: ObjectChange | None, links: MembershipChange | None, now: float
) -> tuple[tuple[Approval, ...], tuple[Proposal, ...]]:
    """Valid approvals of something that is pending of an object, and what of it can be approved."""
    marks = Marks([*_of_object(change), *_of_links(snapshot, links)])
    given = store.approvals.given(now)
    return (
        tuple(each for each in given if any(mark in marks for mark in store.approvals.marks_of(each))),
        tuple(each for each in store.approvals.waiting(now) if store.approvals.proposes(each, marks)),
    )


def _of_object(change: ObjectChange | None) -> Iterator[int]:
    if change is not None:
        yield from (mark for _, mark in object_marks(change, {**change.values, **change.held}))


def _of_links(snapshot: Snapshot, links: MembershipChange | None) -> Iterator[int]:
    if links is None:
        return
    group = links.membership
    for mark, ids in ((add_mark, group.desired - group.sure), (remove_mark, group.possible - group.desired)):
        yield from (mark(group.anchor, anchor) for _, anchor in snapshot.named(ids))
