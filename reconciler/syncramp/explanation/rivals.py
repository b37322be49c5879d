"""An object with those who have the unique values that it claims, and those whose values these claim, and so on.

Who may have a value depends on nobody else, so a plan finds the same for them as for everybody. They are found by
looking through the objects once for each step of the way; most objects claim nothing and need no step.
"""

from collections.abc import Iterable, Iterator

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.state import ObjectState
from syncramp.plan.changes import object_change
from syncramp.plan.claims import owned, parts
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store

STEPS = 32
"""Owners of owners that are followed, for half a second each in 300,000 objects; the rest of a chain is not."""


class Rivals:
    """A view for :func:`syncramp.plan.contention.contention` of those around one object."""

    def __init__(self, store: Store, snapshot: Snapshot, state: ObjectState, around: Circumstances) -> None:
        self._snapshot = snapshot
        self._there = snapshot.in_cloud | snapshot.departing
        self.ids = BitMap([state.id])
        """It and them."""
        claims, known = _claims(state, around), set[str]()
        for _ in range(STEPS):
            wanted = claims - known
            if not wanted:
                break
            known |= wanted
            found = BitMap(store.lookup.holding_one(wanted)) & self._there - self.ids
            owners = [each for each in snapshot.states(found) if owned(each) & wanted]
            self.ids |= BitMap(owner.id for owner in owners)
            claims = set().union(*(_claims(owner, around) for owner in owners))

    def owners(self, others: BitMap) -> Iterator[ObjectState]:
        """Those of them who are, or may be, in the cloud."""
        return self._snapshot.states(self.ids & self._there)

    def claimants(self, marks: BitMap) -> Iterator[ObjectState]:
        """All of them: of one that does not differ nothing follows."""
        return self._snapshot.states(self.ids)

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        """Some of them."""
        return self._snapshot.states(ids)


def _claims(state: ObjectState, around: Circumstances) -> set[str]:
    change = object_change(state, around)
    return {value for part in parts(change) for value in part.claims} if change else set()
