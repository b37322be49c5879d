"""Microsoft Graph, which tells of groups of the cloud what the read-back may not: members, and what became of deleted
ones. It is only read.

A delta query goes over pages; each ends with an address at which it goes on. Of that address the path is kept and the
host is not: the token goes to the host that the document or the cloud names, and to no other.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from syncramp.endpoint import tls
from syncramp.endpoint.auth import TokenSource
from syncramp.endpoint.channel import ISSUER_SECONDS
from syncramp.endpoint.clouds import ADDRESSES, graph_of
from syncramp.endpoint.faults import from_transport, seconds_of
from syncramp.endpoint.graph_pages import SELECT, groups_of, links_of
from syncramp.endpoint.https import Answer, Https, NoAnswer
from syncramp.errors import (
    AccessDenied,
    CookieRefused,
    CredentialsRefused,
    EndpointUnavailable,
    ServiceRefused,
    Stopped,
    SyncrampError,
)
from syncramp.model.cloud import GroupsPage
from syncramp.model.seams import SecretReader
from syncramp.spec.types import Target
from syncramp.words import printable

VERSION = "/v1.0"
DELTA = f"{VERSION}/groups/delta?$select={SELECT}"
TIMEOUT = 60.0
"""Seconds for an answer."""
TRIES = 6
"""Of a request that is answered with a plea for patience."""
FIRST, LONGEST = 2.0, 120.0
"""Seconds to wait where Graph does not say how long; doubled each time. The longest that it is waited for at once."""
_PATIENCE = (429, 503, 504)
"""Microsoft Graph throttling guidance."""
_EXPIRED = ("resyncRequired", "syncStateNotFound", "syncStateInvalid", "Directory_ExpiredPageToken")
"""Codes of errors (HTTP 410, or 400) that say that a delta query must begin anew."""
_PERMISSIONS = (
    "grant the application the permissions Group.Read.All and GroupMember.Read.All of Microsoft Graph, and "
    "Member.Read.Hidden for groups whose members are hidden, with an administrator's consent"
)
_SHOWN = 200
"""Characters of an error's text that are told."""


class Graph:
    """Groups of one tenant.

    :param host: in place of the cloud's own; empty: that.
    :param stop: set from outside; nothing is waited for then.
    :param first: seconds of the first wait where Graph does not say how long.
    """

    def __init__(
        self,
        target: Target,
        secrets: SecretReader,
        host: str = "",
        stop: threading.Event | None = None,
        first: float = FIRST,
    ) -> None:
        self.host, resource = graph_of(target.cloud, host)
        self._stop, self._wait_first = stop or threading.Event(), first
        settings = target.endpoint
        authority = settings.authority or ADDRESSES[target.cloud].authority
        context = tls.context(secrets.read(settings.ca.name, settings.ca.key) if settings.ca else None)
        direct = tls.is_loopback(f"https://{self.host}"), tls.is_loopback(authority)
        self._client = Https(context, TIMEOUT, direct=direct[0])
        self._issuer = Https(context, ISSUER_SECONDS, direct=direct[1])
        self._tokens = TokenSource(target, secrets, self._issuer, resource)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._issuer.close()

    def groups(self, cursor: str | None) -> Iterator[GroupsPage]:
        """Groups that are mastered in the cloud, and their changes, page by page.

        :param cursor: of an earlier page; None: everything.
        :raises CookieRefused: Graph does not know the cursor any more.
        :raises SyncrampError: it broke off; what came before is true.
        """
        path = cursor or DELTA
        while True:
            document = self._get(path)
            following, delta = links_of(document)
            path = self._path(following or delta)
            yield GroupsPage(groups_of(document), path, ended=bool(delta))
            if delta:
                return

    def hard_deleted(self, object_id: str) -> bool:
        """A group is neither there nor in the bin.

        :raises SyncrampError: Graph did not say so: a page of whatever stands before it is no word of Graph's.
        """
        name = quote(object_id, safe="")
        ways = (f"{VERSION}/groups/{name}?$select=id", f"{VERSION}/directory/deletedItems/{name}?$select=id")
        return not any(self._there(way) for way in ways)

    def _there(self, path: str) -> bool:
        answer = self._asked(path)
        if answer.status == 404 and _error_of(_parsed(answer)):
            return False
        self._document(answer)
        return True

    def _path(self, url: str) -> str:
        """Path and query of an address of this host.

        :raises ServiceRefused: it is another one's, which must not have our token.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.netloc.lower() != self.host or not parts.path.startswith(f"{VERSION}/"):
            raise ServiceRefused(
                f"Microsoft Graph goes on at {printable(url[:_SHOWN])}, which is not its own address",
                where=self.host,
                remedy="set spec.writeback.groups.graph.host to it, if it is Microsoft's",
            )
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _get(self, path: str) -> dict[str, Any]:
        return self._document(self._asked(path))

    def _asked(self, path: str) -> Answer:
        """The answer to a request, once it is no plea for patience; a token that is refused is renewed once."""
        renewed, pause = False, self._wait_first
        for _ in range(TRIES):
            answer = self._sent(path)
            if answer.status == 401 and not renewed:
                self._tokens.forget()
                renewed = True
            elif answer.status in _PATIENCE:
                self._rest(min(seconds_of(answer.headers.get("retry-after", "")) or pause, LONGEST))
                pause *= 2
            else:
                return answer
        raise EndpointUnavailable(
            f"Microsoft Graph asks for patience (HTTP {answer.status})",
            where=self.host,
            remedy="the next run goes on where this one ended",
        )

    def _sent(self, path: str) -> Answer:
        if self._stop.is_set():
            raise Stopped("the run was asked to stop", where=self.host)
        headers = {"Authorization": f"Bearer {self._tokens.token()}", "Accept": "application/json"}
        url = f"https://{self.host}{path}"
        try:
            return self._client.request("GET", url, headers)
        except NoAnswer as error:
            raise from_transport(error, url, sent=False) from None

    def _rest(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped("the run was asked to stop", where=self.host)

    def _document(self, answer: Answer) -> dict[str, Any]:
        """:raises SyncrampError: it is no answer of Graph's, or an error."""
        document = _parsed(answer)
        if 200 <= answer.status < 300 and isinstance(document, dict):
            return document
        raise self._error(answer.status, document)

    def _error(self, status: int, document: object) -> SyncrampError:
        told = _error_of(document)
        code, text = str(told.get("code", "")), printable(str(told.get("message", ""))[:_SHOWN].rstrip("."))
        what = (
            f"Microsoft Graph answers HTTP {status}" + (f", {code}" if code else "") + (f": {text}" if text else "")
        )
        if status == 410 or code in _EXPIRED:
            return CookieRefused(what, where=self.host, remedy="everything is read again")
        if status == 401:
            return CredentialsRefused(
                what, where=self.host, remedy="check spec.target.auth, and who the token is for"
            )
        if status == 403:
            return AccessDenied(what, where=self.host, remedy=_PERMISSIONS)
        if status >= 500 or not told:
            return EndpointUnavailable(what, where=self.host, remedy="the next run goes on where this one ended")
        return ServiceRefused(what, where=self.host, remedy="check spec.writeback.groups.graph.host")


def _parsed(answer: Answer) -> object:
    """What an answer holds; None: it is no JSON."""
    try:
        parsed: object = json.loads(answer.content)
    except ValueError:
        return None
    return parsed


def _error_of(document: object) -> Mapping[str, Any]:
    """Graph's error in an answer; empty: there is none."""
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}
