"""One call over HTTPS: token, envelope, request, answer; and the way to the host that answers for the tenant.

The first host of a cloud only finds the right one: it answers with a fault that names a regional host, two or three
times in a row for one request, and not for every tenant. A call follows it and remembers the host for the rest of the
run. The bearer token travels in the body, so it follows to hosts of the same cloud and no other.

Every answer is decoded whatever its status, because the service sends faults with 500 and sometimes with 200.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from syncramp.endpoint import contract, soap, tls
from syncramp.endpoint.auth import TokenSource
from syncramp.endpoint.clouds import ADDRESSES, PATH, onward
from syncramp.endpoint.contract import Form
from syncramp.endpoint.faults import IN_DOUBT, LATER, Redirected, from_fault, from_transport, no_answer
from syncramp.endpoint.https import Https, NoAnswer
from syncramp.errors import AnswerLost, EndpointUnavailable, ServiceRefused
from syncramp.model.seams import SecretReader
from syncramp.spec.types import Target, Values
from syncramp.words import printable

ISSUER_SECONDS = 30.0
"""For an answer of the token issuer."""
MOST_HOPS = 5
"""Redirects of one request; public clients meet two or three."""
_SHOWN = 200
"""Characters of an address that are told."""


_NOBODY = UUID(int=0)


def _deaf(host: str, data: bytes) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Tap:
    """For who asks how the service behaves."""

    heard: Callable[[str, bytes], None] = _deaf
    """Told each answer as it came, and which host gave it."""
    bend: Callable[[str], str] = str
    """What is made of a token before it is sent."""


def nothing_to_see() -> None:
    """Nobody has anything against a request."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether a request may still leave."""

    until: float = math.inf
    """Not later; seconds since the epoch, as the run's deadlines."""
    look: Callable[[], None] = nothing_to_see
    """Called right before it leaves; what it raises is why it does not."""

    def check(self, host: str) -> None:
        """:raises SyncrampError: it may not."""
        if time.time() > self.until:
            raise EndpointUnavailable("the call could not be sent in time", where=host, remedy=LATER)
        self.look()


ANY_TIME = Leave()


class Channel:
    """The connections to one tenant's endpoint and token issuer; shared by threads.

    :param target: the tenant, its cloud and how to sign in.
    """

    def __init__(self, target: Target, secrets: SecretReader, tap: Tap | None = None) -> None:
        self._target = target
        self._tap = tap or Tap()
        addresses, settings = ADDRESSES[target.cloud], target.endpoint
        self.host = (settings.host or addresses.sync).lower()
        """Where calls go now, with a port if it is not 443."""
        self._first = self.host
        context = tls.context(secrets.read(settings.ca.name, settings.ca.key) if settings.ca else None)
        authority = settings.authority or addresses.authority
        direct = tls.is_loopback(f"https://{self.host}"), tls.is_loopback(authority)
        self._client = Https(context, settings.call_timeout.total_seconds(), direct=direct[0])
        self._issuer = Https(context, ISSUER_SECONDS, direct=direct[1])
        self._tokens = TokenSource(target, secrets, self._issuer)
        self._frames: dict[tuple[str, str], tuple[soap.SyncToken, soap.Frame]] = {}
        """Of each operation and address, with the token in it, which shows nobody its text."""

    @property
    def certificate_until(self) -> datetime | None:
        """Until when the certificate is valid that signed in last; None where none did."""
        return self._tokens.certificate_until

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._issuer.close()

    def forget_token(self) -> None:
        """The service did not accept the token: the next call gets a new one."""
        self._tokens.forget()

    def call(self, operation: str, body: bytes, leave: Leave = ANY_TIME) -> contract.Answer:
        """Make one call, and follow where the service sends it.

        :param body: the encoded element of the operation.
        :param leave: looked at before each request.
        :returns: the answer.
        :raises SyncrampError: as ``endpoint.faults`` tells faults and transport errors apart.
        """
        visited = [self.host]
        while True:
            try:
                return self._call(visited[-1], operation, body, leave)
            except Redirected as error:
                visited.append(self._onward(visited, error.url))

    def _onward(self, visited: list[str], url: str) -> str:
        """The host to call instead, remembered for the calls after this one.

        :raises ServiceRefused: it is not to be trusted with the token, or there is no end to it.
        """
        host = onward(self._target.cloud, self._first, url)
        if host is None:
            raise ServiceRefused(
                f"the service sends us on to {printable(url[:_SHOWN])}, which is no host of the cloud",
                where=visited[-1],
                remedy="set spec.target.endpoint.host to it, if it is Microsoft's",
            )
        if host in visited or len(visited) > MOST_HOPS:
            way = ", ".join([*visited, host])
            raise ServiceRefused(
                f"the service sends us on without end: {way}",
                where=self._first,
                remedy="the next run tries again; if it stays, set spec.target.endpoint.host to the tenant's host",
            )
        self.host = host
        return host

    def _call(self, host: str, operation: str, body: bytes, leave: Leave) -> contract.Answer:
        url, tracking = f"https://{host}{PATH}", uuid4()
        before, behind = self._frame(operation, url, self._tap.bend(self._tokens.token())).around(tracking)
        leave.check(host)  # after the token, which may take a while
        try:
            headers = self._headers(operation, str(tracking))
            answer = self._client.request("POST", url, headers, before, body, behind)
        except NoAnswer as error:
            raise from_transport(error, url, sent=True) from None
        kind = answer.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() != soap.CONTENT_TYPE:
            later = answer.headers.get("retry-after", "").strip()
            raise no_answer(answer.status, kind, host, sent=True, retry_after=later)
        self._tap.heard(host, answer.content)
        return _opened(host, operation, answer.content)

    def _frame(self, operation: str, url: str, bearer: str) -> soap.Frame:
        """What stands around the body, made once for a token."""
        kept = self._frames.get((operation, url))
        if kept is None or kept[0].bearer != bearer:
            settings = self._target.endpoint
            token = soap.SyncToken(bearer, settings.build_number, _NOBODY, settings.application_id)
            form: Form = "text" if settings.values is Values.TEXT else "typed"
            kept = self._frames[operation, url] = token, soap.Frame(operation, token, url, form)
        return kept[1]

    def _headers(self, operation: str, tracking: str) -> dict[str, str]:
        build = self._target.endpoint.build_number
        return {
            "Content-Type": soap.CONTENT_TYPE,
            "User-Agent": "",
            "client-request-id": tracking,
            "x-ms-aadmsods-clientversion": soap.CLIENT_VERSION,
            "x-ms-aadmsods-dirsyncbuildnumber": build,
            "x-ms-aadmsods-fimbuildnumber": build,
            "x-ms-aadmsods-tenantid": self._target.tenant_id,
            "x-ms-aadmsods-appid": soap.V1_APPLICATION,
            "x-ms-aadmsods-apiaction": "Provision2" if operation == contract.PROVISION else operation,
        }


def _opened(host: str, operation: str, data: bytes) -> contract.Answer:
    try:
        answer = contract.open_answer(operation, data)
    except contract.NbfxError as error:
        raise AnswerLost(f"the answer is not legal binary XML {error}", where=host, remedy=IN_DOUBT) from None
    except contract.ContractError as error:
        raise AnswerLost(str(error), where=host, remedy=IN_DOUBT) from None
    if isinstance(answer, contract.Fault):
        raise from_fault(answer, host)
    return answer
