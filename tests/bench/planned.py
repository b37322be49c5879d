"""One plan of a store in a process of its own, which tells what it cost.

The processor's time is that of the planning alone, from the circumstances to what waits for an approval; the peak of
the memory is that of the whole process, with all that ``syncramp sync`` loads.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any, cast

from bench.directory import forest_of
from bench.status import peak
from support.build import TENANT, config
from syncramp.cycle.job import Job
from syncramp.cycle.planning import make_plan
from syncramp.model.plan import Plan
from syncramp.model.values import Kind
from syncramp.model.wire import Company
from syncramp.rules.ruleset import Ruleset
from syncramp.session.memory import tame_allocator
from syncramp.source import dn
from syncramp.source.ldif import LdifSource
from syncramp.spec.types import Scope, SourceAnchor
from syncramp.store.exports import Exports
from syncramp.store.store import Store

NAME = "corp"
EMPTY = Company(TENANT, "", syncing=True)
"""A tenant that nothing was ever synchronised to."""


def job_on(store: Store, ldif: Path, entries: int | None = None) -> Job:
    """A run of the directory of ``bench.directory``, without an endpoint.

    :param entries: that the file has.
    """
    rules = Ruleset((Scope(forest_of(0).base, frozenset(Kind)),), SourceAnchor.CONSISTENCY_GUID, NAME)
    return Job(config(sources=(NAME,)), [(LdifSource(NAME, ldif, entries), rules)], cast("Any", None), store)


def planned(job: Job) -> tuple[Plan, Exports, float]:
    """A plan, what can be exported under it, and seconds of the processor."""
    exports = job.store.exports(*job.store.runs.begin(job.clock()), job.clock())
    began = time.process_time()
    plan = make_plan(job, job.store.snapshot(), EMPTY, 0, exports)
    return plan, exports, time.process_time() - began


def main(path: str) -> None:
    """Plan on a store, and print JSON.

    :param path: the store.
    """
    tame_allocator()
    importlib.import_module("syncramp.cycle.run")
    importlib.import_module("syncramp.endpoint.client")
    store = Store(Path(path), dn.key)
    plan, _, seconds = planned(job_on(store, Path(path)))
    store.close()
    told = {"seconds": seconds, "objects": plan.objects, "links": plan.links, "held": plan.held, "peak": peak()}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
