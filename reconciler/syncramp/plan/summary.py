"""Changes become a plan: counts, lanes, samples and a digest, in one pass and without keeping any change.

The digest stands for what would be sent, and for nothing else: same desired state, same known state, same policy,
same digest, on any machine and in any store. It runs over (class, anchor, digest of the values) in the order of
anchors, once for everything and once for each class. The values of a create are those that the store has a digest of,
so they are not even read. The members of a group enter as the sum of their anchors' digests modulo 2^128, so that
they need not be sorted: a sum is the same in every order. Ids, times and run numbers stay out of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Class
from syncramp.model.packing import digest_of
from syncramp.model.plan import Change, MembershipChange, ObjectChange, Plan, Verb
from syncramp.model.state import Origin
from syncramp.plan.anchors import Anchors, AnchorTable
from syncramp.plan.barriers import parts_by_class
from syncramp.plan.causes import container_of, link_origins
from syncramp.plan.changes import disables, wants_disable
from syncramp.plan.claims import claimed, gives_up
from syncramp.plan.creates import Creates
from syncramp.plan.frozen import Frozen
from syncramp.plan.outline import Outline

SAMPLES = 10
"""Examples kept of each topic and of each hold."""


def summarise(changes: Iterable[Change | Creates], anchors: Anchors, around: Circumstances | None = None) -> Plan:
    """The plan as a whole.

    :param changes: in the order of anchors, as ``plan.changes`` yields them, in blocks or each by itself.
    :param anchors: the anchors of a set of ids, in ascending order of the ids.
    :param around: what the changes were derived under.
    """
    plan, table = Plan(around=around or Circumstances()), AnchorTable(anchors)
    digests, frozen = _Digests(table), Frozen(table, plan.around.approved)
    outline = Outline(SAMPLES, plan.around, plan.lanes.deletes)
    for change in changes:
        if isinstance(change, Creates):
            _count_creates(plan, change)
            digests.creates(change)
            outline.creates(change)
            continue
        if isinstance(change, ObjectChange):
            _count_object(plan, change)
            digests.object(change)
            frozen.object(change)
        else:
            _count_membership(plan, change)
            digests.members(change)
            frozen.members(change)
        outline.take(change)
    plan.topics, plan.samples = outline.topics, outline.rows()
    plan.holds, plan.hold_samples = outline.holds, outline.held()
    plan.derived, plan.derived_held, plan.absent = outline.derived, outline.derived_held, outline.absent
    plan.digest, plan.digests = digests.whole.hexdigest(), digests.by_class()
    plan.waiting, plan.wanted = frozen.waiting(), frozen.wanted
    return plan


class _Digests:
    """Over everything that goes, and over each class of it."""

    def __init__(self, anchors: AnchorTable) -> None:
        self.whole = blake2b(digest_size=16)
        self._classes = {kind: blake2b(digest_size=16) for kind in Class}
        self._used: set[Class] = set()
        self._anchors = anchors

    def object(self, change: ObjectChange) -> None:
        state, verb = change.state, change.verb
        if verb is Verb.CREATE:
            self._anchors.learn(state.id, state.anchor)
        for kind, values in parts_by_class(change).items():
            self._take(kind, f"{verb} {state.kind} {state.anchor} {digest_of(values).hex()}")

    def creates(self, creates: Creates) -> None:
        """The same of plain creates, which stand in the order of their anchors."""
        self._anchors.learn_all(creates.ids, creates.anchors)
        before = f"{Class.CREATES} {Verb.CREATE}"
        told = [
            f"{before} {kind} {anchor} {digest.hex()}".encode()
            for kind, anchor, digest in zip(creates.kinds, creates.anchors, creates.digests, strict=True)
        ]
        marks = b"".join([blake2b(each, digest_size=16).digest() for each in told])
        self._used.add(Class.CREATES)
        self.whole.update(marks)
        self._classes[Class.CREATES].update(marks)

    def members(self, change: MembershipChange) -> None:
        for kind, links in ((Class.REMOVALS, change.removes), (Class.REST, change.adds)):
            if links:
                self._take(kind, f"Members {change.membership.anchor} {self._anchors.sum(links):032x}")

    def _take(self, kind: Class, told: str) -> None:
        """:param told: only an anchor in it may have spaces, and nothing else is of its length."""
        mark = blake2b(f"{kind} {told}".encode(), digest_size=16).digest()
        self._used.add(kind)
        self.whole.update(mark)
        self._classes[kind].update(mark)

    def by_class(self) -> dict[str, str]:
        return {kind.value: self._classes[kind].hexdigest() for kind in Class if kind in self._used}


def _count_object(plan: Plan, change: ObjectChange) -> None:
    state = change.state
    if change.sends:
        kinds = plan.counts.setdefault(str(change.verb), {})
        kinds[str(state.kind)] = kinds.get(state.kind, 0) + 1
        plan.anchor_writes += state.id in plan.around.unanchored
        origin = change.origin
        if origin is Origin.CONTAINER and (container := container_of(state)):
            plan.containers[container] = plan.containers.get(container, 0) + 1
        plan.origins[origin.word] = plan.origins.get(origin.word, 0) + 1
        for lane in _lanes(plan, change):
            lane.add(state.id)
        if change.verb is Verb.UPDATE:
            for name in change.values:
                plan.attributes[name] = plan.attributes.get(name, 0) + 1
    if wants_disable(change):
        plan.disables.add(state.id)
    plan.held_objects += bool(change.parts)


def _count_creates(plan: Plan, creates: Creates) -> None:
    """The same of plain creates: they go, and nothing else is to be told of them."""
    plan.lanes.creates.update(creates.ids)
    kinds = plan.counts.setdefault(str(Verb.CREATE), {})
    for kind, number in Counter(creates.kinds).items():
        kinds[kind] = kinds.get(kind, 0) + number
    for origin, number in Counter(creates.origins).items():
        word = Origin(origin).word
        plan.origins[word] = plan.origins.get(word, 0) + number


def _lanes(plan: Plan, change: ObjectChange) -> Iterator[BitMap]:
    """Where an object goes; an update that disables goes twice if it has more to say."""
    lanes = plan.lanes
    if change.verb is Verb.DELETE:
        yield lanes.deletes
    elif change.verb is Verb.CREATE:
        yield lanes.creates
        if plan.around.fills(change.state.id):
            yield lanes.fills
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
    for origin, number in link_origins(change, plan.around).items():
        plan.link_origins[origin.word] = plan.link_origins.get(origin.word, 0) + number
    plan.groups += bool(change.adds or change.removes)
    if change.adds:
        (plan.lanes.fills if plan.around.fills(group.id) else plan.lanes.additions).add(group.id)
        plan.add_sizes.append(len(change.adds))
    if change.removes:
        plan.lanes.removals.add(group.id)
        plan.remove_sizes.append(len(change.removes))
    if removes := BitMap.union(change.removes, *(held.removes for held in change.held)):
        plan.removals[group.id] = removes
    plan.held_links += sum(map(len, change.held))
