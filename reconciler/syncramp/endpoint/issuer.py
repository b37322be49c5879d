"""HTTP for msal: the same TLS, proxies and errors as for the endpoint.

What was sent as a secret is remembered, so that no answer that repeats it is told. msal asks where an account's
password is checked before it sends one (``userrealm``), and would then send it to a federation server of the tenant.
A synchronisation account is checked by Entra itself, so that question is not sent, and the password goes to the
issuer alone.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from syncramp.endpoint import https
from syncramp.endpoint.refusals import LATER
from syncramp.errors import EndpointUnavailable

_SECRETS = ("client_secret", "client_assertion", "password")
"""Fields of a token request (RFC 6749, RFC 7523)."""
_REALM = "/common/userrealm/"


class Answer:
    """The answer msal wants to see."""

    def __init__(self, answer: https.Answer) -> None:
        self.status_code = answer.status
        self.text = answer.content.decode(errors="replace")
        self.headers = answer.headers

    def raise_for_status(self) -> None:
        """msal's name for it; what it raises is told by its type only."""
        if self.status_code >= 400:
            raise ValueError(f"HTTP {self.status_code}")


class IssuerClient:
    """The HTTP client msal wants to have, for one token request.

    :param client: does the work, and belongs to somebody else.
    """

    def __init__(self, client: https.Https) -> None:
        self._client = client
        self.refusal: dict[str, Any] = {}
        """What the issuer said when it would not describe itself (an unknown tenant); msal does not tell it."""
        self.hidden: set[str] = set()
        """Secrets that were sent."""

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> Answer:
        """A token request.

        :raises NoAnswer: the issuer cannot be reached.
        :raises EndpointUnavailable: it is busy or broken.
        """
        data = {name: value.decode() if isinstance(value, bytes) else value for name, value in data.items()}
        self.hidden |= {data[name] for name in _SECRETS if data.get(name)}
        said = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        return Answer(self._asked("POST", url, params, said, urlencode(data).encode()))

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> Answer:
        """A document about the issuer; raises as :meth:`post`."""
        if urlsplit(url).path.startswith(_REALM):
            return Answer(https.Answer(404, {}, b""))
        answer = self._asked("GET", url, params, headers or {})
        if 400 <= answer.status < 500:
            with suppress(ValueError, TypeError):  # no JSON, or no object
                self.refusal = dict(json.loads(answer.content))
        return Answer(answer)

    def _asked(self, method: str, url: str, params: Any, headers: Mapping[str, str], *body: bytes) -> https.Answer:
        answer = self._client.request(method, f"{url}?{urlencode(params)}" if params else url, headers, *body)
        if answer.status >= 500 or answer.status == 429:
            raise EndpointUnavailable(
                f"the token issuer gave no usable answer (HTTP {answer.status})",
                where=urlsplit(url).netloc,
                remedy=f"{LATER}; if it stays, check spec.target.endpoint.authority",
            )
        return answer

    def close(self) -> None:
        """The client belongs to the endpoint."""
