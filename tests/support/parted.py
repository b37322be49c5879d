"""Directories in several parts that are read side by side, in an order that a test chooses."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from support.build import group, guid, user, user_dn
from support.model import ListSource
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Entry, Fact, Gone, Links, Proof
from syncramp.model.seams import Known
from syncramp.store.packing import unpack_bitmap
from syncramp.store.store import Store


class Turns:
    """Whose fact comes next; when nobody's turn is left, everybody's comes as it likes."""

    def __init__(self, turns: Sequence[int]) -> None:
        self._turns = list(turns)
        self._changed = threading.Condition()

    def wait(self, reader: int) -> None:
        """Until it is this reader's turn."""
        with self._changed:
            self._changed.wait_for(lambda: reader not in self._turns or self._turns[0] == reader)
            if reader in self._turns:
                self._turns.pop(0)
            self._changed.notify_all()

    def end(self) -> None:
        """Nobody waits any more."""
        with self._changed:
            self._turns = []
            self._changed.notify_all()

    def leave(self, reader: int) -> None:
        """It has nothing more to say."""
        with self._changed:
            self._turns = [turn for turn in self._turns if turn != reader]
            self._changed.notify_all()


@dataclass
class Forest(ListSource):
    """A directory in parts, each a list of facts."""

    parts: dict[str, list[Fact]] = field(default_factory=dict)
    first: int = 0
    """The number of its first part among the parts of all sources."""
    turns: Turns | None = None
    broken: frozenset[str] = frozenset()
    before: dict[str, list[Fact]] | None = None
    """What its last read showed, of a directory that tells changes; None: it tells everything each time."""
    interrupted: threading.Event = field(default_factory=threading.Event)

    def partitions(self) -> Sequence[str]:
        return sorted(self.parts)

    def interrupt(self) -> None:
        self.interrupted.set()
        if self.turns:
            self.turns.end()

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        reader = self.first + sorted(self.parts).index(partition)
        delta = self.before is not None and known is not None and known.watermark is not None
        for fact in self._changes(partition) if delta else self.parts[partition]:
            if self.turns:
                self.turns.wait(reader)
            yield fact
        if self.turns:
            self.turns.leave(reader)
        if partition in self.broken:
            raise SourceUnavailable("the connection broke", where=partition)
        mark, tracking = (None, "Full") if self.before is None else (b"mark", "ContextCSN")
        number = len(self.parts[partition])
        yield Proof(partition, True, number, None, delta=delta, watermark=mark, tracking=tracking)

    def _changes(self, partition: str) -> Iterator[Fact]:
        """What is otherwise than before: who left, entries that changed, and groups whole."""
        before = self.before or {}
        there = {fact.guid for fact in self.parts[partition] if isinstance(fact, Entry)}
        for fact in before.get(partition, ()):
            if isinstance(fact, Entry) and fact.guid not in there:
                yield Gone(fact.guid)
        yield from (fact for fact in self.parts[partition] if fact not in before.get(partition, ()))


NUMBERS = st.integers(1, 9)
OUS = st.sampled_from(["People", "Sales"])
USERS = st.dictionaries(NUMBERS, st.tuples(OUS, st.integers(1, 3)), max_size=6)
GROUPS = st.dictionaries(st.integers(101, 104), st.lists(st.tuples(NUMBERS, OUS), max_size=5), max_size=3)
PARTS = st.tuples(USERS, GROUPS)


def _facts(people: dict[int, Any], groups: dict[int, Any], taken: set[int]) -> list[Fact]:
    """The facts of a part; an entry stands in one part of a source."""
    facts: list[Fact] = []
    for number, (ou, clerk) in people.items():
        if number not in taken:
            manager = {"manager": user_dn(number % 9 + 1, ou)}
            facts.append(user(number, ou, title=f"Clerk {clerk}", **manager))
    for number, members in groups.items():
        if number not in taken:
            dns = tuple(sorted({user_dn(*member) for member in members}))
            facts += [group(number), Links(guid(number), "member", dns, final=True)]
    taken.update(int.from_bytes(fact.guid, "big") for fact in facts if isinstance(fact, Entry))
    return facts


def forests(drawn: Sequence[Sequence[Any]]) -> list[Forest]:
    """Sources that share people, DNs and members."""
    made_all, first = [], 0
    for name, made in zip(("corp", "labs", "shop"), drawn, strict=False):
        taken: set[int] = set()
        facts = {f"DC={place}": _facts(*part, taken) for place, part in enumerate(made)}
        made_all.append(Forest(name, parts=facts, first=first))
        first += len(made)
    return made_all


def state(store: Store) -> dict[str, Any]:
    """All that imports and rules say in a store, with ids and numbers replaced by whose they are."""
    database = store.database
    sources = dict(database.all("SELECT id, name FROM sources"))
    parts = dict(database.all("SELECT id, name FROM partitions"))
    who = {one: (sources[of], guid) for one, of, guid in database.all("SELECT id, source, guid FROM entries")}

    def named(packed: bytes | None) -> frozenset[Any] | None:
        return None if packed is None else frozenset(map(who.get, unpack_bitmap(packed)))

    def rows(sql: str, *told: Callable[[Any], Any]) -> set[Any]:
        """What a query finds; ``told`` says of its first columns what they mean."""
        found = database.all(sql)
        return {(*(of(value) for of, value in zip(told, row, strict=False)), *row[len(told) :]) for row in found}

    kept = "complete, entries, expected, reason, watermark, pending, horizon, tracking, asked, missed"
    entries = "kind, dn, dn_hash, digest, attrs, absent"
    objects = "o.id, o.source, o.anchor, o.kind, o.digest, o.cause, o.hold, o.unread, o.origin, p.desired"
    return {
        "sources": rows("SELECT name, rules, version, wanted, read, failure FROM sources"),
        "partitions": rows(f"SELECT source, name, {kept} FROM partitions", sources.get),
        "entries": rows(f"SELECT id, partition, {entries} FROM entries", who.get, parts.get),
        "links": rows(
            "SELECT id, members, lost, named, unresolved, unread, attribute FROM links", who.get, named, named, named
        ),
        "containers": rows("SELECT source, partition, guid, dn FROM containers", sources.get, parts.get),
        "shown": rows("SELECT partition, what, entries FROM shown", parts.get),
        "moves": rows("SELECT partition, entry, what, guid, dn FROM moves", parts.get, who.get),
        "objects": rows(f"SELECT {objects} FROM objects o LEFT JOIN payload p ON p.id = o.id", who.get, sources.get),
        "refs": rows("SELECT object, target, attribute, leaving FROM refs", who.get, who.get),
        "unresolved": rows("SELECT object, dn_hash, fresh FROM unresolved", who.get),
        "unique values": rows("SELECT object, mark FROM uniques", who.get),
        "dirty": rows("SELECT id, cause FROM dirty", who.get),
    }
