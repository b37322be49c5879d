"""One export call: objects in the order of the request, each applied wholly or not at all.

What the call may need is loaded in bulk first; objects and unique names are written in bulk at its end. Between, the
objects in hand are the truth, so an object sees what earlier ones of the same call did. Links are written at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from syncramp.endpoint.contract import SyncResult
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, SyncObject
from syncramp.simulator.settings import Duplicates, TenantSettings, Unresolved
from syncramp.simulator.storage import Held, Storage
from syncramp.simulator.tables import Link, State
from syncramp.simulator.uniqueness import QUARANTINE_TEXT, REFUSED_CODE, REFUSED_TEXT, names_of, told, without

ANCHORS = {"sourceanchor": AnchorType.SOURCE, "cloudanchor": AnchorType.CLOUD}
COLUMN = {AnchorType.SOURCE: "source_anchor", AnchorType.CLOUD: "cloud_anchor"}
SINGLE = frozenset({"manager", "managedby"})
NOT_VALID = "This synchronization operation, {operation}, is not valid. Contact Technical Support."
UNRESOLVED_CODE = "UnresolvedReference"
Changes = dict[str, Any]


class Failure(Exception):
    """One object is refused; nothing of it is applied."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Call:
    """One call.

    :param now: seconds, the tenant's clock.
    :param changed: the number of this call.
    """

    def __init__(self, storage: Storage, settings: TenantSettings, now: float, changed: int) -> None:
        self._storage, self._settings = storage, settings
        self._now, self._changed = now, changed
        self._next = 1 + (storage.one("SELECT max(id) FROM objects") or 0)
        self._held: dict[AnchorType, dict[str, Held]] = {by: {} for by in AnchorType}
        self._targets: dict[AnchorType, dict[str, tuple[int, float, int]]] = {by: {} for by in AnchorType}
        self._owners: dict[str, int | None] = {}
        self._dirty: dict[int, Held] = {}
        self._names: dict[int, Iterable[str]] = {}

    def run(self, objects: Sequence[SyncObject]) -> list[SyncResult]:
        """Apply the objects; one result for each, in their order."""
        self._load(objects)
        results = [self._result(obj) for obj in objects]
        self._storage.save(self._dirty.values(), self._changed)
        self._storage.run_all("DELETE FROM names WHERE object_id = ?", [(identity,) for identity in self._names])
        for identity, names in self._names.items():
            self._storage.own(identity, names)
        return results

    def _load(self, objects: Sequence[SyncObject]) -> None:
        anchors: dict[AnchorType, set[str]] = {by: set() for by in AnchorType}
        targets: dict[AnchorType, set[str]] = {by: set() for by in AnchorType}
        for obj in objects:
            for name, value in obj.values.items():
                low = name.lower()
                if low in ANCHORS:
                    anchors[ANCHORS[low]].add(str(value))
                elif low in SINGLE and value:
                    for by in AnchorType:
                        targets[by].add(str(value))
                elif isinstance(value, tuple):
                    for change in value:
                        if isinstance(change, ReferenceChange):
                            targets[change.by].add(change.anchor)
        for by, wanted in anchors.items():
            for held in self._storage.held(COLUMN[by], wanted):
                self._know(held)
        for by, wanted in targets.items():
            query = f"SELECT {COLUMN[by]}, id, created, state FROM objects WHERE {COLUMN[by]} IN"  # noqa: S608
            self._targets[by] = {row[0]: tuple(row[1:]) for row in self._storage.among(query, wanted)}
        self._look_up({key for obj in objects for key in names_of(obj.values)})

    def _know(self, held: Held) -> None:
        held = self._held[AnchorType.CLOUD].setdefault(held.cloud_anchor, held)
        if held.source_anchor is not None:
            self._held[AnchorType.SOURCE][held.source_anchor] = held

    def _look_up(self, names: Iterable[str]) -> None:
        unknown = [name for name in names if name not in self._owners]
        self._owners |= dict.fromkeys(unknown) | self._storage.owners(unknown)

    def _result(self, obj: SyncObject) -> SyncResult:
        given = {ANCHORS[name.lower()]: str(value) for name, value in obj.values.items() if name.lower() in ANCHORS}
        source, cloud = given.get(AnchorType.SOURCE), given.get(AnchorType.CLOUD)
        result = SyncResult(obj.kind, "Success", obj.operation.value, source, cloud)
        try:
            held = self._find(source, cloud)
            if obj.operation is Operation.DELETE:
                return replace(result, cloud_anchor=self._delete(held))
            held, done, warning = self._set(obj, held, source)
        except Failure as failure:
            return replace(
                result,
                result_code="Failure",
                result_error_code=failure.code,
                result_error_description=str(failure),
                sync_operation=obj.operation.value,
            )
        return replace(
            result,
            sync_operation=done.value,
            source_anchor=held.source_anchor,
            cloud_anchor=held.cloud_anchor,
            result_error_description=warning,
        )

    def _find(self, source: str | None, cloud: str | None) -> Held | None:
        held = self._held[AnchorType.SOURCE].get(source) if source else None
        if held is None and cloud:
            held = self._held[AnchorType.CLOUD].get(cloud)
            if held is None:
                raise Failure("InvalidAnchor", f"There is no object with the cloud anchor {cloud}.")
        if source and held is not None and held.source_anchor not in (None, source):
            raise Failure("InvalidHardMatch", "The source anchor of an object cannot be changed.")
        return held

    def _delete(self, held: Held | None) -> str:
        if held is None or held.state is not State.LIVE or held.source_anchor is None:
            raise Failure("114", NOT_VALID.format(operation="Delete"))
        held.state = State.BIN if held.kind == "User" else State.GONE
        asleep = Link.ASLEEP if held.state is State.BIN else Link.REMOVED
        self._storage.turn_links(held.id, Link.ALIVE, asleep, self._changed)
        if held.kind == "Group":
            statement = "UPDATE links SET state = ?, changed = ? WHERE group_id = ?"
            self._storage.run(statement, (int(Link.REMOVED), self._changed, held.id))
        self._rename(held, ())
        return held.cloud_anchor

    def _set(self, obj: SyncObject, held: Held | None, source: str | None) -> tuple[Held, Operation, str | None]:
        if held is None and source is None:
            raise Failure("InvalidAnchor", "The object has neither a source anchor nor a cloud anchor.")
        if held is not None and held.kind != obj.kind and held.state is not State.GONE:
            raise Failure("ObjectTypeMismatch", f"The object is a {held.kind}, not a {obj.kind}.")
        made = held is None or held.state is State.GONE
        identity = held.id if held is not None else self._next
        changes = {name: value for name, value in obj.values.items() if name.lower() not in ANCHORS}
        members = self._members(changes, identity)
        values = _merged({} if held is None or made else held.values, self._resolved(changes))
        values, warning = self._unique(values, identity)
        if held is None or made:
            held = Held(identity, obj.kind, source, f"{obj.kind}_{uuid4()}", values, self._now)
            self._next = max(self._next, identity + 1)
            self._know(held)
        if held.state is State.BIN:
            held.state = State.LIVE
            self._storage.turn_links(held.id, Link.ASLEEP, Link.ALIVE, self._changed)
        held.values, held.source_anchor = values, held.source_anchor or source
        self._know(held)
        self._rename(held, names_of(values))
        self._storage.link(held.id, members.items(), self._changed)
        return held, Operation.ADD if made else Operation.SET, warning

    def _rename(self, held: Held, names: Iterable[str]) -> None:
        self._dirty[held.id] = held
        if held.id not in self._names:
            rows = self._storage.rows("SELECT value FROM names WHERE object_id = ?", (held.id,))
            before: Iterable[str] = [row[0] for row in rows]
        else:
            before = self._names[held.id]
        self._owners |= dict.fromkeys(before) | dict.fromkeys(names, held.id)
        self._names[held.id] = tuple(names)

    def _unique(self, values: Changes, identity: int) -> tuple[Changes, str | None]:
        names = names_of(values)
        self._look_up(names)
        taken = [use for name, uses in names.items() if self._owners[name] not in (None, identity) for use in uses]
        if not taken:
            return values, None
        if self._settings.duplicates is Duplicates.REFUSE:
            raise Failure(REFUSED_CODE, REFUSED_TEXT.format(taken=told(taken)))
        left = without(values, taken, self._settings.initial_domain, identity)
        return left, QUARANTINE_TEXT.format(taken=told(taken))

    def _members(self, changes: Changes, group: int) -> dict[int, Link]:
        """The links an object asks for, out of its changes."""
        wanted: dict[int, Link] = {}
        for name in [name for name in changes if name.lower() == "member"]:
            for change in changes.pop(name) or ():
                if not isinstance(change, ReferenceChange):
                    raise Failure("InvalidValue", "The members of a group must be a collection of reference changes.")
                adds = change.operation is LinkOperation.ADD
                target = self._target(name, change.by, change.anchor, adds=adds)
                if target is not None:
                    wanted[target] = Link.ALIVE if adds else Link.REMOVED
        self._check_size(group, wanted)
        return wanted

    def _check_size(self, group: int, wanted: dict[int, Link]) -> None:
        adds = [member for member, state in wanted.items() if state is Link.ALIVE]
        if not adds:
            return
        states = self._storage.link_states(group, wanted)
        new = sum(states.get(member) != Link.ALIVE for member in adds)
        lost = sum(state == Link.ALIVE and wanted[member] is Link.REMOVED for member, state in states.items())
        query = "SELECT count(*) FROM links WHERE group_id = ? AND state = ?"
        if self._storage.one(query, (group, int(Link.ALIVE))) + new - lost > self._settings.most_members:
            raise Failure("ExceededAllowedLength", "Maximum Group member count exceeded.")

    def _resolved(self, changes: Changes) -> Changes:
        """Changes without single references that cannot be resolved, where that is no failure."""
        kept = dict(changes)
        for name, value in changes.items():
            if name.lower() in SINGLE and value:
                by = AnchorType.SOURCE if self._target_of(AnchorType.SOURCE, str(value)) else AnchorType.CLOUD
                if self._target(name, by, str(value)) is None:
                    del kept[name]
            elif isinstance(value, tuple) and any(isinstance(item, ReferenceChange) for item in value):
                raise Failure("InvalidValue", f"The attribute {name} takes no reference changes.")
        return kept

    def _target(self, name: str, by: AnchorType, anchor: str, *, adds: bool = True) -> int | None:
        """The id a reference leads to; None when it leads nowhere and is dropped.

        :param adds: the reference is to be there; what is deleted or too new can only be taken away.
        """
        found = self._target_of(by, anchor)
        if found is not None:
            identity, created, state = found
            visible = state == State.LIVE and self._now - created >= self._settings.visibility_delay
            if visible or not adds:
                return identity
        if self._settings.unresolved is Unresolved.DROP:
            return None
        raise Failure(UNRESOLVED_CODE, f"The reference {name} to {anchor} could not be resolved.")

    def _target_of(self, by: AnchorType, anchor: str) -> tuple[int, float, int] | None:
        held = self._held[by].get(anchor)
        return (held.id, held.created, held.state) if held is not None else self._targets[by].get(anchor)


def _merged(values: Changes, changes: Changes) -> Changes:
    """Attributes after a Set: keys are matched without case, and nothing empty is kept."""
    merged = dict(values)
    known = {name.lower(): name for name in values}
    for name, value in changes.items():
        key = known.get(name.lower()) or name[:1].upper() + name[1:]
        if value is None or value == "" or value == ():
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged
