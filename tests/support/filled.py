"""Groups that may be filled in one go: the rooms are given by hand, as a ramp would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from pyroaring import BitMap

from syncramp.cycle import planning
from syncramp.model.holds import Hold
from syncramp.model.ramps import Room
from syncramp.model.state import Membership
from syncramp.store.packing import pack_bitmap
from syncramp.store.store import Store

RAMP = "built-in"
WAITS = "the group waits for its ramp"
Give = Callable[[Membership, bool], Room | None]
"""The room of a group, which was begun or not."""


def fills(group: Membership, begun: bool) -> Room | None:
    """Everybody may come, in one go."""
    return Room(RAMP, group.desired - group.possible, Hold.RAMP, WAITS, fills=True, begins=not begun)


def newcomers(group: Membership, begun: bool) -> Room | None:
    """The same of a group that nobody waited for before."""
    return replace(fills(group, begun), begins=False)


def waits(group: Membership, begun: bool) -> Room | None:
    """Nobody may come."""
    return Room(RAMP, BitMap(), Hold.RAMP, WAITS, absent=not group.in_cloud)


@contextmanager
def rooms(give: Give) -> Iterator[None]:
    """Runs in the block give every group that differs its room; a group is bound when it is first seen."""
    original = planning.ramped

    def ramped(job: Any, snapshot: Any, *rest: Any) -> Any:
        begun = job.store.filling.begun()
        given = {}
        for group in snapshot.memberships():
            bind(job.store, group.anchor)
            if room := give(group, group.anchor in begun):
                given[group.id] = room
        return replace(original(job, snapshot, *rest), rooms=given)

    with patch.object(planning, "ramped", ramped):
        yield


def bind(store: Store, anchor: str) -> None:
    """A group follows the ramp from now on."""
    store.database.run(
        "INSERT OR IGNORE INTO ramp_groups (anchor, ramp, at, policy, start, filling) VALUES (?, ?, 0, '', ?, 0)",
        (anchor, RAMP, pack_bitmap(BitMap())),
    )
