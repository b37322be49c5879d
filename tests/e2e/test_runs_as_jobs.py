"""A run as a Job: its runner, with the rights of its own account, tells its SyncRun; the operator only looks."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.api_servers import ApiServer
from support.cloud import Cloud
from support.kube_api_client import until
from support.kubelet import Kubelet
from support.observed import ENDS
from support.schemas import refused
from support.story import Story
from syncramp.schedule.known import Start, Trigger
from syncramp.spec.schema import RUN, schema
from syncramp_operator.api.cluster import Cluster
from syncramp_operator.api.resources import JOBS, SYNCCONFIGS, SYNCRUNS
from syncramp_operator.execution import jobs
from syncramp_operator.execution.jobs import Jobs
from syncramp_operator.execution.secrets import Contents, SecretMissing
from syncramp_operator.runs.syncruns import Loss, interrupted, manifest
from syncramp_operator.settings import Execution, Settings

Object = dict[str, Any]
STOPPING = "stopping after the calls in flight"
SMALL = {"endpoint": {"objectsPerCall": 1}}
"""Of a target: with five people and a group more calls than are in flight at once."""
STATUS = schema(RUN)["properties"]["status"]


@dataclass
class Bench:
    """The operator's side of one SyncConfig's runs."""

    story: Story
    kubelet: Kubelet
    cluster: Cluster
    settings: Settings
    config: Object = field(default_factory=dict)
    number: int = 0

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.cluster, self.settings)

    def apply(self, **spec: Any) -> None:
        self.story.when_applied(**spec)
        self.config = self.cluster.get(SYNCCONFIGS, self.story.namespace, self.story.name)

    def made(self, start: Start | None = None) -> Object:
        """The next SyncRun."""
        self.number += 1
        body = manifest(self.config, self.number, start or Start(Trigger.INTERVAL), Execution.JOB)
        return self.cluster.create(SYNCRUNS, self.story.namespace, body)

    def started(self, start: Start | None = None) -> Object:
        """The same, and its Job."""
        run = self.made(start)
        asyncio.run(self.jobs.start(self.config, run))
        return run

    def again(self, run: Object) -> Object:
        """As it is now."""
        return self.cluster.get(SYNCRUNS, self.story.namespace, run["metadata"]["name"])

    def over(self, run: Object) -> Object:
        """Its last status."""
        status: Object = until(lambda: self.again(run), lambda body: body.get("status", {}).get("phase") in ENDS)[
            "status"
        ]
        assert refused(status, STATUS) == []
        return status

    def log(self, run: Object) -> str:
        """What its Pod said so far."""
        paths = self.kubelet.folder.glob(f"{run['metadata']['name']}-*.log")
        return "".join(path.read_text() for path in paths)

    def lost(self, run: Object) -> Loss | None:
        return asyncio.run(self.jobs.lost(self.again(run)))

    def stop(self, run: Object, reason: str) -> None:
        asyncio.run(self.jobs.stop(run, reason))

    def gone(self, run: Object) -> None:
        """The Job is not there any more."""
        until(lambda: self.cluster.list(JOBS, self.story.namespace), lambda left: not _named(left, run))

    def tell(self, run: Object, loss: Loss | None) -> Object:
        """The operator writes the end of a run that said none."""
        assert loss is not None
        name = run["metadata"]["name"]
        self.cluster.patch(SYNCRUNS, self.story.namespace, name, interrupted(self.again(run), 2e9, loss), "status")
        return self.over(run)


def _named(jobs: list[Object], run: Object) -> list[Object]:
    return [job for job in jobs if job["metadata"]["name"] == run["metadata"]["name"]]


@pytest.fixture(scope="module")
def place(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Kubelet]]:
    """A namespace with a node and the account of runners."""
    if server.whole:
        pytest.skip("a cluster of a kubeconfig needs an image for its Pods")
    with server.namespace("jobs", jobs=True) as namespace:
        with Kubelet(server, namespace, tmp_path_factory.mktemp("node")).working() as kubelet:
            yield namespace, kubelet


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud().running() as made:
        yield made


@pytest.fixture
def bench(
    server: ApiServer, place: tuple[str, Kubelet], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Bench]]:
    cluster = Cluster(server.configuration)
    name = f"job-{abs(hash(request.node.name)) % 10**8}"

    def make(cloud: Cloud, **spec: Any) -> Bench:
        namespace, kubelet = place
        settings = Settings(home=namespace, execution=Execution.JOB, image="syncramp:test")
        made = Bench(Story(server, namespace, cloud, name), kubelet, cluster, settings)
        made.apply(**spec)
        return made

    yield make
    cluster.close()


@pytest.fixture
def own() -> Iterator[Cloud]:
    """A tenant that no other test writes to."""
    with Cloud().running() as made:
        yield made


Make = Callable[..., Bench]


def test_a_job_makes_the_run_and_tells_it_with_its_own_account(bench: Make, own: Cloud) -> None:
    made = bench(own)
    run = made.started()
    status = made.over(run)
    assert (status["phase"], status["reason"]) == ("Succeeded", "SyncSucceeded"), status
    assert own.users == len(made.story.directory.people)
    assert status["objects"]["acknowledged"] == status["objects"]["expected"] > 0
    assert made.lost(run) is None
    asyncio.run(made.jobs.start(made.config, run))  # a Job that is there has begun


def test_a_job_that_only_plans_sends_nothing(bench: Make, own: Cloud) -> None:
    made = bench(own)
    status = made.over(made.started(Start(Trigger.PLANNED, only_plans=True)))
    assert (status["reason"], own.exports) == ("PlanMade", 0)
    assert "Create" in status["plan"]


@pytest.mark.parametrize("reason", ["Cancelled", "DeadlineExceeded"])
def test_a_job_that_is_stopped_ends_its_calls_in_flight_and_tells_why(bench: Make, own: Cloud, reason: str) -> None:
    made = bench(own, target=SMALL)
    with own.frozen("ProvisionAzureADSyncObjects2") as reached:
        run = made.started()
        until(reached.is_set, bool)
        made.stop(run, reason)
        assert made.lost(run) is None, "as long as its Pod ends, its runner may have something to say"
        until(lambda: made.log(run), lambda text: STOPPING in text)
    status = made.over(run)
    assert status["reason"] == reason
    assert (status["phase"], status.get("family")) == (
        ("Cancelled", None) if reason == "Cancelled" else ("Failed", "Retry")
    )
    assert status["objects"]["acknowledged"] > 0, "the call in flight was answered"
    made.gone(run)
    assert made.lost(run) is None


def test_a_node_that_ends_the_pod_interrupts_the_run(bench: Make, own: Cloud, server: ApiServer) -> None:
    made = bench(own, target=SMALL)
    with own.frozen("ProvisionAzureADSyncObjects2") as reached:
        run = made.started()
        until(reached.is_set, bool)
        core = f"/api/v1/namespaces/{made.story.namespace}/pods"
        for pod in server.cluster.done("GET", core)["items"]:
            if pod["metadata"]["labels"].get("syncramp.io/run") == run["metadata"]["name"]:
                server.cluster.done("DELETE", f"{core}/{pod['metadata']['name']}")
        until(lambda: made.log(run), lambda text: STOPPING in text)
    status = made.over(run)
    assert (status["phase"], status["reason"]) == ("Failed", "Interrupted")


def test_a_job_that_is_killed_is_lost_and_the_next_run_does_the_rest(bench: Make, own: Cloud) -> None:
    made = bench(own)
    with own.frozen("GetCompanyConfiguration") as reached:
        run = made.started()
        until(reached.is_set, bool)
        made.kubelet.kill(run["metadata"]["name"])
        loss = until(lambda: made.lost(run), bool)
    assert loss.reason == "Interrupted" and "BackoffLimitExceeded" in loss.message
    assert made.tell(run, loss)["reason"] == "Interrupted"
    assert made.over(made.started(Start(Trigger.RESUMED)))["phase"] == "Succeeded"


def test_a_pod_that_never_starts_is_ended_and_says_where_to_look(
    bench: Make, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, server: ApiServer
) -> None:
    made = bench(cloud)
    run = made.made()
    server.cluster.done("DELETE", f"/api/v1/namespaces/{made.story.namespace}/secrets/{made.story.name}-app")
    with pytest.raises(SecretMissing):
        asyncio.run(made.jobs.start(made.config, run))
    monkeypatch.setattr(jobs, "gathered", lambda *_: Contents())  # it was there when it was looked for
    asyncio.run(made.jobs.start(made.config, run))
    assert made.lost(run) is None
    monkeypatch.setattr(jobs, "START_WITHIN", -10.0)
    loss = made.lost(run)
    assert loss is not None and "kubectl describe pod -l syncramp.io/run=" in loss.message
    made.gone(run)
    assert made.tell(run, loss)["phase"] == "Failed"


def test_a_runner_that_comes_too_late_does_nothing(bench: Make, own: Cloud, server: ApiServer) -> None:
    made = bench(own)
    run = made.made()
    made.tell(run, Loss("Cancelled", "it was cancelled before"))
    asyncio.run(made.jobs.start(made.config, run))
    path = f"/apis/batch/v1/namespaces/{made.story.namespace}/jobs/{run['metadata']['name']}"
    until(lambda: server.cluster.done("GET", path).get("status", {}), lambda status: "completionTime" in status)
    assert made.over(run)["message"] == "it was cancelled before"
    assert own.exports == 0 and own.users == 0


def test_a_runner_whose_document_was_changed_leaves_it_to_the_next_run(bench: Make, own: Cloud) -> None:
    made = bench(own)
    made.story.when_edited(interval="45m")
    status = made.over(made.started())
    assert (status["phase"], status["reason"]) == ("Cancelled", "Cancelled")
    assert "changed before the run began" in status["message"]
    assert own.users == 0


def test_a_log_of_a_pod_tells_the_end_and_no_secret(bench: Make, own: Cloud) -> None:
    made = bench(own)
    run = made.started()
    made.over(run)
    text = until(lambda: made.log(run), lambda found: '"event": "ended"' in found)
    assert own.simulator.client_secret not in text and "Traceback" not in text


def test_the_folder_of_the_node_holds_the_store_where_the_next_run_finds_it(
    bench: Make, own: Cloud, tmp_path: Path
) -> None:
    made = bench(own)
    made.over(made.started())
    again = made.over(made.started())
    assert again["objects"]["expected"] == 0 and again["number"] == 2
