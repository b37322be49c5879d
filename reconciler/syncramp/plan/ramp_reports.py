"""The reports of all ramps of a run: what was assembled before the plan (``plan.rooms``), for people.

A plan is told of the memberships that it was made of; when the run is over they are read once more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Room
from syncramp.model.state import Membership
from syncramp.plan.nesting import people
from syncramp.ramp.reporting import Standing, with_groups


class View(Protocol):
    """What is read of groups (``store.snapshot``)."""

    def groups(self, ids: BitMap) -> Iterator[Membership]:
        """Those of these groups that should be in the cloud."""

    def members(self, identity: int) -> BitMap:
        """Members that a group should have."""


def grouped(
    ramps: Iterable[RampReport], rooms: Mapping[int, Room], view: View, nested: Callable[[], BitMap]
) -> Iterator[RampReport]:
    """Ramps with their groups as they are now.

    :param rooms: what each group may have in this run.
    :param nested: ids of all groups, asked where a group is named: people are counted through those within it.
    """
    for ramp in ramps:
        ids = BitMap(group for group, room in rooms.items() if room.ramp == ramp.name)
        standings = [Standing(group, rooms[group.id]) for group in view.groups(ids)]
        yield with_groups(ramp, standings, lambda group: people(group, view.members, nested()))
