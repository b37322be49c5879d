"""Importers beside each other, and then a run: it comes to what a run comes to that reads all of it itself."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import config
from support.engine import Engine
from support.importers import imported
from support.model import Crash
from support.parted import PARTS, Forest, Turns, forests, state
from syncramp.cycle import parts
from syncramp.cycle.choosing import Named
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.phases import Phase
from syncramp.cycle.synchronise import synchronise
from syncramp.model.report import RunReport
from syncramp.store import partitions
from syncramp.store.partitions import PartitionStage

SHAPES = st.lists(st.lists(PARTS, min_size=1, max_size=2), min_size=2, max_size=3)


def _apart(shape: Sequence[Sequence[Any]], later: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Who stood in a part stands in no other part of the source later: which part tells first would matter."""
    found = []
    for before, after in zip(shape, later, strict=True):
        first = reversed(list(enumerate(before)))
        homes = {number: place for place, part in first for kinds in part for number in kinds}
        found.append([tuple(_of(place, kinds, homes) for kinds in part) for place, part in enumerate(after)])
    return found


def _of(place: int, kinds: dict[int, Any], homes: dict[int, int]) -> dict[int, Any]:
    return {number: told for number, told in kinds.items() if homes.get(number, place) == place}


class Killing:
    """Importers that die at a page, before it is written or after."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    @contextmanager
    def now_and_then(self) -> Iterator[None]:
        flush = PartitionStage.flush

        def dying(stage: PartitionStage) -> None:
            if self._random.random() < 0.1:
                raise Crash
            flush(stage)
            if self._random.random() < 0.1:
                raise Crash

        with patch.object(PartitionStage, "flush", dying):
            yield


def _side_by_side(engine: Engine, seed: int | None) -> None:
    """An importer for each part, all at once; the dead ones are started again, until all parts are read."""
    left = [Named(source.name, part) for source in engine.sources for part in source.partitions()]
    if seed is not None:
        with Killing(seed).now_and_then():
            left = _at_once(engine, _at_once(engine, left))
    assert not _at_once(engine, left)


def _at_once(engine: Engine, parts: Sequence[Named]) -> list[Named]:
    """Those that were not read to their end."""
    ended = [threading.Event() for _ in parts]
    threads = [threading.Thread(target=_import_one, args=(engine, *each)) for each in zip(parts, ended, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [part for part, done in zip(parts, ended, strict=True) if not done.is_set()]


def _import_one(engine: Engine, part: Named, ended: threading.Event) -> None:
    try:
        report = imported(engine, str(part))
    except Crash:
        return
    assert [read.complete for read in report.sources] == [True], report.sources
    ended.set()


def _after(engine: Engine, *, by_importers: bool) -> dict[str, Any]:
    with engine.store() as store:
        job, report = replace(engine.job(store), imported=by_importers), RunReport()
        import_sources(job, report, Phase("import", job.listen, "entry"))
        assert all((read.imported is not None) is by_importers for read in report.sources)
        then = state(store)
        synchronise(job, report, Phase("synchronise", job.listen, "entry"))
        assert not store.database.all("SELECT partition FROM imports UNION SELECT partition FROM staged_links")
        return {"imported": then, "judged": state(store), "report": {"unresolved": report.unresolved_members}}


@given(
    SHAPES,
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), PARTS), max_size=2),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 1000)),
    st.data(),
)
@settings(max_examples=8, deadline=None)
def test_importers_beside_each_other_come_to_what_one_run_comes_to(shape, changes, tells, seed, data) -> None:
    """Sources that share people, DNs and members, in several parts, twice: in full, or with what changed alone."""
    later = [list(made) for made in shape]
    for source, part, changed in changes:
        if source < len(later) and part < len(later[source]):
            later[source][part] = changed
    later = _apart(shape, later)
    readers = st.integers(0, sum(map(len, shape)) - 1)
    small = patch.object(parts, "PAGE", 2), patch.object(partitions, "PAGE", 2)
    with tempfile.TemporaryDirectory() as folder, small[0], small[1]:
        sources = ("corp", "labs", "shop")[: len(shape)]
        calm, wild = (Engine(Path(folder) / name, config=config(sources=sources)) for name in ("calm", "wild"))
        before: Sequence[Forest] = forests([[({}, {}) for _ in made] for made in shape])
        for drawn in (shape, later):
            calm.sources, wild.sources = forests(drawn), forests(drawn)
            turns = Turns(data.draw(st.lists(readers, max_size=60)))
            for engine in (calm, wild):
                for source, known in zip(engine.sources, before, strict=True):
                    source.before = known.parts if tells else None
            for source in wild.sources:
                source.turns = turns
            before = calm.sources
            expected = _after(calm, by_importers=False)
            _side_by_side(wild, seed)
            found = _after(wild, by_importers=True)
            if tells and seed is not None:  # a muster of changes counts them, and who dies takes his count along
                del expected["imported"]["shown"], expected["judged"]["shown"]
            for moment, tables in expected.items():
                for table, rows in tables.items():
                    assert found[moment][table] == rows, (moment, table)
