"""A full synchronise of two forests that have the same people, and one of 100 changed entries.

Every person stands in both directories, and ``employeeID`` joins them; each directory has the groups of
``bench.directory``. They are read from LDIF, so nothing is installed for it. Time is the processor's of this process,
and the memory its peak as the kernel counts it (VmHWM), with the writing and the import of the directories in it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bench.directory import SEED, write
from bench.phase import PHASES
from bench.status import peak
from support.build import config
from syncramp.cycle.job import Job
from syncramp.cycle.phases import phase
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.rules.ruleset import Ruleset
from syncramp.simulator.people import Forest
from syncramp.source import dn
from syncramp.source.ldif import LdifSource
from syncramp.spec.types import Join, JoinBy, Scope, SourceAnchor
from syncramp.store.store import Store

NAMES = ("corp", "labs")
CHANGED = 100
JOINS = (Join(frozenset({Kind.USER}), JoinBy.EMPLOYEE_ID),)


def measure(people: int, folder: Path) -> tuple[int, float, float, int]:
    """Entries, seconds of a full synchronise, seconds of one of 100 entries, and the peak in bytes."""
    sources = [_source(Forest(name, "Example Corp", people, SEED), folder) for name in NAMES]
    with closing(Store(folder / "store.db", dn.key)) as store:
        job = Job(replace(config(sources=NAMES), joins=JOINS), sources, cast("Any", None), store)
        _seconds("import", job)
        entries = int(store.database.value("SELECT COUNT(*) FROM entries"))
        full = _seconds("synchronise", job)
        changed = "INSERT INTO dirty (id, cause) SELECT id, 3 FROM entries WHERE id % ? = 0 LIMIT ?"
        store.database.run(changed, (max(entries // CHANGED, 1), CHANGED))
        return entries, full, _seconds("synchronise", job), peak()


def _source(forest: Forest, folder: Path) -> tuple[LdifSource, Ruleset]:
    path = folder / f"{forest.name}.ldif"
    write(path, forest.size, forest=forest, numbered=True)
    scopes = (Scope(forest.base, frozenset(Kind)),)
    rules = Ruleset(scopes, SourceAnchor.CONSISTENCY_GUID, forest.name, joins=JOINS, among=NAMES)
    return LdifSource(forest.name, path, None), rules


def _seconds(name: str, job: Job) -> float:
    report = RunReport()
    with phase(name, report, lambda event: None) as current:
        began = time.process_time()
        PHASES[name](job, report, current)
        return time.process_time() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.joined", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000, help="people who stand in both forests (10,000)")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        entries, full, changed, most = measure(chosen.people, Path(folder))
    sys.stdout.write(
        f"{entries:,} entries of two forests with {chosen.people:,} people; seconds of the processor\n"
        f"  full synchronise {full:.1f} s, {full / entries * 1e6:.0f} µs an entry; {CHANGED} changed entries "
        f"{changed * 1000:.0f} ms; peak {most / 1e6:.0f} MB\n"
    )


if __name__ == "__main__":
    main()
