"""Sources tried out: each is read whole, and what comes is counted and forgotten.

Nothing is stored and nothing is compared with earlier runs. Of a group its name and the number of its members are
kept, of every other entry nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nlargest

from syncramp.cycle.locating import located, spelled
from syncramp.errors import SyncrampError
from syncramp.model.examination import PartitionSeen, RampedGroup, ScopeSeen, ServerSeen, SourceSeen
from syncramp.model.facts import Entry, Fact, Links, Proof, Restart
from syncramp.model.seams import Source
from syncramp.model.sizes import GroupSize
from syncramp.model.values import Kind
from syncramp.plan.sizes import histogram
from syncramp.rules.places import remedy
from syncramp.rules.scope import ScopeTest
from syncramp.spec.ramps import RampPolicy
from syncramp.spec.types import Scope

NAMED = 20
"""Groups of ramps that are named."""


def examined(
    source: Source,
    scopes: Sequence[Scope],
    wanted: frozenset[str],
    ramps: Sequence[RampPolicy],
    servers: Sequence[ServerSeen],
    day: float,
) -> SourceSeen:
    """Read a source and tell what was seen.

    :param wanted: attributes that the rules read, those that filters of the scopes ask for among them.
    :param ramps: of the document, and the built-in one behind them.
    :param servers: what was seen of its servers.
    :param day: now, in seconds since the epoch.
    """
    counts: list[_Count] = []
    error = ""
    try:
        partitions = source.partitions()
        places = located(source, partitions, scopes, wanted)
        for name in partitions:
            counts.append(_Count(name, places.scopes(scopes)))
            counts[-1].take(source.read(name, wanted))
    except SyncrampError as failure:
        error = str(failure)
    sizes = [(dn, count.sizes[guid]) for count in counts for guid, dn in count.groups.items()]
    ramped = [group for dn, members in sizes for group in _ramped(dn, members, ramps)]
    return SourceSeen(
        source.name,
        servers,
        [count.partition(source) for count in counts if count.proof is not None],
        [_scope(scope, number, counts) for number, scope in enumerate(scopes)],
        histogram(GroupSize(dn, members, 0, in_cloud=False) for dn, members in sizes),
        nlargest(NAMED, ramped, key=lambda group: group.members),
        len(ramped),
        error,
        day,
    )


@dataclass
class _Count:
    """What came of one partition."""

    name: str
    scopes: Sequence[ScopeTest]
    taken: list[Counter[Kind]] = field(init=False)
    """For each scope."""
    others: list[int] = field(init=False)
    groups: dict[bytes, str] = field(init=False)
    """GUID and DN of the groups in a scope."""
    sizes: Counter[bytes] = field(init=False)
    """Members by the group's GUID."""
    proof: Proof | None = None

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.taken = [Counter() for _ in self.scopes]
        self.others = [0] * len(self.scopes)
        self.groups, self.sizes = {}, Counter()

    def take(self, facts: Iterable[Fact]) -> None:
        """Count everything."""
        for fact in facts:
            if isinstance(fact, Entry):
                self._entry(fact)
            elif isinstance(fact, Links):
                self.sizes[fact.guid] += len(fact.dns) + len(fact.guids)
            elif isinstance(fact, Restart):
                self._begin()
            elif isinstance(fact, Proof):
                self.proof = fact

    def _entry(self, entry: Entry) -> None:
        inside = False
        for number, scope in enumerate(self.scopes):
            if not scope.holds_place(entry):
                continue
            if entry.kind in scope.kinds and scope.matches(entry) and _chosen(scope, entry):
                self.taken[number][entry.kind] += 1
                inside = True
            else:
                self.others[number] += 1
        if inside and entry.kind is Kind.GROUP:
            self.groups[entry.guid] = entry.dn

    def partition(self, source: Source) -> PartitionSeen:
        """What is told of it; only after its proof."""
        proof = self.proof
        if proof is None:
            raise ValueError(self.name)
        server = getattr(source, "answered", {}).get(self.name, "")
        return PartitionSeen(
            self.name,
            server,
            proof.entries,
            proof.complete,
            proof.reason,
            proof.tracking,
            proof.why_full,
            proof.references,
        )


def _chosen(scope: ScopeTest, entry: Entry) -> bool:
    """Is it a member of the pilot group, if there is one?"""
    return scope.chooses(entry) or spelled(entry.dn) in (scope.place.members or ())


def _scope(scope: Scope, number: int, counts: Sequence[_Count]) -> ScopeSeen:
    taken = sum((count.taken[number] for count in counts), Counter[Kind]())
    kinds = {kind.value: taken[kind] for kind in Kind if kind in scope.kinds}
    return ScopeSeen(scope.dn, kinds, sum(count.others[number] for count in counts), _lost(scope, number, counts))


def _lost(scope: Scope, number: int, counts: Sequence[_Count]) -> str:
    """Why a run would leave everything in the scope as it is; empty if it would not."""
    place = counts[0].scopes[number].place if counts else None
    return f"{place.lost}; {remedy(scope, place)}" if place is not None and place.lost else ""


def _ramped(dn: str, members: int, ramps: Sequence[RampPolicy]) -> Iterator[RampedGroup]:
    """The first ramp for a group of this size, if there is one."""
    for ramp in ramps:
        if members >= ramp.min_members:
            yield RampedGroup(dn, members, ramp.name, ramp.where is not None)
            return
