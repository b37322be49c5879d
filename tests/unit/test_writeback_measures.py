"""What a run measures of the directory that it wrote to, and what the next one knows of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyroaring import BitMap

from support.build import guid
from support.clock import Clock
from support.directory_model import ModelDirectory
from support.looked import anchor
from support.targeted import group, members
from support.written_engine import WrittenEngine
from syncramp.cycle.job import Job, written_back
from syncramp.cycle.writeback import measuring
from syncramp.cycle.writeback.both import directed
from syncramp.cycle.writeback.limiting import policy_of
from syncramp.cycle.writeback.measuring import Kept, Seen, decode, note, see
from syncramp.model.measures import CallTime, Measure
from syncramp.model.report import PhaseReport, RunReport
from syncramp.model.written import WriteTimed, WrittenReport
from syncramp.spec.ramps import Gate, Metric, built_in_writeback, written_gates
from syncramp.spec.types import WritebackGroups

HOUR = 3600.0


@dataclass
class Walk:
    """Runs, one after the other, as far as they measure."""

    job: Job
    clock: Clock
    directory: ModelDirectory
    report: RunReport = field(default_factory=RunReport)

    def run(self, grown: tuple[int, ...] = (), *, planned: bool = True) -> dict[Measure, tuple[float, int]]:
        """What was measured: value and weight."""
        self.report = RunReport(run=7, written=WrittenReport(server="dc1.test"))
        seen = self.see({one: BitMap([1]) for one in grown}, planned=planned)
        note(self.job, seen)
        assert {row.run for row in seen.rows} == {7}
        return {Measure(row.name): (row.value, row.weight) for row in seen.rows}

    def see(self, grown: dict[int, BitMap], *, planned: bool = True) -> Seen:
        seen = see(self.job, self.report, grown, planned, self.clock())
        assert seen is not None
        return seen

    def write(self, number: int, *people: int) -> None:
        """A group with members, known to the ledger as an id of the same number."""
        self.directory.people |= set(map(guid, people))
        self.directory.provision([group(number), members(number, adds=map(guid, people))], 60.0)

    @property
    def kept(self) -> Kept:
        return decode(written_back(self.job).ledger.runs.flag(measuring.REPLICATION))


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    engine = WrittenEngine(tmp_path / "store.db")
    clock = Clock(1_794_787_200.0)
    engine.clock = clock
    with engine.store() as store:
        made = Walk(directed(engine.job(store)), clock, engine.directory)
        monkeypatch.setattr(measuring, "_guids", lambda _, grown: [_guid(made.directory, one) for one in grown])
        yield made


def _guid(directory: ModelDirectory, number: int) -> str:
    return next(one.guid.hex() for one in directory.groups.values() if one.anchor == anchor(number))


def test_nothing_is_measured_of_a_run_that_came_to_no_controller(walk: Walk) -> None:
    assert see(walk.job, RunReport(written=WrittenReport()), {}, True, 0.0) is None
    assert see(walk.job, RunReport(), {}, True, 0.0) is None


def test_nothing_is_said_of_replication_before_something_was_written(walk: Walk) -> None:
    assert {Measure.REPLICATION, Measure.UNREACHED, Measure.SECOND}.isdisjoint(walk.run())
    assert walk.report.written is not None and walk.report.written.converged_seconds is None


def test_a_controller_that_lacks_a_write_makes_it_older_with_every_run_until_it_has_it(walk: Walk) -> None:
    walk.directory.servers["dc2.test"] = 0
    walk.write(1, 1)
    assert walk.run()[Measure.REPLICATION] == (0.0, 2), "written now"
    walk.clock.now += HOUR
    walk.write(2, 2)
    assert walk.run()[Measure.REPLICATION] == (HOUR, 2)
    assert walk.report.written is not None and walk.report.written.converged_seconds == HOUR
    walk.directory.servers["dc2.test"] = int(bytes.fromhex(walk.kept.written[0][1]))
    walk.clock.now += HOUR
    assert walk.run()[Measure.REPLICATION] == (HOUR, 2), "it has the first, and lacks the second"
    walk.directory.servers["dc2.test"] = None
    assert walk.run()[Measure.REPLICATION] == (0.0, 2)
    assert len(walk.kept.written) == 1, "what all have is not asked for again"


def test_a_controller_that_cannot_be_asked_is_told_with_since_when(walk: Walk) -> None:
    walk.write(1, 1)
    walk.directory.down.add("dc2.test")
    assert walk.run()[Measure.UNREACHED] == (0.0, 1)
    walk.clock.now += HOUR
    measured = walk.run()
    assert (measured[Measure.UNREACHED], measured[Measure.REPLICATION]) == ((HOUR, 1), (0.0, 1))
    walk.directory.down.clear()
    assert walk.run()[Measure.UNREACHED] == (0.0, 0)
    assert walk.kept.lost == {}


def test_what_was_written_while_a_controller_was_off_is_as_old_as_it_is_once_it_answers(walk: Walk) -> None:
    walk.directory.down.add("dc2.test")
    for number in (1, 2):
        walk.write(number, number)
        walk.run()
        walk.clock.now += HOUR
    walk.directory.down.clear()
    walk.directory.servers["dc2.test"] = 0
    assert walk.run()[Measure.REPLICATION] == (2 * HOUR, 2)


def test_groups_that_grew_are_compared_once_a_second_controller_has_them(walk: Walk) -> None:
    walk.directory.servers["dc2.test"] = 0
    walk.write(1, 1, 2, 3)
    assert Measure.SECOND not in walk.run(grown=(1,)), "nobody to compare with yet"
    walk.directory.servers["dc2.test"] = None
    assert walk.run()[Measure.SECOND] == (0.0, 1)
    assert Measure.SECOND not in walk.run(), "once is enough"


def test_groups_that_differ_are_compared_until_they_agree(walk: Walk) -> None:
    walk.write(1, 1, 2)
    walk.write(2, 3)
    walk.directory.astray[bytes.fromhex(_guid(walk.directory, 1))] = 4
    assert walk.run(grown=(1, 2))[Measure.SECOND] == (4.0, 2)
    assert walk.run()[Measure.SECOND] == (4.0, 1)
    walk.directory.astray.clear()
    assert walk.run()[Measure.SECOND] == (0.0, 1)
    assert Measure.SECOND not in walk.run()


def test_so_many_groups_are_compared_in_one_run_and_the_others_in_the_next(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "MOST_COMPARED", 2)
    for number in range(1, 6):
        walk.write(number, number)
    assert walk.run(grown=(1, 2, 3, 4, 5))[Measure.SECOND] == (0.0, 2)
    assert [walk.run().get(Measure.SECOND) for _ in range(3)] == [(0.0, 2), (0.0, 1), None]


def test_a_domain_with_one_writable_controller_has_nothing_to_compare_and_is_measured(walk: Walk) -> None:
    del walk.directory.servers["dc2.test"]
    walk.write(1, 1)
    assert walk.run(grown=(1,))[Measure.SECOND] == (0.0, 0)
    assert walk.kept.grown == []


def test_requests_with_members_are_timed_and_those_of_a_controller_with_too_much_to_do_are_counted(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = [
        WriteTimed("modify", 0.2, 500),
        WriteTimed("modify", 9.0, 500, "busy"),
        WriteTimed("modify", 8.0, 500, "adminLimitExceeded"),
        WriteTimed("add", 0.1),
        WriteTimed("modify", 0.3, 1, "noSuchObject"),
    ]
    monkeypatch.setattr(walk.directory, "measured", lambda: timed)
    walk.report = RunReport(run=7, written=WrittenReport(server="dc1.test"))
    seen = walk.see({})
    now = walk.clock()
    assert seen.calls == [CallTime(now, 7, 500, 1, 0.2), CallTime(now, 7, 1, 1, 0.3)]
    assert walk.run()[Measure.PUT_OFF] == (2.0, 1)


def test_the_share_of_the_interval_is_that_of_all_phases_of_this_direction(walk: Walk) -> None:
    walk.report = RunReport(written=WrittenReport(server="dc1.test"))
    walk.report.phases = [PhaseReport("import", 100.0), PhaseReport("export", 440.0)]

    def share() -> list[float]:
        return [row.value for row in walk.see({}).rows if row.name == Measure.SHARE]

    assert share() == [30.0]
    walk.report.failure = "it broke off"
    assert share() == []


def test_tokens_are_told_by_runs_that_planned(walk: Walk) -> None:
    weighed = written_back(walk.job).weighed
    weighed.members, weighed.heaviest, weighed.unknown = 40, 912, 3
    measured = walk.run()
    assert (measured[Measure.TOKENS], measured[Measure.TOKENS_UNKNOWN]) == ((912.0, 40), (3.0, 1))
    assert Measure.TOKENS not in walk.run(planned=False)


def test_what_cannot_be_read_of_earlier_runs_is_not_known() -> None:
    kept = Kept([(1.0, "ab")], {"ldaps://dc2": 2.0}, ["cd"])
    assert decode(kept.encoded()) == kept
    for stored in (None, "", "[]", "{", '{"written": [[1, "zz"]], "lost": {}, "grown": []}', '{"written": 3}'):
        assert decode(stored) == Kept()


@contextmanager
def _ramp(walk: Walk, seconds: float | None) -> Iterator[WritebackGroups]:
    walk.directory.interval = seconds
    walk.run()
    yield written_back(walk.job).config


@pytest.mark.parametrize(
    ("seconds", "soak", "hold", "abort"),
    [(None, 0, 21_600, 86_400), (900.0, 1800, 1800, 86_400), (50_000.0, 100_000, 100_000, 100_000)],
)
def test_a_ramp_soaks_and_is_late_by_the_slowest_site_link_that_the_last_run_read(
    walk: Walk, seconds: float | None, soak: int, hold: int, abort: int
) -> None:
    with _ramp(walk, seconds) as groups:
        built_in = replace(groups, ramp=built_in_writeback())
        found = policy_of(written_back(walk.job).ledger, built_in)
    (gate,) = (one for one in found.gates if one.metric is Metric.CONVERGED)
    assert (found.least_soak, gate.hold, gate.abort) == (timedelta(seconds=soak), hold, abort)
    assert [one for one in found.gates if one is not gate] == [
        one for one in written_gates() if one.metric is not Metric.CONVERGED
    ]


def test_limits_that_a_document_says_are_those(walk: Walk) -> None:
    with _ramp(walk, 900.0) as groups:
        said = Gate(Metric.CONVERGED, Decimal(60), None)
        ramp = replace(built_in_writeback(), gates=(said,))
        assert policy_of(written_back(walk.job).ledger, replace(groups, ramp=ramp)).gates == (said,)
