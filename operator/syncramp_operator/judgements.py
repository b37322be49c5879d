"""What is said of a document becomes conditions: a pure function of the object, the findings and the time.

``Ready`` is always there. ``Stalled`` is there only while it is True: a person must mend the document. Both follow
kstatus, so ``kubectl wait`` and GitOps tools read them. A condition keeps its ``lastTransitionTime`` until its status
changes. Conditions of types that are not ours stay as they are.

Findings are told without the value that stands in the document: the resource itself shows it, and a secret that was
pasted into the wrong field must not travel on into events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from syncramp.check import Finding
from syncramp.errors import InputRefused

LONGEST = 1024
"""Bytes of a message: the CRD allows 1024 characters, the API server 1024 bytes in an Event."""
_OURS = ("Ready", "Stalled")

Condition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of a document."""

    ready: bool
    reason: str
    message: str
    stalled: bool = False
    """A person must act; trying again changes nothing."""


ACCEPTED = Judgement(True, "Accepted", "Accepted; the operator starts no runs yet")
UNVERIFIED = Judgement(True, "Accepted", "Accepted; the wire is unverified; the operator starts no runs yet")
UNPROVEN = Judgement(True, "Accepted", "Accepted; a run needs a wire profile first; the operator starts no runs yet")
UNJUDGED = Judgement(False, "InternalError", "The operator failed to judge the document; its log says why")


def judgement_on(findings: Sequence[Finding], document: Mapping[str, Any]) -> Judgement:
    """Accepted without findings, stalled with them; what is accepted says whether the wire is known.

    :param document: as it is stored, with its defaults.
    """
    if not findings:
        return _accepted(document["spec"])
    return Judgement(False, InputRefused.reason, _told(findings), stalled=True)


def _accepted(spec: Mapping[str, Any]) -> Judgement:
    endpoint = spec["target"].get("endpoint", {})
    if spec.get("mode", "Sync") != "Sync" or endpoint.get("profile"):
        return ACCEPTED
    return UNVERIFIED if endpoint.get("unverified") else UNPROVEN


def said_before(body: Mapping[str, Any], judgement: Judgement) -> bool:
    """Whether the object already says exactly this, though perhaps of an earlier generation."""
    said = _by_type(body).get("Ready", {})
    return (said.get("status"), said.get("reason"), said.get("message")) == (
        _word(judgement.ready),
        judgement.reason,
        judgement.message,
    )


def status_with(body: Mapping[str, Any], judgement: Judgement, now: datetime) -> dict[str, Any]:
    """The fields of status that carry a judgement. Conditions are whole: a merge patch replaces the list.

    :param body: the object as the API server showed it.
    :param now: in UTC.
    """
    generation = body["metadata"]["generation"]
    before = _by_type(body)
    states = {"Ready": judgement.ready} | ({"Stalled": True} if judgement.stalled else {})
    ours = [
        {
            "type": name,
            "status": _word(state),
            "observedGeneration": generation,
            "lastTransitionTime": _since(before.get(name, {}), _word(state), now),
            "reason": judgement.reason,
            "message": judgement.message,
        }
        for name, state in states.items()
    ]
    others = [dict(condition) for name, condition in before.items() if name not in _OURS]
    return {"observedGeneration": generation, "conditions": ours + others}


def _told(findings: Sequence[Finding]) -> str:
    """The first finding, and how many there are besides."""
    first, *others = findings
    more = f"; and {len(others)} more" if others else ""
    remedy = "" if _tells_remedy(first) else first.remedy
    return _within(str(replace(first, value="", line=None, remedy=remedy)), LONGEST - len(more)) + more


def _tells_remedy(finding: Finding) -> bool:
    """Whether the reason says what to do; where a value is refused by name, the CRD's own sentence does."""
    return finding.forbidden or finding.remedy in finding.reason


def _within(text: str, size: int) -> str:
    whole = text.encode()
    return text if len(whole) <= size else whole[: size - len("…".encode())].decode(errors="ignore") + "…"


def _by_type(body: Mapping[str, Any]) -> dict[str, Condition]:
    return {condition["type"]: condition for condition in body.get("status", {}).get("conditions", ())}


def _since(condition: Condition, status: str, now: datetime) -> str:
    if condition.get("status") == status:
        return str(condition["lastTransitionTime"])
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _word(state: bool) -> str:
    return "True" if state else "False"
