"""Groups that were not told follow what became of their members.

Who is gone leaves them; who came is a member where a value that named nobody names him; and who is renamed is no
member any more of a group that names him by his old DN, unless its directory tells that group, too.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from pyroaring import BitMap

from syncramp.model.state import GONE
from syncramp.model.tracking import OF_ACTIVE_DIRECTORY
from syncramp.store.database import Database
from syncramp.store.links import COLUMNS, Value, keep, unpacked
from syncramp.store.moves import Moves
from syncramp.store.names import FEW, Names, numbers, pieces
from syncramp.store.packing import unpack, unpack_bitmap
from syncramp.store.principals import marks_of

_ALL = f"SELECT id, attribute, {COLUMNS} FROM links"  # noqa: S608
_WAITING = f"{_ALL} WHERE LENGTH(unresolved) > 0 OR LENGTH(unread) > 0"
_WHO = "SELECT id, source, guid, dn_hash, absent FROM entries WHERE id IN ({})"
_ATTRIBUTES = "SELECT id, attrs FROM entries WHERE id IN ({})"
_GROUP_GONE = ("DELETE FROM links WHERE id IN ({})", "DELETE FROM spellings WHERE id IN ({})")
_PLACE = """SELECT e.source, p.tracking FROM entries e LEFT JOIN partitions p ON p.id = e.partition
            WHERE e.id = ?"""


class Who(NamedTuple):
    """An entry of which something became."""

    source: int
    guid: bytes
    mark: int
    """By which the last import knew it."""


@dataclass
class News:
    """What became of entries, as groups have to know it."""

    dead: BitMap
    """Who is gone, or was for a while."""
    told: BitMap
    """Those of them of whom the directory said so: it took them out of its groups itself."""
    renamed: BitMap
    """Who lives under another DN."""
    who: dict[int, Who]
    """Who is gone or renamed."""
    principals: Mapping[bytes, Collection[int]]
    """SID -> hashes of names that stand for it; of those who are dead, or came."""
    departed: Collection[bytes]
    marks: set[int]
    """Hashes of DNs that may name another one than before."""
    guids: set[bytes]
    """GUIDs of who came."""
    came: BitMap
    many: bool
    """So many came that everything is looked up anew."""
    sids: dict[int, bytes] = field(default_factory=dict)
    """Of who is gone, or came."""

    def __bool__(self) -> bool:
        return bool(self.dead or self.renamed or self.departed or self.marks or self.guids or self.many)


def news(database: Database, moves: Moves, old_marks: Mapping[int, int]) -> News:
    """Look up those of whom something became.

    :param old_marks: of entries with another DN, the hash of the DN before.
    """
    many = len(moves.arrived) > FEW
    came = BitMap() if many else moves.arrived
    left = moves.gone | moves.missed
    found = News(BitMap(), BitMap(), BitMap(), {}, {}, moves.departed, set(), set(), moves.arrived, many)
    for identity, source, guid, dn_hash, absent in database.among(_WHO, list(left | came | BitMap(old_marks))):
        mark = old_marks.get(identity, dn_hash)
        found.marks.update((mark, dn_hash))
        if absent >= GONE or identity in moves.gone:
            found.dead.add(identity)
        elif mark != dn_hash:
            found.renamed.add(identity)
        if identity in came and absent < GONE:
            found.guids.add(guid)
        if identity in found.dead or identity in found.renamed:
            found.who[identity] = Who(source, guid, mark)
    sids = _sids(database, found.dead | came)
    found.sids.update(sids)
    lived = {sid for identity, sid in sids.items() if identity not in found.dead}
    found.told |= found.dead & moves.gone
    found.principals = {**marks_of(database, sids.values()), **marks_of(database, lived, again=True)}
    found.marks.update(mark for marks in found.principals.values() for mark in marks)
    return found


def _sids(database: Database, ids: BitMap) -> dict[int, bytes]:
    """The SIDs of those that have one."""
    found = {}
    for identity, packed in database.among(_ATTRIBUTES, list(ids)):
        sids: Any = unpack(packed).get("objectsid")
        if isinstance(sids, tuple):
            found[identity] = sids[0]
    return found


def settle(database: Database, found: News, names: Names, told: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
    """Bring the groups up to date that were not told; one that is gone has no members.

    :param told: entry and attribute of those that were, with their whole value.
    :returns: those that changed.
    """
    for statement in _GROUP_GONE:
        database.run_among(statement, list(found.told))
    follow = _Following(database, found, names)
    changed = []
    for group, attribute, *row in database.stream(_ALL if follow.everywhere else _WAITING):
        if (group, attribute) not in told and (value := follow.value(group, row)) is not None:
            changed.append((group, attribute, value, tuple(row)))
    for group, attribute, value, before in changed:
        keep(database, group, attribute, value, before)
    return {(group, attribute) for group, attribute, _, _ in changed}


class _Following:
    def __init__(self, database: Database, found: News, names: Names) -> None:
        self._database, self._news, self._names = database, found, names
        self._twins = dict(self._others())

    def _others(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """Who has the GUID of somebody who came, in another source -> that one, with its source."""
        for twins in self._names.guids.several() if self._news.came else ():
            for _, identity, source in twins:
                if identity in self._news.came:
                    yield from ((other, (identity, source)) for _, other, _ in twins if other != identity)

    @cached_property
    def _leaving(self) -> BitMap:
        return self._news.dead | BitMap(self._twins)

    @property
    def everywhere(self) -> bool:
        """Any group may be touched, and not only one of whose values some name nobody."""
        return bool(self._leaving or self._news.renamed)

    def value(self, group: int, row: Any) -> Value | None:
        """What a row should be; None: what it is."""
        if not self._touches(row):
            return None
        value = unpacked(row)
        source, tracking = self._database.one(_PLACE, (group,)) or (0, None)
        self._leave(value, source, follows=tracking in OF_ACTIVE_DIRECTORY)
        value.unread.difference_update(self._news.departed)
        self._arrive(value, source)
        return value

    def _touches(self, row: Any) -> bool:
        members, unresolved, lost, named, unread = row
        if self.everywhere and not self._leaving.isdisjoint(unpack_bitmap(members)):
            return True
        if lost and not self._news.dead.isdisjoint(unpack_bitmap(lost)):
            return True
        if self._news.renamed and named != b"" and not self._news.renamed.isdisjoint(_named(members, named)):
            return True
        if unresolved and (self._names.complete or not self._news.marks.isdisjoint(numbers(unresolved))):
            return True
        return bool(unread) and (
            self._names.complete
            or not self._news.guids.isdisjoint(waiting := pieces(unread))
            or not waiting.isdisjoint(self._news.departed)
        )

    def _leave(self, value: Value, source: int, *, follows: bool) -> None:
        """Who is gone, or has another name.

        :param follows: the directory keeps references, and shows their names of the moment.
        """
        named = BitMap() if follows else value.named
        for identity in (self._news.dead | self._news.renamed) & named:
            value.discard(identity)
            value.unresolved.add(self._news.who[identity].mark)
            if identity not in self._news.dead:
                value.lost.add(identity)
        for identity in self._news.dead & (value.members | value.lost):
            value.discard(identity)
            who = self._news.who[identity]
            principals = (
                self._news.principals.get(self._news.sids.get(identity, b""), ()) if who.source != source else ()
            )
            value.unresolved.update(principals)
            if not principals and identity not in self._news.told:
                value.unread.add(who.guid)
        for other in BitMap(self._twins) & (value.members - value.named):
            identity, own = self._twins[other]
            if own == source:
                value.discard(other)
                value.add(identity)

    def _arrive(self, value: Value, source: int) -> None:
        marks = value.unresolved if self._names.complete else value.unresolved & self._news.marks
        if marks:
            found, rest = self._names.dns.look_up(sorted(marks))
            foreign = {mark for mark in rest if mark in self._names.foreign}
            value.unresolved -= marks - rest | foreign
            for identity in found:
                value.add(identity, named=True)
            for mark in foreign:
                value.add(self._names.foreign[mark])
        guids = value.unread if self._names.complete else value.unread & self._news.guids
        if guids:
            members, unread = self._names.guids.look_up(b"".join(guids), source)
            value.unread -= guids - unread
            for identity in members:
                value.add(identity)


def _named(members: bytes, named: bytes | None) -> BitMap:
    return unpack_bitmap(members if named is None else named)
