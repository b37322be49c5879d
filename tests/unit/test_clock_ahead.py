"""A clock that was far ahead for one run, and is right again: nothing that it dated lasts until that moment."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.clock import Clock
from support.engine import Engine, links
from syncramp.model.measures import Measure
from syncramp.spec.ramps import Admit, RampPolicy, Step

DAY, YEAR = 86_400.0, 365 * 86_400.0
START = 1_772_409_600.0
PEOPLE = range(1, 8)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Seven people in a group that two may come to in a day."""
    made = Engine(tmp_path / "state.db", clock=Clock(START))
    made.source.add(*map(user, PEOPLE), group(101))
    made.source.members[guid(101)] = list(map(user_dn, PEOPLE))
    policy = RampPolicy("mine", (Step(20),), (), min_members=2, admit=Admit.MEMBERS, per_cycle=2, per_day=2)
    made.config = replace(made.config, ramps=(policy,))
    return made


def run(engine: Engine, at: float) -> int:
    """How many links the run at a moment sends."""
    engine.clock.now = at
    before = len(engine.sent)
    engine.run()
    return sum(len(links(obj)) for obj in engine.sent[before:])


def test_a_budget_of_a_day_is_free_again_a_day_after_the_clock_is_right(engine: Engine) -> None:
    assert run(engine, START + YEAR) == 2
    assert run(engine, START) == 0, "what was sent counts, whenever it was"
    assert run(engine, START + DAY - 60) == 0
    assert run(engine, START + DAY + 60) == 2
    assert run(engine, START + DAY + 120) == 0


def test_a_measurement_out_of_the_future_is_the_last_one_of_no_later_run(engine: Engine) -> None:
    run(engine, START + YEAR)
    run(engine, START)
    run(engine, START + 1800)
    with engine.store() as store:
        waiting = [row for row in store.samples.rows(0.0) if row.name == Measure.REMOVAL_WAITING]
        assert [row.at for row in waiting] == [START, START + 1800]
        assert not store.samples.calls(START + 1801), "nor is a call"
