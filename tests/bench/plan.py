"""``python -m bench.plan``: how long it takes to plan, next to a bare scan of the same rows by the driver.

The directory of ``bench.directory`` is read from LDIF and synchronised once. Then it is planned three times, each
time in a process of its own (``bench.planned``): everything is new; everything was answered and nothing differs; one
person has a new title. The scan reads the narrow rows of all objects in the order of their anchors, and the bitmaps
of all groups: what a plan of everything cannot do without. A difference of members is measured next to Python's sets.

Time is the processor's, the best of some rounds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import apsw
from pyroaring import BitMap

from bench.directory import write
from bench.phase import PHASES
from bench.planned import job_on, planned
from syncramp.cycle.batches import object_item
from syncramp.cycle.job import Job
from syncramp.cycle.phases import phase
from syncramp.model.circumstances import Circumstances
from syncramp.model.desire import Desired
from syncramp.model.report import RunReport
from syncramp.model.state import Membership
from syncramp.model.wire import Operation, Outcome, Result, SyncObject
from syncramp.plan.changes import object_change
from syncramp.plan.members import membership_change
from syncramp.source import dn
from syncramp.store.exports import Exports
from syncramp.store.intents import Item
from syncramp.store.store import Store

PAGE = 1_000
SCAN = """SELECT id, source, kind, anchor, digest, acked, doubt, cause, hold, origin FROM objects
          ORDER BY +anchor, id"""
BITMAPS = "SELECT l.members, c.sure, c.possible FROM links l LEFT JOIN cloud_links c ON c.id = l.id"
CASES = ("everything is new", "nothing to do", "one change")


@dataclass(frozen=True)
class Measured:
    """One plan, next to the scan of the same store."""

    what: str
    objects: int
    links: int
    """What it sends."""
    seconds: float
    scan: float
    """Seconds of the processor."""
    peak: int
    """Bytes."""

    @property
    def ratio(self) -> float:
        return self.seconds / self.scan


@dataclass(frozen=True)
class Difference:
    """Members of one group compared, in seconds of the processor."""

    members: int
    seconds: float
    sets: float


@dataclass(frozen=True)
class Found:
    """All that was measured."""

    people: int
    links: int
    plans: list[Measured]
    difference: Difference


def measure(people: int, rounds: int, members: int = 250_000) -> Found:
    """Measure one size."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path, ldif = Path(name) / "store.db", Path(name) / "people.ldif"
        links = write(ldif, people)
        with closing(Store(path, dn.key)) as store:
            job = job_on(store, ldif, ldif.read_bytes().count(b"\ndn") + 1)
            _synchronise(job)
            plans = [_measured(path, CASES[0], rounds)]
            answer(job)
            plans.append(_measured(path, CASES[1], rounds))
            retitle(store)
            plans.append(_measured(path, CASES[2], rounds))
    return Found(people, links, plans, difference(members, rounds))


def _synchronise(job: Job) -> None:
    for name, make in PHASES.items():
        report = RunReport()
        with phase(name, report, lambda event: None) as current:
            make(job, report, current)


def answer(job: Job) -> None:
    """Take everything that is planned as sent and applied."""
    plan, exports, _ = planned(job)
    snapshot = job.store.snapshot()
    for page in _pages(list(plan.lanes.creates)):
        wanted = (object_change(state, plan.around) for state in snapshot.states(page))
        items = (object_item(change, frozenset(), plan.around.approved) for change in wanted if change)
        _apply(exports, [item for item in items if item])
    for page in _pages(list(plan.lanes.additions)):
        groups = (group for identity in page if (group := snapshot.membership(identity)))
        said = SyncObject("Group", Operation.SET, {})
        _apply(exports, [Item(group.id, said, adds=group.desired) for group in groups])


def _pages(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), PAGE):
        yield ids[start : start + PAGE]


def _apply(exports: Exports, items: list[Item]) -> None:
    intent = exports.intend(items, 0.0, last_try=0.0, deadline=0.0)
    outcomes = [Outcome(Result.APPLIED, cloud_anchor=f"{item.object.kind}_{item.id:036}") for item in items]
    exports.acknowledge(intent, outcomes, 0.0)


def retitle(store: Store) -> None:
    """Give the last person another title."""
    person = store.database.value("SELECT MAX(id) FROM objects WHERE kind = 'User'")
    (state,) = store.snapshot().states([person])
    values = {**(state.desired or {}), "title": "Director"}
    row = Desired(state.id, state.source, state.kind, state.anchor, values, references=state.references)
    store.objects.desire([row])


def _measured(path: Path, what: str, rounds: int) -> Measured:
    told = [_planned(path) for _ in range(rounds)]
    best = min(told, key=lambda each: each["seconds"])
    scanned = min(_seconds(lambda: scan(path)) for _ in range(rounds))
    return Measured(what, int(best["objects"]), int(best["links"]), best["seconds"], scanned, int(best["peak"]))


def _planned(path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.planned", str(path)],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def scan(path: Path) -> tuple[int, int]:
    """Read what a plan has to read, and do nothing with it.

    By the SQLite that the store is open with: of two in one process each lets go the locks of the other.

    :returns: how many objects and how many groups there are.
    """
    with closing(apsw.Connection(str(path))) as connection:
        objects = sum(1 for _ in connection.execute(SCAN))
        return objects, sum(1 for _ in connection.execute(BITMAPS))


def difference(members: int, rounds: int) -> Difference:
    """Compare two memberships of so many members, of which every hundredth is another one."""
    before = [number for number in range(members) if number % 100]
    after = [number for number in range(members) if number % 100 != 1]
    there, wanted = BitMap(before), BitMap(after)
    group = Membership(1, 1, "", "", "", wanted, there, there, BitMap(), in_cloud=True)
    around = Circumstances(max_members=members)
    ours = min(_seconds(lambda: membership_change(group, around)) for _ in range(rounds))
    one, other = set(before), set(after)
    return Difference(members, ours, min(_seconds(lambda: (other - one, one - other)) for _ in range(rounds)))


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def table(found: Found) -> str:
    """One line for each plan, and one for the members."""
    head = (
        f"A plan of {found.people:,} people with {found.links:,} links, next to a scan of its rows; seconds of the "
        f"processor\n\n{'':<20}{'objects':>9}{'links':>11}{'plan':>11}{'scan':>11}{'ratio':>8}{'peak':>10}\n"
    )
    lines = (
        f"{row.what:<20}{row.objects:>9,}{row.links:>11,}{row.seconds:>9.2f} s{row.scan:>9.2f} s{row.ratio:>8.1f}"
        f"{row.peak / 1e6:>7.0f} MB\n"
        for row in found.plans
    )
    members = found.difference
    told = f"\n{members.members:,} members compared in {members.seconds * 1000:.2f} ms, by Python's sets in "
    return head + "".join(lines) + told + f"{members.sets * 1000:.1f} ms\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.plan", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--people", type=int, default=30_000, help="people in the directory (30,000)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts (3)")
    chosen = parser.parse_args()
    found = measure(chosen.people, chosen.rounds)
    sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n" if chosen.json else table(found))


if __name__ == "__main__":
    main()
