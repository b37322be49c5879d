"""Members of other forests.

A group of Active Directory names a member of another forest by a foreign security principal of its own domain, whose
name is the member's SID: ``CN=S-1-5-21-…,CN=ForeignSecurityPrincipals,DC=…``. Such a name stands for the user or the
group of any source that has this ``objectSid``. Names of this form wait for the end of the import; only where there
are some are the SIDs of all entries looked at (5 µs an entry, measured with 100,000).
"""

from collections.abc import Iterable

from syncramp.store.database import Database
from syncramp.store.packing import unpack

_ADD = "INSERT INTO named_principals VALUES (?, ?) ON CONFLICT DO NOTHING"
_HOLDERS = """SELECT e.id, e.attrs FROM entries e LEFT JOIN objects o ON o.id = e.id
              WHERE e.absent < ? AND e.kind IN ('User', 'Group')
              ORDER BY e.absent, o.digest IS NULL AND o.acked IS NULL AND COALESCE(o.doubt, 0) = 0,
              e.source DESC, e.id DESC"""


def keep_principals(database: Database, named: Iterable[tuple[int, bytes]]) -> None:
    """Note names of this form: the hash of the DN, and the SID in it."""
    database.run_many(_ADD, named)


def stand_ins(database: Database, gone: int) -> dict[int, int]:
    """Hash of the name -> the entry that it stands for; of two with one SID, the one that was seen last, then the one
    that is or should be in the cloud, then that of the later source, then the newer one.

    :param gone: absent from so many imports, an entry is none.
    """
    named: dict[object, list[int]] = {}
    for dn_hash, sid in database.all("SELECT dn_hash, sid FROM named_principals"):
        named.setdefault(sid, []).append(dn_hash)
    database.run("DELETE FROM named_principals")
    found: dict[int, int] = {}
    for identity, attributes in database.stream(_HOLDERS, (gone,)) if named else ():
        sids = unpack(attributes).get("objectsid")
        if isinstance(sids, tuple):
            found.update(dict.fromkeys(named.pop(sids[0], ()), identity))
    return found
