"""Ramps on the virtual calendar: their dates, what ends them, and that jumping over runs changes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncramp.model.forecast import End, Forecast, Foretold
from syncramp.model.ramps import PauseReason, Phase, RampState
from syncramp.ramp import forecast as forecasting
from syncramp.ramp.expected import Terms
from syncramp.ramp.forecast import BRIEF, eta, forecast
from syncramp.ramp.growth import Counted
from syncramp.ramp.latency import LatencyModel, Timed
from syncramp.report.forecast import forecast_lines
from syncramp.spec.ramps import Admit, Gate, Metric, RampPolicy, Soak, Step, built_in

HOUR, DAY = 3600.0, 86_400.0
THURSDAY = datetime(2026, 11, 26, 9, tzinfo=UTC).timestamp()
BUILT_IN = built_in(timedelta(minutes=30))
MEMBERS = replace(BUILT_IN, admit=Admit.MEMBERS)
TERMS = Terms(interval=1800.0, next_run=THURSDAY, pauses=DAY)


def _group(size: int, there: int = 0, admit: Admit = Admit.WHOLE, **others: object) -> Counted:
    name = f"CN={size}"
    return Counted(name, admit, there, size - there, 250_000, **others)  # type: ignore[arg-type]


def _told(
    *groups: Counted, policy: RampPolicy = BUILT_IN, state: RampState | None = None, terms: Terms = TERMS
) -> Forecast:
    return forecast(policy, state, "digest", groups, terms, terms.next_run)


def test_what_takes_thousands_of_runs_is_no_matter_of_every_run() -> None:
    slowly = replace(MEMBERS, per_cycle=10)
    told = _told(_group(75_000, 1_000, Admit.MEMBERS), policy=slowly)
    assert told.end is End.COMPLETE and told.steps[0].calls > BRIEF
    for size, known in ((1_000 + 10 * BRIEF, True), (1_011 + 10 * BRIEF, False)):
        earliest = eta(slowly, None, "digest", [_group(size, 1_000, Admit.MEMBERS)], TERMS, THURSDAY)
        assert (earliest is not None) == known


def _dates(told: Forecast) -> list[tuple[int, str]]:
    return [(step.step, _date(step.begins)) for step in told.steps]


def _date(moment: float | None) -> str:
    return "" if moment is None else f"{datetime.fromtimestamp(moment, UTC):%a %d %H:%M}"


def test_the_built_in_ramp_goes_by_business_days_and_by_whole_groups() -> None:
    told = _told(_group(60_000), _group(120_000), _group(240_000, 50_000))
    assert _dates(told) == [
        (1, "Thu 26 09:00"),
        (2, "Fri 27 18:00"),  # 24 hours, and Friday whole; nobody fits
        (3, "Fri 27 18:00"),  # the pause, a day
        (4, "Sat 28 18:00"),
        (5, "Mon 30 18:30"),  # 48 hours from 18:30, and Monday whole
        (6, "Mon 30 18:30"),
    ]
    assert [step.skipped for step in told.steps] == [False, True, False, False, True, False]
    assert [step.pause for step in told.steps] == [False, False, True, False, False, False]
    assert [step.links for step in told.steps] == [60_000, 0, 0, 120_000, 0, 190_000]
    assert [step.calls for step in told.steps] == [4, 0, 0, 8, 0, 13]
    assert [step.became_whole for step in told.steps] == [1, 0, 0, 1, 0, 1]
    assert (told.end, _date(told.at)) == (End.COMPLETE, "Thu 03 19:00")  # 72 hours, Tuesday and Wednesday
    assert [(group.size, _date(group.whole)) for group in told.groups] == [
        (240_000, "Mon 30 18:30"),
        (120_000, "Sat 28 18:00"),
        (60_000, "Thu 26 09:00"),
    ]


def test_groups_that_never_become_whole_say_why() -> None:
    policy = replace(BUILT_IN, steps=(Step(75_000), Step(200_000)))
    too_long = replace(TERMS, latency=LatencyModel(2.0, 0.05, 1.0, 50, 15_000))
    told = _told(_group(260_000), _group(210_000), _group(110_000, mail=100_000), policy=policy)
    assert [group.why for group in told.groups] == [
        "more than the V2 endpoint takes; nobody is added",
        "beyond the last ceiling, 200,000",
        "mail-enabled: it holds at 100,000",
    ]
    assert [group.whole for group in told.groups] == [None] * 3
    assert told.end is End.COMPLETE
    told = _told(_group(60_000), policy=replace(policy, gates=()), terms=too_long)
    assert "longer than one interval" in told.groups[0].why


def test_the_budget_of_a_day_is_used_once_in_every_day() -> None:
    policy = replace(MEMBERS, steps=(Step(250_000),), per_cycle=10_000, per_day=20_000, gates=())
    told = _told(_group(100_000, admit=Admit.MEMBERS), policy=policy)
    sent = [(point.at, point.links) for point in told.points if point.links]
    assert [links for _, links in sent] == [10_000] * 10
    assert [at - THURSDAY for at, _ in sent] == [DAY * day + offset for day in range(5) for offset in (0.0, 1800.0)]
    assert told.groups[0].whole == sent[-1][0]


def test_what_went_before_today_counts_for_the_budget() -> None:
    policy = replace(MEMBERS, steps=(Step(250_000),), per_day=20_000, gates=())
    told = _told(
        _group(30_000, admit=Admit.MEMBERS), policy=policy, terms=replace(TERMS, spent=((THURSDAY - HOUR, 15_000),))
    )
    assert [(point.at - THURSDAY, point.links) for point in told.points if point.links] == [
        (0.0, 5_000),
        (DAY - HOUR, 10_000),  # an hour less than a day: the 15,000 count no more
        (DAY - HOUR + 1800.0, 5_000),
        (DAY, 5_000),
        (2 * DAY - HOUR, 5_000),
    ]


def test_a_pause_takes_as_long_as_is_assumed_and_none_for_the_earliest_end() -> None:
    week = _told(_group(120_000), terms=replace(TERMS, pauses=7 * DAY))
    pause = week.steps[2]
    assert (pause.pause, pause.ends) == (True, pause.begins + 7 * DAY)
    earliest = eta(BUILT_IN, None, "digest", [_group(120_000)], TERMS, THURSDAY)
    assert earliest is not None
    assert earliest < week.at - 6 * DAY


def test_a_gate_that_is_expected_to_fail_holds_the_step_and_the_soak_begins_anew() -> None:
    slow = replace(TERMS, latency=LatencyModel(2.0, 0.004, 1.2, 100, 15_000))  # a full call: 74 seconds
    well, held = _told(_group(60_000)), _told(_group(60_000), terms=slow)
    step = held.steps[0]
    assert (step.held, well.steps[0].held) == (1, 0)
    assert step.gate is not None
    assert step.gate.fails
    assert (_date(well.steps[0].grown), _date(step.grown)) == ("Thu 26 09:30", "Thu 26 11:00")  # four runs later
    assert held.end is End.COMPLETE


def test_a_forecast_ends_where_gates_pause_the_ramp_and_says_which() -> None:
    slow = replace(TERMS, latency=LatencyModel(2.0, 0.05, 1.2, 100, 15_000))  # a call of 10,000: ten minutes
    told = _told(_group(60_000, admit=Admit.MEMBERS), policy=MEMBERS, terms=slow)
    assert told.end is End.STOPS
    assert "ExportLatencyP95" in told.why
    assert (told.steps[-1].ends, told.groups[0].whole) == (None, None)
    assert eta(MEMBERS, None, "digest", [_group(60_000, admit=Admit.MEMBERS)], slow, THURSDAY) is None


def test_failures_that_come_again_while_it_grows_pause_the_ramp() -> None:
    slow = replace(TERMS, latency=LatencyModel(2.0, 0.008, 1.2, 100, 15_000))  # a call of 10,000: 98 seconds
    told = _told(_group(60_000, admit=Admit.MEMBERS), policy=replace(MEMBERS, per_cycle=5_000), terms=slow)
    assert told.end is End.COMPLETE  # 50 seconds
    told = _told(_group(74_000, admit=Admit.MEMBERS), policy=MEMBERS, terms=slow)
    assert (told.end, told.steps[-1].held) == (End.STOPS, 1)
    assert told.steps[-1].links < 74_000


def test_groups_are_filled_as_many_in_a_run_as_the_policy_and_the_interval_allow() -> None:
    policy = replace(BUILT_IN, steps=(Step(250_000),), gates=())

    def wholes(*groups: Counted, number: int = 1, **terms: object) -> list[float]:
        told = _told(*groups, policy=replace(policy, groups_per_cycle=number), terms=replace(TERMS, **terms))  # type: ignore[arg-type]
        return [(group.whole or 0.0) - THURSDAY for group in sorted(told.groups, key=lambda group: group.dn)]

    groups = [60_000, 61_000, 62_000, 63_000]
    assert wholes(*map(_group, groups)) == [0.0, 1800.0, 3600.0, 5400.0]
    assert wholes(*map(_group, groups), number=2) == [0.0, 0.0, 1800.0, 1800.0]
    begun = [_group(60_000, 10, filling=True), _group(61_000, 10, filling=True), _group(62_000)]
    assert wholes(*begun) == [0.0, 0.0, 0.0]  # those that were begun take no place
    slow = LatencyModel(2.0, 0.01, 1.0, 50, 15_000)  # ten minutes for each
    assert wholes(*map(_group, groups), number=9, latency=slow) == [0.0, 0.0, 1800.0, 1800.0]


def test_a_run_takes_as_long_as_its_calls_or_as_the_throttle_whichever_is_longer() -> None:
    policy = replace(MEMBERS, steps=(Step(250_000),), gates=(), per_cycle=90_000, per_day=900_000)

    def peak(*sizes: int, **terms: object) -> float:
        groups = [_group(size, admit=Admit.MEMBERS) for size in sizes]
        return _told(*groups, policy=policy, terms=replace(TERMS, **terms)).steps[0].peak_seconds  # type: ignore[arg-type]

    even = LatencyModel(0.0, 0.01, 1.0, 50, 15_000)
    assert peak(60_000, latency=even) == 600.0  # the calls of one group follow each other
    assert peak(15_000, 15_000, 15_000, 15_000, latency=even) == 150.0  # those of four fly side by side
    assert peak(80_000, latency=LatencyModel(0.0, 0.0001, 1.0, 50, 15_000)) == 300.0  # 75,000 links in five minutes


def test_a_value_that_is_just_its_limit_passes() -> None:
    even = replace(TERMS, latency=LatencyModel(0.0, 0.004, 1.0, 50, 15_000))  # a full call: 60 seconds
    assert _told(_group(60_000), terms=even).steps[0].held == 0
    slower = replace(TERMS, latency=LatencyModel(0.1, 0.004, 1.0, 50, 15_000))
    assert _told(_group(60_000), terms=slower).steps[0].held == 1


def test_soaks_by_cycles_count_every_run() -> None:
    policy = replace(BUILT_IN, steps=(Step(75_000, Soak(cycles=10)), Step(250_000)))
    for gates in ((), BUILT_IN.gates):  # with gates the calendar stops once more, where they have samples enough
        told = _told(_group(60_000), _group(90_000), policy=replace(policy, gates=gates))
        assert told.steps[0].grown == THURSDAY + 1800
        assert told.steps[0].ends == THURSDAY + 1800 + 10 * 1800


def test_rare_calls_of_the_tenant_count_beside_the_runs_that_a_verdict_needs() -> None:
    often = replace(TERMS, usual=(Timed(10, 1.0, 18.0),))
    policy = replace(BUILT_IN, steps=(Step(75_000), Step(250_000)))
    assert _told(_group(60_000), policy=policy, terms=often).at == THURSDAY + 4 * 1800


def test_the_gate_that_is_nearest_to_its_limit_is_told() -> None:
    busy = replace(TERMS, cycle=1200.0, latency=LatencyModel(1.0, 0.0001, 1.1, 100, 15_000))
    gate = _told(_group(60_000), terms=busy).steps[0].gate
    assert gate is not None
    assert (gate.metric, gate.value, gate.hold) == ("CycleDurationP95", 1200.0, 1260.0)
    assert _told(_group(60_000), terms=replace(busy, cycle=60.0)).steps[0].gate is None


def test_many_quick_calls_of_the_tenant_hide_a_few_slow_ones_of_the_ramp() -> None:
    slow = replace(TERMS, latency=LatencyModel(2.0, 0.004, 1.2, 100, 15_000))
    hidden = replace(slow, usual=(Timed(10, 1.0, 100.0),))
    assert _told(_group(60_000), terms=slow).steps[0].held == 1
    assert _told(_group(60_000), terms=hidden).steps[0].held == 0


def test_a_soak_waits_until_gates_have_calls_enough() -> None:
    rare = replace(TERMS, usual=(Timed(10, 1.0, 0.1),))  # one call with links in ten runs: 16 of 20 are missing
    policy = replace(BUILT_IN, steps=(Step(75_000), Step(250_000)))
    assert _told(_group(60_000), policy=policy, terms=rare).at - THURSDAY == pytest.approx(160 * 1800, abs=2 * 1800)
    assert _told(_group(60_000), policy=policy).at - THURSDAY == 4 * 1800  # as many as a verdict needs


def test_a_ramp_goes_on_from_where_it_is() -> None:
    groups = (60_000, 120_000, 240_000)
    whole = _told(*map(_group, groups))
    soaks = whole.steps[3]
    state = RampState(
        "built-in", "digest", Phase.SOAKING, 3, 150_000, THURSDAY, soaks.begins, soaks.begins, soaks.grown, runs=1
    )
    later = replace(TERMS, next_run=soaks.begins + 10 * 1800)
    rest = _told(_group(60_000, 60_000), _group(120_000, 120_000), _group(240_000), state=state, terms=later)
    assert _dates(rest) == _dates(whole)[3:]
    assert rest.at == whole.at


def test_a_group_with_members_too_many_takes_none_from_those_who_are_to_come() -> None:
    """Somebody put them in, or nobody approved yet that they go."""
    told = _told(_group(60_000))
    ramp = replace(told, groups=[*told.groups, replace(told.groups[0], size=60_000, there=70_000)])
    lines = list(forecast_lines(Foretold("default.a", THURSDAY, 1800.0, DAY, "a guess", 1.0, 500, [ramp])))
    assert any(line.endswith("2 groups, 60,000 members to come") for line in lines)


def test_what_a_person_stopped_does_not_grow() -> None:
    state = RampState("built-in", "digest", Phase.ABORTED, 0, 75_000, THURSDAY, THURSDAY, THURSDAY)
    told = _told(_group(60_000), state=state)
    assert (told.end, told.groups[0].whole) == (End.ENDED, None)
    assert "aborted" in told.why
    paused = replace(state, phase=Phase.PAUSED, pause=PauseReason.MANUAL)
    told = _told(_group(60_000), state=paused)
    assert (told.end, told.groups[0].whole) == (End.COMPLETE, THURSDAY + DAY)


def test_a_held_ramp_grows_again_once_its_gates_have_samples() -> None:
    state = RampState(
        "built-in", "digest", Phase.HOLDING, 0, 75_000, THURSDAY, THURSDAY, THURSDAY, failed=("ExportLatencyP95",)
    )
    told = _told(_group(60_000), state=state)
    assert told.groups[0].whole == THURSDAY + 4 * 1800


def test_a_ramp_that_would_take_years_says_so() -> None:
    policy = replace(MEMBERS, per_day=10, gates=())
    told = _told(_group(200_000, admit=Admit.MEMBERS), policy=policy)
    assert told.end is End.ENDLESS
    assert told.at == THURSDAY + 3 * 365 * DAY


def test_weeks_take_a_few_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = [], forecasting.decide
    monkeypatch.setattr(forecasting, "decide", lambda *args: asked.append(args) or real(*args))
    told = _told(*[_group(50_000 + 100 * number) for number in range(2_000)])
    assert told.at - THURSDAY > 30 * DAY
    assert len(asked) <= 4 * len(BUILT_IN.steps)


LIMITS = st.lists(st.integers(4, 60), min_size=1, max_size=4, unique=True).map(sorted)
SOAKS = st.builds(
    Soak, st.integers(0, 50).map(lambda hours: timedelta(hours=hours)), st.integers(0, 9), st.integers(0, 2)
)
SLOW = Gate(Metric.EXPORT_LATENCY_P95, Decimal(60), Decimal(240))


@st.composite
def policies(draw: st.DrawFn) -> RampPolicy:
    steps = [Step(ceiling, draw(SOAKS)) for ceiling in draw(LIMITS)]
    if draw(st.booleans()):
        steps.insert(draw(st.integers(0, len(steps) - 1)), Step(None))
    return RampPolicy(
        "any",
        tuple(steps),
        draw(st.sampled_from([(), (SLOW,)])),
        admit=draw(st.sampled_from(Admit)),
        per_cycle=draw(st.integers(1, 9)),
        per_day=draw(st.integers(1, 30)),
        groups_per_cycle=draw(st.integers(1, 3)),
    )


@st.composite
def ramps(draw: st.DrawFn) -> tuple[RampPolicy, list[Counted]]:
    policy = draw(policies())
    number = draw(st.integers(1, 5))
    groups = [
        Counted(
            f"CN={index}",
            policy.admit,
            draw(st.integers(0, 40)),
            draw(st.integers(0, 40)),
            60,
            restored=draw(st.integers(0, 3)),
            mail=draw(st.sampled_from([None, 20])),
        )
        for index in range(number)
    ]
    return policy, [replace(group, leaving=draw(st.integers(0, group.there))) for group in groups]


@settings(max_examples=150)
@given(ramps())
def test_every_ramp_ends_and_nobody_is_lost(ramp: tuple[RampPolicy, list[Counted]]) -> None:
    policy, groups = ramp
    before = [replace(group) for group in groups]
    told = _told(*groups, policy=policy)
    assert told.end is End.COMPLETE
    came = sum(group.there + old.leaving - old.there for old, group in zip(before, groups, strict=True))
    assert came == sum(step.links for step in told.steps) == sum(point.links for point in told.points)
    for old, group in zip(before, groups, strict=True):
        settled = max(old.there + old.restored - old.leaving, 0)
        assert group.there <= max(settled, policy.target if policy.admit is not Admit.NOW else 60, old.there)
    for group in told.groups:
        assert (group.whole is None) == bool(group.why)
        assert group.whole is None or group.whole <= told.at
    assert all(one.ends == other.begins for one, other in zip(told.steps, told.steps[1:], strict=False))
    assert [step.step for step in told.steps] == sorted({step.step for step in told.steps})


@settings(max_examples=150)
@given(ramps())
def test_no_step_admits_above_its_ceiling_and_no_day_more_than_its_budget(
    ramp: tuple[RampPolicy, list[Counted]],
) -> None:
    policy, groups = ramp
    for group in groups:
        group.restored = group.leaving = 0
    start = max(group.there for group in groups)
    told = _told(*groups, policy=policy)
    if policy.admit is not Admit.NOW:
        assert all(point.largest <= max(point.ceiling, start) for point in told.points)
    if policy.admit is Admit.MEMBERS:
        sent = [(point.at, point.links) for point in told.points if point.links]
        assert all(links <= policy.per_cycle for _, links in sent)
        for at, _ in sent:
            assert sum(links for other, links in sent if at - DAY < other <= at) <= policy.per_day


SPEEDS = st.sampled_from([LatencyModel(), LatencyModel(70.0, 0.0, 1.1), LatencyModel(300.0, 0.0, 1.1)])
USUAL = st.sampled_from([(), (Timed(10, 1.0, 0.5),), (Timed(10, 1.0, 9.0), Timed(10, 50.0, 0.1))])


@settings(max_examples=60, deadline=None)
@given(ramps(), SPEEDS, USUAL)
def test_jumping_over_runs_in_which_nothing_happens_changes_no_date(
    ramp: tuple[RampPolicy, list[Counted]], latency: LatencyModel, usual: tuple[Timed, ...]
) -> None:
    policy, groups = ramp
    terms = replace(TERMS, latency=latency, usual=usual)
    patient = [replace(group) for group in groups]
    quick = _told(*groups, policy=policy, terms=terms)
    with pytest.MonkeyPatch.context() as patched:
        real = forecasting._Walk._pass
        patched.setattr(forecasting._Walk, "_pass", lambda walk, runs: real(walk, _one(walk, runs)))
        slow = _told(*patient, policy=policy, terms=terms)
    assert [replace(step, gate=None) for step in quick.steps] == [replace(step, gate=None) for step in slow.steps]
    assert (quick.end, quick.at, quick.groups) == (slow.end, slow.at, slow.groups)


def _one(walk: forecasting._Walk, runs: float) -> float:
    """One run at a time, but for a person's pause, whose length is no decision."""
    return runs if walk._order is not None else 1.0
