"""What an actor does when things are not as they should be: it starts nothing it must not, and is stuck nowhere."""

import json

import pytest

from support.acting import NAMESPACE, Acting
from syncramp_operator.actors.actor import PATIENCE
from syncramp_operator.api.cluster import ClusterRefused
from syncramp_operator.api.resources import SYNCCONFIGS, SYNCRUNS
from syncramp_operator.execution.documents import document_of


@pytest.fixture
def acting() -> Acting:
    return Acting()


def test_a_suspension_that_the_watch_shows_late_starts_no_run(acting: Acting) -> None:
    acting.apply()
    before = acting.config()
    acting.apply(patch={"spec": {"suspend": True}})
    acting.look(seen=before)
    assert acting.stage.started == []
    assert acting.ready()[1] == "Suspended"
    assert acting.office.queue.running == 0


def test_a_document_that_is_gone_without_a_word_is_never_run_again(acting: Acting) -> None:
    acting.apply()
    actor, before = acting.actor(), acting.config()
    acting.cluster.delete(SYNCCONFIGS, NAMESPACE, "contoso")
    acting.step(actor, before)
    acting.apply()
    acting.step(actor, before)
    assert acting.stage.started == []
    assert acting.runs() == []


def test_a_name_that_something_else_has_is_passed_over(acting: Acting) -> None:
    acting.apply()
    foreign = {"metadata": {"name": "contoso-1"}, "spec": {"number": 1}}
    acting.cluster.create(SYNCRUNS, NAMESPACE, foreign)
    assert acting.look() == 1.0
    assert acting.office.queue.running == 0
    acting.look()
    assert acting.stage.started == ["contoso-2"]


def test_what_somebody_wrote_over_on_a_run_is_known_by_the_status(acting: Acting) -> None:
    acting.apply()
    acting.annotate(requestedAt="now")
    acting.look()
    spoilt = {"metadata": {"annotations": {"syncramp.io/handled": "[]"}}}
    acting.cluster.patch(SYNCRUNS, NAMESPACE, "contoso-1", spoilt)
    acting.finish()
    assert acting.triggers() == ["Created"]
    assert "activeRun" not in acting.status()
    assert acting.ready()[1] != "InternalError"


def test_a_document_whose_looks_fail_keeps_no_turn_from_those_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    acting = Acting(concurrent_runs=1)
    for name in "abc":
        acting.apply(name)
        acting.look(name)
    with monkeypatch.context() as broken:
        broken.setattr(acting.actor("b")._gatherer, "runs", None)
        acting.look("b")
    acting.finish("a")
    acting.look("c")
    assert acting.stage.started == ["a-1", "c-1"]


def test_a_run_that_is_over_keeps_no_turn_though_nothing_more_is_known_of_its_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acting = Acting(concurrent_runs=1)
    for name in "ab":
        acting.apply(name)
        acting.look(name)
    monkeypatch.setattr(acting.actor("a")._gatherer, "verdict", None)
    acting.finish("a")
    acting.look("b")
    assert acting.stage.started == ["a-1", "b-1"]


def test_a_turn_is_given_back_when_the_runs_of_a_document_cannot_be_seen_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acting = Acting(concurrent_runs=1)
    for name in "ab":
        acting.apply(name)
        acting.look(name)
    with monkeypatch.context() as broken:
        broken.setattr(acting.actor("a")._gatherer, "runs", None)
        for _ in range(PATIENCE - 1):
            acting.look("a")
        assert acting.office.queue.running == 1
        acting.look("a")
        assert acting.office.queue.running == 0
    acting.look("a")
    assert acting.office.queue.running == 1, "its run is under way"


def test_a_status_that_is_refused_for_ever_lets_no_runs_heap_up(monkeypatch: pytest.MonkeyPatch) -> None:
    acting = Acting()
    acting.apply(patch={"spec": {"runHistoryLimit": 1}})
    acting.look()

    async def refused(*_: object) -> None:
        raise ClusterRefused("the status is invalid", where="syncconfigs contoso")

    monkeypatch.setattr(acting.actor()._teller, "tell", refused)
    for moment in "123":
        acting.stage.end(acting.active(), "Succeeded")
        acting.annotate(requestedAt=moment)
        acting.look()
    assert acting.stage.started == ["contoso-1", "contoso-2", "contoso-3", "contoso-4"]
    assert [run["metadata"]["name"] for run in acting.runs()] == ["contoso-3", "contoso-4"]


@pytest.mark.parametrize(
    ("request_", "text"),
    [("approve", "xyz"), ("adopt", "yes"), ("release", "Half"), ("promote", "no ramp!"), ("pause", "a,b c")],
)
def test_a_request_that_is_not_understood_holds_up_no_run_and_is_told(
    acting: Acting, request_: str, text: str
) -> None:
    acting.apply()
    acting.look()
    acting.finish()
    acting.annotate(**{request_: text})
    acting.look()
    assert acting.stage.started == ["contoso-1", "contoso-2"]
    (misread,) = [one for one in acting.status()["conditions"] if one["type"] == "RequestMisread"]
    assert misread["message"].startswith(f"metadata.annotations.syncramp.io/{request_}:")
    assert ("Warning", "RequestMisread") in acting.events
    assert "annotations" not in json.loads(document_of(acting.config()))["metadata"]
    acting.finish()
    acting.annotate(**{request_: None})
    acting.look()
    assert "RequestMisread" not in [one["type"] for one in acting.status()["conditions"]]
    assert acting.ready() == ("True", "SyncSucceeded")


def test_one_request_that_is_not_understood_takes_no_other_with_it(acting: Acting) -> None:
    acting.apply()
    acting.annotate(approve="0123456789abcdef", pause="no ramp!")
    given = json.loads(document_of(acting.config()))["metadata"]["annotations"]
    assert given == {"syncramp.io/approve": "0123456789abcdef"}


def test_runs_that_die_one_after_the_other_back_off_though_few_of_them_are_kept(acting: Acting) -> None:
    acting.apply(patch={"spec": {"runHistoryLimit": 1}})
    for _ in range(5):
        acting.look()
        acting.stage.crash()
    assert acting.stage.started == ["contoso-1", "contoso-2"], "the second one died, too, so the third one waits"
    assert acting.look() > 30
