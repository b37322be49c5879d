"""Who names whom by a DN in an attribute (``manager``), so that few have to be looked at when one entry is renamed.

Active Directory keeps such values as references: who is renamed is named otherwise by everybody from then on, and
nobody is told. The table holds a short mark of each value beside the entry that has it. It is made when the first
entry of a source is renamed in a delta (300,000 entries: 2 s, once), and added to from then on. A mark that is there
without its value does no harm: whoever is found is looked at.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zlib import crc32

from syncramp.model.dn_attributes import DN_VALUED
from syncramp.store.database import Database
from syncramp.store.packing import unpack

NAMES = DN_VALUED - {"distinguishedname", "objectcategory"}
"""Those that name another entry."""

_MADE = "SELECT mentioned FROM sources WHERE id = ?"
_NOW_MADE = "UPDATE sources SET mentioned = 1 WHERE id = ?"
_ADD = "INSERT INTO mentions (mark, entry) VALUES {} ON CONFLICT DO NOTHING"
_ALL = "SELECT id, attrs FROM entries WHERE source = ?"
_HOLDERS = "SELECT entry FROM mentions WHERE mark IN ({})"
_PAGE = 10_000


class Mentions:
    """The values of one source."""

    def __init__(self, database: Database, source: int) -> None:
        self._database, self._source = database, source
        self.made = bool(database.value(_MADE, (source,)))
        """They stand in the table, and are added to."""

    def add(self, entries: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Ids of entries that were written, with their attributes."""
        if self.made:
            rows = {(crc32(value), identity) for identity, attributes in entries for value in _values(attributes)}
            self._database.insert_many(_ADD, rows)

    def holders(self, dns: Iterable[str]) -> set[int]:
        """Entries that may name one of these DNs."""
        if not self.made:
            self._make()
        marks = sorted({crc32(dn.encode()) for dn in dns})
        return {entry for (entry,) in self._database.among(_HOLDERS, marks)}

    def _make(self) -> None:
        rows: list[tuple[int, int]] = []
        for identity, packed in self._database.stream(_ALL, (self._source,)):
            rows.extend((crc32(value), identity) for value in _values(unpack(packed)))
        for start in range(0, len(rows), _PAGE):
            self._database.insert_many(_ADD, dict.fromkeys(rows[start : start + _PAGE]))
        self._database.run(_NOW_MADE, (self._source,))
        self.made = True


def _values(attributes: Mapping[str, Any]) -> Iterator[bytes]:
    """Values that name another entry."""
    for name in attributes.keys() & NAMES:
        yield from attributes[name]
