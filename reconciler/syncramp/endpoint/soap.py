"""The SOAP 1.2 envelope of the service with WS-Addressing 1.0 and its SyncToken header, both ways.

The children of SyncToken stand in ordinal order, because .NET's data contracts read them so. The bearer token is a
child of it, raw and without the word Bearer; there is no HTTP Authorization header.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from syncramp.endpoint.nbfx import NbfxError, Node, decode
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.nbfx.node import OUTERMOST
from syncramp.endpoint.nbfx.reader import Reader

S12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
FAULT_ACTION = "http://www.w3.org/2005/08/addressing/soap/fault"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
N01 = "http://schemas.microsoft.com/online/aws/change/2010/01"
NTOK = "urn:microsoft.online.administrativeservice"
CONTENT_TYPE = "application/soap+msbin1"

V1_APPLICATION = "1651564e-7ce4-4d99-88be-0a65050d8dc3"
"""ApplicationId of the sync client's V1 operations. Every client seen sends it in an HTTP header, also with V2."""
V2_APPLICATION = "6eb59a73-39b2-4c23-a70f-e2e3ce8965b1"
"""ApplicationId of the sync client's V2 operations."""
CLIENT_VERSION = "8.0"
PROTOCOL_VERSION = "2.0"

TOKEN_CHILDREN = (
    "ApplicationId",
    "BearerToken",
    "ClientVersion",
    "DirSyncBuildNumber",
    "FIMBuildNumber",
    "IsInstalledOnDC",
    "IssueDateTime",
    "LanguageId",
    "LiveToken",
    "ProtocolVersion",
    "RichCoexistenceEnabled",
    "TrackingId",
)

MessageId = UUID | str
"""A GUID, as everybody sends; or the text of another URI."""


@dataclass(frozen=True, slots=True)
class SyncToken:
    """Who asks."""

    bearer: str = field(repr=False)
    build_number: str
    tracking_id: UUID
    application_id: str = V2_APPLICATION


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message, opened."""

    action: str
    body: Node
    """The one element below ``s:Body``."""
    message_id: str = ""
    relates_to: str = ""
    to: str = ""
    token: Node | None = None
    """The SyncToken header of a request."""


class Frame:
    """What stands around the body of all requests of one operation with one token: all but their tracking ids.

    :param operation: the name of the operation, the last part of its action.
    :param token: who asks; its tracking id is none of the frame.
    :param to: the address of the service.
    """

    def __init__(self, operation: str, token: SyncToken, to: str, values: w.Values = "typed") -> None:
        self._form = form = w.FORMS[values]
        self._before = _opening(action_of(operation), form) + _token(token, form)
        self._between = w.END + w.soap_element("a", "MessageID")
        self._behind = b"".join(
            (
                w.soap_element("a", "ReplyTo"),
                w.soap_element("a", "Address"),
                form.dictionary_text(ANONYMOUS),
                w.END,
                w.soap_element("a", "To"),
                w.soap_attribute("s", "mustUnderstand", form.text("1")),
                form.content(to),
                w.END,
                w.soap_element("s", "Body"),
            )
        )

    def around(self, tracking_id: UUID) -> tuple[bytes, bytes]:
        """What stands in front of the encoded element of the operation in a request, and behind it; the message id is
        the tracking id.
        """
        told, named = self._form.content(str(tracking_id)), self._form.unique_id(tracking_id)
        return b"".join((self._before, told, self._between, named, self._behind)), w.END * 2


def request(operation: str, body: bytes, token: SyncToken, to: str, values: w.Values = "typed") -> bytes:
    """A request alone; see :class:`Frame`."""
    before, behind = Frame(operation, token, to, values).around(token.tracking_id)
    return before + body + behind


def response(action: str, body: bytes, relates_to: MessageId | None, values: w.Values = "typed") -> bytes:
    """An answer.

    :param relates_to: the message id of the request, if it had one.
    """
    form = w.FORMS[values]
    related = b""
    if relates_to:
        written = form.unique_id(relates_to) if isinstance(relates_to, UUID) else form.content(relates_to)
        related = w.soap_element("a", "RelatesTo") + written
    closing = w.soap_element("s", "Body"), body, w.END, w.END
    return b"".join((_opening(action, form), related, w.END, *closing))


def message_id_of(text: str) -> MessageId:
    """A message id as it was sent: a GUID where it is one in its usual spelling."""
    text = text.strip()
    try:
        found = UUID(text.removeprefix("urn:uuid:"))
    except ValueError:
        return text
    return found if text == f"urn:uuid:{found}" else text


def action_of(operation: str) -> str:
    """The action of an operation."""
    return f"{N01}/IProvisioningWebService/{operation}"


def _opening(action: str, form: w.Form) -> bytes:
    return b"".join(
        (
            w.soap_element("s", "Envelope"),
            w.soap_xmlns("s", S12),
            w.soap_xmlns("a", WSA),
            w.soap_element("s", "Header"),
            w.soap_element("a", "Action"),
            w.soap_attribute("s", "mustUnderstand", form.text("1")),
            form.content(action),
        )
    )


def _token(token: SyncToken, form: w.Form) -> bytes:
    """The header up to its tracking id, which stands last."""
    values: Mapping[str, str] = {
        "ApplicationId": token.application_id,
        "BearerToken": token.bearer,
        "ClientVersion": CLIENT_VERSION,
        "DirSyncBuildNumber": token.build_number,
        "FIMBuildNumber": token.build_number,
        "IsInstalledOnDC": "False",
        "IssueDateTime": "0001-01-01T00:00:00",
        "LanguageId": "en-US",
        "LiveToken": "",
        "ProtocolVersion": PROTOCOL_VERSION,
        "RichCoexistenceEnabled": "False",
    }
    head = w.element("", "SyncToken") + w.soap_attribute("s", "role", form.text(NTOK)) + w.xmlns("", NTOK)
    *names, last = TOKEN_CHILDREN
    children = (w.element("", name) + w.xmlns("", N01) + form.content(values[name]) for name in names)
    return b"".join((head, w.xmlns("i", XSI), *children, w.element("", last), w.xmlns("", N01)))


_HEADERS = {(WSA, name) for name in ("Action", "MessageID", "RelatesTo", "To")} | {(NTOK, "SyncToken")}


def open_envelope(data: bytes) -> Envelope:
    """A message as its parts; headers may stand in any order, and those we do not know are passed over.

    :raises NbfxError: it is not legal binary XML, or no SOAP 1.2 envelope with one element in its body.
    """
    root = decode(data)
    if (root.namespace, root.name) != (S12, "Envelope"):
        raise NbfxError(0, f"a SOAP 1.2 envelope, not {root!r}")
    parts = {node.name: node for node in root.children if node.namespace == S12}
    body = parts.get("Body")
    if body is None or len(body.children) != 1:
        raise NbfxError(len(data), "a body with one element")
    return _envelope(parts.get("Header"), body.children[0])


def open_start(reader: Reader) -> tuple[Envelope, int]:
    """A message up to the start tag of the element in its body, and the offset behind that tag.

    Less forms are taken than by :func:`open_envelope`: a header and a body, and nothing else.

    :raises NbfxError: it is not legal binary XML, or not of this form.
    """
    root, at = reader.element(0, OUTERMOST)
    header, at = reader.tree(at, root.scope, 1)
    body, at = reader.element(at, root.scope)
    for node, name in ((root, "Envelope"), (header, "Header"), (body, "Body")):
        if (node.namespace, node.name) != (S12, name):
            raise NbfxError(0, f"{name} of SOAP 1.2, not {node!r}")
    content, at = reader.element(at, body.scope)
    return _envelope(header, content), at


def _envelope(header: Node | None, body: Node) -> Envelope:
    nodes = header.children if header else []
    found = {node.name: node for node in nodes if (node.namespace, node.name) in _HEADERS}

    def text(name: str) -> str:
        return found[name].text if name in found else ""

    return Envelope(text("Action"), body, text("MessageID"), text("RelatesTo"), text("To"), found.get("SyncToken"))
