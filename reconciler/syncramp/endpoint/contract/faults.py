"""SOAP faults, both ways. Names of their details are not all public, so they are matched by local name.

A fault of the service has a detail and an action that tells which: by both, WCF's client finds the exception that a
contract declares. One that the framework raises below the service has neither.
"""

from dataclasses import dataclass

from syncramp.endpoint.contract.values import nil
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.nbfx.node import XML
from syncramp.endpoint.soap import FAULT_ACTION, S12, WSA, XSI, MessageId, action_of, response

NCS = "http://schemas.datacontract.org/2004/07/Microsoft.Online.Coexistence.Schema"
ADMIN_FAULT = "AdminWebServiceFault"
REDIRECTION_FAULT = "BindingRedirectionFault"
BUSY = "81"
BUSY_TEXT = "Windows Azure Active Directory is currently busy. This operation will be retried automatically."
ACCESS_DENIED_TEXT = "Access to Azure Active Directory has been denied. Contact Technical Support."
NOT_ACTIVATED_TEXT = "Identity synchronization is not yet activated for this company"


DISPATCHER = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
DESERIALIZATION_FAILED = "DeserializationFailed"
ACTION_NOT_SUPPORTED = "ActionNotSupported"
_UNSEEN = frozenset({"VersionMismatch", "MustUnderstand", "DataEncodingUnknown"})
"""Codes of faults that are raised before any processing (SOAP 1.2 part 1, 2.6 and 5.4.6)."""
_UNSEEN_BY_SENDER = frozenset(
    {
        ACTION_NOT_SUPPORTED,
        DESERIALIZATION_FAILED,
        "DestinationUnreachable",
        "InvalidAddressingHeader",
        "MessageAddressingHeaderRequired",
    }
)
"""Subcodes of ``Sender`` that WCF's dispatcher and WS-Addressing have. ``Sender`` alone says nothing: .NET gives it
to every FaultException of a service that names no code, however much was done before."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A whole call that was refused."""

    text: str
    code: str = ""
    redirect: str = ""
    """Where the service wants the call to go instead."""
    tracking_id: str = ""
    sender: bool = False
    """The framework below the service blames the message itself, so the service never saw it."""


def read_fault(body: Node) -> Fault | None:
    """The fault in a body; None when the body is an answer."""
    if body.name != "Fault" or body.namespace != S12:
        return None
    told: dict[str, str] = {}
    for node in body.walk():
        if node.parts:
            told.setdefault(node.name, node.text)
    redirected = any(node.name == REDIRECTION_FAULT for node in body.walk())
    return Fault(
        text=told.get("ErrorDescription") or _reason(body) or told.get("Text") or "no text",
        code=told.get("ErrorCode", ""),
        redirect=told.get("Url", "") if redirected else "",
        tracking_id=told.get("TrackingId", ""),
        sender=_unseen(body),
    )


def _reason(fault: Node) -> str:
    """The reason in English if there are several (SOAP 1.2 part 1, 5.4.2): its words are what we know."""
    reason = fault.child("Reason")
    told = list(reason.all("Text")) if reason else []
    english = [node for node in told if node.attributes.get((XML, "lang"), "").lower().startswith("en")]
    return next((node.text for node in (*english, *told)), "")


def _unseen(fault: Node) -> bool:
    code = fault.child("Code")
    subcode = code.child("Subcode") if code else None
    if _value(code) == "Sender":
        return _value(subcode) in _UNSEEN_BY_SENDER
    return _value(code) in _UNSEEN


def _value(code: Node | None) -> str:
    node = code.child("Value") if code else None
    return node.text.strip().rpartition(":")[2] if node else ""


def fault_response(
    text: str,
    code: str = "",
    *,
    operation: str = "",
    sender: bool = False,
    subcode: str = DESERIALIZATION_FAILED,
    relates_to: MessageId | None = None,
    values: w.Values = "typed",
) -> bytes:
    """An answer that is a fault.

    :param code: ErrorCode of the AdminWebServiceFault in the detail; nil where none is known.
    :param operation: that of the request.
    :param sender: the framework refuses the message, with this subcode, before the service sees it.
    """
    if sender:
        return _fault(text, b"", _FRAMEWORK[subcode], relates_to, values, subcode)
    detail = _detail(text, code, relates_to, values)
    return _fault(text, detail, _declared(operation, ADMIN_FAULT), relates_to, values)


def redirect_response(
    url: str, relates_to: MessageId | None = None, values: w.Values = "typed", operation: str = ""
) -> bytes:
    """A fault that sends the client on to another host; the text is invented, the names of the detail are not."""
    head = w.element("", REDIRECTION_FAULT) + w.xmlns("", NCS)
    detail = head + w.element("", "Url") + w.FORMS[values].content(url) + w.END
    action = _declared(operation, REDIRECTION_FAULT)
    return _fault("The tenant is served by another host.", detail, action, relates_to, values)


_FRAMEWORK = {DESERIALIZATION_FAILED: f"{DISPATCHER}/fault", ACTION_NOT_SUPPORTED: f"{WSA}/fault"}
"""Actions of the faults that WCF's dispatcher and WS-Addressing raise."""


def _declared(operation: str, fault: str) -> str:
    """The action of a fault that is declared for an operation, by WCF's rule."""
    return f"{action_of(operation)}{fault}Fault" if operation else FAULT_ACTION


def _fault(
    text: str, told: bytes, action: str, relates_to: MessageId | None, values: w.Values, subcode: str = ""
) -> bytes:
    form = w.FORMS[values]
    detail = w.soap_element("s", "Detail") + told + w.END if told else b""
    body = b"".join(
        (
            w.soap_element("s", "Fault"),
            w.soap_element("s", "Code"),
            w.soap_element("s", "Value"),
            form.text("s") + form.text(":") + form.content("Sender" if subcode else "Receiver"),  # as WCF splits it
            _subcode(subcode, form) if subcode else b"",
            w.END,
            w.soap_element("s", "Reason"),
            w.soap_element("s", "Text"),
            w.attribute("xml", "lang", form.text("en-US")),
            form.content(text),
            w.END,
            detail,
            w.END,
        )
    )
    return response(action, body, relates_to, values)


def _subcode(name: str, form: w.Form) -> bytes:
    """Its name is qualified: by WS-Addressing, which the envelope declares as ``a``, or by WCF's dispatcher."""
    declared = w.xmlns("a", DISPATCHER) if name == DESERIALIZATION_FAILED else b""
    head = w.soap_element("s", "Subcode") + w.soap_element("s", "Value") + declared
    return head + form.text("a") + form.text(":") + form.content(name) + w.END


def _detail(text: str, code: str, relates_to: MessageId | None, values: w.Values) -> bytes:
    content = w.FORMS[values].content
    members = (
        ("ErrorCode", content(code) if code else nil(values)),
        ("ErrorDescription", content(text)),
        ("ServerName", content("simulator")),
        ("TrackingId", content(str(relates_to or ""))),
    )
    head = w.element("", ADMIN_FAULT) + w.xmlns("", NCS) + w.xmlns("i", XSI)
    return b"".join((head, *(w.element("", name) + told for name, told in members), w.END))
