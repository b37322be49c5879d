"""Many SyncConfigs, an old one, a clock that is wrong, and two that want one tenant."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.api_servers import ApiServer
from support.kube_api_client import ROOT, SyncConfigs, apply, until
from support.kube_api_documents import document
from support.operator_process import Operator
from support.status_check import check_status
from support.story import Story, conditions

Object = dict[str, Any]

MANY = 200


def test_two_hundred_syncconfigs_are_looked_after_at_once(server: ApiServer, tmp_path: Path) -> None:
    with server.namespace("many") as namespace:
        configs = SyncConfigs(server.cluster, namespace)
        for number in range(MANY):
            body = document(f"config-{number}", namespace, {"spec": {"suspend": True}})
            body["spec"]["target"]["tenantID"] = f"57cf9f28-1ad7-40f4-bee8-{number:012d}"
            configs.create(body)
        path = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace}/syncconfigs"
        with Operator(server, namespace, tmp_path).running() as operator:

            def told() -> list[Object]:
                operator.check()
                return [body for body in server.cluster.done("GET", path)["items"] if body.get("status")]

            bodies = until(told, lambda bodies: len(bodies) == MANY)
            for body in bodies:
                assert check_status(body)["Ready"]["reason"] == "Suspended"
            server.cluster.done("DELETE", path)
            until(lambda: server.cluster.done("GET", path)["items"], lambda items: not items)


def test_germany_in_an_object_that_is_older_than_its_rule_is_refused_at_run_time(
    story: Story, server: ApiServer
) -> None:
    if server.whole:
        pytest.skip("the CRD of a cluster that others use is not loosened")
    crd = yaml.safe_load((ROOT / "crds/syncconfigs.syncramp.io.yaml").read_text(encoding="utf-8"))
    loose = copy.deepcopy(crd)
    spec = loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del spec["target"]["properties"]["cloud"]["x-kubernetes-validations"]
    try:
        apply(server.cluster, loose)
        until(
            lambda: story.configs.try_create(story.document(target={"cloud": "Germany"}))[0], lambda code: code == 201
        )
    finally:
        apply(server.cluster, crd)
    body = story.then_condition("Stalled", "True", "UnsupportedCloud")
    assert "Microsoft Cloud Deutschland" in conditions(body)["Ready"]["message"]
    story.then_no_run()
    until(
        lambda: story.configs.try_change(story.name, {"spec": {"target": {"cloud": "germany"}}})[0],
        lambda code: code == 422,
    )
    story.given_secrets()
    story.given_directory()
    story.when_edited(target={"cloud": "Commercial"})
    story.then_run("Succeeded")
    story.then_ready()


@pytest.mark.parametrize("hours", [3, -3])
def test_a_server_whose_clock_is_wrong_is_served_all_the_same(story: Story, server: ApiServer, hours: int) -> None:
    if server.api is None:
        pytest.skip("the clock of a real server is this machine's")
    server.api.faults.skew = hours * 3600.0
    try:
        story.when_applied()
        story.then_run("Succeeded")
        story.then_ready()
        story.when_requested()
        story.then_run("Succeeded")
    finally:
        server.api.faults.skew = 0.0


def test_of_two_documents_on_one_tenant_one_waits(story: Story, server: ApiServer) -> None:
    other = Story(server, story.namespace, story.cloud, f"{story.name[:44]}-other")
    other.operators = story.operators
    story.when_applied()
    with story.cloud.frozen("ProvisionAzureADSyncObjects") as reached:
        assert reached.wait(60), story.operators[0].said
        other.when_applied(retryInterval="10s")
        other.then_run("Failed")
        body = other.then_ready("False", "TenantHeld")
        assert conditions(body).keys() & {"Stalled"} == set()
        assert story.cloud.exports == 0
    story.then_run("Succeeded")
    other.when_over()
