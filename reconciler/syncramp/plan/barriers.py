"""Holds that a person can end: of a guard that was tripped, of the document, of a tenant that was adopted lately.

They come after everything else: what waits for a proof or for a conflict is no matter of an approval. Of several the
first is told, and an approval of a change ends them all: a person looked at exactly this change. Only a sync window
that is not open (``Hold.WINDOW``), and the share of a tenant that was adopted lately (``Hold.CANARY``), are not ended
by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Barrier, Class, HeldPart, Hold
from syncramp.model.plan import HeldLinks, ObjectChange, Verb
from syncramp.model.state import Membership, ObjectState, Origin
from syncramp.model.values import Value
from syncramp.model.written import Side
from syncramp.plan.marks import create_mark, delete_mark, update_mark

Found = tuple[Hold, str]

SIGN_IN = frozenset({"userPrincipalName", "proxyAddresses", "usageLocation", "preferredDataLocation"})
"""Attributes whose change may lock somebody out or move the mailbox; of addresses a change of the primary one counts.
Practice of careful administrators; ``accountEnabled`` is a class of its own."""
_MANUAL = "spec.approval is Manual"
_NOT_THE_ENTRY = {
    Origin.CONFIGURATION: "the document changed, and under the one before it would stay",
    Origin.UPGRADE: "Syncramp was upgraded, and the default rules leave it out now; nobody changed its entry",
}
_FOUND = {
    Side.CLOUD: "it was so when the tenant was adopted, and nobody looked at it since",
    Side.DIRECTORY: "the directory had it so when the group was taken over, and nobody looked at it since",
}
_ORPHAN = "it was in the tenant without an entry, and was taken over to be deleted"


def hold_object(change: ObjectChange, around: Circumstances) -> ObjectChange:
    """The change of an object with what waits for a person."""
    if change.verb is Verb.UPDATE:
        return _hold_update(change, around)
    if not change.sends:
        return change
    found = _delete(change.state, around) if change.verb is Verb.DELETE else _create(change.state, around)
    if found is not None and around.approved.marks and _mark(change) in around.approved.marks:
        found = None
    found = found or _outside(change.state.id, around) or _beyond(change.state.id, around)
    return ObjectChange(change.state, change.verb, {}, (HeldPart(*found, change.values),)) if found else change


def _mark(change: ObjectChange) -> int:
    return delete_mark(change.state) if change.verb is Verb.DELETE else create_mark(change.state, change.joins)


def _delete(state: ObjectState, around: Circumstances) -> Found | None:
    if "" in state.found:
        return Hold.FOUND_AT_ADOPTION, _ORPHAN
    if reason := _NOT_THE_ENTRY.get(state.origin):
        return Hold.CONFIGURATION, reason
    if found := _barred(state.id, around.barriers.get(Class.DELETES, ())):
        return found
    if around.probation:
        return Hold.APPROVAL_REQUIRED, around.probation
    return _by_hand(around)


def _create(state: ObjectState, around: Circumstances) -> Found | None:
    if match := around.matching.get(state.id):
        return Hold.MATCH, f"the service would join it with {match}, which is not ours"
    if around.adopted and state.id in around.restoring:
        return Hold.RESTORE, "it would bring back an object that was deleted less than 30 days ago"
    return _barred(state.id, around.barriers.get(Class.CREATES, ())) or _by_hand(around)


def _by_hand(around: Circumstances) -> Found | None:
    return (Hold.APPROVAL_REQUIRED, _MANUAL) if around.manual else None


def _barred(identity: int, barriers: Sequence[Barrier]) -> Found | None:
    return next(((barrier.hold, barrier.reason) for barrier in barriers if identity in barrier.ids), None)


def _outside(identity: int, around: Circumstances) -> Found | None:
    return (Hold.WINDOW, around.shut) if around.shut and identity not in around.begun else None


def _beyond(identity: int, around: Circumstances) -> Found | None:
    share = around.share
    return (Hold.CANARY, share.reason) if share is not None and identity not in share.objects else None


def _hold_update(change: ObjectChange, around: Circumstances) -> ObjectChange:
    """An update may go in part; each attribute that waits does so for the first reason there is."""
    if not (around.barriers or around.manual or around.shut or around.share or change.state.found):
        return change
    held: dict[Found, dict[str, Value | None]] = {}
    approved = around.approved.marks
    for name, value in change.values.items():
        found = _attribute(change.state, name, value, around)
        if found is not None and approved and update_mark(change.state, name, value) in approved:
            found = None
        if found is None and not _disables(name, value):
            again = _sent_again(change.state, name, value)
            found = (None if again else _outside(change.state.id, around)) or _beyond(change.state.id, around)
        if found is not None:
            held.setdefault(found, {})[name] = value
    if not held:
        return change
    waiting = {name for values in held.values() for name in values}
    going = {name: value for name, value in change.values.items() if name not in waiting}
    parts = tuple(HeldPart(hold, reason, values) for (hold, reason), values in held.items())
    return replace(change, values=going, parts=(*change.parts, *parts))


def _disables(name: str, value: Value | None) -> bool:
    return name == "accountEnabled" and value is False


def _sent_again(state: ObjectState, name: str, value: Value | None) -> bool:
    """Of an object in doubt what is known is sent once more: there is nothing to look at."""
    return state.doubt and value == (state.acked or {}).get(name)


def _attribute(state: ObjectState, name: str, value: Value | None, around: Circumstances) -> Found | None:
    if _sent_again(state, name, value):
        return None
    disables = _disables(name, value)
    if name in state.found:
        return Hold.FOUND_AT_ADOPTION, _FOUND[around.side]
    for barrier in around.barriers.get(Class.DISABLES if disables else Class.REST, ()):
        if barrier.members is None and state.id in barrier.ids and _names(barrier, name, value):
            return barrier.hold, barrier.reason
    return None if disables else _by_hand(around)


def _names(barrier: Barrier, name: str, value: Value | None) -> bool:
    return (not barrier.attributes or name in barrier.attributes) and (value is None or not barrier.clears)


def hold_adds(group: Membership, adds: BitMap, around: Circumstances) -> tuple[BitMap, list[HeldLinks]]:
    """The additions that go, and those that wait for a person."""
    approved = around.approved.adds.get(group.id, BitMap())
    holds = [HeldLinks(*found, adds=links) for found, links in _added(group, adds - approved, around)]
    going = adds - BitMap.union(BitMap(), *(held.adds for held in holds))
    if going and (found := _outside(group.id, around)):
        holds.append(HeldLinks(*found, adds=going))
        going = BitMap()
    share = around.share
    if share is not None and (beyond := going - share.links.get(group.id, BitMap())):
        holds.append(HeldLinks(Hold.CANARY, share.reason, adds=beyond))
        going = going - beyond
    return going, holds


def _added(group: Membership, adds: BitMap, around: Circumstances) -> Iterator[tuple[Found, BitMap]]:
    for barrier in around.barriers.get(Class.REST, ()):
        if barrier.members is not None and group.id in barrier.ids and (links := adds & barrier.members):
            yield (barrier.hold, barrier.reason), links
            adds = adds - links
    if around.manual and adds:
        yield (Hold.APPROVAL_REQUIRED, _MANUAL), adds


def hold_removes(group: Membership, removes: BitMap, around: Circumstances) -> tuple[BitMap, list[HeldLinks]]:
    """The explicit removals that go, and those that wait for a person."""
    approved = around.approved.removes.get(group.id, BitMap())
    holds, left = [], removes - approved
    if found := left & group.found:
        holds.append(HeldLinks(Hold.FOUND_AT_ADOPTION, _FOUND[around.side], removes=found))
        left = left - found
    for barrier in around.barriers.get(Class.REMOVALS, ()):
        if group.id in barrier.ids and left:
            holds.append(HeldLinks(barrier.hold, barrier.reason, removes=left))
            left = BitMap()
    return left | (removes & approved), holds


def parts_by_class(change: ObjectChange) -> Mapping[Class, Mapping[str, Value | None]]:
    """What of a change goes, by its class; a delete has no values."""
    if not change.sends:
        return {}
    if change.verb is Verb.DELETE:
        return {Class.DELETES: {}}
    if change.verb is Verb.CREATE:
        return {Class.CREATES: change.values}
    first = {name: value for name, value in change.values.items() if _disables(name, value)}
    rest = {name: value for name, value in change.values.items() if name not in first}
    return {kind: values for kind, values in ((Class.DISABLES, first), (Class.REST, rest)) if values}
