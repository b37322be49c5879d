"""What this project relies upon of an API server: the double must say what a real one says."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from support.kube_api_client import MERGE, Cluster, SyncConfigs, until
from support.kube_api_documents import document

JSON_PATCH = "application/json-patch+json"
MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
BLIND = "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
NOW = "2026-01-01T00:00:00.123456Z"

Object = dict[str, Any]


@pytest.fixture(scope="module")
def leases(namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


@pytest.fixture(scope="module")
def jobs(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


@pytest.fixture(scope="module")
def secrets(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


@pytest.fixture
def lease(cluster: Cluster, leases: str) -> Iterator[Object]:
    spec = {"holderIdentity": "one", "leaseDurationSeconds": 15, "renewTime": NOW, "leaseTransitions": 1}
    made = cluster.done("POST", leases, {"metadata": {"generateName": "lease-"}, "spec": spec})
    yield made
    cluster.ask("DELETE", f"{leases}/{made['metadata']['name']}")


@pytest.fixture
def job(cluster: Cluster, jobs: str) -> Iterator[Object]:
    made = cluster.done("POST", jobs, _job("job"))
    yield made
    cluster.ask("DELETE", f"{jobs}/job", {"propagationPolicy": "Background"})
    until(lambda: cluster.ask("GET", f"{jobs}/job")[0], lambda code: code == 404)


def test_a_lease_is_replaced_by_who_read_it_last(cluster: Cluster, leases: str, lease: Object) -> None:
    path = f"{leases}/{lease['metadata']['name']}"
    taken = {**lease, "spec": {**lease["spec"], "holderIdentity": "two", "leaseTransitions": 2}}
    name = f'"{lease["metadata"]["name"]}"'
    code, answer = cluster.ask("PUT", path, taken)
    assert (code, answer["spec"]["holderIdentity"], answer["spec"]["renewTime"]) == (200, "two", NOW)
    assert refusal(cluster, "PUT", path, taken) == (
        409,
        "Conflict",
        f"Operation cannot be fulfilled on leases.coordination.k8s.io {name}: {MODIFIED}",
    )


def test_a_lease_is_not_replaced_without_a_version(cluster: Cluster, leases: str, lease: Object) -> None:
    name = lease["metadata"]["name"]
    blind = {"metadata": {"name": name}, "spec": lease["spec"]}
    assert refusal(cluster, "PUT", f"{leases}/{name}", blind) == (
        422,
        "Invalid",
        f'leases.coordination.k8s.io "{name}" is invalid: {BLIND}',
    )


def test_a_lease_that_is_not_there_is_made_by_a_put(cluster: Cluster, leases: str) -> None:
    assert cluster.ask("PUT", f"{leases}/put", {"metadata": {"name": "put"}, "spec": {}})[0] == 201
    cluster.done("DELETE", f"{leases}/put")


@pytest.mark.parametrize("time", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z", "2026-01-01 00:00:00.000000Z"])
def test_times_of_leases_have_six_digits_of_a_second(cluster: Cluster, leases: str, lease: Object, time: str) -> None:
    wrong = {"metadata": {"name": "untimely"}, "spec": {"renewTime": time}}
    code, reason, message = refusal(cluster, "POST", leases, wrong)
    assert (code, reason) == (400, "BadRequest")
    assert message.startswith('Lease in version "v1" cannot be handled as a Lease: parsing time')
    patched = cluster.ask("PATCH", f"{leases}/{lease['metadata']['name']}", {"spec": {"renewTime": time}}, MERGE)
    assert patched[0] == 422


def test_a_lease_lasts_and_counts_upwards(cluster: Cluster, leases: str, lease: Object) -> None:
    path = f"{leases}/{lease['metadata']['name']}"
    code, answer = cluster.ask("PATCH", path, {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}}, MERGE)
    assert code == 422
    assert {cause["field"] for cause in answer["details"]["causes"]} == {
        "spec.leaseDurationSeconds",
        "spec.leaseTransitions",
    }


def test_a_job_comes_back_with_what_the_server_fills_in(job: Object) -> None:
    uid, spec = job["metadata"]["uid"], job["spec"]
    filled = {"parallelism": 1, "completions": 1, "completionMode": "NonIndexed", "suspend": False}
    assert {name: spec[name] for name in filled} == filled
    assert (spec["backoffLimit"], spec["podReplacementPolicy"]) == (0, "TerminatingOrFailed")
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert spec["template"]["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "job",
        "controller-uid": uid,
        "job-name": "job",
    }
    container = spec["template"]["spec"]["containers"][0]
    assert (container["imagePullPolicy"], container["terminationMessagePolicy"]) == ("IfNotPresent", "File")
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    assert job["metadata"]["generation"] == 1


def test_of_a_job_only_its_time_may_change(cluster: Cluster, jobs: str, job: Object) -> None:
    container = {"name": "run", "image": "example.com/other:2"}
    changed = {"spec": {"template": {"spec": {"containers": [container]}}}}
    for patch, field in ((changed, "spec.template"), ({"spec": {"completions": 2}}, "spec.completions")):
        code, answer = cluster.ask("PATCH", f"{jobs}/job", patch, MERGE)
        assert code == 422
        assert [cause["field"] for cause in answer["details"]["causes"]] == [field]
        assert "field is immutable" in answer["message"]
    answer = cluster.done("PATCH", f"{jobs}/job", {"spec": {"ttlSecondsAfterFinished": 60}}, MERGE)
    assert answer["metadata"]["generation"] == 2


def test_a_job_is_over_only_with_its_times(cluster: Cluster, jobs: str, job: Object) -> None:
    early = {"conditions": [_condition("Complete")]}
    code, answer = cluster.ask("PATCH", f"{jobs}/job/status", {"status": early}, MERGE)
    assert code == 422
    fields = {cause["field"] for cause in answer["details"]["causes"]}
    assert fields == {"status.completionTime", "status.conditions", "status.startTime"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"restartPolicy": "Always"}, "spec.template.spec.restartPolicy"),
        ({"restartPolicy": None}, "spec.template.spec.restartPolicy"),
        (
            {"containers": [{"name": "run", "image": "i", "volumeMounts": [{"name": "no", "mountPath": "/no"}]}]},
            "spec.template.spec.containers[0].volumeMounts[0].name",
        ),
    ],
)
def test_a_job_whose_pod_could_not_run_is_refused(cluster: Cluster, jobs: str, change: Object, field: str) -> None:
    body = _job("wrong")
    body["spec"]["template"]["spec"] |= change
    code, answer = cluster.ask("POST", jobs, body)
    assert code == 422
    assert field in {cause["field"] for cause in answer["details"]["causes"]}


def test_what_a_job_does_not_know_is_left_out_with_a_warning_or_refused(cluster: Cluster, jobs: str) -> None:
    body = _job("odd")
    body["spec"]["template"]["spec"]["restart"] = "Never"
    code, reason, message = refusal(cluster, "POST", f"{jobs}?fieldValidation=Strict&dryRun=All", body)
    assert (code, reason) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "spec.template.spec.restart"' in message
    made = cluster.done("POST", f"{jobs}?dryRun=All", body)
    assert "restart" not in made["spec"]["template"]["spec"]
    assert cluster.ask("GET", f"{jobs}/odd")[0] == 404


def test_a_secret_has_base64_in_it_and_says_what_it_lacks(cluster: Cluster, secrets: str) -> None:
    text = cluster.done("POST", f"{secrets}?dryRun=All", {"metadata": {"name": "s"}, "stringData": {"a": "b"}})
    assert (text["data"], text["type"]) == ({"a": base64.b64encode(b"b").decode()}, "Opaque")
    assert cluster.ask("POST", secrets, {"metadata": {"name": "s"}, "data": {"a": "no base64!"}})[0] == 400
    tls = {"metadata": {"name": "s"}, "type": "kubernetes.io/tls", "data": {"tls.crt": "YQ=="}}
    code, answer = cluster.ask("POST", secrets, tls)
    assert code == 422
    assert [cause["field"] for cause in answer["details"]["causes"]] == ["data[tls.key]"]


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"name": "Not_A_Name"}, "metadata.name"),
        ({"name": "labelled", "labels": {"a": "b c"}}, "metadata.labels"),
        ({"name": "annotated", "annotations": {"a": "x" * 262_144}}, "metadata.annotations"),
        ({"name": "owned", "ownerReferences": [{"kind": "Pod", "name": "x"}]}, "metadata.ownerReferences"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_metadata_is_judged(cluster: Cluster, secrets: str, metadata: Object, field: str) -> None:
    code, answer = cluster.ask("POST", secrets, {"metadata": metadata})
    assert code == 422
    assert any(cause["field"].startswith(field) for cause in answer["details"]["causes"])


def test_what_is_too_large_is_not_read(cluster: Cluster, secrets: str) -> None:
    body = {"metadata": {"name": "large"}, "stringData": {"a": "x" * 3_145_728}}
    code, reason, message = refusal(cluster, "POST", secrets, body)
    assert (code, reason) == (413, "RequestEntityTooLarge")
    assert message == "Request entity too large: limit is 3145728"


def test_a_namespace_must_be_there(cluster: Cluster) -> None:
    assert refusal(cluster, "POST", "/api/v1/namespaces/no-such/configmaps", {"metadata": {"name": "a"}}) == (
        404,
        "NotFound",
        'namespaces "no-such" not found',
    )


def test_selectors_know_labels_and_the_fields_of_a_kind(cluster: Cluster, secrets: str) -> None:
    for name, team in (("one", "a"), ("two", "b"), ("three", "")):
        labels = {"labels": {"team": team}} if team else {}
        cluster.done("POST", secrets, {"metadata": {"name": f"selected-{name}", **labels}})

    def found(query: str) -> set[str]:
        return {one["metadata"]["name"] for one in cluster.done("GET", f"{secrets}?{query}")["items"]}

    assert found("labelSelector=team%3Da") == {"selected-one"}
    assert found("labelSelector=team") == {"selected-one", "selected-two"}
    assert found("labelSelector=team%20in%20(a,b),team!%3Da") == {"selected-two"}
    assert {"selected-three"} == found("labelSelector=!team") & {"selected-one", "selected-three"}
    assert found("fieldSelector=metadata.name%3Dselected-two") == {"selected-two"}
    assert found("fieldSelector=type%3Dno") == set()
    assert refusal(cluster, "GET", f"{secrets}?fieldSelector=data%3Dx") == (
        400,
        "BadRequest",
        "field label not supported: data",
    )
    for name in ("one", "two", "three"):
        cluster.done("DELETE", f"{secrets}/selected-{name}")


def test_lists_come_in_pieces(cluster: Cluster, secrets: str) -> None:
    for number in range(3):
        cluster.done("POST", secrets, {"metadata": {"name": f"piece-{number}", "labels": {"piece": "yes"}}})
    first = cluster.done("GET", f"{secrets}?labelSelector=piece&limit=2")
    assert [one["metadata"]["name"] for one in first["items"]] == ["piece-0", "piece-1"]
    rest = cluster.done("GET", f"{secrets}?labelSelector=piece&limit=2&continue={first['metadata']['continue']}")
    assert [one["metadata"]["name"] for one in rest["items"]] == ["piece-2"]
    assert not rest["metadata"].get("continue")
    cluster.done("DELETE", f"{secrets}?labelSelector=piece")
    assert not cluster.done("GET", f"{secrets}?labelSelector=piece")["items"]


def test_deletion_minds_which_object_is_meant(cluster: Cluster, secrets: str) -> None:
    made = cluster.done("POST", secrets, {"metadata": {"name": "meant"}})
    code, reason, message = refusal(cluster, "DELETE", f"{secrets}/meant", {"preconditions": {"uid": "other"}})
    assert (code, reason) == (409, "Conflict")
    assert (
        f"the UID in the precondition (other) does not match the UID in record ({made['metadata']['uid']})" in message
    )
    gone = cluster.done("DELETE", f"{secrets}/meant", {"preconditions": {"uid": made["metadata"]["uid"]}})
    assert (gone["status"], gone["details"]["uid"]) == ("Success", made["metadata"]["uid"])


def test_what_is_owned_goes_with_its_owner(cluster: Cluster, configs: SyncConfigs, namespace: str) -> None:
    owner = configs.create(document("owner", namespace))
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": "owner",
        "uid": owner["metadata"]["uid"],
    }
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    body = _job("owned")
    body["metadata"]["ownerReferences"] = [reference]
    cluster.done("POST", jobs, body)
    configs.delete("owner")
    until(lambda: cluster.ask("GET", f"{jobs}/owned")[0], lambda code: code == 404)


def test_a_put_replaces_a_custom_resource_that_did_not_change_meanwhile(
    cluster: Cluster, configs: SyncConfigs, namespace: str
) -> None:
    read = configs.create(document("put", namespace))
    path = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace}/syncconfigs/put"
    assert (
        cluster.done("PUT", path, {**read, "spec": {**read["spec"], "mode": "Plan"}})["metadata"]["generation"] == 2
    )
    assert refusal(cluster, "PUT", path, read)[:2] == (409, "Conflict")
    blind = {name: value for name, value in read["metadata"].items() if name != "resourceVersion"}
    assert refusal(cluster, "PUT", path, {**read, "metadata": blind})[:2] == (422, "Invalid")
    other = {**read["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}
    assert refusal(cluster, "PUT", path, {**read, "metadata": other})[0] == 409
    newest = configs.get("put")
    assert refusal(cluster, "PUT", path, {**newest, "kind": "SyncRun"})[:2] == (422, "Invalid")
    assert refusal(cluster, "PUT", path, {**newest, "apiVersion": "syncramp.io/v1"})[0] == 400
    assert refusal(cluster, "PUT", f"{path}-not", newest)[0] == 400
    configs.delete("put")


def test_rights_are_told_to_whoever_asks_for_his_own(cluster: Cluster, namespace: str) -> None:
    def allowed(**wanted: str) -> bool:
        body = {"spec": {"resourceAttributes": wanted}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return bool(cluster.done("POST", path, body)["status"]["allowed"])

    assert allowed(verb="get", resource="secrets", namespace=namespace)
    empty = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {}}
    assert cluster.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", empty)[0] == 422


def test_methods_and_paths_that_are_not_there_are_told(cluster: Cluster, namespace: str, secrets: str) -> None:
    assert refusal(cluster, "PUT", secrets, {})[:2] == (405, "MethodNotAllowed")
    assert refusal(cluster, "GET", f"/api/v1/namespaces/{namespace}/bogus") == (
        404,
        "NotFound",
        "the server could not find the requested resource",
    )
    code, text = cluster.ask("GET", "/apis/no.such/v1/things")
    assert (code, text.strip()) == (404, "404 page not found")
    assert cluster.ask("POST", f"{secrets}/x", {})[0] in (404, 405)


def refusal(cluster: Cluster, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
    """Code, reason and message of what is not done."""
    code, answer = cluster.ask(method, path, body)
    assert code >= 400, answer
    return code, answer["reason"], answer["message"]


def _job(name: str) -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "run", "image": "example.com/syncramp:1"}]}
    return {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "suspend": False, "template": {"spec": pod}}}


def _condition(name: str) -> Object:
    return {
        "type": name,
        "status": "True",
        "reason": "Test",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
