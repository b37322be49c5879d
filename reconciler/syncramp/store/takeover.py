"""What an adoption found becomes what is known: one transaction, durable, all of it or nothing.

Matched objects are in the cloud from then on, as they were observed: nothing differs that was not seen to differ.
The members that were shown are sure and possible; those of them that nobody wants are kept as found, and wait for a
person. What was known before and is seen otherwise (an old copy of the store) is brought forward by the same rows.

What a call of an earlier run may still be changing is not taken as it was shown: it stays in doubt, and its members
between what was known and what was shown.
"""

from collections.abc import Callable
from dataclasses import replace

from pyroaring import BitMap

from syncramp.model.adoption import Adoption
from syncramp.model.cloud import Teller
from syncramp.model.state import Origin
from syncramp.store.adoption import Adoptions
from syncramp.store.cloud_intake import CloudIntake
from syncramp.store.database import Database
from syncramp.store.exports import Exports
from syncramp.store.found import keep
from syncramp.store.marks import marking
from syncramp.store.observations import Observations
from syncramp.store.packing import digest, pack, pack_bitmap, unpack, unpack_bitmap
from syncramp.store.sightings import VALUES, Sightings

_TRAVELLING = "UPDATE sightings SET finding = 'Travelling' WHERE finding = 'Matched' AND object IN ({})"
_NEWS = """SELECT s.object, s.found FROM sightings s JOIN objects o ON o.id = s.object
           WHERE s.finding = 'Matched' AND s.differs = 1 AND (o.acked IS NULL OR o.acked != s.mark)"""
_DIRTY = marking("VALUES (?, ?)")
_MATCHED = """UPDATE objects SET acked = s.mark, confirmed = s.confirmed,
              cloud_anchor = COALESCE(NULLIF(s.cloud_anchor, ''), objects.cloud_anchor),
              origin = CASE WHEN s.differs = 0 THEN 0 WHEN objects.acked = s.mark THEN objects.origin ELSE ? END
              FROM sightings s WHERE s.object = objects.id AND s.finding = 'Matched'"""
_PAYLOAD = """UPDATE payload SET acked = s.payload FROM sightings s
              WHERE s.object = payload.id AND s.finding = 'Matched'"""
_UNTOLD = """SELECT o.id, s.payload, p.desired FROM sightings s JOIN objects o ON o.id = s.object
             JOIN payload p ON p.id = o.id
             WHERE s.finding = 'Matched' AND s.differs = 1 AND o.acked IS NULL
             AND (o.unread = 1 OR EXISTS (SELECT 1 FROM unresolved u WHERE u.object = o.id))"""
_HAD = "UPDATE payload SET desired = ? WHERE id = ?"
_HAD_MARK = "UPDATE objects SET digest = ? WHERE id = ?"
_AUTHORITY = (
    "DELETE FROM cloud_managed WHERE id IN (SELECT object FROM sightings WHERE finding = 'Matched' AND cloud = 0)",
    """INSERT INTO cloud_managed (id) SELECT object FROM sightings WHERE finding = 'Matched' AND cloud = 1
       ON CONFLICT (id) DO NOTHING""",
)
_FOREIGN = (
    "DELETE FROM foreign_objects",
    """INSERT INTO foreign_objects (anchor, kind, name) SELECT anchor, kind, name FROM sightings
       WHERE finding IN ('Orphan', 'TypeConflict', 'NotAdoptable')""",
    "DELETE FROM foreign_values",
    f"INSERT INTO foreign_values (mark, anchor, value, name) SELECT mark, anchor, value, name FROM {VALUES}",  # noqa: S608
)
_NO_STRANGERS = tuple(
    f"DELETE FROM {table} WHERE anchor IN (SELECT anchor FROM sightings WHERE finding = 'Matched')"  # noqa: S608
    for table in ("foreign_objects", "foreign_values")
)
_THEIRS = """UPDATE sightings SET finding = 'Orphan' WHERE finding = 'Matched'
             AND anchor IN (SELECT anchor FROM foreign_objects WHERE theirs = 1)"""
_BRACKET = "SELECT sure, possible, found FROM cloud_links WHERE id = ?"
_SHOWN = """INSERT INTO cloud_links (id, sure, possible, observed, found) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET sure = excluded.sure, possible = excluded.possible,
            observed = excluded.observed, found = excluded.found"""
_KNOWN_GROUPS = "SELECT id FROM objects WHERE kind = 'Group' AND acked IS NOT NULL"
_GONE = """SELECT o.id FROM objects o LEFT JOIN sightings s ON s.anchor = o.anchor
           WHERE o.acked IS NOT NULL AND o.anchor IS NOT NULL AND s.anchor IS NULL"""
_ANY_NEW = """SELECT 1 FROM sightings s JOIN objects o ON o.id = s.object
              WHERE s.finding = 'Matched' AND o.acked IS NULL LIMIT 1"""

Members = Callable[[int], BitMap]
"""The members that a group should have."""


def take_over(
    database: Database,
    sightings: Sightings,
    members: Members,
    exports: Exports,
    adoption: Adoption,
    cookie: bytes | None,
    *,
    counted: bool,
) -> None:
    """Record an adoption.

    :param adoption: how it is remembered; where nothing new becomes ours, an earlier one goes on.
    :param cookie: of the last page: the next read-back shows what changed since.
    :param counted: the read-back shows all there is, so what it does not show is gone.
    :raises AnotherRunActive: a later run has begun; nothing is written.
    """
    with database.transaction(durable=True):
        exports.check_fence()
        anew = database.one(_ANY_NEW) is not None
        if counted:
            gone = BitMap(row[0] for row in database.all(_GONE)) - exports.under_way
            Observations(database).forget(list(gone), adoption.at)
        _take_links(database, sightings, members, exports.under_way)
        _take_objects(database, exports.under_way)
        for statement in _FOREIGN:
            database.run(statement)
        Observations(database).go_on_from(cookie)
        CloudIntake(database).forget(Teller.READ_BACK)  # what the look skipped of groups of the cloud
        _remember(Adoptions(database), adoption, anew=anew)


def take_shown(database: Database, exports: Exports) -> None:
    """What a part of a read-back showed of wanted objects is what is known of them; what was found stays found.

    Who was known not to be ours before the store fell behind stays so, whoever changed it since.

    :raises AnotherRunActive: a later run has begun; nothing is written.
    """
    with database.transaction():
        exports.check_fence()
        database.run_among(_TRAVELLING, list(exports.under_way))
        database.run(_THEIRS)
        database.run(_MATCHED, (Origin.CLOUD,))
        database.run(_PAYLOAD)
        for statement in _NO_STRANGERS:
            database.run(statement)


def _take_objects(database: Database, under_way: BitMap) -> None:
    database.run_among(_TRAVELLING, list(under_way))
    news = dict(database.all(_NEWS))
    keep(database, {identity: found.split() for identity, found in news.items()})
    database.run_many(_DIRTY, [(identity, Origin.ADOPTION) for identity in news])
    _keep_untold(database)
    database.run(_MATCHED, (Origin.ADOPTION,))
    database.run(_PAYLOAD)
    for statement in _AUTHORITY:
        database.run(statement)


def _keep_untold(database: Database) -> None:
    """What cannot be told of an entry now is no change, and what an object had is what the cloud shows.

    It counts as what was wanted last; what the entry does tell is judged again at once (``store.keeping``).
    """
    for identity, shown, desired in database.all(_UNTOLD):
        had = pack({**unpack(shown), **unpack(desired)})
        database.run(_HAD, (had, identity))  # with all the keys that it had (store.keys)
        database.run(_HAD_MARK, (digest(had), identity))


def _take_links(database: Database, sightings: Sightings, members: Members, under_way: BitMap) -> None:
    ours = BitMap(row[0] for row in database.all(_KNOWN_GROUPS))
    for group in sightings.groups():
        sure, possible, found = map(unpack_bitmap, database.one(_BRACKET, (group.id,)) or (None, None, None))
        extra = group.shown - members(group.id)
        found = ((found & extra) | (extra - possible)) if group.id in ours else extra
        if group.id in under_way:
            bracket = sure & group.shown, possible | group.shown
        else:
            bracket = group.shown - under_way, group.shown | (possible & under_way)
        row = (*bracket, group.shown, found)
        database.run(_SHOWN, (group.id, *map(pack_bitmap, row[:3]), pack_bitmap(found) if found else None))


def _remember(adoptions: Adoptions, adoption: Adoption, *, anew: bool) -> None:
    before = adoptions.read()
    if before is not None and not anew:
        adoption = replace(before, digest=adoption.digest, counts=adoption.counts)
    adoptions.write(adoption)
