"""Policies of ramps: a document becomes them with every default, and they become a document again."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from support.documents import findings, full, minimal
from support.policies import policies as any_policy
from syncramp.spec.durations import format_duration, parse_duration
from syncramp.spec.policies import groups_document, policies
from syncramp.spec.ramps import BUILT_IN_STEPS, UNITS, Gate, Metric, RampPolicy, Step, Unit, built_in, built_in_gates
from syncramp.spec.schema import with_defaults
from syncramp.spec.structure import structure
from syncramp.spec.types import SyncConfig

HOUR = timedelta(hours=1)


def config(changes: dict[str, Any]) -> SyncConfig:
    """A document that is accepted, structured."""
    document = minimal(changes)
    assert findings(document) == []
    return structure(with_defaults(document), Path("/srv"))


def the_ramp(**members: Any) -> RampPolicy:
    (found,) = config({"spec.groups.ramps": [{"name": "large", "match": {"minMembers": 5}, **members}]}).ramps
    return found


def gate(found: RampPolicy, metric: Metric) -> Gate | None:
    return next((one for one in found.gates if one.metric is metric), None)


def test_a_ramp_of_which_nothing_is_said_is_the_built_in_one_under_its_own_name() -> None:
    assert the_ramp() == replace(built_in(timedelta(minutes=30)), name="large", min_members=5, built_in=False)


def test_the_ramps_of_a_document_keep_their_order_and_the_built_in_one_comes_last() -> None:
    found = policies(config({"spec.groups.ramps": [{"name": "b"}, {"name": "a", "match": {"minMembers": 1}}]}))
    assert [one.name for one in found] == ["b", "a", "built-in"]
    assert [one.built_in for one in found] == [False, False, True]


def test_the_limits_of_built_in_gates_follow_the_interval_of_the_document() -> None:
    found = config({"spec.interval": "1h", "spec.groups.ramps": [{"name": "large"}]}).ramps[0]
    assert gate(found, Metric.REMOVAL_LATENCY) == Gate(Metric.REMOVAL_LATENCY, Decimal(3600), Decimal(7200))
    assert gate(found, Metric.CYCLE_DURATION) == Gate(Metric.CYCLE_DURATION, Decimal(2520), Decimal(3600))


def test_a_gate_of_the_document_stands_in_the_place_of_the_built_in_one() -> None:
    found = the_ramp(gates=[{"metric": "ThrottleShare", "hold": {"maxPercent": "2.5"}}])
    assert [one.metric for one in found.gates] == [one.metric for one in built_in(HOUR).gates]
    assert gate(found, Metric.THROTTLE) == Gate(Metric.THROTTLE, Decimal("2.5"), None)


def test_a_gate_without_limits_has_the_built_in_ones() -> None:
    assert gate(the_ramp(gates=[{"metric": "ThrottleShare"}]), Metric.THROTTLE) == Gate(
        Metric.THROTTLE, Decimal(1), Decimal(5)
    )


def test_a_disabled_gate_is_not_judged_and_the_others_are() -> None:
    found = the_ramp(gates=[{"metric": "ThrottleShare", "disabled": True, "hold": {"maxPercent": "2"}}])
    assert {one.metric for one in built_in(HOUR).gates} - {one.metric for one in found.gates} == {Metric.THROTTLE}
    disabled = {"metric": "External", "disabled": True, "webhook": {"url": "http://localhost"}}
    assert gate(the_ramp(gates=[disabled]), Metric.EXTERNAL) is None


def test_a_gate_that_is_not_built_in_comes_behind_those_that_are() -> None:
    found = the_ramp(gates=[{"metric": "ExportLatencyP50", "abort": {"maxDuration": "30s"}}])
    assert found.gates[-1] == Gate(Metric.EXPORT_LATENCY_P50, None, Decimal(30))


def test_every_ramp_judges_how_long_removals_take() -> None:
    for ramps in ([{"name": "a"}], [{"name": "a", "gates": [{"metric": "RemovalLatencyP95"}]}]):
        for one in policies(config({"spec.groups.ramps": ramps})):
            found = gate(one, Metric.REMOVAL_LATENCY)
            assert found is not None
            assert None not in (found.hold, found.abort)


def test_steps_that_are_said_are_the_steps() -> None:
    steps = [{"ceiling": 5}, {"pause": {}}, {"ceiling": 9, "soak": {"cycles": 2}}]
    found = the_ramp(steps=steps)
    assert [step.ceiling for step in found.steps] == [5, None, 9]
    assert found.steps[2].soak.cycles == 2
    assert (found.ceilings, found.target) == ((5, 9), 9)
    assert the_ramp().steps == BUILT_IN_STEPS


def test_the_built_in_ramp_ends_with_a_ceiling_and_rises() -> None:
    ceilings = built_in(HOUR).ceilings
    assert list(ceilings) == sorted(set(ceilings))
    assert built_in(HOUR).steps[-1] != Step(None)


@pytest.mark.parametrize("interval", [timedelta(minutes=5), timedelta(seconds=301), timedelta(hours=24)])
def test_every_limit_of_time_is_one_that_a_document_can_say(interval: timedelta) -> None:
    limits = [
        one for found in built_in_gates(interval) if UNITS[found.metric] is Unit.SECONDS for one in _limits(found)
    ]
    assert limits
    assert all(limit == int(limit) for limit in limits)


def _limits(found: Gate) -> list[Decimal]:
    return [limit for limit in (found.hold, found.abort) if limit is not None]


@given(st.lists(st.sampled_from("abc"), unique=True).flatmap(lambda names: st.tuples(*map(any_policy, names))))
def test_what_is_shown_of_a_document_can_be_pasted_into_it_and_means_the_same(ramps: tuple[RampPolicy, ...]) -> None:
    known = replace(config({}), ramps=ramps, deny_patterns=("x*",))
    shown = groups_document(known)
    shown["ramps"][-1]["name"] = "pasted"
    assume(not any("can never act" in found.reason for found in findings(minimal({"spec.groups": shown}))))
    assert config({"spec.groups": shown}) == replace(
        known, ramps=(*ramps, replace(built_in(known.interval), name="pasted", built_in=False))
    )


def test_references_of_the_full_document_are_shown_as_they_were_written() -> None:
    document = full()
    shown = groups_document(structure(with_defaults(document), Path("/srv")))["ramps"][0]
    written = document["spec"]["groups"]["ramps"][0]
    for place in (-3, -2):
        name = "prometheus" if place == -3 else "webhook"
        assert shown["gates"][place][name] == written["gates"][place + 1][name]


@given(st.integers(0, 10**9))
def test_a_duration_that_is_written_is_read_as_the_same(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration
