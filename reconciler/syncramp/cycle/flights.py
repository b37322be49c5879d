"""Batches on their way: the intent before each call, the call in a pool of threads, the answer after it.

The run's thread alone touches the store: it makes the intent of a batch durable, hands the call to the pool, and
writes each object's own answer when it comes. A stop, the end of the slice, and whether the tenant is still ours are
looked at before every intent; a call in flight is never cut.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import Empty, SimpleQueue

from pyroaring import BitMap

from syncramp.collector import collector_seldom
from syncramp.cycle.apart import taken_apart
from syncramp.cycle.batches import CallSize
from syncramp.cycle.calls import Answer, believe, call, made_anew
from syncramp.cycle.job import Job
from syncramp.cycle.results import Results
from syncramp.cycle.visibility import Visibility
from syncramp.errors import FenceLost, Stopped, SyncrampError
from syncramp.model.wire import Outcome
from syncramp.store.exports import Exports
from syncramp.store.intents import Intent, Item, with_links
from syncramp.store.snapshot import Snapshot

HALVINGS = "call_halvings"
"""A fact about the tenant: how often the size of a call was halved."""

Answered = Callable[[Answer], None]

WAIT_SECONDS = 1.0
TIDY_CALLS = 50
"""Answers after which what they left behind is collected: at most some megabytes."""


class Flights:
    """The calls of one export.

    :param max_links: reference changes in one call, as the tenant says.
    :param closes: when the sync windows let nothing more grow, in seconds since the epoch; None: never.
    """

    def __init__(
        self,
        job: Job,
        exports: Exports,
        results: Results,
        snapshot: Snapshot,
        visibility: Visibility,
        max_links: int,
        closes: float | None = None,
    ) -> None:
        self._job = job
        self._snapshot = snapshot
        self._exports = exports
        self._results = results
        self._meter = results.meter
        self._visibility = visibility
        self._flying: dict[Future[Answer], tuple[Intent, Answered]] = {}
        self._landed: SimpleQueue[Future[Answer]] = SimpleQueue()
        self._taken = 0
        self.size = CallSize(job.pace.objects_per_call, max_links, int(job.store.runs.flag(HALVINGS) or 0))
        self.anew = BitMap()
        """Objects that an update created, because they were gone."""
        self.lost_links: dict[int, BitMap] = {}
        """Group -> links that went with them, and of which nothing was said since."""
        self.urgent = False
        """What is sent waits for no room in the tenant's throttle, and for no next slice."""
        self.lasting = False
        """What was begun goes on beyond the end of the slice, but no longer than another one would last: leavers do
        not wait for a service that became slow."""
        self.until = job.clock() + job.config.interval.total_seconds() if job.until is None else job.until
        """When the slice is over; seconds since the epoch."""
        self.cut = False
        """The slice was over before everything was sent."""
        self._closes = math.inf if closes is None else closes
        self.shut = False
        """A sync window closed before everything was sent."""
        self.failure: SyncrampError | None = None

    @property
    def ended(self) -> bool:
        """Nothing is sent any more: the endpoint failed for good, the tenant is not ours any more, the run was asked
        to stop, its slice is over, or a sync window closed.

        Whoever has nothing left to send does not ask.
        """
        if self._lost() or self._job.stop.is_set():
            return True
        more = self._job.config.interval.total_seconds() if self.lasting else 0.0
        now = self._job.clock()
        late, shut = (not self.urgent and now >= end + more for end in (self.until, self._closes))
        self.cut, self.shut = self.cut or late, self.shut or shut
        return late or shut

    @property
    def time_left(self) -> tuple[float, float]:
        """Seconds of the slice, and until a sync window closes."""
        now = self._job.clock()
        return self.until - now, self._closes - now

    @contextmanager
    def open(self) -> Iterator[None]:
        """While the block lasts calls can fly; all of them are answered when it ends without an error."""
        with collector_seldom() as self._tidy, _threads(self._job.pace.parallel) as self._pool:
            yield
            self.land()
        self._job.store.runs.set_flag(HALVINGS, str(self.size.halvings))

    def send(self, batch: Sequence[Item], answered: Answered) -> None:
        """Send a batch as soon as there is room.

        :param answered: called with its answer, in the run's thread.
        """
        if not batch or self.ended:
            return
        self.make_way()
        if self.ended:
            return
        self._meter.begins(batch)
        if not self._room(len(batch), sum(item.links for item in with_links(batch))):
            self._meter.ends(batch)
            return
        if (intent := self._intend(batch)) is None:
            self._meter.ends(batch)
            return
        future = self._pool.submit(call, self._job, intent)
        self._flying[future] = (intent, answered)
        future.add_done_callback(self._landed.put)

    def _intend(self, batch: Sequence[Item]) -> Intent | None:
        now, pace = self._job.clock(), self._job.pace
        last_try = now + pace.patience
        try:
            return self._exports.intend(batch, now, last_try=last_try, deadline=last_try + pace.call_timeout)
        except FenceLost as error:
            self.failure = self.failure or error
            return None

    def _lost(self) -> bool:
        """What flies is waited for and written down even then."""
        try:
            self._job.may_send()
        except FenceLost as error:
            self.failure = self.failure or error
        return self.failure is not None

    def make_way(self) -> None:
        """Wait until another call may fly."""
        self._drain(self._job.pace.parallel - 1)

    def land(self) -> None:
        """Take in the answers of all calls; what they say is in the store then."""
        self._drain(0)
        self._exports.flush()

    def _drain(self, limit: int) -> None:
        """Take in answers until at most so many calls are in flight."""
        while len(self._flying) > limit:
            if self._landed.empty():
                self._exports.flush()
            future = self._next()
            intent, answered = self._flying.pop(future)
            self._meter.ends(intent.items)
            self._take(intent, future.result(), answered)
            self._taken += 1
            if self._taken % TIDY_CALLS == 0:
                self._tidy()

    def _next(self) -> Future[Answer]:
        """The next call that has an answer.

        A second Ctrl-C may end the wait: a simple queue stands that, the locks of ``concurrent.futures.wait`` do not.
        A signal that comes just before a wait begins is only looked at when it ends, so none is longer than a second.
        """
        while True:
            try:
                return self._landed.get(timeout=WAIT_SECONDS)
            except Empty:
                continue

    def _room(self, writes: int, links: int) -> bool:
        """Room in the tenant's throttle, before the intent: its call leaves at once. Nothing is in flight meanwhile,
        so that a run killed in a long wait leaves nothing in doubt.
        """
        if self.urgent:
            self._job.endpoint.spend(writes, links)
            return True
        if self._job.endpoint.reserve(writes, links, wait=False):
            return True
        self.land()
        return not self.ended and self._job.endpoint.reserve(writes, links, wait=True)

    def _take(self, intent: Intent, answer: Answer, answered: Answered) -> None:
        self._results.calls += answer.calls
        self._meter.calls += answer.times
        self._meter.seconds += answer.seconds
        self._judge_size(intent, answer)
        if answer.error is not None and not isinstance(answer.error, Stopped):
            self.failure = self.failure or answer.error
        if answer.outcomes is None:
            self._exports.withdraw(intent)
            return
        believed = [
            (item, believe(intent, item, outcome) if item.deletes else outcome) for item, outcome in answer.pairs
        ]
        taken, refused = taken_apart(believed, self._job.store.observations.ids, lost=answer.lost)
        held = taken if intent.held else ()
        anew = {item.id: item for item, outcome in held if self._made_anew(intent, item, outcome)}
        now = self._job.clock()
        lost_until = now + self._job.pace.call_timeout if answer.lost else None
        flying = [other for other, _ in self._flying.values()]
        known = replace(intent, items=[item for item, _ in taken]) if refused else intent
        lost = self._exports.acknowledge(known, [outcome for _, outcome in taken], now, lost_until, anew, flying)
        if self._job.direction:
            self._job.direction.answered(self._job)
        items, outcomes = zip(*taken, *refused, strict=True)
        answered(replace(answer, items=items, outcomes=outcomes, repeated=_repeated(intent, answer)))
        self._note_anew(anew.values(), lost)

    def _judge_size(self, intent: Intent, answer: Answer) -> None:
        if answer.heavy:
            self.size.shrink(len(intent.items), sum(item.links for item in intent.items))
        elif answer.outcomes is not None:
            self.size.grow()

    def _made_anew(self, intent: Intent, item: Item, outcome: Outcome) -> bool:
        """Once for each object: a service may answer Add to everything."""
        return item.id not in self.anew and made_anew(intent, item, outcome)

    def _note_anew(self, items: Iterable[Item], lost: Mapping[int, BitMap]) -> None:
        for item in items:
            self.anew.add(item.id)
            self._visibility.made_anew(item.id)
            self._results.made_anew(item)
        for group, links in lost.items():
            membership = self._snapshot.membership(group)
            wanted = links & membership.desired if membership else BitMap()
            self.lost_links[group] = self.lost_links.get(group, BitMap()) | wanted
            self._results.expect_links(len(wanted))


def _repeated(intent: Intent, answer: Answer) -> dict[int, tuple[BitMap, BitMap]]:
    """After a lost try everything the call carried may be there already."""
    return {
        item.id: (item.adds, item.removes) if answer.lost else intent.repeated(item)
        for item in with_links(intent.items)
    }


@contextmanager
def _threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose calls end before the block does; only a second Ctrl-C waits for no answer any more."""
    pool = ThreadPoolExecutor(number, thread_name_prefix="export")
    patient = True
    try:
        yield pool
    except KeyboardInterrupt:
        patient = False
        raise
    finally:
        pool.shutdown(wait=patient, cancel_futures=True)
