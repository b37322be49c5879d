"""A directory whose reader is blind for a part of it: what is hidden is there and not shown, and nobody says so."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from support.build import group, guid, user, user_dn
from support.model import ListSource
from syncramp.model.facts import Entry, Evidence, Fact, Links, Proof
from syncramp.model.seams import Known
from syncramp.model.values import Kind

PEOPLE, SALES = range(1, 61), range(61, 73)
GROUPS = range(101, 113)


@dataclass
class VeiledSource(ListSource):
    """A directory that shows less than it holds."""

    below: str = "-"
    """Entries below this DN are not shown."""
    attributes: frozenset[str] = frozenset()
    """These are not shown."""
    kinds: frozenset[Kind] = frozenset()
    """Entries of these kinds are not shown."""
    links: bool = True
    """Members are shown."""
    fresh: Evidence = field(default_factory=Evidence)
    permitted: Evidence = field(default_factory=Evidence)
    breaks_after: int | None = None
    """After so many facts the server is gone."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        shown: set[bytes] = set()
        for place, fact in enumerate(super().read(partition, wanted, known)):
            if place == self.breaks_after:
                return
            if isinstance(fact, Proof):
                yield replace(
                    fact, complete=self.complete, entries=len(shown), fresh=self.fresh, permitted=self.permitted
                )
            elif isinstance(fact, Entry) and self._shows(fact):
                shown.add(fact.guid)
                yield self._veiled(fact)
            elif isinstance(fact, Links) and fact.guid in shown:
                yield fact if self.links else replace(fact, dns=())

    def _shows(self, entry: Entry) -> bool:
        return entry.kind not in self.kinds and not entry.dn.endswith(self.below)

    def _veiled(self, entry: Entry) -> Entry:
        shown = {name: values for name, values in entry.attributes.items() if name not in self.attributes}
        return replace(entry, attributes=shown)

    def unveil(self) -> None:
        """The account sees everything again."""
        self.below, self.attributes, self.kinds, self.links = "-", frozenset(), frozenset(), True
        self.fresh = self.permitted = Evidence()
        self.complete, self.breaks_after = True, None


def company() -> VeiledSource:
    """People with titles, twelve of them in Sales, and twelve groups with six members each."""
    source = VeiledSource()
    source.add(*(user(number, title="Clerk", telephoneNumber=str(number)) for number in PEOPLE))
    source.add(*(user(number, ou="Sales", title="Seller") for number in SALES))
    source.add(*map(group, GROUPS))
    for place, number in enumerate(GROUPS):
        members = [*(user_dn(place * 5 + each) for each in range(1, 6)), user_dn(SALES[place], "Sales")]
        source.members[guid(number)] = members
    return source
