"""Full runs, runs that last too long, and what a report tells of a run beside its numbers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine import Engine
from support.model import unavailable
from syncramp.errors import DeadlineExceeded, EndpointUnavailable, TenantHeld
from syncramp.model.report import RunReport
from syncramp.spec.scheduling import Scheduling


def test_a_full_run_reads_everything_back_and_judges_every_entry(engine: Engine) -> None:
    engine.run()
    engine.run()
    usual, _ = engine.run()
    report, plan = engine.run(full=True)
    told = {phase.name: phase.objects for phase in report.phases}
    before = {phase.name: phase.objects for phase in usual.phases}
    assert (before["read back"], before["synchronise"]) == (0, 0)
    assert told["read back"] == len(engine.cloud.objects)
    assert told["synchronise"] == len(engine.source.entries)
    assert report.full and not usual.full
    assert plan.empty and report.settled


def _limit(engine: Engine, seconds: float) -> None:
    engine.config = replace(engine.config, scheduling=Scheduling(timeout=timedelta(seconds=seconds)))


def _until_stopped(engine: Engine) -> Callable[[str], None]:
    """A call that is answered only when the run has been asked to stop."""

    def fault(moment: str) -> None:
        assert engine.stop.wait(60)

    return fault


def test_a_run_that_lasts_too_long_is_stopped_after_its_calls_in_flight(engine: Engine) -> None:
    _limit(engine, 0.2)
    engine.cloud.fault = _until_stopped(engine)
    report, _ = engine.run()
    assert (report.failure_reason, report.failure_family) == ("DeadlineExceeded", "Retry")
    assert "longer than" in report.failure and not report.succeeded
    assert 0 < report.objects.acknowledged < report.objects.expected
    assert report.objects.expected == report.objects.acknowledged + report.objects.left
    with engine.store() as store:
        last = store.runs.last()
    assert last is not None and last.state == "Failed"


def test_a_run_that_lasts_too_long_before_it_has_a_plan_says_so(engine: Engine) -> None:
    _limit(engine, 0.05)
    pages = engine.cloud.read_back

    def slow(cookie: bytes | None):  # type: ignore[no-untyped-def]
        assert engine.stop.wait(60)
        yield from pages(cookie)

    engine.cloud.read_back = slow  # type: ignore[method-assign]
    report = RunReport()
    with pytest.raises(DeadlineExceeded, match=r"spec\.timeout"):
        engine.run(report=report)
    assert report.failure_reason == "DeadlineExceeded"


def test_a_run_that_ends_in_time_is_stopped_by_nobody(engine: Engine) -> None:
    _limit(engine, 60)
    report, _ = engine.run()
    assert report.settled and not engine.stop.is_set()


def test_a_report_tells_when_each_phase_began_and_how_long_calls_took(engine: Engine) -> None:
    now = [1000.0]
    engine.clock = lambda: now[0]

    def fault(moment: str) -> None:
        now[0] += 2.0

    engine.cloud.fault = fault
    report, _ = engine.run()
    began = [phase.started for phase in report.phases]
    assert began == sorted(began) and began[0] > 1.7e9
    latency = report.export_latency
    assert latency.count == len(engine.cloud.calls) > 0
    assert latency.p50 == latency.p95 == 4.0
    assert report.service_interval == 1800.0


def test_a_failure_is_told_in_one_word_and_by_what_helps(engine: Engine) -> None:
    def fault(moment: str) -> None:
        raise unavailable()

    engine.cloud.fault = fault
    report = RunReport()
    with pytest.raises(EndpointUnavailable):
        engine.run(report=report)
    assert (report.failure_reason, report.failure_family, report.retry_at) == ("EndpointUnavailable", "Retry", None)


def test_a_fault_of_our_own_is_told_without_its_text(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.cloud, "company", lambda: 1 / 0)
    report = RunReport()
    with pytest.raises(ZeroDivisionError):
        engine.run(report=report)
    assert (report.failure_reason, report.failure_family) == ("InternalError", "Retry")
    assert "division" not in report.failure


def test_whoever_waits_for_a_known_moment_tells_it() -> None:
    from syncramp.cycle.deadline import blame

    report = RunReport()
    blame(report, TenantHeld("somebody is at work", until=5.0))
    assert (report.failure_reason, report.failure_family, report.retry_at) == (
        "TenantHeld",
        "Waiting",
        5.0,
    )
