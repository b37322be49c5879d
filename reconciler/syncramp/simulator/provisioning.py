"""One export call: objects in the order of the request, each applied wholly or not at all."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from syncramp.endpoint.contract import SyncResult
from syncramp.model.wire import AnchorType, Operation, ReferenceChange, SyncObject
from syncramp.simulator import refusals as r
from syncramp.simulator.attributes import KINDS, pascal, read_only
from syncramp.simulator.domains import normalised
from syncramp.simulator.lifecycle import delete, restore
from syncramp.simulator.matching import check_hard_match, soft_match
from syncramp.simulator.memberships import Memberships
from syncramp.simulator.refusals import Failure
from syncramp.simulator.settings import CloudManaged, TenantSettings, ToldOperation
from syncramp.simulator.storage import Held
from syncramp.simulator.tables import State
from syncramp.simulator.uniqueness import CHECKED, Use, names_of, resilient, told
from syncramp.simulator.validation import check_anchor, check_form, notes_on
from syncramp.simulator.view import ANCHORS, SINGLE, View

Values = dict[str, Any]
_QUARTERS = "SELECT sum(CASE state WHEN 0 THEN 4 WHEN 1 THEN 1 ELSE 0 END) FROM objects"
"""Objects, four for a live one and one for a deleted one."""


class Call:
    """One call.

    :param features: the tenant's feature mask.
    :param version: of the endpoint, 1 or 2.
    """

    def __init__(self, view: View, settings: TenantSettings, features: int, version: int) -> None:
        self._view, self._settings, self._features = view, settings, features
        self._memberships = Memberships(view, settings, version)
        self._read_only = read_only()
        self.made: list[Held] = []
        """Objects that this call created."""
        self._before: float | None = None
        """Objects there were before, once they are counted."""

    def run(self, objects: Sequence[SyncObject]) -> list[SyncResult]:
        """Apply the objects; one result for each, in their order."""
        self._view.load(objects)
        return [self._result(obj) for obj in objects]

    def _result(self, obj: SyncObject) -> SyncResult:
        source, cloud = anchors_of(obj)
        try:
            held, done, notes = self._apply(obj, source, cloud)
        except Failure as failure:
            return SyncResult(obj.kind, "Failure", obj.operation.value, source, cloud, failure.code, str(failure))
        echo = self._settings.told_operation is ToldOperation.ECHO
        operation = obj.operation if echo else done
        text = " ".join(notes) or None
        return SyncResult(obj.kind, "Success", operation.value, held.source_anchor, held.cloud_anchor, "0", text)

    def _apply(self, obj: SyncObject, source: str | None, cloud: str | None) -> tuple[Held, Operation, list[str]]:
        held = self._find(obj.kind, source, cloud)
        if held is not None and held.cloud_managed:
            if self._settings.cloud_managed is CloudManaged.IGNORE:
                return held, obj.operation, []
            raise Failure(r.CLOUD_MANAGED, "The source of authority of this object is the cloud.")
        if obj.operation is Operation.DELETE:
            return self._delete(held, obj.kind), Operation.DELETE, []
        if cloud and (held is None or (held.state is State.BIN and not held.synced and source is None)):
            raise Failure(r.INVALID_ANCHOR, f"There is no object with the cloud anchor {cloud}.")
        if held is not None and held.kind != obj.kind:
            raise Failure(r.OTHER_TYPE, f"The object is a {held.kind}, not a {obj.kind}.")
        return self._set(obj, held, source)

    def _find(self, kind: str, source: str | None, cloud: str | None) -> Held | None:
        by_source = self._view.find(AnchorType.SOURCE, source, kind)
        held = by_source or self._view.find(AnchorType.CLOUD, cloud, kind)
        if by_source is not None and cloud and by_source.cloud_anchor != cloud:
            raise Failure(r.INVALID_ANCHOR, "The source anchor and the cloud anchor belong to different objects.")
        if source and held is not None and held.source_anchor not in (None, source):
            raise Failure(r.HARD_MATCH, "The source anchor of an object cannot be changed.")
        return held

    def _delete(self, held: Held | None, kind: str) -> Held:
        if held is None or held.state is not State.LIVE or not held.synced or held.kind != kind:
            raise Failure(r.NOT_VALID_CODE, r.NOT_VALID.format(operation="Delete"))
        delete(self._view, held, self._settings)
        return held

    def _set(self, obj: SyncObject, held: Held | None, source: str | None) -> tuple[Held, Operation, list[str]]:
        changes = {low: value for name, value in obj.values.items() if (low := name.lower()) not in ANCHORS}
        notes = notes_on(changes, self._settings.attributes)
        check_form(changes)
        if held is None:
            held = self._match(obj.kind, changes, source)
        elif source and not held.synced:
            check_anchor(source)
            check_hard_match(held, changes, self._features)
        done = Operation.ADD if held is None else Operation.SET
        held, taken = self._changed(obj, held, source, changes)
        return held, done, ([r.QUARANTINE_TEXT.format(taken=told(taken))] if taken else []) + notes

    def _changed(
        self, obj: SyncObject, held: Held | None, source: str | None, changes: Values
    ) -> tuple[Held, tuple[Use, ...]]:
        """The object as it is now, and what was left out of it; what can be refused comes before the first change."""
        identity = held.id if held is not None else self._view.next_id
        links = self._memberships.asked(obj.kind, changes["member"], identity) if "member" in changes else {}
        values = _merged({} if held is None else held.values, self._kept(obj))
        named = held is None or held.state is not State.LIVE or not CHECKED.isdisjoint(changes)
        values, taken = self._unique(values, identity) if named else (values, ())
        held = held or self._make(obj.kind, source)
        self._write(held, source, values, named=named)
        kept = (use for use in held.quarantine if use[0].lower() not in changes)
        held.quarantine = (*kept, *taken) if taken or held.quarantine else ()
        self._view.storage.link(held.id, links.items(), self._view.changed)
        return held, taken

    def _match(self, kind: str, changes: Values, source: str | None) -> Held | None:
        """The object that an unknown source anchor is from now on; None: a new one."""
        if source is None:
            raise Failure(r.INVALID_ANCHOR, "The object has neither a source anchor nor a cloud anchor.")
        if kind not in KINDS:
            raise Failure(r.INVALID_VALUE, f"There are no objects of the type {kind}.")
        check_anchor(source)
        held = soft_match(self._view, kind, changes, self._features)
        if held is None:
            self._check_quota()
        return held

    def _check_quota(self) -> None:
        """So many objects as ids were given are not there; only then they are counted."""
        quota = self._settings.object_quota
        if not quota or self._view.next_id <= quota:
            return
        if self._before is None:
            self._before = self._view.storage.one(_QUARTERS) / 4
        if self._before + len(self.made) >= quota:
            raise Failure(r.QUOTA, f"The directory object quota of {quota} objects is exceeded.")

    def _kept(self, obj: SyncObject) -> Values:
        """Changes as they are stored, without references that cannot be resolved, where that is no failure."""
        kept: Values = {}
        for name, value in obj.values.items():
            low = name.lower()
            if low in ANCHORS or low == "member" or low in self._read_only:
                continue
            if low in SINGLE and value and self._memberships.single(name, str(value)) is None:
                continue
            if isinstance(value, tuple) and any(isinstance(item, ReferenceChange) for item in value):
                raise Failure(r.INVALID_VALUE, f"The attribute {name} takes no reference changes.")
            kept[name] = value
        return kept

    def _unique(self, values: Values, identity: int) -> tuple[Values, tuple[Use, ...]]:
        """The attributes as the service takes them, and what is left out because another object has it."""
        values = normalised(values, self._settings)
        taken = self._view.taken(values, identity)
        if not taken:
            return values, ()
        if not all(resilient(name, self._features) for name, _ in taken):
            raise Failure(r.NOT_UNIQUE, r.NOT_UNIQUE_TEXT.format(taken=told(taken)))
        return self._view.without(values, taken, self._settings.initial_domain, identity), taken

    def _make(self, kind: str, source: str | None) -> Held:
        view = self._view
        held = Held(view.next_id, kind, source, f"{kind}_{uuid4()}", {}, view.now, made=view.changed)
        self.made.append(held)
        return held

    def _write(self, held: Held, source: str | None, values: Values, *, named: bool) -> None:
        """An object becomes what it was set to; one from the bin comes back, a match becomes synchronised.

        :param named: its unique values may be others than before.
        """
        if named:
            before = names_of(held.values) if held.state is State.LIVE else {}
            self._view.rename(held, before, names_of(values))
        if held.state is State.BIN:
            restore(self._view, held, self._settings, synced=True)
        if source and not held.synced:
            held.source_anchor, held.synced = source, True
        held.values = values
        self._view.put(held)


def anchors_of(obj: SyncObject) -> tuple[str | None, str | None]:
    """The source anchor and the cloud anchor of an object; None where it has none."""
    given = {ANCHORS[low]: value for name, value in obj.values.items() if (low := name.lower()) in ANCHORS and value}
    source, cloud = given.get(AnchorType.SOURCE), given.get(AnchorType.CLOUD)
    return (str(source) if source else None), (str(cloud) if cloud else None)


def _merged(values: Values, changes: Values) -> Values:
    """Attributes after a Set: keys are matched without case, and nothing empty is kept."""
    merged = dict(values)
    known = {name.lower(): name for name in values}
    for name, value in changes.items():
        key = known.get(name.lower()) or pascal(name)
        if value is None or value == "" or value == ():
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged
