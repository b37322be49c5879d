"""The examples that need a cluster, applied to an API server with an operator beside it.

Their SyncConfig gets the tenant of the test in place of the one that they bring along; the rest is as kustomize makes
it of their folder.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.api_servers import ApiServer
from support.cloud import Cloud
from support.kube_api_client import apply
from support.kustomize import kustomized
from support.manifests import ROOT
from support.operator_process import Operator
from support.story import Story

Object = dict[str, Any]
Begin = Callable[[str], AbstractContextManager[Story]]


def objects(folder: str) -> list[Object]:
    """What an example applies."""
    return list(yaml.safe_load_all(kustomized(ROOT / folder)))


def one(bodies: list[Object], kind: str, name: str) -> Object:
    (found,) = (each for each in bodies if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


@pytest.fixture
def begin(server: ApiServer, operated: tuple[str, Operator]) -> Begin:
    """Apply the SyncConfig of an example and its ConfigMaps."""

    @contextmanager
    def applied(folder: str) -> Iterator[Story]:
        namespace, operator = operated
        name = f"example-{Path(folder).name}"  # a store of its own
        bodies = objects(folder)
        with Cloud().running() as cloud:
            story = Story(server, namespace, cloud, name)
            story.operators.append(operator)
            story.given_secrets()
            for body in bodies:
                if body["kind"] == "ConfigMap" and "directory.ldif" in body.get("data", {}):
                    apply(server.cluster, {**body, "metadata": {**body["metadata"], "namespace": namespace}})
            body = one(bodies, "SyncConfig", "quickstart")
            body["metadata"] |= {"namespace": namespace, "name": name}
            body["spec"] |= {"target": cloud.target(f"{name}-app", f"{name}-ca"), "interval": "30m"}
            story.configs.create(body)
            try:
                yield story
            finally:
                story.when_over()

    return applied


def test_the_quickstart_is_ready_after_its_first_run(begin: Begin) -> None:
    with begin("manifests/overlays/demo") as story:
        story.then_ready()
        story.then_users(10)


def test_two_forests_become_one_tenant(begin: Begin) -> None:
    with begin("examples/11-two-forests-in-a-cluster") as story:
        body = story.then_ready()
        assert {each["name"]: each["complete"] for each in body["status"]["sources"]} == {
            "accounts": True,
            "exchange": True,
        }
        run = story.then_run("Succeeded")
        assert run["status"]["objects"]["acknowledged"] > 0


def test_the_ramp_pauses_and_goes_on_when_it_is_promoted(begin: Begin) -> None:
    with begin("examples/12-ramp-in-a-cluster") as story:
        story.then_condition("RampProgressing")
        story.when_annotated(promote="everybody/1")
        story.then_run()
        body = story.then_condition("RampPaused")
        assert body["status"]["rampProgress"] == "3/10"
        assert sorted(story.cloud.groups.values()) == [3, 4, 4]
        assert body["status"]["rampStep"] == "2/3"
        story.when_annotated(promote="everybody/2")
        story.then_run()
        story.then_no_condition("RampPaused")
        story.when_requested()
        story.then_run()
        assert sorted(story.cloud.groups.values()) == [4, 4, 5]


def test_a_delete_waits_until_a_commit_approves_it(begin: Begin) -> None:
    with begin("examples/13-approval-by-pull-request") as story:
        story.then_ready()
        ldif = (ROOT / "examples/05-a-leaver/tuesday.ldif").read_text(encoding="utf-8")
        metadata = {"name": "directory", "namespace": story.namespace}
        told = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"directory.ldif": ldif}}
        apply(story.server.cluster, told)
        sources = story.body()["spec"]["sources"]
        sources[0]["ldif"].pop("entries", None)
        story.when_edited(sources=sources)
        story.then_run()
        story.when_requested()
        story.then_run("Incomplete")
        (waits,) = story.then_condition("DeletionsHeld")["status"]["waiting"]
        users = story.cloud.users
        approvals = yaml.safe_load((ROOT / "examples/13-approval-by-pull-request/approvals.yaml").read_text("utf-8"))
        assert approvals["metadata"]["annotations"] == {"syncramp.io/approve": ""}
        story.when_annotated(approve=waits["digest"])
        story.then_run()
        story.then_users(users - 1)


def test_who_applies_the_approvals_may_approve() -> None:
    bodies = objects("examples/13-approval-by-pull-request")
    binding = one(bodies, "RoleBinding", "approver")
    role = one(bodies, "ClusterRole", binding["roleRef"]["name"])
    assert "approve" in role["rules"][0]["verbs"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "flux-system"}
    ]
    assert one(bodies, "ValidatingAdmissionPolicyBinding", "syncramp-approvals")


def test_flux_waits_for_what_is_there() -> None:
    text = (ROOT / "examples/14-flux/flux.yaml").read_text(encoding="utf-8")
    parts = {body["metadata"]["name"]: body["spec"] for body in yaml.safe_load_all(text)}
    for name in ("syncramp-crds", "syncramp"):
        assert Path(ROOT / parts[name]["path"].removeprefix("./syncramp/")).is_dir()
    (check,) = parts["syncramp"]["healthChecks"]
    made = objects("manifests/overlays/cluster")
    assert one(made, check["kind"], check["name"])["metadata"]["namespace"] == check["namespace"]
    (check,) = parts["contoso"]["healthChecks"]
    assert (check["apiVersion"], check["kind"]) == ("syncramp.io/v1alpha1", "SyncConfig")
    assert not parts["syncramp-crds"]["prune"]
