"""What the operator leaves on an object, and what it leaves alone; runs are played."""

from collections.abc import Iterator

import pytest

from support.kube_api import KubeApi
from support.kube_api_client import Cluster, until
from support.kube_api_documents import document
from support.kube_api_scenarios import said
from support.operator_bench import FINALIZER, SUSPENDED, Bench, Object, a_bench, a_server
from support.status_check import check_status


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[KubeApi, Cluster]]:
    with a_server() as found:
        yield found


@pytest.fixture
def bench(server: tuple[KubeApi, Cluster]) -> Iterator[Bench]:
    with a_bench(*server) as found:
        yield found


def test_a_document_that_says_it_already_costs_no_write(bench: Bench) -> None:
    bench.create("settled", SUSPENDED)
    with bench.operator():
        bench.configs.until("settled", said(1, "Unknown"))
        until(lambda: bench.configs.events("settled"), bool)
    before = bench.configs.get("settled")
    bench.api.calls.clear()
    with bench.operator():
        bench.see("later")
        until(lambda: bench.configs.events("later"), bool)
    assert bench.writes() == [("patch", "syncconfigs"), ("patch", "syncconfigs/status"), ("create", "events")]
    assert bench.configs.get("settled") == before


def test_a_change_that_is_no_change_of_the_document_is_not_answered(bench: Bench) -> None:
    with bench.operator():
        bench.see("labelled")
        bench.configs.change("labelled", {"metadata": {"labels": {"team": "identity"}}})
        bench.see("later")
    assert bench.writes().count(("patch", "syncconfigs/status")) == 2


def test_a_status_that_somebody_else_wrote_is_put_right(bench: Bench) -> None:
    with bench.operator():
        bench.see("touched")
        bench.configs.change_status("touched", {"conditions": []})
        check_status(bench.configs.until("touched", lambda body: bool(body["status"]["conditions"])))


def test_a_transition_is_dated_when_the_status_changes_and_not_before(bench: Bench) -> None:
    old = "2026-01-01T00:00:00Z"
    ready = {"type": "Ready", "status": "Unknown", "observedGeneration": 1, "lastTransitionTime": old}
    bench.create("dated", SUSPENDED)
    status = {"observedGeneration": 1, "conditions": [ready | {"reason": "Suspended", "message": "Fine"}]}
    code, answer = bench.configs.change_status("dated", status)
    assert code == 200, answer
    with bench.operator():
        kept = bench.configs.until("dated", lambda body: body["status"]["conditions"][0]["message"] != "Fine")
        assert check_status(kept)["Ready"]["lastTransitionTime"] == old
        bench.configs.change("dated", {"spec": {"sources": [_unreadable()]}})
        stalled = check_status(bench.configs.until("dated", said(2, "False")))
        assert stalled["Ready"]["lastTransitionTime"] > old
        assert stalled["Stalled"]["lastTransitionTime"] > old


def test_conditions_of_others_stay(bench: Bench) -> None:
    theirs = {
        "type": "example.com/Reviewed",
        "status": "False",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "reason": "NotYet",
        "message": "",
    }
    bench.create("shared", SUSPENDED)
    bench.configs.change_status("shared", {"conditions": [theirs]})
    with bench.operator():
        body = bench.configs.until("shared", said(1, "Unknown"))
    assert theirs in body["status"]["conditions"]


def test_a_document_that_goes_before_it_was_seen_is_left_alone(bench: Bench) -> None:
    held = document("leaving", bench.namespace)
    held["metadata"]["finalizers"] = ["example.com/keep"]
    bench.configs.create(held)
    bench.configs.delete("leaving")
    with bench.operator():
        bench.see("later")
        bench.configs.change("leaving", {"metadata": {"labels": {"seen": "again"}}})
        bench.see("latest")
    leaving = bench.configs.get("leaving")
    assert "status" not in leaving
    assert leaving["metadata"]["finalizers"] == ["example.com/keep"]


def test_a_document_that_went_while_no_operator_was_there_is_let_go(bench: Bench) -> None:
    with bench.operator():
        bench.see("left")
    bench.configs.delete("left")
    with bench.operator():
        bench.until_gone("left")


def test_the_finalizer_of_another_kopf_operator_stays(bench: Bench) -> None:
    foreign = document("foreign", bench.namespace, SUSPENDED)
    foreign["metadata"]["finalizers"] = ["kopf.zalando.org/KopfFinalizerMarker"]
    bench.configs.create(foreign)
    with bench.operator():
        bench.configs.until("foreign", said(1, "Unknown"))
        bench.see("later")
    finalizers = bench.configs.get("foreign")["metadata"]["finalizers"]
    assert set(finalizers) == {"kopf.zalando.org/KopfFinalizerMarker", FINALIZER}


def _unreadable() -> Object:
    source = document("any", "identity")["spec"]["sources"][0]
    return {**source, "scope": [{**source["scope"][0], "filter": "(cn=Smith"}]}
