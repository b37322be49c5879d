"""What holds of a ramp however it goes: random policies, gates, commands, desires and clocks."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from support.decided import ABORTS, FAILED, GATE, HOUR, PASSED, UNMEASURED, Ramp
from syncramp.model.ramps import Command, Judgement, PauseReason, Phase, RampState, Verdict
from syncramp.spec.ramps import RampPolicy, Soak, Step

soaks = st.builds(
    Soak, st.integers(0, 60).map(lambda hours: timedelta(hours=hours)), st.integers(0, 5), st.integers(0, 1)
)
policies = st.lists(
    st.tuples(st.integers(1, 40), soaks, st.booleans()), min_size=1, max_size=5, unique_by=lambda step: step[0]
).map(
    lambda steps: RampPolicy(
        "large",
        tuple(
            each
            for ceiling, soak, pause in sorted(steps, key=lambda step: step[0])
            for each in ((Step(None),) if pause else ()) + (Step(ceiling, soak),)
        ),
        (GATE,),
    )
)
events = st.tuples(
    st.sampled_from([PASSED, PASSED, PASSED, FAILED, ABORTS, UNMEASURED, ()]),
    st.lists(st.sampled_from(Command), max_size=1),
    st.integers(1, 72),
    st.integers(-3, 8),
)


@settings(max_examples=150)
@given(policy=policies, there=st.integers(0, 45), steps=st.lists(events, max_size=40))
def test_however_a_ramp_goes(
    policy: RampPolicy, there: int, steps: list[tuple[tuple[Judgement, ...], list[Command], int, int]]
) -> None:
    ramp = Ramp(policy, wanted=there, there=there)
    before: RampState | None = None
    for judgements, commands, hours, more in steps:
        ramp.wanted = max(0, ramp.wanted + more)
        was = ramp.there
        ramp.there = min(was, ramp.wanted)  # who is not wanted any more leaves at once
        number = len(ramp.rows)
        state = ramp.run(judgements, *map(ramp.say, commands), after=hours * HOUR)
        rows = ramp.rows[number:]
        assert ramp.there <= max(was, state.ceiling)
        if before is None:
            before = state
            continue
        assert state.ceiling >= before.ceiling and state.step >= before.step
        moved = [row for row in rows if row.what in ("Promoted", "promote", "promote-full", "Skipped")]
        assert (state.step > before.step) <= bool(moved)
        if not commands and not all(one.verdict is Verdict.PASSED for one in judgements or UNMEASURED):
            assert state.step == before.step
        for row in rows:
            if row.what == "Promoted":
                assert row.step == before.step + 1
                assert all(one["verdict"] == "Passed" for one in row.numbers["judgements"])
                soak = row.numbers["soak"]
                assert soak["elapsed"] >= soak["duration"] and soak["cycles"] >= soak["wantedCycles"]
        for first, second in pairwise(row.step for row in rows):
            assert second - first in (0, 1) or Command.PROMOTE_FULL in commands
        if state.phase in (Phase.HOLDING, Phase.PAUSED, Phase.ABORTED, Phase.REVERTING):
            assert ramp.grew == 0
        before = state


@settings(max_examples=60)
@given(policy=policies, there=st.integers(0, 45), wanted=st.integers(0, 60))
def test_with_gates_that_pass_and_a_person_at_pauses_everybody_who_fits_arrives(
    policy: RampPolicy, there: int, wanted: int
) -> None:
    ramp = Ramp(policy, wanted=max(there, wanted), there=there)
    for _ in range(60):
        state = ramp.run(after=50 * HOUR)
        if state.pause is PauseReason.STEP:
            state = ramp.obey(Command.PROMOTE)
    assert state.phase is Phase.COMPLETE
    assert ramp.there == max(there, min(ramp.wanted, policy.target))
