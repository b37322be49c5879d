"""What went wrong with a call, in our own errors: what is proven about it decides which.

Nothing was sent: the call was not processed. Sent and not answered: it may have been. Answered with a fault: it was
not, and the fault's text says why. Answered with a fault we do not know, or with something that is no answer of the
service: it may have been; also where that asks for patience (HTTP 503, 429), because a gateway says so too of a
service that went away in the middle.
"""

import re
import ssl
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from syncramp.endpoint.contract import ACCESS_DENIED_TEXT, BUSY, Fault
from syncramp.endpoint.https import NoAnswer, causes
from syncramp.errors import (
    AccessDenied,
    AnswerLost,
    CallFailed,
    CallTimedOut,
    CallTooLarge,
    ClientVersionRefused,
    CredentialsRefused,
    EndpointUnavailable,
    ServiceRefused,
    SyncrampError,
    UntrustedServer,
)

_TOO_LARGE = re.compile(
    r"(request|message|batch|call|payload|body|entity) (is|was|has been) too large"
    r"|(objects|links); [\d,.]+ are allowed|too many (objects|links|references)"
)
"""Faults about the size of a call: our simulator's, and guesses. What the service itself says is not public."""
_QUOTA = "quota"
"""A limit of WCF, on the size of a message, of a text in it or of its number of nodes. It is one on this call only if
the framework blames the message: a service meets such limits in what it asks of others too, after it did something.
"""
_DOTNET = re.compile(r"\b(unexpected|cancellation|continuation) token|\bpublickeytoken=|\bversion=")
"""Words of .NET's own faults, which say nothing about our token or our version."""
_TOKEN = ("token", "user name or password", "unauthorized", "authentication")
_TOO_SLOW = ("timed out", "timeout", "time-out")
_TIMEOUTS = (408, 504, 522, 524)
"""Of proxies and gateways that would not wait any longer (RFC 9110, 15.5.9 and 15.6.5; Cloudflare's own two)."""
_OLD_CLIENT = ("no longer supported", "not supported any", "upgrade")


IN_DOUBT = "the next run finds out what became of it and sends the rest"
LATER = "the next run tries again; let it begin some minutes later"
FORM = "ask its form with syncramp endpoint probe, or name its members in spec.target.endpoint.readBack"
_BUSY = (429, 503)
"""RFC 6585, 4 and RFC 9110, 15.6.4."""


class Busy(EndpointUnavailable):
    """The service asks for patience (fault 81, HTTP 503 or 429)."""

    pause = 0.0
    """Seconds that it asks for."""


class Unserved(Busy):
    """It was not the service that said so, so the call may have been passed on to it."""


class Redirected(ServiceRefused):
    """The service wants the call at another host; nothing of it was processed."""

    def __init__(self, url: str, *, where: str) -> None:
        super().__init__(f"the service sends us on to {url}", where=where)
        self.url = url


class TokenRefused(CredentialsRefused):
    """The service did not accept the token."""


def from_transport(error: NoAnswer, url: str, *, sent: bool) -> SyncrampError:
    """A transport error as one of ours.

    :param sent: the request may have changed something, so an answer that did not come leaves it in doubt.
    """
    host = urlsplit(url).netloc or url
    if any(map(_of_certificate, causes(error.cause))):
        return UntrustedServer(
            "the server's certificate could not be verified",
            where=host,
            remedy="name its authority in spec.target.endpoint.ca, or mend the host's name",
        )
    if not error.left:
        return EndpointUnavailable(
            f"no connection: {error}", where=host, remedy="check the host, the network and the proxy"
        )
    if sent:
        if error.late:
            return CallTimedOut("no answer came in time", where=host, remedy=IN_DOUBT)
        return AnswerLost(f"the connection broke before the answer came: {error}", where=host, remedy=IN_DOUBT)
    return EndpointUnavailable(f"the connection broke: {error}", where=host, remedy="the next run tries again")


def _of_certificate(error: BaseException) -> bool:
    return isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error)


def from_fault(fault: Fault, host: str) -> SyncrampError:
    """A SOAP fault as one of ours; one that we know proves that nothing of the call was processed."""
    if fault.redirect:
        return Redirected(fault.redirect, where=host)
    text = fault.text.rstrip(".")
    where = f"{host}, tracking id {fault.tracking_id}" if fault.tracking_id else host
    if fault.code == BUSY or "currently busy" in text:
        return Busy(text, where=where, remedy=LATER)
    return _about_us(text, where) or _about_the_call(fault, text, where)


_ACCESS_DENIED = ACCESS_DENIED_TEXT.partition(".")[0]
"""Its first sentence: others end with a tracking id."""


def _about_us(text: str, where: str) -> SyncrampError | None:
    """The service does not want this client, or this tenant's synchronisation at all."""
    low = _DOTNET.sub("", text.lower())
    if "not yet activated" in low:
        return ServiceRefused(
            text,
            where=where,
            remedy="switch directory synchronisation on for the tenant (onPremisesSyncEnabled in Microsoft Graph)",
        )
    if text.startswith(_ACCESS_DENIED):
        return AccessDenied(
            text,
            where=where,
            remedy="grant the application the role ADSynchronization.ReadWrite.All of the synchronization service",
        )
    if "version" in low and any(word in low for word in _OLD_CLIENT):
        return ClientVersionRefused(
            text,
            where=where,
            remedy="name a build that the service still accepts in spec.target.endpoint.buildNumber",
        )
    if any(word in low for word in _TOKEN):
        return TokenRefused(
            text,
            where=where,
            remedy="check spec.target.auth with its Secret, and the application's registration and its role",
        )
    return None


def _about_the_call(fault: Fault, text: str, where: str) -> SyncrampError:
    low = text.lower()
    if _TOO_LARGE.search(low) or (fault.sender and _QUOTA in low):
        return CallTooLarge(text, where=where, remedy="set spec.target.endpoint.objectsPerCall lower")
    if fault.sender:
        return ServiceRefused(text, where=where, remedy="the service cannot read what this release sends")
    if any(word in low for word in _TOO_SLOW):
        return CallTimedOut(text, where=where, remedy=IN_DOUBT)
    return CallFailed(
        f"the service failed: {text} (code {fault.code or 'none'})",
        where=where,
        remedy="the next run tries again; if it stays, ask Microsoft with the tracking id",
    )


def no_answer(status: int, content_type: str, host: str, *, sent: bool, retry_after: str = "") -> SyncrampError:
    """An HTTP answer that is none of the service's: a proxy's page, an empty 500.

    :param retry_after: the header of this name.
    """
    kind = content_type.split(";", maxsplit=1)[0] or "nothing"
    what = f"HTTP {status} with {kind} instead of a message of the service"
    if status in _BUSY:
        busy = Unserved(what, where=host, remedy=LATER)
        busy.pause = seconds_of(retry_after)
        return busy
    if kind.startswith("text/html"):
        what += ", a proxy or a gateway seems to answer in its place"
    if status == 413:
        return CallTooLarge(what, where=host, remedy="set spec.target.endpoint.objectsPerCall lower")
    if sent and status in _TIMEOUTS:
        return CallTimedOut(what, where=host, remedy=IN_DOUBT)
    if sent and (status >= 500 or status < 400):
        return AnswerLost(what, where=host, remedy=IN_DOUBT)
    return EndpointUnavailable(what, where=host, remedy="check spec.target.endpoint.host and what stands between")


def seconds_of(retry_after: str) -> float:
    """The seconds of a Retry-After header (RFC 9110, 10.2.3), a number or a date; 0 where it is neither."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, moment.timestamp() - time.time())
