"""How the service reads requests: the other role of the contract, for the simulator and for tests.

Envelope and header are taken from any peer that .NET's stack would take: any prefix, literal or dictionary strings,
typed or text values, headers in any order, no MessageID. Of the parts that .NET's serializer reads in order and drops
without a word otherwise (the SyncToken, parameters, objects) the order is checked, so that a peer learns of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from syncramp.endpoint.contract.objects import read_requested
from syncramp.endpoint.contract.scalars import SPACE, ContractError, read_binary, read_boolean, read_integer, shown
from syncramp.endpoint.contract.streamed import stream_export
from syncramp.endpoint.contract.values import N06, NIL
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.soap import N01, TOKEN_CHILDREN, MessageId, action_of, message_id_of, open_envelope
from syncramp.model.wire import SyncObject


@dataclass(frozen=True, slots=True)
class Request:
    """A request, opened and checked."""

    operation: str
    token: dict[str, str]
    """Children of SyncToken in their order; one that was not sent is empty."""
    message_id: MessageId
    """What the answer relates to; empty when the request has no MessageID."""
    to: str
    body: Node

    def __repr__(self) -> str:
        return f"<Request {self.operation} {self.message_id}>"


def parse_request(data: bytes) -> Request:
    """A request.

    :raises NbfxError: it is not legal binary XML.
    :raises ContractError: action and body disagree, or the SyncToken header does not keep its contract.
    """
    streamed = stream_export(data)
    envelope = streamed[0] if streamed else open_envelope(data)
    operation = envelope.body.name
    if envelope.body.namespace != N01 or envelope.action.strip() != action_of(operation):
        raise ContractError(f"the action {shown(envelope.action)} is not that of the body, {shown(operation)}")
    token = _read_token(envelope.token)
    body = Export(envelope.body, streamed[1]) if streamed else envelope.body
    return Request(operation, token, message_id_of(envelope.message_id), envelope.to.strip(), body)


class Export(Node):
    """The element of an export whose objects were read without making elements of them: it has no children."""

    __slots__ = ("objects",)

    def __init__(self, body: Node, objects: Sequence[SyncObject]) -> None:
        super().__init__(body.namespace, body.name, body.scope)
        self.objects = objects


def _read_token(node: Node | None) -> dict[str, str]:
    if node is None:
        raise ContractError("the header SyncToken is missing")
    known = [child for child in node.children if child.name in TOKEN_CHILDREN]
    _check_order("SyncToken", known, TOKEN_CHILDREN)
    token = dict.fromkeys(TOKEN_CHILDREN, "") | {child.name: child.text for child in known}
    if token["TrackingId"]:
        _check_guid(token["TrackingId"])
    return token


def _check_guid(text: str) -> None:
    try:
        UUID(text.strip())
    except ValueError:
        raise ContractError(f"TrackingId must be a GUID, not {shown(text)}") from None


def _check_order(parent: str, nodes: Sequence[Node], order: Sequence[str]) -> None:
    """Members are in the contract's namespace, each at most once, and in its order."""
    places = [order.index(node.name) for node in nodes]
    if any(later <= earlier for earlier, later in pairwise(places)):
        raise ContractError(f"{parent} must hold {', '.join(order)}, in this order and each once")
    if any(node.namespace != N01 for node in nodes):
        raise ContractError(f"the children of {parent} belong to {N01}")


def _parameters(body: Node, *names: str) -> dict[str, Node]:
    """The parameters of an operation by name; unknown ones are passed over, as .NET does."""
    known = [child for child in body.children if child.name in names]
    _check_order(body.name, known, names)
    return {child.name: child for child in known}


def parse_sync_objects(body: Node) -> Sequence[SyncObject]:
    """The objects of an export, V2 or V1.

    :raises ContractError: they do not keep the contract.
    """
    if isinstance(body, Export):
        return body.objects
    request = _parameters(body, "syncRequest").get("syncRequest")
    listed = request.child("SyncObjects") if request else None
    if listed is None or listed.namespace != N06:
        raise ContractError(f"syncRequest with SyncObjects of {N06} is missing")
    return [read_requested(node) for node in listed.all("AzureADSyncObject")]


@dataclass(frozen=True, slots=True)
class ReadBackRequest:
    """The parameters of a read-back."""

    cookie: bytes | None
    full: bool
    licenses: bool


def parse_read_back_request(body: Node) -> ReadBackRequest:
    """The parameters of a read-back, V2 or V1; one that is missing is false, as in .NET.

    :raises ContractError: the cookie is not binary, or one of the others no boolean.
    """
    found = _parameters(body, "includeLicenseInformation", "inputCookie", "isFullSync")
    node = found.get("inputCookie")
    nil = node is None or node.attributes.get(NIL, "").strip(SPACE) in ("true", "1")
    cookie = read_binary(node) if node is not None and not nil and node.parts else None
    flags = (
        read_boolean(found[name]) if name in found else False for name in ("isFullSync", "includeLicenseInformation")
    )
    return ReadBackRequest(cookie, *flags)


def parse_finalize(body: Node) -> tuple[int, int]:
    """Exported and applied objects of FinalizeExport.

    :raises ContractError: one is missing, or no count.
    """
    names = "totalExported", "successfulExportCount"
    found = _parameters(body, *names)
    exported, applied = (_count(found, name) for name in names)
    return exported, applied


def parse_features(body: Node) -> int:
    """The whole feature mask of SetCompanyDirsyncFeatures.

    :raises ContractError: it is missing, or no number.
    """
    return _count(_parameters(body, "dirsyncFeatures"), "dirsyncFeatures")


def _count(found: dict[str, Node], name: str) -> int:
    try:
        number = read_integer(found[name])
    except (KeyError, ContractError):
        raise ContractError(f"{name} must be a number") from None
    if number < 0:
        raise ContractError(f"{name} must not be negative")
    return number
