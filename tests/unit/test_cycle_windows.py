"""Sync windows in a run: outside of them nothing goes but disables and explicit removals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.clock import Clock
from support.engine import Engine, links
from syncramp.events import Note
from syncramp.model.report import RunReport
from syncramp.report.text import plan_lines, report_from, run_lines
from syncramp.spec.scheduling import Scheduling, SyncWindow, WindowKind
from syncramp.spec.types import ApprovalMode

HOUR = 3600.0
OPEN = datetime(2026, 11, 26, 21, 0, tzinfo=UTC).timestamp()
"""An hour after the window has opened."""
SHUT = OPEN - 2 * HOUR
CLOSES = OPEN + HOUR
NIGHT = SyncWindow(WindowKind.ALLOW, "0 20 * * *", timedelta(hours=2))


@pytest.fixture
def clock() -> Clock:
    return Clock(OPEN)


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    made = Engine(tmp_path / "state.db", clock=clock)
    made.config = replace(made.config, scheduling=Scheduling(windows=(NIGHT,)), interval=timedelta(hours=9))
    made.source.add(*map(user, range(1, 9)), group(101))
    made.source.members[guid(101)] = [user_dn(1), user_dn(2), user_dn(3)]
    return made


def agrees(report: RunReport) -> bool:
    tallies = (report.objects, report.links)
    return all(
        each.expected == each.acknowledged + each.held + each.refused + each.in_doubt + each.left for each in tallies
    )


def test_outside_of_the_windows_nothing_is_created_and_the_plan_says_until_when(engine: Engine, clock: Clock) -> None:
    clock.now = SHUT
    report, plan = engine.run()
    assert not engine.cloud.calls and agrees(report)
    assert report.holds == {"OutsideSyncWindow": 12}  # with three links
    assert not report.windows.open and report.windows.until == SHUT + HOUR
    sentence = "Sync windows: growth waits, because no sync window is open until 2026-11-26 20:00 UTC"
    assert sentence in list(run_lines(report))
    assert sentence in list(plan_lines(plan, report))


def test_when_a_window_opens_what_waited_goes(engine: Engine, clock: Clock) -> None:
    clock.now = SHUT
    engine.run()
    clock.now = OPEN
    report, _ = engine.run()
    assert report.settled and len(engine.cloud.objects) == 9


def test_leavers_wait_for_no_window(engine: Engine, clock: Clock) -> None:
    engine.run()
    clock.now = CLOSES
    engine.cloud.calls.clear()
    engine.source.add(user(1, userAccountControl="514", title="gone"), user(9))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(3), user_dn(4)]
    report, _ = engine.run()
    story = [(obj.values["SourceAnchor"], obj.values.get("accountEnabled"), links(obj)) for obj in engine.sent]
    one, two, big = (engine.anchor(entry) for entry in (user(1), user(2), group(101)))
    assert story == [(one, False, []), (big, None, [("REMOVE", two)])]
    assert report.holds == {"OutsideSyncWindow": 3}  # a create, a title, an addition
    assert agrees(report)


def test_a_delete_waits_for_a_window(engine: Engine, clock: Clock) -> None:
    engine.run()
    clock.now = CLOSES
    engine.leave(8)
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"OutsideSyncWindow": 1}
    clock.now = OPEN + 24 * HOUR
    report, _ = engine.run()
    assert report.settled and engine.anchor(user(8)) not in engine.cloud.objects


def test_guards_are_told_before_the_window_opens(engine: Engine, clock: Clock) -> None:
    engine.run()
    engine.config = replace(
        engine.config,
        failsafe=replace(engine.config.failsafe, deletes=replace(engine.config.failsafe.deletes, count=2)),
    )
    clock.now = CLOSES
    for number in range(4, 9):
        engine.leave(number)
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"TooManyDeletes": 5}
    assert engine.approve() == 1
    report, _ = engine.run()
    assert report.holds == {"OutsideSyncWindow": 5}


def test_an_approval_lets_nothing_go_outside_of_the_windows(engine: Engine, clock: Clock) -> None:
    engine.config = replace(engine.config, approval=ApprovalMode.MANUAL)
    clock.now = SHUT
    report, _ = engine.run()
    assert report.holds == {"ApprovalRequired": 12}
    engine.approve()
    report, _ = engine.run()
    assert report.holds == {"OutsideSyncWindow": 12} and not engine.cloud.calls
    clock.now = OPEN
    report, _ = engine.run()
    assert report.objects.acknowledged == 9


def test_a_window_that_closes_in_the_middle_of_an_export_ends_it(engine: Engine, clock: Clock) -> None:
    clock.now = CLOSES - 1

    def fault(moment: str) -> None:
        clock.now += 0.5

    engine.cloud.fault = fault
    report = engine.sync()
    assert report.slices == 1 and not report.sliced and not report.settled
    assert report.objects.acknowledged == 3 and report.objects.left == 6 and agrees(report)
    assert not report.windows.open and report.windows.until == OPEN + 23 * HOUR
    assert [event.text for event in engine.events if isinstance(event, Note)] == [
        "what is left waits, because no sync window is open until 2026-11-27 20:00 UTC"
    ]
    report, _ = engine.run()
    assert report.holds == {"OutsideSyncWindow": 9}  # with three links


def test_a_report_of_an_open_window_tells_when_it_closes(engine: Engine) -> None:
    report, _ = engine.run()
    assert report.windows.open and report.windows.until == CLOSES
    assert "Sync windows: growth may go until 2026-11-26 22:00 UTC" in list(run_lines(report))


def test_without_windows_nothing_is_said_of_them(engine: Engine) -> None:
    engine.config = replace(engine.config, scheduling=Scheduling())
    report, _ = engine.run()
    assert report.settled
    assert not [line for line in run_lines(report) if line.startswith("Sync windows")]


def test_a_report_is_read_from_the_store_as_it_was_kept(engine: Engine) -> None:
    report, _ = engine.run()
    with engine.store() as store:
        last = store.runs.last()
    assert last is not None
    kept = report_from(last.report)
    assert kept.windows == report.windows and kept.export_latency == report.export_latency
