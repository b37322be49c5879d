"""The adoption of a tenant, as it is remembered, and what becomes ours beside it.

An object that is in the tenant with a source anchor and has no entry of its own is an orphan. When a person wants it
gone, it gets an entry: one that two complete imports did not see, which is what it is. The next plan then deletes it
as it deletes whoever left the directory, under the same guards.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pyroaring import BitMap

from syncramp.model.adoption import Adoption
from syncramp.model.state import GONE, Cause, Origin
from syncramp.model.values import Kind
from syncramp.store.database import Database
from syncramp.store.found import keep, settle_links
from syncramp.store.packing import digest, pack
from syncramp.store.strangers import matches

GUID_BYTES = 16

_FOREIGN = "SELECT anchor, kind, name FROM foreign_objects WHERE anchor IN ({})"
_OBJECTS = "SELECT anchor, digest FROM objects WHERE anchor IN ({})"
_IDS = "SELECT anchor, id FROM objects WHERE anchor IN ({})"
_NEXT_ID = "SELECT value FROM meta WHERE key = 'next_id'"
_COUNT_IDS = "INSERT INTO meta VALUES ('next_id', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_PARTITION = "SELECT MIN(id) FROM partitions WHERE source = ?"
_ENTRY = """INSERT INTO entries (id, source, partition, guid, kind, dn, dn_hash, digest, attrs, absent)
            VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)"""
_TAKEN = "SELECT 1 FROM entries WHERE source = ? AND guid = ?"
_OBJECT = """INSERT INTO objects (id, source, anchor, kind, cause, hold, unread, doubt, confirmed, origin)
             VALUES (?, ?, ?, ?, ?, '', 0, 0, 0, 0)"""
_ACKED = "UPDATE objects SET acked = ?, doubt = 0, confirmed = 1, origin = ? WHERE id = ? AND digest IS NULL"
_HELD = """INSERT INTO payload (id, desired, acked) VALUES (?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET acked = excluded.acked"""
_READ = "SELECT value FROM meta WHERE key = 'adoption'"
_WRITE = "INSERT INTO meta VALUES ('adoption', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class Departed:
    """An object of the tenant without an entry that is, or was, ours."""

    anchor: str
    kind: Kind
    source: int
    dn: str
    guid: bytes = b""
    """Empty: its anchor says which, if it is one."""


class Adoptions:
    """What the store knows of the adoption of its tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def adopted(self) -> bool:
        """The tenant was adopted."""
        return self._database.one(_READ) is not None

    def read(self) -> Adoption | None:
        """The adoption; None: there was none."""
        text = self._database.value(_READ)
        return Adoption.from_json(json.loads(text)) if text else None

    def write(self, adoption: Adoption) -> None:
        """Remember it, in the place of the one before."""
        self._database.run(_WRITE, (json.dumps(adoption.as_json(), sort_keys=True),))

    def matching(self) -> dict[int, str]:
        """Ids of creates that the service would join with an object that is not ours -> that one, in words."""
        return {match.id: match.words for match in matches(self._database)}

    def orphans(self, anchors: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Kind and name of objects that are not ours, by anchor; of those among these that are in the tenant."""
        return {anchor: (kind, name) for anchor, kind, name in self._database.among(_FOREIGN, anchors)}

    def wanted(self, anchors: Sequence[str]) -> list[str]:
        """Those of some anchors that an object has which should be in the cloud."""
        return [anchor for anchor, mark in self._database.among(_OBJECTS, anchors) if mark is not None]

    def own_departed(self, departed: Sequence[Departed], *, found: bool) -> None:
        """Objects of the tenant become ours to delete: each gets an entry that two complete imports did not see.

        One whose anchor an object has already that should not be in the cloud is that one.

        :param found: their deletes wait for an approval, whatever else lets deletes go.
        """
        with self._database.transaction():
            known = dict(self._database.among(_IDS, [one.anchor for one in departed]))
            new = [one for one in departed if one.anchor not in known]
            first = int(self._database.value(_NEXT_ID, default=1))
            known.update({one.anchor: first + place for place, one in enumerate(new)})
            self._database.run(_COUNT_IDS, (str(first + len(new)),))
            for one in new:
                self._enter(known[one.anchor], one)
            ids = [known[one.anchor] for one in departed]
            held = pack({})
            self._database.run_many(_ACKED, [(digest(held), Origin.ADOPTION, identity) for identity in ids])
            self._database.run_many(_HELD, [(identity, held, held) for identity in ids])
            self._database.run_among("DELETE FROM foreign_objects WHERE anchor IN ({})", list(known))
            self._database.run_among("DELETE FROM foreign_values WHERE anchor IN ({})", list(known))
            if found:
                keep(self._database, dict.fromkeys(ids, ("",)))

    def _enter(self, identity: int, one: Departed) -> None:
        partition = self._database.value(_PARTITION, (one.source,), default=0)
        guid = one.guid or _guid(one.anchor)
        if self._database.one(_TAKEN, (one.source, guid)) is not None:
            guid = digest(one.anchor.encode())  # the entry is there under another anchor
        mark = digest(pack({"departed": one.anchor}))
        row = (identity, one.source, partition, guid, one.kind.value, one.dn, mark, pack({}), GONE)
        self._database.run(_ENTRY, row)
        self._database.run(_OBJECT, (identity, one.source, one.anchor, one.kind.value, Cause.ABSENT.value))

    def settle_links(self, desired: Callable[[int], BitMap]) -> None:
        """What was found of members and is gone, or wanted again, is not found any more.

        :param desired: the members that a group should have.
        """
        settle_links(self._database, desired)


def _guid(anchor: str) -> bytes:
    """The GUID that an anchor is made of; of another anchor 16 bytes that stand for it."""
    with suppress(ValueError):
        if len(guid := b64decode(anchor, validate=True)) == GUID_BYTES:
            return guid
    return digest(anchor.encode())
