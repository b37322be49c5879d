"""A first run, and a plan with nothing to do, on a store in a file and on one in a PostgreSQL server beside it.

The directory and the cloud are in memory, so the times are those of the rules and of the store: on the clock, and of
this process, in which the server's are not. Each group has 50 members. With ``PYTHONPATH=tests`` it is called as
``python -m bench.places --people 10000 30000``; with ``--delay 10`` the server is also asked over a way that takes 10
milliseconds there and back.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.delayed import delayed
from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource, ModelCloud
from support.postgresql import running
from syncramp.cycle.job import Pace
from syncramp.source import dn
from syncramp.store.database import copied
from syncramp.store.places import Place
from syncramp.store.store import Store

MEMBERS = 50
PACE = Pace(objects_per_call=500, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=1)


def main() -> None:
    """Print a line for each number of people."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, nargs="+", default=[10_000])
    options.add_argument("--delay", type=float, default=0.0)
    given = options.parse_args()
    for people in given.people:
        with TemporaryDirectory() as folder, running() as server, delayed(server, given.delay / 1000) as far:
            places = {"file": Path(folder) / "state.db", "server": server.schema()}
            if given.delay:
                places["far"] = replace(server.schema(), uri=far)
            for name, place in places.items():
                first, nothing = _measured(place, people)
                print(
                    f"{people:7} people, {name:6}: first run {first[0]:6.1f} s, of the processor {first[1]:6.2f} s; "
                    f"plan with nothing to do {nothing[0]:5.2f} s, of the processor {nothing[1]:5.2f} s"
                )


Times = tuple[float, float]
"""Seconds, and those of the processor."""


def _measured(place: Place, people: int) -> tuple[Times, Times]:
    engine = Engine(place, ModelCloud(page=500), sources=[_directory(people)], pace=PACE)  # type: ignore[arg-type]
    first = _timed(engine.run)
    engine.run()
    return first, _timed(lambda: _plan(engine))


def _plan(engine: Engine) -> None:
    """As ``syncramp plan`` makes it."""
    with closing(Store(engine.path, dn.key)) as store:
        store.runs.last()
    with copied(engine.path) as copy:
        replace(engine, path=copy).run(sends=False)


def _timed(work: Callable[[], object]) -> Times:
    began, spent = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - spent


def _directory(people: int) -> ListSource:
    source = ListSource()
    source.add(*(user(number) for number in range(1, people + 1)))
    for number in range(people // MEMBERS):
        source.add(group(people + 1 + number))
        members = range(number * MEMBERS + 1, (number + 1) * MEMBERS + 1)
        source.members[guid(people + 1 + number)] = [user_dn(member) for member in members]
    return source


if __name__ == "__main__":
    main()
