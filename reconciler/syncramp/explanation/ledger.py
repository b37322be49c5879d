"""The ledger of written-back groups, asked about one of them: what the directory has, what waits, and why.

A run would see it so now, as far as the ledger knows: whether the directory can bring deleted groups back, and who is
in too many groups, is as the last run found it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from pyroaring import BitMap

from syncramp.explanation.circumstances import guarded, pending
from syncramp.explanation.decisions import approved, decisions
from syncramp.explanation.memberships import SHOWN, View, links_of, state_of
from syncramp.explanation.ramps import ramps_of
from syncramp.model.drift import Difference, Drift
from syncramp.model.explanation import GroupTold
from syncramp.model.explanation_written import WrittenAttribute, WrittenGroup
from syncramp.model.holds import Hold
from syncramp.model.state import Membership, ObjectState
from syncramp.model.written import Side
from syncramp.spec.types import DriftMode, SyncConfig, WritebackGroups
from syncramp.spec.writeback import other_direction, ramp_over
from syncramp.store.circumstances import known_circumstances
from syncramp.store.drift import Differences
from syncramp.store.store import Store
from syncramp.store.taking import Taking
from syncramp.store.wanted_groups import WantedGroups
from syncramp.writeback.ledger import BY_HAND, CLOUD, LINK_INTERVAL, NO_BIN, TOO_HEAVY
from syncramp.writeback.payload import ROWS, marked

_TOLD_ANYHOW = frozenset({Drift.DIFFERENT.value, Drift.LINKS_LOST.value, Drift.LINKS_ADDED.value})
"""Edits, which the store knows."""


class Ledger:
    """What is known of the directory.

    :param now: seconds since the epoch.
    """

    def __init__(self, store: Store, config: SyncConfig, groups: WritebackGroups, now: float) -> None:
        self._store, self._groups, self._now = store, groups, now
        kept = store.runs.flag(LINK_INTERVAL)
        ramp = groups.ramp if kept is None else ramp_over(groups.ramp, timedelta(seconds=float(kept)))
        self._config = other_direction(config, groups, ramp)

    @cached_property
    def _view(self) -> View:
        store, groups, snapshot = self._store, self._groups, self._store.snapshot()
        alone = replace(
            known_circumstances(store, snapshot, self._config, [CLOUD, groups.source], self._now),
            under_way=store.runs.travelling(self._now),
            approved=approved(store, snapshot, self._now),
            side=Side.DIRECTORY,
            probation=BY_HAND,
            keeps_edits=groups.drift is DriftMode.REPORT,
            unwritten=store.unwritten.all(),
            undeletable=self._undeletable(),
            too_heavy=self._too_heavy(),
        )
        ramps = ramps_of(store, snapshot, self._config, alone, self._now)
        around = guarded(store, snapshot, self._config, (), replace(alone, ramps=ramps.rooms), self._now)
        return View(store, snapshot, around, {}, ramps, Side.DIRECTORY)

    def _undeletable(self) -> str:
        last = self._store.runs.last_planned()
        return NO_BIN if last and last.report.get("holds", {}).get(Hold.RECYCLE_BIN.value) else ""

    def _too_heavy(self) -> dict[int, BitMap]:
        told = json.loads(self._store.runs.flag(TOO_HEAVY) or "{}")
        return {int(group): BitMap(members) for group, members in told.items()}

    def _state(self, object_id: str) -> ObjectState | None:
        ids = self._store.lookup.by_anchor(marked(object_id).lower())
        return self._view.snapshot.state(ids[0]) if ids else None

    def unwritable(self, object_id: str) -> dict[str, int]:
        """Why members of a group cannot be in the directory -> how many, as the last run counted them.

        Of a group that is not written nobody is counted.
        """
        return WantedGroups(self._store.database).unwritable(UUID(object_id).bytes_le)

    def told(self, object_id: str, *, everyone: bool) -> WrittenGroup | None:
        """One group; None: no run has judged it yet.

        :param everyone: name all of its members.
        """
        state = self._state(object_id)
        if state is None:
            return None
        change, _ = pending(self._store, self._view.snapshot, state, self._view.around)
        membership, links = links_of(self._view, state.id)
        approvals, proposals = decisions(self._store, self._view.snapshot, change, links, self._now)
        held, interval = self._view.around.unwritten.get(state.id), self._config.interval.total_seconds()
        ramp = self._view.ramps.told(state.id, self._store, self._view.snapshot, self._now, interval)
        told = WrittenGroup(
            dn=state.dn,
            present=state.acked is not None,
            held=(held[0].value, held[1]) if held else None,
            attributes=tuple(_attributes(state, Differences(self._store.database).of(state.id))),
            ramp=replace(ramp, direction=Side.DIRECTORY.value) if ramp else None,
            change=change,
            links=links,
            approvals=approvals,
            proposals=proposals,
            noted=tuple(dict.fromkeys(self._noted(state))),
        )
        return self._with_members(told, membership, state.id, everyone=everyone)

    def _noted(self, state: ObjectState) -> Iterator[str]:
        """What the last run told of the group by name: what was refused, and what somebody did to it."""
        last = self._store.runs.last_planned()
        for part in ("error_samples", "warning_samples", "drift_samples"):
            for what, samples in (last.report.get(part, {}) if last else {}).items():
                for one in samples:
                    ours = one["anchor"] == state.anchor or one["dn"] == state.dn
                    if ours and one["detail"] and what not in _TOLD_ANYHOW:
                        yield one["detail"]

    def _with_members(
        self, told: WrittenGroup, group: Membership | None, identity: int, *, everyone: bool
    ) -> WrittenGroup:
        """A group that is to be deleted has its members until then."""
        sure, possible = Taking(self._store.database).bracket(identity)
        shown = list(group.desired if group else possible)[: None if everyone else SHOWN]
        return replace(
            told,
            desired=len(group.desired) if group else 0,
            sure=len(sure),
            possible=len(possible),
            drifted=len(group.drifted) if group else 0,
            names=tuple(sorted(self._store.lookup.names(shown).values())),
        )

    def membership(self, name: str, object_id: str, guids: Sequence[bytes]) -> GroupTold | None:
        """Somebody in a group; None: no run has judged the group, or seen the member, yet.

        :param name: what the group is called.
        :param guids: objectGUIDs of the entries that somebody is made of.
        """
        state, member = self._state(object_id), self._member(guids)
        group = self._view.snapshot.membership(state.id) if state else None
        if group is None or member is None:
            return None
        bounds = member in group.desired, member in group.sure, member in group.possible
        return GroupTold(name, *bounds, *state_of(self._view, group, member, None))

    def _member(self, guids: Sequence[bytes]) -> int | None:
        found = [self._store.lookup.by_anchor(str(UUID(bytes_le=guid))) for guid in guids]
        return next((ids[0] for ids in found if ids), None)


def _attributes(state: ObjectState, edited: Iterable[Difference]) -> Iterator[WrittenAttribute]:
    """Those that are made, in their order, and then what else the directory has.

    :param edited: what it shows otherwise than it was written.
    """
    made = {row.name: row.of for row in ROWS}
    desired, there = state.desired or {}, {**(state.acked or {}), **{each.attribute: each.shown for each in edited}}
    for name in (*(name for name in made if name in desired or name in there), *sorted(there.keys() - made.keys())):
        yield WrittenAttribute(name, desired.get(name), there.get(name), made.get(name, ""))
