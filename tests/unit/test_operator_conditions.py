"""Each condition of a SyncConfig, by when exactly it is True."""

from datetime import timedelta
from typing import Any

import pytest

from support.run_cases import NOW, change, config, failed, hold, ramp, run, stepped, tally
from support.status_check import check_status
from syncramp.check import Finding
from syncramp.errors import EndpointUnavailable
from syncramp.model.holds import Hold
from syncramp.schedule.known import Cause, Start, Trigger, Wait
from syncramp_operator.conditions import KINDS
from syncramp_operator.facts import Facts
from syncramp_operator.reasons import WEIGHTS, Reason

DUE_LATER = Wait(Cause.DUE_LATER, NOW + timedelta(minutes=20))
GERMANY = Finding("spec.target.cloud", "is closed", "use another", '"Germany"', forbidden=True)

Object = dict[str, Any]


def conditions(body: Object, *runs: Object, **facts: Any) -> dict[str, Object]:
    """After one step of the operator."""
    known = Facts(runs=runs, **({"decision": DUE_LATER} | facts))
    return check_status(stepped(body, known))


def ready(*runs: Object, body: Object | None = None, **facts: Any) -> tuple[str, str, str]:
    """Status, reason and message of Ready."""
    found = conditions(body or config(), *runs, **facts)["Ready"]
    return found["status"], found["reason"], found["message"]


def test_a_document_that_was_never_run_is_on_its_way() -> None:
    found = conditions(config(), decision=Start(Trigger.CREATED))
    assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("Unknown", "Progressing")
    assert found["Reconciling"]["reason"] == "Progressing"
    assert (found["SourcesReady"]["status"], found["TargetReady"]["status"]) == ("Unknown", "Unknown")


def test_a_healthy_document_has_the_conditions_that_are_always_there_and_no_other() -> None:
    found = conditions(config(), run())
    assert {name: one["status"] for name, one in found.items()} == {
        "Ready": "True",
        "SourcesReady": "True",
        "TargetReady": "True",
    }


def test_ready_tells_what_went_and_what_waits_for_a_ramp() -> None:
    told = run(
        objects=tally(15),
        changes=[change("Create", 3), change("Update", 12)],
        holds=[hold("Ramp", 181_240)],
        ramps=[ramp(waiting=181_240)],
    )
    assert ready(told) == (
        "True",
        "SyncSucceeded",
        "3 added, 12 updated, 0 deleted; 181,240 wait for ramp large-groups",
    )


@pytest.mark.parametrize("mode", ["Plan", "Staging"])
def test_a_mode_that_sends_nothing_is_ready_when_its_plan_is_made(mode: str) -> None:
    made = run(mode=mode, objects=tally(7, left=7), changes=[change("Create", 7, 0)], holds=[hold("TooManyDeletes")])
    reason = {"Plan": "PlanOnly", "Staging": "Staging"}[mode]
    told = f"{mode}: 7 to add, 0 to update, 0 to delete"
    assert ready(made, body=config(mode=mode)) == ("True", reason, told)
    torn = run(mode=mode, sources=[{"name": "corp", "complete": False, "entries": 3, "reason": "it broke off"}])
    assert ready(torn, body=config(mode=mode)) == ("False", "SourceIncomplete", "corp: it broke off")


def test_an_interval_run_of_a_healthy_document_changes_nothing_but_active_run() -> None:
    before = stepped(config(), Facts(runs=[run()], decision=DUE_LATER))
    during = stepped(before, Facts(runs=[run(), run(2, "Running")], decision=Wait(Cause.RUNNING)))
    assert during["status"]["conditions"] == before["status"]["conditions"]
    assert during["status"]["activeRun"] == "contoso-2"


def test_a_new_generation_is_not_ready_before_a_run_by_it_has_ended() -> None:
    before = stepped(config(), Facts(runs=[run()], decision=DUE_LATER))
    before["metadata"]["generation"] = 2
    found = conditions(before, run(), decision=Start(Trigger.SPEC_CHANGED))
    assert (found["Ready"]["status"], found["Ready"]["observedGeneration"]) == ("Unknown", 2)
    assert found["Reconciling"]["status"] == "True"
    assert ready(run(), run(2, generation=2), body=before)[0] == "True"


@pytest.mark.parametrize("hold", list(Hold))
def test_every_hold_is_weighed(hold: Hold) -> None:
    assert hold.value in WEIGHTS


def test_findings_stall_with_the_first_of_them_and_without_its_value() -> None:
    found = conditions(config(), findings=(GERMANY, GERMANY), decision=Wait(Cause.REFUSED))
    for name, status in (("Ready", "False"), ("Stalled", "True")):
        assert (found[name]["status"], found[name]["reason"]) == (status, "UnsupportedCloud")
        assert found[name]["message"] == "spec.target.cloud: is closed; and 1 more"


def test_a_passing_fault_is_tried_again_and_does_not_stall() -> None:
    found = conditions(
        config(),
        run(),
        failed(2, "EndpointUnavailable", "Retry", "it did not answer"),
        decision=Wait(Cause.BACKING_OFF, NOW + timedelta(minutes=5)),
    )
    assert (found["Ready"]["status"], found["Ready"]["message"]) == ("False", "it did not answer")
    assert found["Reconciling"]["reason"] == "ProgressingWithRetry"
    assert found["Reconciling"]["message"] == "The next run is tried at 2026-11-25T12:05:00Z"
    assert (found["TargetReady"]["status"], found["SourcesReady"]["status"]) == ("False", "True")


def test_a_terminal_error_stalls_until_somebody_does_something() -> None:
    stopped = failed(2, "CredentialsInvalid", "Stalled", "the issuer refused the credentials")
    found = conditions(config(), run(), stopped, decision=Wait(Cause.STALLED))
    assert found["Stalled"]["reason"] == found["Ready"]["reason"] == "CredentialsInvalid"
    assert "Reconciling" not in found
    again = conditions(config(), run(), stopped, decision=Start(Trigger.SECRET_CHANGED))
    assert "Stalled" not in again
    assert (again["Ready"]["status"], again["Reconciling"]["status"]) == ("False", "True")


def test_another_sync_client_stalls_though_the_operator_looks_again_by_itself() -> None:
    other = failed(1, "AnotherSyncClientActive", "Waiting")
    for facts in (
        {"decision": Wait(Cause.WAITING, NOW + timedelta(hours=1))},
        {"decision": Start(Trigger.RETRIED)},
    ):
        assert conditions(config(), other, **facts)["Stalled"]["reason"] == "AnotherSyncClientActive"


def test_what_the_operator_itself_cannot_do_is_told() -> None:
    found = conditions(config(), run(), trouble=EndpointUnavailable("it is away"), decision=None)
    assert (found["Ready"]["status"], found["Ready"]["message"]) == ("False", "it is away")
    unjudged = conditions(config(), run(), judged=False, decision=None)
    assert unjudged["Ready"]["reason"] == "InternalError"


def test_a_reason_that_is_not_known_here_does_not_come_through() -> None:
    assert ready(failed(1, "Haha", "Retry"))[1] == "SyncFailed"


def test_every_condition_says_when_it_is_true() -> None:
    for kind in KINDS:
        assert kind.truth.startswith("True means exactly: ")
    assert all(reason.sentence.endswith(".") for reason in Reason)
