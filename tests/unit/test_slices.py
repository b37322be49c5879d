"""A long export goes in slices: each is a run that reads the directory again and begins with what takes away."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from support.model import no_fault, unavailable
from syncramp.cycle.results import GONE
from syncramp.cycle.slices import run_all
from syncramp.events import Note
from syncramp.model.report import RunReport

INTERVAL = 1800.0
CALL = 400.0
"""Seconds that a call takes: a slice has room for five of them."""
PEOPLE = range(1, 31)


@dataclass
class Clock:
    """Time passes with every call, and after each of them something may happen."""

    now: float = 1_000_000.0
    calls: int = 0
    then: Callable[[int], None] = lambda number: None

    def __call__(self) -> float:
        return self.now

    def fault(self, moment: str) -> None:
        if moment == "after":
            self.now += CALL
            self.calls += 1
            self.then(self.calls)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    made = Engine(tmp_path / "state.db", clock=clock)
    made.config = replace(made.config, interval=timedelta(seconds=INTERVAL))
    made.source.add(*map(user, PEOPLE), group(101))
    made.source.members[guid(101)] = list(map(user_dn, PEOPLE))
    made.cloud.max_links = 10
    made.cloud.fault = clock.fault
    return made


def runs(engine: Engine) -> int:
    with engine.store() as store:
        return int(store.database.value("SELECT COUNT(*) FROM runs"))


def agrees(report: RunReport) -> bool:
    tallies = (report.objects, report.links)
    return all(
        each.expected == each.acknowledged + each.held + each.refused + each.in_doubt + each.left for each in tallies
    )


def test_only_the_first_slice_of_a_full_run_is_full(engine: Engine) -> None:
    with engine.store() as store:
        report = run_all(replace(engine.job(store), full=True))
        runs = [store.runs.last()]
    assert report.full and report.slices == 3
    assert runs[0] is not None and runs[0].report is not None and not runs[0].report["full"]


def test_a_long_export_goes_in_slices_and_its_numbers_add_up(engine: Engine) -> None:
    report = engine.sync()
    assert report.settled and agrees(report)
    assert (report.objects.expected, report.objects.acknowledged) == (31, 31)
    assert (report.links.expected, report.links.acknowledged) == (30, 30)
    assert report.counts == report.done == {"Create": {"User": 30, "Group": 1}}
    assert report.calls == len(engine.cloud.calls) == 11 + 3
    assert report.writes == 31 + 3
    assert report.slices == runs(engine) == 3  # five calls in each, and four in the last
    assert not report.sliced
    assert report.skipped == {}
    assert [phase.name for phase in report.phases].count("export") == 1
    exported = next(phase for phase in report.phases if phase.name == "export")
    assert (exported.objects, exported.links) == (31, 30)


def test_progress_is_told_after_each_slice(engine: Engine) -> None:
    engine.sync()
    told = [event.text for event in engine.events if isinstance(event, Note) and event.text.startswith("slice ")]
    assert [text.partition(" acknowledged so far, ")[0] for text in told] == [
        "slice 1 is over: 15 objects and 0 links",
        "slice 2 is over: 30 objects and 0 links",
    ]
    assert [text.partition(" acknowledged so far, ")[2] for text in told] == [
        "16 objects and 30 links left; the directories are read again",
        "1 object and 30 links left; the directories are read again",
    ]


def test_one_slice_alone_says_what_is_left(engine: Engine) -> None:
    report = engine.sync(once=True)
    assert agrees(report) and report.sliced and not report.settled
    assert (report.objects.acknowledged, report.objects.left, report.links.left) == (15, 16, 30)
    assert runs(engine) == 1
    assert engine.sync().settled


def test_no_call_begins_after_the_end_of_a_slice(engine: Engine, clock: Clock) -> None:
    began = []
    engine.cloud.fault = lambda moment: (began.append(clock.now) if moment == "before" else None, clock.fault(moment))
    start = clock.now
    engine.sync(once=True)
    assert began == [start + CALL * number for number in range(5)]


def test_a_disable_and_a_removal_made_during_a_long_export_are_sent_within_one_slice(
    engine: Engine, clock: Clock
) -> None:
    """They go first in the next slice, and so not after everything that was to come."""
    engine.settle()
    newcomers = range(201, 260)
    engine.source.add(*map(user, newcomers))
    made_at = []

    def leaves(number: int) -> None:
        if number == 2:
            engine.source.add(user(1, userAccountControl="514"))
            engine.source.members[guid(101)].remove(user_dn(2))
            made_at.append(clock.now)

    clock.calls, clock.then = 0, leaves
    before = len(engine.sent)
    report = engine.sync()
    assert report.settled and report.slices > 2
    sent = engine.sent[before:]
    (disable,) = [n for n, obj in enumerate(sent) if obj.values.get("accountEnabled") is False]
    (removal,) = [n for n, obj in enumerate(sent) if ("REMOVE", engine.anchor(user(2))) in links(obj)]
    assert (disable, removal) == (15, 16), "the first of the second slice, disables before removals"
    assert report.removal_latency.count == 2
    assert clock.now - made_at[0] > INTERVAL, "the export was long"
    assert answered_at(engine) - made_at[0] <= INTERVAL + 2 * CALL


def answered_at(engine: Engine) -> float:
    with engine.store() as store:
        return float(store.database.value("SELECT MAX(at) FROM samples WHERE name = 'removalLatency'"))


def test_the_time_from_seen_to_acknowledged_begins_when_the_import_ended(engine: Engine, clock: Clock) -> None:
    engine.settle()
    engine.source.add(user(1, userAccountControl="514"))
    engine.source.members[guid(101)] = engine.source.members[guid(101)][5:]
    latency = engine.sync().removal_latency
    assert (latency.count, latency.p50, latency.p95, latency.max) == (6, 2 * CALL, 2 * CALL, 2 * CALL)
    assert (latency.waiting, latency.oldest) == (0, None)


def test_what_takes_away_is_not_cut_and_nothing_else_begins(engine: Engine, clock: Clock) -> None:
    engine.settle()
    engine.source.add(*(user(number, userAccountControl="514") for number in PEOPLE))
    engine.source.add(*map(user, range(201, 204)))
    engine.source.members[guid(101)] = [user_dn(30)]
    before, disables = len(engine.sent), 30
    report = engine.sync(once=True)
    sent = engine.sent[before:]
    assert [obj.values.get("accountEnabled") for obj in sent[:disables]] == [False] * disables
    assert sum(len(links(obj)) for obj in sent[disables:]) == 29
    assert (report.objects.acknowledged, report.objects.left, report.links.left) == (30, 3, 0)
    assert report.sliced


def test_a_stop_ends_the_slices_and_the_rest_is_left(engine: Engine, clock: Clock) -> None:
    clock.then = lambda number: engine.stop.set() if number == 7 else None
    report = engine.sync()
    assert agrees(report) and not report.failure and not report.sliced
    assert (report.slices, report.objects.acknowledged, report.objects.left) == (2, 21, 10)


def test_a_stop_between_two_slices_is_no_failure(engine: Engine) -> None:
    engine.cloud.travels = lambda: False
    original = engine.source.read

    def read(partition: str, wanted: frozenset[str], known: object = None) -> object:
        if engine.cloud.calls:
            engine.stop.set()
        return original(partition, wanted)

    engine.source.read = read  # type: ignore[method-assign, assignment]
    report = engine.sync()
    assert agrees(report) and not report.failure
    assert (report.slices, report.objects.acknowledged, report.objects.left) == (2, 15, 16)


def test_a_failure_of_a_later_slice_keeps_what_was_done(engine: Engine, clock: Clock) -> None:
    def breaks(number: int) -> None:
        if number == 7:
            engine.cloud.leaves = lambda patience: False

    clock.then = breaks
    report = engine.sync()
    assert agrees(report)
    assert report.failure == str(unavailable())
    assert (report.slices, report.objects.acknowledged, report.objects.left) == (2, 21, 10)


def test_a_failure_before_a_later_slice_has_a_plan_keeps_what_was_done(engine: Engine) -> None:
    original = engine.cloud.company

    def company() -> object:
        if engine.cloud.calls:
            raise unavailable()
        return original()

    engine.cloud.company = company  # type: ignore[method-assign, assignment]
    report = engine.sync()
    assert agrees(report) and report.failure == str(unavailable())
    assert (report.objects.acknowledged, report.objects.left) == (15, 16)


def test_what_a_slice_had_refused_comes_last_in_the_next(engine: Engine) -> None:
    """Else more of it than fits into a slice would keep everybody else out for good."""
    refused = {engine.anchor(user(number)) for number in PEOPLE[:16]}
    engine.cloud.refuse = lambda obj: "no" if obj.values["SourceAnchor"] in refused else ""
    report = engine.sync()
    assert agrees(report) and not report.failure
    assert report.objects.acknowledged == 15
    assert report.objects.refused + report.objects.left == 16, "a slice has no room for all of them"
    assert (report.links.acknowledged, report.links.left) == (14, 16)
    assert report.done == {"Create": {"User": 14, "Group": 1}}


def test_slices_end_when_nothing_moves_any_more(engine: Engine, clock: Clock) -> None:
    """Each slice is over before its second call, and whatever it sends is refused."""
    engine.config = replace(engine.config, interval=timedelta(seconds=1))
    engine.cloud.refuse = lambda obj: "no"
    report = engine.sync()
    assert agrees(report) and report.sliced
    assert report.objects.acknowledged == 0
    assert runs(engine) < 20


def test_a_run_within_its_slice_is_one_run(engine: Engine) -> None:
    engine.cloud.fault = no_fault
    report = engine.sync()
    assert report.settled and (report.slices, report.sliced, runs(engine)) == (1, False, 1)


def test_warnings_of_what_is_over_add_up(engine: Engine, clock: Clock) -> None:
    engine.settle()
    engine.source.add(*(user(number, title="Clerk") for number in PEOPLE))
    gone = {1: 7, 6: 28}
    """Number of a call -> somebody who is deleted meanwhile by somebody else."""

    def vanishes(number: int) -> None:
        if number in gone:
            engine.cloud.vanish(engine.anchor(user(gone[number])))

    clock.calls, clock.then = 0, vanishes
    report = engine.sync()
    assert report.settled and report.slices > 1
    assert report.warnings == {GONE: 2}
    assert [sample.anchor for sample in report.warning_samples[GONE]] == [
        engine.anchor(user(number)) for number in gone.values()
    ]
