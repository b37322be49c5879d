"""What people and tools see of a SyncConfig: conditions that do not flap, few Events, metrics that add up."""

import re
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.api_servers import ApiServer
from support.kube_api_client import until
from support.observed import observing
from support.operator_process import Operator
from support.status_check import check_status
from support.story import Story


@pytest.fixture
def metrics(operated: tuple[str, Operator]) -> str:
    """Where the operator shows its metrics."""
    (port,) = re.findall(r"Probes and metrics are on port (\d+)", operated[1].said)
    return f"http://127.0.0.1:{port}/metrics"


def series(url: str, story: Story, name: str) -> dict[tuple[str, ...], float]:
    """Values of the labels behind namespace and name -> number, of the story's SyncConfig."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found = [one for each in families for one in each.samples if one.name == name]
    own = [one for one in found if one.labels.get("name") == story.name]
    return {
        tuple(value for label, value in one.labels.items() if label not in ("namespace", "name")): one.value
        for one in own
    }


def test_a_run_of_a_healthy_syncconfig_is_no_news_to_those_who_wait(story: Story, server: ApiServer) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    before = story.then_ready()["status"]["conditions"]
    for reason in ("SyncSucceeded", "SourcesRead", "TargetAnswered"):
        story.then_told(reason)
    told = {event["reason"] for event in story.configs.events(story.name)}
    with observing(server.configuration, story.namespace) as observed:
        seen = ("syncconfigs", story.name)
        until(lambda: seen in observed.seen, bool)
        story.when_requested()
        story.then_run("Succeeded")
        body = story.then_ready()
        version = body["metadata"]["resourceVersion"]
        until(lambda: [one["metadata"]["resourceVersion"] for one in observed.seen[seen]], lambda got: version in got)
    assert set(observed.states(story.name, "Ready")) == {"True"}
    assert observed.states(story.name, "Reconciling") == [""]
    keeps = ("type", "status", "reason", "lastTransitionTime", "observedGeneration")
    assert [[one[name] for name in keeps] for one in body["status"]["conditions"]] == [
        [one[name] for name in keeps] for one in before
    ]
    assert {event["reason"] for event in story.configs.events(story.name)} == told
    check_status(body, settled=True)


def test_metrics_add_up_to_the_runs_and_end_with_their_syncconfig(story: Story, metrics: str) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    story.when_requested()
    story.then_run("Succeeded")
    body = story.then_ready()
    runs = story.runs()
    assert series(metrics, story, "syncramp_runs_total") == {
        ("Succeeded", "Created"): 1,
        ("Succeeded", "Requested"): 1,
    }
    sent = sum(run["status"]["objects"]["acknowledged"] for run in runs)
    assert series(metrics, story, "syncramp_objects_total")[("acknowledged",)] == sent == 6
    calls = sum(run["status"]["calls"] for run in runs)
    assert series(metrics, story, "syncramp_calls_total") == {(): calls}
    assert series(metrics, story, "syncramp_in_cloud_objects")[("users",)] == body["status"]["objects"]["users"] == 5
    assert series(metrics, story, "syncramp_condition")[("Ready",)] == 1
    story.when_deleted()
    story.then_gone()
    assert series(metrics, story, "syncramp_runs_total") == {}
