"""Values of link attributes become members, after every partition is staged.

A value that is told whole is looked up anew. Of one that changed, what came and what went is looked up, and of the
others whatever became of those they name (``settling``). All of it is one transaction, at the end of which the
watermarks of what was read count.

Somebody who is moved while a directory is read is read under one DN and named as a member under another. Such a
value resolves to nothing, and looks like a member that left and a stranger that came. So the values of a group that
name nobody are kept beside its members: while there is one among them that was not there before, who is missing from
the group is perhaps only moved, and is kept as ``lost``. The next import reads both names anew: it finds the member
again, or the value is no longer new and the member is gone. A GUID names one entry for ever, and nobody is lost so.
"""

from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from pyroaring import BitMap

from syncramp.model.state import GONE
from syncramp.store import spellings
from syncramp.store.database import Database
from syncramp.store.links import Value, keep_all, kept_of, unpacked
from syncramp.store.moves import clear, noted
from syncramp.store.names import FEW, Names, numbers, pieces
from syncramp.store.rebasing import rebase
from syncramp.store.settling import News, news, settle
from syncramp.store.spellings import Change, changes
from syncramp.store.spill import GAINED, WHOLE
from syncramp.store.told import Told

_SIZES = "SELECT COALESCE(SUM(LENGTH(hashes)), 0), COALESCE(SUM(LENGTH(guids)), 0), COUNT(*) FROM spill"
_SIZE = "SELECT LENGTH(hashes) FROM spill WHERE entry = ? AND attribute = ?"
_VALUES = "SELECT entry, attribute, hashes, guids FROM spill"
_GROUPS = """SELECT s.entry, s.attribute, e.source, SUM(LENGTH(s.hashes) + LENGTH(s.guids))
             FROM spill s JOIN entries e ON e.id = s.entry
             WHERE e.absent < ? GROUP BY s.entry, s.attribute, e.source ORDER BY s.entry, s.attribute"""
_ROWS = """SELECT entry, attribute, kind, hashes, guids, marks FROM spill WHERE entry BETWEEN ? AND ?
           ORDER BY entry, attribute, place"""
_PAGE = 250
"""Values that are asked for and written together, at most."""
_BYTES = 4_000_000
"""Of hashes and GUIDs in these: a group of 250,000 members has 2 or 4 MB, and is looked at alone."""
_WHOLE = "SELECT DISTINCT entry, attribute FROM spill WHERE kind = 0"
_WITH_DN = "SELECT id FROM entries WHERE dn_hash IN ({})"
_WITH_GUID = "SELECT id FROM entries WHERE source = ? AND guid IN ({})"
_WAITING = "SELECT COALESCE(SUM(LENGTH(unresolved)), 0) / 8 + COALESCE(SUM(LENGTH(unread)), 0) / 16 FROM links"
_LOST = "SELECT id, attribute FROM links WHERE LENGTH(lost) > 0"
_PART_OF = "SELECT id, partition FROM entries WHERE id IN ({})"
_FOUND_OUT = "UPDATE links SET lost = ? WHERE id = ? AND attribute = ?"


def resolve(database: Database, key: Callable[[str], int], told: Mapping[int, Told]) -> int:
    """Turn values into bitmaps of ids; in a transaction.

    :param key: the 64-bit key under which a DN is compared.
    :param told: what was told of partitions, by their number.
    :returns: how many values name nothing that was ever read; of groups that were told, if all was read in full.
    """
    moves = noted(database)
    if moves:
        rebase(database, key, moves, told)
    found = news(database, moves, {identity: key(dn) for identity, dn in moves.renamed.items()})
    deltas = [partition for partition, one in told.items() if one.delta]
    changed = changes(database, found, deltas)
    names = _names(database, found, changed)
    whole = {(entry, attribute) for entry, attribute in database.all(_WHOLE)} if found else set()
    settled = settle(database, found, names, whole) if found else set()
    touched = _Resolving(database, names, found, changed).run()
    _find_out(database, deltas, settled | touched.keys())
    database.run("DELETE FROM spill")
    clear(database, [partition for partition, one in told.items() if one.proven])
    return int(database.value(_WAITING)) if deltas else sum(touched.values())


def _names(database: Database, found: News, changed: Mapping[tuple[int, str], Change]) -> Names:
    """A few values are asked for one by one, with those that may name another one than before."""
    hashes, guids, _ = database.one(_SIZES) or (0, 0, 0)
    for group in changed:
        hashes -= database.value(_SIZE, group)
    marks, ids = set(found.marks), set(found.guids)
    for change in changed.values():
        marks.update(change.fresh)
    if found.many or hashes // 8 + guids // 16 + len(marks) + len(ids) > FEW:
        return Names(database, None, None)
    for *group, chunk, named in database.all(_VALUES):
        if tuple(group) not in changed:
            marks.update(numbers(chunk))
            ids |= pieces(named)
    return Names(database, marks, ids)


def _find_out(database: Database, deltas: Sequence[int], touched: Collection[tuple[int, str]]) -> None:
    """Who was lost in an earlier import, and was not found since, is no member; a delta does not tell it again."""
    waiting = [(entry, attribute) for entry, attribute in database.all(_LOST) if (entry, attribute) not in touched]
    part = dict(database.among(_PART_OF, [entry for entry, _ in waiting]))
    database.run_many(_FOUND_OUT, [(b"", *row) for row in waiting if part.get(row[0]) in deltas])


class _Resolving:
    def __init__(
        self, database: Database, names: Names, found: News, changed: Mapping[tuple[int, str], Change]
    ) -> None:
        self._database, self._names, self._news, self._changed = database, names, found, changed

    def run(self) -> dict[tuple[int, str], int]:
        """Every value that was told: entry and attribute, with how many of its values name nobody."""
        found, page, size = dict[tuple[int, str], int](), dict[tuple[int, str], int](), 0
        for entry, attribute, source, own in self._database.all(_GROUPS, (GONE,)):
            if page and (len(page) == _PAGE or size + own > _BYTES):
                found |= self._page(page)
                page, size = {}, 0
            page[entry, attribute] = source
            size += own
        return found | self._page(page) if page else found

    def _page(self, groups: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
        entries = sorted({entry for entry, _ in groups})
        rows = self._database.stream(_ROWS, (entries[0], entries[-1]))
        before, found, written = kept_of(self._database, entries), {}, []
        marked: dict[tuple[int, str], tuple[bytes, bytes]] = {}
        for group, told in groupby(rows, key=itemgetter(0, 1)):
            if group not in groups:
                continue
            rows_of = [row[2:] for row in told]
            if len(rows_of) == 1 and rows_of[0][3]:
                marked[group] = rows_of[0][3], rows_of[0][1]
            value = self._changed_value(group, before.get(group)) or self._value(
                [row[:3] for row in rows_of], groups[group], before.get(group)
            )
            found[group] = value.missing
            written.append((*group, value))
        keep_all(self._database, written, before)
        spellings.keep(self._database, written, marked)
        return found

    def _changed_value(self, group: tuple[int, str], before: Any | None) -> Value | None:
        """The value after what changed of it; None: all of it is to be looked up."""
        change = self._changed.get(group)
        if change is None:
            return None
        value = unpacked(before) if before is not None else Value()
        if before is None or not spellings.without(self._database, value, change, self._news):
            self._names = self._names if self._names.complete else Names(self._database, None, None)
            return None
        self._gain(value, array("q", sorted(change.fresh)).tobytes(), b"", 0)
        _note_lost(value, unpacked(before))
        return value

    def _value(self, rows: Sequence[Any], source: int, before: Any | None) -> Value:
        """The value after all that was told of it, in its order."""
        value: Value | None = None
        for kind, told in groupby(rows, key=lambda row: row[0]):
            if kind == WHOLE:
                value = self._whole(list(told), source)
                _note_lost(value, unpacked(before) if before is not None else None)
                continue
            value = value or (unpacked(before) if before is not None else Value())
            for _, hashes, guids in told:
                (self._gain if kind == GAINED else self._lose)(value, hashes, guids, source)
        return value or Value()

    def _whole(self, rows: Sequence[Any], source: int) -> Value:
        value = Value()
        for _, hashes, guids in rows:
            self._gain(value, hashes, guids, source)
        return value

    def _gain(self, value: Value, hashes: bytes, guids: bytes, source: int) -> None:
        if hashes:
            named, foreign, unknown = self._names.look_up(hashes)
            ids = BitMap(named)
            value.named |= ids
            value.members |= ids | BitMap(foreign)
            value.unresolved |= unknown
        if guids:
            found, unread = self._names.guids.look_up(guids, source)
            value.members |= BitMap(found)
            value.unread |= unread.difference(self._news.departed)
        if value.lost:
            value.lost -= value.members

    def _lose(self, value: Value, hashes: bytes, guids: bytes, source: int) -> None:
        if hashes:
            marks = set(numbers(hashes))
            value.unresolved -= marks
            for (identity,) in self._database.among(_WITH_DN, sorted(marks)):
                if identity in value.named or identity in value.lost:
                    value.discard(identity)
            for mark in marks & self._names.foreign.keys():
                if self._names.foreign[mark] not in value.named:
                    value.discard(self._names.foreign[mark])
        for identity in self._with_guid(pieces(guids)):
            if identity not in value.named:
                value.discard(identity)
        value.unread -= pieces(guids)

    def _with_guid(self, guids: Collection[bytes]) -> Iterator[int]:
        """In whatever source."""
        for (source,) in self._database.all("SELECT id FROM sources") if guids else ():
            for (identity,) in self._database.among(_WITH_GUID, sorted(guids), (source,)):
                yield identity


def _note_lost(value: Value, before: Value | None) -> None:
    """Who was a member, is none now, and may be the one that a new value names."""
    missing = before.members - value.members if before is not None else BitMap()
    if before is not None and missing and not before.unresolved.issuperset(value.unresolved):
        value.lost = missing
