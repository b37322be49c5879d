"""Export: what the plan lets go, in the order that keeps a tenant safe.

Lanes, each of which ends before the next one begins: disables alone, and explicit member removals; updates that give
up a unique value, and deletes; updates that claim a value given up in this run, each behind its owner; whom a ramp
takes back; creates, those who are referred to before those who refer; other updates; references that had to wait for
their target; member additions; what turned out to be gone in the cloud, whole. So a leaver is out before anything
grows, and a value is free before somebody else claims it. What claims a value that was not given up after all (the
service refused to) is left for the next run.

An export lasts for one slice (``spec.interval``), and until a sync window closes; then no call begins any more but
revocations. The next run reads the directories again and goes on. ``flights`` has the calls themselves.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pyroaring import BitMap

from syncramp.cycle.anchors import AnchorWrites
from syncramp.cycle.batches import object_item
from syncramp.cycle.calls import Answer
from syncramp.cycle.fills import Fills
from syncramp.cycle.flights import Flights
from syncramp.cycle.job import Job
from syncramp.cycle.links import Links
from syncramp.cycle.newcomers import Newcomers
from syncramp.cycle.phases import Phase
from syncramp.cycle.results import Results
from syncramp.cycle.visibility import Visibility
from syncramp.model.circumstances import Circumstances
from syncramp.model.packing import plain
from syncramp.model.plan import Lanes, ObjectChange, Plan
from syncramp.model.state import ObjectState
from syncramp.plan.changes import object_change
from syncramp.plan.claims import claimed, owned
from syncramp.plan.contention import order
from syncramp.plan.ordering import layers
from syncramp.store.exports import Exports
from syncramp.store.intents import Item
from syncramp.store.snapshot import Snapshot

_NONE = frozenset[str]()

ItemOf = Callable[[ObjectChange], Item | None]
"""What of a change is sent now; None when nothing is."""


class Export:
    """The export of one run.

    :param snapshot: how all stands now.
    :param max_links: reference changes in one call, as the tenant says.
    :param closes: when the sync windows let nothing more grow, in seconds since the epoch; None: never.
    """

    def __init__(
        self,
        job: Job,
        snapshot: Snapshot,
        exports: Exports,
        around: Circumstances,
        results: Results,
        phase: Phase,
        max_links: int,
        closes: float | None = None,
    ) -> None:
        self._job = job
        self._around = around
        self._results = results
        self._phase = phase
        self._snapshot = snapshot
        self._visibility = Visibility(job, self._snapshot)
        self._flights = Flights(job, exports, results, self._snapshot, self._visibility, max_links, closes)
        self._links = Links(job, exports, around, results, phase, self._snapshot, self._visibility, self._flights)
        self._fills = Fills(
            job, exports, around, results, self._snapshot, self._visibility, self._flights, self._links
        )
        self._newcomers = Newcomers(around, self._snapshot, self._visibility, self._create)
        self._owed = dict(around.releasing)
        """Unique values that are to be given up in this run, and are not yet."""
        self._anchors = AnchorWrites(job, around.unanchored, results)
        self._late = BitMap()
        self._seen = BitMap()
        """Objects that were answered about; one with a late reference is sent twice and counted once."""

    def run(self, plan: Plan) -> None:
        """Send what the plan lets go, lane by lane.

        :raises SyncrampError: the endpoint failed for good; what was answered is in the store.
        """
        lanes, again = plan.lanes, BitMap(self._job.refused)
        self._links.told = dict(plan.removals)
        with self._flights.open():
            self._revocations(lanes)
            self._objects(lanes.releases)
            self._objects(lanes.deletes)
            self._claims(lanes.claims)
            self._links.take_back(lanes.removals)
            self._rest(lanes.without(again))
            self._rest(lanes.among(again))
            self._send_anew()
        self._snapshot.forget_anchors()
        if self._flights.failure:
            raise self._flights.failure

    def revoke(self, plan: Plan) -> None:
        """Send of a plan only the explicit member removals.

        :raises SyncrampError: as :meth:`run`.
        """
        self._links.told = dict(plan.removals)
        with self._flights.open():
            self._flights.urgent = True
            self._links.send(plan.lanes.removals, adds=False)
        if self._flights.failure:
            raise self._flights.failure

    @property
    def cut(self) -> bool:
        """The slice was over before everything was sent."""
        return self._flights.cut

    @property
    def shut(self) -> bool:
        """A sync window closed before everything was sent."""
        return self._flights.shut

    @property
    def _ended(self) -> bool:
        return self._flights.ended

    def _revocations(self, lanes: Lanes) -> None:
        """What takes rights away waits for nothing, and for no budget."""
        self._flights.urgent = True
        self._objects(lanes.disables, self._disable)
        self._links.send(lanes.removals, adds=False)
        self._flights.urgent = False

    def _rest(self, lanes: Lanes) -> None:
        """What grows. What an earlier slice had refused comes last: else it could use up every slice."""
        if lanes.creates or lanes.updates or lanes.fills or lanes.additions:
            self._creates(lanes.creates - lanes.fills)
            self._objects(lanes.updates)
            self._references()
            self._links.remove_restored()
            self._fills.send(lanes.fills, self._objects, self._blocked)
            self._references()
            self._links.send(lanes.additions, adds=True)

    # --- objects ---------------------------------------------------------------------------------------------------

    def _objects(self, ids: BitMap, item_of: ItemOf | None = None) -> None:
        """What differs of these objects; all of them are answered when it ends."""
        self._send(map(item_of or self._whole, self._changes(ids)))

    def _send(self, items: Iterable[Item | None]) -> None:
        """One object after another in calls that may fly together, until everything was answered."""
        left = filter(None, items)
        while batch := list(islice(left, size := self._flights.size.objects)):
            self._flights.send(batch, self._answered_objects)
            if len(batch) < size or self._ended:
                break
        self._flights.land()

    def _claims(self, ids: BitMap) -> None:
        """Updates that claim what another one of them gives up go behind it, however long the row is."""
        for layer in layers(ids, order(self._changes(ids), self._around), deepest=len(ids)):
            self._objects(layer - self._blocked(layer))

    def _creates(self, ids: BitMap) -> None:
        blocked, referring = self._blocked(ids), self._snapshot.referring(ids)
        for layer in layers(ids, referring):
            for part in self._anchors.ready(layer - blocked):
                self._send(self._newcomers.items(part, referring))
                if self._ended:
                    return

    def _blocked(self, ids: BitMap) -> BitMap:
        """Those of these objects that claim a value whose owner was to give it up by now, and did not."""
        blocked = BitMap()
        if self._ended or not self._owed:
            return blocked
        owners = BitMap(owner.id for owner in self._owed.values())
        kept = {value for state in self._snapshot.states(owners) for value in owned(state)}
        self._owed = {value: owner for value, owner in self._owed.items() if value in kept}
        for change in self._changes(ids):
            for _, value, owner in claimed(change, self._owed):
                blocked.add(change.state.id)
                self._results.still_taken(change.state, f"{value} still belongs to {owner.dn}")
        return blocked

    def _changes(self, ids: BitMap) -> Iterator[ObjectChange]:
        for state in self._snapshot.states(ids):
            change = object_change(state, self._around)
            if change and change.sends:
                yield change

    def _create(self, state: ObjectState) -> Item | None:
        change = object_change(state, self._around)
        return self._whole(change) if change and change.sends else None

    def _disable(self, change: ObjectChange) -> Item | None:
        """The disable without the rest, which may be refused: it must not fall with a title that is too long."""
        return self._item(change, frozenset(change.values) - {"accountEnabled"})

    def _whole(self, change: ObjectChange) -> Item | None:
        """The change without references that cannot be sent yet."""
        waits = self._unseen(change)
        if waits:
            self._late.add(change.state.id)
        return self._item(change, waits)

    def _last(self, change: ObjectChange) -> Item | None:
        """The change without references whose target did not come."""
        waits = self._unseen(change)
        if waits:
            self._results.late_reference(change.state, waits)
        return self._item(change, waits)

    def _item(self, change: ObjectChange, late: frozenset[str]) -> Item | None:
        return object_item(change, late, self._around.approved)

    def _unseen(self, change: ObjectChange) -> frozenset[str]:
        references = change.state.references
        if not references:
            return _NONE
        values, visible = plain(change.values), self._visibility.visible
        return frozenset(name for name, to in references.items() if values.get(name) is not None and not visible(to))

    def _references(self) -> None:
        """What was held back because its target was too new; targets that never came leave it for the next run."""
        late, self._late = self._late, BitMap()
        if late and not self._ended:
            self._visibility.wait()
            self._objects(late, self._last)

    def _answered_objects(self, answer: Answer) -> None:
        before, pairs = len(self._seen), list(answer.pairs)
        there = [item.id for item, outcome in pairs if item.after is not None and answer.applied(outcome)]
        self._visibility.arrived(BitMap(there))
        self._results.object_answers(pairs, repeated=answer.lost)
        self._seen.update([item.id for item in answer.items])
        self._phase.advance(objects=len(self._seen) - before)

    # --- what was gone ---------------------------------------------------------------------------------------------

    def _send_anew(self) -> None:
        """Objects that an update created, because they were gone: each of them whole, then the links they lost.

        Adding those links may find their group gone; so it goes on until nothing new is found.
        """
        done = BitMap()
        while (found := self._flights.anew - done) and not self._ended:
            done |= found
            self._objects(found)
            self._references()
            self._links.give_back()
