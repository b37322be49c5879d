"""Who was called gone, until a read is proven that says so.

Entries that a delta calls gone are written so at once, page by page, and whether the read is proven shows at its end,
if it ever comes to one. Nobody would tell of them again: they did not change, and who tells by absence who is gone
tells it of those alone that are known to be there. So what was there is noted beside it, and put back as soon as a
read ends without a proof, or when the next one begins.
"""

from collections.abc import Callable, Sequence

from syncramp.model.state import DELETED, Origin
from syncramp.store.database import Database
from syncramp.store.marks import MARK
from syncramp.store.moves import Move, Note, note

_CONTAINERS = "SELECT guid, dn FROM containers WHERE source = ? AND partition = ? AND guid IN ({})"
_NOTED = "SELECT guid, entry, dn FROM moves WHERE partition = ? AND what = 'Doubted'"
_OF_SOURCE = "SELECT id FROM partitions WHERE source = ?"
_STILL_GONE = "SELECT id FROM entries WHERE partition = ? AND absent = ? AND id IN ({})"
_PUT_BACK = "UPDATE entries SET absent = ? WHERE id = ?"
_CONTAINER = """INSERT INTO containers (source, guid, partition, dn, dn_hash)
                SELECT p.source, ?, p.id, ?, ? FROM partitions p WHERE p.id = ? ON CONFLICT DO NOTHING"""
_BELIEVED = "DELETE FROM moves WHERE partition = ? AND what = 'Doubted'"
_NOT_GONE = "DELETE FROM moves WHERE partition = ? AND what = 'Gone' AND guid = ?"


def doubt(
    database: Database, source: int, partition: int, entries: Sequence[tuple[bytes, int, int]], guids: Sequence[bytes]
) -> None:
    """Note who is called gone; before it is written.

    :param entries: GUID, id and ``absent`` of those that were not gone.
    :param guids: all that is called gone, containers among it.
    """
    notes = [Note(Move.DOUBTED, guid, identity, str(absent)) for guid, identity, absent in entries]
    containers = database.among(_CONTAINERS, guids, (source, partition))
    notes += [Note(Move.DOUBTED, guid, 0, dn) for guid, dn in containers]
    note(database, partition, notes)


def believe(database: Database, partition: int) -> None:
    """A read is proven."""
    database.run(_BELIEVED, (partition,))


def put_back(database: Database, key: Callable[[str], int], partition: int) -> None:
    """No read was proven: who was called gone, and was not told again since, is there as before; in a transaction.

    :param key: the 64-bit key under which a DN is compared.
    """
    noted = database.all(_NOTED, (partition,))
    if not noted:
        return
    entries = {identity: (guid, int(before)) for guid, identity, before in noted if identity}
    gone = [identity for (identity,) in database.among(_STILL_GONE, list(entries), (partition, DELETED))]
    containers = [(guid, dn) for guid, identity, dn in noted if not identity]
    database.run_many(_PUT_BACK, [(entries[identity][1], identity) for identity in gone])
    database.run_many(_CONTAINER, [(guid, dn, key(dn), partition) for guid, dn in containers])
    guids = [entries[identity][0] for identity in gone] + [guid for guid, _ in containers]
    database.run_many(_NOT_GONE, [(partition, guid) for guid in guids])
    database.run_many(MARK, [(identity, Origin.SOURCE) for identity in gone])
    believe(database, partition)


def put_back_all(database: Database, key: Callable[[str], int], source: int) -> None:
    """The same for every part of a source that cannot be read at all; in a transaction."""
    for (partition,) in database.all(_OF_SOURCE, (source,)):
        put_back(database, key, partition)
