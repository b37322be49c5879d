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
    """What is read of groups that are nested (``store.snapshot``, ``store.census``)."""

    def members(self, identity: int) -> BitMap:
        """Members that a group should have."""


def grouped(
    ramps: Iterable[RampReport],
    groups: Iterable[Membership],
    rooms: Mapping[int, Room],
    view: View,
    nested: Callable[[], BitMap],
) -> Iterator[RampReport]:
    """Ramps with their groups as they are now.

    :param groups: those that follow one.
    :param rooms: what each group may have in this run.
    :param nested: ids of all groups, asked where a group is named: people are counted through those within it.
    """
    standings: dict[str, list[Standing]] = {}
    for group in groups:
        if room := rooms.get(group.id):
            standings.setdefault(room.ramp, []).append(Standing(group, room))
    for ramp in ramps:
        yield with_groups(ramp, standings.get(ramp.name, ()), lambda group: people(group, view.members, nested()))
