"""From a document to an import outside of a run: some of its sources and its store are opened, and no endpoint.

So an importer needs the Secrets of its directories and of the store alone, and none of the tenant.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from syncramp.check import load
from syncramp.cycle.choosing import Choice, Named
from syncramp.cycle.importing import Importer, named_parts
from syncramp.errors import InputRefused
from syncramp.events import Listener
from syncramp.model.seams import Source
from syncramp.rules.ruleset import Ruleset
from syncramp.session.memory import tame_allocator
from syncramp.session.opening import secrets_of, state_path, stopping
from syncramp.session.sources import rules_of, source_of
from syncramp.source import dn
from syncramp.spec.secrets import FileSecrets
from syncramp.spec.types import Mode, SyncConfig
from syncramp.store.database import shared
from syncramp.store.store import Store

BESIDE = 600.0
"""Seconds for which an importer waits for what others write: the end of a large part takes seconds."""


@contextmanager
def importer(
    document: str, state: Path | None, secrets: Path | None, listen: Listener, choice: Choice
) -> Iterator[Importer]:
    """An import into the document's own store.

    :param choice: of what is to be read; no other source is opened.
    :raises SyncrampError: the document, a Secret or the store is not acceptable, or a run is active.
    """
    tame_allocator()
    config = load(document)
    if config.mode is Mode.PLAN:
        raise InputRefused(
            "a document whose mode is Plan keeps nothing",
            where="spec.mode",
            remedy="with Staging, an import and a run keep what they read, and send nothing",
        )
    stop, reader = threading.Event(), secrets_of(document, secrets)
    sources = _sources(config, choice, reader)
    place = state_path(document, config, state, secrets)
    with shared(place) as held, closing(Store(held, dn.key, BESIDE)) as store, stopping(stop, listen):
        yield Importer(config, sources, store, listen, time.time, stop)


def parts(document: str, secrets: Path | None) -> Sequence[Named]:
    """All parts of all sources of a document; nothing is read of them, and no store is needed.

    :raises SyncrampError: the document or a Secret is not acceptable, or a source does not tell its parts.
    """
    config = load(document)
    sources = [source_of(spec, secrets_of(document, secrets)) for spec in config.sources]
    return named_parts(sources, lambda: None)


def _sources(config: SyncConfig, choice: Choice, reader: FileSecrets) -> Sequence[tuple[Source, Ruleset]]:
    wanted = choice.sources([spec.name for spec in config.sources])
    return [(source_of(spec, reader), rules_of(spec, config)) for spec in config.sources if spec.name in wanted]
