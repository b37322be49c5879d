"""The double of the API server keeps the rules that operators stumble over; without that the other tests say little.

What it answers was seen on a real kube-apiserver 1.36.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import (
    MERGE,
    Cluster,
    SyncConfigs,
    cluster_at,
    install_crd,
    install_rights,
    token_of_operator,
)
from support.kube_api_documents import BROKEN, document

NAMESPACE = "identity"
PATH = f"/apis/syncramp.io/v1alpha1/namespaces/{NAMESPACE}/syncconfigs"
EVENTS = f"/api/v1/namespaces/{NAMESPACE}/events"
JSON_PATCH = "application/json-patch+json"
READY = {
    "type": "Ready",
    "status": "True",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
    "reason": "Accepted",
    "message": "Fine",
}


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with KubeApi().running() as running:
        yield running


@pytest.fixture
def cluster(api: KubeApi) -> Iterator[Cluster]:
    found = cluster_at(api.url)
    install_crd(found)
    yield found
    found.close()


@pytest.fixture
def configs(cluster: Cluster) -> SyncConfigs:
    found = SyncConfigs(cluster, NAMESPACE)
    found.create(document("one", NAMESPACE))
    return found


def test_syncconfigs_are_served_once_their_crd_is_there(api: KubeApi) -> None:
    fresh = cluster_at(api.url)
    assert fresh.ask("GET", PATH)[0] == 404
    install_crd(fresh)
    assert fresh.ask("GET", PATH)[0] == 200
    fresh.close()


def test_a_write_that_changes_nothing_has_no_new_version(configs: SyncConfigs) -> None:
    before = configs.get("one")
    assert configs.change("one", {"spec": {"mode": "Sync"}}) == before
    assert configs.change("one", {"spec": {"mode": None}}) == before  # the default comes back


def test_generation_counts_changes_of_the_spec_and_the_begin_of_a_deletion(configs: SyncConfigs) -> None:
    assert configs.change("one", {"metadata": {"finalizers": ["example.com/keep"]}})["metadata"]["generation"] == 1
    assert configs.change_status("one", {"conditions": [READY]})[1]["metadata"]["generation"] == 1
    assert configs.change("one", {"spec": {"mode": "Plan"}})["metadata"]["generation"] == 2
    configs.delete("one")
    assert configs.get("one")["metadata"]["generation"] == 3


def test_an_object_with_finalizers_stays_until_the_last_is_gone(configs: SyncConfigs, cluster: Cluster) -> None:
    configs.change("one", {"metadata": {"finalizers": ["example.com/keep"]}})
    configs.delete("one")
    code, _ = configs.try_change("one", {"metadata": {"finalizers": ["example.com/keep", "example.com/more"]}})
    assert code == 422
    configs.change("one", {"metadata": {"finalizers": None}})
    assert cluster.ask("GET", f"{PATH}/one")[0] == 404


def test_status_and_the_rest_are_written_apart(configs: SyncConfigs, cluster: Cluster) -> None:
    assert "status" not in configs.change("one", {"status": {"conditions": [READY]}})
    patch = {"status": {"conditions": [READY]}, "spec": {"mode": "Plan"}, "metadata": {"annotations": {"a": "b"}}}
    written = cluster.done("PATCH", f"{PATH}/one/status", patch, MERGE)
    assert written["status"] == {"conditions": [READY]}
    assert written["spec"]["mode"] == "Sync"
    assert "annotations" not in written["metadata"]


def test_an_old_version_conflicts(configs: SyncConfigs, cluster: Cluster) -> None:
    old = configs.get("one")["metadata"]["resourceVersion"]
    configs.change("one", {"spec": {"mode": "Plan"}})
    assert configs.try_change("one", {"metadata": {"resourceVersion": old}, "spec": {"mode": "Sync"}})[0] == 409
    test = [{"op": "test", "path": "/metadata/resourceVersion", "value": old}]
    assert cluster.ask("PATCH", f"{PATH}/one", test, JSON_PATCH)[0] == 422
    assert cluster.ask("PATCH", f"{PATH}/one", {}, "application/strategic-merge-patch+json")[0] == 415


def test_unknown_fields_are_pruned_with_a_warning(api: KubeApi, configs: SyncConfigs) -> None:
    answer = httpx.patch(
        f"{api.url}{PATH}/one/status",
        content=json.dumps({"status": {"judge": "done"}}),
        headers={"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": MERGE},
    )
    assert answer.status_code == 200
    assert answer.json()["status"] == {}
    assert answer.headers["Warning"] == '299 - "unknown field \\"status.judge\\""'


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "Sometimes"},
        {"reason": ""},
        {"reason": "Two words"},
        {"reason": None},
        {"message": "x" * 1025},
        {"lastTransitionTime": "2026-01-01 00:00:00"},
        {"observedGeneration": "1"},
        {"type": "Stalled", "status": "False"},
    ],
    ids=str,
)
def test_a_status_that_the_schema_or_its_rule_forbids_is_refused(configs: SyncConfigs, wrong: dict[str, Any]) -> None:
    code, answer = configs.change_status("one", {"conditions": [READY | wrong]})
    assert code == 422
    assert answer["reason"] == "Invalid"
    fields = {cause["field"] for cause in answer["details"]["causes"]} - {"<nil>"}
    assert fields
    assert all(field.startswith("status.conditions") for field in fields)


def test_two_conditions_of_one_type_are_refused(configs: SyncConfigs) -> None:
    assert configs.change_status("one", {"conditions": [READY, READY]})[0] == 422


def test_what_was_wrong_before_blocks_no_other_write(api: KubeApi, configs: SyncConfigs) -> None:
    api.plant(document("old", NAMESPACE, BROKEN[0].patch))
    assert configs.change_status("old", {"conditions": [READY]})[0] == 200
    assert configs.try_change("old", {"spec": {"mode": "Plan"}})[0] == 200
    assert configs.try_change("old", {"spec": {"target": {"cloud": "germany"}}})[0] == 422


def test_objects_have_their_place_and_their_name(configs: SyncConfigs, cluster: Cluster) -> None:
    assert configs.try_create(document("one", NAMESPACE))[0] == 409
    assert configs.try_create(document("two", "elsewhere"))[0] == 400
    assert configs.try_change("one", {"metadata": {"name": "two"}})[0] == 400
    assert configs.try_change("one", {"metadata": {"uid": "another"}})[0] == 422
    assert cluster.ask("GET", f"{PATH}/two")[1]["reason"] == "NotFound"


def test_events_are_checked_strictly(cluster: Cluster) -> None:
    event = {
        "metadata": {"generateName": "syncramp-"},
        "involvedObject": {"namespace": NAMESPACE, "name": "one"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingComponent": "syncramp-operator",
        "reportingInstance": "pod",
        "action": "Judge",
        "reason": "Accepted",
        "type": "Normal",
        "message": "x" * 1024,
    }
    assert cluster.ask("POST", EVENTS, event)[0] == 201
    assert cluster.ask("POST", EVENTS, event | {"message": "x" * 1025})[0] == 422
    assert cluster.ask("POST", EVENTS, event | {"reportingInstance": ""})[0] == 422
    assert cluster.ask("POST", EVENTS, event | {"involvedObject": {"namespace": "elsewhere"}})[0] == 422


def test_a_service_account_may_do_what_its_role_says_and_where(api: KubeApi, cluster: Cluster) -> None:
    install_rights(cluster, NAMESPACE)
    operator = cluster_at(api.url, token_of_operator(cluster, NAMESPACE))
    assert operator.ask("GET", PATH)[0] == 200
    for method, path in [
        ("GET", f"{PATH}/one"),
        ("DELETE", f"{PATH}/one"),
        ("GET", PATH.replace(NAMESPACE, "elsewhere")),
        ("GET", "/apis/syncramp.io/v1alpha1/syncconfigs"),
        ("GET", EVENTS),
    ]:
        code, answer = operator.ask(method, path)
        assert (code, answer["reason"]) == (403, "Forbidden")
    assert cluster_at(api.url, "nobody's").ask("GET", PATH)[0] == 401
    operator.close()
