"""The import of a run, and nothing else of it, in a process of its own: parts are read, or taken over as imported.

``python -m bench.partitions_run DOCUMENT STATE SECRETS AT_ONCE IMPORTED``
"""

import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from syncramp.check import load
from syncramp.cycle import import_
from syncramp.cycle.job import Job
from syncramp.cycle.phases import phase
from syncramp.cycle.readers import reading
from syncramp.events import Event
from syncramp.model.report import RunReport
from syncramp.session.memory import tame_allocator
from syncramp.session.opening import secrets_of, state_path
from syncramp.session.sources import rules_of, source_of
from syncramp.source import dn
from syncramp.store.database import locked
from syncramp.store.store import Store


def main(document: str, state: str, secrets: str, at_once: str, imported: str) -> None:
    """Make it, and end with an error if it is not whole."""
    tame_allocator()
    config, reader, report = load(document), secrets_of(document, Path(secrets)), RunReport()
    sources = [(source_of(spec, reader), rules_of(spec, config)) for spec in config.sources]
    with (
        locked(state_path(document, config, Path(state), Path(secrets))) as held,
        closing(Store(held, dn.key)) as store,
        patch.object(import_, "reading", partial(reading, at_once=int(at_once))),
    ):
        job = Job(config, sources, cast("Any", None), store, clock=time.time, imported=imported == "imported")
        with phase("import", report, _ignore) as current:
            import_.import_sources(job, report, current)
    wrong = [read for read in report.sources if not read.complete or (read.imported is not None) != job.imported]
    if wrong or not report.sources:
        sys.exit(f"not as it should be: {wrong}")


def _ignore(event: Event) -> None:
    """Nobody listens."""


if __name__ == "__main__":
    main(*sys.argv[1:])
