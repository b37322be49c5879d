"""What is known of a partition when it is read again (``model.seams.Known``).

A watermark counts only from the moment at which everything that came before it stands in the store, links resolved:
until then it is *pending*. A run that is killed before that reads the same changes again, and a change that is told
twice does no harm. What was ever seen of a partition (its horizon) is never forgotten: no server is believed that
knows less.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pyroaring import BitMap

from syncramp.store.database import Database
from syncramp.store.spellings import spelled

_PARTITION = "SELECT watermark, horizon, asked, missed, tracking FROM partitions WHERE id = ?"
_SENTINELS = "SELECT guid, attributes FROM sentinels WHERE partition = ?"
_RETURNED = "SELECT guid FROM moves WHERE partition = ? AND what = 'Returned' ORDER BY guid"
_CONTAINERS = "SELECT guid FROM containers WHERE partition = ?"
_SEEN = "SELECT id FROM entries WHERE source = (SELECT source FROM partitions WHERE id = ?) AND guid IN ({})"
_THERE = "SELECT id FROM entries WHERE partition = ? AND absent < 2"
_PAGE = 1000
_PROMOTED = "UPDATE partitions SET watermark = pending, pending = NULL WHERE id = ?"


class KnownPartition:
    """One partition, as it stands when its read begins.

    :param asked: digest of what is asked for now; what was told to another question is no ground for a delta.
    :param full: everything is to be read, whatever is known.
    :param settle: writes down what was told up to now.
    """

    def __init__(
        self,
        database: Database,
        partition: int,
        asked: str = "",
        *,
        full: bool = False,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._partition, self._settle = database, partition, settle
        row: Sequence[Any] = database.one(_PARTITION, (partition,)) or (None, None, None, 0, None)
        watermark, horizon, before, missed, tracking = row
        self.horizon: bytes | None = horizon
        """What was ever seen of it; None: it was never read."""
        self.why_full = "" if watermark is None else _why_full(full, before or "", asked, missed)
        """Why everything is read although changes could be told; empty where they are, or never could."""
        self.watermark: bytes | None = None if self.why_full else watermark
        """Where its last proven read ended; None: everything must be read."""
        self.keyed = True
        """Members may be told by keys of their names."""
        self.tracking: str = tracking or ""
        """How changes were found in its last proven read; empty: there was none."""

    @property
    def sentinels(self) -> Mapping[bytes, frozenset[str]]:
        """Entries that are looked at again, by GUID, with the attributes that the account saw of each."""
        rows = self._database.all(_SENTINELS, (self._partition,))
        return {guid: frozenset(attributes.split()) for guid, attributes in rows}

    def returned(self) -> Sequence[bytes]:
        """GUIDs of entries that were told since links were resolved last, and that were gone before."""
        self._settle()
        return [guid for (guid,) in self._database.all(_RETURNED, (self._partition,))]

    def unseen(self, guids: bytes) -> Sequence[bytes]:
        """GUIDs of what is known to be there, entries and containers, and is none of these.

        :param guids: 16 bytes each, in any order, also more than once.
        """
        seen, below = BitMap(), {guid for (guid,) in self._database.all(_CONTAINERS, (self._partition,))}
        for start in range(0, len(guids), _PAGE * 16):
            page = [guids[at : at + 16] for at in range(start, min(start + _PAGE * 16, len(guids)), 16)]
            seen.update(identity for (identity,) in self._database.among(_SEEN, page, (self._partition,)))
            below.difference_update(page)
        there = BitMap(self._database.numbers(_THERE, (self._partition,)))
        missing = self._database.among("SELECT guid FROM entries WHERE id IN ({})", list(there - seen))
        return sorted(below | {guid for (guid,) in missing})

    def spelled(self, guid: bytes, attribute: str) -> bytes:
        """Marks of values of an entry as they were told before, and then as many keys; empty: none were."""
        return spelled(self._database, self._partition, guid, attribute)


def promote(database: Database, partitions: Iterable[int]) -> None:
    """What is pending of partitions that were proven counts; in one transaction with their links."""
    database.run_many(_PROMOTED, [(partition,) for partition in sorted(partitions)])


def _why_full(full: bool, before: str, asked: str, missed: int) -> str:
    if full:
        return "a person asked for it"
    if before != asked:
        return "something else is asked for than in the last read"
    if missed:
        return "entries were absent once, and a second read must agree"
    return ""
