"""Sync windows and groups that are filling, which none of them tears; and what an explanation says."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import user, user_dn
from support.engine import Engine
from support.explained import explained
from support.filled import (
    LARGE,
    OTHER,
    Clock,
    agrees,
    filling,
    large,
    large_groups,
    members,
    others_wait,
    reasons,
    rooms,
)
from support.model import no_fault
from syncramp.model.holds import Hold
from syncramp.model.report import RunReport
from syncramp.spec.scheduling import Scheduling, SyncWindow, WindowKind


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    """Everybody is in the cloud, and the large groups wait."""
    made = large_groups(tmp_path, clock)
    with rooms(others_wait):
        made.run()
    return made


def closes(engine: Engine, clock: Clock, seconds: float) -> None:
    """The one window closes in so many seconds; it opened at 13:00."""
    opened = clock.now - clock.now % 86_400 + 13 * 3600
    window = SyncWindow(WindowKind.ALLOW, "0 13 * * *", timedelta(seconds=clock.now - opened + seconds))
    engine.config = replace(engine.config, scheduling=Scheduling(windows=(window,)), interval=timedelta(hours=1))


def filled(engine: Engine) -> RunReport:
    with rooms(large):
        return engine.sync()


def test_a_group_that_cannot_be_finished_before_a_window_closes_does_not_begin(engine: Engine, clock: Clock) -> None:
    closes(engine, clock, 5)
    report = filled(engine)
    assert (members(engine, LARGE), members(engine, OTHER)) == (None, None)
    assert reasons(report)[0] == "12 links take about 6s, and a sync window closes before"
    assert not report.sliced and report.slices == 1 and agrees(report)


def test_a_group_that_was_begun_is_finished_though_a_window_closes(engine: Engine, clock: Clock) -> None:
    closes(engine, clock, 15)
    report = filled(engine)
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, None)
    assert not filling(engine) and not report.windows.open and agrees(report)


def test_a_group_whose_fill_was_stopped_is_finished_though_no_window_is_open(engine: Engine, clock: Clock) -> None:
    closes(engine, clock, 3000)
    clock.then[clock.calls + 2] = engine.stop.set
    filled(engine)
    assert members(engine, LARGE) == 4 and filling(engine)
    engine.stop.clear()
    clock.now += 3600
    report = filled(engine)
    assert not report.windows.open
    assert (members(engine, LARGE), members(engine, OTHER)) == (12, None)
    assert Hold.WINDOW in report.holds and agrees(report)


def test_an_explanation_tells_that_it_waits_for_a_window(engine: Engine, clock: Clock) -> None:
    closes(engine, clock, 0)
    engine.source.add(user(1, title="Director"))
    engine.cloud.fault = no_fault
    with rooms(others_wait):
        report, _ = engine.run()
    assert report.holds[Hold.WINDOW] == 1
    told = explained(engine, user_dn(1), now=clock.now)
    assert told.change is not None and told.change.hold is Hold.WINDOW
    assert told.change.reason == report.windows.reason != ""
