"""Which entries are one object: a pure function of the entries that are there and of what the cloud knows.

Entries that share a key are connected. A connected component with at most one entry of each source is one object;
its leading entry gives the id and the anchor. So the order in which entries were read does not matter.

What the cloud knows is never joined away. An object in the cloud keeps its id and its anchor while any of its entries
is there, the one that led it or another one: an account that moves to another forest stays the same person. A
component that would join two such objects, or has two entries of a source, is in conflict: nothing new is joined,
what was joined stays, and nobody of it is created.

Nobody is parted by half of the truth: a person who is renamed in two directories shares no key while only one of them
was read. So an object stays one as long as a source of its entries was not read completely.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from syncramp.model.values import Kind


class Rank(IntEnum):
    """Who leads: the lowest."""

    ENABLED = 0
    DISABLED = 1
    CONTACT = 2
    MAILBOX = 3
    """A linked mailbox: it gives no anchor, and is nobody without an account."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry, as far as joining looks at it."""

    id: int
    source: int
    """Its place in the document."""
    rank: Rank
    keys: frozenset[int]
    anchors: bool = True
    """It has an anchor."""
    there: bool = True
    """It is read, in scope and not excluded. False: it may still be the id of an object."""
    judged: bool = True
    """False: it could not be judged, or its source was not read completely when it left."""
    proven: bool = True
    """Its source was read completely."""
    known: Kind | None = None
    """Of the object with this id, if it may be in the cloud."""
    former: int = 0
    """The object that it was joined to; 0: none."""

    @property
    def order(self) -> tuple[bool, int, int, int]:
        """By which the leading entry is chosen."""
        return not self.anchors or self.rank is Rank.MAILBOX, self.rank, self.source, self.id


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why an entry is not joined."""

    reason: str
    """A clause about two entries."""
    pair: tuple[int, int]
    """Their ids."""


TWO_OF_A_SOURCE = "two entries of one source would be one person"
TWO_IN_THE_CLOUD = "two objects that are in the cloud would be one person"
NOT_JUDGED = "one of two entries that would be one person cannot be judged"


@dataclass(slots=True)
class Resolution:
    """What becomes of some candidates."""

    objects: dict[int, int] = field(default_factory=dict)
    """Entry -> the object it adds to. 0: the object of its own id is made of other entries alone."""
    conflicts: dict[int, Conflict] = field(default_factory=dict)
    """Entries that are not joined although they share a key with another source."""
    unproven: set[int] = field(default_factory=set)
    """Entries that share no key any more and stay one object, until all of their sources are read completely."""


def resolve(candidates: Sequence[Candidate]) -> Resolution:
    """Join entries.

    :param candidates: all that share keys, directly or over others, and all that were one object before.
    """
    there = sorted((one for one in candidates if one.there), key=lambda one: one.order)
    departed = {one.id: one for one in candidates if not one.there and one.known}
    found = Resolution()
    for component in sorted(_connected(there, found), key=lambda found: found[0].order):
        _settle(component, departed, found)
    for one in candidates:  # what is leaving the cloud keeps the names that its links have
        if one.former in departed and (not one.there or one.rank is Rank.MAILBOX):
            found.objects.setdefault(one.id, one.former)
    return found


def _connected(candidates: Sequence[Candidate], found: Resolution) -> Iterator[list[Candidate]]:
    """Components, each in the order of its members."""
    root: dict[int, int] = {}
    by_key: dict[int, int] = {}

    def find(one: int) -> int:
        while root.setdefault(one, one) != one:
            root[one] = one = root[root[one]]
        return one

    for candidate in candidates:
        for key in candidate.keys:
            root[find(by_key.setdefault(key, candidate.id))] = find(candidate.id)
    for one, other in _unproven(candidates):
        if find(one.id) != find(other.id):
            found.unproven |= {one.id, other.id}
            root[find(other.id)] = find(one.id)
    components: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        components.setdefault(find(candidate.id), []).append(candidate)
    yield from components.values()


def _unproven(candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs that were one object, and of which not both sources were read completely."""
    groups: dict[int, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(one.former or one.id, []).append(one)
    for parts in groups.values():
        if not all(one.proven for one in parts):
            yield from ((parts[0], other) for other in parts[1:])


def _settle(component: list[Candidate], departed: dict[int, Candidate], found: Resolution) -> None:
    known = _known(component, departed)
    if len({one.source for one in component}) == 1:
        for one in component:
            _join([one], [of for of in known if of.id in (one.id, one.former)], found, departed)
        return
    if not known and (not component[0].anchors or component[0].rank is Rank.MAILBOX):
        return
    conflict = _conflict(component, known)
    if conflict is None:
        _join(component, known, found, departed)
        return
    found.conflicts.update({one.id: conflict for one in component})
    for one in known:
        kept = [part for part in component if part is one or (part.former == one.id and not part.known)]
        _join(kept, [one], found, departed)


def _known(component: Sequence[Candidate], departed: Mapping[int, Candidate]) -> list[Candidate]:
    """The objects in the cloud that a component has: with their own entries, or made of others of it alone.

    An object that its own entry left stays what it is only as the same kind, and not as a mailbox without account.
    """
    owned = [one for one in component if one.known]
    ranks = {one.rank for one in component}
    kind = Kind.USER if ranks & {Rank.ENABLED, Rank.DISABLED} else Kind.CONTACT
    if ranks == {Rank.MAILBOX}:
        return owned
    left = {one.former: departed[one.former] for one in component if one.former in departed and not one.known}
    return owned + [one for one in left.values() if one.known is kind]


def _conflict(component: Sequence[Candidate], known: Sequence[Candidate]) -> Conflict | None:
    if len(known) > 1:
        return Conflict(TWO_IN_THE_CLOUD, (known[0].id, known[1].id))
    first: dict[int, Candidate] = {}
    for one in component:
        if (other := first.setdefault(one.source, one)) is not one:
            return Conflict(TWO_OF_A_SOURCE, (other.id, one.id))
    unjudged = [one for one in component if not one.judged]
    if unjudged and not known:
        other = next(one for one in component if one is not unjudged[0])
        return Conflict(NOT_JUDGED, (unjudged[0].id, other.id))
    return None


def _join(
    parts: Sequence[Candidate], known: Sequence[Candidate], found: Resolution, departed: dict[int, Candidate]
) -> None:
    """Make one object of entries, under the id that the cloud knows or that of the leading one."""
    free = [one for one in known if one.there or one.id in departed]
    leader = free[0] if free else parts[0]
    for part in parts:
        if part is not leader:
            found.objects[part.id] = leader.id
    if not leader.there and parts:
        found.objects[leader.id] = 0
        del departed[leader.id]
