"""What a read-back of everything shows, beside what is known: for an adoption, until it is recorded.

The tables are temporary: they are no part of the store, take no memory, and a killed adoption leaves nothing of them.
Only ``store.takeover`` brings them into the store, as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.adoption import Finding
from syncramp.model.plan import Sample
from syncramp.model.values import Attributes
from syncramp.store.database import Database
from syncramp.store.packing import digest, pack, pack_bitmap, unpack, unpack_bitmap
from syncramp.store.strangers import Match, Stranger, add_values, matches
from syncramp.store.temporary import ADOPTION

VALUES = "sighted_values"

_EMPTIED = ("sightings", "sighted_links", "sighted_references", VALUES)
_CANDIDATES = """SELECT o.anchor, o.id, o.kind, o.digest, o.acked IS NOT NULL OR o.doubt = 1, p.desired
                 FROM objects o LEFT JOIN payload p ON p.id = o.id WHERE o.anchor IN ({})"""
_KEPT_BACK = "SELECT object, attribute FROM violations WHERE object IN ({})"
_SIGHT = """INSERT INTO sightings (anchor, kind, name, finding, object, cloud_anchor, payload, mark, confirmed,
            differs, cloud, found) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (anchor) DO NOTHING"""
_LINKS = "SELECT object, shown, unknown FROM sighted_links WHERE object IN ({})"
_LINK = """INSERT INTO sighted_links (object, shown, unknown) VALUES (?, ?, ?) ON CONFLICT (object) DO UPDATE SET
           shown = excluded.shown, unknown = excluded.unknown"""
_REFERENCE = "INSERT INTO sighted_references (object, cloud_anchor) VALUES (?, ?)"
_RESOLVED = """SELECT r.object, o.id FROM sighted_references r
               LEFT JOIN sightings s ON s.cloud_anchor = r.cloud_anchor
               LEFT JOIN objects o ON o.anchor = s.anchor ORDER BY r.object"""
_HIDDEN = "UPDATE sightings SET finding = ? WHERE finding = ? AND kind = 'Group'"
_COUNTS = "SELECT finding, kind, COUNT(*) FROM sightings GROUP BY finding, kind"
_CREATES = """FROM objects o LEFT JOIN sightings s ON s.anchor = o.anchor
              WHERE o.digest IS NOT NULL AND o.acked IS NULL AND o.doubt = 0 AND o.anchor IS NOT NULL
              AND s.anchor IS NULL"""
_GONE = """FROM objects o LEFT JOIN sightings s ON s.anchor = o.anchor
           WHERE o.acked IS NOT NULL AND o.anchor IS NOT NULL AND s.anchor IS NULL"""
_ALL = f"""SELECT finding, kind, anchor, name FROM sightings WHERE finding != 'Matched'
           UNION ALL SELECT 'ToCreate', o.kind, o.anchor, (SELECT e.dn FROM entries e WHERE e.id = o.id) {_CREATES}
           UNION ALL SELECT 'Gone', o.kind, o.anchor, (SELECT e.dn FROM entries e WHERE e.id = o.id) {_GONE}
           ORDER BY 3"""  # noqa: S608 - texts of ours
_GROUPS = """SELECT s.object, s.name, s.anchor, l.shown, l.unknown FROM sightings s
             LEFT JOIN sighted_links l ON l.object = s.object
             WHERE s.finding = 'Matched' AND s.kind = 'Group' ORDER BY s.anchor"""
_RESTORED = f"""SELECT o.kind, COUNT(*) {_CREATES} AND o.anchor IN (SELECT anchor FROM ever_deleted WHERE at > ?)
                GROUP BY o.kind"""  # noqa: S608
_ORPHAN = "SELECT 1 FROM sightings WHERE anchor = ? AND finding = 'Orphan'"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object of the store with an anchor that the read-back shows."""

    id: int
    kind: str
    desired: Attributes | None
    ours: bool
    """It is known, or not known not, to be in the cloud."""
    kept_back: frozenset[str] = frozenset()
    """Attributes of which something is not wanted only because it is wrong."""


@dataclass(slots=True)
class Sighting:
    """One object that the read-back shows."""

    anchor: str
    kind: str
    name: str
    finding: Finding
    id: int | None = None
    """Of the object of ours with its anchor."""
    cloud_anchor: str = ""
    held: Attributes | None = None
    """Of a matched one: what it holds."""
    differs: bool = False
    confirmed: int = 1
    cloud_managed: bool = False
    found: Sequence[str] = ()

    def row(self, desired: Attributes | None) -> tuple[object, ...]:
        """As it is kept: what it holds only where that is not what is wanted."""
        packed = pack(self.held) if self.held is not None else None
        own = packed if self.held != desired else None
        mark = digest(packed) if packed is not None else None
        flags = self.confirmed, int(self.differs), int(self.cloud_managed), " ".join(self.found)
        return self.anchor, self.kind, self.name, self.finding.value, self.id, self.cloud_anchor, own, mark, *flags


@dataclass(slots=True)
class Sights:
    """What one page shows."""

    objects: list[tuple[Sighting, Attributes | None]] = field(default_factory=list)
    """With what is wanted of them."""
    members: dict[int, tuple[BitMap, int]] = field(default_factory=dict)
    """Group -> members that are known, and how many others."""
    references: list[tuple[int, str]] = field(default_factory=list)
    """Group and cloud anchor of members that are named so."""
    strangers: list[Stranger] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SightedGroup:
    """A matched group with the members that the read-back showed."""

    id: int
    name: str
    anchor: str
    shown: BitMap
    unknown: int


class Sightings:
    """The sightings of one adoption; begun anew by each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make_temporary(ADOPTION)
        for table in _EMPTIED:
            database.run(f"DELETE FROM {table}")  # noqa: S608 - one of four names of ours

    def candidates(self, anchors: Sequence[str]) -> dict[str, Candidate]:
        """Objects of the store by anchor."""
        rows = self._database.among(_CANDIDATES, anchors)
        kept_back: dict[int, set[str]] = {}
        for identity, name in self._database.among(_KEPT_BACK, [row[1] for row in rows]):
            kept_back.setdefault(identity, set()).add(name)
        return {
            anchor: Candidate(
                identity,
                kind,
                unpack(packed) if mark is not None else None,
                bool(ours),
                frozenset(kept_back.get(identity, ())),
            )
            for anchor, identity, kind, mark, ours, packed in rows
        }

    def add(self, seen: Sights) -> None:
        """Keep what a page shows; one transaction."""
        with self._database.transaction():
            self._database.run_many(_SIGHT, [sighting.row(desired) for sighting, desired in seen.objects])
            for group, shown, unknown in self._database.among(_LINKS, list(seen.members)):
                now, more = seen.members[group]
                seen.members[group] = now | unpack_bitmap(shown), more + unknown
            self._database.run_many(
                _LINK, [(group, pack_bitmap(shown), more) for group, (shown, more) in seen.members.items()]
            )
            self._database.run_many(_REFERENCE, seen.references)
            add_values(self._database, seen.strangers, VALUES)

    def finish(self, *, shows_members: bool) -> None:
        """After the last page: members that are named by the service's own anchors are found.

        :param shows_members: of some group; where the read-back shows none of any group, no group is matched.
        """
        found: dict[int, tuple[BitMap, int]] = {}
        for group, identity in self._database.stream(_RESOLVED):
            shown, unknown = found.setdefault(group, (BitMap(), 0))
            if identity is None:
                found[group] = shown, unknown + 1
            else:
                shown.add(identity)
        if found:
            self._database.run("DELETE FROM sighted_references")
            self.add(Sights(members=found))
        if not shows_members:
            self._database.run(_HIDDEN, (Finding.NOT_ADOPTABLE.value, Finding.MATCHED.value))

    def counts(self) -> Iterator[tuple[Finding, str, int]]:
        """Finding, kind and how many."""
        for finding, kind, number in self._database.all(_COUNTS):
            yield Finding(finding), kind, number
        for finding, rest in ((Finding.TO_CREATE, _CREATES), (Finding.GONE, _GONE)):
            for kind, number in self._database.all(f"SELECT o.kind, COUNT(*) {rest} GROUP BY o.kind"):
                yield finding, kind, number

    def restored(self, since: float) -> Mapping[str, int]:
        """Kind -> creates of what was deleted after a moment (seconds since the epoch)."""
        return dict(self._database.all(_RESTORED, (since,)))

    def unmatched(self) -> Iterator[Sample]:
        """All but what is matched, with the finding as the verb, in the order of anchors."""
        for finding, kind, anchor, name in self._database.stream(_ALL):
            yield Sample(finding, kind, name or "", anchor)

    def matching(self) -> Iterator[tuple[Match, bool]]:
        """Creates that the service would join with an object that is not ours, and whether that is an orphan."""
        for match in list(matches(self._database, VALUES)):
            yield match, self._database.one(_ORPHAN, (match.anchor,)) is not None

    def groups(self) -> Iterator[SightedGroup]:
        """Matched groups, in the order of anchors."""
        for identity, name, anchor, shown, unknown in self._database.stream(_GROUPS):
            yield SightedGroup(identity, name, anchor, unpack_bitmap(shown), unknown or 0)
