"""What a look at a directory showed becomes what is known of it: it is the truth, and each page is one transaction.

A directory that answers has no queue: what it shows of a group is there, and what a complete look does not show of
its members is not. So a call whose answer was lost is judged by what it left, and nothing of it is sent twice. Only
what such a call may still be changing, until its deadline, stays between what was known and what is shown.

A group that carries the mark of one of ours and was not known is taken over, with its members: what it has and should
not is kept as found, and waits for a person; what it lacks is a change as every other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.drift import Difference, Drift
from syncramp.model.holds import Hold
from syncramp.model.state import Origin
from syncramp.model.values import Attributes
from syncramp.store.database import Database
from syncramp.store.departed import keep_departed
from syncramp.store.drift import forget_differences, keep_differences, keep_drifted
from syncramp.store.exports import Exports
from syncramp.store.found import keep as keep_found
from syncramp.store.marks import MARK
from syncramp.store.observations import Moved, Observations
from syncramp.store.packing import digest, pack, pack_bitmap, unpack, unpack_bitmap
from syncramp.store.runs import Runs
from syncramp.store.unwritten import Unwritten

_GROUPS = """SELECT anchor, cloud_anchor FROM objects
             WHERE kind = 'Group' AND acked IS NOT NULL AND anchor IS NOT NULL AND cloud_anchor IS NOT NULL"""
_IDS = "SELECT cloud_anchor, id FROM objects WHERE kind = 'Group' AND cloud_anchor IS NOT NULL"
_DOUBTFUL = "SELECT id FROM objects WHERE kind = 'Group' AND doubt = 1 AND acked IS NULL"
_HOLDS = """UPDATE objects SET acked = ?, doubt = ?, cloud_anchor = ?, acked_at = COALESCE(acked_at, ?),
            origin = CASE WHEN digest = ? THEN 0 WHEN acked = ? THEN origin ELSE ? END WHERE id = ?"""
_PAYLOAD = """UPDATE payload SET maybe = CASE WHEN ? = 1 THEN maybe END, acked = CASE WHEN
              (SELECT digest FROM objects o WHERE o.id = payload.id) = ? THEN NULL ELSE ? END WHERE id = ?"""
_PLACE = "UPDATE entries SET dn = ? WHERE id = ? AND dn != ?"
_CONFIRMED = "UPDATE objects SET confirmed = ? WHERE id = ?"
_NOT_THERE = "UPDATE objects SET doubt = 0, origin = CASE WHEN digest IS NULL THEN 0 ELSE origin END WHERE id = ?"
_FORGET_MAYBE = "UPDATE payload SET maybe = NULL WHERE id = ?"
_COUNTED = """SELECT c.sure FROM objects o LEFT JOIN cloud_links c ON c.id = o.id
              WHERE o.kind = 'Group' AND o.acked IS NOT NULL"""
_DESIRED = "SELECT id, desired FROM payload WHERE id IN ({})"
_MEMBERS = """SELECT e.guid, o.id FROM entries e JOIN objects o ON o.id = e.id
              WHERE e.source = ? AND o.acked IS NOT NULL AND e.guid IN ({})"""
_BRACKETS = "SELECT id, sure, possible, observed, found, drifted FROM cloud_links WHERE id IN ({})"
_BRACKET = """INSERT INTO cloud_links (id, sure, possible, observed, found) VALUES (?, ?, ?, ?, ?)
              ON CONFLICT (id) DO UPDATE SET sure = excluded.sure, possible = excluded.possible,
              observed = excluded.observed, found = excluded.found"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a group has in the directory."""

    values: Attributes
    cloud_anchor: str
    """``Group_<objectGUID>``."""
    found: frozenset[str] | None = None
    """Of one that is taken over: attributes whose change waits for a person. None: it was ours."""


@dataclass(slots=True)
class Look:
    """What one page of a look comes to."""

    held: dict[int, Held] = field(default_factory=dict)
    """Id -> what is known from now on: of groups that are taken over, that were in doubt, or whose edits are
    corrected."""
    confirmed: dict[int, Sequence[Difference]] = field(default_factory=dict)
    """Id -> what of it is not as it was written."""
    members: dict[int, BitMap] = field(default_factory=dict)
    """Group -> all its members, of those whose members were read."""
    taken: dict[int, BitMap] = field(default_factory=dict)
    """Group that is taken over -> members that it should have."""
    places: dict[int, str] = field(default_factory=dict)
    """Group -> the DN that it has, which is another one than it was made with where somebody moved it."""
    gone: list[int] = field(default_factory=list)
    protected: dict[int, bool] = field(default_factory=dict)
    """Groups -> the directory holds their rights, and nobody is added."""
    drifts: list[tuple[Drift, int, str]] = field(default_factory=list)
    """What somebody else did: to which of our groups, and what there is to say of it."""


PROTECTED = "Active Directory holds its rights as of its administrators (adminCount is 1): nobody is added"


class Taking:
    """The observed side of the ledger of written-back groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self) -> dict[str, str]:
        """Groups of ours that are there: their names in the directory (``Group_<objectGUID>``) -> their anchors."""
        return {name: anchor for anchor, name in self._database.stream(_GROUPS)}

    def groups(self) -> dict[str, int]:
        """Groups that are, or were, there: ids by their names in the directory."""
        return dict(self._database.stream(_IDS))

    def counts(self) -> tuple[int, int]:
        """How many groups of ours the directory has, and how many memberships it surely holds in them."""
        packed = [row[0] for row in self._database.stream(_COUNTED)]
        return len(packed), sum(len(unpack_bitmap(sure)) for sure in packed)

    def desired(self, ids: Sequence[int]) -> dict[int, Attributes]:
        """What groups should be; of one that should not be there what it should have been last."""
        return {identity: unpack(packed) for identity, packed in self._database.among(_DESIRED, ids)}

    def members(self, source: int, guids: Iterable[bytes]) -> dict[bytes, int]:
        """Those of these who may be members, by objectGUID."""
        return dict(self._database.among(_MEMBERS, list(guids), (source,)))

    def bracket(self, identity: int) -> tuple[BitMap, BitMap]:
        """Members that a group surely has, and those that it may have, also of one that is to be deleted."""
        row = next(iter(self._database.among(_BRACKETS, [identity])), (0, None, None))
        return unpack_bitmap(row[1]), unpack_bitmap(row[2])

    def take(self, seen: Look, cookie: bytes | None, exports: Exports, now: float) -> dict[int, Moved]:
        """Take in one page; one transaction.

        :param cookie: where the next look begins, with the last page of this one.
        :returns: groups of ours whose members somebody else changed -> who was lost, and who was added.
        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        with self._database.transaction():
            exports.check_fence()
            unsure = exports.under_way | Runs(self._database).travelling(now)
            Observations(self._database).forget(seen.gone, now)
            self._mark(seen.gone)
            self._hold(seen.held, unsure, now)
            moved = self._link(seen, unsure, now)
            self._database.run_many(_CONFIRMED, [(2 if found else 1, i) for i, found in seen.confirmed.items()])
            keep_differences(self._database, seen.confirmed)
            self._protect(seen.protected)
            self._place(seen.places)
            Observations(self._database).go_on_from(cookie)
        return moved

    def settle(self, shown: BitMap, exports: Exports, now: float) -> BitMap:
        """After a complete look: whose create was never answered and who is not shown is not there.

        :returns: ids of these.
        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        doubtful = BitMap(row[0] for row in self._database.all(_DOUBTFUL)) - shown
        with self._database.transaction():
            exports.check_fence()
            unsure = exports.under_way | Runs(self._database).travelling(now)
            absent = doubtful - unsure
            self._database.run_many(_NOT_THERE, [(identity,) for identity in absent])
            self._database.run_many(_FORGET_MAYBE, [(identity,) for identity in absent])
            self._mark(absent)
        return absent

    def _mark(self, ids: Iterable[int]) -> None:
        """Who is not there is judged again: what cannot be judged stayed as it was only because it was there."""
        self._database.run_many(MARK, [(identity, int(Origin.SOURCE)) for identity in ids])

    def _hold(self, held: Mapping[int, Held], unsure: BitMap, now: float) -> None:
        objects, payloads = [], []
        for identity, one in held.items():
            packed, doubt = pack(one.values), int(identity in unsure)
            mark, origin = digest(packed), Origin.CLOUD if one.found is None else Origin.ADOPTION
            objects.append((mark, doubt, one.cloud_anchor, now, mark, mark, int(origin), identity))
            payloads.append((doubt, mark, packed, identity))
        self._database.run_many(_HOLDS, objects)
        self._database.run_many(_PAYLOAD, payloads)
        forget_differences(self._database, held)
        keep_found(self._database, {one: each.found for one, each in held.items() if each.found is not None})

    def _link(self, seen: Look, unsure: BitMap, now: float) -> dict[int, Moved]:
        moved: dict[int, Moved] = {}
        rows = {row[0]: row[1:] for row in self._database.among(_BRACKETS, list(seen.members))}
        for group, shown in seen.members.items():
            sure, possible, observed, found, drifted = map(unpack_bitmap, rows.get(group, (None,) * 5))
            if group in unsure:
                now_sure, now_possible = sure & shown, possible | shown
            else:
                now_sure, now_possible = shown - unsure, shown | (possible & unsure)
            found &= shown
            if group in seen.taken:
                found |= shown - possible - seen.taken[group]
            else:
                undone = drifted & (shown ^ observed)
                moved[group] = sure - shown - undone, shown - possible - undone
            keep_departed(self._database, {group: sure - now_sure}, now)
            kept = (*map(pack_bitmap, (now_sure, now_possible, shown)), pack_bitmap(found) if found else None)
            self._database.run(_BRACKET, (group, *kept))
            edited = BitMap.union(BitMap(), *moved.get(group, ()))
            keep_drifted(self._database, {group: (edited, (shown ^ observed) - edited)})
        return {group: links for group, links in moved.items() if any(links)}

    def _place(self, places: Mapping[int, str]) -> None:
        """What is told of a group names it as it lies there, so that people find it."""
        self._database.run_many(_PLACE, [(name, identity, name) for identity, name in places.items()])

    def _protect(self, protected: Mapping[int, bool]) -> None:
        kept = Unwritten(self._database)
        kept.drop(Hold.PROTECTED, _of(protected, said=False))
        kept.keep(Hold.PROTECTED, dict.fromkeys(_of(protected, said=True), PROTECTED))


def _of(protected: Mapping[int, bool], *, said: bool) -> Iterable[int]:
    return [identity for identity, is_one in protected.items() if is_one is said]
