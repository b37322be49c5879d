"""SOAP faults, both ways. Names of their details are not all public, so they are matched by local name."""

from dataclasses import dataclass

from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.soap import FAULT_ACTION, S12, XSI, MessageId, response

NCS = "http://schemas.datacontract.org/2004/07/Microsoft.Online.Coexistence.Schema"
BUSY = "81"
BUSY_TEXT = "Windows Azure Active Directory is currently busy. This operation will be retried automatically."
ACCESS_DENIED_TEXT = "Access to Azure Active Directory has been denied. Contact Technical Support."
NOT_ACTIVATED_TEXT = "Identity synchronization is not yet activated for this company"


@dataclass(frozen=True, slots=True)
class Fault:
    """A whole call that was refused."""

    text: str
    code: str = ""
    redirect: str = ""
    """Where the service wants the call to go instead."""
    tracking_id: str = ""
    sender: bool = False
    """The service blames the message itself; it was never processed (SOAP 1.2 part 1, 5.4.6)."""


def read_fault(body: Node) -> Fault | None:
    """The fault in a body; None when the body is an answer."""
    if body.name != "Fault" or body.namespace != S12:
        return None
    texts = {node.name: node.text for node in body.walk() if node.parts}
    redirected = any(node.name == "BindingRedirectionFault" for node in body.walk())
    return Fault(
        text=texts.get("ErrorDescription") or texts.get("Text") or "no text",
        code=texts.get("ErrorCode", ""),
        redirect=texts.get("Url", "") if redirected else "",
        tracking_id=texts.get("TrackingId", ""),
        sender=texts.get("Value", "").rpartition(":")[2] == "Sender",
    )


def fault_response(
    text: str,
    code: str = "",
    *,
    sender: bool = False,
    relates_to: MessageId | None = None,
    values: w.Values = "typed",
) -> bytes:
    """An answer that is a fault.

    :param code: ErrorCode of an AdminWebServiceFault in the detail; without it there is no detail.
    :param sender: the client is at fault, not the service.
    """
    told = _detail(text, code, relates_to, w.FORMS[values]) if code else b""
    return _fault(text, told, relates_to, values, sender=sender)


def redirect_response(url: str, relates_to: MessageId | None = None, values: w.Values = "typed") -> bytes:
    """A fault that sends the client on to another host; the text is invented, the names of the detail are not."""
    head = w.element("", "BindingRedirectionFault") + w.xmlns("", NCS)
    detail = head + w.element("", "Url") + w.FORMS[values].content(url) + w.END
    return _fault("The tenant is served by another host.", detail, relates_to, values)


def _fault(text: str, told: bytes, relates_to: MessageId | None, values: w.Values, *, sender: bool = False) -> bytes:
    form = w.FORMS[values]
    detail = w.soap_element("s", "Detail") + told + w.END if told else b""
    body = b"".join(
        (
            w.soap_element("s", "Fault"),
            w.soap_element("s", "Code"),
            w.soap_element("s", "Value"),
            form.text("s") + form.text(":") + form.content("Sender" if sender else "Receiver"),  # as WCF splits it
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
    return response(FAULT_ACTION, body, relates_to, values)


def _detail(text: str, code: str, relates_to: MessageId | None, form: w.Form) -> bytes:
    members = (
        ("ErrorCode", code),
        ("ErrorDescription", text),
        ("ServerName", "simulator"),
        ("TrackingId", str(relates_to or "")),
    )
    head = w.element("", "AdminWebServiceFault") + w.xmlns("", NCS) + w.xmlns("i", XSI)
    return b"".join((head, *(w.element("", name) + form.content(value) for name, value in members), w.END))
