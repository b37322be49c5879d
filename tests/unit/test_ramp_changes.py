"""What a change of a document does to ramps under way is told before it happens."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.ramped import STEPS, policy, state
from syncramp.model.ramps import PauseReason, Phase, RampState
from syncramp.ramp.changes import GONE, changes
from syncramp.ramp.steps import digest_of
from syncramp.report.text import plan_lines
from syncramp.spec.ramps import Admit, Soak, Step

POLICY = policy()
OTHER = policy(steps=(*STEPS[:4], Step(16, Soak()), STEPS[4]))


def _kept(**others: object) -> dict[str, RampState]:
    return {"large": replace(state(step=1, ceiling=8), policy=digest_of(POLICY), **others)}


def test_nothing_is_told_of_ramps_that_did_not_change() -> None:
    assert changes((POLICY,), _kept(), {"large": 7}) == {}
    assert changes((POLICY,), {}, {}) == {}


def test_a_change_of_gates_or_budgets_starts_nothing_anew() -> None:
    assert changes((replace(POLICY, per_day=1, failures_before_pause=9),), _kept(), {}) == {}


def test_other_steps_start_a_ramp_anew_never_below_what_is_there() -> None:
    told = "its steps, what it matches, or how it admits changed: it starts anew at step {}, {} (before: step 2, 8); "
    assert changes((OTHER,), _kept(), {"large": 7}) == {
        "large": told.format("2 of 6", "8") + "nobody is taken out",
    }
    assert changes((OTHER,), _kept(), {"large": 13}) == {
        "large": told.format("5 of 6", "16") + "nobody is taken out",
    }


def test_steps_that_lead_over_a_pause_to_a_higher_ceiling_wait_there() -> None:
    lower = policy(steps=(Step(4, Soak()), Step(None), Step(16, Soak())))
    (told,) = changes((lower,), _kept(), {"large": 7}).values()
    assert "it starts anew at step 2 of 3, 7, a pause (before: step 2, 8)" in told


@pytest.mark.parametrize(
    ("others", "stays"),
    [
        ({"phase": Phase.ABORTED}, "; it stays aborted"),
        ({"phase": Phase.PAUSED, "pause": PauseReason.GATE}, "; it stays paused"),
        ({"phase": Phase.PAUSED, "pause": PauseReason.STEP}, ""),
        ({"phase": Phase.SOAKING}, ""),
    ],
)
def test_what_was_stopped_stays_so(others: dict[str, object], stays: str) -> None:
    (told,) = changes((OTHER,), _kept(**others), {}).values()
    assert told.endswith(f"nobody is taken out{stays}")


def test_a_ramp_that_the_document_does_not_have_any_more_is_told() -> None:
    assert changes((replace(POLICY, name="other"),), _kept(), {}) == {"large": GONE}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A ramp of which a run is over: five of nine people are in the group."""
    engine = Engine(tmp_path / "state.db")
    engine.source.add(*map(user, range(1, 10)), group(90))
    engine.source.members[guid(90)] = [user_dn(number) for number in range(1, 10)]
    engine.config = replace(engine.config, ramps=(policy(admit=Admit.MEMBERS),))
    engine.run()
    return engine


def test_a_plan_of_a_document_whose_ramp_changed_says_what_that_does(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=(policy(admit=Admit.MEMBERS, steps=STEPS[1:]),))
    report, plan = engine.run(sends=False)
    told = [line for line in plan_lines(plan, report) if "starts anew" in line]
    anew = "it starts anew at step 1 of 4, 8 (before: step 1, 5); nobody is taken out"
    assert told == [f"    its steps, what it matches, or how it admits changed: {anew}"]
    assert plan.link_removes == 0


def test_a_plan_of_a_document_without_its_ramp_says_so_and_takes_nobody_out(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=())
    report, plan = engine.run(sends=False)
    told = list(plan_lines(plan, report))
    assert told[told.index("Ramps") + 1 :][:2] == ["  large: it was Growing at 5", f"    {GONE}"]
    assert plan.link_removes == 0


def test_it_is_told_once_by_the_run_that_does_it(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=(policy(admit=Admit.MEMBERS, steps=STEPS[1:]),))
    assert "starts anew" in engine.run()[0].ramps[0].changed
    assert engine.run()[0].ramps[0].changed == ""
