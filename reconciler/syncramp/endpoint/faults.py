"""What went wrong with a call, in our own errors: what is proven about it decides which.

Nothing was sent: the call was not processed. Sent and not answered: it may have been. Answered with a fault: it was
not, and the fault's text says why. Answered with a fault we do not know, or with something that is no answer of the
service: it may have been.
"""

import ssl
from urllib.parse import urlsplit

import httpx

from syncramp.endpoint.contract import ACCESS_DENIED_TEXT, BUSY, Fault
from syncramp.errors import (
    AccessDenied,
    AnswerLost,
    CredentialsRefused,
    EndpointUnavailable,
    ServiceRefused,
    SyncrampError,
    UntrustedServer,
)

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


IN_DOUBT = "the next run finds out what became of it and sends the rest"
LATER = "the next run tries again; let it begin some minutes later"


class Busy(EndpointUnavailable):
    """The service asks for patience (fault 81, HTTP 503); nothing was processed."""


class UnknownFault(AnswerLost):
    """The service failed in a way we do not know; the call may have been processed, in part or as a whole."""


class Redirected(ServiceRefused):
    """The service wants the call at another host; nothing of it was processed."""

    def __init__(self, url: str, *, where: str) -> None:
        super().__init__(f"the service sends us on to {url}", where=where)
        self.url = url


class TokenRefused(CredentialsRefused):
    """The service did not accept the token."""


def from_httpx(error: httpx.HTTPError, url: str, *, sent: bool) -> SyncrampError:
    """A transport error as one of ours.

    :param sent: the request may have changed something, so an answer that did not come leaves it in doubt.
    """
    host = urlsplit(url).netloc or url
    if _certificate_fault(error):
        return UntrustedServer(
            "the server's certificate could not be verified",
            where=host,
            remedy="name its authority in spec.target.endpoint.ca, or mend the host's name",
        )
    if isinstance(error, _NOT_SENT):
        return EndpointUnavailable(
            f"no connection: {_words(error)}", where=host, remedy="check the host, the network and the proxy"
        )
    if sent:
        what = f"the connection broke before the answer came: {_words(error)}"
        return AnswerLost(what, where=host, remedy=IN_DOUBT)
    return EndpointUnavailable(
        f"the connection broke: {_words(error)}", where=host, remedy="the next run tries again"
    )


def _certificate_fault(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def from_fault(fault: Fault, host: str) -> SyncrampError:
    """A SOAP fault as one of ours; one that we know proves that nothing of the call was processed."""
    text = fault.text.rstrip(".")
    tracking = f", tracking id {fault.tracking_id}" if fault.tracking_id else ""
    if fault.redirect:
        return Redirected(fault.redirect, where=host)
    if fault.code == BUSY or "currently busy" in text:
        return Busy(text, where=host + tracking, remedy=LATER)
    if "not yet activated" in text:
        return ServiceRefused(
            text,
            where=host + tracking,
            remedy="switch directory synchronisation on for the tenant (onPremisesSyncEnabled in Microsoft Graph)",
        )
    if text == ACCESS_DENIED_TEXT.rstrip("."):
        return AccessDenied(
            text,
            where=host + tracking,
            remedy="grant the application the role ADSynchronization.ReadWrite.All of the synchronization service",
        )
    if any(word in text.lower() for word in ("token", "user name or password", "unauthorized", "authentication")):
        return TokenRefused(text, where=host + tracking, remedy="check the application's registration and its role")
    if fault.sender:
        return ServiceRefused(text, where=host + tracking, remedy="the service cannot read what this release sends")
    return UnknownFault(
        f"the service failed: {text} (code {fault.code or 'none'})",
        where=host + tracking,
        remedy="the next run tries again; if it stays, ask Microsoft with the tracking id",
    )


def no_answer(status: int, content_type: str, host: str, *, sent: bool) -> SyncrampError:
    """An HTTP answer that is none of the service's: a proxy's page, an empty 500."""
    kind = content_type.split(";", maxsplit=1)[0] or "nothing"
    what = f"HTTP {status} with {kind} instead of a message of the service"
    if status == 503:
        return Busy(what, where=host, remedy=LATER)
    if kind.startswith("text/html"):
        what += ", a proxy or a gateway seems to answer in its place"
    if sent and (status >= 500 or status < 400):
        return AnswerLost(what, where=host, remedy=IN_DOUBT)
    return EndpointUnavailable(what, where=host, remedy="check spec.target.endpoint.host and what stands between")
