"""What an actor does when things are not as they should be: it starts nothing it must not, and is stuck nowhere."""

import pytest

from support.acting import NAMESPACE, Acting
from syncramp_operator.api.resources import SYNCCONFIGS, SYNCRUNS


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


def test_runs_that_die_one_after_the_other_back_off_though_few_of_them_are_kept(acting: Acting) -> None:
    acting.apply(patch={"spec": {"runHistoryLimit": 1}})
    for _ in range(5):
        acting.look()
        acting.stage.crash()
    assert acting.stage.started == ["contoso-1", "contoso-2"], "the second one died, too, so the third one waits"
    assert acting.look() > 30
