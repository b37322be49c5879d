"""What a SyncRun says of a run: the numbers agree, and whatever a tenant holds, it stays small and readable."""

import json
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from support.hostile import DECIDED, NAMES, REPORTS
from support.schemas import refused
from syncramp.errors import (
    AnchorMismatch,
    InputRefused,
    SourceUnavailable,
    Stalled,
    Stopped,
    SyncrampError,
    TenantHeld,
    Waiting,
)
from syncramp.events import Note, PhaseEnded, PhaseStarted, Progress
from syncramp.model.plan import Sample
from syncramp.model.ramps import Decided
from syncramp.model.report import ExportLatency, PhaseReport, RunReport, SourceReport, Tally
from syncramp.spec.schema import RUN as RUN_KIND
from syncramp.spec.schema import schema
from syncramp_operator.runs.bounds import LARGEST, PLAN, lines, moment_of, size, stamp, text
from syncramp_operator.runs.counted import tally
from syncramp_operator.runs.figures import figures
from syncramp_operator.runs.run_end import Outcome, RunPhase, RunReason, failed, succeeded
from syncramp_operator.runs.syncruns import EVERY, Telling

RUN = {
    "metadata": {"name": "contoso-7", "namespace": "identity", "uid": "u"},
    "spec": {"configRef": {"name": "contoso", "uid": "c", "generation": 3}, "number": 7, "trigger": "Interval"},
}
STATUS = schema(RUN_KIND)["properties"]["status"]
NOW = 1_800_000_000.0
UNSHRUNK = settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""Reports of hundreds of long texts: to make a failing one smaller takes minutes."""


def _texts(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        return [found for value in node.values() for found in _texts(value)]
    return [found for value in node for found in _texts(value)] if isinstance(node, list) else []


def _status(outcome: Outcome) -> dict[str, Any]:
    telling = Telling(RUN, NOW)
    telling.end(outcome, NOW + 10)
    status: dict[str, Any] = telling.patch(NOW + 10)["status"]
    assert json.loads(json.dumps(status)) == status
    return status


@UNSHRUNK
@given(REPORTS, DECIDED, NAMES, NAMES)
def test_whatever_a_tenant_holds_a_status_is_small_and_its_numbers_agree(
    report: RunReport, decided: list[Decided], plan: str, words: str
) -> None:
    for outcome in (
        succeeded(report, stopped=False, plan=plan, decided=decided),
        failed(SourceUnavailable(words, where=words, remedy=words), report, stopped=False, decided=decided),
    ):
        status = _status(outcome)
        assert refused({**status, "progress": {}}, STATUS) == [], "the API server would refuse it, or leave it out"
        assert size(status) <= LARGEST
        assert len(json.dumps(status).encode()) <= 6 * LARGEST
        tallies = [
            told[name] for told in (status, status.get("writeback", {})) for name in ("objects", "links") if told
        ]
        for counted in tallies:
            parts = ("acknowledged", "held", "refused", "inDoubt", "left")
            assert counted["expected"] == sum(counted[part] for part in parts)
            assert min(counted.values()) >= 0
        assert all(sign.isprintable() or sign == "\n" for found in _texts(status) for sign in found)
        assert all("\n" not in found for found in _texts({**status, "plan": ""}))
        for told in (status, status.get("writeback", {})):
            for members, keys in UNIQUE.items():
                seen = [tuple(entry[key] for key in keys) for entry in told.get(members, ())]
                assert len(seen) == len(set(seen)), members


UNIQUE = {
    "phases": ["name"],
    "errors": ["category"],
    "holds": ["reason"],
    "drift": ["kind"],
    "sources": ["name", "partition"],
    "conditions": ["type"],
    "unwritable": ["reason"],
    "refused": ["reason"],
}
"""Lists that are maps to the API server."""


@given(NAMES, st.integers(8, 300))
def test_a_text_is_cut_by_bytes_and_nothing_in_it_is_obeyed(value: str, most: int) -> None:
    shown = text(value, most)
    assert len(shown.encode()) <= most
    assert shown.isprintable()


def test_a_short_text_stays_as_it_is() -> None:
    assert text("Müller, 日本") == "Müller, 日本"


@given(st.lists(NAMES, max_size=30))
def test_a_plan_is_cut_at_the_end_of_a_line(told: list[str]) -> None:
    shown = lines("\n".join(told), 500)
    assert len(shown.encode()) <= 500
    assert all(line.isprintable() for line in shown.splitlines())


def test_a_plan_that_fits_stays_whole() -> None:
    plan = "\n".join(f"  Create User {number}" for number in range(100))
    assert len(plan) < PLAN
    assert lines(plan) == plan


def test_moments_come_back() -> None:
    assert moment_of(stamp(NOW)).timestamp() == NOW


def _report(**members: Any) -> RunReport:
    return RunReport(mode="Sync", sends=True, **members)


def test_a_settled_run_has_succeeded_and_one_with_something_open_is_incomplete() -> None:
    done = succeeded(_report(objects=Tally(3, 3), links=Tally(5, 5)), stopped=False)
    assert (done.phase, done.reason) == (RunPhase.SUCCEEDED, RunReason.SUCCEEDED)
    assert done.message == "3 objects and 5 links acknowledged"
    held = succeeded(_report(objects=Tally(5, 1, 2, 0, 1, 1)), stopped=False)
    assert (held.phase, held.reason) == (RunPhase.INCOMPLETE, RunReason.INCOMPLETE)
    assert held.message == "1 object and 0 links acknowledged; objects: 2 held, 1 in doubt, 1 left"
    unread = succeeded(_report(sources=[SourceReport("corp", "dc=x", False, 3, 9, "broke off")]), stopped=False)
    assert (unread.phase, unread.message) == (
        RunPhase.INCOMPLETE,
        "0 objects and 0 links acknowledged; 1 source not complete",
    )


def test_a_stopped_run_is_cancelled_unless_everything_was_done() -> None:
    left = succeeded(_report(objects=Tally(5, 1, left=4)), stopped=True)
    assert (left.phase, left.reason, left.family) == (RunPhase.CANCELLED, RunReason.CANCELLED, "")
    assert succeeded(_report(objects=Tally(5, 5)), stopped=True).phase is RunPhase.SUCCEEDED
    early = failed(Stopped("the run was stopped before it sent anything"), _report(), stopped=True)
    assert (early.phase, early.reason) == (RunPhase.CANCELLED, RunReason.CANCELLED)


def test_whoever_stopped_a_run_knows_why() -> None:
    cancelled = succeeded(_report(objects=Tally(5, 1, left=4)), stopped=True)
    late = cancelled.stopped_for(RunReason.DEADLINE_EXCEEDED)
    assert (late.phase, late.reason, late.family) == (RunPhase.FAILED, "DeadlineExceeded", "Retry")
    assert late.told == cancelled.told
    assert cancelled.stopped_for(RunReason.CANCELLED) is cancelled
    done = succeeded(_report(objects=Tally(5, 5)), stopped=True)
    assert done.stopped_for(RunReason.INTERRUPTED) is done


@pytest.mark.parametrize(
    ("error", "family", "reason"),
    [
        (InputRefused("no", where="spec"), "Stalled", "InvalidSpec"),
        (AnchorMismatch("no"), "Stalled", "AnchorMismatch"),
        (TenantHeld("wait", until=NOW + 60), "Waiting", "TenantHeld"),
        (SourceUnavailable("again"), "Retry", "SourceUnavailable"),
    ],
)
def test_an_error_of_ours_is_told_by_its_family_and_its_reason(
    error: SyncrampError, family: str, reason: str
) -> None:
    status = _status(failed(error, _report(), stopped=False))
    assert (status["phase"], status["family"], status["reason"]) == ("Failed", family, reason)
    assert status["message"] == str(error)
    assert status.get("retryTime") == (stamp(NOW + 60) if family == "Waiting" else None)
    (condition,) = status["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Failed", "True", reason)


def test_every_family_of_errors_is_told() -> None:
    for family in SyncrampError.__subclasses__():
        assert failed(family("x"), _report(), stopped=False).family == family.__name__
    assert {Stalled, Waiting} <= set(SyncrampError.__subclasses__())


def test_of_a_foreign_error_only_the_name_of_its_type_is_told() -> None:
    outcome = failed(RuntimeError("password=hunter2"), _report(), stopped=False)
    assert (outcome.reason, outcome.family) == ("InternalError", "Retry")
    assert "RuntimeError" in outcome.message and "hunter2" not in outcome.as_line()


@UNSHRUNK
@given(REPORTS, DECIDED)
def test_an_outcome_is_one_line_and_comes_back(report: RunReport, decided: list[Decided]) -> None:
    outcome = succeeded(report, stopped=False, decided=decided)
    line = outcome.as_line()
    assert len(line.splitlines()) == 1
    assert Outcome.of_line(line.encode()) == outcome


@pytest.mark.parametrize("line", [b"", b"7", b"{}", b'{"event": "ended"}', b'{"event": "ended", "phase": "Odd"}'])
def test_another_line_is_no_outcome(line: bytes) -> None:
    assert Outcome.of_line(line) is None


def test_what_is_most_frequent_comes_first_and_samples_are_few() -> None:
    samples = {"b": [Sample("Create", "User", f"cn={n}", f"a{n}", "why") for n in range(5)]}
    told = figures(_report(errors={"a": 1, "b": 7}, error_samples=samples))
    assert told["errorCount"] == 8
    assert [(entry["category"], entry["count"]) for entry in told["errors"]] == [("b", 7), ("a", 1)]
    assert [each["anchor"] for each in told["errors"][0]["samples"]] == ["a0", "a1", "a2"]
    assert told["errors"][0]["samples"][0] == {"kind": "User", "anchor": "a0", "name": "cn=0", "message": "why"}


def test_what_nothing_was_said_of_is_left() -> None:
    told = {"expected": 10, "acknowledged": 3, "held": 2, "refused": 1, "inDoubt": 1, "left": 3}
    assert tally(Tally(10, 3, 2, 1, 1)) == told


def test_categories_that_look_alike_when_they_are_cut_are_one() -> None:
    told = figures(_report(errors={"x" * 300 + "a": 2, "x" * 300 + "b": 3}, drift={"y" * 90: 1, "y" * 91: 4}))
    assert [entry["count"] for entry in told["errors"]] == [5]
    assert [entry["count"] for entry in told["drift"]] == [5]


def test_a_source_that_was_not_read_completely_is_told_before_any_other() -> None:
    sources = [SourceReport(f"s{n}", "dc=x", n != 40, n, None) for n in range(50)]
    told = figures(_report(sources=sources))["sources"]
    assert told[0]["name"] == "s40" and len(told) == 32


def test_how_a_source_was_read_is_told() -> None:
    read = SourceReport("corp", "dc=x", True, 3, None, tracking="SyncRepl", delta=True, seconds=1.25)
    (told,) = figures(_report(sources=[read]))["sources"]
    assert (told["tracking"], told["delta"], told["milliseconds"]) == ("SyncRepl", True, 1250)


def test_a_run_under_way_tells_its_phases_and_how_far_it_is() -> None:
    telling = Telling(RUN, NOW)
    assert telling.due(NOW)
    assert telling.patch(NOW)["status"] == {
        "phase": "Running",
        "startTime": stamp(NOW),
        "generation": 3,
        "phases": [],
        "progress": None,
    }
    assert not telling.due(NOW + 100), "nothing has happened"
    telling.hear(PhaseStarted("import"), NOW + 1)
    telling.hear(PhaseEnded("import", 7, 0, "entry", 1.25), NOW + 2)
    telling.hear(PhaseStarted("export"), NOW + 3)
    telling.hear(Progress("export", 3, None, "object", 1.0, 4, 10), NOW + 4)
    telling.hear(Progress("export", 1, None, "object", 1.0, source="corp"), NOW + 4)
    telling.hear(Note("info", "hello"), NOW + 4)
    assert not telling.due(NOW + EVERY - 1) and telling.due(NOW + EVERY)
    status = telling.patch(NOW + EVERY)["status"]
    assert status["phases"] == [
        {
            "name": "import",
            "startTime": stamp(NOW + 1),
            "duration": "1s",
            "milliseconds": 1250,
            "objects": 7,
            "links": 0,
        },
        {"name": "export", "startTime": stamp(NOW + 3)},
    ]
    assert status["progress"] == {
        "phase": "export",
        "done": 3,
        "unit": "object",
        "links": 4,
        "totalLinks": 10,
        "time": stamp(NOW + 4),
    }


def test_a_clock_that_is_set_back_silences_nobody() -> None:
    telling = Telling(RUN, NOW)
    telling.patch(NOW)
    telling.hear(PhaseStarted("import"), NOW - 3600)
    assert telling.due(NOW - 3600)
    telling.end(Outcome(RunPhase.SUCCEEDED, "SyncSucceeded", "done"), NOW - 3600)
    status = telling.patch(NOW - 3600)["status"]
    assert status["completionTime"] >= status["startTime"] and status["duration"] == "0s"


def test_the_end_is_due_at_once_and_takes_its_numbers_from_the_report() -> None:
    telling = Telling(RUN, NOW)
    telling.hear(PhaseStarted("import"), NOW + 1)
    telling.patch(NOW + 1)
    telling.end(succeeded(_report(run=9, phases=[PhaseReport("import", 2.5, 8)]), stopped=False), NOW + 250)
    assert telling.due(NOW + 1) and telling.over
    status = telling.patch(NOW + 250)["status"]
    assert status["phases"] == [
        {
            "name": "import",
            "startTime": stamp(NOW + 1),
            "duration": "2s",
            "milliseconds": 2500,
            "objects": 8,
            "links": 0,
        }
    ]
    assert (status["phase"], status["number"], status["duration"]) == ("Succeeded", 9, "4m10s")
    assert status["progress"] is None
    assert [condition["type"] for condition in status["conditions"]] == ["Complete"]
    telling.end(Outcome(RunPhase.FAILED, "Interrupted", "later"), NOW + 300)
    assert telling.patch(NOW + 300)["status"]["phase"] == "Succeeded", "the first word counts"


def test_a_run_that_lasted_too_long_has_failed_and_the_next_one_tries_again() -> None:
    report = RunReport(failure="it lasted too long", failure_reason="DeadlineExceeded", failure_family="Retry")
    outcome = succeeded(report, stopped=True)
    assert (outcome.phase, outcome.reason, outcome.family) == (RunPhase.FAILED, "DeadlineExceeded", "Retry")


def test_how_long_calls_took_and_what_the_tenant_asks_for_is_told() -> None:
    report = RunReport(throttled=3, export_latency=ExportLatency(9, 1.5, 20.0), service_interval=1800.0)
    told = figures(report)
    assert (told["throttled"], told["serviceInterval"]) == (3, "30m")
    assert told["exportLatency"] == {"p50": 1500, "p95": 20000}
    assert "serviceInterval" not in figures(RunReport())
