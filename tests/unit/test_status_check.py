"""The linter of statuses can fail: every rule is broken once, and a good status breaks none."""

from datetime import timedelta
from typing import Any

import pytest

from support.run_cases import NOW, config, run, stepped
from support.status_check import CODES, check_status, lint
from syncramp.schedule.known import Cause, Wait
from syncramp_operator.status.facts import Facts

Object = dict[str, Any]
STAMP = "2026-11-25T12:00:00Z"


def condition(name: str, status: str = "True", **more: Any) -> Object:
    told = {"type": name, "status": status, "observedGeneration": 2, "lastTransitionTime": STAMP}
    return {**told, "reason": "SyncSucceeded", "message": "well", **more}


def body(*conditions: Object, **status: Any) -> Object:
    """An object at its second generation, with these conditions beside a Ready that is True."""
    listed = [*([] if any(one["type"] == "Ready" for one in conditions) else [condition("Ready")]), *conditions]
    return config(2, {"observedGeneration": 2, "conditions": listed, **status})


BROKEN = {
    "FAIL0001": config(2, {"observedGeneration": 2, "conditions": [condition("SourcesReady")]}),
    "FAIL0002": body(condition("Drifted"), condition("Drifted")),
    "FAIL0003": body(observedGeneration=3),
    "FAIL0004": body(condition("Stalled")),
    "FAIL0005": body(condition("Reconciling")),
    "FAIL0006": body(condition("Ready", "False"), condition("Reconciling"), condition("Stalled")),
    "FAIL0007": body(condition("Ready", "False"), condition("Stalled", message="ill")),
    "FAIL0008": body(condition("Ready", message="x" * 80)),
    "FAIL0009": body(runs=1),
    "FAIL0010": body(history=["x" * 32_768]),
    "FAIL0011": body(*(condition(f"Other{number}") for number in range(16))),
    "FAIL0012": body(retryTime=STAMP),
    "FAIL0013": body(condition("WritebackReady"), runs=1),
    "FAIL0014": body(condition("Ready"), condition("WritebackReady", "False")),
    "WARN0001": body(condition("Ready", "Unknown")),
    "WARN0002": body(condition("Ready", "False", message="SyncSucceeded")),
    "FAIL0021": body(condition("Ready", more="")),
    "FAIL0022": body(condition("Ready", "true")),
    "FAIL0023": body(condition("RampPaused", "False")),
    "FAIL0024": body(condition("Ready", observedGeneration=3)),
    "FAIL0025": body(condition("Ready", reason="Wonderful")),
    "FAIL0026": body(condition("Ready", message="two\nlines")),
    "FAIL0027": body(condition("Ready", lastTransitionTime="2099-01-01T00:00:00Z")),
    "FAIL0101": body(condition("Ready", observedGeneration=1), observedGeneration=1),
    "FAIL0102": body(condition("Ready", observedGeneration=1)),
    "FAIL0103": body(condition("Ready", "False"), condition("Reconciling")),
    "FAIL0104": body(activeRun="contoso-1"),
    "FAIL0105": body(condition("Ready", "Unknown")),
}


def test_a_good_status_breaks_no_rule_at_rest() -> None:
    good = stepped(config(), Facts(runs=[run()], decision=Wait(Cause.DUE_LATER, NOW + timedelta(minutes=5))))
    assert lint(good, settled=True, now=NOW) == []
    assert lint(body(), settled=True, now=NOW) == []


@pytest.mark.parametrize("code", CODES)
def test_every_rule_can_be_broken(code: str) -> None:
    assert code in {found.code for found in lint(BROKEN[code], settled=True, now=NOW)}


@pytest.mark.parametrize("code", [code for code in BROKEN if code.startswith("FAIL00")])
def test_what_is_broken_fails_a_scenario_also_in_the_middle_of_a_run(code: str) -> None:
    with pytest.raises(AssertionError, match=code):
        check_status(BROKEN[code], now=NOW)


@pytest.mark.parametrize("code", [code for code in BROKEN if code.startswith("FAIL01")])
def test_what_is_on_its_way_fails_only_at_rest(code: str) -> None:
    check_status(BROKEN[code], now=NOW)
    with pytest.raises(AssertionError, match=code):
        check_status(BROKEN[code], settled=True, now=NOW)
