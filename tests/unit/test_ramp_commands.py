"""What a person says to a ramp: what is followed, what is refused, and what stays."""

from dataclasses import replace

import pytest

from support.decided import ABORTS, FAILED, HOUR, PASSED, POLICY, UNMEASURED, Ramp, state_in
from syncramp.model.ramps import Command, Order, PauseReason, Phase
from syncramp.ramp.commands import expected, refusal, settled
from syncramp.ramp.decision import decide
from syncramp.ramp.steps import Situation
from syncramp.ramp.transitions import TABLE, Event
from syncramp.spec.ramps import Admit


def test_a_person_promotes_over_gates_and_only_the_step_that_is_meant() -> None:
    ramp = Ramp()
    ramp.run()
    state = ramp.run(ABORTS, ramp.say(Command.PROMOTE, 1))
    assert (state.phase, state.step, state.by) == (Phase.GROWING, 1, "Ann")
    state = ramp.run(PASSED, ramp.say(Command.PROMOTE, 1))
    assert state.step == 1 and ramp.rows[-2].what == "Refused"
    assert "meant for step 1, and the ramp is at step 2" in ramp.rows[-2].reason
    assert ramp.obey(Command.PROMOTE_FULL).step == 3 and ramp.there == 25


def test_commands_are_followed_in_the_order_in_which_they_were_given() -> None:
    ramp = Ramp()
    ramp.run()
    state = ramp.run(PASSED, *map(ramp.say, (Command.PAUSE, Command.RESUME, Command.ABORT, Command.RETRY)))
    assert (state.phase, ramp.told[-4:]) == (Phase.SOAKING, ["pause", "resume", "abort", "retry"])
    assert all(row.by == "Ann" for row in ramp.rows[-4:])


def test_what_a_person_said_is_not_why_a_ramp_soaks_later() -> None:
    ramp = Ramp()
    ramp.run()
    assert ramp.obey(Command.PROMOTE).by == "Ann"
    state = ramp.until(Phase.SOAKING)
    assert (state.phase, state.step, state.by) == (Phase.SOAKING, 1, "")


def test_a_ramp_whose_groups_never_wait_is_complete_at_once_and_hears_neither_gates_nor_brakes() -> None:
    ramp = Ramp(replace(POLICY, admit=Admit.NOW))
    for judgements in (FAILED, ABORTS, UNMEASURED, PASSED) * 5:
        state = ramp.run(judgements, ramp.say(Command.PAUSE), ramp.say(Command.ABORT), ramp.say(Command.PROMOTE))
        assert (state.phase, state.step, state.ceiling, state.judgements) == (Phase.COMPLETE, 3, 30, ())
    assert ramp.told.count("Completed") == 1 and "never wait" in refusal(ramp.policy, None, Command.PAUSE)
    assert ramp.obey(Command.REVERT).phase is Phase.REVERTING and ramp.run(ABORTS).phase is Phase.REVERTING
    assert ramp.obey(Command.RETRY).phase is Phase.COMPLETE


@pytest.mark.parametrize("phase", Phase)
def test_what_does_not_wait_any_more_under_another_policy_is_complete_unless_it_was_stopped(phase: Phase) -> None:
    policy = replace(POLICY, admit=Admit.NOW)
    state, _ = decide(policy, state_in(phase), Situation(1, 0, 25, lambda _: 25), PASSED, (), 5.0, 2, "two")
    stopped = phase in (Phase.ABORTED, Phase.REVERTING, Phase.PAUSED)
    assert state.phase is (phase if stopped else Phase.COMPLETE)
    after, _ = decide(
        policy,
        state,
        Situation(1, 0, 25, lambda _: 25),
        (),
        [Order(Command.RESUME, "large", "Ann", 0.0)],
        6.0,
        3,
        "two",
    )
    assert phase is not Phase.PAUSED or after.phase is Phase.COMPLETE


def test_a_retry_at_a_pause_is_paused_again() -> None:
    ramp = Ramp()
    ramp.until(Phase.PAUSED)
    ramp.obey(Command.ABORT)
    state = ramp.obey(Command.RETRY)
    assert (state.phase, state.pause, state.step) == (Phase.PAUSED, PauseReason.STEP, 2)


def test_an_aborted_ramp_never_moves_by_itself() -> None:
    ramp = Ramp()
    ramp.run()
    ramp.obey(Command.ABORT)
    rows = len(ramp.rows)
    for judgements in (PASSED, FAILED, ABORTS, UNMEASURED) * 20:
        assert ramp.run(judgements, after=24 * HOUR).phase is Phase.ABORTED
    assert len(ramp.rows) == rows and ramp.there == 10


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", Command)
def test_a_command_is_followed_where_the_table_says_so_and_else_refused_with_a_remedy(
    phase: Phase, command: Command
) -> None:
    state = state_in(phase)
    why = settled(POLICY, state, command) or refusal(POLICY, state, command)
    situation = Situation(1, 0, 25, lambda ceiling: min(ceiling, 25))
    after, rows = decide(POLICY, state, situation, (), [Order(command, "large", "Ann", 0.0)], 5.0, 2, "one")
    outcomes = TABLE[phase, Event(command.value)]
    assert bool(outcomes) == (not why)
    assert rows[0].what == (command.value if outcomes else "Refused") and rows[0].by == "Ann"
    assert "; " in why or "already" in why or not why
    if outcomes:
        first = expected(POLICY, state, [Order(command, "large", "Ann", 0.0)])
        assert first and {first.phase, after.phase} <= outcomes | {Phase.SOAKING}


def test_a_command_may_come_before_the_first_run() -> None:
    assert not refusal(POLICY, None, Command.PAUSE) and not refusal(POLICY, None, Command.ABORT, 1)
    assert "no run has started" in refusal(POLICY, None, Command.PROMOTE)
    ramp = Ramp()
    assert ramp.obey(Command.PAUSE).phase is Phase.PAUSED and ramp.there == 0


@pytest.mark.parametrize("command", [Command.PAUSE, Command.ABORT, Command.REVERT])
def test_what_a_person_stopped_stays_stopped_under_another_policy(command: Command) -> None:
    ramp = Ramp()
    ramp.run()
    phase = ramp.obey(command).phase
    state = ramp.run(digest="two")
    assert (state.phase, state.by, state.policy, ramp.told[-1]) == (phase, "Ann", "two", "Started")
    there = ramp.there
    ramp.run(digest="two")
    assert ramp.there == there


@pytest.mark.parametrize(
    ("command", "why"),
    [(Command.PROMOTE, "nothing comes after it"), (Command.PROMOTE_FULL, "at its last step already")],
)
def test_at_the_end_nothing_is_promoted(command: Command, why: str) -> None:
    ramp = Ramp(wanted=30)
    ramp.until(Phase.PAUSED)
    ramp.obey(Command.PROMOTE)
    before = ramp.until(Phase.COMPLETE)
    after = ramp.obey(command)
    assert (after.phase, after.began, ramp.rows[-1].what) == (Phase.COMPLETE, before.began, "Refused")
    assert why in ramp.rows[-1].reason
