"""Whose a unique value is, when several desired objects want it.

``uniques`` holds a mark (32 bits) of each unique value that an object wants. Where two objects have the same mark,
their values are compared. A value belongs to the one that has it in the cloud; of several, or of none, to the one
that has it in the attribute of the higher rank (``model.uniques``), and then to the one with the smallest source
anchor. So it always belongs to exactly one, and to the same one in whatever order the directories are read. All
others do without: what they lose stands in ``contested``, which is found anew in every run for all marks that moved
and for all that were contested before. When the owner gives the value up or goes, the next one gets it in the same
run.

What an object wants does not depend on what it loses, so one look settles everything: wanted is what is desired, and
what is contested. Values that an object only keeps, because it does not get others, are no claims; they are for
``plan.contention``.

The first synchronise of all would look up a million marks one by one. So while many entries are judged, the index by
mark is away, and nobody loses anything new; then it is made, and every mark that stands there twice is looked at. An
index that is not there says that this was not done yet, also after a kill.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from syncramp.model.desire import Code, Desired, Violation
from syncramp.model.uniques import UNIQUE, claims, key, mark, marks, spared, texts
from syncramp.store.database import Database
from syncramp.store.keeping import returned
from syncramp.store.packing import unpack

MANY = 20_000
"""Entries to judge above which the index is made anew: about where that costs less than to keep it."""
PAGE = 500

_MAKE_INDEX = "CREATE INDEX uniques_mark ON uniques (mark)"
_DROP_INDEX = "DROP INDEX IF EXISTS uniques_mark"
_KNOWN = "SELECT object, mark FROM uniques WHERE object IN ({})"
_ADD = "INSERT INTO uniques (object, mark) VALUES {}"
_REMOVE = "DELETE FROM uniques WHERE object = ? AND mark = ?"
_STIR = "INSERT INTO stirred (mark) VALUES (?) ON CONFLICT DO NOTHING"
_LOST = """SELECT c.object, c.attribute, c.value, c.owner, e.dn, o.kind FROM contested c
           LEFT JOIN entries e ON e.id = c.owner LEFT JOIN objects o ON o.id = c.owner WHERE c.object IN ({})"""
_CLOUD = """SELECT p.id, COALESCE(p.acked, p.desired) FROM payload p JOIN objects o ON o.id = p.id
            WHERE o.acked IS NOT NULL AND p.id IN ({})"""
_FREE = "DELETE FROM contested WHERE object = ?"
_LOSE = """INSERT INTO contested (object, attribute, value, owner) VALUES (?, ?, ?, ?)
           ON CONFLICT (object, attribute, value) DO UPDATE SET owner = excluded.owner"""
_TWICE = "SELECT mark FROM uniques GROUP BY mark HAVING COUNT(*) > 1"
_HOLDERS = "SELECT mark, object FROM uniques WHERE mark IN ({})"
_CONTESTED = "SELECT object, attribute, value, owner FROM contested WHERE owner != object"
_RENAMED = """SELECT DISTINCT c.object FROM contested c JOIN entries e ON e.id = c.owner
              WHERE c.owner != c.object AND NOT EXISTS (SELECT 1 FROM violations v
              WHERE v.object = c.object AND v.attribute = c.attribute AND REPLACE(v.reason, e.dn, '') != v.reason)"""
_WANTED = """SELECT o.id, o.anchor, o.acked IS NOT NULL, o.doubt, p.desired, p.acked
             FROM objects o JOIN payload p ON p.id = o.id WHERE o.digest IS NOT NULL AND o.id IN ({})"""
_HELD = "SELECT object, attribute, value FROM contested WHERE object IN ({})"
_AGAIN = "INSERT INTO dirty (id) VALUES (?) ON CONFLICT DO NOTHING"

_NOTHING: set[int] = set()
"""One for all: nobody adds to it."""
Loss = tuple[int, str, str, int]
"""Object, attribute, value, owner: a row of ``contested``."""


@dataclass(frozen=True, slots=True)
class _Claimant:
    """An object that wants unique values."""

    id: int
    anchor: str | None
    wants: Mapping[str, Sequence[str]]
    """Value -> the attributes that it wants it in, the highest rank first."""
    has: frozenset[str] = field(default_factory=frozenset)
    """Values that it has in the cloud, or may have there."""

    def strength(self, value: str) -> tuple[Any, ...]:
        """The smallest one gets the value."""
        return value not in self.has, UNIQUE.index(self.wants[value][0]), self.anchor is None, self.anchor, self.id


class Contest:
    """Unique values and those who want them; each part but ``settle`` stands in a transaction of its caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, entries: int) -> None:
        """Before entries are judged.

        :param entries: how many.
        """
        if entries > MANY:
            self._database.run(_DROP_INDEX)

    def take(self, rows: Sequence[Desired], as_they_are: frozenset[int], known: Sequence[int]) -> list[Desired]:
        """Note what objects want, and take from them what belongs to others.

        :param rows: what was made of a page of entries.
        :param as_they_are: ids of those that could not be judged, and keep what they have and what they lost.
        :param known: ids of those that may have marks.
        """
        self._note(rows, as_they_are, known)
        if self._database.one("SELECT 1 FROM contested LIMIT 1") is None:
            return list(rows)
        return self._without_losses(rows, [row.id for row in rows if row.id not in as_they_are])

    def _note(self, rows: Sequence[Desired], as_they_are: frozenset[int], known: Sequence[int]) -> None:
        """Bring the marks up to date; who cannot be judged keeps those it has, and gets some if it was leaving."""
        had: dict[int, set[int]] = {}
        for identity, found in self._database.among(_KNOWN, known):
            had.setdefault(identity, set()).add(found)
        added, removed = [], []
        for row in rows:
            before = had.get(row.id, _NOTHING)
            wanted = before if row.id in as_they_are else _NOTHING
            if row.attributes and not wanted:
                wanted = marks(row.attributes)
            if not before:
                added += [(row.id, each) for each in wanted]
            elif wanted != before:
                added += [(row.id, each) for each in wanted - before]
                removed += [(row.id, each) for each in before - wanted]
        self._database.run_many(_REMOVE, removed)
        self.want(added, removed)

    def want(self, added: Sequence[tuple[int, int]], removed: Sequence[tuple[int, int]] = ()) -> None:
        """Note marks that objects did not have.

        :param added: ids with marks.
        :param removed: those that they have no more.
        """
        self._database.insert_many(_ADD, added)
        if (added or removed) and self._indexed():
            self._database.run_many(_STIR, [(each,) for _, each in (*added, *removed)])

    def _indexed(self) -> bool:
        return self._database.has_index("uniques_mark")

    def _without_losses(self, rows: Sequence[Desired], judged: Sequence[int]) -> list[Desired]:
        lost: dict[int, list[Any]] = {}
        for found in self._database.among(_LOST, judged):
            lost.setdefault(found[0], []).append(found)
        if not lost:
            return list(rows)
        cloud = {identity: unpack(packed) for identity, packed in self._database.among(_CLOUD, list(lost))}
        self._database.run_many(_FREE, [(identity,) for identity in lost])
        made = []
        for row in rows:
            if row.id in lost and row.attributes is not None:
                row, losses = _lose(row, lost[row.id], cloud.get(row.id))
                self._database.run_many(_LOSE, losses)
            made.append(row)
        return made

    def settle(self) -> int:
        """Find out whose each value is that somebody came to want, or wants no more; one transaction.

        :returns: how many objects get or lose one, or lost it to somebody who is told by another DN now; they are
            marked to be judged again.
        """
        with self._database.transaction():
            before = self._database.all(_CONTESTED)
            moved = {row[0] for row in self._database.all("SELECT mark FROM stirred")}
            moved.update(mark(value) for _, _, value, _ in before)
            if not self._indexed():
                self._database.run(_MAKE_INDEX)
                moved.update(row[0] for row in self._database.stream(_TWICE))
            losses = {loss for page in _pages(sorted(moved)) for loss in self._losses(page)}
            again = {loss[0] for loss in losses.symmetric_difference(map(tuple, before))}
            self._database.run("DELETE FROM contested WHERE owner != object")
            self._database.run_many(_LOSE, sorted(losses))
            again.update(row[0] for row in self._database.all(_RENAMED))
            self._database.run_many(_AGAIN, [(identity,) for identity in sorted(again)])
            self._database.run("DELETE FROM stirred")
        return len(again)

    def _losses(self, page: Sequence[int]) -> Iterator[Loss]:
        """Who loses what to whom, of the values behind some marks."""
        holders: dict[int, list[int]] = {}
        for found, identity in self._database.among(_HOLDERS, page):
            holders.setdefault(found, []).append(identity)
        several = {found: ids for found, ids in holders.items() if len(ids) > 1}
        known = self._claimants({identity for ids in several.values() for identity in ids})
        for found, ids in several.items():
            wanted: dict[str, list[_Claimant]] = {}
            for claimant in (known[identity] for identity in ids if identity in known):
                for value in claimant.wants:
                    if mark(value) == found:
                        wanted.setdefault(value, []).append(claimant)
            for value, claimants in wanted.items():
                yield from _losers(value, claimants)

    def _claimants(self, ids: Iterable[int]) -> dict[int, _Claimant]:
        several = list(ids)
        held: dict[int, list[tuple[str, str]]] = {}
        for identity, attribute, value in self._database.among(_HELD, several):
            held.setdefault(identity, []).append((attribute, value))
        return {row[0]: _claimant(row, held.get(row[0], ())) for row in self._database.among(_WANTED, several)}


def _pages(found: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(found), PAGE):
        yield found[start : start + PAGE]


def _claimant(row: Any, held: Iterable[tuple[str, str]]) -> _Claimant:
    identity, anchor, known, doubt, desired, acked = row
    wanted = unpack(desired)
    wants: dict[str, list[str]] = {}
    for attribute, value in (*claims(wanted), *held):
        wants.setdefault(value, []).append(attribute)
    ranked = {value: sorted(names, key=UNIQUE.index) for value, names in wants.items()}
    has = {value for _, value in claims(unpack(acked) if acked is not None else wanted)} if known else set()
    if doubt:
        has.update(value for _, value in claims(wanted))
    return _Claimant(identity, anchor, ranked, frozenset(has))


def _losers(value: str, claimants: Sequence[_Claimant]) -> Iterator[Loss]:
    owner = min(claimants, key=lambda claimant: claimant.strength(value))
    for claimant in claimants:
        if claimant is not owner:
            for attribute in dict.fromkeys(claimant.wants[value]):
                yield claimant.id, attribute, value, owner.id


def _lose(row: Desired, lost: Sequence[Any], cloud: Mapping[str, Any] | None) -> tuple[Desired, list[Loss]]:
    """An object without what belongs to others, and what is contested of it from now on."""
    owners = {value: (owner, dn, kind) for _, _, value, owner, dn, kind in lost if owner != row.id}
    values, unread, withheld = dict(row.attributes or {}), set(row.unread), dict(row.withheld)
    losses, violations = [], list(row.violations)
    for name in UNIQUE:
        bad = [text for text in texts(values.get(name)) if key(text) in owners]
        if not bad:
            continue
        violations += [_violation(row, name, text, owners[key(text)]) for text in bad]
        losses += [(row.id, name, key(text), owners[key(text)][0]) for text in bad]
        if rest := spared(texts(values[name]), bad):
            values[name] = rest
            withheld[name] = (*withheld.get(name, ()), *bad)
        else:  # of a list its other values go with those that are lost, and stay its own
            losses += [(row.id, name, key(text), row.id) for text in texts(values.pop(name)) if text not in bad]
            unread.add(name)
            if cloud and name in cloud:
                values[name] = cloud[name]
    made = replace(row, attributes=values, unread=frozenset(unread), withheld=withheld, violations=tuple(violations))
    return replace(made, attributes={**values, **returned(made, cloud or {})}), losses


def _violation(row: Desired, name: str, text: str, owner: tuple[int, str, str]) -> Violation:
    _, dn, kind = owner
    if kind == row.kind.value:
        return Violation(name, Code.DUPLICATE_VALUE, f"{text} belongs to {dn}")
    return Violation(name, Code.TYPE_CONFLICT, f"{text} belongs to a {kind.lower()}, {dn}")
