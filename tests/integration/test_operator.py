"""The operator's handlers, against an API server on loopback that enforces the committed Role; runs are played."""

from collections.abc import Iterator

import pytest

from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import Cluster, SyncConfigs, until
from support.kube_api_documents import BROKEN, document
from support.kube_api_scenarios import said, the_verdict_follows_the_document
from support.operator_bench import FINALIZER, SUSPENDED, Bench, a_bench, a_server, clear, put_secrets
from support.status_check import check_status
from syncramp_operator.actors.known import number_of
from syncramp_operator.api.cluster import ClusterUnavailable
from syncramp_operator.api.rights import Where, rights_of
from syncramp_operator.settings import Execution

GERMANY = BROKEN[0].patch
GERMAN_SENTENCE = (
    "spec.target.cloud: the German cloud (Microsoft Cloud Deutschland) was closed in October 2021 and never had a V2 "
    "endpoint; tenants that were migrated use Commercial"
)
COMMERCIAL = {"spec": {"target": {"cloud": "Commercial"}}}


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[KubeApi, Cluster]]:
    with a_server() as found:
        yield found


@pytest.fixture
def bench(server: tuple[KubeApi, Cluster]) -> Iterator[Bench]:
    with a_bench(*server) as found:
        yield found


def test_the_verdict_follows_the_document_and_an_event_tells_each_change(bench: Bench) -> None:
    with bench.operator():
        the_verdict_follows_the_document(bench.configs)


def test_a_german_document_that_is_older_than_its_rule_is_never_run_until_it_is_mended(bench: Bench) -> None:
    bench.api.plant(document("germany", bench.namespace, GERMANY))
    with bench.operator():
        stalled = bench.configs.until("germany", said(1, "False"))
        conditions = check_status(stalled, settled=True)
        for name in ("Ready", "Stalled"):
            assert conditions[name]["message"] == GERMAN_SENTENCE
        assert bench.runs("germany") == []
        bench.configs.change("germany", COMMERCIAL)
        bench.until_running("germany")


def test_a_document_is_run_and_its_end_is_told(bench: Bench) -> None:
    bench.create("early")
    with bench.operator() as running:
        run = bench.until_running("early")
        check_status(bench.configs.until("early", lambda body: body.get("status", {}).get("activeRun") == "early-1"))
        running.stage.end(run)
        ready = bench.configs.until("early", said(1, "True"))
        check_status(ready, settled=True)
        assert ready["status"]["lastRun"]["name"] == "early-1"
        assert ready["metadata"]["finalizers"] == [FINALIZER]
        assert "annotations" not in ready["metadata"]


def test_a_request_in_an_annotation_starts_a_run_at_once(bench: Bench) -> None:
    bench.create("asked")
    with bench.operator() as running:
        running.stage.end(bench.until_running("asked"))
        bench.configs.until("asked", said(1, "True"))
        bench.annotate("asked", requestedAt="now")
        second = bench.until_running("asked", 2)
        assert second["spec"]["trigger"] == "Requested"
        told = bench.configs.until("asked", lambda body: body.get("status", {}).get("activeRun") == "asked-2")
        assert told["status"]["lastHandled"] == {"requestedAt": "now"}


def test_watches_that_are_cut_and_a_history_that_is_forgotten_lose_no_request(bench: Bench) -> None:
    bench.create("watched")
    with bench.operator() as running:
        running.stage.end(bench.until_running("watched"))
        bench.configs.until("watched", said(1, "True"))
        for number, disturb in enumerate((bench.api.cut_watches, bench.api.forget_history), start=2):
            disturb()
            bench.api.cut_watches()  # whoever comes back with an old version is told to list again
            bench.annotate("watched", requestedAt=f"time {number}")
            running.stage.end(bench.until_running("watched", number))
            bench.configs.until("watched", lambda body: body["status"]["lastRun"]["number"] == number)  # noqa: B023


def test_a_changed_document_ends_its_run_and_starts_another(bench: Bench) -> None:
    bench.create("edited")
    with bench.operator() as running:
        first = bench.until_running("edited")
        bench.configs.change("edited", {"spec": {"interval": "1h"}})
        until(lambda: running.stage.stopped, bool)
        running.stage.end(first, "Cancelled")
        second = bench.until_running("edited", 2)
        assert (second["spec"]["trigger"], second["spec"]["configRef"]["generation"]) == ("SpecChanged", 2)


def test_a_document_that_goes_waits_for_its_run_and_tells_what_stays(bench: Bench) -> None:
    bench.create("leaving")
    with bench.operator() as running:
        run = bench.until_running("leaving")
        bench.configs.delete("leaving")
        until(lambda: running.stage.stopped, lambda stopped: stopped == [("leaving-1", "Cancelled")])
        bench.see("later")
        assert "deletionTimestamp" in bench.configs.get("leaving")["metadata"], "its calls in flight are waited for"
        running.stage.end(run, "Cancelled")
        bench.until_gone("leaving")
        told = until(lambda: bench.reasons("leaving"), lambda reasons: "Orphaned" in reasons)
        assert told.count("Orphaned") == 1
        bench.create("leaving")
        until(lambda: bench.triggers("leaving", run), lambda triggers: triggers == ["Created"])


def test_runs_that_went_on_are_taken_over_and_those_that_are_gone_are_resumed(bench: Bench) -> None:
    for name in ("alive", "gone"):
        bench.create(name)
    with bench.operator() as before:
        alive = bench.until_running("alive")
        bench.until_running("gone")
    assert before.stage.closed is not None
    with bench.operator() as running:
        running.stage.alive.add(alive["metadata"]["uid"])
        again = bench.until_running("gone", 2)
        assert again["spec"]["trigger"] == "Resumed"
        first = bench.runs("gone")[0]["status"]
        assert (first["phase"], first["reason"]) == ("Failed", "Interrupted")
        bench.configs.until("alive", lambda body: body.get("status", {}).get("activeRun") == "alive-1")
        assert len(bench.runs("alive")) == 1


def test_the_role_allows_what_the_operator_does_and_the_table_says_so(bench: Bench) -> None:
    bench.create("all", {"spec": {"runHistoryLimit": 1}})
    with bench.operator() as running:
        for number in (1, 2, 3):
            running.stage.end(bench.until_running("all", number))
            bench.annotate("all", requestedAt=f"{number}")
        until(lambda: bench.runs("all"), lambda runs: [number_of(run) for run in runs][:1] > [1])
        until(lambda: bench.configs.events("all"), bool)
    calls = bench.api.calls_of(bench.user)
    assert all(call.allowed for call in calls)
    table = {
        (verb, right.resource.group, right.name)
        for right in rights_of(Execution.IN_PROCESS)
        for verb in right.verbs
        if right.where is Where.WATCHED
    }
    done = {(call.verb, call.group, call.resource) for call in calls}
    assert done <= table
    assert table - done == {("get", "", "configmaps"), ("get", "syncramp.io", "syncruns")}, (
        "documents name no ConfigMap"
    )


def test_a_fault_of_ours_goes_to_the_log_and_not_onto_the_document(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.create("faulty")
    with bench.operator() as running:
        bench.until_running("faulty")
    with bench.operator() as running:
        running.stage.refuses = RuntimeError("an inner secret")
        until(lambda: bench.reasons("faulty"), lambda reasons: "InternalError" in reasons)
    written = [
        str(bench.configs.get("faulty")),
        str(bench.configs.events("faulty")),
        str(bench.runs("faulty")),
        caplog.text,
    ]
    assert all("an inner secret" not in str(text) for text in written)
    traces = [getattr(record, "trace", "") for record in caplog.records]
    assert any(trace.startswith("RuntimeError\n") and "stage.py" in trace for trace in traces)


def test_a_secret_that_comes_is_seen_when_somebody_asks(bench: Bench) -> None:
    path = f"/api/v1/namespaces/{bench.namespace}/secrets/reader"
    bench.cluster.done("DELETE", path)
    bench.create("bare")
    with bench.operator():
        missing = bench.configs.until("bare", said(1, "False"))
        assert check_status(missing)["Stalled"]["reason"] == "SecretMissing"
        put_secrets(bench.cluster, bench.namespace)
        bench.annotate("bare", requestedAt="now")
        bench.until_running("bare")


def test_two_namespaces_are_looked_after_and_a_third_is_not(bench: Bench) -> None:
    for namespace in (bench.namespace, bench.other, "default"):
        bench.create("same", SUSPENDED, namespace)
    with bench.operator((bench.namespace, bench.other), ADMIN_TOKEN):
        for namespace in (bench.namespace, bench.other):
            SyncConfigs(bench.cluster, namespace).until("same", said(1, "Unknown"))
        assert "status" not in SyncConfigs(bench.cluster, "default").get("same")
    clear(SyncConfigs(bench.cluster, "default"), bench.cluster)


def test_the_whole_cluster_is_looked_after_without_its_namespaces_being_listed(bench: Bench) -> None:
    for namespace in (bench.namespace, bench.other):
        bench.create("same", namespace=namespace)
    bench.api.calls.clear()
    with bench.operator((), ADMIN_TOKEN) as running:
        for namespace in (bench.namespace, bench.other):
            running.stage.end(bench.until_running("same", namespace=namespace))
            SyncConfigs(bench.cluster, namespace).until("same", said(1, "True"))
    assert not {"namespaces", "customresourcedefinitions"} & {call.resource for call in bench.api.calls}


def test_an_api_server_that_fails_for_a_while_is_asked_again(bench: Bench) -> None:
    bench.create("patient")
    bench.api.faults.fail(500, 1, verb="create", resource="syncruns")
    with bench.operator():
        bench.until_running("patient")
        told = bench.configs.until("patient", said(1, "Unknown"))
    assert ClusterUnavailable.reason not in str(told["status"])
