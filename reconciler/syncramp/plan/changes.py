"""What differs, as changes: one object or one membership at a time, pure functions of what the store knows.

An object that is not in doubt is sent only what differs. One in doubt is sent whole, with a clear for every key the
cloud may hold beside: whatever the lost call did, the result is the desired state.

What a call of an earlier run may still be changing waits until that call cannot arrive any more. Disables and
explicit removals do not wait: they are sent at once, and again when the wait is over.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import HeldPart, Hold
from syncramp.model.packing import plain
from syncramp.model.plan import Change, MembershipChange, ObjectChange, Verb
from syncramp.model.state import JOIN_CONFLICT, Cause, Membership, ObjectState, Origin
from syncramp.model.values import Attributes, Value
from syncramp.plan import claims
from syncramp.plan.barriers import Found, hold_object
from syncramp.plan.creates import Creates, Page, PlainCreates
from syncramp.plan.members import AUTHORITY, TRAVELS, membership_change, without

DELETED = "somebody deleted it in the directory, and edits there are kept (drift: Report)"
NOTHING: tuple[Hold | None, str] = None, ""


class Links(Protocol):
    """What a plan reads of groups."""

    def memberships(self, also: Collection[int] = ()) -> Iterator[Membership]:
        """Groups whose members may differ, and some others by id, in the order of their anchors."""


class View(Links, Protocol):
    """What a plan reads."""

    def differing(self) -> Iterator[ObjectState]:
        """Objects that differ, in the order of their anchors."""


class Pages(Links, Protocol):
    """The same in pages."""

    def differing_pages(self) -> Iterator[Page]:
        """Objects that differ, in the order of their anchors."""


def changes(view: View, around: Circumstances) -> Iterator[Change]:
    """Every change, objects first, each in the order of anchors.

    A group that only loses members with their own delete stands there too, with no link of its own. What would link
    somebody whose create is held waits with that create, since the service knows no such member.
    """
    absent, plain = BitMap(), PlainCreates(around)
    for state in view.differing():
        if plain.holds(state):
            yield ObjectChange(state, Verb.CREATE, state.desired or {})
        else:
            yield from _changed(state, around, absent)
    yield from _moved(view, around, absent)


def in_blocks(view: Pages, around: Circumstances) -> Iterator[Change | Creates]:
    """The same, in which plain creates that follow each other stand together."""
    absent, plain = BitMap(), PlainCreates(around)
    for page in view.differing_pages():
        for run in plain.runs(page):
            if isinstance(run, Creates):
                yield run
            else:
                yield from _changed(run, around, absent)
    yield from _moved(view, around, absent)


def _changed(state: ObjectState, around: Circumstances, absent: BitMap) -> Iterator[ObjectChange]:
    """The change of an object, if it has one.

    :param absent: gets those of whom the create is held.
    """
    if change := object_change(state, around):
        if change.verb is Verb.CREATE and not change.sends:
            absent.add(state.id)
        yield change


def _moved(view: Links, around: Circumstances, absent: BitMap) -> Iterator[MembershipChange]:
    for membership in view.memberships(around.reverted):
        if moved := membership_change(membership, around):
            yield without(moved, absent) if absent else moved
        elif membership.derived:
            yield MembershipChange(membership, BitMap(), BitMap())


def object_change(state: ObjectState, around: Circumstances) -> ObjectChange | None:
    """What must happen to an object, and what of it is held; None when nothing differs."""
    change = _wanted(state)
    if change is None or (state.hold and state.source in around.dropped):
        return None  # nobody can judge anew what holds an object of a dropped source
    if change.verb is not Verb.CREATE:
        return _held(change, around)
    joins, restores = around.matching.get(state.id, ""), state.id in around.restoring
    if not (joins or restores):
        return _held(change, around)
    return replace(_held(replace(change, joins=joins), around), joins=joins, restores=restores)


def _held(change: ObjectChange, around: Circumstances) -> ObjectChange:
    """The change with what of it waits."""
    for hold in (_hold_everything, _hold_delete, _hold_create):
        if found := hold(change, around):
            return ObjectChange(change.state, change.verb, {}, (HeldPart(*found, change.values),))
    return _hold_claims(hold_object(_hold_parts(change, around), around), around)


def _wanted(state: ObjectState) -> ObjectChange | None:
    if state.desired is None:
        return ObjectChange(state, Verb.DELETE, {})
    if state.acked is None:
        return ObjectChange(state, Verb.CREATE, _whole(state) if state.doubt else state.desired)
    values = _whole(state) if state.doubt else _difference(plain(state.desired), plain(state.acked))
    return ObjectChange(state, Verb.UPDATE, values) if values or state.hold else None


def _difference(desired: Attributes, acked: Attributes) -> dict[str, Value | None]:
    changed: dict[str, Value | None] = {
        name: value
        for name, value in desired.items()
        if name not in acked or acked[name] != value or type(acked[name]) is not type(value)
    }
    changed.update({name: None for name in acked if name not in desired})
    return changed


def _whole(state: ObjectState) -> dict[str, Value | None]:
    desired = state.desired or {}
    cleared = (state.maybe | set(state.acked or {})) - set(desired)
    return {**desired, **dict.fromkeys(sorted(cleared))}


def _hold_everything(change: ObjectChange, around: Circumstances) -> Found | None:
    if around.adoption:
        return Hold.ADOPTION_REQUIRED, around.adoption
    if change.state.id in around.cloud_managed:
        return Hold.CLOUD_MANAGED, AUTHORITY
    if around.unwritten.get(change.state.id, NOTHING)[0] is Hold.MEMBERS_UNKNOWN:
        return around.unwritten[change.state.id]
    if change.verb is not Verb.UPDATE and change.state.id in around.under_way:
        return Hold.CALL_UNDER_WAY, TRAVELS
    return None


def _unproven(state: ObjectState, around: Circumstances) -> bool:
    """Its source was not read completely, or that of another entry that it is made of."""
    return state.source in around.incomplete or state.id in around.unproven


def _hold_delete(change: ObjectChange, around: Circumstances) -> Found | None:
    state = change.state
    if change.verb is not Verb.DELETE:
        return None
    if _unproven(state, around):
        return Hold.SOURCE_INCOMPLETE, around.why(state.source)
    if around.undeletable:
        return Hold.RECYCLE_BIN, around.undeletable
    if state.cause is Cause.ABSENT_ONCE:
        return Hold.ABSENT_ONCE, "its entry was absent from one complete import; a second one must agree"
    return None


def _hold_create(change: ObjectChange, around: Circumstances) -> Found | None:
    state = change.state
    if change.verb is not Verb.CREATE:
        return None
    if around.never_read:
        return Hold.SOURCE_NEVER_READ, f"source {', '.join(around.never_read)} was never read completely"
    if state.hold:
        return _conflict(state.hold)
    if state.anchor in around.foreign and not state.doubt:
        return Hold.NOT_OURS, f"an object with the source anchor {state.anchor} is in the tenant and is not ours"
    if around.keeps_edits and state.origin is Origin.CLOUD:
        return Hold.LOCAL_EDIT, DELETED
    room = around.ramps.get(state.id)
    return (room.hold, room.reason) if room is not None and room.absent else None


def _conflict(hold: str) -> Found:
    """A conflict of joins says so itself; every other one is about the anchor or the kind."""
    reason = hold.removeprefix(JOIN_CONFLICT)
    return (Hold.ANCHOR if reason == hold else Hold.JOIN), reason


def _hold_parts(change: ObjectChange, around: Circumstances) -> ObjectChange:
    """An update may go in part: what every hold lets go. The first hold that keeps something back is told."""
    if change.verb is not Verb.UPDATE:
        return change
    state = change.state
    going, told = dict(change.values), None
    for applies, may_go, hold, reason in (
        (state.hold, _disables, Hold.ANCHOR, state.hold),
        (state.id in around.under_way, _disables, Hold.CALL_UNDER_WAY, TRAVELS),
        (
            _unproven(state, around),
            _adds if state.source in around.incomplete else _adds_or_disables,
            Hold.SOURCE_INCOMPLETE,
            around.why(state.source),
        ),
    ):
        if applies:
            kept = {name: value for name, value in going.items() if may_go(name, value)}
            if told is None and (len(kept) < len(going) or hold is Hold.ANCHOR):
                told = hold, str(reason)
            going = kept
    held = {name: value for name, value in change.values.items() if name not in going}
    return ObjectChange(state, change.verb, going, (HeldPart(*told, held),) if told else ())


def _hold_claims(change: ObjectChange, around: Circumstances) -> ObjectChange:
    """A create waits whole for a value that is not free, of an update only the attributes that claim one."""
    waits = {
        part.name: f"{value} still belongs to {owner.dn}, {owner.why}"
        for part, value, owner in claims.claimed(change, around.taken)
    }
    if not waits:
        return change
    held = dict(change.values) if change.verb is Verb.CREATE else {name: change.values[name] for name in waits}
    going = {name: value for name, value in change.values.items() if name not in held}
    part = HeldPart(Hold.VALUE_TAKEN, next(iter(waits.values())), held)
    return replace(change, values=going, parts=(*change.parts, part))


def disables(change: ObjectChange) -> bool:
    """The update takes away the right to sign in, which the cloud has or, of an object in doubt, may have."""
    return takes_sign_in(change, change.values)


def wants_disable(change: ObjectChange) -> bool:
    """The same, whether it goes or is held."""
    return disables(change) or any(takes_sign_in(change, part.values) for part in change.parts)


def takes_sign_in(change: ObjectChange, values: Mapping[str, Value | None]) -> bool:
    """The same of some values of an update, whether they go or are held."""
    if change.verb is not Verb.UPDATE or values.get("accountEnabled") is not False:
        return False
    return change.state.doubt or (change.state.acked or {}).get("accountEnabled") is not False


def _disables(name: str, value: Value | None) -> bool:
    return name == "accountEnabled" and value is False


def _adds(name: str, value: Value | None) -> bool:
    return value is not None and not _disables(name, value)


def _adds_or_disables(name: str, value: Value | None) -> bool:
    """What another entry of the object adds is not proven, but its own source was read, and says who may sign in."""
    return value is not None
