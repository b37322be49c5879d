"""Parts that importers read before a run: what the run takes over of them, and what it reads itself."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import config, user
from support.engine import Engine
from support.importers import imported
from support.model import Crash
from support.parted import Forest
from syncramp.cycle.choosing import ByName, Named, Share
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.importing import MOVED
from syncramp.cycle.phases import Phase
from syncramp.errors import InputRefused, Stopped
from syncramp.model.facts import Fact, Remark
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.store.partitions import PartitionStage

# --- what a run takes over ---------------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Four people in three parts of two sources; the clock stands at noon."""
    made = Engine(tmp_path / "state.db", config=config(sources=("corp", "labs")), clock=lambda: 43_200.0)
    corp = Forest("corp", parts={"DC=a": [user(1), user(2)], "DC=b": [user(3)]})
    made.sources = [corp, Forest("labs", parts={"DC=c": [user(4, "Sales")]})]
    return made


def _taken(report: RunReport) -> dict[str, float | None]:
    assert all(read.complete for read in report.sources), report.sources
    return {read.partition: read.imported for read in report.sources}


def _breaks(engine: Engine) -> None:
    """Whoever reads now fails."""
    for source in engine.sources:
        source.broken = frozenset(source.parts)


def test_a_run_does_not_read_again_what_was_imported_and_says_when_that_was(engine: Engine) -> None:
    report = imported(engine)
    assert [(read.source, read.partition, read.complete) for read in report.sources] == [
        ("corp", "DC=a", True),
        ("corp", "DC=b", True),
        ("labs", "DC=c", True),
    ]
    _breaks(engine)
    taken, _ = engine.run(imported=True)
    assert _taken(taken) == {"DC=a": 43_200.0, "DC=b": 43_200.0, "DC=c": 43_200.0}
    assert len(engine.cloud.objects) == 4


def test_a_run_reads_what_nobody_imported(engine: Engine) -> None:
    imported(engine, "corp/DC=b", "labs")
    taken, _ = engine.run(imported=True)
    assert _taken(taken) == {"DC=a": None, "DC=b": 43_200.0, "DC=c": 43_200.0}
    assert len(engine.cloud.objects) == 4


def test_what_was_imported_is_taken_once(engine: Engine) -> None:
    imported(engine)
    engine.run(imported=True)
    again, _ = engine.run(imported=True)
    assert set(_taken(again).values()) == {None}


def test_a_run_that_is_not_asked_to_reads_all_of_it_and_leaves_nothing_of_it_to_others(engine: Engine) -> None:
    imported(engine)
    own, _ = engine.run()
    assert set(_taken(own).values()) == {None}
    again, _ = engine.run(imported=True)
    assert set(_taken(again).values()) == {None}


@pytest.mark.parametrize("seconds", [1801.0, -1.0])
def test_what_is_older_than_an_interval_or_of_a_later_clock_is_read_again(engine: Engine, seconds: float) -> None:
    imported(engine)
    engine.clock = lambda: 43_200.0 + seconds
    taken, _ = engine.run(imported=True)
    assert set(_taken(taken).values()) == {None}


def test_what_was_imported_for_another_document_is_read_again(engine: Engine) -> None:
    imported(engine)
    first, second = engine.config.sources
    moved = replace(first, access=replace(first.access, path=Path("other.ldif")))
    engine.config = replace(engine.config, sources=(moved, second))
    taken, _ = engine.run(imported=True)
    assert _taken(taken) == {"DC=a": None, "DC=b": None, "DC=c": 43_200.0}


def test_what_another_release_imported_is_read_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    imported(engine)
    monkeypatch.setattr("syncramp.cycle.taking_over.__version__", "0.0.9")
    taken, _ = engine.run(imported=True)
    assert set(_taken(taken).values()) == {None}


def test_a_part_that_broke_off_is_not_proven_and_the_run_reads_it(engine: Engine) -> None:
    engine.sources[0].broken = frozenset({"DC=a"})
    report = imported(engine)
    assert [read.complete for read in report.sources] == [False, True, True]
    assert report.sources[0].reason == "DC=a: the connection broke"
    engine.sources[0].broken = frozenset()
    taken, _ = engine.run(imported=True)
    assert _taken(taken) == {"DC=a": None, "DC=b": 43_200.0, "DC=c": 43_200.0}
    assert len(engine.cloud.objects) == 4


def test_nothing_destructive_follows_from_a_part_that_an_importer_left_half_read(engine: Engine) -> None:
    engine.settle()
    engine.sources[0].parts["DC=a"] = [user(1)]
    with patch.object(PartitionStage, "flush", side_effect=Crash), pytest.raises(Crash):
        imported(engine, "corp/DC=a")
    engine.sources[0].broken = frozenset({"DC=a"})
    report, _ = engine.run(imported=True)
    assert [read.complete for read in report.sources] == [False, True, True]
    assert len(engine.cloud.objects) == 4 and not report.settled


def test_an_importer_that_dies_after_the_proof_leaves_the_part_to_the_run(engine: Engine) -> None:
    with patch("syncramp.store.staging.keep_import", side_effect=Crash), pytest.raises(Crash):
        imported(engine, "labs")
    taken, _ = engine.run(imported=True)
    assert _taken(taken)["DC=c"] is None
    assert len(engine.cloud.objects) == 4


def test_a_run_that_dies_before_links_are_resolved_leaves_the_import_to_the_next(engine: Engine) -> None:
    imported(engine)
    with patch("syncramp.store.staging.resolve", side_effect=Crash), pytest.raises(Crash):
        engine.run(imported=True)
    _breaks(engine)
    taken, _ = engine.run(imported=True)
    assert set(_taken(taken).values()) == {43_200.0}
    assert len(engine.cloud.objects) == 4


def test_a_part_that_a_dead_run_began_to_read_is_not_taken_from_the_import_before_it(engine: Engine) -> None:
    imported(engine)
    engine.sources[1].parts["DC=c"] = [user(4, "Sales", title="Head")]
    with patch("syncramp.store.staging.resolve", side_effect=Crash), pytest.raises(Crash):
        engine.run()
    taken, _ = engine.run(imported=True)
    assert set(_taken(taken).values()) == {None}
    assert "Head" in [held.values.get("title") for held in engine.cloud.objects.values()]


def test_a_second_import_takes_the_place_of_the_first(engine: Engine) -> None:
    imported(engine)
    engine.clock = lambda: 43_260.0
    engine.sources[1].parts["DC=c"] = [user(4, "Sales", title="Head")]
    imported(engine, "labs")
    _breaks(engine)
    taken, _ = engine.run(imported=True)
    assert _taken(taken) == {"DC=a": 43_200.0, "DC=b": 43_200.0, "DC=c": 43_260.0}
    assert "Head" in [held.values.get("title") for held in engine.cloud.objects.values()]


def test_the_next_slice_of_the_run_reads_the_directories_itself(engine: Engine) -> None:
    imported(engine)
    with engine.store() as store:
        job = replace(engine.job(store), imported=True)
        import_sources(job, RunReport(), Phase("import", job.listen, "entry"))
        report = RunReport()
        import_sources(job, report, Phase("import", job.listen, "entry"))
    assert set(_taken(report).values()) == {None}


def test_a_source_that_names_other_parts_than_the_last_run_knew_is_left_to_a_run(engine: Engine) -> None:
    engine.settle()
    corp = engine.sources[0]
    corp.parts = {"DC=a": corp.parts["DC=a"], "DC=d": corp.parts["DC=b"]}
    report = imported(engine)
    assert [(read.partition, read.complete) for read in report.sources] == [
        ("DC=a", False),
        ("DC=d", False),
        ("DC=c", True),
    ]
    assert report.sources[0].reason == MOVED
    taken, _ = engine.run(imported=True)
    assert _taken(taken) == {"DC=a": None, "DC=d": None, "DC=c": 43_200.0}
    assert len(engine.cloud.objects) == 4


def test_what_should_be_known_of_a_read_stands_in_the_report_of_the_run(engine: Engine) -> None:
    remarks: list[Fact] = [Remark(Kind.USER, f"CN={number}", "memberUid names nobody", "") for number in range(7)]
    engine.sources[1].parts["DC=c"] += remarks
    assert imported(engine).warnings == {"memberUid names nobody": 7}
    taken, _ = engine.run(imported=True)
    assert taken.warnings["memberUid names nobody"] == 7
    assert len(taken.warning_samples["memberUid names nobody"]) == 5


def test_an_import_asks_no_tenant_judges_nothing_and_makes_no_run(engine: Engine) -> None:
    with patch.object(type(engine.cloud), "company", side_effect=AssertionError):
        imported(engine)
    with engine.store() as store:
        assert store.runs.last() is None
        assert not store.database.all("SELECT id FROM objects")
        assert len(store.database.all("SELECT id FROM dirty")) == 4


def test_a_stop_ends_an_import_and_what_was_proven_by_then_stays(engine: Engine) -> None:
    imported(engine, "corp")
    engine.stop.set()
    with pytest.raises(Stopped):
        imported(engine, "labs")
    engine.stop.clear()
    taken, _ = engine.run(imported=True)
    assert _taken(taken) == {"DC=a": 43_200.0, "DC=b": 43_200.0, "DC=c": None}


# --- which parts -------------------------------------------------------------------------------------------------

ALL = [Named("corp", "DC=a"), Named("corp", "DC=b"), Named("labs", "file"), Named("shop", "DC=a")]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], ALL),
        (["corp"], ALL[:2]),
        (["labs", "corp/dc=A"], [ALL[0], ALL[2]]),
        (["shop/DC=a"], ALL[3:]),
    ],
)
def test_parts_are_chosen_by_name(names: list[str], chosen: list[Named]) -> None:
    assert ByName(names)(ALL) == chosen


def test_a_name_that_nothing_has_is_refused() -> None:
    with pytest.raises(InputRefused, match="the document has no source 'hr'.*name one of corp, labs"):
        ByName(["hr/DC=a"]).sources(["corp", "labs"])
    with pytest.raises(InputRefused, match="there is no part corp/DC=z.*corp/DC=a; corp/DC=b"):
        ByName(["corp/DC=z"])(ALL)


@given(st.integers(1, 6))
def test_every_part_is_in_one_share(of: int) -> None:
    assert sorted(str(part) for index in range(of) for part in Share(index, of)(ALL)) == sorted(map(str, ALL))


@pytest.mark.parametrize(("index", "of"), [(2, 2), (-1, 3), (0, 0)])
def test_a_share_that_there_is_not_is_refused(index: int, of: int) -> None:
    with pytest.raises(InputRefused, match=f"there is no share {index} of {of}"):
        Share(index, of)
