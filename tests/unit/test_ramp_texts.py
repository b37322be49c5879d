"""Ramps in plans, in runs and in ``syncramp ramp status`` and ``history``: lines, one glance long."""

import json
from dataclasses import asdict, replace

import pytest

from support.ramped import MONDAY, judgement, ramp_report
from syncramp.model.plan import Plan
from syncramp.model.ramp_reports import GroupReport
from syncramp.model.ramps import Command, Decided, Order, PauseReason, Phase, Verdict
from syncramp.model.report import RunReport
from syncramp.model.written import Side
from syncramp.plan.outline import Outline
from syncramp.plan.sizes import histogram
from syncramp.report.html import html
from syncramp.report.markdown import markdown
from syncramp.report.ramp_status import (
    StatusTold,
    history_document,
    history_lines,
    status_document,
    status_lines,
)
from syncramp.report.sheet import Sheet, make_sheet
from syncramp.report.text import plan_lines, report_from, run_lines

FAILED = asdict(judgement(Verdict.FAILED, "p95 1,300 s, the limit is 1,260 s (9 cycles)"))
PAUSED = ramp_report(
    phase="Paused", pause="PauseStep", step=3, next_ceiling=8, checklist=("Licences: enough", "Help desk: quiet")
)


def _plan_text(plan: Plan) -> list[str]:
    return list(plan_lines(plan, RunReport()))


QUIET = {"members_waiting": 0, "groups_held": 0, "held": [], "phases": {"Whole": 2}, "judgements": [FAILED]}


def test_a_plan_has_a_block_of_its_ramps() -> None:
    ramp = ramp_report(admitted=3, judgements=[FAILED], notes={"CN=g1": "no", "CN=g2": "built-in would match it now"})
    told = _plan_text(Plan(held_links=6, holds={}, ramps=[ramp]))
    assert told[told.index("Ramps") :][:6] == [
        "Ramps",
        "  large: Growing at 5, step 1 of 5 up to 20",
        "    3 memberships go; 6 memberships wait in 1 of 2 groups (1 Waiting, 1 Whole)",
        "    gate CycleDurationP95 Failed: p95 1,300 s, the limit is 1,260 s (9 cycles)",
        (
            "    Waiting Group CN=g1: 9 members (11 people with nested groups), 3 in the cloud, 6 wait: "
            "9 members do not fit under 5"
        ),
        "    Group CN=g2: built-in would match it now",
    ]


def test_gates_that_were_not_measured_enough_are_counted() -> None:
    unsure = {**FAILED, "verdict": "Inconclusive"}
    told = _plan_text(Plan(ramps=[ramp_report(judgements=[unsure, unsure, {**FAILED, "verdict": "Passed"}])]))
    assert "    2 of 3 gates are not measured enough yet" in told
    assert not any("CycleDurationP95" in line for line in told)


def test_gates_that_keep_nobody_waiting_are_not_counted() -> None:
    unsure = {**FAILED, "verdict": "Inconclusive"}
    told = _plan_text(Plan(ramps=[ramp_report(**{**QUIET, "judgements": [unsure], "admitted": 1})]))
    assert told[told.index("Ramps") + 2 :] == ["    1 membership goes; nothing waits in 2 groups"]


def test_a_plan_says_what_a_change_of_the_document_does() -> None:
    changed = "its steps changed: it restarts at 100,000; nothing leaves"
    assert f"    {changed}" in _plan_text(Plan(ramps=[ramp_report(changed=changed)]))


def test_groups_that_are_not_named_are_counted() -> None:
    told = _plan_text(Plan(ramps=[ramp_report(groups=9, groups_held=4)]))
    assert "    … and 3 more" in told


def test_a_ramp_that_waits_for_a_person_says_what_to_type() -> None:
    assert "    a person decides: syncramp ramp promote FILE large" in _plan_text(Plan(ramps=[PAUSED]))
    by_hand = replace(PAUSED, pause=PauseReason.GATE.value)
    assert "    a person decides: syncramp ramp resume FILE large" in _plan_text(Plan(ramps=[by_hand]))


def test_a_ramp_of_which_there_is_nothing_to_say_has_one_line() -> None:
    told = _plan_text(Plan(ramps=[ramp_report(phase="Soaking", next_decision="2026-11-28T18:00:00Z", **QUIET)]))
    assert told[told.index("Ramps") + 1 :] == [
        "  large: Soaking at 5, step 1 of 5 up to 20: nothing waits in 2 groups"
    ]


@pytest.mark.parametrize(
    "more",
    [{"admitted": 1}, {"members_waiting": 1}, {"changed": "anew"}, {"notes": {"CN=g": "x"}}, {"phase": "Holding"}],
)
def test_whatever_there_is_to_say_of_a_ramp_is_said(more) -> None:
    told = _plan_text(Plan(ramps=[ramp_report(**{**QUIET, **more})]))
    assert len(told[told.index("Ramps") :]) > 2


def test_a_plan_without_ramps_has_no_block() -> None:
    assert "Ramps" not in _plan_text(Plan())


@pytest.mark.parametrize(
    ("ramp", "told"),
    [
        (
            ramp_report(next_decision="2026-11-28T18:00:00Z", next_ceiling=8),
            (
                "Ramp large: Growing at 5, step 1 of 5 up to 20: 6 memberships wait in 1 of 2 groups "
                "(1 Waiting, 1 Whole); next decision 2026-11-28 18:00 UTC at the earliest, then up to 8"
            ),
        ),
        (
            PAUSED,
            (
                "Ramp large: Paused (PauseStep) at 5, step 3 of 5 up to 20: 6 memberships wait in 1 of 2 groups "
                "(1 Waiting, 1 Whole); syncramp ramp promote FILE large"
            ),
        ),
        (
            ramp_report(phase="Complete", members_waiting=0, groups_held=0, held=[], groups=1),
            "Ramp large: Complete at 5, step 1 of 5 up to 20: nothing waits in 1 group",
        ),
        (
            ramp_report(members_waiting=0, groups=0),
            "Ramp large: Growing at 5, step 1 of 5 up to 20: no group follows it",
        ),
    ],
)
def test_a_run_has_one_line_for_each_ramp(ramp, told) -> None:
    assert [line for line in run_lines(RunReport(ramps=[ramp])) if line.startswith("Ramp")] == [told]


def test_a_ramp_is_the_same_after_it_was_kept() -> None:
    report = RunReport(ramps=[ramp_report(judgements=[FAILED])])
    kept = json.loads(json.dumps(report.as_json()))
    assert list(run_lines(report_from(kept))) == list(run_lines(report))
    assert report_from(kept).ramps[0].held == report.ramps[0].held


def _sheet(ramp) -> Sheet:
    plan = Plan(ramps=[ramp])
    return make_sheet(plan, RunReport(), histogram([]), Outline(1, plan.around, plan.lanes.deletes))


def test_a_comment_and_a_page_have_a_ramp_with_its_groups() -> None:
    ramp = ramp_report(judgements=[FAILED], phase="Holding", notes={"CN=g2": "built-in would match it now"})
    page = markdown(_sheet(ramp))
    assert "<details><summary>Groups that wait for a ramp: 1</summary>" in page
    assert "`large: Holding at 5, step 1 of 5 up to 20; 0 memberships go; 6 memberships wait in 1 of 2 groups" in page
    assert "* Waiting Group `CN=g1`: `9 members (11 people with nested groups), 3 in the cloud" in page
    assert "* Note Group `CN=g2`: `built-in would match it now`" in page
    assert "gate CycleDurationP95 Failed" in html(_sheet(ramp))
    assert '<details class="alarming"' in html(_sheet(ramp))
    assert '<details class="alarming"' not in html(_sheet(ramp_report()))


def test_a_name_of_a_directory_is_text_in_a_comment() -> None:
    hostile = GroupReport("CN=<b>@all</b>\n# x", "a", "Waiting", 9, 3, 6, None, "why", "")
    page = markdown(_sheet(ramp_report(held=[hostile])))
    assert "`CN=<b>@all</b>\\n# x`" in page


ORDER = Order(Command.PROMOTE, "large", "ada", MONDAY, 3)
FULL = ramp_report(
    phase="Soaking",
    built_in=True,
    by="ada",
    soak={
        "elapsed": 50_400.0,
        "duration": 86_400.0,
        "cycles": 2,
        "wantedCycles": 4,
        "businessDays": 0,
        "wantedBusinessDays": 1,
    },
    failures=1,
    judgements=[FAILED, asdict(judgement())],
    next_ceiling=8,
    next_decision="2026-11-17T18:00:00Z",
    eta="2026-12-20T12:00:00Z",
    admitted_today=4_000,
    per_cycle=10_000,
    per_day=50_000,
    notes={"CN=g2": "built-in would match it now"},
    warnings={"CN=g2": "41,000 of 50,000 (members)"},
)


def _status(*ramps, orders=(), changes=(), file="syncconfig.yaml") -> list[str]:
    return list(status_lines(StatusTold(12, MONDAY, ramps, orders, dict(changes)), file))


def test_the_status_of_a_ramp_answers_what_why_when_and_what_to_do() -> None:
    assert _status(FULL, orders=[ORDER], changes={"large": "it starts anew", "old": "it is gone"}) == [
        "Ramp large (Whole, built in): Soaking at 5, step 1 of 5 up to 20",
        "  why            groups grow up to the ceiling (ada)",
        "  next run       it starts anew",
        "  asked          promote at step 3 by ada at 2026-11-16 00:00:00 UTC; the next run follows it",
        "  groups         2 groups: 1 Waiting, 1 Whole",
        "  waiting        6 memberships wait in 1 of 2 groups",
        "  largest        3 members in the cloud",
        "  soak           14h00m of 24h00m, 2 of 4 runs, 0 of 1 business day",
        "  gates          1 Failed, 1 Passed; 1 failure at this step",
        "                 CycleDurationP95 Failed: p95 1,300 s, the limit is 1,260 s (9 cycles)",
        "                 Passed CycleDurationP95 312s (hold 21m00s, abort 30m00s; 9 samples)",
        "  next           2026-11-17 18:00 UTC at the earliest, then up to 8",
        "  complete       2026-12-20 12:00 UTC at the earliest, by the forecast",
        "  budget         4,000 of 50,000 members in the last 24 hours, at most 10,000 a run",
        "  groups waiting Waiting CN=g1: 9 members (11 people with nested groups), 3 in the cloud, 6 wait: 9",
        "                 members do not fit under 5",
        "  note           CN=g2: built-in would match it now",
        "  warning        CN=g2: 41,000 of 50,000 (members)",
        "  do             syncramp ramp pause syncconfig.yaml large (nothing grows until it is resumed)",
        "                 syncramp ramp promote syncconfig.yaml large (ends the step now)",
        "Ramp old: it is gone",
        "",
        "As of run 12 of 2026-11-16 00:00:00 UTC",
    ]


def test_a_paused_ramp_lists_what_to_look_at_and_what_to_type() -> None:
    told = _status(PAUSED, file="my config.yaml")
    assert told[-6:-2] == [
        "  look at        Licences: enough",
        "                 Help desk: quiet",
        "  do             syncramp ramp promote 'my config.yaml' large (goes on)",
        "                 syncramp ramp abort 'my config.yaml' large (nothing grows any more)",
    ]
    assert "  next           it goes on when a person says so, then up to 8" in told


@pytest.mark.parametrize(
    ("phase", "pause", "commands"),
    [
        (Phase.GROWING, "", ["pause", "promote"]),
        (Phase.SOAKING, "", ["pause", "promote"]),
        (Phase.HOLDING, "", ["pause", "promote"]),
        (Phase.PAUSED, "PauseStep", ["promote", "abort"]),
        (Phase.PAUSED, "ManualPause", ["resume", "abort"]),
        (Phase.PAUSED, "GateAborted", ["resume", "abort"]),
        (Phase.PAUSED, "TooManyFailures", ["resume", "abort"]),
        (Phase.ABORTED, "", ["retry", "revert"]),
        (Phase.REVERTING, "", ["retry"]),
        (Phase.COMPLETE, "", []),
    ],
)
def test_every_phase_has_its_commands(phase: Phase, pause: str, commands: list[str]) -> None:
    told = _status(ramp_report(phase=phase.value, pause=pause))
    typed = [line.partition("syncramp ramp ")[2].split() for line in told]
    assert [words[0] for words in typed if words] == commands


def test_what_was_asked_of_a_ramp_that_no_run_told_of_is_told_too() -> None:
    told = list(status_lines(StatusTold(None, None, [], [ORDER]), "f"))
    assert told == [
        "No run has told of ramps yet; syncramp plan shows what they would do.",
        "Ramp large: promote at step 3 by ada at 2026-11-16 00:00:00 UTC; the next run follows it",
    ]
    assert _status()[0] == "No group follows a ramp."


GATE = {
    "gate": "CycleDurationP95",
    "verdict": "Failed",
    "value": 1320.0,
    "unit": "maxDuration",
    "hold": 1260.0,
    "abort": 1800.0,
    "baseline": None,
    "samples": 9,
}
NUMBERS = {
    "phase": "Soaking",
    "groups": 2,
    "waiting": 130_000,
    "soak": {"elapsed": 3_600.0, "duration": 86_400.0},
    "judgements": [GATE, {**GATE, "verdict": "Inconclusive", "value": None, "samples": 1, "abort": None}],
}
DECIDED = Decided(MONDAY, 12, "large", "Held", 1, 8, "", "the cycle takes too long", NUMBERS)


def test_the_history_has_every_decision_with_its_numbers() -> None:
    asked = replace(DECIDED, what="promote", by="ada", reason="", numbers={})
    assert list(history_lines([DECIDED, asked])) == [
        "2026-11-16 00:00:00 UTC  run 12  large: Held at step 2, ceiling 8: the cycle takes too long",
        "    groups 2, waiting 130,000, soak 1h00m of 24h00m",
        "    Failed CycleDurationP95 22m00s (hold 21m00s, abort 30m00s; 9 samples)",
        "    Inconclusive CycleDurationP95 not measured (hold 21m00s; 1 sample)",
        "2026-11-16 00:00:00 UTC  run 12  large: promote by ada at step 2, ceiling 8",
    ]
    assert list(history_lines([])) == ["Nothing was decided yet."]


def test_the_json_holds_the_same() -> None:
    told = json.loads(status_document(StatusTold(12, MONDAY, [FULL], [ORDER])))
    assert (told["version"], told["run"], told["ramps"][0]["name"]) == (1, 12, "large")
    assert told["orders"] == [
        {"command": "promote", "ramp": "large", "by": "ada", "at": MONDAY, "step": 3, "reason": ""}
    ]
    assert json.loads(history_document([(Side.CLOUD, DECIDED)]))["decisions"][0]["numbers"]["waiting"] == 130_000
