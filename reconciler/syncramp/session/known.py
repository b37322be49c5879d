"""Stores that runs have made, for whoever reads them or writes a decision into them; a run may go on meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from syncramp.cycle.identity import LEDGER_ANEW, identity, ledger_identity
from syncramp.errors import InputRefused
from syncramp.model.written import Side
from syncramp.source import dn
from syncramp.spec.types import SyncConfig
from syncramp.store.places import Place, beside
from syncramp.store.store import Store

PATIENT = 60.0
"""Seconds for which whoever writes beside a run waits for it. A run's transactions take less; the longest makes an
index at the end of a first synchronise.
"""
UNREAD = "make a run first; with spec.mode Staging it reads and sends nothing"
"""Remedy for whoever only needs what is in the directories."""


@contextmanager
def known_store(
    config: SyncConfig, path: Place, consequence: str = "", remedy: str = "make a run first"
) -> Iterator[Store]:
    """The store of a document, for whoever writes a decision into it; a run may go on meanwhile.

    :param consequence: of there being none, as a clause.
    :param remedy: what to do then.
    :raises InputRefused: no run has made it yet.
    """
    if not path.exists():
        reason = "there is no store yet" + (f", {consequence}" if consequence else "")
        raise InputRefused(reason, where=str(path), remedy=remedy)
    with closing(Store(path, dn.key, PATIENT)) as store:
        store.runs.compare(identity(config))
        yield store


@contextmanager
def known_ledger(config: SyncConfig, path: Place) -> Iterator[Store | None]:
    """The ledger of written-back groups beside a document's store, for whoever writes a decision into it.

    None: the document asks for no writeback, or no run has made the ledger yet.

    :param path: of the document's store.
    """
    place = beside(path)
    if config.writeback is None or not place.exists():
        yield None
        return
    with closing(Store(place, dn.key, PATIENT)) as ledger:
        ledger.runs.compare(ledger_identity(config), LEDGER_ANEW)
        yield ledger


@contextmanager
def known_stores(
    config: SyncConfig, path: Place, consequence: str = "", remedy: str = "make a run first"
) -> Iterator[Mapping[Side, Store]]:
    """What a document's runs know of both that they write to: its store, and the ledger where there is one.

    :param consequence: as of ``known_store``.
    :param remedy: as of ``known_store``.
    :raises InputRefused: no run has made the store yet.
    """
    with known_store(config, path, consequence, remedy) as store, known_ledger(config, path) as ledger:
        yield {Side.CLOUD: store} if ledger is None else {Side.CLOUD: store, Side.DIRECTORY: ledger}
