"""SyncRuns, and the statuses of SyncConfigs: what an API server takes by the CRDs, and what it refuses.

Each rule of the SyncRun's CRD has a change here that it refuses, and one beside it that it takes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.kube_api_client import MERGE, Cluster
from syncramp.spec.schema import RUN, schema

SAMPLES = {
    (one["kind"], one["metadata"]["name"]): one
    for one in yaml.safe_load_all(
        (Path(__file__).parents[1] / "data/cluster/contoso.yaml").read_text(encoding="utf-8")
    )
}
OVER = "a run that is over does not change its phase"
ENDED = "a run that is over has a completionTime"
FIXED = "is immutable; the operator makes a new SyncRun for another run"
WHILE = "Complete and Failed are present only while True"
LATER = "2026-11-26T06:40:00Z"

Object = dict[str, Any]


def messages(node: Object) -> Iterator[str]:
    """Of the rules of a schema."""
    yield from (rule["message"] for rule in node.get("x-kubernetes-validations", ()))
    for child in node.get("properties", {}).values():
        yield from messages(child)
    yield from messages(node["items"]) if "items" in node else ()


def test_every_rule_of_a_syncrun_is_asked_here() -> None:
    assert sorted(messages(schema(RUN))) == sorted([OVER, ENDED, FIXED, WHILE])


@pytest.fixture
def runs(cluster: Cluster, namespace: str) -> Iterator[str]:
    """The address of a SyncRun that is over, and beside it one that is under way."""
    root = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace}/syncruns"
    for name in ("contoso-42", "contoso-43"):
        made = {**SAMPLES["SyncRun", name], "metadata": {"name": name}}
        cluster.done("POST", root, made)
        told = cluster.done("PATCH", f"{root}/{name}/status", {"status": made["status"]}, MERGE)
        assert told["status"] == made["status"], "something of the status was pruned"
    yield root
    for name in ("contoso-42", "contoso-43"):
        cluster.done("DELETE", f"{root}/{name}")


def refused(cluster: Cluster, path: str, patch: Object) -> str:
    code, answer = cluster.ask("PATCH", path, patch, MERGE)
    assert code == 422, answer
    (cause,) = answer["details"]["causes"]
    return str(cause["message"])


@pytest.mark.parametrize("status", [{"phase": "Running"}, {"phase": "Failed"}, {"phase": None}, None])
def test_a_run_that_is_over_stays_so(cluster: Cluster, runs: str, status: Any) -> None:
    assert OVER in refused(cluster, f"{runs}/contoso-42/status", {"status": status})


def test_of_a_run_that_is_over_more_can_be_told(cluster: Cluster, runs: str) -> None:
    told = cluster.done("PATCH", f"{runs}/contoso-42/status", {"status": {"message": "more"}}, MERGE)
    assert (told["status"]["phase"], told["status"]["message"]) == ("Incomplete", "more")


@pytest.mark.parametrize("phase", ["Succeeded", "Incomplete", "Failed", "Cancelled"])
def test_a_run_is_over_with_the_moment_of_its_end(cluster: Cluster, runs: str, phase: str) -> None:
    path = f"{runs}/contoso-43/status"
    assert ENDED in refused(cluster, path, {"status": {"phase": phase}})
    told = cluster.done("PATCH", path, {"status": {"phase": phase, "completionTime": LATER}}, MERGE)
    assert told["status"]["phase"] == phase


def test_what_a_run_was_made_for_does_not_change(cluster: Cluster, runs: str) -> None:
    said = refused(cluster, f"{runs}/contoso-43", {"spec": {"mode": "Plan"}})
    assert FIXED in said


@pytest.mark.parametrize("kind", ["Complete", "Failed"])
def test_how_a_run_ended_is_told_while_it_is_true(cluster: Cluster, runs: str, kind: str) -> None:
    condition = {"type": kind, "reason": "Told", "message": "", "lastTransitionTime": LATER}
    path = f"{runs}/contoso-42/status"
    said = refused(cluster, path, {"status": {"conditions": [condition | {"status": "False"}]}})
    assert WHILE in said
    cluster.done("PATCH", path, {"status": {"conditions": [condition | {"status": "True"}]}}, MERGE)


def test_the_whole_status_of_a_syncconfig_is_kept(cluster: Cluster, namespace: str) -> None:
    root = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace}/syncconfigs"
    sample = SAMPLES["SyncConfig", "contoso"]
    cluster.done("POST", root, {**sample, "metadata": {"name": "whole"}})
    told = cluster.done("PATCH", f"{root}/whole/status", {"status": sample["status"]}, MERGE)
    cluster.done("DELETE", f"{root}/whole")
    assert told["status"] == sample["status"]


@pytest.mark.parametrize(
    ("selector", "expected"), [("status.phase=Running", ["contoso-43"]), ("spec.configRef.name=no", [])]
)
def test_runs_are_selected_by_phase_and_config(
    cluster: Cluster, runs: str, selector: str, expected: list[str]
) -> None:
    found = cluster.done("GET", f"{runs}?fieldSelector={selector}")
    assert [one["metadata"]["name"] for one in found["items"]] == expected
