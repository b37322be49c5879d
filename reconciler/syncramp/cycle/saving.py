"""State snapshots: written from a store, and taken into one that an adoption made anew."""

from pathlib import Path

from syncramp.cycle.deciding import resume
from syncramp.cycle.job import Job
from syncramp.cycle.run import identity
from syncramp.errors import InputRefused
from syncramp.model.saved import Restored, SavedHead
from syncramp.spec.types import SyncConfig
from syncramp.store.saved import Restoring, head_of, saved
from syncramp.store.saved_file import check_saved, reading_saved, write_saved
from syncramp.store.store import Store


def save(store: Store, config: SyncConfig, path: Path) -> int:
    """Write a snapshot of a store, as it is at one moment, also while a run goes on.

    :returns: how many rows it has.
    :raises InputRefused: the file cannot be written.
    """
    with store.database.reading():
        return write_saved(path, head_of(store.database, identity(config)), saved(store.database))


def check(config: SyncConfig, path: Path) -> SavedHead:
    """Read a whole snapshot and compare what it is of with a document.

    :raises InputRefused: it is not whole, or is of another tenant, cloud or anchor.
    """
    head = check_saved(path)
    for name, value in identity(config).items():
        if head.identity.get(name) != value:
            raise InputRefused(
                f"the snapshot is of {name} {head.identity.get(name)}, the document says {value}",
                where=str(path),
                remedy="name the snapshot of this document's store",
            )
    return head


def restore(job: Job, path: Path) -> Restored:
    """Take a snapshot into the store, after its tenant was adopted.

    Nobody is taken to have left a source that was not read completely; a second time, when it was, finds who did.

    :raises InputRefused: as :func:`check`; nothing is taken.
    """
    check(job.config, path)
    sources = {source.name: job.store.staging.source_id(source.name) for source, _ in job.sources}
    incomplete = job.store.staging.incomplete()
    unread = frozenset(name for name, number in sources.items() if number in incomplete)
    with reading_saved(path) as (_, rows):
        restoring = Restoring(job.store.database, sources, job.clock(), unread)
        restored = restoring.take(rows)
    known = job.store.ramp_states.all()
    restored.ramps = resume(job, [state for state in restoring.ramps.states if state.name not in known])
    return restored
