"""Links that leave the cloud with an object, and may come back with it.

The cloud drops the links of what it deletes, and may bring them back when an object with the same source anchor is
created again. It knows anchors and not our ids: an account that was migrated has another id here and the same anchor.
So what was dropped is kept by anchor, that of the object and those of the groups, and is possible again from the
intent of a create on.

An anchor of which the cloud knows nothing of ours may pass from one object to another; what the read-back showed
under it then belongs to the other one, and a call that is still under way for the one may change the other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyroaring import BitMap

from syncramp.model.state import Origin
from syncramp.store.database import Database
from syncramp.store.departed import hand_over_departed, keep_departed
from syncramp.store.drift import keep_drifted
from syncramp.store.packing import pack_bitmap, unpack_bitmap

_BRACKETS = "SELECT id, sure, possible, observed FROM cloud_links"
_NARROWED = "UPDATE cloud_links SET sure = ?, possible = ?, observed = ? WHERE id = ?"
_FORGOTTEN = "DELETE FROM cloud_links WHERE id = ?"
_ANCHORS = "SELECT id, anchor FROM objects WHERE anchor IS NOT NULL AND id IN ({})"
_REMEMBER = """INSERT INTO ever_deleted (anchor, groups, at, back) VALUES (?, ?, ?, 0)
               ON CONFLICT (anchor) DO UPDATE SET groups = excluded.groups, at = excluded.at, back = 0"""
_ANY = "SELECT 1 FROM ever_deleted LIMIT 1"
_KEPT = "SELECT anchor, groups FROM ever_deleted WHERE back = 0 AND anchor IN ({})"
_DELETED = """SELECT o.id, d.groups FROM objects o JOIN ever_deleted d ON d.anchor = o.anchor
              WHERE d.back = 0 AND o.id IN ({})"""
_GROUPS = """SELECT o.id, c.possible FROM objects o LEFT JOIN cloud_links c ON c.id = o.id WHERE o.anchor IN ({})"""
_POSSIBLE = """INSERT INTO cloud_links (id, sure, possible, observed) VALUES (?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET possible = excluded.possible"""
_BACK = "UPDATE ever_deleted SET back = 1 WHERE back = 0 AND anchor = (SELECT anchor FROM objects WHERE id = ?)"
_RESTORING = """SELECT o.id FROM ever_deleted d CROSS JOIN objects o WHERE o.anchor = d.anchor
                AND d.at > ? AND o.digest IS NOT NULL AND o.acked IS NULL"""
"""CROSS JOIN: SQLite begins with the few that were deleted, and not with every object."""
_LOST_LATELY = """SELECT o.id, d.groups FROM ever_deleted d CROSS JOIN objects o WHERE o.anchor = d.anchor
                  AND d.at > ? AND d.groups != '' AND o.digest IS NOT NULL"""
_BRACKET = "SELECT possible, observed FROM cloud_links WHERE id = ?"
_MERGED = """INSERT INTO cloud_links (id, sure, possible, observed) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET possible = excluded.possible, observed = excluded.observed"""
_UNANSWERED = "SELECT seq, ids FROM batches WHERE state != 'Answered'"
_ANEW = """UPDATE objects SET doubt = 1, confirmed = 0, acked_at = ?, origin = CASE WHEN digest IS NULL THEN origin
           ELSE ? END WHERE id = ?"""
_SURE_AND_SHOWN = "SELECT id, sure, observed FROM cloud_links"
_LOST = "UPDATE cloud_links SET sure = ?, observed = ? WHERE id = ?"
_MAY_CHANGE = "UPDATE batches SET ids = ? WHERE seq = ?"


def drop_links(database: Database, deleted: BitMap, now: float) -> None:
    """The links of what was deleted are gone; who was, and which links they were, is kept.

    Of what is told twice (a read-back shows it gone, and the delete is answered later) the links of both are kept.
    """
    groups_of: dict[int, list[int]] = {}
    departing = _own(database, deleted)
    for group, sure, possible, observed in _naming(database, deleted):
        departing.setdefault(group, sure & deleted)
        for member in possible & deleted:
            groups_of.setdefault(member, []).append(group)
        kept = (pack_bitmap(links - deleted) for links in (sure, possible, observed))
        database.run(_NARROWED, (*kept, group))
    keep_departed(database, departing, now)
    database.run_many(_FORGOTTEN, [(identity,) for identity in deleted])
    anchors = _anchors(database, {*deleted, *(group for groups in groups_of.values() for group in groups)})
    known = {identity: anchors[identity] for identity in deleted if identity in anchors}
    before = {anchor: names.split() for anchor, names in database.among(_KEPT, list(known.values()))}
    for identity, anchor in known.items():
        names = {anchors[group] for group in groups_of.get(identity, ()) if group in anchors}
        names.update(before.get(anchor, ()))
        database.run(_REMEMBER, (anchor, " ".join(sorted(names)), now))


def doubt_anew(database: Database, anew: Mapping[int, BitMap], now: float) -> dict[int, BitMap]:
    """Objects were gone and are there anew, made of a part of themselves: the rest and their links are in doubt.

    What the read-back showed of their links was true of the ones that are gone.

    :param anew: id -> links of its own that the new one surely has.
    :param now: seconds since the epoch.
    :returns: group -> links that are not sure any more.
    """
    ids, lost = BitMap(anew), {}
    database.run_many(_ANEW, [(now, int(Origin.CLOUD), identity) for identity in ids])
    for group, packed, shown in database.all(_SURE_AND_SHOWN):
        sure, observed = unpack_bitmap(packed), unpack_bitmap(shown)
        left = sure & anew[group] if group in ids else sure - ids
        seen = BitMap() if group in ids else observed - ids
        if left != sure:
            lost[group] = sure - left
            keep_departed(database, {group: lost[group]}, now)
            keep_drifted(database, {group: (lost[group], BitMap())})
        if (left, seen) != (sure, observed):
            database.run(_LOST, (pack_bitmap(left), pack_bitmap(seen), group))
    return lost


def _own(database: Database, deleted: BitMap) -> dict[int, BitMap]:
    """Of groups that were deleted the members they surely had."""
    rows = database.among("SELECT id, sure FROM cloud_links WHERE id IN ({})", list(deleted))
    return {group: unpack_bitmap(sure) for group, sure in rows}


def _naming(database: Database, ids: BitMap) -> Iterator[tuple[int, BitMap, BitMap, BitMap]]:
    """Groups whose links may name any of these: sure, possible and observed."""
    for group, sure, packed, shown in database.all(_BRACKETS):
        possible, observed = unpack_bitmap(packed), unpack_bitmap(shown)
        if not (ids.isdisjoint(possible) and ids.isdisjoint(observed)):
            yield group, unpack_bitmap(sure), possible, observed


def _anchors(database: Database, ids: Iterable[int]) -> dict[int, str]:
    return dict(database.among(_ANCHORS, list(ids)))


def may_return(database: Database, ids: Sequence[int], *, created: bool) -> tuple[BitMap, BitMap]:
    """Links that the create of these objects may bring back.

    :param created: they are possible now; False: they are not, because the create was refused.
    :returns: those of the objects that were deleted, and the groups their links are in.
    """
    deleted, found = BitMap(), BitMap()
    if database.one(_ANY) is None:
        return deleted, found
    for identity, names in database.among(_DELETED, ids):
        deleted.add(identity)
        member = BitMap([identity])
        for group, packed in database.among(_GROUPS, names.split()):
            possible = unpack_bitmap(packed)
            possible = possible | member if created else possible - member
            nothing = pack_bitmap(BitMap())
            database.run(_POSSIBLE, (group, nothing, pack_bitmap(possible), nothing))
            found.add(group)
    return deleted, found


def returned(database: Database, ids: Iterable[int]) -> None:
    """They were created again: whatever came back with them is possible already."""
    database.run_many(_BACK, [(identity,) for identity in ids])


def restoring(database: Database, since: float) -> BitMap:
    """Objects whose create brings back what was deleted after a moment (seconds since the epoch)."""
    return BitMap(row[0] for row in database.all(_RESTORING, (since,)))


def lost_with_members(database: Database, since: float) -> dict[int, BitMap]:
    """Group -> members that should be in the cloud, and whose link was lost when they were deleted after a moment."""
    members_of: dict[str, BitMap] = {}
    for identity, names in database.all(_LOST_LATELY, (since,)):
        for anchor in names.split():
            members_of.setdefault(anchor, BitMap()).add(identity)
    ids = database.among("SELECT anchor, id FROM objects WHERE anchor IN ({})", list(members_of))
    return {identity: members_of[anchor] for anchor, identity in ids}


def hand_over(database: Database, heirs: Mapping[int, int]) -> None:
    """Anchors pass from one id to another (former -> heir), and with them what may be linked, or changed, under them.

    No link under them is sure: the cloud knows nothing of ours there.
    """
    if not heirs:
        return
    former = BitMap(heirs)
    hand_over_departed(database, heirs)
    for group, sure, possible, observed in _naming(database, former):
        renamed = (pack_bitmap(_renamed(links, heirs, former)) for links in (possible, observed))
        database.run(_NARROWED, (pack_bitmap(sure - former), *renamed, group))
    for identity, heir in heirs.items():
        _merge(database, identity, heir)
    for seq, packed in database.all(_UNANSWERED):
        ids = unpack_bitmap(packed)
        if ids & former:
            database.run(_MAY_CHANGE, (pack_bitmap(_renamed(ids, heirs, former)), seq))


def _renamed(links: BitMap, heirs: Mapping[int, int], former: BitMap) -> BitMap:
    return (links - former) | BitMap(heirs[identity] for identity in links & former)


def _merge(database: Database, former: int, heir: int) -> None:
    """The former's own members, if it was a group in somebody else's hands, are the heir's."""
    row = database.one(_BRACKET, (former,))
    if row is None:
        return
    kept = database.one(_BRACKET, (heir,)) or (None, None)
    merged = (pack_bitmap(unpack_bitmap(a) | unpack_bitmap(b)) for a, b in zip(row, kept, strict=True))
    database.run(_MERGED, (heir, pack_bitmap(BitMap()), *merged))
    database.run(_FORGOTTEN, (former,))
