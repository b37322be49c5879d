"""An identity follows its GUID from one source of the document to another.

A source is renamed, two sources swap their names, or a part of a directory is read by another source from now on:
the same entries are read under another source and get ids of their own. What the cloud knows hangs on the old ids, so
an entry is *left behind* if its object holds an anchor, or if it adds to the object of another entry, and its own
source does not show it any more: the document has no such source, or a complete import did not see it. If another
source of the document shows the same GUID, the old identity takes over what was read there, and the new one, of which
the cloud knows nothing, is forgotten.

So nothing is sent because of a name. Entries that two sources show at the same time stay two, and the anchor stays
with the first.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from pyroaring import BitMap

from syncramp.model.state import Cause, Origin
from syncramp.store.database import Database
from syncramp.store.links import COLUMNS, keep, unpacked
from syncramp.store.marks import MARK, marking
from syncramp.store.moves import arrive, tracked
from syncramp.store.packing import unpack_bitmap
from syncramp.store.returning import hand_over

PAGE = 500

_DROPPED = """SELECT e.guid, e.id FROM objects o JOIN entries e ON e.id = o.id
              WHERE o.source NOT IN ({0}) AND e.source NOT IN ({0})
              AND (o.anchor IS NOT NULL AND (o.digest IS NOT NULL OR o.acked IS NOT NULL OR o.doubt = 1)
              OR EXISTS (SELECT 1 FROM joined j WHERE j.entry = o.id AND j.object != 0))
              ORDER BY e.id"""
_MISSED = """SELECT e.guid, e.id FROM entries e JOIN objects o ON o.id = e.id
             WHERE e.id IN (SELECT id FROM dirty UNION ALL SELECT id FROM objects
             WHERE cause != '' AND (cause IN (?, ?, ?)
             OR (cause = 'OutOfScope' AND (acked IS NOT NULL OR doubt = 1)))) AND e.absent > 0
             AND (o.anchor IS NOT NULL AND (o.digest IS NOT NULL OR o.acked IS NOT NULL OR o.doubt = 1)
             OR EXISTS (SELECT 1 FROM joined j WHERE j.entry = o.id AND j.object != 0))
             ORDER BY e.id"""
_SHOWN = """SELECT e.guid, e.id FROM entries e LEFT JOIN objects o ON o.id = e.id
            WHERE e.source = ? AND e.absent = 0 AND o.acked IS NULL AND COALESCE(o.doubt, 0) = 0
            AND e.guid IN ({})"""
_READ = "SELECT source, partition, kind, dn, dn_hash, digest, attrs, id FROM entries WHERE id IN ({})"
_INHERIT = """UPDATE entries SET source = ?, partition = ?, kind = ?, dn = ?, dn_hash = ?, digest = ?, attrs = ?,
              absent = 0 WHERE id = ?"""
_MARK_REFERRERS = marking("SELECT DISTINCT object, ? FROM refs WHERE target = ?")
_MARK_JOINED = (
    marking("SELECT DISTINCT entry, ? FROM joined WHERE object = ?"),
    marking("SELECT DISTINCT object, ? FROM joined WHERE entry = ? AND object != 0"),
)
_SPILLED = "UPDATE spill SET entry = ? WHERE entry = ?"
_OWNED = "UPDATE contested SET owner = ? WHERE owner = ?"
_LINKS = f"SELECT id, attribute, {COLUMNS} FROM links"  # noqa: S608
_PASSED = (
    "UPDATE principals SET entry = ? WHERE entry = ?",
    "UPDATE moves SET entry = ? WHERE entry = ?",
    "INSERT INTO mentions (mark, entry) SELECT mark, ? FROM mentions WHERE entry = ? ON CONFLICT DO NOTHING",
)
_FORGET = (
    "DELETE FROM joined WHERE entry = ?",
    "DELETE FROM joined WHERE object = ?",
    "DELETE FROM join_keys WHERE entry = ?",
    "DELETE FROM entries WHERE id = ?",
    "DELETE FROM links WHERE id = ?",
    "DELETE FROM spellings WHERE id = ?",
    "DELETE FROM dirty WHERE id = ?",
    "DELETE FROM objects WHERE id = ?",
    "DELETE FROM payload WHERE id = ?",
    "DELETE FROM refs WHERE object = ?",
    "DELETE FROM unresolved WHERE object = ?",
    "DELETE FROM uniques WHERE object = ?",
    "DELETE FROM contested WHERE object = ?",
    "DELETE FROM violations WHERE object = ?",
)


def knows_others(database: Database, sources: Sequence[int]) -> bool:
    """It knows of other sources than these: only then may an entry be of another one, and all are looked at."""
    return not {row[0] for row in database.all("SELECT id FROM sources")} <= set(sources)


def inherit(database: Database, sources: Sequence[int]) -> int:
    """Let identities that were left behind take over what other sources read; before links are resolved.

    :param sources: the sources of the document.
    :returns: how many did.
    """
    moved = 0
    for page in _pages(database, sources):
        heirs = _heirs(database, sources, page)
        if heirs:
            with database.transaction():
                _take_over(database, heirs)
            moved += len(heirs)
    return moved


def _pages(database: Database, sources: Sequence[int]) -> Iterator[dict[bytes, int]]:
    """Identities that were left behind, by GUID; of two with one GUID, the one that was known first."""
    dropped = _DROPPED.format(",".join("?" * len(sources)))
    found: dict[bytes, int] = {}
    missed = database.stream(_MISSED, (Cause.ABSENT_ONCE.value, Cause.ABSENT.value, Cause.DELETED.value))
    named_no_more = database.stream(dropped, (*sources, *sources)) if knows_others(database, sources) else ()
    for guid, identity in chain(named_no_more, missed):
        found.setdefault(guid, identity)
    guids = list(found)
    for start in range(0, len(guids), PAGE):
        yield {guid: found[guid] for guid in guids[start : start + PAGE]}


def _heirs(database: Database, sources: Sequence[int], left: dict[bytes, int]) -> dict[int, int]:
    """Identity left behind -> the one that its GUID has now, in the first source of the document that shows it."""
    heirs: dict[int, int] = {}
    for source in sources:
        for guid, heir in database.among(_SHOWN, list(left), (source,)):
            if heir != left[guid]:
                heirs.setdefault(left[guid], heir)
    return heirs


def _follow(database: Database, heirs: dict[int, int]) -> None:
    """Groups that are not told again have the old identity as a member, and its own members are those of the heir."""
    identities = {heir: identity for identity, heir in heirs.items()}
    former = BitMap(identities)
    for group, attribute, *row in database.all(_LINKS):
        if not former.isdisjoint(unpack_bitmap(row[0])) or group in former:
            value = unpacked(row)
            for ids in (value.members, value.named, value.lost):
                ids |= BitMap(identities[heir] for heir in ids & former)
                ids -= former
            keep(database, identities.get(group, group), attribute, value, None)
    for statement in _PASSED:
        database.run_many(statement, heirs.items())
    arrive(database, 0, list(heirs))


def _take_over(database: Database, heirs: dict[int, int]) -> None:
    read = {row[-1]: row[:-1] for row in database.among(_READ, list(heirs.values()))}
    hand_over(database, {heir: identity for identity, heir in heirs.items()})  # what was seen under the new ids
    database.run_many(_SPILLED, heirs.items())
    database.run_many(_OWNED, heirs.items())  # whose value somebody lost is found out again in every run
    if tracked(database):
        _follow(database, heirs)
    for mark in (_MARK_REFERRERS, *_MARK_JOINED):
        database.run_many(mark, [(Origin.SOURCE, heir) for heir in heirs.values()])
    for forget in _FORGET:
        database.run_many(forget, [(heir,) for heir in heirs.values()])
    database.run_many(_INHERIT, [(*read[heir], identity) for identity, heir in heirs.items()])
    database.run_many(MARK, [(identity, Origin.SOURCE) for identity in heirs])
