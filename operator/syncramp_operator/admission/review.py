"""The validating webhook: the verdict of ``syncramp validate``, told before a document is stored.

The API server asks over TLS, with an AdmissionReview. It has judged the schema by then; what is left is what a schema
cannot say. The webhook is a convenience and no gate: the API server goes on without an answer (failurePolicy Ignore),
and a document that nobody judged is judged again before every run, where its status says ``Stalled``. So nothing here
stops the operator, and a fault of ours lets the document pass, with a warning and a line in the log.

Every replica answers, whether it leads or not.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from syncramp.check import Finding, cluster_warnings, verdict_of
from syncramp_operator import logs
from syncramp_operator.api.resources import Object

PATH = "/validate"
LARGEST = 8 * 1024 * 1024
"""Bytes of a question: two objects of at most 3 MiB each (the API server's limit of a request), and their frame."""
MOST = 20
"""Findings that are told; the rest is counted."""
LONGEST = 256
"""Bytes of a line. Of a warning the API server may cut what is longer."""
UNJUDGED = "this document could not be judged now; its status will tell"
_LOG = logging.getLogger("syncramp.admission")

Judge = Callable[[Mapping[str, Any], Mapping[str, Any] | None], Sequence[Finding]]


class Malformed(ValueError):
    """This is no AdmissionReview."""


def answer(review: Any, judge: Judge = verdict_of) -> Object:
    """The answer to a question of the API server (``admission.k8s.io/v1``).

    A finding refuses the document. One that stood before the change is a warning, because it would be wrong to refuse
    an edit that did not cause it; so is what a run in a cluster will hardly find.

    :raises Malformed: it is no question.
    """
    request = _request(review)
    try:
        findings = judge(request["object"], request.get("oldObject"))
        doubts = list(cluster_warnings(request["object"]))
    except Exception as error:  # noqa: BLE001 - a fault of ours must not keep people from their documents
        _LOG.error("The verdict on a document failed", extra={"trace": logs.trace(error)})
        return _review(request, {"allowed": True, "warnings": [UNJUDGED]})
    return _review(request, _verdict(findings, doubts))


def _request(review: Any) -> Mapping[str, Any]:
    request = review.get("request") if isinstance(review, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("uid"), str):
        raise Malformed("this is no AdmissionReview with a request")
    if not isinstance(request.get("object"), dict) or not isinstance(request.get("oldObject"), dict | None):
        raise Malformed("the request has no object to judge")
    return request


def _verdict(findings: Sequence[Finding], doubts: Sequence[Finding]) -> Object:
    warnings = [_line(found) for found in (*(one for one in findings if one.stands), *doubts)][:MOST]
    told = {"warnings": warnings} if warnings else {}
    wrong = [_line(found) for found in findings if not found.stands]
    if not wrong:
        return {"allowed": True, **told}
    more = [f"and {len(wrong) - MOST} more"] if len(wrong) > MOST else []
    message = "\n  ".join(["the document is not acceptable:", *wrong[:MOST], *more])
    return {"allowed": False, **told, "status": {"code": 422, "reason": "Invalid", "message": message}}


def _line(found: Finding) -> str:
    text = str(found)
    whole = text.encode()
    return text if len(whole) <= LONGEST else whole[: LONGEST - len("…".encode())].decode(errors="ignore") + "…"


def _review(request: Mapping[str, Any], response: Object) -> Object:
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": request["uid"], **response},
    }


def application() -> web.Application:
    """The server's one address, to be served over TLS."""
    served = web.Application(client_max_size=LARGEST)
    served.router.add_post(PATH, _asked)
    return served


async def _asked(request: web.Request) -> web.Response:
    try:
        review = await request.json()
        told = await asyncio.to_thread(answer, review)  # a large document takes a while, and probes must be answered
    except ValueError:  # of JSON, or Malformed
        return web.Response(status=400, text="this is no AdmissionReview of admission.k8s.io/v1\n")
    return web.json_response(told)
