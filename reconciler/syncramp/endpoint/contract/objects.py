"""``AzureADSyncObject`` and its result, as elements: what exports, their answers and the read-back are made of."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from syncramp.endpoint.contract.scalars import ContractError, shown
from syncramp.endpoint.contract.values import nil, read_pairs, read_value
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.rows import row
from syncramp.model.wire import (
    AnchorType,
    LinkOperation,
    Operation,
    ReferenceChange,
    SyncObject,
    WireValue,
)

ANCHORS: Final = ("SourceAnchor", "CloudAnchor")
_MEMBERS: Final = ["PropertyValues", "SyncObjectType", "SyncOperation"]
FIELDS: Final = {
    "CloudAnchor": "cloud_anchor",
    "ErrorDetails": "error_details",
    "ObjectType": "object_type",
    "ResultCode": "result_code",
    "ResultErrorCode": "result_error_code",
    "ResultErrorDescription": "result_error_description",
    "SourceAnchor": "source_anchor",
    "SyncOperation": "sync_operation",
}
"""The members of a result in ordinal order, and our names for them."""
_CLOUD_ANCHOR: Final = re.compile(r"[A-Za-z]+_[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@row
class SyncResult:
    """What the service says of one object: the eight fields of an ``AzureADSyncObjectResult``."""

    object_type: str
    result_code: str
    sync_operation: str
    source_anchor: str | None = None
    cloud_anchor: str | None = None
    result_error_code: str = "0"
    result_error_description: str | None = None
    error_details: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What an answer of the read-back lists."""

    objects: Sequence[SyncObject]
    members: Sequence[Node]
    """Of the result, beside the objects: the cookie and the end mark are among them."""


@dataclass(frozen=True, slots=True)
class Results:
    """The results of one export call."""

    items: Sequence[SyncResult]


Answer = Node | Listing | Results
"""What a call came back with: elements, or what they say where that was read without making elements of it."""


def elements(answer: Answer) -> Node:
    """The element of an answer.

    :raises ContractError: it is an answer of another operation.
    """
    if not isinstance(answer, Node):
        raise ContractError(f"{type(answer).__name__} is not the answer of this operation")
    return answer


def write_result(result: SyncResult, form: w.Values = "typed") -> bytes:
    """One ``b:AzureADSyncObjectResult``."""
    content, none = w.FORMS[form].content, nil(form)
    fields = ((name, getattr(result, field)) for name, field in FIELDS.items())
    body = (w.element("b", name) + (none if value is None else content(value)) for name, value in fields)
    return b"".join((w.element("b", "AzureADSyncObjectResult"), *body, w.END))


def read_result(node: Node) -> SyncResult:
    """One ``AzureADSyncObjectResult`` of an answer, its members in any order; one that is missing or nil is empty."""
    found = dict.fromkeys(FIELDS.values(), "")
    for child in reversed(node.children):
        if child.name in FIELDS:
            found[FIELDS[child.name]] = child.text
    return SyncResult(**found)


def read_requested(node: Node) -> SyncObject:
    """One object of a request.

    .NET drops members that are out of order without a word; saying so is what a peer can learn from.

    :raises ContractError: it does not keep the contract.
    """
    names = [child.name for child in node.children]
    if names != _MEMBERS:
        told = shown(", ".join(names))
        raise ContractError(f"an AzureADSyncObject must hold {', '.join(_MEMBERS)}, in this order, not {told}")
    pairs, kind, operation = node.children
    return SyncObject(kind.text, read_operation(operation.text), read_pairs(pairs))


def read_object(node: Node, *, members_as_changes: bool = True) -> SyncObject:
    """One object of a read-back.

    Objects carry attributes we never sent, and their types are not all public: one in a form we do not know is taken
    as the text or the texts it holds, members as not told. Only the anchors must be understood.

    :param members_as_changes: members that come as a list of anchors are additions, as V2 would show them.
    """
    pairs, kind, operation = (node.child(name) for name in _MEMBERS)
    if pairs is None or kind is None:
        raise ContractError("an AzureADSyncObject without PropertyValues or SyncObjectType")
    name = operation.text if operation is not None else Operation.SET.value
    return SyncObject(kind.text, read_operation(name), read_pairs(pairs, observer(members_as_changes)))


def read_operation(text: str) -> Operation:
    """A ``SyncOperation``.

    :raises ContractError: it is none.
    """
    try:
        return Operation(text)
    except ValueError:
        raise ContractError(f"{shown(text)} is no SyncOperation") from None


def observer(members_as_changes: bool) -> Callable[[str, Node], WireValue]:
    """How to read a value of the read-back."""
    return _read_with_changes if members_as_changes else _read_observed


def _read_with_changes(key: str, node: Node) -> WireValue:
    value = _read_observed(key, node)
    if key.lower() == "member" and isinstance(value, tuple) and value and isinstance(value[0], str):
        return changes_of(item for item in value if isinstance(item, str))
    return value


def changes_of(anchors: Iterable[str]) -> tuple[ReferenceChange, ...]:
    """A list of members as additions; an anchor of the form ``Kind_GUID`` is the service's own."""
    add, cloud, source = LinkOperation.ADD, AnchorType.CLOUD, AnchorType.SOURCE
    named = _CLOUD_ANCHOR.fullmatch
    return tuple(ReferenceChange(anchor, add, cloud if named(anchor) else source) for anchor in anchors)


def _read_observed(key: str, node: Node) -> WireValue:
    try:
        return read_value(key, node)
    except ContractError:
        if key in ANCHORS:
            raise
        if key.lower() == "member":
            return None
        return tuple(child.text for child in node.children) if node.children else node.text
