"""What an actor does: runs are started once, for the right reason, and their ends are taken up."""

import asyncio
import logging

import pytest

from support.acting import NAMESPACE, Acting
from support.kube_api_documents import BROKEN
from syncramp.errors import EndpointUnavailable
from syncramp_operator.api.resources import SECRETS, SYNCCONFIGS, SYNCRUNS


@pytest.fixture
def acting() -> Acting:
    return Acting()


def test_a_new_document_is_run_once(acting: Acting) -> None:
    acting.apply()
    acting.look()
    assert acting.triggers() == ["Created"]
    assert acting.stage.started == ["contoso-1"]
    assert acting.status()["activeRun"] == "contoso-1"
    writes = len(acting.cluster.writes)
    acting.look()
    assert acting.stage.started == ["contoso-1"]
    assert len(acting.cluster.writes) == writes, "nothing new was to be told"


def test_a_run_that_is_over_is_followed_by_one_an_interval_after_its_end(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.clock.forward(minutes=10)
    assert acting.finish() == 300.0, "Secrets are looked at in between"
    assert "activeRun" not in acting.status()
    acting.clock.forward(minutes=29)
    acting.look()
    assert acting.triggers() == ["Created"]
    acting.clock.forward(minutes=3)
    acting.look()
    assert acting.triggers() == ["Created", "Interval"]


def test_the_next_look_is_when_the_next_run_is_due(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.clock.forward(minutes=28)
    assert 60 < acting.look() < 300


def test_a_request_is_taken_up_by_one_run(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.annotate(requestedAt="now")
    acting.look()
    acting.finish()
    acting.look()
    assert acting.triggers() == ["Created", "Requested"]
    assert acting.status()["lastHandled"] == {"requestedAt": "now"}


def test_an_object_that_is_shown_late_starts_nothing_twice(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.annotate(requestedAt="now")
    before = acting.config()
    acting.look(seen=before)
    acting.stage.end(acting.active())
    acting.look(seen=before)
    assert acting.triggers() == ["Created", "Requested"]


def test_an_operator_that_dies_before_it_tells_the_start_has_forgotten_nothing(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.annotate(requestedAt="now", promote_full="large")
    before = acting.config()
    acting.look()
    told = acting.cluster.held["syncconfigs", NAMESPACE, "contoso"]
    acting.cluster.held["syncconfigs", NAMESPACE, "contoso"] = {**told, "status": before["status"]}
    acting.restart()
    acting.look()
    assert acting.triggers() == ["Created", "Commanded", "Resumed"]
    assert acting.status()["lastHandled"] == {"promoteFull": "large", "requestedAt": "now"}
    acting.finish()
    acting.look()
    assert len(acting.runs()) == 3


def test_a_forced_run_is_a_full_one_and_a_planned_one_only_plans(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.annotate(forceAt="now")
    acting.look()
    acting.finish()
    acting.annotate(planAt="now")
    acting.look()
    kinds = [(run["spec"]["trigger"], run["spec"]["type"], run["spec"]["mode"]) for run in acting.runs()]
    assert kinds == [("Created", "Delta", "Sync"), ("Forced", "Full", "Sync"), ("Planned", "Delta", "Plan")]


def test_a_run_whose_process_is_gone_is_interrupted_and_resumed_at_once(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.restart()
    acting.look()
    first, second = acting.runs()
    assert (first["status"]["phase"], first["status"]["reason"]) == ("Failed", "Interrupted")
    assert second["spec"]["trigger"] == "Resumed"
    assert acting.stage.started == ["contoso-2"]


def test_a_run_that_went_on_without_its_operator_is_taken_over(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.restart(kills_runs=False)
    acting.look()
    assert acting.triggers() == ["Created"]
    assert acting.office.queue.running == 1
    acting.finish()
    assert acting.office.queue.running == 0


@pytest.mark.parametrize(
    ("patch", "reason"),
    [({"suspend": True}, "Cancelled"), ({"interval": "1h"}, "Cancelled")],
    ids=["suspended", "changed"],
)
def test_a_run_that_must_not_go_on_is_asked_to_end_once(
    acting: Acting, patch: dict[str, object], reason: str
) -> None:
    acting.apply()
    acting.look()
    acting.apply(patch={"spec": patch})
    acting.look()
    acting.look()
    assert acting.stage.stopped == [("contoso-1", reason)]
    assert len(acting.runs()) == 1, "its calls in flight are waited for"
    acting.finish(phase="Cancelled")
    assert len(acting.runs()) == (1 if "suspend" in patch else 2)


def test_a_run_that_lasts_too_long_is_ended_with_that_reason(acting: Acting) -> None:
    acting.apply(patch={"spec": {"timeout": "1h"}})
    acting.look()
    acting.clock.forward(minutes=61)
    acting.look()
    assert acting.stage.stopped == [("contoso-1", "DeadlineExceeded")]


def test_a_secret_that_is_missing_holds_the_run_until_it_is_there(acting: Acting) -> None:
    acting.cluster.delete(SECRETS, NAMESPACE, "reader")
    acting.apply()
    assert acting.look() == 60.0
    assert acting.runs() == []
    assert acting.ready() == ("False", "SecretMissing")
    assert acting.office.queue.waiting == acting.office.queue.running == 0
    acting.put_secret("reader", "first")
    acting.look()
    assert acting.triggers() == ["Created"]


def test_a_secret_with_another_content_is_a_reason_to_run(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.put_secret("reader", "first")
    acting.look()
    assert len(acting.runs()) == 1, "nothing of it changed"
    acting.put_secret("reader", "second")
    acting.look()
    assert acting.triggers() == ["Created", "SecretChanged"]
    acting.finish()
    assert len(acting.runs()) == 2


def test_a_secret_that_goes_is_told_when_a_run_needs_it_and_not_before(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.cluster.delete(SECRETS, NAMESPACE, "reader")
    acting.look()
    assert acting.ready()[0] == "True"
    acting.clock.forward(minutes=40)
    acting.look()
    assert acting.ready() == ("False", "SecretMissing")


def test_secrets_are_not_read_at_each_look_while_a_run_is_under_way(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.cluster.calls.clear()
    acting.look()
    assert ("get", "secrets") not in acting.cluster.calls
    acting.clock.forward(minutes=5)
    acting.look()
    assert ("get", "secrets") in acting.cluster.calls


def test_a_stored_document_that_is_refused_is_never_run(acting: Acting) -> None:
    acting.apply(patch=BROKEN[0].patch)
    acting.look()
    assert acting.runs() == []
    assert acting.ready()[0] == "False"
    acting.apply(patch={"spec": {"target": {"cloud": "Commercial"}}})
    acting.look()
    assert acting.triggers() == ["Created"]


def test_no_more_run_at_once_than_may_and_the_others_are_told_their_place() -> None:
    acting = Acting(concurrent_runs=1)
    for name in "abc":
        acting.apply(name)
    for name in "abc":
        acting.look(name)
    assert acting.stage.started == ["a-1"]
    assert [acting.ready(name)[1] for name in "bc"] == ["Queued", "Queued"]
    acting.finish("a")
    for name in "cba":
        acting.look(name)
    assert acting.stage.started == ["a-1", "b-1"]
    acting.finish("b")
    acting.look("c")
    assert acting.stage.started == ["a-1", "b-1", "c-1"]


def test_who_would_run_again_at_once_lets_those_who_wait_go_first() -> None:
    acting = Acting(concurrent_runs=1)
    for name in "ab":
        acting.apply(name)
        acting.look(name)
    acting.annotate("a", requestedAt="now")
    acting.finish("a")
    assert acting.stage.started == ["a-1"], "it is the turn of the other one"
    acting.look("b")
    assert acting.stage.started == ["a-1", "b-1"]


def test_a_turn_that_comes_wakes_its_document() -> None:
    acting = Acting(concurrent_runs=1)
    for name in "ab":
        acting.apply(name)
        acting.look(name)
    box = acting.office.mailboxes.open(acting.config("b")["metadata"]["uid"], NAMESPACE, "b")
    acting.finish("a")
    assert box.is_set()


def test_old_runs_go_and_the_newest_stay(acting: Acting) -> None:
    acting.apply(patch={"spec": {"runHistoryLimit": 3}})
    for number in range(6):
        acting.annotate(requestedAt=f"{number}")
        acting.look()
        acting.finish()
    assert [run["spec"]["number"] for run in acting.runs()] == [4, 5, 6]
    assert acting.status()["runs"] == 6


def test_a_document_that_was_made_again_has_its_own_runs_with_names_of_their_own(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.cluster.delete(SYNCCONFIGS, NAMESPACE, "contoso")
    acting.apply()
    acting.look()
    assert [run["metadata"]["name"] for run in acting.runs()] == ["contoso-1", "contoso-2"]
    assert acting.triggers() == ["Created", "Created"]
    assert acting.status()["activeRun"] == "contoso-2"


def test_a_run_that_could_not_begin_says_why_on_its_syncrun(acting: Acting) -> None:
    acting.apply()
    acting.stage.refuses = EndpointUnavailable("nobody is there", where="login.example.com")
    acting.look()
    (run,) = acting.runs()
    assert (run["status"]["phase"], run["status"]["reason"]) == ("Failed", "EndpointUnavailable")
    assert "nobody is there" in run["status"]["message"]
    acting.look()
    assert acting.office.queue.running == 0


def test_a_fault_of_ours_is_told_without_its_text(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    acting.apply()
    acting.stage.refuses = RuntimeError("an inner secret")
    assert acting.look() == 2.0
    assert acting.look() == 4.0
    assert acting.ready() == ("False", "InternalError")
    assert "secret" not in str(acting.status()["conditions"])


def test_an_api_server_that_is_away_is_asked_again_after_longer_and_longer_times(acting: Acting) -> None:
    acting.apply()
    config = acting.config()
    actor = acting.actor()
    acting.cluster.down = True
    pauses = [asyncio.run(actor.step(config)) for _ in range(8)]
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    acting.cluster.down = False
    acting.look()
    assert acting.triggers() == ["Created"]


def test_nothing_begins_while_the_operator_ends(acting: Acting) -> None:
    acting.apply()
    asyncio.run(acting.office.close(3.0))
    acting.look()
    assert acting.runs() == []
    assert acting.stage.closed == 3.0


def test_numbers_that_move_are_written_every_five_seconds_and_an_end_at_once(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.clock.forward(minutes=1)

    def writes() -> int:
        acting.look()
        return acting.cluster.writes.count(("patch", "syncconfigs"))

    before = writes()
    acting.apply(patch={"metadata": {"annotations": {}}})
    for second in range(10):
        acting.stage.say(acting.active(), progress={"phase": "export", "done": second, "unit": "objects"})
        acting.clock.forward(seconds=1)
        acting.look()
    assert 1 <= writes() - before <= 3
    before = writes()
    acting.finish()
    assert writes() == before + 1


def test_a_document_that_goes_ends_its_run_and_says_that_the_cloud_keeps_everything(acting: Acting) -> None:
    config = acting.apply()
    acting.look()
    acting.cluster.patch(SYNCCONFIGS, NAMESPACE, "contoso", {"metadata": {"deletionTimestamp": acting.clock.stamp()}})

    async def leave() -> None:
        leaving = asyncio.ensure_future(acting.actor().leave(config))
        while not acting.stage.stopped:
            await asyncio.sleep(0.01)
        assert not leaving.done(), "its calls in flight are waited for"
        acting.stage.end(acting.active(), "Cancelled")
        await leaving

    asyncio.run(leave())
    assert acting.stage.stopped == [("contoso-1", "Cancelled")]
    assert ("Normal", "Orphaned") in acting.events
    assert acting.office.queue.running == 0
    assert acting.cluster.list(SYNCRUNS, NAMESPACE) != [], "what it owns is taken away by the cluster"


def test_events_tell_changes_only(acting: Acting) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    told = list(acting.events)
    for _ in range(3):
        acting.clock.forward(minutes=1)
        acting.look()
    assert acting.events == told


def test_the_log_tells_once_how_a_run_ended_and_what_changed(
    acting: Acting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "syncramp")
    acting.apply()
    acting.look()
    acting.finish()
    acting.clock.forward(minutes=1)
    acting.look()
    ended = [record for record in caplog.records if record.getMessage().startswith("A run ended: Succeeded")]
    assert [(vars(record)["run"], vars(record)["config"]) for record in ended] == [("contoso-1", "identity/contoso")]
    told = [record.getMessage().split(":")[0] for record in caplog.records if record not in ended]
    assert [reason for _, reason in acting.events] == [each for each in told if each != "A run begins"]


def test_an_object_that_is_shown_late_is_told_nothing_twice(acting: Acting) -> None:
    acting.apply()
    before = acting.config()
    acting.look()
    told = list(acting.events)
    writes = len(acting.cluster.writes)
    acting.look(seen=before)
    assert acting.events == told
    assert len(acting.cluster.writes) == writes
