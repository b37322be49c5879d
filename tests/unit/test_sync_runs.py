"""SyncRuns as the operator makes them, and what it reads out of those that are over."""

from typing import Any

import pytest

from syncramp.errors import StoreFailing, StoreUnusable, SyncrampError
from syncramp.schedule.known import Ending, LastRun, Start, Trigger
from syncramp_operator.api.cluster import ClusterRefused
from syncramp_operator.execution.secrets import SecretMissing
from syncramp_operator.runs.bounds import moment_of, stamp
from syncramp_operator.runs.run_end import RunPhase
from syncramp_operator.runs.syncruns import (
    Loss,
    ending_of,
    interrupted,
    last_run,
    manifest,
    phase_of,
    stopped,
    unstarted,
)
from syncramp_operator.settings import Execution

NOW = 1_800_000_000.0
CONFIG = {
    "metadata": {"name": "c" * 52, "namespace": "identity", "uid": "uid-1", "generation": 4},
    "spec": {"mode": "Staging"},
}


def _run(number: int, trigger: str = "Interval", **status: Any) -> dict[str, Any]:
    spec = {"configRef": {"name": "c", "uid": "u", "generation": 4}, "number": number, "trigger": trigger}
    if status.get("phase") not in (None, "Pending", "Running"):
        status = {"completionTime": stamp(NOW + number), **status}
    return {"metadata": {"name": f"c-{number}"}, "spec": spec, "status": status}


def test_a_syncrun_says_what_is_to_be_done_and_whose_it_is() -> None:
    run = manifest(CONFIG, 7, Start(Trigger.FORCED, full=True), Execution.JOB)
    metadata = run["metadata"]
    assert run["spec"] == {
        "configRef": {"name": "c" * 52, "uid": "uid-1", "generation": 4},
        "number": 7,
        "trigger": "Forced",
        "type": "Full",
        "mode": "Staging",
        "execution": "Job",
    }
    assert metadata["labels"]["syncramp.io/config"] == "c" * 52
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("SyncConfig", "uid-1", True)
    assert "blockOwnerDeletion" not in owner


def test_a_name_fits_the_label_that_a_job_puts_on_its_pods() -> None:
    assert len(manifest(CONFIG, 2**33, Start(Trigger.INTERVAL), Execution.JOB)["metadata"]["name"]) <= 63


def test_a_plan_that_was_asked_for_plans_whatever_the_document_says() -> None:
    run = manifest(CONFIG, 1, Start(Trigger.PLANNED, only_plans=True), Execution.IN_PROCESS)
    assert (run["spec"]["mode"], run["spec"]["type"]) == ("Plan", "Delta")


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ({}, None),
        ({"phase": "Pending"}, None),
        ({"phase": "Running"}, None),
        ({"phase": "Succeeded"}, Ending.SUCCEEDED),
        ({"phase": "Incomplete"}, Ending.INCOMPLETE),
        ({"phase": "Cancelled"}, Ending.CANCELLED),
        ({"phase": "Failed", "family": "Stalled"}, Ending.STALLED),
        ({"phase": "Failed", "family": "Waiting"}, Ending.WAITING),
        ({"phase": "Failed", "family": "Retry"}, Ending.FAILED),
        ({"phase": "Failed", "reason": "DeadlineExceeded"}, Ending.FAILED),
        ({"phase": "Failed", "family": "Retry", "reason": "Interrupted"}, Ending.INTERRUPTED),
    ],
)
def test_each_end_has_its_meaning(status: dict[str, str], ending: Ending | None) -> None:
    assert ending_of(status) is ending


def test_every_phase_that_is_over_has_an_ending() -> None:
    assert all((ending_of({"phase": phase}) is not None) == phase.over for phase in RunPhase)


def test_the_newest_run_that_is_over_counts_whatever_the_order() -> None:
    runs = [
        _run(10, phase="Succeeded", generation=5, sliced=True, links={"acknowledged": 3}),
        _run(9, phase="Failed", family="Retry"),
        _run(11, phase="Running"),
    ]
    last = last_run(runs)
    assert last == LastRun(5, moment_of(stamp(NOW + 10)), Ending.SUCCEEDED, Trigger.INTERVAL, sliced=True)
    assert last == last_run(runs[::-1])


def test_a_slice_in_which_nothing_went_is_followed_by_none_at_once() -> None:
    last = last_run(
        [_run(1, phase="Incomplete", sliced=True, objects={"acknowledged": 0}, links={"acknowledged": 0})]
    )
    assert last is not None and not last.sliced


def test_whether_the_last_run_was_a_full_one_is_known() -> None:
    run = _run(1, phase="Failed", family="Retry")
    run["spec"]["type"] = "Full"
    last = last_run([run])
    assert last is not None and last.full


def test_failures_are_counted_in_a_row_with_those_that_waited_or_were_interrupted() -> None:
    runs = [
        _run(1, phase="Failed", family="Retry"),
        _run(2, phase="Succeeded"),
        _run(3, phase="Failed", family="Retry", reason="Interrupted"),
        _run(4, "Planned", phase="Succeeded"),
        _run(5, phase="Failed", family="Waiting", retryTime=stamp(NOW + 99)),
    ]
    last = last_run(runs)
    assert last is not None
    assert (last.failures, last.ending, last.again) == (2, Ending.WAITING, moment_of(stamp(NOW + 99)))


def test_a_run_that_was_cancelled_ends_a_row_of_failures() -> None:
    runs = [_run(1, phase="Failed", family="Retry"), _run(2, phase="Cancelled"), _run(3, phase="Failed")]
    last = last_run(runs)
    assert last is not None and last.failures == 1


def test_a_plan_that_was_asked_for_is_no_last_run() -> None:
    assert last_run([_run(1, "Planned", phase="Succeeded")]) is None
    assert last_run([]) is None


def test_a_run_without_a_process_is_interrupted_and_keeps_when_it_began() -> None:
    run = _run(3, phase="Running", startTime=stamp(NOW))
    status = interrupted(run, NOW + 70)["status"]
    assert (status["phase"], status["reason"], status["duration"]) == ("Failed", "Interrupted", "1m10s")
    assert status["startTime"] == stamp(NOW) and status["progress"] is None
    assert ending_of(status) is Ending.INTERRUPTED


def test_a_run_that_never_began_is_over_all_the_same() -> None:
    status = interrupted(_run(3), NOW, Loss("DeadlineExceeded", "too late"))["status"]
    assert (status["reason"], status["message"], status["completionTime"]) == (
        "DeadlineExceeded",
        "too late",
        stamp(NOW),
    )
    assert ending_of(status) is Ending.FAILED


def test_a_run_that_was_stopped_and_killed_is_cancelled() -> None:
    status = interrupted(_run(3), NOW, stopped("Cancelled"))["status"]
    assert (ending_of(status), "family" in status) == (Ending.CANCELLED, False)
    assert stopped("SomethingElse").reason == "SomethingElse"


def test_a_run_that_could_not_begin_says_why() -> None:
    status = unstarted(_run(3), NOW, StoreUnusable("no room", where="x.db"))["status"]
    assert (status["reason"], status["family"], status["message"]) == ("StoreUnusable", "Stalled", "x.db: no room")
    assert ending_of(status) is Ending.STALLED


def test_a_run_without_a_status_is_yet_to_begin() -> None:
    assert phase_of({"spec": {}}) is RunPhase.PENDING


@pytest.mark.parametrize(
    "error",
    [ClusterRefused("forbidden"), SecretMissing("there is no Secret entra"), StoreFailing("the disk is full")],
)
def test_what_ends_by_a_right_a_secret_or_a_disk_that_is_well_again_is_tried_again_by_itself(
    error: SyncrampError,
) -> None:
    status = unstarted(_run(3), NOW, error)["status"]
    assert (status["reason"], status["family"]) == (error.reason, "Retry")
    assert ending_of(status) is Ending.FAILED
