"""Groups of a directory that were written back from the cloud, as members of groups that are synchronised.

Such a group is never uploaded: it is in the cloud already, under its own object id, and a synchronised group that it
is a member of refers to it by that. Whether the cloud has it is known where groups are written back; where that is
not known, and while it is deleted in the cloud, nothing new refers to it, and what does stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pyroaring import BitMap

from syncramp.model.cloud import CloudState
from syncramp.model.desire import Staged
from syncramp.model.state import GONE
from syncramp.model.values import Kind
from syncramp.store.database import Database
from syncramp.store.packing import unpack, unpack_bitmap
from syncramp.store.returning import drop_links

MARKS = ("admindescription", "msds-externaldirectoryobjectid")
"""Attributes that hold ``Group_<object id>``."""
_MARK = b"group_"

_KEEP = """INSERT INTO cloud_references (id, object_id) VALUES (?, ?)
           ON CONFLICT (id) DO UPDATE SET object_id = excluded.object_id"""
_DROP = "DELETE FROM cloud_references WHERE id IN ({})"
_ALL = """SELECT r.id, r.object_id, e.absent, g.state FROM cloud_references r CROSS JOIN entries e
          LEFT JOIN cloud_names n ON n.anchor = r.object_id LEFT JOIN cloud_groups g ON g.id = n.id
          WHERE e.id = r.id ORDER BY e.absent, r.id"""
"""CROSS JOIN: SQLite begins with the few that there are, and not with every entry in the order of the answer."""
_MEMBERS = """SELECT r.id, g.members FROM cloud_references r JOIN cloud_names n ON n.anchor = r.object_id
              JOIN cloud_groups g ON g.id = n.id WHERE r.id IN ({})"""
_ELSEWHERE = 2**31
"""Ids of names of the cloud are counted from 1, as ids of entries are."""
_BY_OBJECT = """SELECT r.object_id, r.id FROM cloud_references r JOIN entries e ON e.id = r.id
                WHERE r.object_id IN ({}) ORDER BY e.absent DESC, r.id DESC"""
_CLEAN = """SELECT e.id, e.attrs FROM entries e WHERE e.kind = 'Group' AND e.absent < ?
            AND NOT EXISTS (SELECT 1 FROM dirty d WHERE d.id = e.id)"""
_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_VALUE = "SELECT value FROM meta WHERE key = ?"
_READ, _ASKED = "cloud_references_read", "cloud_references_asked"


@dataclass(frozen=True, slots=True)
class References:
    """Which of them can be referred to."""

    anchors: Mapping[int, str] = field(default_factory=dict)
    """Id of the entry -> what the cloud calls the group; of all."""
    living: BitMap = field(default_factory=BitMap)
    """Those that the cloud and the directory have."""
    silent: BitMap = field(default_factory=BitMap)
    """Those that the directory has, and the cloud perhaps not: what refers to them stays."""
    gone: BitMap = field(default_factory=BitMap)
    """Those that the directory does not show: nobody took them out of their groups."""


def references(database: Database) -> References:
    """All of them, as they are now; of two entries with one mark the first counts."""
    asked = database.value(_VALUE, (_ASKED,)) == "yes"
    found, seen = References({}), set[str]()
    for identity, object_id, absent, state in database.all(_ALL):
        found.anchors[identity] = f"Group_{object_id}"  # type: ignore[index]
        if absent or object_id in seen:
            found.gone.add(identity)
        else:
            (found.living if asked and state == CloudState.LIVE else found.silent).add(identity)
        seen.add(object_id)
    return found


def reach(database: Database, living: BitMap) -> dict[int, BitMap]:
    """Whom each of them brings into a group that it becomes a member of: its members in the cloud, under ids that no
    entry has.
    """
    rows = database.among(_MEMBERS, living.to_array())
    return {identity: unpack_bitmap(members).shift(_ELSEWHERE) for identity, members in rows}


class CloudReferences:
    """The same, for whoever judges entries and reads the cloud."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, str] = {}
        """Id -> object id of entries that have a row, or had one since entries are judged."""

    def begin(self) -> None:
        """Before entries are judged: in a store that never knew of them, look at those that nobody judges now."""
        self._known = dict(self._database.all("SELECT id, object_id FROM cloud_references"))
        if self._database.value(_VALUE, (_READ,)) is None:
            rows = [(identity, _object_id(unpack(attributes))) for identity, attributes in self._clean()]
            with self._database.transaction():
                self._database.run_many(_KEEP, [row for row in rows if row[1]])
                self._database.run(_META, (_READ, "yes"))
            self._known.update((identity, object_id) for identity, object_id in rows if object_id)

    def _clean(self) -> Iterator[tuple[int, bytes]]:
        yield from self._database.stream(_CLEAN, (GONE,))

    def note(self, page: Sequence[Staged], now: float) -> None:
        """Entries that are judged; in the transaction in which they are. One that is gone is kept as it was.

        One that bears another mark than before, or none, is somebody else from now on: what referred to it does not.

        :param now: seconds since the epoch.
        """
        groups = [one for one in page if one.entry.kind is Kind.GROUP and one.absent < GONE]
        marked = {one.id: object_id for one in groups if (object_id := _object_id(one.entry.attributes))}
        others = [one.id for one in groups if self._known.get(one.id, "") not in ("", marked.get(one.id))]
        if others:
            drop_links(self._database, BitMap(others), now)
            self._database.run_among(_DROP, others)
        self._database.run_many(_KEEP, marked.items())
        self._known.update(marked)

    def settle(self, *, asked: bool, now: float) -> None:
        """After the cloud was read: who is gone for good there took the links to it along.

        :param asked: the document asks what groups the cloud has.
        :param now: seconds since the epoch.
        """
        gone = [identity for identity, _, _, state in self._database.all(_ALL) if state == CloudState.GONE]
        told = "yes" if asked else "no"
        if gone or self._database.value(_VALUE, (_ASKED,)) != told:
            with self._database.transaction():
                self._database.run(_META, (_ASKED, told))
                if gone:
                    drop_links(self._database, BitMap(gone), now)
                    self._database.run_among(_DROP, gone)

    def ids(self, anchors: Iterable[str]) -> dict[str, int]:
        """Entries by what the cloud calls them, ``Group_<object id>`` in any case."""
        wanted = {anchor.lower().removeprefix("group_"): anchor for anchor in anchors}
        return {wanted[found]: identity for found, identity in self._database.among(_BY_OBJECT, list(wanted))}


def _object_id(attributes: Mapping[str, object]) -> str:
    """The object id in the marks of an entry; empty: it bears none, or two that differ."""
    found = {text for name in MARKS for value in _values(attributes, name) if (text := _marked(value))}
    return found.pop() if len(found) == 1 else ""


def _values(attributes: Mapping[str, object], name: str) -> Sequence[bytes]:
    values = attributes.get(name, ())
    return values if isinstance(values, tuple) else ()


def _marked(value: bytes) -> str:
    if value[: len(_MARK)].lower() != _MARK:
        return ""
    try:
        return str(UUID(value[len(_MARK) :].decode()))
    except ValueError:
        return ""
