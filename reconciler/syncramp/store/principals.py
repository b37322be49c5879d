"""Members of other forests.

A group of Active Directory names a member of another forest by a foreign security principal of its own domain, whose
name is the member's SID: ``CN=S-1-5-21-…,CN=ForeignSecurityPrincipals,DC=…``. Such a name stands for the user or the
group of any source that has this ``objectSid``. Names of this form are kept with whom they stand for. After a delta
only a name that is new, or whose entry is gone, makes the SIDs of all entries be looked at (5 µs an entry, measured
with 100,000).
"""

from collections.abc import Collection, Iterable

from syncramp.model.state import GONE
from syncramp.store.database import Database
from syncramp.store.packing import unpack

_ADD = "INSERT INTO principals (mark, sid) VALUES (?, ?) ON CONFLICT (mark) DO NOTHING"
_HOLDERS = """SELECT e.id, e.attrs FROM entries e LEFT JOIN objects o ON o.id = e.id
              WHERE e.absent < ? AND e.kind IN ('User', 'Group')
              ORDER BY e.absent, o.digest IS NULL AND o.acked IS NULL AND COALESCE(o.doubt, 0) = 0,
              e.source DESC, e.id DESC"""
_ALL = "SELECT mark, sid, entry FROM principals"
_SOME = "SELECT mark, sid, entry FROM principals WHERE mark IN ({})"
_LIVING = "SELECT id FROM entries WHERE absent < ? AND id IN ({})"
_FOUND = "UPDATE principals SET entry = ? WHERE sid = ?"
_SIDS = "SELECT sid, mark FROM principals WHERE sid IN ({})"
_AGAIN = "UPDATE principals SET entry = NULL WHERE sid IN ({})"


def keep_principals(database: Database, named: Iterable[tuple[int, bytes]]) -> None:
    """Note names of this form: the hash of the DN, and the SID in it."""
    database.run_many(_ADD, named)


def marks_of(database: Database, sids: Collection[bytes], *, again: bool = False) -> dict[bytes, set[int]]:
    """The names that stand for SIDs.

    :param again: somebody came who has one of these; it is to be found out anew whom they stand for.
    """
    found: dict[bytes, set[int]] = {}
    for sid, mark in database.among(_SIDS, sorted(sids)):
        found.setdefault(sid, set()).add(mark)
    if again:
        database.run_among(_AGAIN, sorted(found))
    return found


def stand_ins(database: Database, marks: Collection[int] | None, *, trusted: bool) -> dict[int, int]:
    """Hash of the name -> the entry that it stands for; of two with one SID, the one that was seen last, then the one
    that is or should be in the cloud, then that of the later source, then the newer one.

    :param marks: those that are asked for; None: all.
    :param trusted: what was found out earlier is true while that entry is there.
    """
    rows = database.all(_ALL) if marks is None else database.among(_SOME, sorted(marks))
    if marks is None or not trusted:
        search = {sid for _, sid, _ in rows}
    else:
        entries = sorted({entry for _, _, entry in rows if entry})
        living = {identity for (identity,) in database.among(_LIVING, entries, (GONE,))}
        search = {sid for _, sid, entry in rows if entry is None or (entry and entry not in living)}
    found = _search(database, search)
    whom = {mark: found.get(sid, 0) if sid in search else entry for mark, sid, entry in rows}
    return {mark: entry for mark, entry in whom.items() if entry}


def _search(database: Database, sids: Collection[bytes]) -> dict[bytes, int]:
    wanted, found = set(sids), dict[bytes, int]()
    for identity, attributes in database.stream(_HOLDERS, (GONE,)) if wanted else ():
        held = unpack(attributes).get("objectsid")
        if isinstance(held, tuple) and held[0] in wanted:
            wanted.discard(held[0])
            found[held[0]] = identity
    database.run_many(_FOUND, [(found.get(sid, 0), sid) for sid in sids])
    return found
