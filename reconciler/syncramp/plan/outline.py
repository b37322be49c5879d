"""The outline of a plan: its changes counted by what they are to people, and the riskiest of each kept.

Changes come one by one and are forgotten again; a heap for each topic keeps the few that rank highest, so a plan of
any size has an outline of the same size. Groups rank by the members that they lose or get, a delete of a group before
other deletes; of what waits, deletes come before disables, and those before the groups with the most removals. The
rest is kept in the order in which it comes, which is that of anchors.
"""

from collections import Counter
from collections.abc import Mapping
from heapq import heappush, heapreplace

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import APPROVABLE, HeldPart, Hold
from syncramp.model.plan import Change, MembershipChange, ObjectChange, Sample, Topic, Verb
from syncramp.model.state import Cause, ObjectState
from syncramp.model.values import Kind, Value
from syncramp.model.written import Side
from syncramp.plan.barriers import SIGN_IN
from syncramp.plan.changes import disables, takes_sign_in
from syncramp.plan.creates import Creates
from syncramp.rules.flows import REFERENCES

ANCHORS = frozenset(flow.wire for flows in REFERENCES.values() for flow in flows)
"""Attributes whose values are anchors of other objects, which say nothing to people."""
SHORT = 40
"""Characters of a value that is shown in an example."""

_CAUSES = {
    Cause.ABSENT: "its entry was absent from two complete imports",
    Cause.DELETED: "its entry was deleted in the directory",
    Cause.OUT_OF_SCOPE: "its entry is out of scope",
}
_CAUSES_THERE = {Cause.DELETED: "its group was deleted in the cloud for good"}
"""Of groups that are written back."""
_DISABLES, _DELETES = 1 << 60, 1 << 61
"""Ranks beyond any number of links."""
_RESTORE = "it was deleted less than 30 days ago, and comes back"

_Heap = list[tuple[int, int, Sample]]


class Outline:
    """What is counted and kept of changes.

    :param most: rows that are kept of each topic and of each hold.
    :param around: what the changes were derived under.
    :param deletes: ids of objects whose delete goes; objects come before groups, so it may still be filled.
    """

    def __init__(self, most: int, around: Circumstances, deletes: BitMap) -> None:
        self._most = most
        self._around = around
        self._deletes = deletes
        self._rows: dict[str, _Heap] = {}
        self._held: dict[str, _Heap] = {}
        self._kept = 0
        self.topics: dict[str, dict[str, int]] = {}
        """Topic -> kind -> objects that go, or groups whose members change."""
        self.holds: dict[str, int] = {}
        """Hold -> changes (objects and links) that are not sent."""
        self.derived = 0
        self.derived_held = 0
        self.absent = 0

    def take(self, change: Change) -> None:
        """One more change."""
        if isinstance(change, ObjectChange):
            self._object(change)
        else:
            self._members(change)

    def creates(self, creates: Creates) -> None:
        """Plain creates: one rank, so that once the room is taken they are only counted."""
        shown = 0
        while shown < len(creates.ids) and self._wants(self._rows, Topic.CREATE, 0):
            self._object(creates.change(shown))
            shown += 1
        kinds = self.topics.setdefault(str(Topic.CREATE), {})
        for kind, number in Counter(creates.kinds[shown:]).items():
            kinds[kind] = kinds.get(kind, 0) + number

    def rows(self) -> dict[str, list[Sample]]:
        """Topic -> what is kept of it, the riskiest first."""
        return {name: _sorted(heap) for name, heap in self._rows.items()}

    def held(self) -> dict[str, list[Sample]]:
        """Hold -> what is kept of what it holds."""
        return {name: _sorted(heap) for name, heap in self._held.items()}

    def _object(self, change: ObjectChange) -> None:
        state = change.state
        if change.sends:
            topic = self._topic(change)
            self._count(topic, state.kind)
            rank = int(topic is Topic.DELETE and state.kind is Kind.GROUP)
            if self._wants(self._rows, topic, rank):
                verb = topic.value if topic is Topic.DISABLE else change.verb.value
                self._keep(self._rows, topic, rank, _sample(verb, change, self._detail(topic, change)))
        for part in change.parts:
            rank = _risk(change, part)
            if self._holds(part.hold, 1, rank):
                self._keep(self._held, part.hold, rank, _held_sample(change, part, self._around))

    def _topic(self, change: ObjectChange) -> Topic:
        if change.verb is Verb.DELETE:
            return Topic.DELETE
        if change.verb is Verb.CREATE:
            if change.state.id in self._around.matching:
                return Topic.MATCH
            return Topic.RESTORE if change.state.id in self._around.restoring else Topic.CREATE
        if disables(change):
            return Topic.DISABLE
        return Topic.SIGN_IN if changes_sign_in(change) else Topic.UPDATE

    def _detail(self, topic: Topic, change: ObjectChange) -> str:
        if topic is Topic.DELETE:
            return _cause(change.state, self._around)
        if topic is Topic.MATCH:
            return f"the service joins it with {self._around.matching[change.state.id]}"
        if change.verb is Verb.UPDATE:
            return _updated(change.state, change.values)
        return _RESTORE if topic is Topic.RESTORE else ""

    def _members(self, change: MembershipChange) -> None:
        group = change.membership
        ending = group.derived & self._deletes
        waiting = len(group.derived) - len(ending)
        self.derived += len(ending)
        self.derived_held += waiting
        self.absent += len(change.absent)
        if topic := _fate(change, ending):
            self._count(topic, Kind.GROUP)
            rank = _weight(topic, change)
            if self._wants(self._rows, topic, rank):
                detail = _moved(change, len(ending), waiting, topic)
                self._keep(self._rows, topic, rank, _members_sample(change, detail))
        for held in change.held:
            rank = len(held.removes)
            if self._holds(held.hold, len(held), rank):
                detail = f"{_links(len(held.adds), len(held.removes))}: {held.reason}"
                self._keep(self._held, held.hold, rank, _members_sample(change, detail))

    def _count(self, topic: Topic, kind: Kind) -> None:
        kinds = self.topics.setdefault(str(topic), {})
        kinds[str(kind)] = kinds.get(kind, 0) + 1

    def _holds(self, hold: Hold, number: int, rank: int) -> bool:
        """Count what a hold holds.

        :returns: it is kept as an example.
        """
        self.holds[hold.value] = self.holds.get(hold.value, 0) + number
        return self._wants(self._held, hold, rank)

    def _wants(self, heaps: Mapping[str, _Heap], name: str, rank: int) -> bool:
        heap = heaps.get(name)
        return heap is None or len(heap) < self._most or rank > heap[0][0]

    def _keep(self, heaps: dict[str, _Heap], name: str, rank: int, sample: Sample) -> None:
        self._kept += 1  # one change may have several examples, and they cannot be compared
        heap, row = heaps.setdefault(str(name), []), (rank, -self._kept, sample)
        if len(heap) < self._most:
            heappush(heap, row)
        else:
            heapreplace(heap, row)


def _sorted(heap: _Heap) -> list[Sample]:
    return [sample for _, _, sample in sorted(heap, key=lambda row: row[:2], reverse=True)]


def changes_sign_in(change: ObjectChange) -> bool:
    """An update changes what somebody signs in with, the primary address, or where the data lies."""
    acked = change.state.acked or {}
    return any(
        name != "proxyAddresses" or _primary(change.values[name]) != _primary(acked.get(name))
        for name in SIGN_IN.intersection(change.values)
    )


def _primary(addresses: Value | None) -> str:
    listed = addresses if isinstance(addresses, tuple) else (addresses,)
    return next((each for each in listed if isinstance(each, str) and each.startswith("SMTP:")), "")


def _fate(change: MembershipChange, ending: BitMap) -> Topic | None:
    """What becomes of a group; None: all of it is held."""
    group = change.membership
    if (change.removes or ending) and group.possible and not (group.possible - change.removes - ending | change.adds):
        return Topic.EMPTIED
    if change.removes:
        return Topic.REMOVALS
    if change.adds:
        return Topic.ADDITIONS
    return Topic.DERIVED if group.derived else None


def _weight(topic: Topic, change: MembershipChange) -> int:
    if topic is Topic.EMPTIED:
        return len(change.membership.possible)
    if topic is Topic.DERIVED:
        return len(change.membership.derived)
    return len(change.removes) if topic is Topic.REMOVALS else len(change.adds)


def _moved(change: MembershipChange, ending: int, waiting: int, topic: Topic) -> str:
    parts = []
    if change.adds or change.removes:
        parts.append(_links(len(change.adds), len(change.removes)))
    if ending:
        parts.append(f"−{ending:,} by the delete of the member")
    if waiting:
        parts.append(f"−{waiting:,} when the delete of the member goes")
    if topic is Topic.EMPTIED:
        parts.append("nobody is left")
    return ", ".join(parts)


def _links(adds: int, removes: int) -> str:
    return f"+{adds:,} −{removes:,} members"


def _updated(state: ObjectState, values: Mapping[str, Value | None]) -> str:
    """Attributes of an update, each with its old and its new value where people can read both."""
    acked = state.acked or {}
    return ", ".join(_told(name, acked.get(name), values[name]) for name in sorted(values))


def _told(name: str, before: Value | None, after: Value | None) -> str:
    if name in ANCHORS or not (_readable(before) and _readable(after)):
        return name
    return f"{name} {_shown(before)} → {_shown(after)}"


def _readable(value: Value | None) -> bool:
    return value is None or (isinstance(value, str | int) and len(str(value)) <= SHORT)


def _shown(value: Value | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else str(value)


def _sample(verb: str, change: ObjectChange, detail: str) -> Sample:
    state = change.state
    return Sample(verb, state.kind.value, state.dn, state.anchor, detail)


def _risk(change: ObjectChange, part: HeldPart) -> int:
    """The rank of what waits of an object; links that are removed rank by their number, all else behind them."""
    if change.verb is Verb.DELETE:
        return _DELETES + (change.state.kind is Kind.GROUP)
    return _DISABLES if takes_sign_in(change, part.values) else 0


def _held_sample(change: ObjectChange, part: HeldPart, around: Circumstances) -> Sample:
    """What waits of a change. Where a person decides, what is decided about is told before the reason."""
    verb = Topic.DISABLE if takes_sign_in(change, part.values) else change.verb
    what = _decided(change, part.values, around) if part.hold in APPROVABLE else ""
    return _sample(verb.value, change, f"{what}; {part.reason}" if what else part.reason)


def _decided(change: ObjectChange, values: Mapping[str, Value | None], around: Circumstances) -> str:
    if change.verb is Verb.UPDATE:
        return _updated(change.state, values)
    return _cause(change.state, around) if change.verb is Verb.DELETE else ""


def _cause(state: ObjectState, around: Circumstances) -> str:
    causes = _CAUSES if around.side is Side.CLOUD else _CAUSES_THERE
    return causes.get(state.cause, "") if state.cause else ""


def _members_sample(change: MembershipChange, detail: str) -> Sample:
    group = change.membership
    return Sample("Members", "Group", group.dn, group.anchor, detail)
