"""Pages of Microsoft Graph's delta query on groups, as values; nothing here has a socket.

A group that is new since the beginning, or changed, stands there with its attributes, and ``members@delta`` with who
came and went; one with many members stands on several pages. ``@removed`` tells a deleted group: ``changed`` if it
can be restored, ``deleted`` if it is gone for good (Microsoft Graph: Use delta query to track changes, and group:
delta).
Groups that a directory is the master of stand there, too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from syncramp.errors import ServiceRefused
from syncramp.model.cloud import CloudState, SeenGroup
from syncramp.model.values import Value

TEXTS = ("displayName", "description", "mail", "mailNickname", "visibility")
BOOLEANS = ("securityEnabled", "mailEnabled", "isAssignableToRole")
LISTS = ("groupTypes", "proxyAddresses")
SYNCED = "onPremisesSyncEnabled"
"""False of a group that was synchronised and is no more (Microsoft Graph: group resource type)."""
LAST_SYNCED = "onPremisesLastSyncDateTime"
"""A group whose source of authority was moved to the cloud keeps it."""
SELECT = ",".join(("id", *TEXTS, *BOOLEANS, *LISTS, SYNCED, LAST_SYNCED, "members"))
"""What is asked for."""
_TYPES = {"orgcontact": "contact"}
"""Types of Graph that a cloud anchor calls otherwise."""
_PREFIX = "#microsoft.graph."
_REMOVED = {"changed": CloudState.BIN, "deleted": CloudState.GONE}


def groups_of(document: Mapping[str, Any]) -> Sequence[tuple[str, SeenGroup]]:
    """Object ids, in small letters, with what one page says of each group that is mastered in the cloud.

    :raises ServiceRefused: the page is none of the delta query's.
    """
    rows = document.get("value")
    if not isinstance(rows, list):
        raise ServiceRefused("the answer has no list of groups", remedy="check what stands before Microsoft Graph")
    told = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return [(row["id"].lower(), _seen(row)) for row in told]


def links_of(document: Mapping[str, Any]) -> tuple[str, str]:
    """Where the next page is, and where the next query begins; one of them is empty.

    :raises ServiceRefused: there is neither.
    """
    following, delta = document.get("@odata.nextLink"), document.get("@odata.deltaLink")
    if isinstance(following, str) and following:
        return following, ""
    if isinstance(delta, str) and delta:
        return "", delta
    raise ServiceRefused("the answer says neither where it goes on nor where it ends")


def _seen(row: Mapping[str, Any]) -> SeenGroup:
    if row.get(SYNCED) is True:
        return SeenGroup(state=CloudState.UNTOLD, ours=False)
    removed = row.get("@removed")
    if isinstance(removed, dict):
        return SeenGroup(state=_REMOVED.get(str(removed.get("reason")), CloudState.UNTOLD))
    changes = row.get("members@delta")
    members = [one for one in changes if isinstance(one, dict)] if isinstance(changes, list) else []
    return SeenGroup(
        attributes_of(row),
        merges=True,
        adds=[_member(one) for one in members if "@removed" not in one],
        removes=[_member(one) for one in members if "@removed" in one],
        moved=row.get(SYNCED) is False or bool(row.get(LAST_SYNCED)),
    )


def attributes_of(row: Mapping[str, Any]) -> dict[str, Value | None]:
    """What a page names of a group; None: it has no value any more."""
    found: dict[str, Value | None] = {}
    for name in TEXTS:
        if name in row:
            found[name] = row[name] if isinstance(row[name], str) and row[name] else None
    for name in BOOLEANS:
        if name in row:
            found[name] = row[name] if isinstance(row[name], bool) else None
    for name in LISTS:
        if name in row:
            values = row[name] if isinstance(row[name], list) else []
            found[name] = tuple(sorted(value for value in values if isinstance(value, str))) or None
    return found


def _member(row: Mapping[str, Any]) -> str:
    """``<type>_<object id>``; a type that is not told is that of a user, as nearly all are."""
    kind = str(row.get("@odata.type", f"{_PREFIX}user")).removeprefix(_PREFIX).lower()
    return f"{_TYPES.get(kind, kind)}_{str(row.get('id', '')).lower()}"
