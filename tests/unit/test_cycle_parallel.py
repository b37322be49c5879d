"""Sources and their parts are imported side by side: what comes of it is what comes of them one after the other."""

import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import config, user, user_dn
from support.engine import Engine
from support.parted import PARTS, Forest, Turns, forests, state
from syncramp.cycle import parts
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.cycle.readers import AT_ONCE
from syncramp.cycle.synchronise import synchronise
from syncramp.errors import SourceUnavailable, Stopped, StoreUnusable
from syncramp.events import Progress
from syncramp.model.facts import Fact, Proof
from syncramp.model.report import RunReport
from syncramp.model.seams import Known
from syncramp.source import dn
from syncramp.store.containers import Containers
from syncramp.store.store import Store

# --- the same in any order ---------------------------------------------------------------------------------------


def _one_after_the_other(job: Job) -> None:
    staging = job.store.staging
    for source, rules in job.sources:
        identity = staging.source_id(source.name)
        staging.open_source(identity, source.partitions())
        changed = staging.rules_changed(identity, rules.digest, rules.version)
        for partition in source.partitions():
            facts, containers = source.read(partition, rules.wanted), Containers(dn.renamed, dn.parent)
            told = facts, changed, rules.wanted, source.reads, containers, rules.asked
            staging.stage(identity, partition, *told)
        staging.mark_rules(identity, rules.digest, rules.version, rules.wanted)
        staging.mark_read(identity)
    staging.inherit([staging.source_id(source.name) for source, _ in job.sources])
    staging.resolve()


def _imported(engine: Engine, imports: Any) -> dict[str, Any]:
    with closing(Store(engine.path, dn.key)) as store:
        job, report = engine.job(store), RunReport()
        imports(job, report)
        imported = state(store)
        synchronise(job, report, Phase("synchronise", job.listen, "entry"))
        after = state(store)
    return {"imported": imported, "judged": after}


def _side_by_side(job: Job, report: RunReport) -> None:
    import_sources(job, report, Phase("import", job.listen, "entry"))


SHAPES = st.lists(st.lists(PARTS, min_size=1, max_size=2), min_size=2, max_size=3).filter(
    lambda shape: sum(map(len, shape)) <= AT_ONCE  # whose turn it is must be there
)


COUNTED = {"partitions", "shown", "moves"}
"""Where it is counted who was missed: whoever goes to another part of the source is, if that part is read later."""
CAUSED = {"dirty"}
"""Where it is told why: whoever stands in two parts of a source moves to the one that is read later, and a move is
another reason than a change.
"""


@given(SHAPES, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), PARTS), max_size=2), st.data())
@settings(max_examples=25, deadline=None)
def test_the_order_in_which_facts_arrive_changes_nothing(shape, changes, data) -> None:
    """Sources that share people, DNs and members, in several parts, twice: the second time some parts changed."""
    later = [list(made) for made in shape]
    for source, part, changed in changes:
        if source < len(later) and part < len(later[source]):
            later[source][part] = changed
    readers = st.integers(0, sum(map(len, shape)) - 1)
    with tempfile.TemporaryDirectory() as folder, patch.object(parts, "PAGE", 2):
        sources = ("corp", "labs", "shop")[: len(shape)]
        calm, wild = (Engine(Path(folder) / name, config=config(sources=sources)) for name in ("calm", "wild"))
        for drawn in (shape, later):
            calm.sources, wild.sources = forests(drawn), forests(drawn)
            turns = Turns(data.draw(st.lists(readers, max_size=60)))
            for source in wild.sources:
                source.turns = turns
            expected = _imported(calm, lambda job, _: _one_after_the_other(job))
            found = _imported(wild, _side_by_side)
            for moment, tables in expected.items():
                for table in tables.keys() - COUNTED - CAUSED:
                    assert found[moment][table] == tables[table], (moment, table)
                for table in tables.keys() & CAUSED:
                    assert _who(found[moment][table]) == _who(tables[table]), (moment, table)


def _who(rows: Iterable[Any]) -> set[Any]:
    return {row[0] for row in rows}


# --- each for itself ---------------------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = Engine(tmp_path / "state.db", config=config(sources=("corp", "labs")))
    corp = Forest("corp", parts={"DC=a": [user(1), user(2)], "DC=b": [user(3)]})
    labs = Forest("labs", parts={"DC=c": [user(4, "Sales")]})
    made.sources = [corp, labs]
    return made


def _reports(report: RunReport) -> list[tuple[str, str, bool]]:
    return [(read.source, read.partition, read.complete) for read in report.sources]


def test_each_part_has_its_own_report_in_the_order_of_the_document(engine: Engine) -> None:
    engine.sources[0].turns = engine.sources[1].turns = Turns([2, 1, 0, 0])
    engine.sources[1].first = 2
    report, _ = engine.run()
    assert _reports(report) == [("corp", "DC=a", True), ("corp", "DC=b", True), ("labs", "DC=c", True)]
    assert [read.entries for read in report.sources] == [2, 1, 1]
    assert all(read.tracking == "Full" and not read.delta for read in report.sources)


def test_each_part_tells_its_own_progress_and_the_phase_the_sum(engine: Engine) -> None:
    engine.run()
    told = [event for event in engine.events if isinstance(event, Progress) and event.phase == "import"]
    ends = {(event.source, event.partition): event.done for event in told}
    assert {place: done for place, done in ends.items() if place[0]} == {
        ("corp", "DC=a"): 2,
        ("corp", "DC=b"): 1,
        ("labs", "DC=c"): 1,
    }


def test_a_part_that_breaks_off_stops_no_other_and_keeps_what_it_said(engine: Engine) -> None:
    engine.sources[0].broken = frozenset({"DC=a"})
    report, _ = engine.run()
    assert _reports(report) == [("corp", "DC=a", False), ("corp", "DC=b", True), ("labs", "DC=c", True)]
    assert report.sources[0].reason == "DC=a: the connection broke" and report.sources[0].entries == 2
    assert len(engine.cloud.objects) == 0, "nobody comes before every source was read once"
    engine.sources[0].broken = frozenset()
    engine.settle()
    assert len(engine.cloud.objects) == 4


def test_a_source_that_does_not_answer_stops_no_other(engine: Engine) -> None:
    with patch.object(Forest, "partitions", _refusing):
        report, _ = engine.run()
    assert _reports(report) == [("corp", "", False), ("labs", "DC=c", True)]


def _refusing(source: Forest) -> Sequence[str]:
    if source.name == "corp":
        raise SourceUnavailable("nobody answers")
    return sorted(source.parts)


def test_a_stop_ends_reads_that_wait_for_their_server(engine: Engine) -> None:
    before = threading.active_count()
    engine.sources = [Waiting("corp", parts={"DC=a": [], "DC=b": []}, stop=engine.stop)]
    with pytest.raises(Stopped):
        engine.run()
    assert threading.active_count() == before


def test_a_store_that_fails_ends_all_reads(engine: Engine) -> None:
    before = threading.active_count()
    engine.sources = [Endless("corp", parts={"DC=a": [], "DC=b": []})]
    with patch("syncramp.store.partitions.PartitionStage.add", side_effect=StoreUnusable("no room")):
        with pytest.raises(StoreUnusable):
            engine.run()
    assert threading.active_count() == before


@dataclass
class Waiting(Forest):
    """Its server says nothing, and somebody stops the run."""

    stop: threading.Event = field(default_factory=threading.Event)

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        yield user(1)
        self.stop.set()
        assert self.interrupted.wait(30)
        raise SourceUnavailable("interrupted")


class Endless(Forest):
    """It never comes to an end."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        while True:
            yield user(1)


# --- what the store is asked -------------------------------------------------------------------------------------


def test_two_sources_that_show_one_anchor_agree_whose_it_is_whoever_was_read_first(engine: Engine) -> None:
    corp, labs = engine.sources
    corp.parts, labs.parts = {"DC=a": [user(1)]}, {"DC=c": [replace(user(1), dn=user_dn(1, "Copies"))]}
    labs.first = 1
    for turns in ([0, 1], [1, 0]):
        corp.turns = labs.turns = Turns(turns)
        engine.run(sends=False)
        with engine.store() as store:
            owner = store.database.all("SELECT source, hold FROM objects WHERE anchor IS NOT NULL")
            other = store.database.value("SELECT hold FROM objects WHERE anchor IS NULL")
        assert owner == [(1, "")] and other.endswith("belongs to another object")
        engine.lose_store()


def test_an_anchor_that_is_in_the_cloud_stays_whoever_wants_it_then(engine: Engine) -> None:
    corp, labs = engine.sources
    corp.parts, labs.parts = {"DC=a": []}, {"DC=c": [user(1)]}
    engine.settle()
    corp.parts = {"DC=a": [replace(user(1), dn=user_dn(1, "Copies"))]}
    engine.run()
    with engine.store() as store:
        assert store.database.all("SELECT source FROM objects WHERE anchor IS NOT NULL") == [(2,)]


def test_an_anchor_that_is_not_in_the_cloud_yet_passes_to_the_source_before(engine: Engine) -> None:
    corp, labs = engine.sources
    corp.parts, labs.parts = {"DC=a": []}, {"DC=c": [user(1), user(2, manager=user_dn(1))]}
    engine.run(sends=False)
    corp.parts = {"DC=a": [replace(user(1), dn=user_dn(1, "Copies"))]}
    engine.run(sends=False)
    with engine.store() as store:
        anchor = store.database.value("SELECT anchor FROM objects WHERE source = 1")
        assert store.database.all("SELECT source, hold FROM objects WHERE anchor = ?", (anchor,)) == [(1, "")]
        (hold,) = store.database.one("SELECT hold FROM objects WHERE anchor IS NULL")
        assert hold.endswith("belongs to another object")


def test_a_source_is_answered_after_its_last_page_was_taken(engine: Engine) -> None:
    """Its page is not full when it asks."""
    engine.sources = [Asking("corp", parts={"DC=a": [user(1), user(2)]})]
    engine.run(sends=False)
    assert engine.sources[0].unseen == [[user(2).guid]], "who was told a moment ago is known"


@dataclass
class Asking(Forest):
    """It asks who is known and was not named, before it proves its part."""

    unseen: list[Sequence[bytes]] = field(default_factory=list)

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        for fact in super().read(partition, wanted, known):
            if isinstance(fact, Proof):
                self.unseen.append(known.unseen(user(1).guid))
            yield fact
