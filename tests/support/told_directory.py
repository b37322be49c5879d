"""A directory that is changed and read, in full or since a watermark, as Active Directory or as a server of text.

``Named.GUID`` keeps references: links are told as GUIDs, ``manager`` shows the DN of the moment, a deleted entry
leaves all groups, and nobody is told of either. The others keep text: whoever named somebody goes on to name that
DN. In both a container that is renamed is told alone, and what lies below it has another DN.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from syncramp.model.facts import Container, Entry, Fact, Gone, LinkChange, Links, Proof
from syncramp.model.values import Kind
from syncramp.source import spellings
from syncramp.store.known import KnownPartition

BASE = "DC=corp"


class Named(Enum):
    GUID = "DirSync"
    DN = "ContextCSN"
    SPELLED = "SyncRepl"
    """By DN, in the way of large groups (``source.spellings``)."""


@dataclass
class Thing:
    """An entry or a container."""

    name: str
    parent: bytes
    kind: Kind | None = Kind.USER
    title: str = "Clerk"
    manager: bytes = b""
    """GUID of whom it names, or the DN as text."""
    members: set[bytes] = field(default_factory=set)
    changed: int = 0
    relinked: int = 0


def guid(number: int) -> bytes:
    return number.to_bytes(16, "big")


ROOT = guid(1)


@dataclass
class Directory:
    """One partition."""

    named: Named
    things: dict[bytes, Thing] = field(default_factory=lambda: {ROOT: Thing(BASE, b"", None)})
    buried: dict[bytes, Thing] = field(default_factory=dict)
    tombstones: dict[bytes, int] = field(default_factory=dict)
    log: list[tuple[int, bytes, bytes, bool]] = field(default_factory=list)
    """When, group, member, came."""
    graves: dict[bytes, int] = field(default_factory=dict)
    """When who was deleted that is there again."""
    came: dict[bytes, int] = field(default_factory=dict)
    """When who was made or restored: the members of such a group are told whole."""
    made: dict[bytes, int] = field(default_factory=dict)
    """When who was made first: no link to it is older."""
    usn: int = 0
    known: KnownPartition | None = None
    """By whom it is read."""

    def tick(self) -> int:
        self.usn += 1
        return self.usn

    def dn(self, one: bytes) -> str:
        thing = self.things[one]
        return f"{thing.name},{self.dn(thing.parent)}" if thing.parent else thing.name

    def put(self, one: bytes, thing: Thing) -> None:
        thing.changed = thing.relinked = self.came[one] = self.tick()
        self.made.setdefault(one, self.usn)
        self.things[one] = thing
        self.log.extend((self.usn, one, member, True) for member in thing.members)

    def named_by(self, one: bytes) -> bytes:
        """What a value is that names an entry."""
        return one if self.named is Named.GUID else self.dn(one).encode()

    def link(self, group: bytes, member: bytes, *, come: bool) -> None:
        members = self.things[group].members
        if (member in members) != come:
            (members.add if come else members.discard)(member)
            self.things[group].relinked = self.tick()
            self.log.append((self.usn, group, member, come))

    def bury(self, one: bytes) -> None:
        self.buried[one] = self.things.pop(one)
        self.tombstones[one] = self.tick()
        if self.named is Named.GUID:
            for thing in self.things.values():
                thing.members.discard(one)
                thing.manager = b"" if thing.manager == one else thing.manager
            self.buried[one].members = set()
            self.buried[one].manager = b""

    def restore(self, one: bytes, groups: set[bytes]) -> None:
        self.graves[one] = self.tombstones.pop(one)
        self.put(one, self.buried.pop(one))
        if self.named is Named.GUID:
            for group in groups:
                self.things[group].members.add(one)  # the link is as old as it was: memberOf is read for it
                self.log.append((self.made[one], group, one, True))

    def entry(self, one: bytes) -> Entry:
        thing = self.things[one]
        assert thing.kind is not None
        values = {"title": (thing.title.encode(),), "distinguishedname": (self.dn(one).encode(),)}
        if thing.manager:
            dn = self.dn(thing.manager).encode() if self.named is Named.GUID else thing.manager
            values["manager"] = (dn,)
        return Entry(one, thing.kind, self.dn(one), values)

    def _links(self, one: bytes) -> Links:
        members = tuple(sorted(self.things[one].members))
        if self.named is Named.GUID:
            return Links(one, "member", (), final=True, guids=members)
        if self.named is Named.SPELLED and self.known is not None:
            spelled = [value.replace(b"CN=", b"cn=") for value in members]
            return spellings.links(one, spelled, self.known.spelled(one, "member"))
        return Links(one, "member", tuple(value.decode() for value in members), final=True)

    def full(self) -> Iterator[Fact]:
        for one, thing in self.things.items():
            if thing.kind is None:
                yield Container(one, self.dn(one))
                continue
            yield self.entry(one)
            if thing.kind is Kind.GROUP:
                yield self._links(one)
        yield self.proof(delta=False)

    def proof(self, *, delta: bool) -> Proof:
        mark = str(self.usn).encode()
        return Proof("all", True, len(self.things), None, delta=delta, watermark=mark, tracking=self.named.value)

    def delta(self, known: KnownPartition) -> Iterator[Fact]:
        since = int(known.watermark or b"0")
        yield from (Gone(one) for one, when in self.tombstones.items() if when > since)
        for one, thing in self.things.items():
            if thing.kind is None:
                yield from [Container(one, self.dn(one))] * (thing.changed > since)
                continue
            if self.graves.get(one, 0) > since:
                yield from (Gone(one), self.entry(one))
            elif thing.changed > since:
                yield self.entry(one)
            whole = self.named is not Named.GUID or self.came.get(one, 0) > since
            if thing.kind is Kind.GROUP and thing.relinked > since and whole:
                yield self._links(one)
        yield from self._came_and_went(since)
        for one in known.returned():
            if self.named is Named.GUID and one in self.things:
                groups = [group for group, thing in self.things.items() if one in thing.members]
                yield from (LinkChange(group, "member", gained=True, guids=(one,)) for group in groups)
        yield self.proof(delta=True)

    def _came_and_went(self, since: int) -> Iterator[Fact]:
        """The values that changed, each as it is now."""
        if self.named is Named.GUID:
            for group, member in sorted({(group, member) for when, group, member, _ in self.log if when > since}):
                if group in self.things:
                    there = member in self.things[group].members
                    yield LinkChange(group, "member", gained=there, guids=(member,))

    def entries(self) -> dict[bytes, tuple[str, str, dict[str, tuple[bytes, ...]]]]:
        """What a store has to have."""
        found = [self.entry(one) for one, thing in self.things.items() if thing.kind is not None]
        return {entry.guid: (entry.kind.value, entry.dn, dict(entry.attributes)) for entry in found}

    def memberships(self) -> dict[bytes, set[bytes]]:
        """Group -> members that are entries."""
        read = {one for one, thing in self.things.items() if thing.kind is not None}
        by_dn = {self.dn(one).lower().encode(): one for one in read}
        return {
            one: {
                found
                for value in thing.members
                if (found := value if self.named is Named.GUID else by_dn.get(value.lower(), b"")) in read
            }
            for one, thing in self.things.items()
            if thing.kind is Kind.GROUP
        }
