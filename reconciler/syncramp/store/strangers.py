"""Objects of the tenant that are not ours, by what the service may match a create with them by.

The service joins a new user with one that is there by its user principal name or an address (Microsoft: UserPrincipal
Name and ProxyAddress soft match), and the GUID of the directory tells that an entry is there under another anchor. So
these values are kept of objects with a source anchor that are not ours, and of those that are mastered in the cloud,
and looked up for every create.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from pyroaring import BitMap

from syncramp.model.uniques import claims, mark
from syncramp.model.values import Value
from syncramp.store.database import Database
from syncramp.store.packing import unpack

PAGE = 500
GUID = "onPremisesObjectIdentifier"
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")

_VALUE = "INSERT INTO {} (mark, anchor, value, name) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM foreign_values WHERE anchor IN ({})"
_ALIKE = """SELECT DISTINCT u.object FROM {} f CROSS JOIN uniques u WHERE u.mark = f.mark"""
"""CROSS JOIN: SQLite begins with the strangers, who are few."""
_GUIDS = "SELECT value FROM {} WHERE value LIKE 'onPremisesObjectIdentifier %'"
_ENTRIES = "SELECT id FROM entries WHERE source = ? AND guid IN ({})"
_NEW = """SELECT o.id, o.anchor, o.kind, e.dn, p.desired
          FROM objects o JOIN payload p ON p.id = o.id JOIN entries e ON e.id = o.id
          WHERE o.digest IS NOT NULL AND o.acked IS NULL AND o.doubt = 0 AND o.anchor IS NOT NULL AND o.id IN ({})
          ORDER BY o.id"""
_HAVE = "SELECT mark, anchor, value, name FROM {} WHERE mark IN ({{}})"


@dataclass(frozen=True, slots=True)
class Stranger:
    """An object that is not ours."""

    anchor: str
    """Its source anchor; without one its cloud anchor."""
    name: str
    values: frozenset[str]
    """As they are compared."""


@dataclass(frozen=True, slots=True)
class Match:
    """A create, and the object that the service would join it with."""

    id: int
    own: str
    """Its anchor."""
    kind: str
    dn: str
    anchor: str = ""
    """Of the object that is not ours."""
    words: str = ""
    """That object, and the value that both have."""


def matchable(values: Mapping[str, Value | None]) -> frozenset[str]:
    """What an object with these attributes may be matched by."""
    found = {value for _, value in claims(values)}
    if isinstance(guid := values.get(GUID), str) and guid:
        found.add(f"{GUID} {guid.lower()}")
    return frozenset(found)


def replace_values(database: Database, strangers: Sequence[Stranger], gone: Iterable[str] = ()) -> None:
    """These objects are as they are shown, and others are gone or ours; in a transaction of the caller."""
    former = [*(stranger.anchor for stranger in strangers), *gone]
    if former and database.one("SELECT 1 FROM foreign_values LIMIT 1") is not None:
        database.run_among(_FORGET, former)
    add_values(database, strangers)


def add_values(database: Database, strangers: Iterable[Stranger], table: str = "foreign_values") -> None:
    """Write down what these objects may be matched by."""
    rows = [(mark(value), one.anchor, value, one.name) for one in strangers for value in one.values]
    database.run_many(_VALUE.format(table), rows)


def matches(database: Database, table: str = "foreign_values") -> Iterator[Match]:
    """Creates that the service would join with an object that is not ours, in the order of their ids."""
    alike = BitMap(row[0] for row in database.stream(_ALIKE.format(table)))
    numbers = (alike | _with_guids(database, table)).to_array()
    for start in range(0, len(numbers), PAGE):
        rows = database.among(_NEW, list(numbers[start : start + PAGE]))
        page = [(Match(*create), matchable(unpack(packed))) for *create, packed in rows]
        yield from _matched(database, page, table)


def _with_guids(database: Database, table: str) -> BitMap:
    """Entries whose GUID a stranger has."""
    texts = (value.partition(" ")[2] for (value,) in database.stream(_GUIDS.format(table)))
    guids = [UUID(text).bytes_le for text in texts if _UUID.fullmatch(text)]
    sources = [row[0] for row in database.all("SELECT id FROM sources")] if guids else []
    return BitMap(row[0] for source in sources for row in database.among(_ENTRIES, guids, (source,)))


def _matched(database: Database, page: Sequence[tuple[Match, frozenset[str]]], table: str) -> Iterator[Match]:
    marks = sorted({mark(value) for _, values in page for value in values})
    have: dict[str, list[tuple[str, str]]] = {}
    for _, anchor, value, name in database.among(_HAVE.format(table), marks):
        have.setdefault(value, []).append((anchor, name or anchor))
    for create, values in page:
        others = [(*other, value) for value in sorted(values & have.keys()) for other in have[value]]
        for anchor, name, value in others:
            if anchor != create.own:
                yield replace(create, anchor=anchor, words=f"{name} ({value})")
                break
