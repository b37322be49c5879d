"""Importers beside each other, or one after the other, on the store of an engine."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from support.engine import Engine
from support.postgresql import beside_others, until_it_is_gone
from syncramp.cycle.choosing import ByName
from syncramp.cycle.importing import Importer, import_parts
from syncramp.model.report import RunReport
from syncramp.source import dn
from syncramp.store.store import Store


@contextmanager
def importing(engine: Engine) -> Iterator[Importer]:
    """An importer of the engine's sources, with a connection of its own."""
    store = Store(beside_others(engine.path), dn.key, 60.0)
    with until_it_is_gone(store.database), closing(store):
        sources = [(source, engine.rules(source.name)) for source in engine.sources]
        yield Importer(engine.config, sources, store, engine.events.append, engine.clock, engine.stop)


def imported(engine: Engine, *names: str) -> RunReport:
    """One importer reads what is named."""
    report = RunReport()
    with importing(engine) as job:
        import_parts(job, ByName(names), report)
    return report
