"""Changes become a plan: counts, lanes, samples and a digest, in one pass and without keeping any change.

The digest stands for what would be sent, and for nothing else: same desired state, same known state, same policy,
same digest, on any machine and in any store. It runs over (class, anchor, digest of the values) in the order of
anchors, once for everything and once for each class. The members of a group enter as the sum of their anchors'
digests modulo 2^128, so that they need not be sorted: a sum is the same in every order. Ids, times and run numbers
stay out of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Class, Hold
from syncramp.model.plan import Change, MembershipChange, ObjectChange, Plan, Sample, Verb
from syncramp.model.state import Cause
from syncramp.model.values import Value
from syncramp.plan.barriers import parts_by_class
from syncramp.plan.changes import disables, wants_disable
from syncramp.plan.claims import claimed, gives_up
from syncramp.plan.frozen import Frozen
from syncramp.rules.flows import REFERENCES
from syncramp.words import count

SAMPLES = 10
"""Examples kept of each verb and of each hold."""
ANCHORS = frozenset(flow.wire for flows in REFERENCES.values() for flow in flows)
"""Attributes whose values are anchors of other objects, which say nothing to people."""
SHORT = 40
"""Characters of a value that is shown in an example."""

_CAUSES = {
    Cause.ABSENT: "its entry was absent from two complete imports",
    Cause.OUT_OF_SCOPE: "its entry is out of scope",
}

Anchors = Callable[[BitMap], Iterable[str]]


def summarise(changes: Iterable[Change], anchors: Anchors, around: Circumstances | None = None) -> Plan:
    """The plan as a whole.

    :param changes: in the order of anchors, as ``plan.changes`` yields them.
    :param anchors: the anchors of a set of ids, in any order.
    :param around: what the changes were derived under.
    """
    plan, digests = Plan(around=around or Circumstances()), _Digests()
    frozen = Frozen(anchors, plan.around.approved)
    for change in changes:
        if isinstance(change, ObjectChange):
            _count_object(plan, change)
            digests.object(change)
            frozen.object(change)
        else:
            _count_membership(plan, change)
            digests.members(change, anchors)
            frozen.members(change)
    plan.digest, plan.digests = digests.whole.hexdigest(), digests.by_class()
    plan.waiting, plan.wanted = frozen.waiting(), frozen.wanted
    return plan


class _Digests:
    """Over everything that goes, and over each class of it."""

    def __init__(self) -> None:
        self.whole = blake2b(digest_size=16)
        self._classes = {kind: blake2b(digest_size=16) for kind in Class}
        self._used: set[Class] = set()

    def object(self, change: ObjectChange) -> None:
        for kind, values in parts_by_class(change).items():
            sent = _mark(sorted(values.items())).hex()
            self._take(kind, [change.verb.value, change.state.kind.value, change.state.anchor, sent])

    def members(self, change: MembershipChange, anchors: Anchors) -> None:
        for kind, links in ((Class.REMOVALS, change.removes), (Class.REST, change.adds)):
            if links:
                self._take(kind, ["Members", change.membership.anchor, _sum(anchors(links))])

    def _take(self, kind: Class, parts: Sequence[str]) -> None:
        mark = _mark([kind.value, *parts])
        self._used.add(kind)
        self.whole.update(mark)
        self._classes[kind].update(mark)

    def by_class(self) -> dict[str, str]:
        return {kind.value: self._classes[kind].hexdigest() for kind in Class if kind in self._used}


def _count_object(plan: Plan, change: ObjectChange) -> None:
    state = change.state
    if change.sends:
        kinds = plan.counts.setdefault(change.verb.value, {})
        kinds[state.kind.value] = kinds.get(state.kind.value, 0) + 1
        plan.anchor_writes += state.id in plan.around.unanchored
        plan.origins[state.origin.word] = plan.origins.get(state.origin.word, 0) + 1
        for lane in _lanes(plan, change):
            lane.add(state.id)
        detail = _CAUSES.get(state.cause, "") if change.verb is Verb.DELETE and state.cause else ""
        if change.verb is Verb.UPDATE:
            detail = ", ".join(_told(name, change) for name in sorted(change.values))
            for name in change.values:
                plan.attributes[name] = plan.attributes.get(name, 0) + 1
        _keep(plan.samples, change.verb.value, _sample(change.verb.value, change, detail))
    if wants_disable(change):
        plan.disables.add(state.id)
    plan.held_objects += bool(change.parts)
    for part in change.parts:
        _hold(plan, part.hold, 1, _sample(change.verb.value, change, part.reason))


def _told(name: str, change: ObjectChange) -> str:
    """One attribute of an update with its old and its new value, where people can read both."""
    before, after = (change.state.acked or {}).get(name), change.values[name]
    if name in ANCHORS or not (_readable(before) and _readable(after)):
        return name
    return f"{name} {_shown(before)} → {_shown(after)}"


def _readable(value: Value | None) -> bool:
    return value is None or (isinstance(value, str | int) and len(str(value)) <= SHORT)


def _shown(value: Value | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else str(value)


def _lanes(plan: Plan, change: ObjectChange) -> Iterator[BitMap]:
    """Where an object goes; an update that disables goes twice if it has more to say."""
    lanes = plan.lanes
    if change.verb is Verb.DELETE:
        yield lanes.deletes
    elif change.verb is Verb.CREATE:
        yield lanes.creates
    else:
        if first := disables(change):
            yield lanes.disables
        if not first or len(change.values) > 1:
            yield _update_lane(plan, change)


def _update_lane(plan: Plan, change: ObjectChange) -> BitMap:
    if any(claimed(change, plan.around.releasing)):
        return plan.lanes.claims
    return plan.lanes.releases if gives_up(change) else plan.lanes.updates


def _count_membership(plan: Plan, change: MembershipChange) -> None:
    group = change.membership
    plan.link_adds += len(change.adds)
    plan.link_removes += len(change.removes)
    if change.adds or change.removes:
        plan.groups += 1
        detail = f"+{len(change.adds):,} −{len(change.removes):,} members"
        _keep(plan.samples, "Members", Sample("Members", "Group", group.dn, group.anchor, detail))
    if change.adds:
        plan.lanes.additions.add(group.id)
    if change.removes:
        plan.lanes.removals.add(group.id)
    if removes := BitMap.union(change.removes, *(held.removes for held in change.held)):
        plan.removals[group.id] = removes
    for held in change.held:
        plan.held_links += len(held)
        detail = f"{count(len(held), 'link')}: {held.reason}"
        _hold(plan, held.hold, len(held), Sample("Members", "Group", group.dn, group.anchor, detail))


def _hold(plan: Plan, hold: Hold, number: int, sample: Sample) -> None:
    plan.holds[hold.value] = plan.holds.get(hold.value, 0) + number
    _keep(plan.hold_samples, hold.value, sample)


def _keep(samples: dict[str, list[Sample]], name: str, sample: Sample) -> None:
    kept = samples.setdefault(name, [])
    if len(kept) < SAMPLES:
        kept.append(sample)


def _sample(verb: str, change: ObjectChange, detail: str) -> Sample:
    state = change.state
    return Sample(verb, state.kind.value, state.dn, state.anchor, detail)


def _sum(anchors: Iterable[str]) -> str:
    total = sum(int.from_bytes(blake2b(anchor.encode(), digest_size=16).digest()) for anchor in anchors)
    return f"{total % (1 << 128):032x}"


def _mark(parts: object) -> bytes:
    """A digest of plain values; ``repr`` tells text from bytes and True from 1, and has no ambiguity of its own."""
    return blake2b(repr(parts).encode(), digest_size=16).digest()
