"""When a run is due: tables of cases, and what holds whatever is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.schedule.decision import decide
from syncramp.schedule.known import (
    REQUESTS,
    Cause,
    Decision,
    End,
    Ending,
    Known,
    LastRun,
    Running,
    Start,
    Trigger,
    Wait,
)
from syncramp.schedule.timing import JITTER, PATIENCE, STAGGER, period
from syncramp.spec.scheduling import Scheduling, SyncWindow, WindowKind

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=30)
RETRY = timedelta(minutes=5)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OVER = LastRun(1, NOW - MINUTE, Ending.SUCCEEDED, Trigger.INTERVAL)
KNOWN = Known("6f0c", 1, INTERVAL, Scheduling(retry_interval=RETRY), last=OVER)
EVENING = SyncWindow(WindowKind.ALLOW, "5 12 * * *", HOUR)
"""It opens five minutes from now."""


def after(ending: Ending, **more: object) -> Known:
    """The last run ended so a minute ago."""
    return replace(KNOWN, last=replace(OVER, ending=ending, **more))


def cause(found: Decision) -> Cause:
    assert isinstance(found, Wait | End)
    return found.cause


def until(found: Decision) -> datetime:
    assert isinstance(found, Wait)
    assert found.until is not None
    return found.until


@pytest.mark.parametrize(
    ("known", "trigger"),
    [
        (replace(KNOWN, last=None), Trigger.CREATED),
        (replace(KNOWN, generation=2), Trigger.SPEC_CHANGED),
        (replace(KNOWN, requests={"requestedAt": "a"}), Trigger.REQUESTED),
        (replace(KNOWN, requests={"requestedAt": "b"}, handled={"requestedAt": "a"}), Trigger.REQUESTED),
        (replace(KNOWN, requests={"forceAt": "a", "requestedAt": "a"}), Trigger.FORCED),
        (replace(KNOWN, requests={"planAt": "a"}), Trigger.PLANNED),
        (replace(KNOWN, requests={"planAt": "a", "requestedAt": "a"}), Trigger.REQUESTED),
        (replace(KNOWN, requests={"approve": "a", "promote": "a"}), Trigger.APPROVED),
        (replace(KNOWN, requests={"promote-full": "a"}), Trigger.COMMANDED),
        (replace(KNOWN, secrets="b", secrets_handled="a"), Trigger.SECRET_CHANGED),
        (replace(KNOWN, secrets="b"), Trigger.SECRET_CHANGED),
        (replace(KNOWN, last=replace(OVER, ended=NOW - 2 * INTERVAL)), Trigger.INTERVAL),
        (after(Ending.FAILED, ended=NOW - 2 * RETRY, failures=1), Trigger.RETRIED),
        (after(Ending.WAITING, ended=NOW - 2 * PATIENCE, failures=1), Trigger.RETRIED),
        (after(Ending.WAITING, again=NOW, failures=9), Trigger.RETRIED),
        (after(Ending.INTERRUPTED, failures=1), Trigger.RESUMED),
        (after(Ending.CANCELLED), Trigger.RESUMED),
        (after(Ending.INCOMPLETE, sliced=True), Trigger.RESUMED),
        (replace(after(Ending.STALLED), generation=2), Trigger.SPEC_CHANGED),
        (replace(after(Ending.STALLED), secrets="b"), Trigger.SECRET_CHANGED),
        (replace(after(Ending.STALLED), requests={"planAt": "a"}), Trigger.PLANNED),
        (replace(after(Ending.FAILED, failures=9), requests={"requestedAt": "a"}), Trigger.REQUESTED),
    ],
)
def test_a_run_is_due_at_once(known: Known, trigger: Trigger) -> None:
    found = decide(known, NOW)
    assert isinstance(found, Start)
    assert found.trigger is trigger


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (KNOWN, Cause.DUE_LATER),
        (replace(KNOWN, requests={"note": "a"}), Cause.DUE_LATER),
        (replace(KNOWN, requests={"approve": "a"}, handled={"approve": "a"}), Cause.DUE_LATER),
        (replace(KNOWN, last=None, accepted=False), Cause.REFUSED),
        (replace(KNOWN, last=None, scheduling=Scheduling(suspend=True)), Cause.SUSPENDED),
        (replace(KNOWN, last=None, deleting=True), Cause.DELETING),
        (after(Ending.STALLED), Cause.STALLED),
        (after(Ending.FAILED, failures=1), Cause.BACKING_OFF),
        (after(Ending.INTERRUPTED, failures=2), Cause.BACKING_OFF),
        (after(Ending.WAITING, ended=NOW, failures=1), Cause.WAITING),
        (replace(KNOWN, running=Running(1, Trigger.CREATED, NOW)), Cause.RUNNING),
    ],
)
def test_nothing_is_to_be_done_yet(known: Known, expected: Cause) -> None:
    found = decide(known, NOW)
    assert isinstance(found, Wait)
    assert found.cause is expected


RUNNING = replace(KNOWN, running=Running(1, Trigger.INTERVAL, NOW - HOUR))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (replace(RUNNING, deleting=True, generation=2), Cause.DELETING),
        (replace(RUNNING, scheduling=Scheduling(suspend=True), generation=2), Cause.SUSPENDED),
        (replace(RUNNING, accepted=False, generation=2), Cause.REFUSED),
        (replace(RUNNING, generation=2), Cause.SPEC_CHANGED),
        (replace(RUNNING, requests={"pause": "large"}), Cause.COMMANDED),
        (replace(RUNNING, scheduling=Scheduling(timeout=HOUR)), Cause.TIMED_OUT),
    ],
)
def test_a_run_under_way_is_ended(known: Known, expected: Cause) -> None:
    found = decide(known, NOW)
    assert isinstance(found, End)
    assert found.cause is expected


def test_a_request_that_comes_while_a_run_is_under_way_is_followed_when_it_is_over() -> None:
    known = replace(RUNNING, requests={"requestedAt": "now", "approve": "digest"})
    assert decide(known, NOW) == Wait(Cause.RUNNING, NOW - HOUR + known.scheduling.timeout)
    found = decide(replace(known, running=None), NOW)
    assert isinstance(found, Start)
    assert found.handles == known.requests


def test_a_run_handles_every_request_but_a_plan_and_a_plan_nothing_else() -> None:
    known = replace(KNOWN, requests={"planAt": "1", "requestedAt": "2", "forceAt": "3", "other": "4"})
    first = decide(known, NOW)
    assert first == Start(Trigger.FORCED, full=True, handles={"requestedAt": "2", "forceAt": "3"})
    second = decide(replace(known, handled=first.handles), NOW)
    assert second == Start(Trigger.PLANNED, only_plans=True, handles={"planAt": "1"})


@pytest.mark.parametrize("ending", [Ending.FAILED, Ending.INTERRUPTED, Ending.CANCELLED, Ending.WAITING])
def test_a_full_run_that_did_not_come_to_its_end_is_made_again_in_full(ending: Ending) -> None:
    found = decide(after(ending, full=True, ended=NOW - HOUR), NOW)
    assert isinstance(found, Start)
    assert found.full


@pytest.mark.parametrize("ending", [Ending.SUCCEEDED, Ending.INCOMPLETE])
def test_after_a_full_run_the_next_one_is_as_always(ending: Ending) -> None:
    assert decide(after(ending, full=True, ended=NOW - HOUR), NOW) == Start(Trigger.INTERVAL)


def test_the_next_run_comes_an_interval_after_the_end_of_the_last_one_and_a_little_more() -> None:
    wait = until(decide(KNOWN, NOW)) - OVER.ended
    assert INTERVAL <= wait <= INTERVAL * (1 + JITTER)


def test_no_run_comes_sooner_by_the_clock_than_the_tenant_says() -> None:
    wait = until(decide(replace(KNOWN, service_interval=HOUR), NOW)) - OVER.ended
    assert HOUR <= wait <= HOUR * (1 + JITTER)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 30), (9, 30), (5000, 30)])
def test_a_failure_is_tried_again_later_each_time_up_to_an_interval(failures: int, minutes: int) -> None:
    wait = until(decide(after(Ending.FAILED, failures=failures), NOW)) - OVER.ended
    assert minutes * MINUTE <= wait <= minutes * MINUTE * (1 + JITTER)


def test_who_has_to_wait_for_a_known_moment_is_tried_again_then() -> None:
    assert until(decide(after(Ending.WAITING, again=NOW + 7 * MINUTE), NOW)) == NOW + 7 * MINUTE


def test_who_has_to_wait_until_a_moment_that_nobody_lives_to_see_is_tried_after_an_interval() -> None:
    far = datetime(9999, 1, 1, tzinfo=UTC)
    assert until(decide(after(Ending.WAITING, again=far), NOW)) <= OVER.ended + INTERVAL * (1 + JITTER)


def test_a_moment_that_is_over_already_makes_nobody_run_without_a_pause() -> None:
    found = decide(after(Ending.WAITING, ended=NOW, again=NOW - HOUR), NOW)
    assert PATIENCE <= until(found) - NOW <= 2 * PATIENCE


def test_a_process_that_dies_again_and_again_is_started_later_each_time() -> None:
    assert isinstance(decide(after(Ending.INTERRUPTED, failures=1), NOW), Start)
    waits = [until(decide(after(Ending.INTERRUPTED, failures=number), NOW)) - OVER.ended for number in (2, 3, 9)]
    assert RETRY <= waits[0] < waits[1] < waits[2] <= INTERVAL * (1 + JITTER)


def test_a_window_that_opens_makes_a_run_due() -> None:
    known = replace(KNOWN, scheduling=Scheduling(windows=(EVENING,)))
    opening = NOW + 5 * MINUTE
    due = until(decide(known, NOW))
    assert opening <= due < opening + STAGGER
    assert decide(known, opening + STAGGER) == Start(Trigger.WINDOW_OPENED)
    again = replace(known, last=replace(OVER, ended=opening + MINUTE))
    assert until(decide(again, opening + 2 * MINUTE)) >= opening + MINUTE + INTERVAL


def test_a_run_that_was_planned_before_a_window_opened_is_followed_by_one_that_sees_it_open() -> None:
    known = replace(KNOWN, scheduling=Scheduling(windows=(EVENING,)))
    opening = NOW + 5 * MINUTE
    across = replace(OVER, began=opening - MINUTE, ended=opening + MINUTE)
    assert decide(replace(known, last=across), opening + 2 * MINUTE) == Start(Trigger.WINDOW_OPENED)
    after_it = replace(across, began=opening + 1 * MINUTE)
    assert until(decide(replace(known, last=after_it), opening + 2 * MINUTE)) >= opening + INTERVAL


def test_the_runs_of_many_documents_are_spread_when_the_operator_starts() -> None:
    known = [replace(KNOWN, key=str(number), last=None, awake=NOW) for number in range(200)]
    moments = [until(decide(one, NOW)) for one in known]
    assert all(NOW < moment < NOW + STAGGER for moment in moments)
    assert len({moment.replace(microsecond=0) for moment in moments}) >= 25
    assert all(isinstance(decide(one, NOW + STAGGER), Start) for one in known)


def test_documents_of_the_same_interval_do_not_stay_together() -> None:
    assert len({period(INTERVAL, None, str(number)) for number in range(200)}) == 200


def test_a_run_that_ended_far_in_the_future_keeps_nobody_from_running() -> None:
    assert isinstance(decide(after(Ending.SUCCEEDED, ended=NOW + timedelta(days=900)), NOW), Start)


def test_a_clock_that_is_a_little_ahead_makes_no_run_that_follows_upon_the_last_one() -> None:
    assert until(decide(after(Ending.SUCCEEDED, ended=NOW + MINUTE), NOW)) >= NOW + MINUTE + INTERVAL


# --- whatever is known ---------------------------------------------------------------------------------------------

MOMENTS = st.integers(-(10**7), 10**7).map(lambda seconds: NOW + timedelta(seconds=seconds))
SPANS = st.integers(60, 100_000).map(lambda seconds: timedelta(seconds=seconds))
TEXTS = st.dictionaries(st.sampled_from([*sorted(REQUESTS), "other"]), st.sampled_from(["a", "b"]), max_size=4)
WINDOWS = st.lists(st.just(EVENING) | st.just(SyncWindow(WindowKind.DENY, "0 8 * * 1-5", 10 * HOUR)), max_size=2)
LASTS = st.builds(
    LastRun,
    generation=st.integers(1, 2),
    ended=MOMENTS,
    ending=st.sampled_from(Ending),
    trigger=st.sampled_from(Trigger),
    full=st.booleans(),
    failures=st.integers(0, 100),
    again=st.none() | MOMENTS,
    began=st.none() | MOMENTS,
    sliced=st.booleans(),
)
EVERYTHING = st.builds(
    Known,
    key=st.text(max_size=3),
    generation=st.integers(1, 2),
    interval=SPANS,
    scheduling=st.builds(
        Scheduling,
        suspend=st.booleans(),
        retry_interval=SPANS,
        timeout=SPANS,
        windows=WINDOWS.map(tuple),
    ),
    accepted=st.booleans(),
    deleting=st.booleans(),
    requests=TEXTS,
    handled=TEXTS,
    secrets=st.sampled_from(["", "a"]),
    secrets_handled=st.sampled_from(["", "a"]),
    last=st.none() | LASTS,
    running=st.none()
    | st.builds(Running, generation=st.integers(1, 2), trigger=st.sampled_from(Trigger), since=MOMENTS),
    service_interval=st.none() | SPANS,
    awake=st.none() | MOMENTS,
)


@given(EVERYTHING)
def test_whoever_may_run_runs_before_two_intervals_are_over(known: Known) -> None:
    known = replace(known, running=None)
    now, length = NOW, period(known.interval, known.service_interval, known.key)
    for _ in range(4):
        found = decide(known, now)
        assert not isinstance(found, End)
        if isinstance(found, Start) or found.until is None:
            break
        assert now < found.until <= now + 2 * length + 2 * STAGGER + 2 * PATIENCE
        now = found.until
    if isinstance(found, Wait):
        assert known.deleting or known.scheduling.suspend or not known.accepted or known.last.ending is Ending.STALLED


@given(EVERYTHING)
def test_nothing_starts_where_nothing_may_run(known: Known) -> None:
    found = decide(known, NOW)
    if known.deleting or known.scheduling.suspend or not known.accepted:
        assert not isinstance(found, Start)
        assert isinstance(found, Wait) or known.running is not None
    if known.running is not None:
        assert not isinstance(found, Start)
    else:
        assert not isinstance(found, End)


@given(EVERYTHING)
def test_a_request_is_handled_once_and_none_is_forgotten(known: Known) -> None:
    known = replace(
        known, running=None, awake=None, deleting=False, accepted=True, scheduling=Scheduling(), last=OVER
    )
    starts = []
    while isinstance(found := decide(known, NOW), Start):
        starts.append(found)
        known = replace(
            known,
            handled={**known.handled, **found.handles},
            secrets_handled=known.secrets,
            last=known.last if found.only_plans else replace(OVER, generation=known.generation),
        )
        assert len(starts) <= 2
    asked = {name: text for name, text in known.requests.items() if name in REQUESTS}
    assert {name: known.handled[name] for name in asked} == asked
    handled = [name for start in starts for name in start.handles]
    assert len(handled) == len(set(handled))


@given(EVERYTHING)
def test_a_run_under_way_is_waited_for_no_longer_than_it_may_last(known: Known) -> None:
    known = replace(known, running=known.running or Running(known.generation, Trigger.INTERVAL, NOW))
    found = decide(known, NOW)
    if isinstance(found, Wait):
        assert found.cause is Cause.RUNNING
        assert found.until is not None
        assert NOW < found.until <= NOW + known.scheduling.timeout
