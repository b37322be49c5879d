"""How the service reads requests and writes answers: the other role of the contract, for the simulator and for tests.

Requests are read as strictly as .NET's data contracts do. Answers use what WCF uses: typed records for booleans and
numbers, a flags enumeration as several texts, binary in two pieces; a client that takes only plain text fails here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from syncramp.endpoint.contract.client import (
    CAPABILITIES,
    FINALIZE,
    GET_COMPANY,
    PROVISION,
    READ_BACK,
    SET_FEATURES,
    write_object,
)
from syncramp.endpoint.contract.values import N06, ContractError, read_pairs
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.soap import N01, TOKEN_CHILDREN, XSI, action_of, open_envelope, response
from syncramp.model.wire import Company, Operation, SyncObject

COOKIE_NAMES = ("OutputCookie", "MoreObjectsExist")
"""Members of the read-back's result: its cookie and its end mark. Invented: the real names are not public."""
_MEMBERS = ["PropertyValues", "SyncObjectType", "SyncOperation"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request, opened and checked."""

    operation: str
    token: dict[str, str]
    """Children of SyncToken in their order."""
    message_id: UUID
    to: str
    body: Node

    def __repr__(self) -> str:
        return f"<Request {self.operation} {self.message_id}>"


def parse_request(data: bytes) -> Request:
    """A request.

    :raises NbfxError: it is not legal binary XML.
    :raises ContractError: action and body disagree, or the SyncToken header does not keep its contract.
    """
    envelope = open_envelope(data)
    operation = envelope.body.name
    if envelope.body.namespace != N01 or envelope.action != action_of(operation):
        raise ContractError(f"the action {envelope.action!r} is not that of the body, {operation}")
    token = _read_token(envelope.token)
    try:
        message_id = UUID(envelope.message_id.removeprefix("urn:uuid:"))
        if UUID(token["TrackingId"]) != message_id:
            raise ContractError("TrackingId and MessageID differ")
    except ValueError as error:
        raise ContractError(f"TrackingId and MessageID must be one GUID: {error}") from None
    return Request(operation, token, message_id, envelope.to, envelope.body)


def _read_token(node: Node | None) -> dict[str, str]:
    if node is None:
        raise ContractError("the header SyncToken is missing")
    names = tuple(child.name for child in node.children)
    if names != TOKEN_CHILDREN:
        raise ContractError(f"SyncToken must hold {', '.join(TOKEN_CHILDREN)}, in this order")
    if any(child.namespace != N01 for child in node.children):
        raise ContractError(f"the children of SyncToken belong to {N01}")
    return {child.name: child.text for child in node.children}


def parse_sync_objects(body: Node) -> list[SyncObject]:
    """The objects of ProvisionAzureADSyncObjects2.

    :raises ContractError: they do not keep the contract.
    """
    request = body.child("syncRequest")
    listed = request.child("SyncObjects") if request else None
    if listed is None or listed.namespace != N06:
        raise ContractError("syncRequest with SyncObjects is missing")
    return [_parse_object(node) for node in listed.all("AzureADSyncObject")]


def _parse_object(node: Node) -> SyncObject:
    names = [child.name for child in node.children]
    if names != _MEMBERS:
        raise ContractError(f"an AzureADSyncObject must hold {', '.join(_MEMBERS)}, in this order, not {names}")
    pairs, kind, operation = node.children
    try:
        return SyncObject(kind.text, Operation(operation.text), read_pairs(pairs))
    except ValueError as error:
        raise ContractError(str(error)) from None


def parse_read_back(body: Node) -> bytes | None:
    """The cookie of a read-back request; None asks for everything.

    :raises ContractError: the cookie is not binary.
    """
    node = body.child("inputCookie")
    if node is None or not node.parts:
        return None
    try:
        return node.bytes
    except ValueError as error:
        raise ContractError(f"inputCookie: {error}") from None


def parse_finalize(body: Node) -> tuple[int, int]:
    """Exported and applied objects of FinalizeExport."""
    numbers = [body.child(name) for name in ("totalExported", "successfulExportCount")]
    if any(node is None or not node.text.strip().isdigit() for node in numbers):
        raise ContractError("totalExported and successfulExportCount must be numbers")
    exported, applied = (int(node.text) for node in numbers if node is not None)
    return exported, applied


def parse_features(body: Node) -> int:
    """The whole feature mask of SetCompanyDirsyncFeatures."""
    node = body.child("dirsyncFeatures")
    if node is None or not node.text.strip().isdigit():
        raise ContractError("dirsyncFeatures must be a number")
    return int(node.text)


def company_response(company: Company, relates_to: UUID) -> bytes:
    """The answer of GetCompanyConfiguration."""
    dirsync = (
        _member("AnchorAttribute", w.content(company.anchor_attribute or "")),
        _member("ApplicationVersion", w.content(company.client_application or "")),
        _member("ClientVersion", w.content(company.client_version or "")),
        w.element("", "CurrentExport"),
        _member("DirSyncClientMachineName", w.content(company.client_machine or "")),
        _member("TotalConnectorSpaceObjects", w.integer(company.known_objects or 0)),
        w.END,
        _member("IsTrackingChanges", w.boolean(False)),
        w.element("", "PreventAccidentalDeletion"),
        _member("DeletionPrevention", w.content("EnabledForCount")),
        _member("ThresholdCount", w.integer(company.delete_threshold or 500)),
        _member("ThresholdPercentage", w.integer(0)),
        w.END,
    )
    flags = (w.text("ObjectWriteback"), w.text(" "), w.content("PasswordWriteback"))
    members = (
        _member("AllowedFeatures", *flags),
        w.element("", "DirSyncConfiguration"),
        *dirsync,
        w.END,
        _member("DirSyncFeatures", w.integer(company.features)),
        _member("DisplayName", w.content(company.display_name)),
        _member("IsDirSyncing", w.boolean(company.syncing)),
        _member("IsPasswordSyncing", w.boolean(False)),
        _member("MaxLinksSupportedAcrossBatchInProvision2", w.integer(company.max_links)),
        _member("SynchronizationInterval", w.content(company.interval or "PT30M")),
        _member("TenantId", w.content(company.tenant_id)),
    )
    return _answer(GET_COMPANY, w.xmlns("i", XSI), members, relates_to)


def read_back_response(
    objects: Iterable[SyncObject],
    cookie: bytes | None,
    more: bool | None,
    relates_to: UUID,
    names: tuple[str, str] = COOKIE_NAMES,
) -> bytes:
    """One page of the read-back; without a cookie or an end mark when they are None."""
    cookie_name, more_name = names
    members = (
        w.element("b", more_name) + w.boolean(more) if more is not None else b"",
        w.element("b", cookie_name) + w.binary(cookie) if cookie is not None else b"",
        w.element("b", "ResultObjects"),
        *map(write_object, objects),
        w.END,
    )
    return _answer(READ_BACK, w.xmlns("b", N06) + w.xmlns("i", XSI), members, relates_to)


@dataclass(frozen=True, slots=True)
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


def provision_response(results: Sequence[SyncResult], relates_to: UUID) -> bytes:
    """The results of an export call, in the order of its objects."""
    members = (w.element("b", "SyncObjectResults"), *map(_write_result, results), w.END)
    return _answer(PROVISION, w.xmlns("b", N06) + w.xmlns("i", XSI), members, relates_to)


def _write_result(result: SyncResult) -> bytes:
    fields = (
        ("CloudAnchor", result.cloud_anchor),
        ("ErrorDetails", result.error_details),
        ("ObjectType", result.object_type),
        ("ResultCode", result.result_code),
        ("ResultErrorCode", result.result_error_code),
        ("ResultErrorDescription", result.result_error_description),
        ("SourceAnchor", result.source_anchor),
        ("SyncOperation", result.sync_operation),
    )
    body = (w.element("b", name) + (_NIL if value is None else w.content(value)) for name, value in fields)
    return b"".join((w.element("b", "AzureADSyncObjectResult"), *body, w.END))


_NIL = w.attribute("i", "nil", b"\x86") + w.END


def finalize_response(relates_to: UUID) -> bytes:
    """The answer of FinalizeExport: an empty element."""
    return _empty(FINALIZE, relates_to)


def features_response(relates_to: UUID) -> bytes:
    """The answer of SetCompanyDirsyncFeatures: an empty element."""
    return _empty(SET_FEATURES, relates_to)


def capabilities_response(document: str, relates_to: UUID) -> bytes:
    """The answer of Capabilities: a text that is an XML document."""
    body = (
        w.element("", f"{CAPABILITIES}Response")
        + w.xmlns("", N01)
        + _member(f"{CAPABILITIES}Result", w.content(document))
    )
    return response(action_of(f"{CAPABILITIES}Response"), body + w.END, relates_to)


def _empty(operation: str, relates_to: UUID) -> bytes:
    body = w.element("", f"{operation}Response") + w.xmlns("", N01) + w.END
    return response(action_of(f"{operation}Response"), body, relates_to)


def _member(name: str, *records: bytes) -> bytes:
    return b"".join((w.element("", name), *records))


def _answer(operation: str, declarations: bytes, members: Iterable[bytes], relates_to: UUID) -> bytes:
    head = w.element("", f"{operation}Response") + w.xmlns("", N01) + w.element("", f"{operation}Result")
    body = b"".join((head, declarations, *members, w.END, w.END))
    return response(action_of(f"{operation}Response"), body, relates_to)
