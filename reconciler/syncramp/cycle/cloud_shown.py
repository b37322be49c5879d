"""Groups that are mastered in the cloud, as a page of the read-back shows them.

Such a group has no source anchor; one of ours whose authority was moved to the cloud keeps it, and is none. Its
attributes are all there are if its display name is among them, which every group has. Its members come in one of two
forms, and which of them the service uses is not public: changes by an anchor, or a list of all of them. An empty list
says nothing until a list was seen that is not empty: an empty collection of changes looks the same.
"""

from collections.abc import Mapping, Sequence

from syncramp.cycle.shown import ShownObject
from syncramp.model.cloud import CloudState, SeenGroup
from syncramp.model.values import Kind, Value
from syncramp.model.wire import (
    AnchorType,
    LinkOperation,
    Operation,
    ReferenceChange,
    WireValue,
    object_id,
)
from syncramp.store.cloud_names import GUEST, SOURCE

NAMES: Mapping[str, str] = {
    "alias": "mailNickname",
    "description": "description",
    "displayname": "displayName",
    "info": "info",
    "isassignabletorole": "isAssignableToRole",
    "legacyexchangedn": "legacyExchangeDN",
    "mail": "mail",
    "mailenabled": "mailEnabled",
    "mailnickname": "mailNickname",
    "msexchhidefromaddresslists": "msExchHideFromAddressLists",
    "msexchrequireauthtosendto": "msExchRequireAuthToSendTo",
    "proxyaddresses": "proxyAddresses",
    "reasonfiltered": "reasonFiltered",
    "securityenabled": "securityEnabled",
    "targetwritebacktype": "targetWritebackType",
    "visibility": "visibility",
}
"""What is kept of a group: name on the wire, in small letters -> as Microsoft Graph calls it, if it does."""
_BOOLEANS = frozenset(
    {
        "isassignabletorole",
        "mailenabled",
        "msexchhidefromaddresslists",
        "msexchrequireauthtosendto",
        "securityenabled",
    }
)
_LISTS = frozenset({"proxyaddresses"})
_GROUP_MAILBOXES = ("1099511627776", "8796093022208")
"""msExchRecipientTypeDetails of a Microsoft 365 group: GroupMailbox and RemoteGroupMailbox of Exchange's
RecipientTypeDetails."""
_TYPES = ("User_", "Group_", "Contact_", "Device_", "ServicePrincipal_")


def cloud_group_of(obj: ShownObject, *, lists: bool = False) -> tuple[str, SeenGroup] | None:
    """The object id, in small letters, of a group, and what is said of it if it is mastered in the cloud.

    :param lists: members are known to come as lists, so that an empty one says that there are none.
    :returns: None for what is no group.
    """
    anchor = obj.text("cloudanchor")
    if obj.kind != Kind.GROUP or not anchor:
        return None
    if obj.operation is Operation.DELETE:
        return object_id(anchor), SeenGroup(state=CloudState.UNTOLD)
    if obj.anchor or obj.authority is False:
        return object_id(anchor), SeenGroup(state=CloudState.UNTOLD, ours=False)
    further = obj.only_members
    attributes = None if further else attributes_of(obj)
    seen = SeenGroup(attributes, attributes is not None and "displayName" not in attributes, _state(obj))
    _tell_members(seen, obj.values.get("member"), further=further, lists=lists)
    return object_id(anchor), seen


def guest_of(obj: ShownObject) -> str:
    """The cloud anchor, in small letters, of a guest; empty for everybody else."""
    if obj.kind != Kind.USER or obj.operation is Operation.DELETE or obj.text("usertype").lower() != "guest":
        return ""
    return obj.text("cloudanchor").lower()


def kinds_of(objects: Sequence[ShownObject]) -> dict[str, str]:
    """Who on a page may be in a group of the cloud and is not what the type in the cloud anchor says."""
    return {anchor: GUEST for obj in objects if (anchor := guest_of(obj))}


def attributes_of(obj: ShownObject) -> dict[str, Value]:
    """What is kept of a group, under Graph's names."""
    found: dict[str, Value] = {}
    for name, value in obj.values.items():
        if name in NAMES and (plain := _plain(name, value)) is not None:
            found.setdefault(NAMES[name], plain)
    if types := _types(obj):
        found["groupTypes"] = types
    return found


def _plain(name: str, value: WireValue) -> Value | None:
    if name in _BOOLEANS:
        return None if value is None or value == "" else str(value).lower() in ("true", "1")
    if name in _LISTS:
        texts = value if isinstance(value, tuple) else (value,)
        return tuple(sorted(text for text in texts if isinstance(text, str) and text)) or None
    if isinstance(value, tuple):
        value = ", ".join(text for text in value if isinstance(text, str))
    return value if isinstance(value, str) and value else None


def _types(obj: ShownObject) -> tuple[str, ...]:
    """``groupTypes``, by whatever says that it is a Microsoft 365 group; how the service does is not public."""
    told: list[str] = []
    for name in ("grouptypes", "grouptype"):
        value = obj.values.get(name)
        told += [part.strip() for text in (value if isinstance(value, tuple) else (value,)) for part in _parts(text)]
    if str(obj.values.get("msexchrecipienttypedetails")) in _GROUP_MAILBOXES:
        told.append("Unified")
    return tuple(sorted(set(told)))


def _parts(text: object) -> list[str]:
    return [part for part in text.split(",") if part.strip()] if isinstance(text, str) else []


def _state(obj: ShownObject) -> CloudState:
    """A group that was deleted and can be restored is shown with a reason why it is left out."""
    reason = obj.values.get("reasonfiltered")
    texts = reason if isinstance(reason, tuple) else (reason,)
    deleted = any("softdelete" in text.lower() for text in texts if isinstance(text, str))
    return CloudState.BIN if deleted else CloudState.LIVE


def _tell_members(seen: SeenGroup, value: WireValue, *, further: bool, lists: bool) -> None:
    """:param further: the object is a further part of its group, so that a list adds to what came before."""
    if not isinstance(value, tuple):
        return
    changes = [change for change in value if isinstance(change, ReferenceChange)]
    texts = [_member(text) for text in value if isinstance(text, str)]
    if changes:
        seen.adds = [_changed(change) for change in changes if change.operation is LinkOperation.ADD]
        seen.removes = [_changed(change) for change in changes if change.operation is LinkOperation.REMOVE]
    elif further:
        seen.adds = texts
    elif texts or lists:
        seen.whole = texts


def _changed(change: ReferenceChange) -> str:
    return change.anchor.lower() if change.by is AnchorType.CLOUD else SOURCE + change.anchor


def _member(anchor: str) -> str:
    """An anchor of a list, which does not say which one it is."""
    return anchor.lower() if anchor.startswith(_TYPES) else SOURCE + anchor
