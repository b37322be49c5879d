"""What the operator says of a document, as a pure function."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from support.status_check import check_status
from syncramp.check import Finding
from syncramp_operator.judgements import (
    ACCEPTED,
    LONGEST,
    UNJUDGED,
    UNPROVEN,
    UNVERIFIED,
    judgement_on,
    said_before,
    status_with,
)

NOW = datetime(2026, 11, 1, 12, 30, 15, 999999, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
STALLED = judgement_on([Finding("spec.target.cloud", "is closed", "use another", '"Germany"')], {})


def body(generation: int = 1, status: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"metadata": {"generation": generation}} | ({"status": status} if status else {})


def test_a_document_without_findings_is_ready_and_says_nothing_else() -> None:
    status = status_with(body(3), ACCEPTED, NOW)
    assert status == {
        "observedGeneration": 3,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "observedGeneration": 3,
                "lastTransitionTime": "2026-11-01T12:30:15Z",
                "reason": "Accepted",
                "message": "Accepted; the operator starts no runs yet",
            }
        ],
    }


@pytest.mark.parametrize(
    ("mode", "endpoint", "told"),
    [
        ("Plan", {}, ACCEPTED),
        ("Staging", {"unverified": True}, ACCEPTED),
        ("Sync", {"profile": {"configMapKeyRef": {"name": "wire", "key": "profile.yaml"}}}, ACCEPTED),
        ("Sync", {"unverified": True}, UNVERIFIED),
        ("Sync", {"unverified": False}, UNPROVEN),
        ("Sync", None, UNPROVEN),
    ],
)
def test_what_is_accepted_says_whether_the_wire_is_known(mode, endpoint, told) -> None:
    target = {} if endpoint is None else {"endpoint": endpoint}
    assert judgement_on([], {"spec": {"mode": mode, "target": target}}) is told


def test_a_document_with_findings_is_stalled_with_the_first_of_them() -> None:
    conditions = check_status(body(2, status_with(body(2), STALLED, NOW)))
    assert list(conditions) == ["Ready", "Stalled"]
    assert {one["message"] for one in conditions.values()} == {"spec.target.cloud: is closed; use another"}
    assert {one["reason"] for one in conditions.values()} == {"InvalidSpec"}


@pytest.mark.parametrize(
    "finding",
    [
        Finding("spec.target.cloud", "is closed; use another", "use another if you can", forbidden=True),
        Finding("spec.target.cloud", "is closed; use another", "use another"),
    ],
)
def test_a_remedy_that_the_reason_tells_is_not_told_again(finding: Finding) -> None:
    assert judgement_on([finding], {}).message == "spec.target.cloud: is closed; use another"


def test_other_findings_are_counted() -> None:
    judgement = judgement_on([Finding("spec.mode", "is wrong"), Finding("spec.a", "b"), Finding("spec.c", "d")], {})
    assert judgement.message == "spec.mode: is wrong; and 2 more"


def test_a_value_of_the_document_is_never_told() -> None:
    finding = Finding("spec.target.auth.clientSecret.clientID", "should match a GUID", value='"hunter2"', line=7)
    assert judgement_on([finding], {}).message == "spec.target.auth.clientSecret.clientID: should match a GUID"


def test_a_long_message_is_cut_at_what_an_event_takes_and_still_counts_the_rest() -> None:
    message = judgement_on([Finding("spec", "ü" * LONGEST), Finding("spec", "more")], {}).message
    assert LONGEST - 1 <= len(message.encode()) <= LONGEST
    assert message.endswith("ü…; and 1 more")


def test_a_condition_keeps_its_time_while_its_status_is_the_same() -> None:
    stalled = status_with(body(1), STALLED, NOW)
    otherwise = judgement_on([Finding("spec.mode", "is wrong")], {})
    for condition in status_with(body(2, stalled), otherwise, LATER)["conditions"]:
        assert condition["lastTransitionTime"] == "2026-11-01T12:30:15Z"
        assert condition["observedGeneration"] == 2
        assert condition["message"] == "spec.mode: is wrong"


def test_a_condition_takes_a_new_time_when_its_status_changes() -> None:
    stalled = status_with(body(1), STALLED, NOW)
    (ready,) = status_with(body(2, stalled), ACCEPTED, LATER)["conditions"]
    assert (ready["type"], ready["lastTransitionTime"]) == ("Ready", "2026-11-01T13:30:15Z")


def test_times_are_in_utc() -> None:
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))
    assert status_with(body(), ACCEPTED, berlin) == status_with(body(), ACCEPTED, NOW)


def test_saying_the_same_again_gives_the_same_status() -> None:
    for judgement in (ACCEPTED, STALLED, UNJUDGED):
        status = status_with(body(), judgement, NOW)
        assert status_with(body(1, status), judgement, LATER) == status


def test_conditions_of_others_stay_behind_ours() -> None:
    theirs = {"type": "example.com/Reviewed", "status": "Unknown"}
    status = status_with(body(1, {"conditions": [theirs]}), STALLED, NOW)
    assert [one["type"] for one in status["conditions"]] == ["Ready", "Stalled", "example.com/Reviewed"]
    assert status["conditions"][-1] == theirs


def test_a_verdict_is_new_when_its_words_are_and_not_when_only_the_generation_is() -> None:
    assert not said_before(body(), ACCEPTED)
    said = body(2, status_with(body(1), STALLED, NOW))
    assert said_before(said, STALLED)
    assert not said_before(said, ACCEPTED)
    assert not said_before(said, judgement_on([Finding("spec.mode", "is wrong")], {}))


def test_a_fault_of_the_operator_stalls_nobody() -> None:
    conditions = check_status(body(1, status_with(body(1), UNJUDGED, NOW)))
    assert list(conditions) == ["Ready"]
    assert conditions["Ready"]["status"] == "False"
