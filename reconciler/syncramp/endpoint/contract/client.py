"""What a client says, and how it reads the answers.

Answers are read by local names and leniently: unknown members are ignored, order does not matter, because public
knowledge of them is incomplete. What an answer does not prove is not concluded: an object without a result of its own
is unknown, a read-back without a recognised end mark is not complete.
"""

from collections.abc import Iterable, Sequence

from syncramp.endpoint.contract.values import N06, ContractError, read_boolean, read_pairs, read_value, write_pairs
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.soap import N01, XSI
from syncramp.model.wire import Company, Operation, Outcome, ReadBackPage, Result, SyncObject, WireValue

GET_COMPANY = "GetCompanyConfiguration"
READ_BACK = "ReadBackAzureADSyncObjects2"
PROVISION = "ProvisionAzureADSyncObjects2"
FINALIZE = "FinalizeExport"
CAPABILITIES = "Capabilities"
SET_FEATURES = "SetCompanyDirsyncFeatures"


def get_company_configuration() -> bytes:
    """The body of GetCompanyConfiguration."""
    return b"".join((_operation(GET_COMPANY), w.element("", "includeLicenseInformation"), w.boolean(False), w.END))


def read_back(cookie: bytes | None) -> bytes:
    """The body of ReadBackAzureADSyncObjects2: everything without a cookie, what changed since with one."""
    nil = w.attribute("i", "nil", b"\x86") + w.xmlns("i", XSI) + w.END
    return b"".join(
        (
            _operation(READ_BACK),
            w.element("", "includeLicenseInformation"),
            w.boolean(True),
            w.element("", "inputCookie"),
            nil if cookie is None else w.binary(cookie),
            w.element("", "isFullSync"),
            w.boolean(cookie is None),
            w.END,
        )
    )


def provision(objects: Sequence[SyncObject]) -> bytes:
    """The body of ProvisionAzureADSyncObjects2."""
    head = _operation(PROVISION) + w.element("", "syncRequest") + w.xmlns("b", N06) + w.xmlns("i", XSI)
    return b"".join((head, w.element("b", "SyncObjects"), *map(write_object, objects), w.END, w.END, w.END))


def write_object(obj: SyncObject) -> bytes:
    """One ``b:AzureADSyncObject``; its members stand in ordinal order, others would be dropped without a word."""
    return b"".join(
        (
            w.element("b", "AzureADSyncObject"),
            write_pairs(obj.values),
            w.element("b", "SyncObjectType"),
            w.content(obj.kind),
            w.element("b", "SyncOperation"),
            w.content(obj.operation.value),
            w.END,
        )
    )


def finalize_export(exported: int, applied: int) -> bytes:
    """The body of FinalizeExport."""
    counts = w.element("", "totalExported"), w.integer(exported), w.element("", "successfulExportCount")
    return b"".join((_operation(FINALIZE), *counts, w.integer(applied), w.END))


def _operation(name: str) -> bytes:
    return w.element("", name) + w.xmlns("", N01)


def read_company(body: Node) -> Company:
    """The answer of GetCompanyConfiguration.

    :raises ContractError: it has no result with a tenant id.
    """
    result = body.child("GetCompanyConfigurationResult")
    if result is None or result.child("TenantId") is None:
        raise ContractError("GetCompanyConfigurationResult with a TenantId is missing")
    found = {node.name: node for node in result.walk() if not node.children}

    def text(name: str) -> str | None:
        return found[name].text or None if name in found else None

    def number(name: str) -> int | None:
        value = text(name)
        return int(value) if value and value.lstrip("-").isdigit() else None

    return Company(
        tenant_id=text("TenantId") or "",
        display_name=text("DisplayName") or "",
        syncing=(text("IsDirSyncing") or "").lower() in ("true", "1"),
        anchor_attribute=text("AnchorAttribute"),
        max_links=number("MaxLinksSupportedAcrossBatchInProvision2") or 15_000,
        interval=text("SynchronizationInterval"),
        delete_threshold=number("ThresholdCount"),
        known_objects=number("TotalConnectorSpaceObjects"),
        client_machine=text("DirSyncClientMachineName"),
        client_version=text("ClientVersion"),
        client_application=text("ApplicationVersion"),
        features=number("DirSyncFeatures") or 0,
    )


def read_read_back(body: Node, cookie: str | None = None, more: str | None = None) -> ReadBackPage:
    """One page of the read-back.

    The names of its cookie and of its end mark are not public. Where they are not given they are recognised: a binary
    member whose name contains ``Cookie``, and a boolean whose name contains ``More``, ``Partial``, ``Last`` or
    ``Complete`` (the last two mean the opposite of the first two).

    :param cookie: the local name of the member with the cookie; no other one counts then.
    :param more: the same of the end mark.
    :raises ContractError: there is no result, or an object does not keep the contract.
    """
    result = body.child(f"{READ_BACK}Result")
    if result is None:
        raise ContractError(f"{READ_BACK}Result is missing")
    listed = result.child("ResultObjects")
    objects = [read_object(node) for node in listed.all("AzureADSyncObject")] if listed else []
    members = [node for node in result.children if node is not listed]
    found = cookie_member(members, cookie), end_member(members, more)
    return ReadBackPage(objects, found[0].bytes if found[0] else None, _goes_on(found[1]) if found[1] else None)


def cookie_member(members: Iterable[Node], name: str | None = None) -> Node | None:
    """The member with the cookie.

    :param members: those of the result beside its objects.
    :param name: what it is called; None: it is recognised.
    """
    for node in members:
        if node.parts and (node.name == name if name else "cookie" in node.name.lower()):
            return node
    return None


def end_member(members: Iterable[Node], name: str | None = None) -> Node | None:
    """The member that marks the end, as :func:`cookie_member`."""
    for node in members:
        low = node.name.lower()
        fits = node.name == name if name else "cookie" not in low and any(word in low for word in _MARKS)
        if fits and node.text.strip() in ("true", "false", "1", "0"):
            return node
    return None


_AT_END = ("last", "complete")
_MARKS = ("more", "partial", *_AT_END)


def _goes_on(mark: Node) -> bool:
    low = mark.name.lower()
    at_end = any(word in low for word in _AT_END) and not ("more" in low or "partial" in low)
    return read_boolean(mark) is not at_end


def read_object(node: Node) -> SyncObject:
    """One ``AzureADSyncObject`` of an answer.

    Objects carry attributes we never sent, and their types are not all public: one in a form we do not know is taken
    as the text it holds, members as not told. Only the anchors must be understood.
    """
    pairs, kind, operation = node.child("PropertyValues"), node.child("SyncObjectType"), node.child("SyncOperation")
    if pairs is None or kind is None:
        raise ContractError("an AzureADSyncObject without PropertyValues or SyncObjectType")
    name = operation.text if operation is not None else Operation.SET.value
    try:
        return SyncObject(kind.text, Operation(name), read_pairs(pairs, _read_observed))
    except ValueError as error:
        raise ContractError(str(error)) from None


def _read_observed(key: str, node: Node) -> WireValue:
    try:
        return read_value(key, node)
    except ContractError:
        if key in ("SourceAnchor", "CloudAnchor"):
            raise
        return None if key.lower() == "member" else node.text


def read_outcomes(body: Node, sent: Sequence[SyncObject]) -> list[Outcome]:
    """The result of each object that was sent, in the order in which they were sent.

    Results are matched by anchor; those without one of ours by their position, if there are as many as objects.

    :raises ContractError: there is no list of results.
    """
    result = body.child(f"{PROVISION}Result")
    listed = result.child("SyncObjectResults") if result else None
    if listed is None:
        raise ContractError("SyncObjectResults is missing")
    nodes = list(listed.all("AzureADSyncObjectResult"))
    by_anchor = {anchor: node for node in nodes for anchor in _anchors(node)}
    same_number = len(nodes) == len(sent)
    outcomes = []
    for place, obj in enumerate(sent):
        named = {str(obj.values.get(key)) for key in ("SourceAnchor", "CloudAnchor") if obj.values.get(key)}
        node = next((by_anchor[anchor] for anchor in named if anchor in by_anchor), None)
        if node is None and same_number and not any(_anchors(nodes[place])):
            node = nodes[place]
        outcomes.append(_outcome(node) if node is not None else Outcome(Result.UNKNOWN))
    return outcomes


def _anchors(node: Node) -> list[str]:
    found = (node.child(name) for name in ("SourceAnchor", "CloudAnchor"))
    return [child.text for child in found if child is not None and child.text]


def _outcome(node: Node) -> Outcome:
    def text(name: str) -> str:
        child = node.child(name)
        return child.text if child is not None else ""

    applied = text("ResultCode") == "Success"
    return Outcome(
        Result.APPLIED if applied else Result.REFUSED,
        code=text("ResultErrorCode"),
        description=text("ResultErrorDescription"),
        operation=text("SyncOperation"),
        cloud_anchor=text("CloudAnchor"),
    )
