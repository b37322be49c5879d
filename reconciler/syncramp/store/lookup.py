"""Questions about one entry: who it is, and everything that is kept of it. Nothing is written.

DNs, GUIDs and anchors are found by an index. A name (``userPrincipalName``, an address, an account name) is found by
looking through every entry and every object for its bytes: 300,000 of them take about a second, and an index would
cost every import more than these questions are worth.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap

from syncramp.model.desire import Staged
from syncramp.model.facts import Entry
from syncramp.model.values import Attributes, Kind
from syncramp.store.database import Database
from syncramp.store.packing import unpack, unpack_bitmap

MOST = 50
"""Entries that one question may find; a person reads them."""

_ROWS = """SELECT e.id, e.source, s.name, e.guid, e.kind, e.dn, e.attrs, e.absent, p.name, p.complete, p.entries,
                  p.expected, p.proofs, p.reason, s.failure, s.rules, s.version, d.id, o.anchor, o.acked, o.doubt,
                  o.cloud_anchor, o.acked_at, o.confirmed, o.digest
           FROM entries e LEFT JOIN sources s ON s.id = e.source LEFT JOIN partitions p ON p.id = e.partition
           LEFT JOIN dirty d ON d.id = e.id LEFT JOIN objects o ON o.id = e.id WHERE e.id IN ({}) ORDER BY e.id"""
_BY_GUID = "SELECT id FROM entries WHERE source IN (SELECT id FROM sources) AND guid = ?"
_BY_DN = "SELECT id, dn FROM entries WHERE dn_hash = ?"
_BY_ANCHOR = "SELECT id FROM objects WHERE anchor = ?"
_BY_CLOUD_ANCHOR = "SELECT id FROM objects WHERE LOWER(cloud_anchor) = ?"
_FOREIGN = "SELECT kind FROM foreign_objects WHERE anchor = ?"
_LIKE = "SELECT id FROM entries WHERE LOWER(dn) LIKE ? ESCAPE '\\' LIMIT ?"
_ATTRIBUTES = "SELECT id, attrs FROM entries"
_PAYLOADS = "SELECT id, desired, acked FROM payload"
_GROUPS = """SELECT l.id, l.members, l.lost, c.sure, c.possible FROM links l LEFT JOIN cloud_links c ON c.id = l.id
             WHERE l.attribute = 'member'
             UNION SELECT c.id, NULL, NULL, c.sure, c.possible FROM cloud_links c
             WHERE c.id NOT IN (SELECT id FROM links WHERE attribute = 'member')"""
_LINKS = "SELECT members, unresolved FROM links WHERE id = ? AND attribute = 'member'"
_WAITING = "SELECT dn_hash, fresh FROM unresolved WHERE object = ?"
_REFERRERS = "SELECT COUNT(DISTINCT object) FROM refs WHERE target = ?"
_MANAGED = "SELECT 1 FROM cloud_managed WHERE id = ?"
_ADDS_TO = "SELECT object FROM joined WHERE entry = ?"
_ADDED = "SELECT entry FROM joined WHERE object = ? ORDER BY entry"
_ASCII = re.compile(r"[ -~]+")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry and what is kept of it."""

    staged: Staged
    source: str
    """The name of its source."""
    partition: str
    complete: bool
    entries: int | None
    expected: int | None
    seen: str
    """What the last read of the part showed; empty when it did not come to its end."""
    reason: str
    rules: bytes | None
    """Digest of the rules its source was synchronised with."""
    version: int | None
    """Of the built-in ones among them."""
    dirty: bool
    anchor: str
    """Empty where it has none of its own."""
    present: bool
    """It is known to be in the cloud."""
    doubt: bool
    cloud_anchor: str
    acked_at: float | None
    confirmed: int
    desired: bool
    """It should be in the cloud."""

    @property
    def known(self) -> bool:
        """It is in the cloud, or may be."""
        return self.present or self.doubt


class Lookup:
    """The store as somebody sees it who asks about one entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """What is kept of some entries; those that do not exist are left out."""
        return [_row(row) for row in self._database.among(_ROWS, ids)]

    def sources(self) -> Mapping[int, str]:
        """The sources that were ever read: number -> name."""
        return dict(self._database.all("SELECT id, name FROM sources"))

    def by_dn(self, key: int) -> Mapping[int, str]:
        """Entries whose DN has this key: id -> DN."""
        return dict(self._database.all(_BY_DN, (key,)))

    def by_guid(self, guid: bytes) -> list[int]:
        """Entries with this objectGUID, one for each source that showed it."""
        return [row[0] for row in self._database.all(_BY_GUID, (guid,))]

    def by_anchor(self, anchor: str) -> list[int]:
        """The object with this source anchor, or with this anchor of the cloud."""
        rows = self._database.all(_BY_ANCHOR, (anchor,)) or self._database.all(_BY_CLOUD_ANCHOR, (_lower(anchor),))
        return [row[0] for row in rows]

    def foreign(self, anchor: str) -> str:
        """The kind of the object in the tenant that has this anchor and is not ours; empty when there is none."""
        kind: str = self._database.value(_FOREIGN, (anchor,), default="")
        return kind

    def like(self, start: str) -> list[int]:
        """Entries whose DN begins so, in any case of ASCII letters; a few of them."""
        escaped = re.sub(r"([\\%_])", r"\\\1", start)
        return [row[0] for row in self._database.all(_LIKE, (f"{_lower(escaped)}%", MOST))]

    def holding(self, text: str) -> Iterator[tuple[int, Attributes]]:
        """Entries (directory attributes) and objects (wire attributes) that hold a text somewhere, in any case.

        Some may not: a text with other letters than ASCII is looked for by its longest part without.
        """
        part = _part(text)
        for identity, attributes in self._database.stream(_ATTRIBUTES):
            if part in attributes.lower():
                yield identity, unpack(attributes)
        for identity, *payloads in self._database.stream(_PAYLOADS):
            for payload in payloads:
                if payload is not None and part in payload.lower():
                    yield identity, unpack(payload)

    def holding_one(self, texts: Collection[str]) -> Iterator[int]:
        """Objects that hold one of some texts somewhere, in any case; some may not."""
        wanted = [_part(text) for text in texts]
        for identity, *payloads in self._database.stream(_PAYLOADS):
            held = b"".join(filter(None, payloads)).lower()
            if any(part in held for part in wanted):
                yield identity

    def person(self, entry: int) -> tuple[int, list[int]]:
        """The object that an entry is, or adds to, and the entries it is made of; its own entry first, if it is one.

        :returns: the id of the object, and ids of entries.
        """
        identity: int = self._database.value(_ADDS_TO, (entry,), default=0) or entry
        added = [row[0] for row in self._database.all(_ADDED, (identity,))]
        own = self._database.value(_ADDS_TO, (identity,), default=identity)
        return identity, [identity, *added] if own else added

    def groups_of(self, entries: Sequence[int]) -> list[int]:
        """Groups whose directory names one of these, or whose members in the cloud one of them may be."""
        wanted = BitMap(entries)
        return [
            identity
            for identity, *bitmaps in self._database.stream(_GROUPS)
            if any(packed and wanted & unpack_bitmap(packed) for packed in bitmaps)
        ]

    def members(self, group: int) -> tuple[BitMap, int]:
        """Entries that a group names in its directory, and how many of its values name nobody who was read."""
        row = self._database.one(_LINKS, (group,))
        return (unpack_bitmap(row[0]), len(row[1]) // 8) if row else (BitMap(), 0)

    def names(self, ids: Sequence[int]) -> dict[int, str]:
        """DNs by id."""
        return dict(self._database.among("SELECT id, dn FROM entries WHERE id IN ({})", ids))

    def waiting(self, identity: int) -> Mapping[int, bool]:
        """Keys of DNs that an object refers to and that name nobody; True: for the first time."""
        return {key: bool(fresh) for key, fresh in self._database.all(_WAITING, (identity,))}

    def referrers(self, identity: int) -> int:
        """How many objects refer to one."""
        return int(self._database.value(_REFERRERS, (identity,), default=0))

    def cloud_managed(self, identity: int) -> bool:
        """The source of authority of an object was moved to the cloud."""
        return self._database.one(_MANAGED, (identity,)) is not None


def _lower(text: str) -> str:
    """With ASCII letters in lower case, as the store compares them."""
    return text.encode().lower().decode()


def _part(text: str) -> bytes:
    """The longest part of a text that has no case but that of ASCII letters, in lower case."""
    return max(_ASCII.findall(text.lower()), key=len, default="").encode()


def _row(row: Any) -> Row:
    identity, source, name, guid, kind, dn, attributes, absent, *part = row
    partition, complete, entries, expected, proofs, reason, failure, rules, version, dirty, *known = part
    anchor, acked, doubt, cloud_anchor, acked_at, confirmed, digest = known
    entry = Entry(guid, Kind(kind), dn, unpack(attributes))  # type: ignore[arg-type]
    return Row(
        staged=Staged(identity, source, entry, absent),
        source=name or "",
        partition=partition or "",
        complete=bool(complete) and failure is None,
        entries=entries,
        expected=expected,
        seen=json.loads(proofs)["complete"]["seen"] if proofs else "",
        reason=failure or reason or "",
        rules=rules,
        version=version,
        dirty=dirty is not None,
        anchor=anchor or "",
        present=acked is not None,
        doubt=bool(doubt),
        cloud_anchor=cloud_anchor or "",
        acked_at=acked_at,
        confirmed=confirmed or 0,
        desired=digest is not None,
    )
