"""What goes wrong with a directory server, as errors for people.

ldap3 raises exceptions of its own, and on answers that are not LDAP also those of its decoder; servers answer with
result codes (RFC 4511 appendix A). Both are mapped here, and nothing of a password is ever in a text.
"""

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ldap3.core import exceptions
from ldap3.core.results import RESULT_CODES
from pyasn1.error import PyAsn1Error

from syncramp.errors import AccessDenied, CredentialsRefused, SourceUnavailable, SyncrampError, UntrustedServer
from syncramp.source.ldap.ber import BerError

SUCCESS = 0
NO_SUCH_OBJECT = 32
_REFERRAL = 10
_REFERRALS = 3
"""So many are told."""
_PASSING = {51, 52}  # busy, unavailable
_LIMITS = {3: "time limit", 4: "size limit", 11: "administrative limit"}
_CREDENTIALS = {34, 48, 49}  # invalidDNSyntax (of the user name), inappropriateAuthentication, invalidCredentials
_LONGEST_TEXT = 200
"""Characters of a server's own text that are told."""
RIGHTS = {8, 13, 50}  # strongerAuthRequired, confidentialityRequired, insufficientAccessRights
_AD_DETAIL = re.compile(r"\bdata ([0-9a-f]{3,8})\b")
_AD_REASONS = {  # Windows error codes in the diagnostic message of a bind, [MS-ERREF] 2.2
    "525": "no such user",
    "52e": "wrong password",
    "530": "not permitted to sign in at this time",
    "531": "not permitted to sign in at this computer",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
    "80090346": "it does not see the connection's own certificate: something between ends TLS",  # SEC_E_BAD_BINDINGS
}
_NOT_LDAP = (PyAsn1Error, ValueError, LookupError, TypeError, AttributeError)  # out of ldap3's decoder


@contextmanager
def mapped(server: str, doing: str) -> Iterator[None]:
    """Map what ldap3 raises while ``doing`` something with ``server``.

    :raises SourceUnavailable: the server cannot be reached, went silent, broke off or speaks something else.
    """
    try:
        yield
    except (exceptions.LDAPException, OSError, MemoryError) as error:
        raise SourceUnavailable(
            f"{doing} failed ({_brief(error)})",
            where=server,
            remedy="check that the name resolves, the server runs and nothing cuts the connection",
        ) from error
    except _NOT_LDAP as error:
        why = f" ({error})" if isinstance(error, BerError) else ""
        raise SourceUnavailable(
            f"{doing} failed: the answer is not LDAP{why}", where=server, remedy="check host and port"
        ) from error


def handshake_failed(server: str, failure: ssl.SSLError) -> SyncrampError:
    """The error for a TLS handshake that failed."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return UntrustedServer(
            f"the server's certificate is not trusted ({failure.verify_message})",
            where=server,
            remedy="give the CA that issued it in spec.sources[].ldap.tls.ca, and use a host name that stands in it",
        )
    return SourceUnavailable(
        f"TLS could not be started ({failure.reason or 'connection closed'})",
        where=server,
        remedy="check the port (ldaps:// 636, ldap:// with StartTLS 389) and that the server speaks TLS 1.2 or later",
    )


def bind_refused(server: str, user: str, result: Mapping[str, Any]) -> SyncrampError:
    """The error for a bind that did not succeed."""
    code = int(result.get("result", -1))
    if code in _CREDENTIALS:
        detail = _AD_DETAIL.search(str(result.get("message", "")))
        why = _AD_REASONS.get(detail[1], "") if detail else ""
        return CredentialsRefused(
            f"the server refuses the user {user!r} ({why or result.get('description', code)})",
            where=server,
            remedy="check the account, and what the Secret of spec.sources[].ldap.bind holds",
        )
    return refused(server, "the bind", code)


def disconnected(server: str, code: int, text: str) -> SourceUnavailable:
    """The error for a server that tells why it ends the connection."""
    return SourceUnavailable(
        f"the server ended the connection ({described(code)}{told(text)})",
        where=server,
        remedy="it may be shutting down or out of resources; the next run tries again",
    )


def refused(server: str, doing: str, code: int, referrals: Sequence[str] = ()) -> SyncrampError:
    """The error for an operation that ended with another result than success.

    :param referrals: where the server says that it is to be asked, in a result that is a referral.
    """
    said = described(code)
    if code == _REFERRAL:
        return SourceUnavailable(
            f"{doing} was referred to {', '.join(referrals[:_REFERRALS]) or 'another server'}",
            where=server,
            remedy="referrals are not followed: name a server that holds it itself, or correct the scope",
        )
    if code in _PASSING:
        return SourceUnavailable(
            f"{doing} was put off ({said})", where=server, remedy="the server is overloaded, or not ready; try later"
        )
    if code in _LIMITS:
        return SourceUnavailable(
            f"{doing} exceeded the server's {_LIMITS[code]} ({said})",
            where=server,
            remedy="raise the limit for this account at the server",
        )
    if code in RIGHTS:
        return AccessDenied(
            f"{doing} is not permitted ({said})",
            where=server,
            remedy="give this account the right to read the directory",
        )
    return SourceUnavailable(f"{doing} did not succeed ({said})", where=server, remedy="look into the server's log")


def unwritten(attribute: str, result: Mapping[str, Any]) -> str:
    """Why a value was not written, as the server says it."""
    code = int(result.get("result", -1))
    what = "this account may not write" if code in RIGHTS else "the server does not write"
    return f"{what} {attribute} ({described(code)}{told(str(result.get('message') or ''))})"


def described(code: int) -> str:
    """A result code with its name."""
    return f"{RESULT_CODES.get(code, 'no result')}, code {code}"


def told(text: str) -> str:
    """What a server says about a result, on one line and not too long, to be put behind it."""
    text = " ".join(text.split())[:_LONGEST_TEXT]
    return f": {text}" if text else ""


def _brief(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return text[:200] or type(error).__name__
