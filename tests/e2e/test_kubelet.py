"""The stand-in for a node does with Jobs what a cluster does, as far as a run can tell."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.api_servers import ApiServer
from support.kube_api_client import until
from support.kubelet import Kubelet

Object = dict[str, Any]
Start = Callable[..., str]

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
ENDS = f"import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); {SLEEP}"


@pytest.fixture(scope="module")
def node(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kubelet, str]]:
    if server.whole:
        pytest.skip("a cluster of a kubeconfig may have nodes of its own")
    with server.namespace("node") as namespace:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner"}}
        server.cluster.done("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
        with Kubelet(server, namespace, tmp_path_factory.mktemp("node")).working() as kubelet:
            yield kubelet, namespace


@pytest.fixture
def start(server: ApiServer, node: tuple[Kubelet, str]) -> Start:
    """Make a Job of a Python text; its path."""

    def make(name: str, text: str, pod: Object | None = None, **spec: Any) -> str:
        container = {"name": "run", "image": "i", "command": ["python", "-c", text]}
        template = {
            "restartPolicy": "Never",
            "serviceAccountName": "runner",
            "containers": [container],
            **(pod or {}),
        }
        body = {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": template}, **spec}}
        path = f"/apis/batch/v1/namespaces/{node[1]}/jobs"
        server.cluster.done("POST", path, body)
        return f"{path}/{name}"

    return make


def test_a_job_ends_as_its_container_does(server: ApiServer, start: Start) -> None:
    assert set(ended(server, start("good", "pass"))) == {"SuccessCriteriaMet", "Complete"}
    assert ended(server, start("bad", "raise SystemExit(1)"))["Failed"] == "BackoffLimitExceeded"


def test_secrets_are_files_and_a_missing_one_is_waited_for(
    server: ApiServer, start: Start, node: tuple[Kubelet, str]
) -> None:
    sources = [{"configMap": {"name": "told"}}, {"secret": {"name": "told"}}]
    pod = {"volumes": [{"name": "s", "projected": {"sources": sources}}]}
    text = "assert open('@/word').read() == 'secret' and open('@/other').read() == 'plain'"
    code = "import sys; root = sys.argv[1]; " + text.replace("'@", "root + '")
    core = f"/api/v1/namespaces/{node[1]}"
    server.cluster.done("POST", f"{core}/configmaps", {"metadata": {"name": "told"}, "data": {"other": "plain"}})
    container = {
        "name": "run",
        "image": "i",
        "command": ["python", "-c", code],
        "args": ["/etc/told"],
        "volumeMounts": [{"name": "s", "mountPath": "/etc/told"}],
    }
    path = start("told", "", {**pod, "containers": [container]})
    assert not server.cluster.done("GET", path).get("status", {}).get("startTime")
    server.cluster.done("POST", f"{core}/secrets", {"metadata": {"name": "told"}, "stringData": {"word": "secret"}})
    assert "Complete" in ended(server, path)


def test_a_job_that_is_deleted_in_the_foreground_stays_until_its_process_has_ended(
    server: ApiServer, start: Start, node: tuple[Kubelet, str]
) -> None:
    path = start("asked", ENDS)
    until(lambda: said(node[0], "asked"), lambda text: "up" in text)
    server.cluster.done("DELETE", path, {"propagationPolicy": "Foreground"})
    gone(server, path)
    assert not pods(server, node[1], "asked")


def test_the_pod_of_a_job_that_is_deleted_in_the_background_goes_too(
    server: ApiServer, start: Start, node: tuple[Kubelet, str]
) -> None:
    path = start("orphan", ENDS)
    until(lambda: said(node[0], "orphan"), lambda text: "up" in text)
    server.cluster.done("DELETE", path, {"propagationPolicy": "Background"})
    gone(server, path)
    until(lambda: pods(server, node[1], "orphan"), lambda found: not found)


def test_a_job_has_its_deadline(server: ApiServer, start: Start) -> None:
    pod = {"terminationGracePeriodSeconds": 1}
    assert ended(server, start("late", SLEEP, pod, activeDeadlineSeconds=1))["Failed"] == "DeadlineExceeded"


def test_a_job_that_is_over_goes_when_its_time_is_over(server: ApiServer, start: Start) -> None:
    if server.api is None:
        pytest.skip("without a controller manager nobody looks at ttlSecondsAfterFinished")
    gone(server, start("short", "pass", ttlSecondsAfterFinished=0))


def ended(server: ApiServer, path: str) -> dict[str, str]:
    """The reasons of a finished Job's conditions."""
    job = until(lambda: server.cluster.done("GET", path), lambda body: body.get("status", {}).get("conditions"))
    return {one["type"]: one["reason"] for one in job["status"]["conditions"]}


def gone(server: ApiServer, path: str) -> None:
    until(lambda: server.cluster.ask("GET", path)[0], lambda code: code == 404)


def said(node: Kubelet, job: str) -> str:
    return "".join(path.read_text() for path in node.folder.glob(f"{job}-*.log"))


def pods(server: ApiServer, namespace: str, job: str) -> list[Object]:
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=job-name%3D{job}"
    return list(server.cluster.done("GET", path)["items"])
