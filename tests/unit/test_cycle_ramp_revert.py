"""Stops of a ramp: what a person froze stays so, and a revert leads back to who was there before, if approved."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from syncramp.model.holds import Hold
from syncramp.model.ramps import Command, Order, Phase
from syncramp.spec.failsafe import Failsafe, RemovalLimits
from syncramp.spec.ramps import Admit, RampPolicy, Soak, Step

GROUP = 501
FIRST = range(1, 4)
PEOPLE = range(1, 13)
HOUR = Soak(timedelta(hours=1))
RAMP = RampPolicy("small", (Step(8, HOUR), Step(None), Step(20, HOUR)), (), min_members=5, admit=Admit.MEMBERS)


class Time:
    """A clock that a test moves."""

    now = 1_772_409_600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A group of three in the cloud; no guard minds what leaves it."""
    made = Engine(tmp_path / "state.db", clock=Time())
    limits = RemovalLimits(per_group=100, emptied_above=100, percent=Decimal(100), percent_of_all=Decimal(100))
    made.config = replace(made.config, ramps=(RAMP,), failsafe=Failsafe(member_removals=limits))
    made.source.add(*map(user, PEOPLE), group(GROUP))
    wants(made, FIRST)
    made.settle()
    return made


def wants(engine: Engine, numbers: Iterable[int]) -> None:
    engine.source.members[guid(GROUP)] = [user_dn(number) for number in numbers]


def runs(engine: Engine, number: int = 1) -> None:
    for _ in range(number):
        assert isinstance(engine.clock, Time)
        engine.clock.now += 3600
        engine.run()


def say(engine: Engine, command: Command) -> None:
    with engine.store() as store:
        store.ramp_states.give(Order(command, "small", "Ann", engine.clock()))


def there(engine: Engine) -> set[int]:
    """Who is in the group, as the cloud has it."""
    held = engine.cloud.links.get(engine.anchor(group(GROUP)), set())
    return {number for number in PEOPLE if engine.anchor(user(number)) in held}


def phase(engine: Engine) -> Phase:
    with engine.store() as store:
        return store.ramp_states.all()["small"].phase


def grown(engine: Engine) -> set[int]:
    """The group grows to the ceiling of its first step."""
    wants(engine, PEOPLE)
    runs(engine)
    found = there(engine)
    assert len(found) == 8 and found > set(FIRST)
    return found


def test_a_revert_leads_back_to_the_members_of_before_once_somebody_approves(engine: Engine) -> None:
    grown(engine)
    say(engine, Command.REVERT)
    runs(engine)
    assert (phase(engine), len(there(engine))) == (Phase.REVERTING, 8)
    report, _ = engine.run()
    assert report.holds[Hold.REVERT.value] == 5
    engine.approve()
    runs(engine, 2)
    assert there(engine) == set(FIRST)
    runs(engine, 5)
    assert there(engine) == set(FIRST)


def test_a_retry_after_a_revert_grows_again(engine: Engine) -> None:
    before = grown(engine)
    say(engine, Command.REVERT)
    runs(engine)
    engine.approve()
    runs(engine, 2)
    assert there(engine) == set(FIRST)
    say(engine, Command.RETRY)
    runs(engine)
    assert there(engine) == before
    runs(engine, 5)
    say(engine, Command.PROMOTE)
    runs(engine, 3)
    assert there(engine) == set(PEOPLE)


def test_a_group_that_was_not_there_is_emptied_and_stays(engine: Engine) -> None:
    engine.source.add(group(502))
    engine.source.members[guid(502)] = [user_dn(number) for number in range(1, 7)]
    anchor = engine.anchor(group(502))
    runs(engine)
    assert len(engine.cloud.links[anchor]) == 6
    say(engine, Command.REVERT)
    runs(engine)
    engine.approve()
    runs(engine, 3)
    assert anchor in engine.cloud.objects and not engine.cloud.links[anchor]


def test_whom_the_directory_removes_leaves_at_once_from_a_ramp_that_is_stopped(engine: Engine) -> None:
    for command in (Command.PAUSE, Command.ABORT, Command.REVERT):
        wants(engine, PEOPLE)
        runs(engine)
        say(engine, command)
        runs(engine)
        gone = max(there(engine) - set(FIRST))
        wants(engine, set(PEOPLE) - {gone})
        runs(engine)
        assert gone not in there(engine), command
        say(engine, Command.RESUME if command is Command.PAUSE else Command.RETRY)


@pytest.mark.parametrize("command", [Command.PAUSE, Command.ABORT])
def test_a_ramp_that_is_stopped_adds_and_removes_nobody(engine: Engine, command: Command) -> None:
    before = grown(engine)
    say(engine, command)
    runs(engine, 5)
    assert there(engine) == before
    say(engine, Command.RESUME if command is Command.PAUSE else Command.RETRY)
    runs(engine, 5)
    say(engine, Command.PROMOTE)
    runs(engine, 3)
    assert there(engine) == set(PEOPLE)


def test_a_revert_keeps_no_leaver_waiting_neither_by_a_guard_nor_by_its_place(engine: Engine) -> None:
    came = grown(engine) - set(FIRST)
    engine.source.add(group(502))
    engine.source.members[guid(502)] = [user_dn(1), user_dn(2)]
    runs(engine)
    limits = RemovalLimits(per_group=4, emptied_above=100, percent=Decimal(100), percent_of_all=Decimal(100))
    engine.config = replace(engine.config, failsafe=Failsafe(member_removals=limits))
    say(engine, Command.REVERT)
    runs(engine)
    engine.approve()
    wants(engine, set(PEOPLE) - {3})
    engine.source.members[guid(502)].remove(user_dn(1))
    before = len(engine.sent)
    runs(engine)
    assert there(engine) == {1, 2}
    numbers = {engine.anchor(user(number)): number for number in PEOPLE}
    sent = [[numbers[link.anchor] for link in obj.values["member"]] for obj in engine.sent[before:]]
    assert sent == [[3], [1], sorted(came)]


def test_a_revert_waits_for_room_in_the_throttle(engine: Engine) -> None:
    grown(engine)
    say(engine, Command.REVERT)
    runs(engine)
    engine.approve()
    engine.config = replace(engine.config, interval=timedelta(minutes=1))
    engine.cloud.reserve = lambda *rest, **more: False  # type: ignore[method-assign]
    runs(engine)
    assert len(there(engine)) == 8


def test_an_abort_ends_a_revert_that_was_not_approved(engine: Engine) -> None:
    before = grown(engine)
    say(engine, Command.REVERT)
    runs(engine)
    say(engine, Command.ABORT)
    runs(engine)
    engine.approve()
    runs(engine, 2)
    assert (phase(engine), there(engine)) == (Phase.ABORTED, before)
    assert Hold.REVERT.value not in engine.run()[0].holds


def test_who_came_with_the_ramp_does_not_return_while_it_reverts(engine: Engine) -> None:
    before = grown(engine)
    say(engine, Command.REVERT)
    runs(engine)
    engine.approve()
    runs(engine, 2)
    wants(engine, set(PEOPLE) - before | set(FIRST))
    runs(engine)
    wants(engine, PEOPLE)
    runs(engine, 3)
    assert there(engine) == set(FIRST)
    wants(engine, set(PEOPLE) - {1})
    runs(engine)
    assert there(engine) == set(FIRST) - {1}
    wants(engine, PEOPLE)
    runs(engine)
    assert there(engine) == set(FIRST), "who was there before returns at once"


def test_lowering_a_ceiling_or_dropping_the_ramp_takes_nobody_out(engine: Engine) -> None:
    before = grown(engine)
    engine.config = replace(engine.config, ramps=(replace(RAMP, steps=(Step(4, HOUR), Step(6, HOUR))),))
    runs(engine, 5)
    assert there(engine) == before
    engine.config = replace(engine.config, ramps=(replace(RAMP, name="other", admit=Admit.WHOLE),))
    runs(engine, 5)
    assert there(engine) >= before
