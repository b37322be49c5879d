"""Where the scopes of a source are, looked up by reading it once and keeping what the scopes name alone.

A run asks its store for that. Whoever has none reads the source twice, and only if a scope is named by a GUID or has
a pilot group.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from syncramp.model.facts import Container, Entry, Fact, Links
from syncramp.model.seams import Source
from syncramp.rules.places import named_group, place_of
from syncramp.rules.scope import ScopeTest
from syncramp.source import dn
from syncramp.spec.types import Scope


def located(source: Source, partitions: Sequence[str], scopes: Sequence[Scope], wanted: frozenset[str]) -> "Located":
    """Look up what scopes name.

    :param wanted: attributes that are read.
    :raises SyncrampError: the source cannot be read.
    """
    found = Located(
        {scope.guid.bytes_le for scope in scopes if scope.guid is not None},
        {named_group(scope.group) for scope in scopes if scope.group is not None},
    )
    if found.guids or found.groups:
        for name in partitions:
            found.take(source.read(name, wanted))
    return found


@dataclass
class Located:
    """What was found (``model.seams.Whereabouts``)."""

    guids: set[bytes]
    """Of bases."""
    groups: set[UUID | str]
    """Pilot groups, by GUID or canonical DN."""
    proven: bool = True
    _named: dict[bytes, str] = field(default_factory=dict)
    _ids: dict[str, bytes] = field(default_factory=dict)
    """Lower-case DN of a pilot group -> its GUID."""
    _members: dict[bytes, set[bytes]] = field(default_factory=dict)

    def scopes(self, scopes: Sequence[Scope]) -> list[ScopeTest]:
        """Scopes, ready to be asked."""
        return [ScopeTest(scope, place_of(scope, self)) for scope in scopes]

    def take(self, facts: Iterable[Fact]) -> None:
        """Look at everything."""
        names = {dn.lower(name) for name in self.groups if isinstance(name, str)}
        ids = {name.bytes_le for name in self.groups if isinstance(name, UUID)}
        for fact in facts:
            if isinstance(fact, Entry | Container):
                if fact.guid in self.guids:
                    self._named[fact.guid] = fact.dn
                if fact.guid in ids or (names and dn.lower(fact.dn) in names):
                    self._ids[dn.lower(fact.dn)] = fact.guid
                    self._members.setdefault(fact.guid, set())
            elif isinstance(fact, Links) and fact.guid in self._members:
                self._members[fact.guid].update(fact.guids, map(spelled, fact.dns))

    def named(self, guid: bytes) -> str | None:
        """The DN of a base."""
        return self._named.get(guid)

    def names(self) -> Iterator[str]:
        """Nothing: what is not there makes the read incomplete, which tells it."""
        return iter(())

    def members(self, group: bytes | str) -> frozenset[bytes] | None:
        """GUIDs of members of a pilot group, and as ``spelled`` those that the source names by their DNs."""
        known = self._ids.get(dn.lower(group), b"") if isinstance(group, str) else group
        members = self._members.get(known)
        return None if members is None else frozenset(members)


def spelled(name: str) -> bytes:
    """A member's DN among GUIDs."""
    return dn.lower(name).encode()
