"""The Job of a run: it may do little, it finds what its document names, and it ends."""

from typing import Any

import pytest

from support.pod_security import violations
from syncramp_operator.execution.job_manifest import STATE_LABEL, job_manifest
from syncramp_operator.settings import Settings

RUN = {"metadata": {"name": "contoso-7", "namespace": "identity", "uid": "run-uid"}}
SETTINGS = Settings(image="syncramp:1", claim="stores", home="syncramp-system")


def _config(auth: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    target = {"auth": auth or {"certificate": {"secretRef": {"name": "app"}}}, "endpoint": {"callTimeout": "20m"}}
    sources = [{"ldif": {"configMapKeyRef": {"name": "corp", "key": "x"}}}]
    return {"metadata": {"name": "contoso"}, "spec": {"target": target, "sources": sources, "timeout": "2h", **spec}}


def _pod(config: dict[str, Any] | None = None, settings: Settings = SETTINGS) -> dict[str, Any]:
    pod: dict[str, Any] = job_manifest(config or _config(), RUN, settings)["spec"]["template"]["spec"]
    return pod


def _mounted(pod: dict[str, Any]) -> dict[str, Any]:
    """What is mounted where."""
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    (container,) = pod["containers"]
    return {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}


def test_its_pod_fits_a_namespace_that_enforces_the_restricted_standard() -> None:
    assert violations(_pod()) == []
    assert violations(_pod(_config({"workloadIdentity": {"clientID": "x"}}))) == []


def test_it_belongs_to_its_syncrun_and_is_tried_once() -> None:
    job = job_manifest(_config(), RUN, SETTINGS)
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("SyncRun", "contoso-7", "run-uid")
    assert (job["metadata"]["name"], job["metadata"]["namespace"]) == ("contoso-7", "identity")
    assert (job["spec"]["backoffLimit"], _pod()["restartPolicy"]) == (0, "Never")


def test_a_call_in_flight_may_end_before_the_pod_and_the_run_before_the_job() -> None:
    job = job_manifest(_config(), RUN, SETTINGS)
    travel, timeout = 20 * 60, 2 * 3600
    assert _pod()["terminationGracePeriodSeconds"] > travel
    assert job["spec"]["activeDeadlineSeconds"] > timeout + travel
    plain = _config()
    del plain["spec"]["timeout"], plain["spec"]["target"]["endpoint"]
    assert job_manifest(plain, RUN, SETTINGS)["spec"]["activeDeadlineSeconds"] > 6 * 3600 + 600


def test_it_finds_what_its_document_names_and_nothing_else() -> None:
    secrets = {path: volume["projected"] for path, volume in _mounted(_pod()).items() if path.startswith("/etc/")}
    assert {path: each["sources"] for path, each in secrets.items()} == {
        "/etc/syncramp/secrets/app": [{"secret": {"name": "app"}}],
        "/etc/syncramp/secrets/corp": [{"configMap": {"name": "corp"}}],
    }


def test_a_secret_and_a_configmap_of_one_name_are_one_folder_and_the_secret_counts() -> None:
    volume = _mounted(_pod(_config({"certificate": {"secretRef": {"name": "corp"}}})))["/etc/syncramp/secrets/corp"]
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == ["configMap", "secret"]


def test_a_workload_identity_gets_a_token_for_its_tenant_and_nobody_else_does() -> None:
    place = "/var/run/secrets/azure/tokens"
    mounted = _mounted(_pod(_config({"workloadIdentity": {"clientID": "x"}})))
    (source,) = mounted[place]["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "api://AzureADTokenExchange"
    assert source["serviceAccountToken"]["path"] == "azure-identity-token"
    assert place not in _mounted(_pod())


def test_pods_with_one_claim_are_on_one_node() -> None:
    template = job_manifest(_config(), RUN, SETTINGS)["spec"]["template"]
    assert template["metadata"]["labels"][STATE_LABEL] == "stores"
    (term,) = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchLabels"] == {STATE_LABEL: "stores"}
    assert _mounted(_pod())["/var/lib/syncramp"]["persistentVolumeClaim"] == {"claimName": "stores"}


def test_stores_of_a_server_need_no_claim() -> None:
    settings = Settings(image="syncramp:1", state="postgresql:db")
    template = job_manifest(_config(), RUN, settings)["spec"]["template"]
    assert STATE_LABEL not in template["metadata"]["labels"]
    assert "affinity" not in template["spec"]
    mounted = _mounted(template["spec"])
    assert "/var/lib/syncramp" not in mounted
    (source,) = mounted["/var/lib/syncramp/db"]["projected"]["sources"]
    assert source == {"secret": {"name": "db", "items": [{"key": "uri", "path": "uri"}]}}
    (container,) = template["spec"]["containers"]
    words = container["command"]
    assert words[words.index("--state") :][:4] == ["--state", "postgresql:db", "--state-secrets", "/var/lib/syncramp"]


@pytest.mark.parametrize("word", ["--patch", "--run", "identity/contoso-7", "/var/lib/syncramp/identity.contoso.db"])
def test_its_container_knows_its_run_and_its_store(word: str) -> None:
    (container,) = _pod()["containers"]
    assert word in container["command"]
    assert container["image"] == "syncramp:1"
