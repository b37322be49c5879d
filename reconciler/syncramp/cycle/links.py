"""The members of groups, in rounds of calls: what the service cannot know yet is sent again in the next round.

Two batches of one group never fly together, because their order would be lost. What is refused because its target is
too new goes again after the visibility delay; what falls with links that may only have been there, or gone, already
goes again without them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from pyroaring import BitMap

from syncramp.cycle.batches import LinkWork, link_item, postpone
from syncramp.cycle.calls import Answer
from syncramp.cycle.flights import Flights
from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.cycle.results import Results
from syncramp.cycle.visibility import Visibility
from syncramp.model.circumstances import Circumstances
from syncramp.model.wire import Outcome, Result
from syncramp.plan.members import membership_change
from syncramp.store.exports import Exports
from syncramp.store.intents import Item
from syncramp.store.snapshot import Snapshot


class Links:
    """The links of one export."""

    def __init__(
        self,
        job: Job,
        exports: Exports,
        around: Circumstances,
        results: Results,
        phase: Phase,
        snapshot: Snapshot,
        visibility: Visibility,
        flights: Flights,
    ) -> None:
        self._job = job
        self._exports = exports
        self._around = around
        self._results = results
        self._phase = phase
        self._snapshot = snapshot
        self._census = job.store.census(snapshot)
        self._visibility = visibility
        self._flights = flights
        self.told: dict[int, BitMap] = {}
        """Group -> members to remove that were told, held or not."""

    @property
    def _ended(self) -> bool:
        return self._flights.ended

    def send(self, groups: BitMap, *, adds: bool) -> None:
        """The additions, or the explicit removals, of these groups."""
        self._rounds(self._work(groups, adds=adds))

    def take_back(self, groups: BitMap) -> None:
        """Whom ramps take out of these groups, although they are wanted: they keep their place in the throttle."""
        self._rounds(self._work(groups, adds=False, reverts=True))

    def _rounds(self, works: Iterable[LinkWork]) -> None:
        """Rounds over the groups: what could not be seen yet is tried again after the visibility delay."""
        waiting = deque(works)
        while waiting and not self._ended:
            later = self._round(waiting)
            if later and not self._ended:
                self._visibility.wait()
            waiting = deque(later.values())

    def remove_restored(self) -> None:
        """Links that may have come back with a re-created member and are not wanted any more: nobody planned them."""
        groups = self._exports.restored_groups
        self._results.expect_links(sum(len(work.removes) for work in self._work(groups, adds=False)))
        self._hold_restored(groups)
        self.send(groups, adds=False)

    def _hold_restored(self, groups: BitMap) -> None:
        """Those of them that a guard of the plan holds: they are told here, and the next plan has them."""
        for membership in self._snapshot.groups(groups):
            change = membership_change(membership, self._around)
            if change is None:
                continue
            for held in change.held:
                told = self.told.get(membership.id, BitMap())
                if links := held.removes - told:
                    self.told[membership.id] = told | links
                    self._results.hold_links(held, change.membership, len(links))

    def _work(self, groups: BitMap, *, adds: bool, reverts: bool = False) -> Iterator[LinkWork]:
        for membership in self._snapshot.groups(groups):
            change = membership_change(membership, self._around)
            if change is None:
                continue
            if adds and self._visibility.in_cloud(membership.id):
                yield LinkWork(membership, self._visibility.reachable(change.adds), BitMap())
            elif not adds:
                yield LinkWork(membership, BitMap(), change.reverts if reverts else change.removes - change.reverts)

    def _round(self, waiting: deque[LinkWork]) -> dict[int, LinkWork]:
        later: dict[int, LinkWork] = {}
        for batch, works in self._batches(waiting, later):
            self._flights.send(batch, self._answered(works, later))
            self._flights.make_way()
            if self._ended:
                break
        self._flights.land()
        return later

    def _batches(
        self, waiting: deque[LinkWork], later: dict[int, LinkWork]
    ) -> Iterator[tuple[list[Item], dict[int, LinkWork]]]:
        """Batches of links; two batches of one group never fly together, because their order would be lost."""
        batch: list[Item] = []
        works: dict[int, LinkWork] = {}
        room = self._flights.size.links
        while waiting:
            work = waiting.popleft()
            if hidden := self._visibility.hidden(work.adds):
                postpone(later, LinkWork(work.group, hidden, BitMap(), work.tries))
                work.adds -= hidden
            while (work.adds or work.removes) and not self._ended:
                item = link_item(work, room, self._snapshot, self._census.groups, self._around)
                batch.append(item)
                works[item.id] = work
                room -= item.links
                whole = not (work.adds or work.removes)
                if room == 0 or len(batch) >= self._flights.size.objects:
                    yield batch, works
                    batch, works, room = [], {}, self._flights.size.links
                    if not whole:
                        self._flights.land()
        if batch:
            yield batch, works

    def _answered(self, works: dict[int, LinkWork], later: dict[int, LinkWork]) -> Callable[[Answer], None]:
        def answered(answer: Answer) -> None:
            for item, outcome in answer.pairs:
                work = works[item.id]
                again = self._again(work, item, outcome, answer)
                if again is not None:
                    postpone(later, again)
                else:
                    self._result(item, outcome, work, answer.repeated[item.id])
            self._phase.advance(links=sum(item.links for item in answer.items))

        return answered

    def _again(self, work: LinkWork, item: Item, outcome: Outcome, answer: Answer) -> LinkWork | None:
        """What of a refused item is tried again: what the service did not know yet, or what falls with links that it
        may only have refused because they are there, or gone, already.
        """
        if outcome.result is not Result.REFUSED or work.tries >= self._job.pace.reference_tries:
            return None
        if answer.unknown_target(outcome):
            return LinkWork(work.group, item.adds, item.removes, work.tries + 1)
        shown, repeated = self._job.store.observations.shown_links(item), answer.repeated[item.id]
        added, removed = (there & again for there, again in zip(shown, repeated, strict=True))
        alone = LinkWork(work.group, item.adds - added, item.removes - removed, work.tries + 1)
        if not (added or removed) or not (alone.adds or alone.removes):
            return None
        part = replace(item, adds=added, removes=removed)
        self._result(part, outcome, work, (added, removed))
        return alone

    def _result(self, item: Item, outcome: Outcome, work: LinkWork, repeated: tuple[BitMap, BitMap]) -> None:
        self._results.link_answer(item, outcome, work.group, repeated)
        if item.id in self._flights.lost_links:
            self._flights.lost_links[item.id] -= item.adds

    def give_back(self) -> None:
        """Links that went with objects that were gone in the cloud, as far as nothing was said of them since."""
        self._rounds(list(self._lost_work()))

    def _lost_work(self) -> Iterator[LinkWork]:
        """Only what was lost: the rest of a group was answered about, or waits for the next run."""
        lost = self._flights.lost_links
        for work in self._work(BitMap(lost), adds=True):
            work.adds &= lost[work.group.id]
            yield work
