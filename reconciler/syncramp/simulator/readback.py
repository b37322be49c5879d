"""The read-back: pages of objects behind an opaque cookie.

A full read-back shows every live object in the order of their ids, a delta every object that a later call changed.
A page carries a limited number of reference changes; a group with more of them is repeated on the next page with its
anchors and the next members only. The cookie is signed, so one that the tenant did not write is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct
from typing import Any

from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReadBackPage, ReferenceChange, SyncObject
from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.storage import COLUMNS, Held, Storage, held_of
from syncramp.simulator.tables import Link, State

_FIELDS = Struct(">qqqq")
_TAG = 12
"""Bytes of the signature."""
_MEMBERS = (
    "SELECT l.member_id, o.source_anchor, o.cloud_anchor, l.state FROM links l JOIN objects o ON o.id = l.member_id "
    "WHERE l.group_id = ? AND l.member_id > ? AND "
)


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

    def seal(self, key: bytes) -> bytes:
        """As a cookie."""
        data = _FIELDS.pack(self.since, self.began, self.after, self.member)
        return data + _tag(data, key)


def opened(cookie: bytes, key: bytes) -> Place | None:
    """The place of a cookie; None when it is not ours."""
    data, tag = cookie[: _FIELDS.size], cookie[_FIELDS.size :]
    if not compare_digest(tag, _tag(data, key)):
        return None
    return Place(*_FIELDS.unpack(data))


def _tag(data: bytes, key: bytes) -> bytes:
    return blake2b(data, key=key, digest_size=_TAG).digest()


def read_page(storage: Storage, settings: TenantSettings, place: Place, last_call: int, key: bytes) -> ReadBackPage:
    """One page.

    :param last_call: the number of the last call that changed something.
    """
    if place.began < 0:
        place = replace(place, began=last_call)
    rows = _rows(storage, place, settings.page_size + 1)
    shown: list[SyncObject] = []
    budget = settings.most_links
    for row in rows[: settings.page_size]:
        held = held_of(row)
        again = place.member if held.id == place.after else -1
        changes = _changes(storage, held, place.since, again, budget + 1)
        if len(changes) > budget and not budget:
            return ReadBackPage(shown, place.seal(key), more=True)  # the group comes first on the next page
        if len(changes) > budget:
            shown.append(_shown(held, changes[:budget], only_members=again >= 0))
            stop = replace(place, after=held.id, member=changes[budget - 1][0])
            return ReadBackPage(shown, stop.seal(key), more=True)
        shown.append(_shown(held, changes, only_members=again >= 0))
        budget -= len(changes)
        place = replace(place, after=held.id, member=-1)
    more = len(rows) > settings.page_size
    end = place if more else Place(since=place.began)
    return ReadBackPage(shown, end.seal(key), more)


def _rows(storage: Storage, place: Place, limit: int) -> Sequence[Any]:
    first = place.after - (place.member >= 0)
    condition = "state = 0" if place.since < 0 else "changed > ?"
    parameters = (first,) if place.since < 0 else (first, place.since)
    query = f"SELECT {COLUMNS} FROM objects WHERE id > ? AND {condition} ORDER BY id LIMIT ?"  # noqa: S608
    return storage.rows(query, (*parameters, limit))


def _changes(storage: Storage, held: Held, since: int, after: int, limit: int) -> list[tuple[int, ReferenceChange]]:
    """Members with their ids: those there are, or since a call the changes."""
    if held.kind != "Group" or held.state is not State.LIVE:
        return []
    condition, mark = ("l.state = ?", int(Link.ALIVE)) if since < 0 else ("l.changed > ?", since)
    query = f"{_MEMBERS}{condition} ORDER BY l.member_id LIMIT ?"
    return [(row[0], _change(*row[1:])) for row in storage.rows(query, (held.id, after, mark, limit))]


def _change(source: str | None, cloud: str, state: int) -> ReferenceChange:
    operation = LinkOperation.ADD if state == Link.ALIVE else LinkOperation.REMOVE
    if source is None:
        return ReferenceChange(cloud, operation, AnchorType.CLOUD)
    return ReferenceChange(source, operation, AnchorType.SOURCE)


def _shown(held: Held, changes: Sequence[tuple[int, ReferenceChange]], *, only_members: bool) -> SyncObject:
    values: dict[str, Any] = {"CloudAnchor": held.cloud_anchor}
    if held.source_anchor is not None:
        values["SourceAnchor"] = held.source_anchor
    if held.state is not State.LIVE:
        return SyncObject(held.kind, Operation.DELETE, values)
    if not only_members:
        values |= {"CloudMastered": held.source_anchor is None} | held.values
    if changes:
        values["Member"] = tuple(change for _, change in changes)
    return SyncObject(held.kind, Operation.SET, values)
