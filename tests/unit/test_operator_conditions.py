"""Each condition of a SyncConfig, by when exactly it is True."""

import importlib
import pkgutil
from datetime import datetime, timedelta
from typing import Any

import pytest

import syncramp
import syncramp_operator
from support.run_cases import NOW, change, config, failed, hold, ramp, run, stepped, tally
from support.status_check import check_status
from syncramp.check import Finding
from syncramp.errors import EndpointUnavailable, SyncrampError
from syncramp.model.holds import Hold
from syncramp.model.ramps import PauseReason, Phase
from syncramp.schedule.known import Cause, End, Start, Trigger, Wait
from syncramp_operator.api.cluster import ClusterRefused
from syncramp_operator.status.conditions import KINDS
from syncramp_operator.status.facts import Facts
from syncramp_operator.status.reasons import WEIGHTS, Reason

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
    for doubt in ("SourceShrunken", "SourceNotFresh", "SourceNotPermitted"):
        blind = {"name": "corp", "complete": False, "entries": 0, "doubt": doubt, "reason": "it is not"}
        assert ready(run(mode=mode, sources=[blind]), body=config(mode=mode)) == ("False", doubt, "corp: it is not")
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


def test_a_stall_of_an_older_document_is_over() -> None:
    stopped = failed(2, "CredentialsInvalid", "Stalled")
    found = conditions(config(2), run(), stopped, decision=Wait(Cause.DUE_LATER, NOW))
    assert "Stalled" not in found
    assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("Unknown", "Progressing")


def test_what_the_operator_is_refused_for_good_stalls() -> None:
    found = conditions(config(), run(), trouble=ClusterRefused("it forbids it"), decision=Start(Trigger.INTERVAL))
    assert found["Stalled"]["reason"] == found["Ready"]["reason"] == "ClusterRefused"


def test_a_finding_about_the_cloud_that_is_no_refusal_by_name_is_an_invalid_spec() -> None:
    wrong = Finding("spec.target.cloud", "Required value")
    assert ready(findings=(wrong,), decision=Wait(Cause.REFUSED))[1] == "InvalidSpec"
    old = Finding("spec.target.endpoint.version", "V1 is gone", forbidden=True)
    assert ready(findings=(old,), decision=Wait(Cause.REFUSED))[1] == "UnsupportedEndpoint"


def test_a_stall_outlasts_a_run_that_nobody_asked_for() -> None:
    other = failed(1, "AnotherSyncClientActive", "Stalled")
    for decision in (Wait(Cause.STALLED), Start(Trigger.RETRIED), Start(Trigger.INTERVAL)):
        assert conditions(config(), other, decision=decision)["Stalled"]["reason"] == "AnotherSyncClientActive"


def test_what_the_operator_itself_cannot_do_is_told() -> None:
    found = conditions(config(), run(), trouble=EndpointUnavailable("it is away"), decision=None)
    assert (found["Ready"]["status"], found["Ready"]["message"]) == ("False", "it is away")
    unjudged = conditions(config(), run(), judged=False, decision=None)
    assert unjudged["Ready"]["reason"] == "InternalError"


def test_a_reason_that_is_not_known_here_does_not_come_through() -> None:
    assert ready(failed(1, "Haha", "Retry"))[1] == "SyncFailed"


@pytest.mark.parametrize(
    ("told", "status", "reason", "message"),
    [
        (
            {"sources": [{"name": "corp", "complete": False, "entries": 0, "reason": "refused"}]},
            "False",
            "SourceUnavailable",
            "corp: refused",
        ),
        ({"holds": [hold("SourceIncomplete", 2)]}, "False", "SourceIncomplete", "2 changes wait until every source"),
        ({"holds": [hold("AdoptionRequired", 9)]}, "False", "AdoptionRequired", "9 changes wait: the tenant is not"),
        (
            {"holds": [hold("TooManyDeletes", 4), hold("Canary", 7)]},
            "False",
            "FailsafeTriggered",
            "4 changes wait beyond the failsafe (TooManyDeletes 4); status.waiting says what to annotate",
        ),
        ({"holds": [hold("Canary", 7)]}, "False", "AwaitingApproval", "7 changes wait for a person (Canary 7)"),
        (
            {"objects": tally(5, refused=2), "holds": [hold("NotOurs"), hold("Newest")]},
            "False",
            "SyncSucceededWithErrors",
            "2 refused, 2 in conflict (NotOurs 1); Nothing to change",
        ),
        ({"links": tally(5, refused=1)}, "False", "SyncSucceededWithErrors", "1 refused; 4 links"),
        ({"objects": tally(5, left=2)}, "Unknown", "Progressing", "2 changes left for the next run"),
        ({"objects": tally(5, inDoubt=1)}, "Unknown", "Progressing", "1 change left"),
        ({"links": tally(5, left=2), "throttled": 3}, "Unknown", "Throttled", "2 changes left"),
        ({"missingLinks": 3, "looseReferences": 1}, "Unknown", "Progressing", "4 changes left"),
        ({"holds": [hold("CallUnderWay")]}, "Unknown", "Progressing", "1 change left"),
        ({"sliced": True}, "Unknown", "Progressing", "more left for the next run"),
        ({"holds": [hold("OutsideSyncWindow", 12)]}, "True", "OutsideSyncWindow", "Nothing to change; 12 wait for a"),
        ({"holds": [hold("AbsentOnce"), hold("MailEnabledLimit")]}, "True", "SyncSucceeded", "Nothing to change"),
        ({"unconfirmed": 3, "withDifferences": 5}, "True", "SyncSucceeded", "Nothing to change"),
    ],
)
def test_ready_goes_by_what_the_newest_run_left(told: Object, status: str, reason: str, message: str) -> None:
    found = ready(run(1), run(2, "Incomplete", **told))
    assert found[:2] == (status, reason)
    assert found[2].startswith(message)


def test_what_is_unconfirmed_for_long_is_not_ready() -> None:
    def runs(unconfirmed: int) -> list[Object]:
        return [run(number, objects=tally(4), unconfirmed=unconfirmed) for number in (1, 2, 3)]

    assert ready(*runs(12))[0] == "True", "all of it may be what the last three runs sent"
    assert ready(*runs(13)) == ("False", "Unconfirmed", "13 objects not shown by 3 runs")
    assert ready(*runs(13)[:2])[0] == "True", "two runs prove nothing"


@pytest.mark.parametrize("name", ["a" * 40, "b" * 63, "ü" * 40])
def test_the_message_of_ready_fits_a_column_whatever_the_ramps_are_called(name: str) -> None:
    told = run(
        objects=tally(300_000),
        links=tally(4_000_000),
        changes=[change("Create", 100_000), change("Update", 100_000), change("Delete", 100_000)],
        ramps=[ramp(name, waiting=1_000_000)],
    )
    assert ready(told)[2] == "100,000 added, 100,000 updated, 100,000 deleted, 4,000,000 links"
    several = run(ramps=[ramp(name, waiting=1_000_000), ramp("c", waiting=1)])
    assert ready(several)[2] == "Nothing to change; 1,000,001 wait for 2 ramps"


def test_a_suspended_document_says_what_the_last_run_found() -> None:
    body = config(2, suspend=True)
    asleep = Wait(Cause.SUSPENDED)
    assert ready(body=body, decision=asleep) == ("Unknown", "Suspended", "Suspended; no run was made yet")
    found = conditions(body, run(), decision=asleep)
    assert "Reconciling" not in found
    assert found["Ready"]["status"] == "True"
    assert found["Ready"]["message"] == "Suspended; the last run ended 2026-11-25 11:50 UTC"
    broken = conditions(body, failed(1, "EndpointUnavailable", "Retry"), decision=asleep)
    assert (broken["Ready"]["status"], "Reconciling" in broken) == ("False", False)


def test_a_document_that_goes_away_is_neither_ready_nor_stalled() -> None:
    body = config()
    body["metadata"]["deletionTimestamp"] = "2026-11-25T12:00:00Z"
    found = conditions(body, run(), decision=Wait(Cause.DELETING), findings=(GERMANY,))
    assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("Unknown", "Deleting")
    assert not {"Stalled", "Reconciling"} & found.keys()


def test_a_run_that_waits_for_room_is_queued_with_its_place() -> None:
    found = conditions(config(), decision=Start(Trigger.CREATED), place=17)
    assert found["Ready"]["reason"] == found["Reconciling"]["reason"] == "Queued"
    assert found["Reconciling"]["message"] == "Number 17 of the runs that wait for room"
    assert "Reconciling" not in conditions(config(), run(), decision=Start(Trigger.INTERVAL), place=17)


def test_a_run_of_an_older_document_is_seen_to_stop() -> None:
    found = conditions(config(2), run(1, "Running"), decision=End(Cause.SPEC_CHANGED))
    assert found["Reconciling"]["reason"] == "Stopping"
    assert found["Ready"]["status"] == "Unknown"


def test_the_way_to_ready_is_told_with_numbers() -> None:
    progress = {"phase": "export", "done": 1200, "total": 5000, "unit": "object"}
    found = conditions(config(), run(1, "Running", progress=progress), decision=Wait(Cause.RUNNING))
    assert found["Reconciling"]["message"] == "Run contoso-1: export, 1,200 of 5,000 objects"
    assert found["Ready"]["message"] == "Run contoso-1 is under way"


def test_an_interval_run_does_not_make_what_waits_for_a_person_reconcile() -> None:
    waiting = run(1, "Incomplete", holds=[hold("TooManyDeletes")])
    during = (waiting, run(2, "Running"))
    assert "Reconciling" not in conditions(config(), *during, decision=Wait(Cause.RUNNING))
    approved = (waiting, run(2, "Running", trigger="Approved"))
    assert conditions(config(), *approved, decision=Wait(Cause.RUNNING))["Reconciling"]["reason"] == "Progressing"


@pytest.mark.parametrize(
    ("reason", "status"),
    [("EndpointUnavailable", "False"), ("AnchorMismatch", "True"), ("StoreUnusable", "Unknown")],
)
def test_the_target_is_ready_when_it_answered(reason: str, status: str) -> None:
    found = conditions(config(), failed(1, reason, "Retry"), decision=Wait(Cause.BACKING_OFF, NOW))
    assert found["TargetReady"]["status"] == status
    assert found["SourcesReady"]["reason"] == "NoRunYet"


@pytest.mark.parametrize(
    ("phase", "pause", "name", "reason"),
    [
        ("Growing", "", "RampProgressing", "RampGrowing"),
        ("Holding", "", "RampProgressing", "RampHolding"),
        ("Reverting", "", "RampProgressing", "RampReverting"),
        ("Soaking", "", "RampProgressing", "RampSoaking"),
        ("Paused", "PauseStep", "RampPaused", "PauseStep"),
        ("Paused", "Newest", "RampPaused", "ManualPause"),
        ("Aborted", "", "RampPaused", "RampAborted"),
    ],
)
def test_ramps_progress_or_are_paused(phase: str, pause: str, name: str, reason: str) -> None:
    found = conditions(config(), run(ramps=[ramp("done", "Complete"), ramp("big", phase, pause=pause)]))
    assert set(found) - {"Ready", "SourcesReady", "TargetReady"} == {name}
    assert (found[name]["reason"], found["Ready"]["status"]) == (reason, "True")
    assert found[name]["message"] == f"big: {phase} at step 2 of 4, ceiling 75,000 of 250,000"


def test_every_phase_and_pause_of_a_ramp_is_told_by_a_reason_of_its_own() -> None:
    told = set()
    for phase in Phase:
        for pause in PauseReason if phase is Phase.PAUSED else ("",):
            found = conditions(config(), run(ramps=[ramp("big", phase, pause=str(pause))]))
            told |= {found[name]["reason"] for name in ("RampPaused", "RampProgressing") if name in found}
    assert len(told) == len(Phase) - 2 + len(PauseReason)


def test_held_deletes_and_what_can_be_approved_are_told() -> None:
    waiting = [
        {"class": "Deletes", "digest": "aa", "count": 4, "reason": "TooManyDeletes"},
        {"class": "Rest", "digest": "bb", "count": 3, "reason": "ApprovalRequired"},
    ]
    held = run(holds=[hold("TooManyDeletes", 4), hold("ApprovalRequired", 3)], waiting=waiting)
    found = conditions(config(), held)
    assert found["DeletionsHeld"]["message"] == "4 deletes wait for an approval"
    assert found["ApprovalRequired"]["reason"] == "FailsafeTriggered"
    assert found["ApprovalRequired"]["message"].startswith("7 changes wait (TooManyDeletes 4); status.waiting")
    asked = conditions(config(), run(holds=[hold("ApprovalRequired", 3)], waiting=waiting[1:]))
    assert asked["ApprovalRequired"]["reason"] == "AwaitingApproval"
    assert "DeletionsHeld" not in asked


def test_adoption_and_drift_are_told() -> None:
    found = conditions(config(), run(holds=[hold("AdoptionRequired", 9)], drift=[{"kind": "Gone", "count": 2}]))
    assert found["AdoptionRequired"]["message"].startswith("9 changes wait; annotate syncramp.io/adopt=00000000")
    assert found["Drifted"]["message"] == "Gone 2"


def test_what_a_tenant_holds_is_told_with_the_annotation_that_accepts_it() -> None:
    seen = {
        "check": "Adoption",
        "text": "found in the tenant: 4 Matched",
        "remedy": "accept them with syncramp.io/adopt=ab",
    }
    other = {"check": "Quota", "text": "it is small", "remedy": "ask"}
    found = conditions(config(), run(holds=[hold("AdoptionRequired", 9)], preflight=[other, seen]))
    told = "9 changes wait; found in the tenant: 4 Matched; accept them with syncramp.io/adopt=ab"
    assert found["AdoptionRequired"]["message"] == told


@pytest.mark.parametrize(
    ("until", "reason"),
    [
        (NOW + timedelta(days=31), None),
        (NOW + timedelta(days=29), "CertificateExpiring"),
        (NOW, "CertificateExpired"),
    ],
)
def test_a_certificate_is_told_of_30_days_before_its_end(until: datetime, reason: str | None) -> None:
    found = conditions(config(), run(certificateValidUntil=until.isoformat()))
    assert found.get("CredentialsExpiring", {}).get("reason") == reason


def test_an_error_of_the_engine_or_of_the_operator_has_a_reason_that_is_documented() -> None:
    for package in (syncramp, syncramp_operator):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    ours = [error for error in descendants(SyncrampError) if ".plugin." not in error.__module__]  # its are a person's
    assert {error.reason for error in ours} <= {reason.value for reason in Reason}


def descendants(kind: type[SyncrampError]) -> set[type[SyncrampError]]:
    return {kind}.union(*(descendants(each) for each in kind.__subclasses__()))


def test_every_condition_says_when_it_is_true() -> None:
    for kind in KINDS:
        assert kind.truth.startswith("True means exactly: ")
    assert all(reason.sentence.endswith(".") for reason in Reason)
