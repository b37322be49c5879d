"""Groups that may be filled in one go: the rooms are given by hand, as a ramp would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.engine import Engine
from syncramp.cycle import planning
from syncramp.cycle.results import NOT_FILLED
from syncramp.model.holds import Hold
from syncramp.model.ramps import Room
from syncramp.model.report import RunReport
from syncramp.model.state import Membership
from syncramp.model.wire import SyncObject
from syncramp.store.packing import pack_bitmap
from syncramp.store.ramp_groups import RampGroups
from syncramp.store.store import Store

PEOPLE = range(1, 13)
LARGE, OTHER, SMALL = 101, 102, 103


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
        for one in snapshot.memberships():
            bind(job.store, one.anchor)
            if room := give(one, one.anchor in begun):
                given[one.id] = room
        return replace(original(job, snapshot, *rest), rooms=given)

    with patch.object(planning, "ramped", ramped), patch.object(RampGroups, "write"):
        yield


def bind(store: Store, anchor: str) -> None:
    """A group follows the ramp from now on."""
    store.database.run(
        "INSERT INTO ramp_groups (anchor, ramp, at, policy, start, filling) VALUES (?, ?, 0, '', ?, 0)"
        " ON CONFLICT DO NOTHING",
        (anchor, RAMP, pack_bitmap(BitMap())),
    )


@dataclass
class Clock:
    """Time passes with every call, and after each of them something may happen."""

    now: float = 1_000_000.0
    call: float = 10.0
    calls: int = 0
    then: dict[int, Callable[[], object]] = field(default_factory=dict)

    def __call__(self) -> float:
        return self.now

    def fault(self, moment: str) -> None:
        if moment == "after":
            self.now += self.call
            self.calls += 1
            self.then.pop(self.calls, lambda: None)()


def large_groups(path: Path, clock: Clock) -> Engine:
    """Twelve people in two large groups, and some of them in a small one; a call carries four links."""
    made = Engine(path / "state.db", clock=clock)
    made.source.add(*map(user, PEOPLE), *map(group, (LARGE, OTHER, SMALL)))
    for number in (LARGE, OTHER):
        made.source.members[guid(number)] = list(map(user_dn, PEOPLE))
    made.source.members[guid(SMALL)] = list(map(user_dn, range(1, 4)))
    made.cloud.max_links = 4
    made.cloud.fault = clock.fault
    return made


def large(group, begun):
    """Both large groups may be filled; the small one follows no ramp."""
    return fills(group, begun) if "Group 103" not in group.dn else None


def others_wait(group, begun):
    """The large groups wait, and others follow no ramp."""
    return waits(group, begun) if "Group 103" not in group.dn else None


def name(engine: Engine, obj: SyncObject) -> int:
    """The number of the entry that an object is of."""
    anchors = {engine.anchor(entry): int.from_bytes(entry.guid) for entry in engine.source.entries.values()}
    return anchors[str(obj.values["SourceAnchor"])]


def group_dn(number: int) -> str:
    return group(number).dn


def members(engine: Engine, number: int) -> int | None:
    """How many the cloud has; None: the group is not there."""
    anchor = engine.anchor(group(number))
    return len(engine.cloud.links.get(anchor, ())) if anchor in engine.cloud.objects else None


def filling(engine: Engine) -> set[str]:
    with engine.store() as store:
        return set(store.filling.begun())


def reasons(report: RunReport) -> list[str]:
    return [sample.detail for sample in report.warning_samples.get(NOT_FILLED, [])]


def agrees(report: RunReport) -> bool:
    tallies = (report.objects, report.links)
    return all(
        min(each.acknowledged, each.held, each.left) >= 0
        and each.expected == each.acknowledged + each.held + each.refused + each.in_doubt + each.left
        for each in tallies
    )
