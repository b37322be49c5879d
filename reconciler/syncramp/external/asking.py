"""One question to a system outside, over HTTP: verified, short, and told in our own words whatever comes of it.

The answer decides whether a ramp goes on, so whoever gives it must be who the document names: certificates are
verified, a token goes over TLS alone, and nobody is followed elsewhere. What the other side writes is never repeated:
it may hold a secret, or anything.
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from syncramp.errors import InputRefused
from syncramp.model.measures import Told
from syncramp.model.seams import SecretReader
from syncramp.spec.references import KeyRef
from syncramp.spec.secrets import text

LONGEST = 10.0
"""Seconds for a connection, for each part of an answer, and for all of them."""
LARGEST = 65_536
"""Bytes of an answer; the number in it takes some dozens."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever it says."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Whom to ask, and how.

    The token is read anew for each question: who rotates it does not start anything again.
    """

    url: str
    secrets: SecretReader
    token: KeyRef | None = None
    ca: KeyRef | None = None
    longest: float = field(default=LONGEST)

    @property
    def host(self) -> str:
        """As it is named in sentences: neither a password nor a query of the URL is."""
        return self._parts.hostname or "no host"

    @property
    def _parts(self) -> SplitResult:
        try:
            return urlsplit(self.url)
        except ValueError:  # brackets that do not match
            return urlsplit("")

    def ask(self, method: str, url: str = "", **content: Any) -> Reply | Told:
        """One request.

        :param url: in place of the address's own, on the same host.
        :param content: as ``httpx.Client.request`` takes it.
        :returns: the answer, or why there is none.
        """
        try:
            return self._ask(method, url or self.url, content)
        except InputRefused as error:
            return _failed(str(error))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            return _failed(self._words(error))

    def _ask(self, method: str, url: str, content: Mapping[str, Any]) -> Reply | Told:
        deadline = time.monotonic() + self.longest
        with (
            httpx.Client(verify=self._context(), timeout=self.longest, trust_env=self.host not in LOOPBACK) as client,
            client.stream(method, url, headers=self._headers(), follow_redirects=False, **content) as answer,
        ):
            if 300 <= answer.status_code < 400:
                return _failed(f"{self.host} sends us elsewhere (HTTP {answer.status_code}), which is not followed")
            body = b""
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > LARGEST:
                    return _failed(f"the answer of {self.host} has more than {LARGEST:,} bytes")
                if time.monotonic() > deadline:
                    return _failed(f"{self.host} did not answer within {self.longest:g}s")
            return Reply(answer.status_code, body)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "syncramp"}
        if self.token is None:
            return headers
        if self._parts.scheme != "https":
            raise InputRefused("a token goes over https alone", where=self.host, remedy="name an https URL")
        token = text(self.secrets, self.token.name, self.token.key).strip()
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise InputRefused("it is no bearer token", where=f"Secret {self.token.name}, key {self.token.key}")
        return headers | {"Authorization": f"Bearer {token}"}

    def _context(self) -> ssl.SSLContext:
        ca = self.secrets.read(self.ca.name, self.ca.key) if self.ca else None
        try:
            made = ssl.create_default_context(cadata=ca.decode() if ca is not None else None)
        except (ssl.SSLError, ValueError):
            where = f"{self.ca.name}, key {self.ca.key}" if self.ca else self.host
            raise InputRefused("the CA is no PEM certificate", where=where) from None
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        return made

    def _words(self, error: Exception) -> str:
        if isinstance(error, httpx.TimeoutException):
            return f"{self.host} did not answer within {self.longest:g}s"
        if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError)):
            return "its URL, or that of a proxy, cannot be asked"
        if _unverified(error):
            return f"the certificate of {self.host} could not be verified"
        if isinstance(error, httpx.ConnectError):
            return f"no connection to {self.host}"
        return f"the connection to {self.host} broke before its answer came"


def _unverified(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _failed(why: str) -> Told:
    return Told(None, why, failed=True)
