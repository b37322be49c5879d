"""What a plan is made under, as far as the store knows it: what only the tenant can tell is as of the last run."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from pyroaring import BitMap

from syncramp.explanation.decisions import approved
from syncramp.explanation.rivals import Rivals
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.plan import ObjectChange
from syncramp.model.stages import Stage
from syncramp.model.state import ObjectState
from syncramp.plan.changes import changes, object_change
from syncramp.plan.contention import contention
from syncramp.plan.facts import Setting, bases, gather
from syncramp.plan.guards import judge
from syncramp.plan.shares import halved, probation, share_of
from syncramp.plan.survey import Survey
from syncramp.rules.ruleset import Ruleset
from syncramp.schedule.windows import verdict, why_shut
from syncramp.spec.types import SyncConfig
from syncramp.store.circumstances import known_circumstances
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store

_LINKS = re.compile(r"^[\d,]+ links?: ")
"""A sample of links begins with how many are held."""


def circumstances(store: Store, snapshot: Snapshot, config: SyncConfig, now: float) -> Circumstances:
    """Everything beside one object that decides what may be sent for it.

    :param now: seconds since the epoch.
    """
    progress = store.stages.of(store.adoption.read())
    known = known_circumstances(store, snapshot, config, [source.name for source in config.sources], now)
    return replace(
        known,
        adoption=_adoption(store, snapshot),
        under_way=store.runs.travelling(now),
        approved=approved(store, snapshot, now),
        probation=probation(progress) if progress else "",
    )


def guarded(
    store: Store,
    snapshot: Snapshot,
    config: SyncConfig,
    rules: Collection[Ruleset],
    around: Circumstances,
    now: float,
) -> Circumstances:
    """The circumstances with what guards hold; for that every change is derived that a guard counts."""
    census = store.census(snapshot)
    survey = Survey(lambda: census.groups)
    for change in changes(_Counted(snapshot, around), contention(snapshot, around)):
        survey.take(change)
    setting = Setting(
        day=store.spent.day(now),
        bases=bases(rules),
        adopted=around.adopted,
        prevention=store.spent.prevention.limit(len(snapshot.in_cloud)),
    )
    adoption = store.adoption.read()
    progress = store.stages.of(adoption)
    limits = config.failsafe.halved() if progress and halved(progress, now) else config.failsafe
    _, barriers = judge(gather(survey, census, setting, limits), limits)
    staged = adoption and progress and progress.stage is adoption.stage is not Stage.ALL
    share = share_of(progress) if progress and staged else None
    shut = why_shut(verdict(config.scheduling.windows, datetime.fromtimestamp(now, UTC)))
    groups = BitMap(group for group in store.filling.begun().values() if group is not None)
    return replace(around, barriers=barriers, share=share, shut=shut, begun=groups)


class _Counted:
    """The view of a plan without creates where no guard counts them: a first run has nothing else."""

    def __init__(self, snapshot: Snapshot, around: Circumstances) -> None:
        self._snapshot = snapshot
        self._creates = around.adopted
        self.memberships = snapshot.memberships

    def differing(self) -> Iterator[ObjectState]:
        return self._snapshot.differing() if self._creates else self._snapshot.owners(BitMap())


def _adoption(store: Store, snapshot: Snapshot) -> str:
    """Why the last run might send nothing at all; that is over once something of ours is there."""
    if store.adoption.adopted or snapshot.in_cloud or snapshot.departing:
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
