"""What the read-back showed: who is confirmed, who is gone, which links are there, and who is not ours.

A page and the cookie that follows it are one transaction, so a killed read-back goes on after its last whole page.
Nothing here is concluded from absence: an object is gone only when the service said so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pyroaring import BitMap

from syncramp.model.cloud import SeenGroup
from syncramp.model.drift import Difference, Drift
from syncramp.model.state import Origin
from syncramp.model.values import Attributes
from syncramp.store.cloud_intake import CloudIntake
from syncramp.store.database import Database
from syncramp.store.departed import keep_departed
from syncramp.store.drift import forget_differences, keep_differences, keep_drifted
from syncramp.store.exports import Exports
from syncramp.store.found import forget_objects
from syncramp.store.identities import Identities, ids_of
from syncramp.store.intents import Item
from syncramp.store.packing import pack_bitmap, unpack, unpack_bitmap
from syncramp.store.returning import doubt_anew, drop_links
from syncramp.store.runs import Runs
from syncramp.store.strangers import Stranger, replace_values

_ROWS = """SELECT o.anchor, o.id, o.acked, o.doubt, m.id, o.cloud_anchor, o.digest IS NOT NULL, o.confirmed
           FROM objects o LEFT JOIN cloud_managed m ON m.id = o.id WHERE """
_BY_ANCHOR, _BY_ID = _ROWS + "o.anchor IN ({})", _ROWS + "o.id {}"
_SENT = "SELECT id, acked, cloud_anchor, confirmed FROM objects WHERE acked IS NOT NULL AND doubt = 0 AND id {}"
_HELD = "SELECT id, COALESCE(acked, desired) FROM payload WHERE id {}"
_MANAGED = "SELECT id FROM cloud_managed WHERE id BETWEEN ? AND ?"
_AS_SENT = "UPDATE objects SET confirmed = 1 WHERE id {}"
_OTHERWISE = "UPDATE objects SET confirmed = 2 WHERE id {}"
_BRACKETS = "SELECT id, sure, possible, observed FROM cloud_links WHERE id IN ({})"
_OBSERVED = """INSERT INTO cloud_links (id, sure, possible, observed) VALUES (?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET sure = excluded.sure, possible = excluded.possible,
               observed = excluded.observed"""
_GONE = """UPDATE objects SET acked = NULL, acked_at = NULL, doubt = ?, confirmed = 0,
           origin = CASE WHEN digest IS NOT NULL THEN ? WHEN ? = 0 THEN 0 ELSE origin END WHERE id = ?"""
_FOREIGN = """INSERT INTO foreign_objects (anchor, kind, name) VALUES (?, ?, ?)
              ON CONFLICT (anchor) DO UPDATE SET kind = excluded.kind,
              name = CASE WHEN excluded.name = '' THEN foreign_objects.name ELSE excluded.name END"""
_NOT_OURS = (
    "SELECT f.anchor FROM foreign_objects f CROSS JOIN objects o WHERE o.anchor = f.anchor AND o.acked IS NULL"
)
_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


Moved = tuple[BitMap, BitMap]
"""Members of a group that somebody else took out, and put in."""


KnownRow = tuple[str, int, bytes | None, int, int | None, str | None, int, int]
"""The narrow row of an object of ours: anchor, id, digest of what was acknowledged, whether it is in doubt, its id
again if the cloud has the authority over it, cloud anchor, whether it should be there, and how it was confirmed."""


SentRow = tuple[int, bytes, str | None, int]
"""The same of an object about which nothing is unusual: id, digest, cloud anchor, and how it was confirmed."""


class KnownObject(NamedTuple):
    """An object of ours as the read-back is compared with it."""

    id: int
    acked: Attributes | None
    doubt: bool
    cloud_managed: bool = False
    """An earlier read-back showed that the cloud has the authority over it."""
    cloud_anchor: str | None = None
    """As the service told it."""
    wanted: bool = True
    """It should be in the cloud."""
    confirmed: int = 0
    """By an earlier read-back: 1 as it was sent, 2 with differences."""


@dataclass(slots=True)
class Observation:
    """What one page of the read-back comes to."""

    confirmed: dict[int, Sequence[Difference]] = field(default_factory=dict)
    """Id -> what of it is not as we sent it."""
    as_before: BitMap = field(default_factory=BitMap)
    """Ids of those of them that were confirmed as they are now."""
    shown: BitMap = field(default_factory=BitMap)
    """Ids of objects of ours that stand on the page."""
    drifts: list[tuple[Drift, int, str]] = field(default_factory=list)
    """What somebody else did: to which of our objects, and what there is to say of it."""
    ours: BitMap = field(default_factory=BitMap)
    """Groups of ours among ``links``: of others nothing was known."""
    gone: list[int] = field(default_factory=list)
    """Ids of objects of ours that the service says it deleted."""
    links: dict[int, tuple[BitMap, BitMap]] = field(default_factory=dict)
    """Group -> members that were seen added, and removed."""
    anew: dict[int, str] = field(default_factory=dict)
    """Id -> the cloud anchor of objects that are not the ones we knew: those are gone, and these were made since."""
    authority: dict[int, bool] = field(default_factory=dict)
    """Id -> the cloud has the authority over the object now, or has it no more."""
    foreign: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Anchor -> kind and name of objects with a source anchor that are not ours."""
    strangers: list[Stranger] = field(default_factory=list)
    """What the service may match by, of those and of objects that are mastered in the cloud."""
    not_foreign: list[str] = field(default_factory=list)
    """Anchors the service says it deleted, source anchors or its own, and its own ones of objects that are ours."""
    cloud: dict[str, SeenGroup] = field(default_factory=dict)
    """Object id, in small letters -> what the page says of a group that is mastered in the cloud."""
    cloud_kinds: dict[str, str] = field(default_factory=dict)
    """Cloud anchor, in small letters -> what it is, of who may be in such a group and is not what its type says."""
    cloud_ended: bool = False
    """It is the last page of what was to be read."""
    calm: bool = False
    """Of several pages: they come to the same together and one after the other."""


class Observations:
    """The observed side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cloud = CloudIntake(database)
        self._gone = BitMap()
        """What the service said it deleted, since the store was opened."""

    def cookie(self) -> bytes | None:
        """Where the next read-back begins; None: with everything."""
        text = self._database.value("SELECT value FROM meta WHERE key = 'cookie'")
        return bytes.fromhex(text) if text else None

    def forget_cookie(self) -> None:
        """Begin the next read-back with everything."""
        self._database.run("DELETE FROM meta WHERE key = 'cookie'")

    def known(self, anchors: Sequence[str]) -> dict[str, KnownObject]:
        """Objects by anchor, with what the cloud is known to hold."""
        return self.known_of(self.rows(anchors).values())

    def rows(self, anchors: Sequence[str], identities: Identities | None = None) -> dict[str, KnownRow]:
        """Narrow rows of objects by anchor: what stands in the wide ones is not read.

        :param identities: of the read-back; with an id a row is found in half the time.
        """
        known = identities.all(len(anchors)) if identities is not None else None
        if known is None:
            rows = self._database.among(_BY_ANCHOR, anchors)
        else:
            rows = self._database.among(_BY_ID, sorted(known[anchor] for anchor in anchors if anchor in known))
        return {row[0]: row for row in rows}

    def sent(self, ids: Sequence[int]) -> dict[int, SentRow]:
        """Rows of objects by id, of those that are in the cloud, are not in doubt, and are not the cloud's.

        :param ids: in their order.
        """
        rows = {row[0]: row for row in self._database.among(_SENT, ids)}
        for (managed,) in self._database.all(_MANAGED, (ids[0], ids[-1])) if ids else ():
            rows.pop(managed, None)
        return rows

    def known_of(self, rows: Iterable[KnownRow]) -> dict[str, KnownObject]:
        """Objects by anchor, with what the cloud is known to hold.

        :param rows: theirs.
        """
        rows = list(rows)
        held = dict(self._database.among(_HELD, sorted(row[1] for row in rows if row[2] is not None)))
        found = {}
        for anchor, identity, acked, doubt, managed, cloud_anchor, wanted, confirmed in rows:
            values = unpack(held[identity]) if acked is not None else None
            found[anchor] = KnownObject(
                identity, values, bool(doubt), managed is not None, cloud_anchor, bool(wanted), confirmed
            )
        return found

    def ids(self, anchors: Sequence[str]) -> dict[str, int]:
        """Ids by anchor."""
        return ids_of(self._database, anchors)

    def observe(self, seen: Observation, cookie: bytes | None, exports: Exports, now: float) -> dict[int, Moved]:
        """Take in one page and the cookie after it; one transaction.

        :returns: groups of ours whose members somebody else changed -> who was lost, and who was added.
        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        with self._database.transaction():
            exports.check_fence()
            news = [(i, bool(found)) for i, found in seen.confirmed.items() if i not in seen.as_before]
            self._database.run_among(_AS_SENT, sorted(i for i, differs in news if not differs))
            self._database.run_among(_OTHERWISE, sorted(i for i, differs in news if differs))
            keep_differences(self._database, seen.confirmed)
            self._observe_anew(seen.anew, now)
            self._observe_authority(seen.authority)
            moved = self._observe_links(seen.links, seen.ours, now)
            self._observe_gone(seen.gone, now)
            self._database.run_many(_FOREIGN, [(anchor, *told) for anchor, told in seen.foreign.items()])
            self._database.run_among("DELETE FROM foreign_objects WHERE anchor IN ({})", seen.not_foreign)
            replace_values(self._database, seen.strangers, seen.not_foreign)
            self._cloud.observe(seen.cloud, now, kinds=seen.cloud_kinds, ended=seen.cloud_ended)
            self.go_on_from(cookie)
        self._gone.update(seen.gone)
        return moved

    def go_on_from(self, cookie: bytes | None) -> None:
        """The next read-back begins here; in a transaction of the caller."""
        if cookie is not None:
            self._database.run(_META, ("cookie", cookie.hex()))

    def forget(self, gone: Sequence[int], now: float) -> None:
        """Objects of ours are surely not there any more; in a transaction of the caller."""
        self._observe_gone(gone, now)

    def _observe_anew(self, anew: Mapping[int, str], now: float) -> None:
        if anew:
            self._database.run_many(
                "UPDATE objects SET cloud_anchor = ? WHERE id = ?", [(a, identity) for identity, a in anew.items()]
            )
            doubt_anew(self._database, {identity: BitMap() for identity in anew}, now)
            forget_differences(self._database, anew)

    def _observe_authority(self, authority: Mapping[int, bool]) -> None:
        gained = [(identity,) for identity, cloud in authority.items() if cloud]
        lost = [(identity,) for identity, cloud in authority.items() if not cloud]
        self._database.run_many("INSERT INTO cloud_managed VALUES (?) ON CONFLICT (id) DO NOTHING", gained)
        self._database.run_many("DELETE FROM cloud_managed WHERE id = ?", lost)

    def _observe_links(
        self, links: Mapping[int, tuple[BitMap, BitMap]], ours: BitMap, now: float
    ) -> dict[int, Moved]:
        """What is seen to be there is possible, whoever put it there; what is seen to be gone is not sure.

        :param ours: groups that were known to be there: what changed in them, somebody else did.
        """
        moved: dict[int, Moved] = {}
        brackets, lost, drifted = [], {}, {}
        rows = {row[0]: row[1:] for row in self._database.among(_BRACKETS, list(links))}
        for group, (adds, removes) in links.items():
            sure, possible, observed = map(unpack_bitmap, rows.get(group, (None, None, None)))
            bracket = sure - removes, possible | adds, (observed - removes) | adds
            brackets.append((group, *map(pack_bitmap, bracket)))
            lost[group] = sure & removes
            if group in ours:
                moved[group] = removes & sure, adds - possible
                changed = moved[group][0] | moved[group][1]
                drifted[group] = changed, (adds | removes) - changed
        keep_departed(self._database, lost, now)
        self._database.run_many(_OBSERVED, brackets)
        keep_drifted(self._database, drifted)
        return {group: found for group, found in moved.items() if any(found)}

    def _observe_gone(self, gone: Sequence[int], now: float) -> None:
        """What a call may still create again stays in doubt, and so is ours when it comes back."""
        if not gone:
            return
        travelling = Runs(self._database).travelling(now)
        for identity in gone:
            self._database.run("DELETE FROM cloud_managed WHERE id = ?", (identity,))
            forget_differences(self._database, [identity])
            travels = int(identity in travelling)
            self._database.run(_GONE, (travels, int(Origin.CLOUD), travels, identity))
            forget_objects(self._database, [identity])
            if identity not in travelling:
                self._database.run("UPDATE payload SET acked = NULL, maybe = NULL WHERE id = ?", (identity,))
        drop_links(self._database, BitMap(gone), now)

    def not_shown(self, shown: BitMap) -> BitMap:
        """Objects in the cloud that a read-back showed once and that are not among these: no more confirmed."""
        rows = self._database.all("SELECT id FROM objects WHERE acked IS NOT NULL AND doubt = 0 AND confirmed > 0")
        missing = BitMap(row[0] for row in rows) - shown
        with self._database.transaction():
            self._database.run_among("UPDATE objects SET confirmed = 0 WHERE id IN ({})", list(missing))
        return missing

    def cloud_managed(self) -> BitMap:
        """Ids of objects of ours over which the cloud has the authority."""
        return BitMap(row[0] for row in self._database.all("SELECT id FROM cloud_managed"))

    def foreign_count(self) -> int:
        """How many objects of the tenant have a source anchor and are not ours."""
        return int(self._database.value("SELECT COUNT(*) FROM foreign_objects"))

    def foreign_anchors(self) -> frozenset[str]:
        """Anchors of such objects that objects of ours have, which are not known to be in the cloud."""
        return frozenset(row[0] for row in self._database.all(_NOT_OURS))

    def shows(self, item: Item) -> bool:
        """A read-back has shown what an item asks for: its object gone, or its links as they are wanted.

        That nobody knows an object to be in the cloud is no proof: its create may be in doubt.
        """
        if item.deletes:
            return item.id in self._gone
        return bool(item.links) and self.shown_links(item) == (item.adds, item.removes)

    def shown_links(self, item: Item) -> tuple[BitMap, BitMap]:
        """Of an item's links those that the cloud has shown as they are wanted: added, and removed."""
        observed = unpack_bitmap(self._database.value("SELECT observed FROM cloud_links WHERE id = ?", (item.id,)))
        return item.adds & observed, item.removes - observed

    def missing_links(self, sent: Mapping[int, BitMap]) -> dict[int, BitMap]:
        """Links that were answered as added and that the read-back has not shown, by group."""
        missing = {}
        for group, observed in self._database.among(
            "SELECT id, observed FROM cloud_links WHERE id IN ({})", list(sent)
        ):
            lost = sent[group] - unpack_bitmap(observed)
            if lost:
                missing[group] = lost
        return missing

    def doubt_links(self, links: Mapping[int, BitMap], now: float) -> None:
        """These links are no longer sure: the next run adds them again."""
        with self._database.transaction():
            keep_departed(self._database, links, now)
            keep_drifted(self._database, {group: (lost, BitMap()) for group, lost in links.items()})
            for group, sure in self._database.among("SELECT id, sure FROM cloud_links WHERE id IN ({})", list(links)):
                narrowed = pack_bitmap(unpack_bitmap(sure) - links[group])
                self._database.run("UPDATE cloud_links SET sure = ? WHERE id = ?", (narrowed, group))

    def unconfirmed_links(self) -> int:
        """Links that were answered as added and that no read-back has shown."""
        rows = self._database.all("SELECT sure, observed FROM cloud_links")
        return sum(len(unpack_bitmap(sure) - unpack_bitmap(observed)) for sure, observed in rows)
