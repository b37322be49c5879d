"""A ramp in a directory, run by run on a virtual clock: it goes on by its gates, and stands where they say so."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from support.build import guid
from support.clock import Clock
from support.tenant_model import SECURITY, Tenant, mark
from support.written_engine import WrittenEngine, written_back
from syncramp.cycle.forecasting import foretold_back
from syncramp.model.forecast import End, Forecast, Foretold
from syncramp.model.holds import Hold
from syncramp.model.measures import Asked, Told
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Command, Order, Phase
from syncramp.spec.ramps import Gate, Metric, Soak, Step, Webhook, built_in_writeback, written_gates
from syncramp.spec.types import GroupKind
from syncramp.store.store import Store

PEOPLE = range(1, 31)
STEPS = (Step(5, Soak(timedelta(hours=1))), Step(9, Soak(timedelta(hours=1))), Step(None), Step(40))
HALF_AN_HOUR = 1800.0


class Written(WrittenEngine):
    """With a clock of its own, and what the last run told of the ramp."""

    def __init__(self, path: Path, **more: Any) -> None:
        super().__init__(path, Tenant())
        self.clock: Clock = Clock(1_794_787_200.0)
        ramp = replace(built_in_writeback(), **{"steps": STEPS, **more.pop("ramp", {})})
        self.config = replace(self.config, writeback=written_back(ramp, kinds=frozenset(GroupKind), **more))
        self.employ(*PEOPLE)
        self.run()

    def given(self, number: int, *people: int, **values: Any) -> None:
        self.tenant.given(number, self.cloud_anchors(*people), **values)

    def leaves(self, number: int, *people: int) -> None:
        self.tenant.leave(number, *self.cloud_anchors(*people))

    def joins(self, number: int, *people: int) -> None:
        self.tenant.join(number, *self.cloud_anchors(*people))

    def next(self, runs: int = 1) -> RampReport:
        """So many runs, half an hour apart."""
        for _ in range(runs):
            self.clock.now += HALF_AN_HOUR
            self.back_report = self.back()
            assert not self.back_report.failure
        (ramp,) = self.back_report.ramps
        return ramp

    def until(self, phase: Phase, most: int = 30) -> RampReport:
        for _ in range(most):
            if (ramp := self.next()).phase == phase.value:
                return ramp
        raise AssertionError(f"never {phase}: {ramp}")

    def say(self, command: Command) -> None:
        with self.ledger() as ledger:
            ledger.ramp_states.give(Order(command, "writeback", "ada", self.clock()))

    def forecast(self, pauses: float = 0.0) -> Forecast:
        with self.store() as store:
            (told,) = _foretold(self, store, pauses).ramps
        return told

    def verdict(self, ramp: RampReport, metric: Metric) -> tuple[str, str]:
        """The verdict of a gate, and its sentence."""
        (one,) = (judgement for judgement in ramp.judgements if judgement["metric"] == metric.value)
        return str(one["verdict"]), str(one["sentence"])


def _foretold(written: Written, store: Store, pauses: float = 0.0) -> Foretold:
    """By the ledger, from the next run on."""
    other = written.job(store).writeback
    assert other is not None
    return foretold_back(other.ledger, written.config, other.config, written.clock() + HALF_AN_HOUR, pauses)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path / "store.db")


def test_a_group_grows_step_by_step_to_the_end_and_waits_at_the_pause_for_a_person(written: Written) -> None:
    written.given(1, *range(1, 21))
    sizes = set()
    while (ramp := written.next()).phase != Phase.PAUSED:
        sizes.add(len(written.shown(1)))
        assert len(written.shown(1)) <= ramp.ceiling
    assert sizes == {5, 9}
    assert "Get-ADGroupMember" not in "".join(ramp.checklist), "the next ceiling is 40"
    assert any(line.startswith("Replication: repadmin") for line in ramp.checklist)
    written.say(Command.PROMOTE)
    written.until(Phase.COMPLETE)
    assert written.shown(1) == set(range(1, 21))
    assert max(written.directory.sent.values()) == 1, "nobody was sent twice"
    assert not written.directory.needless


def test_a_step_does_not_end_before_its_gates_were_measured(written: Written) -> None:
    written.given(1, *range(1, 21))
    ramp = written.next(3)
    assert written.verdict(ramp, Metric.WRITEBACK_SHARE)[0] == "Inconclusive"
    assert written.verdict(ramp, Metric.AD_LATENCY)[0] == "Passed"
    assert ramp.step == 1


def test_a_soak_lasts_twice_as_long_as_the_slowest_site_link(written: Written) -> None:
    written.directory.interval = 4 * 3600.0
    written.given(1, *range(1, 21))
    assert written.next(2).soak["duration"] == 8 * 3600.0
    assert written.next(14).step == 1
    assert written.next(3).step == 2


def test_a_slow_controller_holds_the_ramp_and_a_slower_one_pauses_it(written: Written) -> None:
    written.directory.latency = lambda obj: 0.6
    written.given(1, *range(1, 21))
    ramp = written.next(2)
    assert ramp.phase == Phase.HOLDING
    assert "more than 500ms holds the ramp" in written.verdict(ramp, Metric.AD_LATENCY)[1]
    written.directory.latency = lambda obj: 0.1
    written.leaves(1, 1)
    assert written.until(Phase.SOAKING).step == 1, "requests that take somebody out are measured, too"
    assert 1 not in written.shown(1)
    written.directory.latency = lambda obj: 3.0
    written.joins(1, 1)
    written.leaves(1, 2)
    ramp = written.until(Phase.PAUSED)
    assert "pauses the ramp" in ramp.reason


class Desk:
    """A system outside, which tells how many tickets are open, and notes who asks."""

    def __init__(self) -> None:
        self.tickets, self.asked = 9.0, set[tuple[str, int]]()

    def ask(self, about: Asked) -> Told:
        self.asked.add((about.ramp, about.target))
        return Told(self.tickets)


def test_a_number_of_another_system_holds_the_ramp_until_it_is_well(tmp_path: Path) -> None:
    gates = (*written_gates(), Gate(Metric.EXTERNAL, Decimal(5), None, "tickets", Webhook("https://desk.example")))
    written, desk = Written(tmp_path / "store.db", ramp={"gates": gates}), Desk()
    written.outside = {("writeback", "tickets"): desk}
    written.given(1, *range(1, 21))
    assert written.next(2).phase == Phase.HOLDING
    assert desk.asked == {("writeback", 40)}, "it is told which ramp asks, and where that goes"
    desk.tickets = 1.0
    assert written.until(Phase.SOAKING).step == 1
    assert written.verdict(written.next(), Metric.EXTERNAL)[0] == "Passed"


def test_who_leaves_goes_also_while_the_ramp_stands(written: Written) -> None:
    written.given(1, *range(1, 21))
    written.next()
    written.say(Command.PAUSE)
    assert written.next().phase == Phase.PAUSED
    written.leaves(1, 1, 2)
    written.next()
    assert written.shown(1) == {3, 4, 5}


def test_a_controller_that_lacks_what_was_written_for_too_long_holds_the_ramp_until_it_has_it(
    written: Written,
) -> None:
    written.directory.servers["dc2.test"] = 0
    written.given(1, *range(1, 21))
    ramp = written.until(Phase.HOLDING)
    assert "a domain controller lacks what was written" in written.verdict(ramp, Metric.CONVERGED)[1]
    written.directory.servers["dc2.test"] = None
    assert written.until(Phase.GROWING, 12).step == 2


def test_a_controller_that_is_off_for_two_hours_pauses_the_ramp(written: Written) -> None:
    written.given(1, *range(1, 21))
    written.next()
    written.directory.down.add("dc2.test")
    ramp = written.next(3)
    assert ramp.phase == Phase.SOAKING and written.verdict(ramp, Metric.CONVERGED)[0] == "Inconclusive"
    ramp = written.until(Phase.PAUSED)
    assert "could not be asked for 2h" in ramp.reason or "2h" in ramp.reason
    assert len(written.shown(1)) == 5


def test_a_second_controller_that_counts_others_holds_and_twice_pauses(written: Written) -> None:
    written.given(1, *range(1, 21))
    written.directory.astray = cast("dict[bytes, int]", _EverybodyOneMore())
    assert written.next(2).phase == Phase.HOLDING
    assert written.next(6).phase == Phase.PAUSED


class _EverybodyOneMore:
    def get(self, guid: bytes, otherwise: int) -> int:
        return 1


def test_a_controller_that_takes_no_more_at_once_pauses_the_ramp(written: Written) -> None:
    written.directory.max_values = 3
    written.given(1, *range(1, 21))
    ramp = written.until(Phase.PAUSED)
    assert "adminLimitExceeded" in ramp.reason
    assert len(written.shown(1)) == 5, "and yet it came in smaller ones"


def test_security_groups_come_whole_or_not_at_all(written: Written) -> None:
    written.given(1, *range(1, 21), **SECURITY, groupTypes=())
    written.given(2, *range(1, 5), **SECURITY, groupTypes=())
    ramp = written.next()
    assert mark(1) not in {held.anchor for held in written.directory.groups.values()}
    assert written.shown(2) == {1, 2, 3, 4}
    assert set(ramp.notes.values()) == {"it comes whole because it is a security group"}
    (held,) = ramp.held
    assert "it comes whole because it is a security group" in held.reason


def test_who_is_in_a_thousand_groups_stays_out_of_security_groups_and_who_comes_near_holds_the_ramp(
    written: Written,
) -> None:
    written.directory.heavy = {guid(2): 1000, guid(3): 901}
    written.given(1, 1, 2, 3, **SECURITY, groupTypes=())
    written.given(2, 2, 3)
    written.next()
    assert (written.shown(1), written.shown(2)) == ({1, 3}, {2, 3})
    assert written.back_report.holds == {Hold.TOKENS.value: 1}
    ramp = written.next()
    assert ramp.phase == Phase.HOLDING
    assert "nobody who came is in more than 901 groups; more than 900 holds the ramp" in ramp.reason
    assert written.until(Phase.SOAKING), "nobody else comes"


def test_a_group_is_whole_without_whom_it_would_be_too_much_for_and_no_fill_goes_on(written: Written) -> None:
    written.directory.heavy = {guid(2): 1000}
    written.given(1, 1, 2, 3, **SECURITY, groupTypes=())
    written.next()
    with written.ledger() as ledger:
        assert ledger.filling.begun() == {}
    written.say(Command.PAUSE)
    written.joins(1, 4)
    assert written.next().phase == Phase.PAUSED
    assert written.shown(1) == {1, 3}
    written.directory.heavy.clear()
    written.say(Command.RESUME)
    written.next()
    assert written.shown(1) == {1, 2, 3, 4}, "who left groups comes, too"


def test_no_ramp_waits_for_a_group_to_which_nobody_may_be_added(written: Written) -> None:
    written.given(1, 1, 2, **SECURITY, groupTypes=())
    written.next()
    (held,) = written.directory.groups.values()
    held.protected = True
    written.joins(1, 3)
    assert written.next(8).phase == Phase.COMPLETE
    assert written.back_report.holds == {Hold.PROTECTED.value: 1}
    assert written.shown(1) == {1, 2}


def test_so_many_groups_are_made_in_a_run(tmp_path: Path) -> None:
    written = Written(tmp_path / "store.db", creates_per_cycle=2)
    for number in range(1, 6):
        written.given(number, number)
    made = []
    for _ in range(3):
        written.next()
        made.append(len(written.directory.groups))
    assert made == [2, 4, 5]


def test_the_budget_of_a_run_is_shared_by_all_groups(tmp_path: Path) -> None:
    written = Written(tmp_path / "store.db", ramp={"per_cycle": 6})
    for number in (1, 2):
        written.given(number, *range(number * 10, number * 10 + 5))
    written.next()
    assert len(written.shown(1)) + len(written.shown(2)) == 6
    written.next()
    assert len(written.shown(1)) + len(written.shown(2)) == 10


def test_every_step_begins_at_the_moment_that_was_forecast(tmp_path: Path) -> None:
    soak = Soak(timedelta(hours=3))
    steps = tuple(step if step.ceiling is None else replace(step, soak=soak) for step in STEPS)
    written = Written(tmp_path / "store.db", ramp={"steps": steps})
    written.given(1, *range(1, 21))
    written.given(2, *range(4, 30))
    written.next()
    told = written.forecast(pauses=3 * HALF_AN_HOUR)
    begun: dict[int, float] = {}
    while (ramp := written.next()).phase != Phase.COMPLETE:
        begun.setdefault(ramp.step, written.clock())
        if ramp.phase == Phase.PAUSED:
            begun.setdefault(0, written.clock())
            if written.clock() - begun[0] >= 2 * HALF_AN_HOUR:
                written.say(Command.PROMOTE)
    assert told.end is End.COMPLETE
    assert {step.step: step.begins for step in told.steps if step.step > 1} == {
        step: at for step, at in begun.items() if step > 1
    }
    assert told.at == written.clock()


def test_a_forecast_reckons_with_requests_to_a_directory_and_with_its_site_links(written: Written) -> None:
    written.directory.interval = 36 * 3600.0
    written.given(1, *range(1, 21))
    written.next(2)
    slow = written.forecast()
    assert slow.steps[0].ends is not None
    assert slow.steps[0].ends - slow.steps[0].begins >= 72 * 3600.0
    (gate,) = {step.gate.metric for step in slow.steps if step.gate} or {None}
    assert gate is None, "a quick controller is near no limit"


def test_a_forecast_takes_a_guess_of_a_controller_that_was_not_measured(written: Written) -> None:
    with written.store() as store:
        told = _foretold(written, store)
    assert (told.per_call, told.full_call) == (500, pytest.approx(0.375))
    assert told.latency.startswith("a guess")
    assert told.notes == ()
