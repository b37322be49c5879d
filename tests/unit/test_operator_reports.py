"""From the report of a run, over its SyncRun, to the status of its SyncConfig: one truth in three forms."""

from typing import Any

from support.run_cases import NOW, config, run, stepped
from support.status_check import check_status
from syncramp.errors import AnotherSyncClientActive, CredentialsRefused, EndpointUnavailable, TenantHeld
from syncramp.model.holds import Class, Hold
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import PauseReason, Phase
from syncramp.model.report import RemovalLatency, RunReport, SourceReport, Tally
from syncramp.schedule.known import Cause, Decision, Trigger, Wait
from syncramp_operator.metrics.registry import Metrics
from syncramp_operator.runs.run_end import Outcome, failed, succeeded
from syncramp_operator.runs.syncruns import Telling
from syncramp_operator.status.facts import Facts

Object = dict[str, Any]
READ = [SourceReport("corp", "DC=corp", True, 100, 100)]
DELETES = {"hold": Hold.TOO_MANY_DELETES.value, "class": Class.DELETES.value, "changes": 7, "digest": "ab" * 16}


def report(**members: Any) -> RunReport:
    return RunReport(**{"run": 1, "mode": "Sync", "sends": True, "sources": READ, "in_cloud": {"User": 90}} | members)


def synced(outcome: Outcome, mode: str = "Sync") -> Object:
    """The SyncRun as the process of a run leaves it."""
    made = run(1, trigger=Trigger.CREATED, mode=mode)
    telling = Telling(made, NOW.timestamp() - 60)
    telling.end(outcome, NOW.timestamp())
    status = {name: value for name, value in telling.patch(NOW.timestamp())["status"].items() if value is not None}
    return {**made, "status": status}


def after(outcome: Outcome, decision: Decision | None = None, mode: str = "Sync") -> Object:
    """The SyncConfig after the next look of the operator."""
    facts = Facts(runs=[synced(outcome, mode)], decision=decision or Wait(Cause.DUE_LATER, NOW))
    return stepped(config(mode=mode), facts)


def test_a_run_with_nothing_left_is_a_ready_syncconfig() -> None:
    done = report(
        objects=Tally(15, 15),
        counts={"Create": {"User": 3}, "Update": {"User": 12}},
        done={"Create": {"User": 3}, "Update": {"User": 12}},
    )
    body = after(succeeded(done, stopped=False))
    assert check_status(body, settled=True, now=NOW)["Ready"]["message"] == "3 added, 12 updated, 0 deleted"
    assert body["status"]["objects"] == {"users": 90, "groups": 0, "contacts": 0, "devices": 0}
    assert body["status"]["lastRun"]["duration"] == "1m00s"


def test_what_a_ramp_holds_leaves_the_run_incomplete_and_the_syncconfig_ready() -> None:
    ramp = RampReport("big", "Whole", Phase.SOAKING, 1, 3, 1000, 5000, groups=1, groups_held=1, members_waiting=40)
    grown = report(links=Tally(45, 5, 40), holds={Hold.RAMP.value: 40}, ramps=[ramp])
    outcome = succeeded(grown, stopped=False)
    assert outcome.phase == "Incomplete"
    body = after(outcome)
    found = check_status(body, settled=True, now=NOW)
    assert (found["Ready"]["status"], found["Ready"]["message"]) == ("True", "5 links; 40 wait for ramp big")
    assert found["RampProgressing"]["reason"] == "RampSoaking"
    assert (body["status"]["pending"], body["status"]["rampStep"]) == (40, "1/3")


def test_held_deletes_and_a_paused_ramp_are_told_with_what_to_do() -> None:
    ramp = RampReport("big", "Whole", Phase.PAUSED, 2, 3, 2000, 5000, pause=PauseReason.STEP)
    held = report(objects=Tally(7, 0, 7), holds={Hold.TOO_MANY_DELETES.value: 7}, waiting=[DELETES], ramps=[ramp])
    body = after(succeeded(held, stopped=False))
    found = check_status(body, settled=True, now=NOW)
    assert found["Ready"]["reason"] == "FailsafeTriggered"
    assert found["RampPaused"]["reason"] == "PauseStep"
    assert found["DeletionsHeld"]["message"] == "7 deletes wait for an approval"
    assert body["status"]["waiting"][0]["annotation"] == f"syncramp.io/approve={'ab' * 16}"


def test_errors_of_each_family_come_to_their_conditions() -> None:
    for error, decision, expected in (
        (EndpointUnavailable("it is away"), Wait(Cause.BACKING_OFF, NOW), {"Reconciling"}),
        (CredentialsRefused("the issuer refused them"), Wait(Cause.STALLED), {"Stalled"}),
        (AnotherSyncClientActive("DC1 was at work"), Wait(Cause.STALLED), {"Stalled"}),
        (TenantHeld("another store is at work"), Wait(Cause.WAITING, NOW), {"Reconciling"}),
    ):
        body = after(failed(error, RunReport(), stopped=False), decision)
        found = check_status(body, now=NOW)
        assert expected == {"Reconciling", "Stalled"} & found.keys()
        assert (found["Ready"]["reason"], found["Ready"]["message"]) == (error.reason, str(error))


def test_a_fault_of_ours_is_told_without_its_words() -> None:
    body = after(failed(ValueError("hunter2"), report(), stopped=False), Wait(Cause.BACKING_OFF, NOW))
    assert "hunter2" not in str(body)
    assert check_status(body, now=NOW)["Ready"]["reason"] == "InternalError"


def test_a_plan_that_sends_nothing_is_ready_and_not_a_sync() -> None:
    planned = report(mode="Plan", sends=False, objects=Tally(4), counts={"Create": {"User": 4}})
    body = after(succeeded(planned, stopped=False, plan="4 users"), mode="Plan")
    assert check_status(body, settled=True, now=NOW)["Ready"]["message"] == "Plan: 4 to add, 0 to update, 0 to delete"
    assert "lastSyncTime" not in body["status"]


def test_seconds_of_a_report_are_seconds_of_a_metric() -> None:
    slow = report(removal_latency=RemovalLatency(3, 60.0, 90.5, 91.0, 1, 12.25), calls=4)
    outcome = succeeded(slow, stopped=False)
    metrics, facts = Metrics(), Facts(runs=[synced(outcome)])
    metrics.observe(config(), stepped(config(), facts), facts, NOW)
    measured = {(one.name, *one.labels.values()): one.value for each in metrics.collect() for one in each.samples}
    assert measured["syncramp_removal_latency_seconds", "identity", "contoso", "95"] == 90.5
    assert measured["syncramp_oldest_removal_seconds", "identity", "contoso"] == 12.25
    assert measured["syncramp_calls_total", "identity", "contoso"] == 4
