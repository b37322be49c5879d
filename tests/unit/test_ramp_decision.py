"""The state machine of a ramp: every transition that it makes by itself."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.decided import (
    ABORTS,
    DAY,
    FAILED,
    GATE,
    HOUR,
    MONDAY,
    PASSED,
    POLICY,
    UNMEASURED,
    Ramp,
    judgement,
    state_in,
)
from syncramp.model.ramps import Command, Judgement, PauseReason, Phase, RampState, Verdict
from syncramp.ramp.decision import decide, resumed
from syncramp.ramp.findings import LEAST_CYCLES
from syncramp.ramp.steps import Situation, digest_of, first_step
from syncramp.ramp.transitions import TABLE, Event
from syncramp.spec.ramps import Admit, RampPolicy, Soak, Step, built_in

ROOT = Path(__file__).parents[2]


def test_people_who_come_in_every_run_keep_no_ramp_from_soaking() -> None:
    """Two join between runs, and a run takes both: below a ceiling that is full somebody fits all the same."""
    seen = []
    state = None
    for run in range(1, 4):
        fits = 25 if run == 1 else 2
        situation = Situation(1, 5, fits, lambda ceiling, fits=fits: fits, lambda ceiling: 2, exported=True)
        state, _ = decide(POLICY, state, situation, PASSED if run > 1 else (), (), MONDAY + run * HOUR, run, "one")
        seen.append(state.phase)
    assert seen == [Phase.GROWING, Phase.SOAKING, Phase.SOAKING]


def test_a_ramp_grows_soaks_and_goes_on_waits_at_its_pause_and_ends() -> None:
    ramp = Ramp()
    ramp.until(Phase.PAUSED)
    assert (ramp.there, ramp.told) == (20, ["Started", "Soaking", "Promoted", "Soaking", "Promoted", "Paused"])
    for _ in range(100):
        assert ramp.run().phase is Phase.PAUSED
    assert ramp.obey(Command.PROMOTE).phase is Phase.GROWING
    state = ramp.until(Phase.COMPLETE)
    assert (ramp.there, state.step, state.ceiling, state.by) == (25, 3, 30, "")
    assert ramp.told[6:] == ["promote", "Soaking", "Completed"]


def test_weeks_of_the_built_in_ramp_pass_in_a_moment() -> None:
    policy = replace(built_in(timedelta(minutes=30)), gates=(GATE,))
    ramp = Ramp(policy, wanted=250_000, there=50_000)
    start = ramp.now
    ramp.until(Phase.PAUSED)
    assert (ramp.there, ramp.now - start) == (100_000, 51 * HOUR)
    ramp.obey(Command.PROMOTE)
    ramp.until(Phase.COMPLETE, most=600)
    days = (ramp.now - start) / 86_400
    assert (ramp.there, round(days, 1)) == (250_000, 9.3)


def test_a_soak_waits_for_its_runs_and_its_business_days() -> None:
    soak = Soak(timedelta(hours=1), cycles=5, business_days=1)
    ramp = Ramp(replace(POLICY, steps=(Step(10, soak), Step(30, soak))))
    ramp.now += (4 * 24 + 12) * HOUR  # Friday noon
    begun = ramp.until(Phase.SOAKING)
    state = ramp.until(Phase.GROWING)
    assert begun.soaked_from == MONDAY + (4 * 24 + 14) * HOUR
    assert (state.began, state.step) == (MONDAY + (7 * 24 + 18) * HOUR, 1)
    quick = Ramp(replace(POLICY, steps=(Step(10, Soak(cycles=5)), Step(30, soak))))
    begun = quick.until(Phase.SOAKING)
    assert begun.soaked_from and quick.until(Phase.GROWING).began == begun.soaked_from + 5 * HOUR


def test_a_gate_that_fails_holds_the_step_and_begins_the_soak_anew() -> None:
    ramp = Ramp()
    ramp.until(Phase.SOAKING)
    for _ in range(20):
        ramp.run()
    held = ramp.run(FAILED)
    assert (held.phase, held.failures, held.failed, held.by) == (Phase.HOLDING, 1, ("ThrottleShare",), "")
    assert held.window == held.soaked_from == ramp.now and held.reason == "ThrottleShare is 2.0."
    assert ramp.run(UNMEASURED).phase is Phase.HOLDING
    back = ramp.run()
    assert (back.phase, back.soaked_from, back.failures, back.failed) == (Phase.SOAKING, held.soaked_from, 1, ())
    assert [ramp.run().step for _ in range(22)] == [0] * 21 + [1]
    assert ramp.state and ramp.state.failures == 0


def test_nothing_grows_on_while_a_gate_holds_and_it_goes_back_to_growing() -> None:
    ramp = Ramp(wanted=8)
    ramp.run()
    ramp.wanted, ramp.grew = 9, 0
    assert ramp.run(FAILED).phase is Phase.HOLDING
    assert ramp.there == 8
    assert ramp.state and ramp.state.soaked_from is None
    assert ramp.run().phase is Phase.GROWING


def test_gates_that_fail_too_often_pause_for_a_person_who_resumes() -> None:
    ramp = Ramp()
    ramp.run()
    held = ramp.run(FAILED)
    for _ in range(LEAST_CYCLES - 1):
        assert ramp.run(FAILED).failures == 1
    paused = ramp.run(FAILED)
    assert (paused.phase, paused.pause, paused.failures) == (Phase.PAUSED, PauseReason.FAILURES, 2)
    assert paused.window == held.window
    assert ramp.run().phase is Phase.PAUSED
    resumed = ramp.obey(Command.RESUME)
    assert (resumed.phase, resumed.failures, resumed.pause, resumed.by) == (Phase.SOAKING, 0, None, "Ann")
    assert resumed.window == resumed.soaked_from == ramp.now


def test_a_gate_at_its_abort_value_pauses_at_once() -> None:
    ramp = Ramp()
    ramp.run()
    state = ramp.run(ABORTS)
    assert (state.phase, state.pause, state.reason) == (Phase.PAUSED, PauseReason.GATE, "ThrottleShare is 9.0.")
    assert ramp.rows[-1].numbers["judgements"][0]["value"] == 9.0


def test_every_gate_that_failed_must_pass_before_it_goes_on() -> None:
    other = "ErrorRate"
    ramp = Ramp(replace(POLICY, gates=(GATE, GATE)))
    ramp.run(())
    ramp.run((judgement(Verdict.FAILED), judgement(metric=other)))
    assert ramp.run((judgement(), judgement(Verdict.FAILED, metric=other))).failed == (other, "ThrottleShare")
    assert ramp.run((judgement(), judgement(Verdict.ERROR, metric=other))).phase is Phase.HOLDING
    assert ramp.run((judgement(), judgement(metric=other))).phase is not Phase.HOLDING


def test_a_gate_that_the_document_switched_off_holds_nothing_any_more() -> None:
    ramp = Ramp(replace(POLICY, gates=(GATE, GATE)))
    ramp.run(())
    ramp.run((judgement(Verdict.FAILED), judgement(metric="ErrorRate")))
    ramp.policy = POLICY
    assert ramp.run((judgement(metric="ErrorRate"),)).phase is Phase.SOAKING


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.ERROR])
def test_what_was_not_measured_never_ends_a_step(verdict: Verdict) -> None:
    ramp = Ramp()
    for _ in range(100):
        state = ramp.run((judgement(verdict),))
    assert (state.phase, state.step, ramp.there) == (Phase.SOAKING, 0, 10)
    for _ in range(100):
        state = ramp.run(())
    assert (state.phase, state.step) == (Phase.SOAKING, 0)


def test_a_step_under_which_nobody_fits_is_passed_at_once_and_a_pause_is_not() -> None:
    whole = RampPolicy("whole", POLICY.steps, ())
    situation = Situation(1, 0, 25, lambda ceiling: 25 if ceiling >= 25 else 0)
    state, rows = decide(whole, None, situation, (), (), MONDAY, 1, "one")
    assert [row.what for row in rows] == ["Started", "Skipped", "Skipped", "Paused"]
    assert (state.phase, state.pause, state.step, state.ceiling) == (Phase.PAUSED, PauseReason.STEP, 2, 20)
    assert [(row.step, row.ceiling) for row in rows] == [(0, 10), (0, 10), (1, 20), (2, 20)]


def test_a_ramp_is_complete_when_nobody_waits_whom_a_later_step_could_admit() -> None:
    for admissible, phase in ((lambda _: 0, Phase.COMPLETE), (lambda _: 3, Phase.GROWING)):
        state, _ = decide(POLICY, None, Situation(1, 9, 3, admissible), (), (), MONDAY, 1, "one")
        assert (state.phase, state.step) == (phase, 0)


def test_a_complete_ramp_goes_on_where_it_is_when_somebody_waits_for_a_later_step() -> None:
    ramp = Ramp(wanted=9)
    complete = ramp.until(Phase.COMPLETE)
    ramp.wanted, ramp.passes = 10, True
    assert ramp.run().phase is Phase.COMPLETE and ramp.there == 10
    ramp.wanted = 15
    state = ramp.run()
    assert (ramp.told[-2:], state.step, complete.step) == (["Reopened", "Promoted"], 1, 0)
    unmeasured = Ramp(wanted=9)
    unmeasured.until(Phase.COMPLETE)
    unmeasured.wanted, unmeasured.passes = 15, True
    assert unmeasured.run(UNMEASURED).phase is Phase.SOAKING


def test_a_complete_ramp_hears_gates_before_a_large_group_comes_below_its_ceiling() -> None:
    ceiling = Step(1000, DAY)
    policy = replace(POLICY, steps=(ceiling,))
    complete = replace(state_in(Phase.COMPLETE), ceiling=1000, policy="one")

    def decided(waiting: int, judgements: tuple[Judgement, ...], passing: int = 0) -> RampState:
        situation = Situation(2, 900, waiting, lambda _: waiting, lambda _: passing)
        return decide(policy, complete, situation, judgements, (), MONDAY, 9, "one")[0]

    assert decided(10, FAILED).phase is Phase.COMPLETE and decided(500, FAILED, 490).phase is Phase.COMPLETE
    assert decided(11, FAILED).phase is Phase.HOLDING
    grown = decided(11, PASSED)
    assert (grown.phase, grown.soaked_from) == (Phase.GROWING, None)


def test_a_large_group_that_comes_during_a_soak_begins_it_anew() -> None:
    policy = replace(POLICY, steps=(Step(1000, DAY), Step(2000, DAY)))
    soaking = replace(state_in(Phase.SOAKING), ceiling=1000, cycles=30, runs=30)

    def decided(waiting: int, now: float = 30 * HOUR, state: RampState = soaking) -> RampState:
        situation = Situation(2, 900, waiting, lambda ceiling: waiting + (ceiling > 1000), lambda _: 0)
        return decide(policy, state, situation, PASSED, (), now, 9, "one")[0]

    assert decided(10).step == 1, "people come and go, and the soak is over"
    grown = decided(11)
    assert (grown.phase, grown.step, grown.soaked_from, grown.cycles) == (Phase.GROWING, 0, None, 0)
    again = decided(0, 31 * HOUR, grown)
    assert (again.phase, again.soaked_from) == (Phase.SOAKING, 31 * HOUR)
    assert decided(0, 54 * HOUR, again).step == 0 and decided(0, 55 * HOUR, again).step == 1


def test_another_policy_begins_anew_and_never_below_what_is_there() -> None:
    ramp = Ramp()
    ramp.until(Phase.PAUSED)
    ramp.policy = replace(POLICY, steps=(Step(5), Step(18), Step(None), Step(40, DAY)))
    state = ramp.run(digest="two")
    assert (state.step, state.ceiling, state.phase, state.policy) == (2, 20, Phase.PAUSED, "two")
    state = ramp.run(PASSED, ramp.say(Command.PROMOTE), digest="two")
    assert (state.step, state.ceiling, state.phase) == (3, 40, Phase.GROWING)
    ramp.policy = replace(POLICY, steps=(Step(5, DAY), Step(12, DAY)))
    state = ramp.run(digest="three")
    assert (state.step, state.ceiling, ramp.there) == (1, 12, 25)


def test_a_pause_before_every_ceiling_lets_nothing_begin_without_a_person() -> None:
    ramp = Ramp(replace(POLICY, steps=(Step(None), Step(10, DAY), Step(30, DAY))), there=4)
    state = ramp.run()
    assert (state.phase, state.pause, state.ceiling, ramp.there) == (Phase.PAUSED, PauseReason.STEP, 4, 4)
    assert ramp.obey(Command.PROMOTE).ceiling == 10 and ramp.there == 10


def test_a_ramp_that_a_gate_paused_and_whose_policy_begins_with_a_pause_waits_there_once_it_is_resumed() -> None:
    ramp = Ramp()
    ramp.run()
    assert ramp.run(ABORTS).pause is PauseReason.GATE
    ramp.policy, ramp.there = replace(POLICY, steps=(Step(None), Step(30, DAY))), 0
    assert ramp.run(digest="two").pause is PauseReason.GATE
    assert ramp.run(PASSED, ramp.say(Command.RESUME), digest="two").pause is PauseReason.STEP
    assert ramp.run(PASSED, ramp.say(Command.PROMOTE), digest="two").phase is Phase.GROWING


def test_pauses_that_the_largest_group_is_behind_are_passed() -> None:
    assert [first_step(POLICY, largest) for largest in (0, 10, 11, 20, 21, 30, 99)] == [0, 0, 1, 1, 3, 3, 3]


@pytest.mark.parametrize("ceilings", [(5, 8, None, 30), (5, None, None, 30)])
def test_an_edit_that_lowers_ceilings_lets_nobody_past_a_pause(ceilings: tuple[int | None, ...]) -> None:
    ramp = Ramp()
    ramp.run()
    steps = tuple(Step(ceiling) if ceiling is None else Step(ceiling, DAY) for ceiling in ceilings)
    ramp.policy = replace(POLICY, steps=steps)
    for _ in range(100):
        state = ramp.run(digest="two")
        assert (state.phase, state.pause, ramp.there) == (Phase.PAUSED, PauseReason.STEP, 10)
    for _ in range(ceilings.count(None)):
        state = ramp.run(PASSED, ramp.say(Command.PROMOTE), digest="two")
    assert (state.phase, state.ceiling) == (Phase.GROWING, 30)


def test_an_edit_of_steps_keeps_what_a_person_let_past_a_pause() -> None:
    ramp = Ramp()
    ramp.until(Phase.PAUSED)
    assert ramp.obey(Command.PROMOTE).ceiling == 30
    ramp.policy, ramp.there = replace(POLICY, steps=(Step(10, DAY), Step(None), Step(30, Soak(cycles=3)))), 20
    state = ramp.run(digest="two")
    assert (state.phase, state.ceiling) == (Phase.GROWING, 30)


def test_a_state_and_a_decision_are_plain_data() -> None:
    ramp = Ramp()
    ramp.run()
    state = ramp.run(FAILED)
    assert RampState.from_json(json.loads(json.dumps(state.as_json()))) == state
    assert json.loads(json.dumps(dict(ramp.rows[-1].numbers)))["soak"]["wantedCycles"] == 0


def test_the_page_has_the_whole_table() -> None:
    text = (ROOT / "docs" / "ramps.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (.+) \| (.+) \| (.+) \|$", text.partition("| when | in phase | it becomes |")[2], re.MULTILINE
    )
    told = {pair: frozenset[Phase]() for pair in TABLE}
    for event, phases, outcomes in rows:
        for phase in phases.split(", "):
            pair = (Phase(phase.strip("`")), Event(event.strip("`")))
            assert not told[pair]
            told[pair] = frozenset(Phase(outcome.strip("`")) for outcome in outcomes.split(", "))
    assert told == dict(TABLE)


@pytest.mark.parametrize(
    ("phase", "pause", "largest", "step", "after"),
    [
        (Phase.SOAKING, None, 5, 1, Phase.GROWING),
        (Phase.COMPLETE, None, 5, 1, Phase.GROWING),
        (Phase.HOLDING, None, 5, 1, Phase.HOLDING),
        (Phase.PAUSED, PauseReason.GATE, 5, 1, Phase.PAUSED),
        (Phase.SOAKING, None, 25, 3, Phase.GROWING),
        (Phase.PAUSED, PauseReason.STEP, 25, 3, Phase.GROWING),
        (Phase.PAUSED, PauseReason.MANUAL, 25, 3, Phase.PAUSED),
        (Phase.ABORTED, None, 25, 3, Phase.ABORTED),
        (Phase.REVERTING, None, 25, 3, Phase.REVERTING),
    ],
)
def test_a_state_out_of_a_snapshot_goes_on_at_its_step_or_where_the_tenant_is(
    phase: Phase, pause: PauseReason | None, largest: int, step: int, after: Phase
) -> None:
    kept = replace(state_in(phase, pause, 1), policy=digest_of(POLICY), ceiling=20, grew=5, cycles=3, runs=2)
    state = resumed(POLICY, kept, largest, 99.0)
    assert (state.phase, state.step, state.ceiling) == (after, step, POLICY.steps[step].ceiling)
    assert (state.pause is pause) == (after is phase) or state.pause is None
    assert (state.began, state.window, state.soaked_from) == (99.0, 99.0, None)
    assert (state.cycles, state.runs, state.grew) == (0, 0, 0)


def test_a_state_of_another_policy_is_begun_anew_by_the_next_run() -> None:
    kept = state_in(Phase.SOAKING)
    assert resumed(POLICY, kept, 25, 99.0) is kept


def test_a_ramp_that_holds_does_not_go_on_because_nothing_was_asked() -> None:
    ramp = Ramp()
    ramp.run()
    ramp.run(FAILED)
    assert ramp.run(()).phase is Phase.HOLDING


def test_a_pause_before_every_ceiling_shows_no_ceiling_above_the_first() -> None:
    ramp = Ramp(replace(POLICY, steps=(Step(None), Step(10, DAY))), wanted=25, there=25)
    assert (ramp.run().ceiling, ramp.obey(Command.PROMOTE).ceiling) == (10, 10)


@pytest.mark.parametrize("phase", [Phase.GROWING, Phase.SOAKING, Phase.HOLDING])
def test_a_clock_that_was_ahead_for_a_run_keeps_no_ramp_waiting_for_years(phase: Phase) -> None:
    ramp, year = Ramp(), 365 * 24 * HOUR
    ramp.run(after=year)
    if phase is not Phase.GROWING:
        ramp.run()
        assert ramp.run(FAILED if phase is Phase.HOLDING else PASSED).phase is phase
    state = ramp.run(after=-year)
    assert max(state.began, state.window, state.soaked_from or 0.0) <= ramp.now
    assert state.step == 0, "nothing of that year counts"
    assert ramp.until(Phase.PAUSED, most=24 * 4).pause is PauseReason.STEP


def test_links_that_the_service_refused_keep_no_ramp_from_soaking() -> None:
    grown, _ = decide(POLICY, None, Situation(1, 5, 9, lambda ceiling: 2), (), (), MONDAY, 1, "one")
    refused = Situation(1, 5, 9, lambda ceiling: 2, refused=2)
    assert grown.phase is Phase.GROWING
    assert decide(POLICY, grown, refused, (), (), MONDAY + HOUR, 2, "one")[0].phase is Phase.SOAKING
    one_more = Situation(1, 5, 9, lambda ceiling: 3, refused=2)
    assert decide(POLICY, grown, one_more, (), (), MONDAY + HOUR, 2, "one")[0].phase is Phase.GROWING


def test_what_a_ramp_does_is_in_its_digest_and_how_it_is_judged_is_not() -> None:
    bound = (
        {"min_members": 5},
        {"where": "true"},
        {"admit": Admit.NOW},
        {"order": "1"},
        {"steps": POLICY.steps[:2]},
        {"steps": (Step(10, Soak(timedelta(hours=24), cycles=1)), *POLICY.steps[1:])},
        {"steps": (Step(10, Soak(timedelta(hours=24), business_days=1)), *POLICY.steps[1:])},
    )
    digests = {digest_of(replace(POLICY, **change)) for change in ({}, *bound)}
    assert len(digests) == 1 + len(bound)
    free = replace(POLICY, gates=(), per_cycle=1, per_day=2, groups_per_cycle=3, failures_before_pause=4)
    assert digest_of(free) == digest_of(POLICY)
