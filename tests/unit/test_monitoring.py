"""Alerts and dashboard ask for metrics that exist, with labels that they have, in PromQL that parses."""

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.exposition import generate_latest

from support.kustomize import kustomized
from support.pages import coded, rows, section
from support.run_cases import NOW, config, ramp, run, stepped
from syncramp_operator.metrics.registry import Metrics
from syncramp_operator.status.facts import Facts

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "manifests" / "monitoring"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((FOLDER / "prometheusrule.yaml").read_text(encoding="utf-8"))
MONITOR = yaml.safe_load((FOLDER / "podmonitor.yaml").read_text(encoding="utf-8"))
ALERTS = [rule for group in RULES["spec"]["groups"] for rule in group["rules"]]
PANELS = DASHBOARD["panels"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
FAMILIES = {
    found.name + ("_total" if found.type == "counter" else ""): set(found._labelnames)
    for found in Metrics().describe()
} | {"process_resident_memory_bytes": set()}
SCRAPED = {"instance", "job", "pod", "container", "endpoint"}
"""Labels that Prometheus gives to whatever it scrapes."""


class Names:
    """The metrics of an expression, with the labels that are asked for by it."""

    def __init__(self, expression: str) -> None:
        self.metrics: list[promql.VectorSelector] = []
        self.labels: set[str] = set()
        promql.walk(promql.parse(expression.replace("$__rate_interval", "5m")), self._enter)

    def _enter(self, node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            self.metrics.append(node)
        modifier = getattr(node, "modifier", None)
        for part in (modifier, getattr(modifier, "matching", None)):
            self.labels |= set(getattr(part, "labels", None) or ())
        return True


def wrong(expression: str) -> Iterator[str]:
    """What an expression asks for and nobody has."""
    found = Names(expression)
    if not found.metrics:
        yield f"{expression} asks for nothing"
    has: set[str] = set(SCRAPED)
    for metric in found.metrics:
        if metric.name not in FAMILIES:
            yield f"there is no {metric.name}"
            continue
        has |= FAMILIES[metric.name]
        asked = {matcher.name for matcher in metric.matchers.matchers}
        yield from (f"{metric.name} has no {label}" for label in asked - FAMILIES[metric.name] - SCRAPED)
    yield from (f"nothing in {expression} has {label}" for label in found.labels - has)


def labels_of(expression: str) -> set[str]:
    return SCRAPED.union(*(FAMILIES[metric.name] for metric in Names(expression).metrics))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_what_there_is_and_says_what_to_do(alert: dict[str, Any]) -> None:
    assert list(wrong(alert["expr"])) == []
    assert re.fullmatch(r"\d+[mh]", alert["for"])
    assert alert["labels"]["severity"] in ("info", "warning", "critical")
    texts = alert["annotations"]
    assert set(texts) == {"summary", "description"}
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(texts.values())))
    assert named <= labels_of(alert["expr"])


@pytest.mark.parametrize(("title", "target"), TARGETS)
def test_a_panel_asks_for_what_there_is(title: str, target: dict[str, Any]) -> None:
    assert list(wrong(target["expr"])) == []
    assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels_of(target["expr"])


@pytest.mark.parametrize(
    "expression",
    [
        "syncramp_no_such_thing",
        'syncramp_condition{kind="Ready"}',
        "sum by (ramp) (syncramp_failures)",
        "syncramp_failures unless on (type) syncramp_suspended",
        "1 + 1",
    ],
)
def test_what_nobody_has_is_found(expression: str) -> None:
    assert list(wrong(expression))


def test_every_metric_of_a_syncconfig_is_on_the_dashboard_or_in_an_alert_unless_it_serves_neither() -> None:
    asked = {
        metric.name
        for text in [alert["expr"] for alert in ALERTS] + [target["expr"] for _, target in TARGETS]
        for metric in Names(text).metrics
    }
    assert FAMILIES.keys() - asked == {
        "syncramp_failures",
        "syncramp_last_import_delta",
        "syncramp_last_import_seconds",
        "syncramp_last_run_phase_seconds",
        "syncramp_next_sync_timestamp_seconds",
        "syncramp_pending_changes",
        "syncramp_ramp_phase",
        "syncramp_ramp_step",
        "syncramp_run_active",
        "syncramp_source_proven",
        "syncramp_syncconfigs",
        "syncramp_tenant_lease_held",
        "syncramp_unconfirmed_objects",
        "syncramp_writes_total",
    }


def test_the_page_lists_every_alert_and_no_other() -> None:
    told = rows(section("docs/metrics.md", "## Alerts"))
    assert [(coded(row[0])[0], row[1], row[2]) for row in told] == [
        (alert["alert"], alert["labels"]["severity"], alert["for"]) for alert in ALERTS
    ]


def test_panels_have_a_sentence_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert all(panel["description"].endswith(".") for panel in PANELS)
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in PANELS):
        columns, lines = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells = set(itertools.product(columns, lines))
        assert max(columns) < 24
        assert not cells & taken
        taken |= cells


def test_variables_are_made_of_metrics_that_exist() -> None:
    queries = [one["definition"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query"]
    for query in queries:
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()  # type: ignore[union-attr]
        assert list(wrong(selector)) == []
        assert label in labels_of(selector)
    used = set(re.findall(r"\$(\w+)", json.dumps(PANELS))) | set(re.findall(r"\${(\w+)}", json.dumps(PANELS)))
    assert used == {one["name"] for one in DASHBOARD["templating"]["list"]}


def test_the_monitor_finds_the_pods_and_the_port_of_the_deployment() -> None:
    deployment = yaml.safe_load((ROOT / "manifests/base/deployment.yaml").read_text(encoding="utf-8"))
    template = deployment["spec"]["template"]
    assert MONITOR["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    (endpoint,) = MONITOR["spec"]["podMetricsEndpoints"]
    ports = [port["name"] for each in template["spec"]["containers"] for port in each["ports"]]
    assert endpoint["port"] in ports
    assert endpoint["honorLabels"] is True, "namespace is the SyncConfig's"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES["spec"]), encoding="utf-8")
    cases = (ROOT / "tests/data/monitoring/alerts.yaml").read_text(encoding="utf-8")
    (tmp_path / "alerts.yaml").write_text(cases, encoding="utf-8")
    told = subprocess.run(
        ["promtool", "test", "rules", "alerts.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_finds_nothing_to_say_of_the_metrics() -> None:
    metrics, facts = Metrics(), Facts(runs=[run(1, exportLatency={"p50": 1, "p95": 2}, ramps=[ramp()])])
    metrics.observe(config(), stepped(config(), facts), facts, NOW)
    scraped = generate_latest(metrics.registry)
    told = subprocess.run(["promtool", "check", "metrics"], input=scraped, capture_output=True, check=False)
    assert (told.returncode, told.stderr) == (0, b"")


def test_the_folder_builds_to_a_monitor_rules_and_a_dashboard() -> None:
    built = list(yaml.safe_load_all(kustomized(FOLDER)))
    assert sorted((one["kind"], one["metadata"]["namespace"]) for one in built) == [
        ("ConfigMap", "syncramp-system"),
        ("PodMonitor", "syncramp-system"),
        ("PrometheusRule", "syncramp-system"),
    ]
    (shown,) = (one for one in built if one["kind"] == "ConfigMap")
    assert shown["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert json.loads(shown["data"]["dashboard.json"]) == DASHBOARD
