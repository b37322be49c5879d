"""People and groups of a directory who may be members of groups that are written to it.

They are there, and nobody here writes them: each is an object whose state is acknowledged in the transaction in which
it is desired, so that nothing of it ever differs. When the directory deletes one it is forgotten in the same way, and
its memberships with it, as the directory did itself. A group among them has the kind of a user, so that it is planned
as a member and never as a group of ours.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from uuid import uuid4

from pyroaring import BitMap

from syncramp.model.state import GONE
from syncramp.store.database import Database
from syncramp.store.packing import pack, unpack_bitmap
from syncramp.store.returning import may_return, returned

_ACKNOWLEDGE = """UPDATE objects SET acked = digest, confirmed = 1, doubt = 0, origin = 0
                  WHERE digest IS NOT NULL AND kind = 'User' AND id IN ({})"""
_COME = "SELECT id FROM objects WHERE digest IS NOT NULL AND acked IS NULL AND kind = 'User' AND id IN ({})"
_LEFT = "SELECT id FROM objects WHERE digest IS NULL AND acked IS NOT NULL AND kind = 'User' AND id IN ({})"
_AMONG = "SELECT guid, id FROM entries WHERE source = ? AND absent < ? AND guid IN ({})"
_NAMES = "SELECT guid, dn FROM entries WHERE source = ? AND absent < ?"
_DELETED = "SELECT guid FROM entries WHERE source = ? AND absent >= ?"
_STATE = """SELECT e.id, e.dn_hash, e.absent, CASE WHEN e.kind = 'Group' THEN e.digest END, o.cloud_anchor, o.anchor
            FROM entries e LEFT JOIN objects o ON o.id = e.id ORDER BY e.id"""
_GUIDS = "SELECT id, guid FROM entries WHERE absent < ?"
_MEMBERS = "SELECT id, members FROM links WHERE attribute = 'member' AND id IN ({})"
_NAME = "SELECT value FROM meta WHERE key = 'store_name'"
_JOINED = "SELECT entry, object FROM joined ORDER BY entry"
_PAGE = 10_000


class Present:
    """Who may be a member, in the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acknowledge(self, ids: Sequence[int]) -> list[int]:
        """Those of these who should be there are there; in the transaction in which they are desired.

        Whoever was deleted and is there again may be back in the groups that he was in: the directory did that, and
        no person put him in.

        :returns: those who are there no more, and were.
        """
        come = [identity for (identity,) in self._database.among(_COME, ids)]
        may_return(self._database, come, created=True)
        returned(self._database, come)
        self._database.run_among(_ACKNOWLEDGE, ids)
        return [identity for (identity,) in self._database.among(_LEFT, ids)]

    def ids_of(self, source: int, guids: Sequence[bytes]) -> dict[bytes, int]:
        """Those of these that live, by GUID."""
        return dict(self._database.among(_AMONG, guids, (source, GONE)))

    def names(self, source: int) -> dict[bytes, str]:
        """The DNs of all that live of a source, by GUID."""
        return dict(self._database.stream(_NAMES, (source, GONE)))

    def deleted(self, source: int) -> frozenset[bytes]:
        """GUIDs of those of a source that were there once and were deleted."""
        return frozenset(row[0] for row in self._database.stream(_DELETED, (source, GONE)))

    def guids(self) -> dict[int, bytes]:
        """All that live, groups of the cloud and whoever may be in them, by id."""
        return dict(self._database.stream(_GUIDS, (GONE,)))

    def members(self, groups: Sequence[int]) -> dict[int, BitMap]:
        """Members of groups, as the cloud was said to have them."""
        return {group: unpack_bitmap(packed) for group, packed in self._database.among(_MEMBERS, groups)}


@dataclass(frozen=True, slots=True)
class Place:
    """A moment of the tenant's store, in which the changes of groups are numbered."""

    store: str
    """A name that no other store has."""
    runs: Mapping[int, float]
    """Its last runs, and when each began: an old copy that goes on numbers runs again, at other moments."""

    def watermark(self, seq: int) -> bytes:
        """What was told up to a change of a number, at this moment."""
        last = max(self.runs, default=0)
        return f"{self.store} {last} {self.runs.get(last)} {seq}".encode()

    def follows(self, watermark: bytes) -> bool:
        """The numbers of the store go on from there: it is no other one, and no older copy of itself."""
        store, run, began, _ = watermark.decode().split()
        return store == self.store and str(self.runs.get(int(run))) == began


def place_of(database: Database) -> Place:
    """Where the tenant's store is; one that has no name gets one."""
    name = database.value(_NAME)
    if name is None:
        name = uuid4().hex
        database.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO NOTHING", ("store_name", name))
    return Place(name, dict(database.all("SELECT id, started FROM runs")))


def stamp(database: Database, verdicts: Iterable[object] = ()) -> bytes:
    """16 bytes that stand for who is who in the cloud and in the directories, in the tenant's store.

    As long as they are the same, everybody in the cloud is who he was in the directory. Of groups their attributes
    count, too: a type decides whether one can be a member.

    :param verdicts: which groups are written; they are members under an id of their own.
    """
    found = blake2b(pack({"": tuple(verdicts)}), digest_size=16)
    for query in (_STATE, _JOINED):
        for page in _pages(database, query):
            found.update(pack({"": page}))
    return found.digest()


def _pages(database: Database, query: str) -> Iterator[list[tuple[object, ...]]]:
    rows = database.stream(query)
    while page := [tuple(row) for row in islice(rows, _PAGE)]:
        yield page
