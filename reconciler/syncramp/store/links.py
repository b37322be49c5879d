"""The value of a link attribute as it is kept: members, and what names nobody.

Members are ids. It is known which of them the directory names by their DN: who is renamed is not named any more by
whoever names him so, and a GUID is not touched by that.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap

from syncramp.store.database import Database
from syncramp.store.names import numbers, pieces
from syncramp.store.packing import pack_bitmap, unpack_bitmap

COLUMNS = "members, unresolved, lost, named, unread"
_SOME = f"SELECT id, attribute, {COLUMNS} FROM links WHERE id IN ({{}})"  # noqa: S608
_KEEP = f"""INSERT INTO links (id, attribute, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id, attribute) DO UPDATE SET members = excluded.members, unresolved = excluded.unresolved,
            lost = excluded.lost, named = excluded.named, unread = excluded.unread"""  # noqa: S608


@dataclass
class Value:
    """All values of one link attribute of one entry."""

    members: BitMap = field(default_factory=BitMap)
    named: BitMap = field(default_factory=BitMap)
    """Those of them that are named by their DN."""
    unresolved: set[int] = field(default_factory=set)
    """Hashes of DNs that name nobody."""
    unread: set[bytes] = field(default_factory=set)
    """GUIDs that name nobody."""
    lost: BitMap = field(default_factory=BitMap)
    """Former members that may only have been moved."""

    @property
    def missing(self) -> int:
        """How many values name nobody."""
        return len(self.unresolved) + len(self.unread)

    def add(self, identity: int, *, named: bool = False) -> None:
        """A member."""
        self.members.add(identity)
        self.lost.discard(identity)
        if named:
            self.named.add(identity)

    def discard(self, identity: int) -> None:
        """No member, and none that was lost."""
        for ids in (self.members, self.named, self.lost):
            ids.discard(identity)

    def packed(self) -> tuple[Any, ...]:
        """As it stands in its row."""
        return (
            pack_bitmap(self.members),
            array("q", sorted(self.unresolved)).tobytes(),
            pack_bitmap(self.lost) if self.lost else b"",
            None if self.named == self.members else pack_bitmap(self.named) if self.named else b"",
            b"".join(sorted(self.unread)) or None,
        )


def unpacked(row: Any) -> Value:
    """The value in a row of ``COLUMNS``."""
    members = unpack_bitmap(row[0])
    named = members.copy() if row[3] is None else unpack_bitmap(row[3])
    return Value(members, named, set(numbers(row[1])), pieces(row[4]), unpack_bitmap(row[2]))


def kept_of(database: Database, entries: Sequence[int]) -> dict[tuple[int, str], Any]:
    """The rows of all values of some entries, by entry and attribute."""
    return {(entry, attribute): tuple(row) for entry, attribute, *row in database.among(_SOME, entries)}


def keep_all(
    database: Database, values: Iterable[tuple[int, str, Value]], before: Mapping[tuple[int, str], Any]
) -> None:
    """Write those of some values that are not what their rows say.

    :param before: the rows, as :func:`kept_of` gives them.
    """
    rows = {(entry, attribute): value.packed() for entry, attribute, value in values}
    database.run_many(_KEEP, [(*group, *row) for group, row in rows.items() if before.get(group) != row])


def keep(database: Database, entry: int, attribute: str, value: Value, before: Any | None) -> bool:
    """Write a value, if it is not what its row says.

    :returns: it was written.
    """
    packed = value.packed()
    if before is not None and tuple(before) == packed:
        return False
    database.run(_KEEP, (entry, attribute, *packed))
    return True
