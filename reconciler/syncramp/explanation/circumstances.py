"""What a plan is made under, as far as the store knows it: what only the tenant can tell is as of the last run."""

import re

from syncramp.explanation.decisions import approved
from syncramp.explanation.rivals import Rivals
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.plan import ObjectChange
from syncramp.model.state import ObjectState
from syncramp.plan.changes import object_change
from syncramp.plan.contention import contention
from syncramp.spec.types import ApprovalMode, SyncConfig
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store

_LINKS = re.compile(r"^[\d,]+ links?: ")
"""A sample of links begins with how many are held."""


def circumstances(store: Store, snapshot: Snapshot, config: SyncConfig, now: float) -> Circumstances:
    """Everything beside one object that decides what may be sent for it.

    :param now: seconds since the epoch.
    """
    incomplete, names = store.staging.incomplete(), [source.name for source in config.sources]
    unproven = snapshot.of_sources(incomplete)
    return Circumstances(
        max_members=config.max_members,
        delete_count=config.failsafe.deletes.count,
        deletes=snapshot.due_deletes(unproven),
        never_read=store.staging.never_read(names),
        incomplete=incomplete,
        unproven=unproven,
        dropped=store.staging.dropped(names),
        foreign=store.observations.foreign_anchors(),
        adoption=_adoption(store, snapshot),
        under_way=store.runs.travelling(now),
        cloud_managed=store.observations.cloud_managed(),
        keeping=snapshot.keeping,
        manual=config.approval is ApprovalMode.MANUAL,
        approved=approved(store, snapshot, now),
    )


def _adoption(store: Store, snapshot: Snapshot) -> str:
    """Why the last run might send nothing at all; that is over once something of ours is there."""
    if snapshot.in_cloud or snapshot.departing:
        return ""
    last = store.runs.last()
    samples = last.report.get("hold_samples", {}).get(Hold.ADOPTION_REQUIRED.value, ()) if last else ()
    return next((_LINKS.sub("", str(sample["detail"])) for sample in samples), "")


def pending(
    store: Store, snapshot: Snapshot, state: ObjectState, around: Circumstances
) -> tuple[ObjectChange | None, Circumstances]:
    """What a run would do with an object; and the circumstances, with who has the values that it claims."""
    if state.desired is None and state.acked is None and not state.doubt:
        return None, around
    whole = contention(Rivals(store, snapshot, state, around), around)
    return object_change(state, whole), whole
