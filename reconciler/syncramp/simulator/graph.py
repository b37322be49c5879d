"""Microsoft Graph as far as it tells of groups: the delta query, one group, and the bin. Nothing can be written.

It is built from Graph's public documentation, and shows a page of groups with a limited number of members; a group
with more of them comes again on the next page. The address of the next page, and of the next query, ends with a place
that is signed as a cookie of the read-back is.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syncramp.simulator.faults import GRAPH, Answer, Ending, Kind, Rule, Script
from syncramp.simulator.issuer import Issuer
from syncramp.simulator.journal import Entry
from syncramp.simulator.readback import Place
from syncramp.simulator.storage import Held
from syncramp.simulator.tables import Link, State
from syncramp.simulator.tenant import Tenant

READS = ("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All")
"""Permissions of which one is enough (Microsoft Graph: group: delta)."""
HIDDEN = "Member.Read.Hidden"
"""Who has it sees members of groups whose membership is hidden."""
_JSON = "application/json"
_ENDS = {
    Kind.RESET: Ending.RESET,
    Kind.CUT: Ending.CUT,
    Kind.HALF_CLOSED: Ending.HALF_CLOSED,
    Kind.STALL: Ending.CLOSED,
}
_NAMES = {
    "DisplayName": "displayName",
    "Description": "description",
    "Mail": "mail",
    "Alias": "mailNickname",
    "Visibility": "visibility",
    "IsAssignableToRole": "isAssignableToRole",
    "SecurityEnabled": "securityEnabled",
}


@dataclass(frozen=True)
class Refusal(Exception):
    """A request that is refused, as Graph words it."""

    status: int
    code: str
    text: str


class Graph:
    """Graph in front of one tenant.

    :param script: which requests go wrong; its ``busy`` is HTTP 429.
    """

    def __init__(
        self, tenant: Tenant, issuer: Issuer, clock: Callable[[], float], page_size: int, script: Script
    ) -> None:
        self._tenant, self._issuer, self._clock = tenant, issuer, clock
        self._page_size, self._script = page_size, script
        self._started = clock()

    def answer(self, base: str, path: str, query: Mapping[str, str], authorization: str) -> Answer:
        """The answer to a GET.

        :param base: ``https://host:port`` as the client called it.
        :param path: below ``/v1.0``.
        :param authorization: the header of this name.
        """
        rule = self._script.next(GRAPH, self._clock() - self._started)
        answer = self._good(base, path, query, authorization)
        result = "ok" if answer.status == 200 else f"HTTP {answer.status}"
        self._tenant.journal.note(
            Entry(self._clock(), GRAPH, result=result, injected=rule.kind.value if rule else "")
        )
        return answer if rule is None else _spoiled(rule, answer)

    def _good(self, base: str, path: str, query: Mapping[str, str], authorization: str) -> Answer:
        try:
            roles = self._admitted(authorization)
            if path == "groups/delta":
                return _answered(200, self._delta(base, query, roles))
            return _answered(200, {"id": self._one(path)})
        except Refusal as refusal:
            return _answered(refusal.status, {"error": {"code": refusal.code, "message": refusal.text}})

    def _admitted(self, authorization: str) -> Sequence[str]:
        """The permissions of a token."""
        claims = self._issuer.verify_graph(authorization.removeprefix("Bearer ").strip())
        if claims is None:
            raise Refusal(401, "InvalidAuthenticationToken", "Access token validation failure.")
        roles: Sequence[str] = claims.get("roles", ())
        if not set(READS) & set(roles):
            raise Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        return roles

    def _one(self, path: str) -> str:
        """A group that is there, or an object in the bin."""
        where, _, name = path.rpartition("/")
        states = {"groups": State.LIVE, "directory/deletedItems": State.BIN}
        found = self._tenant.group_of(f"Group_{name}")
        if where not in states or found is None or found.state is not states[where]:
            raise Refusal(404, "Request_ResourceNotFound", f"Resource '{name}' does not exist.")
        return name

    def _delta(self, base: str, query: Mapping[str, str], roles: Sequence[str]) -> dict[str, Any]:
        place = self._place(query)
        told, after = self._tenant.graph_page(place, self._page_size)
        rows = [_row(held, changes, hidden=HIDDEN in roles) for held, changes in told]
        token = urlsafe_b64encode(self._tenant.sealed(after)).decode().rstrip("=")
        name, kind = ("deltaLink", "$deltatoken") if after.began < 0 else ("nextLink", "$skiptoken")
        return {
            "@odata.context": f"{base}/v1.0/$metadata#groups",
            "value": rows,
            f"@odata.{name}": f"{base}/v1.0/groups/delta?{kind}={token}",
        }

    def _place(self, query: Mapping[str, str]) -> Place:
        token = query.get("$skiptoken") or query.get("$deltatoken")
        if token is None:
            return Place()
        try:
            place = self._tenant.unsealed(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except (Error, ValueError):
            place = None
        if place is None:
            raise Refusal(
                410, "resyncRequired", "Resync required. Replace any local items with the server's version."
            )
        return place


def _row(held: Held, changes: Sequence[tuple[str, int]], *, hidden: bool) -> dict[str, Any]:
    """One group of a page.

    :param changes: cloud anchors of members, and the state of their links.
    """
    row: dict[str, Any] = {"id": held.cloud_anchor.removeprefix("Group_")}
    if held.state is not State.LIVE:
        return row | {"@removed": {"reason": "changed" if held.state is State.BIN else "deleted"}}
    values = {name: held.values.get(ours) for ours, name in _NAMES.items()}
    row |= values | {
        "groupTypes": ["Unified"] if held.unified else [],
        "mailEnabled": bool(held.values.get("Mail")),
        "proxyAddresses": list(held.values.get("ProxyAddresses") or ()),
        "onPremisesSyncEnabled": True if held.synced else None,
    }
    if changes and (hidden or values["visibility"] != "HiddenMembership"):
        row["members@delta"] = [_member(anchor, state) for anchor, state in changes]
    return row


def _member(anchor: str, state: int) -> dict[str, Any]:
    kind, _, object_id = anchor.partition("_")
    names = {"Contact": "orgContact"}
    told: dict[str, Any] = {"@odata.type": f"#microsoft.graph.{names.get(kind, kind.lower())}", "id": object_id}
    return told if state == Link.ALIVE else told | {"@removed": {"reason": "deleted"}}


def _answered(status: int, document: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(document).encode(), GRAPH, content_type=_JSON)


def _spoiled(rule: Rule, good: Answer) -> Answer:
    """What becomes of an answer; what only SOAP has words for is a plain failure."""
    later = (("Retry-After", str(rule.retry_after)),) if rule.retry_after is not None else ()
    if rule.kind in _ENDS:
        return replace(good, ending=_ENDS[rule.kind], seconds=rule.seconds)
    match rule.kind:
        case Kind.SLOW:
            return replace(good, seconds=rule.seconds)
        case Kind.TRUNCATED:
            return replace(good, body=good.body[: len(good.body) // 2])
        case Kind.UNAVAILABLE | Kind.BUSY:
            status = 503 if rule.kind is Kind.UNAVAILABLE else 429
            return replace(_error(status, "TooManyRequests", "Too many requests."), headers=later)
        case Kind.EXPIRED_TOKEN:
            return _error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        case Kind.PROXY:
            return Answer(rule.status or 200, b"<html></html>", content_type="text/html")
        case _:
            return _error(rule.status or 500, rule.code or "InternalServerError", rule.text)


def _error(status: int, code: str, text: str) -> Answer:
    return _answered(status, {"error": {"code": code, "message": text}})
