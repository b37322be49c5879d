"""The read-back: pages of objects behind an opaque cookie.

A full read-back shows every live object in the order of their ids, a delta every object that a later call changed.
A page carries a limited number of reference changes; a group with more of them is repeated on the next page with its
anchors and the next members only. Members as a list come whole, with their group. The cookie is signed, so one that
the tenant did not write is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct
from typing import Any

from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReadBackPage, ReferenceChange, SyncObject
from syncramp.simulator.attributes import of_kind
from syncramp.simulator.settings import DeltaCreates, MemberForm, SoftDeletes, TenantSettings
from syncramp.simulator.storage import COLUMNS, Held, Storage, held_of
from syncramp.simulator.tables import Flag, Link, State

_FIELDS = Struct(">qqqqd")
_TAG = 12
"""Bytes of the signature."""
_MEMBERS = (
    "SELECT l.member_id, o.source_anchor, o.cloud_anchor, l.state FROM links l JOIN objects o ON o.id = l.member_id "
    "WHERE l.group_id = ? AND l.member_id > ? AND "
)
_HEIR = "SELECT 1 FROM objects WHERE source_anchor = ? AND state <> 2 AND state = 0"
"""The live object with an anchor; a delete of another one does not name it. ``<> 2`` is for the index."""
_BINNED_GROUP = f"(state = 1 AND flags & {int(Flag.UNIFIED)})"
"""A Microsoft 365 group that can be restored."""
_ENDLESS = -1
"""As SQL's LIMIT."""
Member = tuple[int, ReferenceChange]
"""A member's id, and what became of it."""


@dataclass(frozen=True)
class Place:
    """Where a read-back stands."""

    since: int = -1
    """A delta: changes of later calls than this; -1: everything."""
    began: int = -1
    """The last call before this read-back began; -1: it has not begun."""
    after: int = 0
    """Objects with a higher id come next."""
    member: int = -1
    """The object ``after`` itself comes once more, with members of a higher id; -1: it does not."""
    sealed: float = 0.0
    """When its cookie was written, the tenant's clock."""

    def seal(self, key: bytes, now: float) -> bytes:
        """This place as a cookie."""
        data = _FIELDS.pack(self.since, self.began, self.after, self.member, now)
        return data + _tag(data, key)


def opened(cookie: bytes, key: bytes) -> Place | None:
    """The place of a cookie; None when it is not ours."""
    data, tag = cookie[: _FIELDS.size], cookie[_FIELDS.size :]
    if not compare_digest(tag, _tag(data, key)):
        return None
    return Place(*_FIELDS.unpack(data))


def _tag(data: bytes, key: bytes) -> bytes:
    return blake2b(data, key=key, digest_size=_TAG).digest()


class Reader:
    """A read-back by one version of the endpoint.

    :param version: 1 shows empty attributes too, and members as a list.
    :param now: seconds, the tenant's clock.
    :param key: of the cookies.
    """

    def __init__(self, storage: Storage, settings: TenantSettings, version: int, now: float, key: bytes) -> None:
        self._storage, self._settings = storage, settings
        self._version, self._now, self._key = version, now, key
        self._reasons = settings.soft_deletes is SoftDeletes.REASON
        self._form = MemberForm.LIST if version == 1 else settings.member_form

    def page(self, place: Place, last_call: int) -> ReadBackPage:
        """One page.

        :param last_call: the number of the last call that changed something.
        """
        if place.began < 0:
            place = replace(place, began=last_call)
        rows = self._rows(place)
        shown: list[SyncObject] = []
        budget = self._settings.most_links
        for row in rows[: self._settings.page_size]:
            held = held_of(row)
            again = place.member if held.id == place.after else -1
            changes = self._changes(held, place.since, again, budget + 1)
            if len(changes) > budget and not budget:
                return self._ended(shown, place, more=True)  # the group comes first on the next page
            shown.append(self._shown(held, changes[:budget], place.since, only_members=again >= 0))
            if len(changes) > budget:
                return self._ended(shown, replace(place, after=held.id, member=changes[budget - 1][0]), more=True)
            budget -= len(changes)
            place = replace(place, after=held.id, member=-1)
        more = len(rows) > self._settings.page_size
        return self._ended(shown, place if more else Place(since=place.began), more=more)

    def _ended(self, shown: list[SyncObject], place: Place, *, more: bool) -> ReadBackPage:
        return ReadBackPage(shown, place.seal(self._key, self._now), more)

    def _rows(self, place: Place) -> Sequence[Any]:
        first = place.after - (place.member >= 0)
        there = f"(state = 0 OR {_BINNED_GROUP})" if self._reasons else "state = 0"
        condition = there if place.since < 0 else "changed > ?"
        parameters = (first,) if place.since < 0 else (first, place.since)
        query = f"SELECT {COLUMNS} FROM objects WHERE id > ? AND {condition} ORDER BY id LIMIT ?"  # noqa: S608
        return self._storage.rows(query, (*parameters, self._settings.page_size + 1))

    def _changes(self, held: Held, since: int, after: int, limit: int) -> list[Member]:
        """Members as they are, or since a call their changes; none where they come in another form."""
        if held.kind != "Group" or held.state is not State.LIVE or self._form is not MemberForm.CHANGES:
            return []
        return self._members(held, since, after, limit)

    def _members(self, held: Held, since: int, after: int, limit: int) -> list[Member]:
        condition, mark = ("l.state = ?", int(Link.ALIVE)) if since < 0 else ("l.changed > ?", since)
        query = f"{_MEMBERS}{condition} ORDER BY l.member_id LIMIT ?"
        by_source = held.synced
        rows = self._storage.rows(query, (held.id, after, mark, limit))
        return [(row[0], _change(row[1] if by_source else None, row[2], row[3])) for row in rows]

    def _shown(self, held: Held, changes: Sequence[Member], since: int, *, only_members: bool) -> SyncObject:
        values: dict[str, Any] = {"CloudAnchor": held.cloud_anchor}
        binned = self._reasons and held.state is State.BIN and held.unified
        live = held.state is State.LIVE or binned
        if held.source_anchor is not None and (live or not self._storage.one(_HEIR, (held.source_anchor,))):
            values["SourceAnchor"] = held.source_anchor
        if not live:
            return SyncObject(held.kind, Operation.DELETE, values)
        if not only_members:
            values["CloudMastered"] = not held.synced or held.cloud_managed
            values.update(held.values)
            if binned:
                values["ReasonFiltered"] = ("SoftDelete",)
            if held.cloud_managed:
                values["BlockOnPremisesSync"] = True
        if changes:
            values["Member"] = _told_once(changes)
        elif self._form is MemberForm.LIST and held.kind == "Group" and not binned:
            self._list_members(values, held, since)
        if self._version == 1:
            values = dict.fromkeys(of_kind(held.kind)) | values
        new = not only_members and 0 <= since < held.made and self._settings.delta_creates is DeltaCreates.ADD
        return SyncObject(held.kind, Operation.ADD if new else Operation.SET, values)

    def _list_members(self, values: dict[str, Any], held: Held, since: int) -> None:
        """All members, also in a delta; V2 shows an empty list only where it is news."""
        members = tuple(change.anchor for _, change in self._members(held, -1, -1, _ENDLESS))
        if members or since >= 0 or self._version == 1:
            values["Member"] = members


def _change(source: str | None, cloud: str, state: int) -> ReferenceChange:
    operation = LinkOperation.ADD if state == Link.ALIVE else LinkOperation.REMOVE
    if source is None:
        return ReferenceChange(cloud, operation, AnchorType.CLOUD)
    return ReferenceChange(source, operation, AnchorType.SOURCE)


def _told_once(changes: Sequence[Member]) -> tuple[ReferenceChange, ...]:
    """Changes without the removal of an anchor that somebody else has now, who is a member."""
    added = {change.anchor for _, change in changes if change.operation is LinkOperation.ADD}
    return tuple(
        change for _, change in changes if change.operation is LinkOperation.ADD or change.anchor not in added
    )
