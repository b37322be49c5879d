"""The operator as it runs, against an API server on loopback that enforces the committed Role."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kopf
import pytest

from support.kube_api import ADMIN, ADMIN_TOKEN, KubeApi
from support.kube_api_client import (
    ACCOUNT,
    SyncConfigs,
    cluster_at,
    install_crd,
    install_rights,
    operator_process,
    token_of_operator,
    until,
    write_kubeconfig,
)
from support.kube_api_documents import BROKEN, document
from support.kube_api_resources import PEERINGS
from support.kube_api_scenarios import assert_untouched, said, the_verdict_follows_the_document
from support.status_check import check_status
from syncramp_operator import handlers
from syncramp_operator.handlers import register

NAMESPACE = "identity"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
GERMANY = BROKEN[0].patch
GERMAN_SENTENCE = (
    "spec.target.cloud: the German cloud (Microsoft Cloud Deutschland) was closed in October 2021 and never had a V2 "
    "endpoint; tenants that were migrated use Commercial"
)
COMMERCIAL = {"spec": {"target": {"cloud": "Commercial"}}}


@dataclass(frozen=True)
class Bench:
    """A server with the CRD and the rights, and what tests do with it."""

    api: KubeApi
    configs: SyncConfigs
    token: str

    @contextmanager
    def operator(self) -> Iterator[None]:
        """The operator in a thread, with a registry of its own and the service account's token."""
        registry = kopf.OperatorRegistry()
        register(registry)

        @kopf.on.login(registry=registry)
        def login(**_: Any) -> kopf.ConnectionInfo:
            return kopf.ConnectionInfo(server=self.api.url, token=self.token)

        loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

        def run() -> None:
            running = kopf.operator(registry=registry, namespaces=[NAMESPACE], stop_flag=stop, ready_flag=ready)
            loop.run_until_complete(running)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            assert ready.wait(30), "the operator did not start"
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(30)
            loop.close()

    def writes(self) -> list[tuple[str, str]]:
        """What the operator wrote, as verb and resource."""
        return [(call.verb, call.resource) for call in self.api.calls_of(USER) if call.verb not in ("list", "watch")]

    def see(self, name: str) -> None:
        """Wait until the operator has handled everything up to now: another document, made later, is judged."""
        self.configs.create(document(name, NAMESPACE))
        self.configs.until(name, said(1, "True"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with KubeApi().running() as api:
        cluster = cluster_at(api.url)
        install_crd(cluster)
        install_rights(cluster, NAMESPACE)
        yield Bench(api, SyncConfigs(cluster, NAMESPACE), token_of_operator(cluster, NAMESPACE))
        cluster.close()


def test_the_verdict_follows_the_document_and_an_event_tells_each_change(bench: Bench) -> None:
    with bench.operator():
        the_verdict_follows_the_document(bench.configs)


def test_a_german_document_that_is_older_than_its_rule_is_stalled_until_it_is_mended(bench: Bench) -> None:
    bench.api.plant(document("germany", NAMESPACE, GERMANY))
    with bench.operator():
        stalled = bench.configs.until("germany", said(1, "False"))
        for condition in check_status(stalled).values():
            assert (condition["reason"], condition["message"]) == ("InvalidSpec", GERMAN_SENTENCE)
        bench.configs.change("germany", COMMERCIAL)
        assert set(check_status(bench.configs.until("germany", said(2, "True")))) == {"Ready"}


def test_a_document_that_was_there_before_the_operator_is_judged(bench: Bench) -> None:
    bench.configs.create(document("early", NAMESPACE))
    with bench.operator():
        check_status(bench.configs.until("early", said(1, "True")))


def test_a_document_that_says_it_already_costs_no_request(bench: Bench) -> None:
    bench.configs.create(document("settled", NAMESPACE))
    with bench.operator():
        before = bench.configs.until("settled", said(1, "True"))
        until(lambda: bench.configs.events("settled"), lambda events: len(events) == 1)
    bench.api.calls.clear()
    with bench.operator():
        bench.see("later")
        until(lambda: bench.configs.events("later"), lambda events: len(events) == 1)
    assert bench.writes() == [("patch", "syncconfigs/status"), ("create", "events")]
    assert bench.configs.get("settled") == before


def test_a_change_that_is_no_change_of_the_document_is_not_answered(bench: Bench) -> None:
    with bench.operator():
        bench.see("labelled")
        bench.configs.change("labelled", {"metadata": {"labels": {"team": "identity"}}})
        bench.see("later")
    assert bench.writes().count(("patch", "syncconfigs/status")) == 2


def test_a_transition_is_dated_when_the_status_changes_and_not_before(bench: Bench) -> None:
    old = "2026-01-01T00:00:00Z"
    common = {"lastTransitionTime": old, "observedGeneration": 1, "reason": "Accepted", "message": "Fine"}
    bench.configs.create(document("dated", NAMESPACE))
    status = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", **common}]}
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
    bench.configs.create(document("shared", NAMESPACE))
    bench.configs.change_status("shared", {"conditions": [theirs]})
    with bench.operator():
        body = bench.configs.until("shared", said(1, "True"))
    assert theirs in body["status"]["conditions"]


def test_a_document_that_goes_away_is_left_alone(bench: Bench) -> None:
    held = document("leaving", NAMESPACE)
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


def test_the_finalizer_of_another_kopf_operator_stays(bench: Bench) -> None:
    foreign = document("foreign", NAMESPACE)
    foreign["metadata"]["finalizers"] = ["kopf.zalando.org/KopfFinalizerMarker"]
    bench.configs.create(foreign)
    with bench.operator():
        bench.configs.until("foreign", said(1, "True"))
        bench.see("later")
    assert bench.configs.get("foreign")["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
    assert all(call.allowed for call in bench.api.calls_of(USER)), "it was tried"


def test_the_role_allows_what_the_operator_does(bench: Bench) -> None:
    with bench.operator():
        bench.see("all")
        until(lambda: bench.configs.events("all"), bool)
    calls = bench.api.calls_of(USER)
    assert all(call.allowed for call in calls)
    role = cluster_at(bench.api.url).done(
        "GET", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/{ACCOUNT}"
    )
    granted = {
        (verb, group, resource)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert {(call.verb, call.group, call.resource) for call in calls} <= granted


def test_a_fault_of_ours_goes_to_the_log_and_not_onto_the_document(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("an inner secret")

    monkeypatch.setattr(handlers, "verdict_of", fail)
    with bench.operator():
        bench.configs.create(document("faulty", NAMESPACE))
        conditions = check_status(bench.configs.until("faulty", said(1, "False")))
    assert set(conditions) == {"Ready"}
    assert conditions["Ready"]["reason"] == "InternalError"
    assert "secret" not in conditions["Ready"]["message"]
    assert "an inner secret" in caplog.text


def test_kopf_run_starts_the_operator_and_sigterm_ends_it_in_order(bench: Bench, tmp_path: Path) -> None:
    bench.configs.create(document("process", NAMESPACE))
    cluster = cluster_at(bench.api.url)
    write_kubeconfig(tmp_path / "kubeconfig", cluster.configuration, bench.token)
    with operator_process(tmp_path / "kubeconfig", NAMESPACE, tmp_path / "operator.log"):
        body = bench.configs.until("process", said(1, "True"))
    check_status(body)
    assert_untouched(body)
    assert {call.user for call in bench.api.calls} == {ADMIN, USER}
    assert all(call.allowed for call in bench.api.calls)


def test_the_documented_start_leaves_the_peering_of_other_operators_alone(bench: Bench, tmp_path: Path) -> None:
    cluster = cluster_at(bench.api.url)
    served = cluster.done("GET", f"/apis/{PEERINGS.api_version}")["resources"]
    assert [row["name"] for row in served] == [PEERINGS.plural]
    write_kubeconfig(tmp_path / "kubeconfig", cluster.configuration, ADMIN_TOKEN)  # nothing is forbidden to it
    with operator_process(tmp_path / "kubeconfig", NAMESPACE, tmp_path / "operator.log"):
        bench.see("one")
    assert PEERINGS.plural not in {call.resource for call in bench.api.calls}


def _unreadable() -> dict[str, Any]:
    source = document("any", NAMESPACE)["spec"]["sources"][0]
    return {**source, "scope": [{**source["scope"][0], "filter": "(cn=Smith"}]}
