"""Gates in runs: what runs measure is what the next ones decide on, and systems outside are asked once for each."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.clock import Clock
from support.engine import Engine
from syncramp.model.measures import Asked, Measure, Measured, Told
from syncramp.model.ramps import Command, Judgement, Order, PauseReason, Phase, RampState, Verdict
from syncramp.model.wire import Operation, SyncObject
from syncramp.spec.ramps import Admit, Gate, Metric, RampPolicy, Soak, Step, Webhook, built_in_gates

PEOPLE = range(1, 13)
GROUP = 501
INTERVAL = 1800.0
HALF_AN_HOUR = timedelta(seconds=INTERVAL)
TICKETS = Gate(Metric.EXTERNAL, Decimal(5), Decimal(50), "tickets", Webhook("https://desk.example"))
STEPS = (Step(4, Soak(timedelta(hours=2))), Step(8, Soak(timedelta(hours=2))), Step(20))
RAMP = RampPolicy("small", STEPS, (), min_members=3, admit=Admit.MEMBERS, failures_before_pause=9)


@dataclass
class Desk:
    """A system outside."""

    told: Told = field(default_factory=lambda: Told(1.0))
    asked: list[Asked] = field(default_factory=list)

    def ask(self, about: Asked) -> Told:
        self.asked.append(about)
        return self.told


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Twelve people and a group of them all, which follows a ramp."""
    made = Engine(tmp_path / "state.db", clock=Clock(1_772_409_600.0))
    made.source.add(*map(user, PEOPLE), group(GROUP))
    made.source.members[guid(GROUP)] = list(map(user_dn, PEOPLE))
    return made


def gated(engine: Engine, *gates: Gate) -> None:
    engine.config = replace(engine.config, ramps=(replace(RAMP, gates=gates),))


def runs(engine: Engine, number: int = 1) -> None:
    for _ in range(number):
        assert isinstance(engine.clock, Clock)
        engine.clock.now += INTERVAL
        engine.run()


def state(engine: Engine) -> RampState:
    with engine.store() as store:
        return store.ramp_states.all()["small"]


def until(engine: Engine, holds: Callable[[RampState], bool], most: int = 40) -> RampState:
    for _ in range(most):
        runs(engine)
        if holds(kept := state(engine)):
            return kept
    raise AssertionError(kept)


def judgement(engine: Engine, metric: Metric) -> Judgement:
    (found,) = [one for one in state(engine).judgements if one.metric == metric.value]
    return found


def measured(engine: Engine, name: Measure) -> list[Measured]:
    with engine.store() as store:
        return [row for row in store.samples.rows(0.0) if row.name == name]


def cloud_members(engine: Engine) -> int:
    return sum(map(len, engine.cloud.links.values()))


def no_members(obj: SyncObject) -> str:
    return "not now" if obj.kind == "Group" and obj.operation is Operation.SET and "member" in obj.values else ""


def test_the_links_of_a_ramp_are_measured_by_its_name(engine: Engine) -> None:
    gated(engine)
    runs(engine, 2)
    for name in (Measure.LINKS_SENT, Measure.LINKS_TAKEN):
        (row,) = measured(engine, name)
        assert (row.value, row.subject) == (4.0, "small")
    assert measured(engine, Measure.LINKS_REFUSED)[0].value == 0.0
    assert [(row.value, row.weight) for row in measured(engine, Measure.CONFIRM_LAG)] == [(0.0, 4)]
    assert [(row.value, row.subject) for row in measured(engine, Measure.DISAGREEMENT)] == [(0.0, "small")] * 2


def test_a_ramp_goes_on_only_while_a_number_from_outside_lets_it(engine: Engine) -> None:
    desk = Desk()
    engine.outside = {("small", "tickets"): desk}
    gated(engine, TICKETS)
    until(engine, lambda kept: kept.step == 1)
    desk.told = Told(6.0)
    held = until(engine, lambda kept: kept.phase is Phase.HOLDING)
    assert held.step == 1 and "tickets is 6; more than 5 holds the ramp" in str(held.judgements)
    runs(engine, 4)
    assert state(engine).step == 1, "it fails still"
    desk.told = Told(5.0)
    assert until(engine, lambda kept: kept.step == 2).step == 2
    runs(engine, 2)
    assert cloud_members(engine) == len(PEOPLE)


@pytest.mark.parametrize("answer", [Told(None, "it does not know it yet"), Told(None, "no connection", failed=True)])
def test_a_number_that_is_not_known_never_lets_a_ramp_go_on(engine: Engine, answer: Told) -> None:
    engine.outside = {("small", "tickets"): Desk(answer)}
    gated(engine, TICKETS)
    runs(engine, 12)
    assert (state(engine).step, cloud_members(engine)) == (0, 4)
    wanted = Verdict.ERROR if answer.failed else Verdict.INCONCLUSIVE
    assert judgement(engine, Metric.EXTERNAL).verdict is wanted


def test_a_number_above_its_abort_value_pauses_for_a_person(engine: Engine) -> None:
    engine.outside = {("small", "tickets"): Desk(Told(51.0))}
    gated(engine, TICKETS)
    assert until(engine, lambda kept: kept.phase is Phase.PAUSED).pause is PauseReason.GATE


def test_a_system_outside_is_asked_once_for_each_decision_and_by_plans_too(engine: Engine) -> None:
    desk = Desk()
    engine.outside = {
        ("small", "tickets"): desk,
        ("other", "tickets"): Desk(),
    }
    gated(engine, TICKETS)
    runs(engine)
    assert desk.asked == [], "the ramp begins: nothing was measured yet"
    runs(engine)
    engine.run(sends=False)
    name = f"{engine.config.namespace}/{engine.config.name}"
    assert desk.asked == [Asked(name, "small", 1, 4, 20, 1)] * 2
    until(engine, lambda kept: kept.phase is Phase.COMPLETE)
    asked = len(desk.asked)
    runs(engine)
    assert len(desk.asked) == asked, "a ramp that is complete hears no gates"


def test_refused_links_fail_the_ramp_until_a_person_lets_them_be_tried_again(engine: Engine) -> None:
    gated(engine, Gate(Metric.LINK_ERRORS, Decimal(1), None))
    engine.cloud.refuse = no_members
    until(engine, lambda kept: kept.phase is Phase.PAUSED)
    assert judgement(engine, Metric.LINK_ERRORS).value == 100.0
    engine.cloud.refuse = lambda obj: ""
    with engine.store() as store:
        store.ramp_states.give(Order(Command.RESUME, "small", "Ann", engine.clock()))
    until(engine, lambda kept: kept.phase is Phase.COMPLETE)
    assert cloud_members(engine) == len(PEOPLE)


def test_the_seconds_of_its_own_links_are_not_laid_to_the_cycle(engine: Engine) -> None:
    def slow(moment: str) -> None:
        if moment == "before" and len(engine.cloud.calls) >= 5:  # four calls of people, one of the group
            engine.clock.now += 100.0  # type: ignore[attr-defined]

    def late(exported: int, applied: int) -> None:
        engine.clock.now += 7.0  # type: ignore[attr-defined]

    gated(engine, Gate(Metric.CYCLE_DURATION, Decimal(50), None))
    engine.cloud.fault, engine.cloud.finalize = slow, late  # type: ignore[method-assign]
    runs(engine)
    (cycle,), (ramp,) = measured(engine, Measure.CYCLE), measured(engine, Measure.RAMP_SECONDS)
    assert (cycle.value, ramp.value) == (7.0, 100.0)


def test_links_that_no_read_back_shows_hold_the_ramp(engine: Engine) -> None:
    """A tenant that answers that a link is there, and shows all but the last one."""
    shown = engine.cloud._shown

    def hides(anchor: str, since: int) -> SyncObject:
        obj = shown(anchor, since)
        links = obj.values.get("member", ())
        return replace(obj, values={**obj.values, "member": links[:-1]}) if links else obj

    engine.cloud._shown = hides  # type: ignore[method-assign]
    gated(engine, Gate(Metric.CONFIRM_LAG, Decimal(1), Decimal(3)))
    until(engine, lambda kept: kept.phase is Phase.HOLDING or kept.phase is Phase.PAUSED)
    assert judgement(engine, Metric.CONFIRM_LAG).verdict is Verdict.FAILED
    assert state(engine).step == 0


def test_in_a_tenant_that_lives_a_ramp_ends_whole_with_every_built_in_gate(engine: Engine) -> None:
    """Each run somebody changes, somebody joins a small group, and somebody leaves one."""
    steps = (Step(4, Soak(timedelta(hours=12))), Step(20, Soak(timedelta(hours=12))))
    engine.config = replace(engine.config, ramps=(replace(RAMP, steps=steps, gates=built_in_gates(HALF_AN_HOUR)),))
    engine.source.add(group(502))
    for number in range(80):
        engine.source.add(user(1, title=f"Clerk {number}"))
        engine.source.members[guid(502)] = [user_dn(2 + number % 2)]
        runs(engine)
        if state(engine).phase is Phase.COMPLETE:
            break
    assert cloud_members(engine) == len(PEOPLE) + 1
    with engine.store() as store:
        told = [row.what for row in store.ramp_states.history("small")]
        (completed,) = [row for row in store.ramp_states.history("small") if row.what == "Completed"]
    assert "Held" not in told
    verdicts = {one["gate"]: one["verdict"] for one in completed.numbers["judgements"]}
    assert verdicts == {gate.metric.value: Verdict.PASSED for gate in built_in_gates(HALF_AN_HOUR)}
