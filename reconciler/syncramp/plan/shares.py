"""How much goes to a tenant that was adopted lately: 25 objects and 100 links, then a tenth, then all.

What was chosen for a stage stays chosen until the stage ends, so that a run after it chooses no other ones. Objects
are chosen in the order of anchors. Who gives up a unique value and who claims it go together or not at all: half of
it would leave an address with nobody until a person comes. Links follow: to groups and members that are in the cloud
or chosen themselves; all of a group that a ramp fills in one go, or none. Disables and explicit removals go beside
all this, and are not counted. Pure functions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances, Share
from syncramp.model.holds import Hold
from syncramp.model.plan import Change, MembershipChange, ObjectChange
from syncramp.model.stages import HALVED, PROBATION_RUNS, Progress, Stage
from syncramp.plan.changes import disables
from syncramp.plan.claims import claimed

CANARY_OBJECTS, CANARY_LINKS = 25, 100
"""Practice of careful administrators: few enough to look at each of them."""
TENTH = 10
MOST_REFUSED = 0.01
"""Of what was answered in the tenth, for all to follow by itself."""

Changes = Callable[[], Iterable[Change]]
"""What would go if nothing but the share held it, as often as it is asked for."""
Anchors = Callable[[BitMap], Iterable[str]]


def going(change: ObjectChange) -> bool:
    """Something of it needs a place in the share."""
    return change.sends and not (disables(change) and len(change.values) == 1)


def begun(before: Progress, stage: Stage, objects: int, links: int) -> Progress:
    """A stage that begins.

    :param objects: that would go, and links: what the tenth is a tenth of.
    """
    kept = Progress(before.adopted, stage, runs=before.runs, probation_ended=before.probation_ended)
    if stage is Stage.CANARY:
        return replace(kept, most_objects=CANARY_OBJECTS, most_links=CANARY_LINKS)
    return replace(kept, most_objects=-(-objects // TENTH), most_links=-(-links // TENTH))


def counted(changes: Iterable[Change]) -> tuple[int, int]:
    """Objects and links that need a place, now or as soon as a person approves creates that are too many."""
    objects = links = 0
    later = BitMap()
    for change in changes:
        if isinstance(change, MembershipChange):
            waiting = change.absent if change.membership.id in later else change.absent & later
            links += len(change.adds) + len(waiting)
        elif change.hold is Hold.TOO_MANY_CREATES:
            later.add(change.state.id)
        else:
            objects += going(change)
    return objects + len(later), links


def filled(
    progress: Progress, changes: Changes, around: Circumstances, in_cloud: BitMap, anchors: Anchors
) -> Progress:
    """The stage with what is chosen beside what was, as far as there is room.

    :param in_cloud: ids of objects that are known to be in the cloud.
    :param anchors: of ids, in ascending order of these.
    """
    taking = _Taking(progress, _Units(changes(), around), in_cloud)
    for change in changes():
        if isinstance(change, ObjectChange):
            if going(change) and not around.fills(change.state.id):
                taking.object(change.state.id)
        elif around.fills(change.membership.id):
            taking.whole(change)
        else:
            taking.part(change, anchors)
    return replace(progress, objects=taking.objects, links=taking.links)


class _Taking:
    """What is chosen, and the room that is left."""

    def __init__(self, progress: Progress, units: "_Units", in_cloud: BitMap) -> None:
        self._units = units
        self._in_cloud = in_cloud
        self._most = progress.most_objects
        self._room = progress.most_links - progress.chosen_links
        self.objects, self.links = BitMap(progress.objects), dict(progress.links)

    def object(self, identity: int) -> bool:
        """An object, with those that it goes together with, if there is room for all of them."""
        together = self.objects | self._units.of(identity)
        if len(together) <= self._most:
            self.objects = together
        return identity in self.objects

    def part(self, change: MembershipChange, anchors: Anchors) -> None:
        """As many members as there is room for."""
        there = self._in_cloud | self.objects
        adds = (change.adds & there) - self._before(change)
        if self._room > 0 and adds and change.membership.id in there:
            self._take(change, adds if len(adds) <= self._room else _first(adds, self._room, anchors))

    def whole(self, change: MembershipChange) -> None:
        """All members and the group itself, or nothing of it."""
        adds, group = change.adds - self._before(change), change.membership
        fits = adds <= self._in_cloud | self.objects and len(adds) <= self._room
        if fits and (group.in_cloud or self.object(group.id)):
            self._take(change, adds)

    def _before(self, change: MembershipChange) -> BitMap:
        return self.links.get(change.membership.id, BitMap())

    def _take(self, change: MembershipChange, adds: BitMap) -> None:
        self.links[change.membership.id] = self._before(change) | adds
        self._room -= len(adds)


def _first(ids: BitMap, number: int, anchors: Anchors) -> BitMap:
    ordered = sorted(zip(anchors(ids), ids, strict=True))
    return BitMap(identity for _, identity in ordered[:number])


@dataclass(slots=True)
class _Units:
    """Objects that go together: those who give up unique values and those who claim them."""

    _parts: dict[int, BitMap] = field(default_factory=dict)

    def __init__(self, changes: Iterable[Change], around: Circumstances) -> None:
        self._parts = {}
        for claimant, owner in _claims(changes, around) if around.releasing else ():
            together = self.of(claimant) | self.of(owner)
            self._parts.update(dict.fromkeys(together, together))

    def of(self, identity: int) -> BitMap:
        return self._parts.get(identity, BitMap([identity]))


def _claims(changes: Iterable[Change], around: Circumstances) -> Iterator[tuple[int, int]]:
    for change in changes:
        if isinstance(change, ObjectChange):
            for _, _, owner in claimed(change, around.releasing):
                yield change.state.id, owner.id


def share_of(progress: Progress) -> Share:
    """What of the changes may go."""
    return Share(progress.objects, progress.links, reason(progress))


def reason(progress: Progress) -> str:
    """Why no more goes."""
    if progress.stage is Stage.CANARY:
        return (
            f"the tenant was adopted: at first {CANARY_OBJECTS} objects and {CANARY_LINKS} links go, and a person "
            "releases more (syncramp adopt --release)"
        )
    return "the tenant was adopted: a tenth goes, and all when it was confirmed and at most 1 % was refused"


def answered(progress: Progress, applied: int, refused: int, waiting: int, now: float, *, counts: bool) -> Progress:
    """The stage after a run that sent what it chose.

    :param waiting: changes that are left, in doubt or not confirmed.
    :param counts: the run came to its end and read everything, and counts for the probation.
    """
    runs = progress.runs + counts
    ended = progress.probation_ended or (now if runs >= PROBATION_RUNS else 0.0)
    total = progress.applied + applied
    return replace(progress, applied=total, refused=refused, waiting=waiting, runs=runs, probation_ended=ended)


def went_well(progress: Progress) -> bool:
    """The tenth is over and all may follow by itself."""
    few = progress.refused <= MOST_REFUSED * (progress.applied + progress.refused)
    return progress.stage is Stage.TENTH and progress.confirmed and few


def probation(progress: Progress) -> str:
    """Why every delete waits for an approval, as a sentence; empty when none does for this reason."""
    if progress.probation_ended:
        return ""
    left = PROBATION_RUNS - progress.runs
    return f"the tenant was adopted, and deletes need an approval in the first {PROBATION_RUNS} runs ({left} to come)"


def halved_until(progress: Progress) -> float:
    """Until when the limits of the failsafe are halved (seconds since the epoch); 0: the probation is not over."""
    return progress.probation_ended + HALVED if progress.probation_ended else 0.0


def halved(progress: Progress, now: float) -> bool:
    """The limits of the failsafe are halved."""
    return now < halved_until(progress)


def next_stage(stage: Stage) -> Stage:
    """The stage after one."""
    following: Mapping[Stage, Stage] = {Stage.CANARY: Stage.TENTH, Stage.TENTH: Stage.ALL}
    return following.get(stage, Stage.ALL)
