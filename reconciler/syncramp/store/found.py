"""What was found at the adoption and waits for a person, until somebody changed it on either side.

A difference that was there when the tenant was adopted says nothing about what somebody wants now: the directory, or
the attribute flow, may be wrong. So each of a dangerous kind is kept: an attribute by its name, a member in
``cloud_links.found``. It is kept no longer when the directory says something new of it, when it was sent, or when it
is gone; what differs later follows from a change, and goes as every change does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from pyroaring import BitMap

from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack, unpack_bitmap

_ANY = "SELECT 1 FROM found LIMIT 1"
_OF = "SELECT object, attribute FROM found WHERE object IN ({})"
_KEEP = "INSERT INTO found (object, attribute) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM found WHERE object = ? AND attribute = ?"
_FORGET_ALL = "DELETE FROM found WHERE object IN ({})"
_PAYLOADS = "SELECT id, desired FROM payload WHERE id IN ({})"
_LINKS = "SELECT id, found, possible FROM cloud_links WHERE found IS NOT NULL"
_LINK = "UPDATE cloud_links SET found = ? WHERE id = ?"


def found_at_adoption(database: Database, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Attributes of objects that were found different; of those among them that have any."""
    if database.one(_ANY) is None:
        return {}
    names: dict[int, set[str]] = {}
    for identity, name in database.among(_OF, ids):
        names.setdefault(identity, set()).add(name)
    return {identity: frozenset(found) for identity, found in names.items()}


def keep(database: Database, found: Mapping[int, Iterable[str]]) -> None:
    """These were found now, and nothing else of their objects; in a transaction of the caller."""
    database.run_among(_FORGET_ALL, list(found))
    database.run_many(_KEEP, [(identity, name) for identity, names in found.items() for name in names])


def forget(database: Database, sent: Iterable[tuple[int, Iterable[str]]]) -> None:
    """These attributes were sent, and the service applied them; in a transaction of the caller."""
    if database.one(_ANY) is not None:
        database.run_many(_FORGET, [(identity, name) for identity, names in sent for name in names])


def forget_objects(database: Database, ids: Sequence[int]) -> None:
    """These objects are gone, or wanted again; in a transaction of the caller."""
    if ids and database.one(_ANY) is not None:
        database.run_among(_FORGET_ALL, ids)


def forget_changed(database: Database, desired: Mapping[int, bytes | None]) -> None:
    """The directory says something new of attributes; in a transaction of the caller, before it is written.

    :param desired: id -> packed attributes that are wanted from now on; None: the object is not.
    """
    found = found_at_adoption(database, list(desired))
    before = {identity: unpack(packed) for identity, packed in database.among(_PAYLOADS, list(found))}
    for identity, names in found.items():
        packed, old = desired[identity], before.get(identity, {})
        if packed is not None:
            now = unpack(packed)
            changed = [name for name in names if not name or now.get(name) != old.get(name)]
            database.run_many(_FORGET, [(identity, name) for name in changed])


def settle_links(database: Database, desired: Callable[[int], BitMap]) -> None:
    """Members that were found and are gone, or wanted again, are not found any more.

    :param desired: the members that a group should have.
    """
    rows = []
    for group, packed, possible in database.all(_LINKS):
        found = unpack_bitmap(packed)
        left = (found & unpack_bitmap(possible)) - desired(group)
        if left != found:
            rows.append((pack_bitmap(left) if left else None, group))
    if rows:
        with database.transaction():
            database.run_many(_LINK, rows)
