"""Prometheus: an instant query (its HTTP API, /api/v1/query) whose answer is one number.

The query is posted, as Prometheus' own client does, because it may be long; where a proxy takes no POST (HTTP 405,
501), it is got. A query that finds nothing has no value yet; one that finds several series is no gate.
"""

from typing import Any

import httpx

from syncramp.external.answers import json_of, member, number_of
from syncramp.external.asking import Address, Reply
from syncramp.model.measures import Asked, Told

PATH = "/api/v1/query"
NO_POST = (405, 501)
ERRORS = ("timeout", "canceled", "execution", "bad_data", "internal", "unavailable", "not_found", "not_acceptable")
"""Prometheus' own words for what went wrong; other words of an answer are not repeated."""


class PrometheusMetric:
    """The value of one query.

    :param address: the server; the path of the API is added where the URL does not end with it.
    """

    def __init__(self, address: Address, query: str) -> None:
        self._address = address
        self._query = query

    def ask(self, about: Asked) -> Told:
        """The value now; a query knows nothing of who asks."""
        reply = self._reply()
        return reply if isinstance(reply, Told) else _read(reply, self._address.host)

    def _reply(self) -> Reply | Told:
        try:
            url = httpx.URL(self._address.url)
        except (httpx.InvalidURL, UnicodeError):
            return self._address.ask("POST")
        path = url.path.rstrip("/")
        url = url if path.endswith(PATH) else url.copy_with(path=path + PATH)
        form = {"query": self._query}
        reply = self._address.ask("POST", str(url), data=form)
        if isinstance(reply, Reply) and reply.status in NO_POST:
            return self._address.ask("GET", str(url.copy_merge_params(form)))
        return reply


def _read(reply: Reply, host: str) -> Told:
    answer = json_of(reply.body)
    if reply.status in (401, 403):
        return Told(None, f"{host} does not let us ask (HTTP {reply.status})", failed=True)
    if member(answer, "status") != "success":
        word = member(answer, "errorType")
        kind = f", {word}" if word in ERRORS else ""
        return Told(None, f"{host} gave no result (HTTP {reply.status}{kind})", failed=True)
    return _value(member(answer, "data", "resultType"), member(answer, "data", "result"))


def _value(kind: Any, result: Any) -> Told:
    if not isinstance(result, list) or kind not in ("scalar", "vector"):
        return Told(None, "the query gives no number: it must give a scalar, or a vector of one", failed=True)
    if kind == "vector":
        if not result:
            return Told(None, "the query finds nothing")
        if len(result) > 1:
            return Told(None, f"the query finds {len(result):,} series, and a gate is one number", failed=True)
        result = member(result[0], "value")
    told = result[1] if isinstance(result, list) and len(result) == 2 else None
    value = number_of(told)
    if value is not None:
        return Told(value)
    if told in ("NaN", "+Inf", "-Inf"):
        return Told(None, f"the query gives {told}, which is no number")
    return Told(None, "the query's value is in no form we know", failed=True)
