"""An explanation of somebody who waits for a ramp says for which, why, and at which place."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.explained import explained, lines, the_group
from support.ramped import STEPS, policy
from syncramp.model.ramps import Command, Order
from syncramp.ramp.people import place
from syncramp.spec.ramps import Admit

PEOPLE = range(1, 10)
ALL = 90


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Nine people in one group."""
    engine = Engine(tmp_path / "state.db")
    engine.source.add(*map(user, PEOPLE), group(ALL))
    engine.source.members[guid(ALL)] = [user_dn(number) for number in PEOPLE]
    return engine


def _follow(engine: Engine, admit: Admit, **others: object) -> None:
    engine.config = replace(engine.config, ramps=(policy(admit=admit, **others),))


def test_a_member_who_waits_is_told_the_ramp_the_step_and_the_place(engine: Engine) -> None:
    _follow(engine, Admit.MEMBERS)
    engine.run()
    waiting = [number for number in PEOPLE if not the_group(explained(engine, user_dn(number))).possible]
    told = [the_group(explained(engine, user_dn(number))) for number in waiting]
    assert len(told) == 4
    assert {(each.state, each.hold) for each in told} == {("the addition is held", "Ramp")}
    assert all("ramp large, step 1 of 5: it would have 9 members, the ceiling is 5" in each.reason for each in told)
    places = sorted(each.reason.partition("number ")[2].partition(" who")[0] for each in told)
    assert places == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    assert "at most 10,000 come in a run and 50,000 in a day" in told[0].reason


def test_who_comes_in_the_next_run_stands_in_no_queue(engine: Engine) -> None:
    _follow(engine, Admit.MEMBERS)
    engine.run(sends=False)
    told = [the_group(explained(engine, user_dn(number))) for number in PEOPLE]
    assert sorted(each.hold for each in told) == [""] * 5 + ["Ramp"] * 4
    assert all(" of 4 who wait for this group" in each.reason for each in told if each.hold)


def test_a_member_of_a_group_that_comes_whole_is_told_what_the_group_lacks(engine: Engine) -> None:
    _follow(engine, Admit.WHOLE, steps=STEPS[:1])
    engine.run()
    told = the_group(explained(engine, user_dn(1)))
    assert (told.state, told.hold) == ("the addition is held", "Ramp")
    assert "it would have 9 members, the ceiling is 5, and it comes whole" in told.reason
    assert "number" not in told.reason


def test_who_waits_because_the_group_is_too_large_is_told_no_place(engine: Engine) -> None:
    _follow(engine, Admit.MEMBERS)
    engine.config = replace(engine.config, max_members=7)
    engine.run()
    told = the_group(explained(engine, user_dn(1)))
    assert (told.hold, told.reason) == ("TooManyMembers", "it would have 9 members, groups.maxMembers is 7")


def test_a_group_is_told_its_ramp_its_phase_and_its_sizes(engine: Engine) -> None:
    _follow(engine, Admit.MEMBERS)
    engine.run()
    told = explained(engine, group(ALL).dn).ramp
    assert told is not None
    assert (told.name, told.admit, told.phase, told.ceiling) == ("large", "Members", "Growing", 5)
    assert (told.group.phase, told.group.members, told.group.there, told.group.waiting) == ("Waiting", 9, 5, 4)
    text = lines(engine, group(ALL).dn)
    at = text.index("Ramp large (Members): Growing at 5, step 1 of 5 up to 20")
    assert text[at + 2].startswith("  this group     Waiting: 9 members, 5 in the cloud, 4 wait: ramp large, step 1")


def test_an_explanation_goes_by_the_state_that_the_last_run_left(engine: Engine) -> None:
    _follow(engine, Admit.MEMBERS)
    engine.run()
    with engine.store() as store:
        store.ramp_states.give(Order(Command.PAUSE, "large", "ada", 0.0))
    engine.run()
    told = explained(engine, group(ALL).dn).ramp
    assert told is not None
    assert (told.phase, told.next_decision) == ("Paused", "")
    assert "is paused" in told.group.reason


def test_before_the_first_run_that_exports_a_ramp_stands_where_it_would_start(engine: Engine) -> None:
    _follow(engine, Admit.WHOLE)
    engine.run(sends=False)
    told = explained(engine, group(ALL).dn).ramp
    assert told is not None
    assert (told.phase, told.step, told.group.phase) == ("Growing", 1, "Absent")


def test_a_group_that_follows_no_ramp_has_none(engine: Engine) -> None:
    engine.run()
    assert explained(engine, group(ALL).dn).ramp is None
    assert explained(engine, user_dn(1)).ramp is None


@given(st.sets(st.integers(0, 50), min_size=1), st.data())
def test_everybody_of_a_queue_has_a_place_of_their_own(people: set[int], data: st.DataObject) -> None:
    queue = BitMap(people)
    first = BitMap(data.draw(st.sets(st.sampled_from(sorted(people)))))
    order = [first] if first else []
    places = {person: place(person, queue, order) for person in people}
    assert sorted(places.values()) == list(range(1, len(people) + 1))
    assert all(places[one] < places[other] for one in first for other in people - set(first))
