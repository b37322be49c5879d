"""Who the members of groups of the cloud are in the directory that those groups are written to.

A member is one of our objects, by what the cloud calls it or by its source anchor; of the entries that the object is
made of, one is of the directory, or it is somebody of another forest.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from pyroaring import BitMap

from syncramp.model.cloud import Unwritable
from syncramp.model.state import GONE
from syncramp.model.values import Kind
from syncramp.store.cloud_names import GUEST, SOURCE, TYPES, index_objects
from syncramp.store.database import Database
from syncramp.store.packing import unpack

_T = TypeVar("_T")

PAGE = 1000
DOMAIN_LOCAL = 0x4
"""groupType, GROUP_TYPE_RESOURCE_GROUP (MS-ADTS 2.2.12)."""

_NAMES = "SELECT id, anchor, kind FROM cloud_names WHERE id IN ({})"
_BY_CLOUD = "SELECT LOWER(cloud_anchor), id FROM objects WHERE LOWER(cloud_anchor) IN ({}) ORDER BY acked IS NOT NULL"
"""Of two objects that were the same one in the cloud, the last one is there."""
_BY_SOURCE = "SELECT anchor, id FROM objects WHERE anchor IN ({})"
_PARTS = "SELECT object, entry FROM joined WHERE object IN ({})"
_ENTRIES = "SELECT id, source, guid, kind, absent FROM entries WHERE id IN ({})"
"""The source is looked at here: SQLite would take it for the way in, and read all entries of it."""
_GROUP_TYPES = "SELECT id, attrs FROM entries WHERE id IN ({})"
_BY_GUID = """SELECT id, guid, kind, dn, absent FROM entries WHERE source = ? AND guid IN ({})
              AND id NOT IN (SELECT id FROM cloud_references)"""


class Forest:
    """One directory of the store.

    :param source: its number in ``sources``.
    """

    def __init__(self, database: Database, source: int) -> None:
        self._database, self._source = database, source

    def guids(self, ids: BitMap) -> tuple[dict[int, bytes], dict[int, Unwritable]]:
        """objectGUIDs of members, and why others cannot be members.

        :param ids: of ``cloud_names``; a group of the cloud among them is told as one that is not written back.
        """
        index_objects(self._database)
        written: dict[int, bytes] = {}
        refused: dict[int, Unwritable] = {}
        for page in _pages(ids):
            names = {row[0]: (row[1], row[2]) for row in self._database.among(_NAMES, page)}
            objects = self._objects(names)
            entries = self._entries(objects.values())
            for identity, (_, kind) in names.items():
                found = entries.get(objects[identity]) if identity in objects else _alone(kind)
                if isinstance(found, bytes):
                    written[identity] = found
                else:
                    refused[identity] = found or Unwritable.OTHER_FOREST
        return written, refused

    def people(self, guids: Iterable[bytes]) -> Iterator[tuple[bytes, str, Kind, Unwritable | None]]:
        """Entries of the directory by objectGUID: DN, kind, and why one cannot be a member of a universal group.

        Of who was never read, nothing is told, nor of a group that bears the mark of one of the cloud: it is a member
        by that one alone.
        """
        for page in _pages(guids):
            rows = self._database.among(_BY_GUID, page, (self._source,))
            local = self._local([row[0] for row in rows if row[2] == Kind.GROUP])
            for identity, guid, kind, dn, absent in rows:
                yield guid, dn, Kind(kind), _obstacle(identity, absent, local)

    def _objects(self, names: Mapping[int, tuple[str, str]]) -> dict[int, int]:
        """Ids of our objects, by those of members."""
        sources = {anchor.removeprefix(SOURCE): i for i, (anchor, _) in names.items() if anchor.startswith(SOURCE)}
        clouds = {called: i for i, name in names.items() for called in _called(*name)}
        rows = [(clouds[called], found) for called, found in self._database.among(_BY_CLOUD, list(clouds))]
        rows += [(sources[anchor], found) for anchor, found in self._database.among(_BY_SOURCE, list(sources))]
        return dict(rows)

    def _entries(self, objects: Iterable[int]) -> dict[int, bytes | Unwritable]:
        """By object: the objectGUID of its entry in the directory, or what stands against it; who has none is out."""
        owners = {identity: identity for identity in objects}
        owners |= {entry: owner for owner, entry in self._database.among(_PARTS, list(owners))}
        rows = [row for row in self._database.among(_ENTRIES, list(owners)) if row[1] == self._source]
        local = self._local([row[0] for row in rows if row[3] == Kind.GROUP])
        found: dict[int, bytes | Unwritable] = {}
        for identity, _, guid, _, absent in rows:
            obstacle = _obstacle(identity, absent, local)
            if obstacle is None or owners[identity] not in found:
                found[owners[identity]] = obstacle or guid
        return found

    def _local(self, groups: list[int]) -> BitMap:
        """Those that a universal group cannot hold."""
        return BitMap(i for i, attrs in self._database.among(_GROUP_TYPES, groups) if _is_domain_local(unpack(attrs)))


def _pages(values: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(values)
    while page := list(islice(rest, PAGE)):
        yield page


def _called(anchor: str, kind: str) -> list[str]:
    """What the cloud may call an object of ours, in small letters."""
    if anchor.startswith(SOURCE):
        return []
    kinds = ("user",) if kind == GUEST else (kind.lower(),) if kind else TYPES
    return [f"{each}_{anchor}" for each in kinds]


def _alone(kind: str) -> Unwritable:
    """Somebody who is no object of ours."""
    kinds = {GUEST: Unwritable.GUEST, "Group": Unwritable.NOT_WRITTEN, "Device": Unwritable.DEVICE}
    return kinds.get(kind, Unwritable.CLOUD_ONLY)


def _obstacle(identity: int, absent: int, local: BitMap) -> Unwritable | None:
    if absent >= GONE:
        return Unwritable.GONE
    return Unwritable.DOMAIN_LOCAL if identity in local else None


def _is_domain_local(attributes: Mapping[str, Any]) -> bool:
    try:
        return bool(int(attributes.get("grouptype", ("0",))[0]) & DOMAIN_LOCAL)
    except ValueError:
        return False
