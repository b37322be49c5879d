"""Runs as Jobs: their Pods have the runner's own account, and go on without the operator."""

from collections.abc import Iterator

import pytest

from support.api_servers import ApiServer
from support.cloud import Cloud
from support.kube_api_client import MERGE, until
from support.kubelet import Kubelet
from support.observed import observing
from support.operator_process import Operator
from support.story import Story


@pytest.fixture(scope="module")
def place(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kubelet, str, Operator]]:
    if server.whole:
        pytest.skip("a cluster of a kubeconfig has no image of this state of the project")
    with (
        server.namespace("jobs", jobs=True) as namespace,
        observing(server.configuration, namespace),
        Kubelet(server, namespace, tmp_path_factory.mktemp("node")).working() as kubelet,
        Operator(
            server, namespace, tmp_path_factory.mktemp("operator"), EXECUTION="Job", IMAGE="example.com/syncramp:1"
        ).running() as operator,
    ):
        yield kubelet, namespace, operator


@pytest.fixture
def told(server: ApiServer, place: tuple[Kubelet, str, Operator], request: pytest.FixtureRequest) -> Iterator[Story]:
    with Cloud().running() as cloud:
        name = request.node.name.removeprefix("test_")[:30].replace("_", "-").strip("-")
        story = Story(server, place[1], cloud, name)
        story.operators.append(place[2])
        yield story
        story.when_over()


def test_a_job_runs_and_tells_on_its_syncrun(told: Story, place: tuple[Kubelet, str, Operator]) -> None:
    told.when_applied()
    run = told.then_run("Succeeded")
    told.then_ready()
    assert told.cloud.users == 5
    job = told.server.cluster.done("GET", f"/apis/batch/v1/namespaces/{place[1]}/jobs/{run['metadata']['name']}")
    assert job["metadata"]["ownerReferences"][0]["uid"] == run["metadata"]["uid"]
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == "syncramp-runner"
    told.when_directory_changes(lambda directory: directory.people.add(6))
    told.then_run("Succeeded")
    assert told.cloud.users == 6


def test_a_pod_that_is_killed_is_a_run_that_is_resumed(told: Story, place: tuple[Kubelet, str, Operator]) -> None:
    with told.cloud.frozen("ProvisionAzureADSyncObjects") as reached:
        told.when_applied()
        assert reached.wait(60), place[2].said
        place[0].kill(told.runs()[0]["metadata"]["name"])
    until(told.runs, lambda runs: len(runs) >= 2)
    told.when_kept_from(1)
    resumed = told.then_run("Incomplete")
    assert resumed["spec"]["trigger"] == "Resumed"
    assert [hold["reason"] for hold in resumed["status"]["holds"]] == ["CallUnderWay"]  # it may arrive later yet
    assert told.runs()[0]["status"]["reason"] == "Interrupted"
    assert (told.cloud.users, told.cloud.exports) == (5, 1)


def test_a_job_goes_on_while_no_operator_is_there(told: Story, place: tuple[Kubelet, str, Operator]) -> None:
    operator = place[2]
    with told.cloud.frozen("ProvisionAzureADSyncObjects") as reached:
        told.when_applied()
        assert reached.wait(60), operator.said
        operator.kill()
    until(told.runs, lambda runs: runs[0].get("status", {}).get("phase") == "Succeeded")
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{place[1]}/leases/syncramp-operator"
    told.server.cluster.done("PATCH", lease, {"spec": {"holderIdentity": ""}}, MERGE)
    operator.start()
    told.then_ready()
    assert len(told.runs()) == 1
    assert told.cloud.users == 5


def test_a_run_whose_syncconfig_is_deleted_ends_with_its_job(
    told: Story, place: tuple[Kubelet, str, Operator]
) -> None:
    with told.cloud.frozen("ProvisionAzureADSyncObjects") as reached:
        told.when_applied()
        assert reached.wait(60), place[2].said
        told.when_deleted()
        until(told.body, lambda body: "deletionTimestamp" in body["metadata"])
    told.then_gone()
    told.then_told("Orphaned")
    path = f"/apis/batch/v1/namespaces/{place[1]}/jobs/{told.name}-1"
    until(lambda: told.server.cluster.ask("GET", path)[0], lambda code: code == 404)
