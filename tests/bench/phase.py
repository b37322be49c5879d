"""One phase of a run in a process of its own, which tells what it cost.

The processor's time is that of the phase alone; the peak of the memory is that of the whole process, as the kernel
counts it (VmHWM), with all that ``syncramp sync`` loads.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any, cast

from bench.directory import forest_of
from bench.status import peak
from support.build import config
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.job import Job
from syncramp.cycle.phases import phase
from syncramp.cycle.synchronise import synchronise
from syncramp.events import Event
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.rules.ruleset import Ruleset
from syncramp.session.memory import tame_allocator
from syncramp.source import dn
from syncramp.source.ldap import LdapSource
from syncramp.spec.types import Scope, SourceAnchor
from syncramp.store.store import Store

PHASES = {"import": import_sources, "synchronise": synchronise}


def main(name: str, path: str, url: str, ca: str, password: str) -> None:
    """Make the phase on a store, and print JSON.

    :param name: ``import`` or ``synchronise``.
    :param path: the store.
    :param url: of the directory, whose ``cn=admin`` has the password.
    :param ca: a PEM file.
    """
    tame_allocator()
    importlib.import_module("syncramp.cycle.run")
    importlib.import_module("syncramp.endpoint.client")
    base = forest_of(0).base
    rules = Ruleset((Scope(base, frozenset(Kind)),), SourceAnchor.CONSISTENCY_GUID, "corp")
    source = LdapSource("corp", [url], f"cn=admin,{base}", password, Path(ca).read_bytes(), [base])
    store, report = Store(Path(path), dn.key), RunReport()
    job = Job(config(), [(source, rules)], cast("Any", None), store)
    with phase(name, report, _ignore) as current:
        began = time.process_time()
        PHASES[name](job, report, current)
        spent = time.process_time() - began
    store.close()
    told = {"seconds": spent, "objects": current.objects, "links": current.links, "peak": peak()}
    sys.stdout.write(json.dumps(told))


def _ignore(event: Event) -> None:
    """Nobody listens."""


if __name__ == "__main__":
    main(*sys.argv[1:])
