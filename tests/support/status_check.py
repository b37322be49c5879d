"""Whether a SyncConfig's status is one that kubectl, GitOps tools and people read without surprise (kstatus)."""

import re
from datetime import UTC, datetime
from typing import Any

_ONLY_WHILE_TRUE = ("Reconciling", "Stalled")
_FIELDS = {"type", "status", "observedGeneration", "lastTransitionTime", "reason", "message"}
_REASON = re.compile(r"[A-Z][A-Za-z0-9]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def check_status(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The conditions by type; an assertion fails where the grammar is broken."""
    generation, status = body["metadata"]["generation"], body["status"]
    conditions = {condition["type"]: condition for condition in status["conditions"]}
    assert len(conditions) == len(status["conditions"]), "a type stands twice"
    assert "Ready" in conditions, "Ready is always there"
    assert 1 <= status["observedGeneration"] <= generation
    for condition in conditions.values():
        _check(condition, status["observedGeneration"])
    if "Stalled" in conditions:
        assert conditions["Ready"]["status"] == "False", "what is stalled is not ready"
    return conditions


def _check(condition: dict[str, Any], observed: int) -> None:
    assert set(condition) == _FIELDS
    assert condition["status"] in ("True", "False", "Unknown")
    assert condition["status"] == "True" or condition["type"] not in _ONLY_WHILE_TRUE, "present only while True"
    assert 1 <= condition["observedGeneration"] <= observed
    assert _REASON.fullmatch(condition["reason"]), "a reason is one word in CamelCase"
    assert 1 <= len(condition["message"].encode()) <= 1024
    assert "\n" not in condition["message"]
    if condition["type"] == "Ready" and condition["status"] == "True":
        assert len(condition["message"]) < 80, "kubectl shows the message in a column"
    assert _TIME.fullmatch(condition["lastTransitionTime"])
    since = datetime.fromisoformat(condition["lastTransitionTime"])
    assert since <= datetime.now(UTC), "a transition lies in the past"
