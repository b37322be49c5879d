"""Links that were surely in the cloud and went, for 30 days: they return at once when they are desired again.

A link is kept in the transaction that makes it sure no longer: with the intent of its removal or of the delete of its
group or member, and with what a read-back shows. That such a call came to nothing, or that the link is still there,
does no harm: of a link that is possibly there nobody asks here. Days are whole ones, so that a run writes at most one
row for each group, and a first run none.
"""

from collections.abc import Iterable, Mapping

from pyroaring import BitMap

from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap

DAY = 86_400.0
KEPT_DAYS = 31
"""Thirty, and the one that has begun."""

_OF_A_DAY = "SELECT id, members FROM departed_links WHERE day = ? AND id IN ({})"
_SINCE = "SELECT id, members FROM departed_links WHERE day >= ? AND id IN ({})"
_KEEP = """INSERT INTO departed_links (id, day, members) VALUES (?, ?, ?)
           ON CONFLICT (id, day) DO UPDATE SET members = excluded.members"""
_ALL = "SELECT id, day, members FROM departed_links"
_OF_GROUPS = _ALL + " WHERE id IN ({})"
_REMOVE = "DELETE FROM departed_links WHERE id = ? AND day = ?"


def keep_departed(database: Database, links: Mapping[int, BitMap], now: float) -> None:
    """Links that are sure no longer; in a transaction of the caller.

    :param links: group -> members.
    :param now: seconds since the epoch.
    """
    going = {group: members for group, members in links.items() if members}
    if not going:
        return
    day = _day(now)
    kept = {group: unpack_bitmap(packed) for group, packed in database.among(_OF_A_DAY, list(going), (day,))}
    rows = ((group, day, members | kept.get(group, BitMap())) for group, members in going.items())
    _write(database, rows)


def forget_departed(database: Database, links: Mapping[int, BitMap]) -> None:
    """Links that do not return by themselves, because they were taken out on purpose; in a transaction."""
    rows = database.among(_OF_GROUPS, [group for group, members in links.items() if members])
    _write(database, ((group, day, unpack_bitmap(packed) - links[group]) for group, day, packed in rows))


def departed_since(database: Database, groups: BitMap, since: float) -> dict[int, BitMap]:
    """Group -> members whose link went after a moment (seconds since the epoch), or earlier on that day."""
    found: dict[int, BitMap] = {}
    for group, packed in database.among(_SINCE, list(groups), (_day(since),)):
        found[group] = found.get(group, BitMap()) | unpack_bitmap(packed)
    return found


def hand_over_departed(database: Database, heirs: Mapping[int, int]) -> None:
    """What went under one id went under its heir's (former -> heir); in a transaction."""
    former = BitMap(heirs)
    kept: dict[tuple[int, int], BitMap] = {}
    moved = False
    for group, day, packed in database.all(_ALL):
        members = unpack_bitmap(packed)
        renamed = (members - former) | BitMap(heirs[identity] for identity in members & former)
        key = heirs.get(group, group), day
        kept[key] = kept.get(key, BitMap()) | renamed
        moved = moved or group in former or renamed != members
    if moved:
        database.run("DELETE FROM departed_links")
        _write(database, ((group, day, members) for (group, day), members in kept.items()))


def prune_departed(database: Database, now: float) -> None:
    """Forget what went more than 30 days ago."""
    oldest = _day(now) - KEPT_DAYS
    if database.one("SELECT 1 FROM departed_links WHERE day < ?", (oldest,)):
        with database.transaction():
            database.run("DELETE FROM departed_links WHERE day < ?", (oldest,))


def _day(moment: float) -> int:
    return int(moment // DAY)


def _write(database: Database, rows: Iterable[tuple[int, int, BitMap]]) -> None:
    written = list(rows)
    database.run_many(_KEEP, [(group, day, pack_bitmap(members)) for group, day, members in written if members])
    database.run_many(_REMOVE, [(group, day) for group, day, members in written if not members])
