"""The operator's handlers, against an API server on loopback that enforces the committed Role; runs are played."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import (
    ACCOUNT,
    Cluster,
    SyncConfigs,
    cluster_at,
    install_crd,
    install_rights,
    token_of_operator,
    until,
)
from support.kube_api_documents import BROKEN, document
from support.kube_api_scenarios import said, the_verdict_follows_the_document
from support.operators import Running, operator_thread
from support.status_check import check_status
from syncramp_operator.cluster import ClusterUnavailable
from syncramp_operator.known import number_of
from syncramp_operator.rights import Where, rights_of
from syncramp_operator.settings import Execution, Settings

GERMANY = BROKEN[0].patch
GERMAN_SENTENCE = (
    "spec.target.cloud: the German cloud (Microsoft Cloud Deutschland) was closed in October 2021 and never had a V2 "
    "endpoint; tenants that were migrated use Commercial"
)
COMMERCIAL = {"spec": {"target": {"cloud": "Commercial"}}}
_NUMBERS = count()
SUSPENDED = {"spec": {"suspend": True}}
FINALIZER = "syncramp.io/operator"

Object = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """A server with the CRDs, the rights and Secrets, and what tests do with it."""

    api: KubeApi
    cluster: Cluster
    namespace: str
    """Of this test alone."""
    other: str
    """Another one, of this test, too; the service account has no rights there."""

    @property
    def configs(self) -> SyncConfigs:
        return SyncConfigs(self.cluster, self.namespace)

    @property
    def user(self) -> str:
        """The operator, as the API server knows it."""
        return f"system:serviceaccount:{self.namespace}:{ACCOUNT}"

    @contextmanager
    def operator(self, namespaces: tuple[str, ...] | None = None, token: str = "") -> Iterator[Running]:
        """The operator with the service account's token, unless another one is given."""
        given = (self.namespace,) if namespaces is None else namespaces
        token = token or token_of_operator(self.cluster, self.namespace)
        with operator_thread(self.api.url, token, Settings(namespaces=given, home=self.namespace)) as running:
            yield running

    def create(self, name: str, patch: Object | None = None, namespace: str = "") -> Object:
        """A SyncConfig."""
        place = namespace or self.namespace
        return SyncConfigs(self.cluster, place).create(document(name, place, patch))

    def path(self, name: str) -> str:
        """Where a SyncConfig is."""
        return f"/apis/syncramp.io/v1alpha1/namespaces/{self.namespace}/syncconfigs/{name}"

    def until_gone(self, name: str) -> None:
        """Wait until there is no such SyncConfig."""
        until(lambda: self.cluster.ask("GET", self.path(name))[0], lambda code: code == 404)

    def runs(self, name: str, namespace: str = "") -> list[Object]:
        """SyncRuns of one SyncConfig, the newest last."""
        place = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace or self.namespace}/syncruns"
        path = f"{place}?labelSelector=syncramp.io/config%3D{name}"
        return sorted(self.cluster.done("GET", path)["items"], key=number_of)

    def until_running(self, name: str, number: int = 1, namespace: str = "") -> Object:
        """The SyncRun of this number, once it runs."""

        def begun(runs: list[Object]) -> bool:
            return (
                bool(runs) and number_of(runs[-1]) == number and runs[-1].get("status", {}).get("phase") == "Running"
            )

        return dict(until(lambda: self.runs(name, namespace), begun)[-1])

    def annotate(self, name: str, **texts: str) -> None:
        """Requests to a SyncConfig."""
        given = {f"syncramp.io/{key}": text for key, text in texts.items()}
        self.configs.change(name, {"metadata": {"annotations": given}})

    def reasons(self, name: str) -> list[str]:
        """Of the Events of one SyncConfig."""
        return [event["reason"] for event in self.configs.events(name)]

    def writes(self) -> list[tuple[str, str]]:
        """What the operator wrote, as verb and resource."""
        seen = ("list", "watch", "get")
        return [(call.verb, call.resource) for call in self.api.calls_of(self.user) if call.verb not in seen]

    def see(self, name: str) -> None:
        """Wait until the operator has looked at everything up to now: another document, made later, was looked at."""
        self.create(name, SUSPENDED)
        self.configs.until(name, said(1, "Unknown"))


def put_secrets(cluster: Cluster, namespace: str, value: str = "first") -> None:
    """The Secrets that documents of tests name, as they are new or changed."""
    data = {"password": base64.b64encode(value.encode()).decode()}
    for name in ("entra", "reader"):
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
        path = f"/api/v1/namespaces/{namespace}/secrets"
        if cluster.ask("POST", path, made)[0] == 409:
            cluster.done("PATCH", f"{path}/{name}", {"data": data}, "application/merge-patch+json")


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[KubeApi, Cluster]]:
    """One for all tests of this file, because CRDs take seconds."""
    with KubeApi().running() as api:
        cluster = cluster_at(api.url)
        install_crd(cluster)
        yield api, cluster
        cluster.close()


@pytest.fixture
def bench(server: tuple[KubeApi, Cluster]) -> Iterator[Bench]:
    api, cluster = server
    names = [f"one-{next(_NUMBERS)}" for _ in range(2)]
    for name in names:
        cluster.done("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        put_secrets(cluster, name)
    install_rights(cluster, names[0])
    yield Bench(api, cluster, *names)
    api.faults.mend()
    for name in names:
        _clear(SyncConfigs(cluster, name), cluster)


def _clear(configs: SyncConfigs, cluster: Cluster) -> None:
    """Nothing is left that an operator of another test would look after."""
    path = f"/apis/syncramp.io/v1alpha1/namespaces/{configs.namespace}/syncconfigs"
    for body in cluster.done("GET", path)["items"]:
        configs.change(body["metadata"]["name"], {"metadata": {"finalizers": None}})
        cluster.ask("DELETE", f"{path}/{body['metadata']['name']}")


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
        again = bench.until_running("leaving")
        assert again["spec"]["trigger"] == "Created"
        assert again["metadata"]["uid"] != run["metadata"]["uid"]


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
        failed = bench.configs.until("faulty", lambda body: _reason(body) == "InternalError")
    written = [str(failed), str(bench.configs.events("faulty")), str(bench.runs("faulty")), caplog.text]
    assert all("an inner secret" not in text for text in written)
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
    _clear(SyncConfigs(bench.cluster, "default"), bench.cluster)


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
    assert ClusterUnavailable.reason not in str(bench.configs.get("patient")["status"])


def _reason(body: Object) -> str:
    return str(check_status(body)["Ready"]["reason"]) if "status" in body else ""


def _unreadable() -> Object:
    source = document("any", "identity")["spec"]["sources"][0]
    return {**source, "scope": [{**source["scope"][0], "filter": "(cn=Smith"}]}
