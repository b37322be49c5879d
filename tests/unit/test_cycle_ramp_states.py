"""Ramps in runs: what a run decides is written before it sends, once, and people's commands are followed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.documents import findings, minimal
from support.engine import Engine, crashing
from support.model import Crash
from syncramp.errors import AnotherRunActive
from syncramp.events import Note
from syncramp.model.orders import COMMANDS, named_orders
from syncramp.model.ramps import Command, Decided, Order, PauseReason, Phase, RampState
from syncramp.ramp.steps import digest_of
from syncramp.spec.ramps import Admit, RampPolicy, Soak, Step
from syncramp.spec.types import Mode

GROUP = 501
HOUR = Soak(timedelta(hours=1))
PEOPLE = 12
RAMP = RampPolicy(
    "small",
    (Step(4, HOUR), Step(8, HOUR), Step(None), Step(20, HOUR)),
    (),
    min_members=3,
    admit=Admit.MEMBERS,
)


class Time:
    """A clock that a test moves."""

    now = 1_772_409_600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Twelve people and a group of them all, which follows a ramp."""
    made = Engine(tmp_path / "state.db", clock=Time())
    made.config = replace(made.config, ramps=(RAMP,))
    made.source.add(*map(user, range(1, PEOPLE + 1)), group(GROUP))
    made.source.members[guid(GROUP)] = [user_dn(number) for number in range(1, PEOPLE + 1)]
    return made


def members(engine: Engine) -> int:
    with engine.store() as store:
        return len(store.snapshot().members(store.database.value("SELECT id FROM objects WHERE kind = 'Group'")))


def state(engine: Engine, ramp: str = "small") -> RampState:
    with engine.store() as store:
        return store.ramp_states.all()[ramp]


def history(engine: Engine, ramp: str = "small") -> list[Decided]:
    with engine.store() as store:
        return store.ramp_states.history(ramp)


def told(engine: Engine, ramp: str = "small") -> list[str]:
    return [row.what for row in history(engine, ramp)]


def say(engine: Engine, command: Command, step: int | None = None, ramp: str = "small") -> None:
    with engine.store() as store:
        store.ramp_states.give(Order(command, ramp, "Ann", engine.clock(), step, "because"))


def runs(engine: Engine, number: int = 1) -> None:
    for _ in range(number):
        assert isinstance(engine.clock, Time)
        engine.clock.now += 1800
        engine.run()


def until(engine: Engine, holds: Callable[[RampState], bool], most: int = 30) -> RampState:
    for _ in range(most):
        runs(engine)
        if holds(state(engine)):
            return state(engine)
    raise AssertionError(told(engine))


def announce(engine: Engine, command: str, text: str) -> None:
    engine.config = replace(engine.config, orders=named_orders({f"syncramp.io/{command}": text}))


def test_a_ramp_goes_from_step_to_step_and_a_person_ends_its_pause(engine: Engine) -> None:
    paused = until(engine, lambda kept: kept.phase is Phase.PAUSED)
    assert (paused.pause, paused.ceiling, paused.policy) == (PauseReason.STEP, 8, digest_of(RAMP))
    runs(engine, 3)
    assert state(engine).phase is Phase.PAUSED
    say(engine, Command.PROMOTE, 3)
    runs(engine)
    (row,) = [row for row in history(engine) if row.what == "promote"]
    assert (row.by, row.step, row.ceiling, row.reason, row.numbers["waiting"]) == ("Ann", 3, 20, "because", 4)
    complete = until(engine, lambda kept: kept.phase is Phase.COMPLETE)
    assert (complete.step, complete.ceiling) == (3, 20)


def test_what_the_service_took_and_which_runs_exported_is_counted_once(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=(replace(RAMP, steps=(Step(4, Soak(cycles=3)), Step(20))),))
    runs(engine, 2)
    (row,) = [row for row in history(engine) if row.what == "Soaking"]
    assert row.numbers["grew"] == 4
    runs(engine, 3)
    assert (state(engine).phase, state(engine).grew, state(engine).cycles) == (Phase.SOAKING, 4, 0)
    for number in range(3):
        engine.source.add(user(1, displayName=f"Name {number}"))
        runs(engine)
        assert (state(engine).step, state(engine).cycles) == (0, number)
    runs(engine)
    assert state(engine).step == 1


@pytest.mark.parametrize("mode", [Mode.PLAN, Mode.STAGING])
def test_a_run_that_does_not_export_decides_and_writes_nothing(engine: Engine, mode: Mode) -> None:
    engine.config = replace(engine.config, mode=mode)
    announce(engine, "pause", "small")
    runs(engine, 2)
    with engine.store() as store:
        assert (store.ramp_states.all(), store.ramp_states.history()) == ({}, [])
        assert not store.ramp_states.taken(Command.PAUSE, "small")


def test_a_command_is_followed_once_and_by_the_next_run(engine: Engine) -> None:
    runs(engine)
    say(engine, Command.PAUSE)
    engine.run(sends=False)
    with engine.store() as store:
        assert [order.command for order in store.ramp_states.pending().values()] == [Command.PAUSE]
    runs(engine)
    paused = state(engine)
    assert (paused.phase, paused.by, paused.reason) == (Phase.PAUSED, "Ann", "because")
    with engine.store() as store:
        assert not store.ramp_states.pending()
    say(engine, Command.RESUME)
    runs(engine, 2)
    assert told(engine).count("pause") == told(engine).count("resume") == 1


def test_a_command_before_the_ramp_starts_waits_for_it(engine: Engine) -> None:
    everybody = engine.source.members.pop(guid(GROUP))
    say(engine, Command.PAUSE)
    runs(engine)
    assert not told(engine)
    engine.source.members[guid(GROUP)] = everybody
    runs(engine)
    assert told(engine) == ["Started", "pause"]


def test_an_annotation_is_followed_once_for_each_text(engine: Engine) -> None:
    runs(engine)
    announce(engine, "pause", "small")
    runs(engine, 2)
    say(engine, Command.RESUME)
    runs(engine, 2)
    assert state(engine).phase is not Phase.PAUSED
    announce(engine, "pause", "small, small@again")
    runs(engine, 2)
    assert state(engine).phase is Phase.PAUSED
    assert [row.by for row in history(engine) if row.what == "pause"] == ["annotation syncramp.io/pause"] * 2


@pytest.mark.parametrize("command", Command)
def test_an_annotation_in_the_run_that_begins_a_ramp_lets_nobody_come(engine: Engine, command: Command) -> None:
    """Where the store was lost it may have been followed long ago."""
    announce(engine, command.value, "small")
    runs(engine, 2)
    begun = state(engine)
    assert begun.step == 0
    stopped = {Command.PAUSE: Phase.PAUSED, Command.ABORT: Phase.ABORTED}
    assert begun.phase is stopped.get(command, Phase.SOAKING)


def test_one_text_counts_for_each_command_of_its_own(engine: Engine) -> None:
    runs(engine)
    announce(engine, "abort", "small")
    runs(engine)
    announce(engine, "retry", "small")
    runs(engine)
    assert told(engine)[-2:] == ["abort", "retry"] or told(engine)[-3:-1] == ["abort", "retry"]


def test_an_annotation_for_another_step_changes_nothing(engine: Engine) -> None:
    runs(engine)
    announce(engine, "promote", "small/3")
    runs(engine)
    (refused,) = [row for row in history(engine) if row.what == "Refused"]
    assert "meant for step 3, and the ramp is at step 1" in refused.reason and state(engine).step == 0


def test_an_annotation_of_an_unknown_ramp_is_told_and_waits(engine: Engine) -> None:
    announce(engine, "pause", "smal")
    runs(engine)
    notes = [event.text for event in engine.events if isinstance(event, Note) and event.level == "warning"]
    assert "the annotation syncramp.io/pause: the document has no ramp smal; small is one" in notes
    with engine.store() as store:
        assert not store.ramp_states.taken(Command.PAUSE, "smal")


def test_a_ramp_that_the_document_drops_ends_and_keeps_its_history(engine: Engine) -> None:
    runs(engine, 2)
    say(engine, Command.PAUSE)
    engine.config = replace(engine.config, ramps=())
    runs(engine)
    with engine.store() as store:
        assert "small" not in store.ramp_states.all() and not store.ramp_states.pending()
    assert told(engine)[-2:] == ["Ended", "Refused"] and told(engine)[0] == "Started"


@pytest.mark.parametrize("transactions", range(12))
def test_a_run_that_dies_decides_the_same_again(engine: Engine, transactions: int) -> None:
    runs(engine, 3)
    say(engine, Command.PROMOTE_FULL)
    left = iter([False] * 3 * transactions + [True])
    assert isinstance(engine.clock, Time)
    engine.clock.now += 1800
    try:
        with crashing(lambda: next(left, False)):
            engine.run()
    except Crash:
        pass
    runs(engine)
    assert (state(engine).step, told(engine).count("promote-full")) == (3, 1)


def test_the_history_of_a_ramp_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.store.ramp_states.KEPT", 3)
    until(engine, lambda kept: kept.phase is Phase.PAUSED)
    assert told(engine) == ["Soaking", "Promoted", "Paused"]
    with engine.store() as store:
        assert [row.what for row in store.ramp_states.history(most=2)] == ["Promoted", "Paused"]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("large", ""),
        ("large/2, small@a-1", ""),
        ("large/0", "large/0"),
        ("Large", "Large"),
        ("a b", "a b"),
        ("a@", "a@"),
    ],
)
def test_an_annotation_that_names_no_ramp_is_refused_with_its_place(name: str, text: str, bad: str) -> None:
    found = findings(minimal({"metadata.annotations": {name: text}}))
    assert [one.path for one in found] == ([f"metadata.annotations.{name}"] if bad else [])
    assert all(bad in one.reason and "large/2" in one.remedy for one in found)
    assert [order.command for order in named_orders({name: text})] == (
        [] if bad else [COMMANDS[name]] * len(text.split(","))
    )


def test_an_adopted_tenant_begins_at_what_its_largest_group_has(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=(replace(RAMP, admit=Admit.NOW),))
    engine.settle()
    engine.lose_store()
    engine.config = replace(engine.config, ramps=(RAMP,))
    runs(engine)
    with engine.store() as store:
        assert store.ramp_states.all() == {}, "nothing is known of the tenant, so nothing is decided"
    engine.adopt()
    runs(engine)
    assert (state(engine).step, state(engine).ceiling) == (3, 20)
    assert told(engine)[0] == "Started"


def test_the_built_in_ramp_has_a_state_as_any_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.spec.policies.built_in", lambda interval: replace(RAMP, name="built-in"))
    engine.config = replace(engine.config, ramps=())
    runs(engine, 8)
    assert state(engine, "built-in").ceiling == 8
    say(engine, Command.ABORT, ramp="built-in")
    runs(engine)
    assert state(engine, "built-in").phase is Phase.ABORTED


def test_a_run_that_was_killed_after_its_decision_counts_no_other_run_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.config = replace(engine.config, ramps=(replace(RAMP, steps=(Step(4, Soak(cycles=9)), Step(20))),))
    runs(engine, 3)
    engine.source.add(user(1, displayName="Exported"))
    runs(engine)
    with monkeypatch.context() as killed:
        killed.setattr("syncramp.store.samples.Samples.keep", lambda *_: None)
        runs(engine)
    assert state(engine).cycles == 1
    runs(engine)
    assert state(engine).cycles == 1


def test_a_run_that_lost_the_store_writes_nothing(engine: Engine) -> None:
    runs(engine)
    before = state(engine)
    with engine.store() as store:
        number, token = store.runs.begin(1.0)
        late = store.exports(number, token, 1.0)
        store.runs.begin(2.0)
        with pytest.raises(AnotherRunActive):
            store.ramp_states.write(late, number, [replace(before, step=3)], [])
    assert state(engine) == before
