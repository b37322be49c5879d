"""A survey of a plan: what would go, as ids by what guards count; filled while the plan is summarised."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from syncramp.model.circumstances import Approved
from syncramp.model.guards import Spend, What
from syncramp.model.plan import Change, MembershipChange, Verb
from syncramp.plan.counted import spends
from syncramp.plan.creates import Creates

_NOBODY = Approved()
"""Within one plan what was approved counts too: what comes later waits until it is gone."""


@dataclass(frozen=True, slots=True)
class Removals:
    """The explicit removals of one group. Whom a ramp takes back is none of them: a person approved exactly that, and
    no leaver must wait for a guard because of it.
    """

    dn: str
    removes: BitMap
    members: BitMap
    """What the cloud possibly holds."""
    leaving: BitMap
    """Members that leave with their own delete."""


class Survey:
    """What goes of a plan.

    :param groups: gives the ids of all objects that are groups; called at the first group that grows.
    """

    def __init__(self, groups: Callable[[], BitMap]) -> None:
        self._all_groups = groups
        self._groups: BitMap | None = None
        self._creates = array("I")
        self._objects: dict[Spend, BitMap] = {}
        self.removals: dict[int, Removals] = {}
        self.nested: dict[int, BitMap] = {}
        """Group -> groups that become its members."""

    def watch(self, changes: Iterable[Change | Creates]) -> Iterator[Change | Creates]:
        """The same changes; what goes of them is noted."""
        for change in changes:
            self.take(change)
            yield change

    def take(self, change: Change | Creates) -> None:
        """Note what goes of a change."""
        if isinstance(change, Creates):
            self._creates.extend(change.ids)
        elif isinstance(change, MembershipChange):
            self._links(change)
        elif change.verb is Verb.CREATE and change.values:
            self._creates.append(change.state.id)  # of a first run there are hundreds of thousands
        elif change.sends:
            for spend in spends(change, change.values, _NOBODY):
                self._objects.setdefault(spend, BitMap()).add(change.state.id)

    def _links(self, change: MembershipChange) -> None:
        group = change.membership
        if explicit := change.removes - change.reverts:
            self.removals[group.id] = Removals(group.dn, explicit, group.possible, group.derived)
        if change.adds:
            if self._groups is None:
                self._groups = self._all_groups()
            if nested := change.adds & self._groups:
                self.nested[group.id] = nested

    def ids(self, what: What, attribute: str = "") -> BitMap:
        """Objects of which something goes that counts for this."""
        if what is What.CREATE:
            return BitMap(self._creates)
        return self._objects.get(Spend(what, attribute), BitMap())

    def by_attribute(self, what: What) -> Mapping[str, BitMap]:
        """The same for each attribute of which something goes."""
        return {spend.attribute: ids for spend, ids in self._objects.items() if spend.what is what}
