"""The page of gates says what the code does."""

import re
from dataclasses import fields
from datetime import timedelta

import pytest
import yaml

from support.documents import minimal, said
from support.pages import coded, rows, section, text
from syncramp.model.measures import KEPT_SECONDS, Asked, Measure
from syncramp.model.ramps import Verdict
from syncramp.ramp.findings import LEAST_CALLS, LEAST_CYCLES
from syncramp.spec.durations import parse_duration
from syncramp.spec.ramps import WRITTEN_STEPS, Metric, Unit, built_in_gates, written_gates

PAGE = "docs/ramp-gates.md"
UNITS = {"%": Unit.PERCENT, "points": Unit.POINTS, "times": Unit.FACTOR, "cycle": Unit.CYCLES, "cycles": Unit.CYCLES}
LEAST = {
    Metric.REMOVAL_LATENCY: [LEAST_CYCLES, 1],
    Metric.CYCLE_DURATION: [LEAST_CYCLES],
    Metric.READ_BACK: [LEAST_CYCLES],
    Metric.EXPORT_LATENCY_P95: [LEAST_CALLS],
    Metric.OBJECT_ERRORS: [LEAST_CALLS],
    Metric.THROTTLE: [LEAST_CALLS],
}


def limit(cell: str) -> float:
    """A limit of the table as the gate has it."""
    number, _, unit = cell.partition(" ")
    return float(number) if unit else parse_duration(number).total_seconds()


def test_the_table_of_limits_is_that_of_the_code() -> None:
    gates = built_in_gates(timedelta(minutes=30))
    table = rows(section(PAGE, "## Limits"))
    assert [coded(row[0]) for row in table] == [[gate.metric.value] for gate in gates]
    for gate, row in zip(gates, table, strict=True):
        assert gate.hold is not None and gate.abort is not None
        assert [limit(row[1]), limit(row[2])] == [float(gate.hold), float(gate.abort)], row
        assert [int(number) for number in re.findall(r"\d+", row[3])] == LEAST.get(gate.metric, [1]), row


def test_the_limits_are_told_in_the_unit_of_their_metric() -> None:
    from syncramp.spec.ramps import UNITS as OF

    for row in rows(section(PAGE, "## Limits")):
        (metric,) = coded(row[0])
        unit = UNITS.get(row[2].partition(" ")[2], Unit.SECONDS)
        assert OF[Metric(metric)] is unit, row


def test_every_verdict_and_every_metric_is_explained() -> None:
    told = {name for row in rows(section(PAGE, "## Verdicts")) for name in coded(row[0])}
    assert told == {verdict.value for verdict in Verdict}
    headings = re.findall(r"^### (.+)$", section(PAGE, "## What each of them looks at"), re.MULTILINE)
    named = {name for heading in headings for name in heading.split(" and ")}
    assert named == {metric.value for metric in Metric if metric is not Metric.EXTERNAL and not metric.directory}


def test_every_metric_of_a_directory_is_explained_and_its_limits_are_those_of_the_code() -> None:
    told = re.findall(r"^### (.+)$", section(PAGE, "## Gates of written-back groups"), re.MULTILINE)
    assert told == [metric.value for metric in Metric if metric.directory]
    table = rows(section("docs/spec/writeback.md", "### Limits"))
    assert [coded(row[0]) for row in table] == [[metric] for metric in told]
    for gate, row in zip(written_gates(), table, strict=True):
        assert [_said(cell, gate.metric) for cell in row[2:4]] == [
            None if one is None else float(one) for one in (gate.hold, gate.abort)
        ]


def _said(cell: str, metric: Metric) -> float | None:
    if not cell:
        return None
    return limit(cell) if metric is not Metric.TOKENS else float(cell)


def test_the_built_in_steps_of_written_back_groups_are_those_of_the_code() -> None:
    table = rows(section("docs/spec/writeback.md", "### Built-in steps"))
    assert [(row[0], row[1]) for row in table] == [
        ("pause", "") if step.ceiling is None else (f"{step.ceiling:,}", f"{step.soak.duration.days * 24} h")
        for step in WRITTEN_STEPS
    ]


def test_everything_that_is_measured_is_listed() -> None:
    told = [name for row in rows(section(PAGE, "## What is kept")) for name in coded(row[0])]
    assert told == [measure.value for measure in Measure]
    assert timedelta(days=8).total_seconds() == KEPT_SECONDS


def test_what_a_webhook_gets_is_listed() -> None:
    told = [coded(row[0])[0] for row in rows(section(PAGE, "### Webhooks"), title="member")]
    assert told == [field.name for field in fields(Asked)]


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", text(PAGE), re.DOTALL))
def test_the_gates_on_the_page_are_accepted(block: str) -> None:
    ramp = {"name": "licences", "steps": [{"ceiling": 75_000}], **yaml.safe_load(block)}
    assert len(ramp["gates"]) > 0
    assert said(minimal({"spec.groups.ramps": [ramp]})) == set()
