"""Operators that die, that are two, that lack a right; and SyncConfigs that go away under their hands."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.api_servers import ApiServer
from support.cloud import Cloud
from support.kube_api_client import MERGE, until
from support.observed import observing
from support.operator_process import Operator
from support.story import Story

Make = Callable[..., Operator]


@pytest.fixture
def alone(server: ApiServer, request: pytest.FixtureRequest) -> Iterator[Story]:
    """A story in a namespace of its own, without an operator yet."""
    with (
        server.namespace("alone") as namespace,
        observing(server.configuration, namespace),
        Cloud().running() as cloud,
    ):
        yield Story(server, namespace, cloud, "contoso")


@pytest.fixture
def operator(alone: Story, tmp_path: Path) -> Iterator[Make]:
    """Makes operators of the story's namespace, which are killed at the end."""
    with ExitStack() as stack:

        def make(name: str = "one", **settings: str) -> Operator:
            made = Operator(alone.server, alone.namespace, tmp_path, name, **settings)
            stack.callback(made.kill)
            return made

        yield make


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ("GetCompanyConfiguration", 0),
        ("ReadBackAzureADSyncObjects", 0),
        ("ProvisionAzureADSyncObjects", 0),
        ("ReadBackAzureADSyncObjects", 1),
    ],
    ids=["look", "read-back", "export", "confirm"],
)
def test_an_operator_that_is_killed_in_a_phase_is_succeeded_by_one_that_resumes(
    alone: Story, operator: Make, operation: str, after: int
) -> None:
    first = operator()
    first.start()
    with alone.cloud.frozen(operation, after) as reached:
        alone.when_applied()
        assert reached.wait(60), first.said
        first.kill()
    free(alone, "syncramp-operator")
    first.start()
    alone.operators.append(first)
    until(alone.runs, lambda runs: len(runs) >= 2)
    alone.when_kept_from(1)
    last = alone.then_run("Succeeded")
    assert last["spec"]["trigger"] == "Resumed"
    before = alone.runs()[0]["status"]
    assert (before["phase"], before["reason"]) == ("Failed", "Interrupted")
    alone.then_ready()
    assert (alone.cloud.users, list(alone.cloud.groups.values())) == (5, [3])
    alone.when_over()
    first.end()


def test_of_two_operators_one_works_and_the_other_takes_over(alone: Story, operator: Make) -> None:
    first, second = operator("one"), operator("two")
    first.start()
    until(lambda: first.said, lambda said: "This replica leads" in said)
    second.start()
    alone.operators += [first, second]
    alone.when_applied()
    alone.then_run("Succeeded")
    assert "This replica leads" not in second.said
    alone.operators.remove(first)
    first.end()
    until(lambda: second.said, lambda said: "This replica leads" in said)
    alone.when_requested()
    alone.then_run("Succeeded")
    assert len(alone.runs()) == 2
    alone.when_over()
    second.end()


def test_a_syncconfig_that_is_deleted_in_the_middle_of_a_run_leaves_the_cloud_as_it_is(
    alone: Story, operator: Make
) -> None:
    first = operator()
    first.start()
    alone.operators.append(first)
    with alone.cloud.frozen("ProvisionAzureADSyncObjects") as reached:
        alone.when_applied()
        assert reached.wait(60), first.said
        alone.when_deleted()
        until(alone.body, lambda body: "deletionTimestamp" in body["metadata"])
    alone.then_gone()
    alone.then_told("Orphaned")
    users = alone.cloud.users
    assert users in (0, 5)  # the call in flight is waited for, and counts
    until(alone.runs, lambda runs: not runs)  # what it owned is collected
    first.end()
    assert alone.cloud.users == users


def test_an_operator_without_a_right_says_which_rule_to_add_and_ends(alone: Story, operator: Make) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{alone.namespace}/roles/syncramp-operator"
    role = alone.server.cluster.done("GET", path)
    rules = [rule for rule in role["rules"] if rule["resources"] != ["syncruns"]]
    alone.server.cluster.done("PATCH", path, {"rules": rules}, MERGE)
    first = operator()
    first.start()
    assert first.ended() == 1
    assert "rights are missing" in first.said
    assert "syncruns.syncramp.io" in first.said
    assert "apiGroups: [syncramp.io]" in first.said


def free(story: Story, lease: str) -> None:
    """Nobody waits for the Lease of who was killed."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{story.namespace}/leases/{lease}"
    story.server.cluster.done("PATCH", path, {"spec": {"holderIdentity": ""}}, MERGE)
