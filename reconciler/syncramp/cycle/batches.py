"""Changes become batches: what one call carries.

A call carries at most ``objects_per_call`` objects and at most as many reference changes as the tenant allows over
all of them; a membership larger than that is split over several calls, which go one after the other. After a call
that was too much for the service, calls are smaller, until enough of them went well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from syncramp.model.circumstances import Approved, Circumstances
from syncramp.model.packing import packed_of, plain
from syncramp.model.plan import ObjectChange, Verb
from syncramp.model.state import Membership
from syncramp.model.values import Attributes, Value
from syncramp.model.whole import whole
from syncramp.model.wire import LinkOperation, Operation, SyncObject, WireValue
from syncramp.plan.counted import CREATED, link_spends, spends
from syncramp.store.intents import Item
from syncramp.store.snapshot import Snapshot

EASY = 20
"""Calls in a row that went well, after which they may be twice as large again."""


class CallSize:
    """How much one call may carry.

    :param objects: at most, of a service that takes everything.
    :param links: the same.
    :param halvings: how often both were halved by earlier runs.
    """

    def __init__(self, objects: int, links: int, halvings: int = 0) -> None:
        self._most = objects, links
        self._easy = 0
        self.halvings = halvings

    @property
    def objects(self) -> int:
        """Objects in a call."""
        return max(1, self._most[0] >> self.halvings)

    @property
    def links(self) -> int:
        """Links in a call, over all of its objects."""
        return max(1, self._most[1] >> self.halvings)

    def shrink(self, objects: int, links: int) -> None:
        """So much was too much for one call. If the next one could be as large, it is half as large as it could be.

        Not smaller at once, however little the call carried: one object that the service cannot stand fails in a call
        of any size, and says nothing about the others.
        """
        self._easy = 0
        if max(objects, links) > 1 and self.objects >= objects and self.links >= links:
            self.halvings += 1

    def grow(self) -> None:
        """A call went well."""
        self._easy += 1
        if self.halvings and self._easy >= EASY:
            self._easy = 0
            self.halvings -= 1


def object_item(change: ObjectChange, late: frozenset[str], approved: Approved) -> Item | None:
    """One create, update or delete as an item of a batch.

    :param late: references that cannot be sent yet.
    :param approved: what guards do not count once it was sent.
    :returns: None when nothing is left to send without them.
    """
    state = change.state
    anchor: dict[str, WireValue] = {"SourceAnchor": state.anchor}
    if change.verb is Verb.DELETE:
        gone = SyncObject(state.kind.value, Operation.DELETE, anchor)
        return Item(state.id, gone, deletes=True, spends=tuple(spends(change, {}, approved)))
    values = plain(change.values)
    if late:
        values = {name: value for name, value in values.items() if name not in late}
    if not values:
        return None
    sent = SyncObject(state.kind.value, Operation.SET, {**anchor, **values})
    settles = len(values) == len(change.values) and not (change.parts and change.held)
    after = state.desired if settles and state.desired is not None else _after(state.acked or {}, values)
    counted = tuple(spends(change, values, approved))
    return Item(state.id, sent, after=after, settles=settles, spends=counted)


def new_item(identity: int, kind: str, anchor: str, desired: Attributes) -> Item:
    """A plain create of which nothing was ever sent, as an item of a batch: the same as of every create, and less is
    asked for it.
    """
    sent = SyncObject(kind, Operation.SET, whole(anchor, packed_of(desired)[0]))
    return Item(identity, sent, after=desired, fresh=True, spends=CREATED)


def _after(acked: Mapping[str, Value], values: Mapping[str, Value | None]) -> dict[str, Value]:
    """What the cloud holds once a part of the values applied; once all of them did, it is what is desired."""
    after = dict(acked)
    for name, value in values.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    return after


@dataclass(slots=True)
class LinkWork:
    """What is still to be said of one group's members."""

    group: Membership
    adds: BitMap
    removes: BitMap
    tries: int = 0

    def take(self, room: int) -> tuple[BitMap, BitMap]:
        """At most so many links, removals first and in ascending order of ids."""
        removes = self.removes[:room]
        adds = self.adds[: room - len(removes)]
        self.removes -= removes
        self.adds -= adds
        return removes, adds


def postpone(later: dict[int, LinkWork], work: LinkWork) -> None:
    """Keep links for the next round; of one group there is one work only, since two items of it in a call, or in two
    calls that fly together, would not know of each other.
    """
    known = later.setdefault(work.group.id, work)
    if known is not work:
        known.adds, known.removes = known.adds | work.adds, known.removes | work.removes
        known.tries = max(known.tries, work.tries)


def link_item(work: LinkWork, room: int, snapshot: Snapshot, groups: BitMap, around: Circumstances) -> Item:
    """The next links of a group, as an item of a batch.

    :param groups: ids of all objects that are groups; guards count those that become members.
    """
    removes, adds = work.take(room)
    changes = (
        *snapshot.references_to(removes, LinkOperation.REMOVE),
        *snapshot.references_to(adds, LinkOperation.ADD),
    )
    values: dict[str, WireValue] = {"SourceAnchor": work.group.anchor, "member": changes}
    counted = tuple(link_spends(work.group.id, adds, removes, groups, around))
    sent, reverts = SyncObject("Group", Operation.SET, values), removes & work.group.desired
    return Item(work.group.id, sent, adds=adds, removes=removes, reverts=reverts, link_spends=counted)
