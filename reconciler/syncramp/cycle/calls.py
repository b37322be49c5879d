"""One call of the export, made in a thread of the pool: it touches the endpoint and nothing else.

An answer that was lost is asked for again with the same batch: ``Set``, ``Delete`` and member changes are written so
that repetition converges. A batch that is too large, takes too long or makes the service fail goes again in halves,
down to one object and of a group's members to one link, so that one object the service cannot stand keeps back no
other. What stays without an answer is unknown, and the store says so. No try begins after the last moment of the
intent, because the deadline in the store is counted from that moment; and none begins when the tenant is not surely
ours any more, because whoever has it next waits only for as long as a try may travel.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.endpoint.causes import UNRESOLVED, cause_of
from syncramp.errors import AnswerLost, CallFailed, CallTimedOut, CallTooLarge, SyncrampError
from syncramp.model.measures import CallTime
from syncramp.model.wire import Operation, Outcome, Result, SyncObject, same_object
from syncramp.store.intents import Intent, Item

RETRY_SECONDS = 2.0
"""Before a batch is sent again after its answer was lost; doubled each time, with half of it up or down by chance."""
HOPELESS = 30
"""Failures in a row after which the service itself has failed, and no single object: halving 1,000 objects, the most
a document may ask for, down to one and 15,000 links down to one takes 25, and the repetitions before it two.
"""
ALONE = "too large for a call of its own"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one batch."""

    items: Sequence[Item]
    outcomes: Sequence[Outcome] | None
    """One for each item; None: the call was never processed."""
    error: SyncrampError | None = None
    """Why the export cannot go on."""
    calls: int = 1
    lost: bool = False
    """A try of the call was never answered, and may still be processed."""
    heavy: bool = False
    """The batch was more than the service, or the way to it, could take."""
    times: Sequence[CallTime] = ()
    """Of its calls those that carried links and were answered, or waited for too long."""
    seconds: Sequence[float] = ()
    """How long each of its calls took that was answered, and not put off."""
    repeated: Mapping[int, tuple[BitMap, BitMap]] = field(default_factory=dict)
    """Group -> links that the cloud may have added, and removed, before the answered try."""

    @property
    def pairs(self) -> Iterator[tuple[Item, Outcome]]:
        """Items with their outcomes."""
        return zip(self.items, self.outcomes or (), strict=False)

    @staticmethod
    def applied(outcome: Outcome) -> bool:
        """The service did it."""
        return outcome.result is Result.APPLIED

    @staticmethod
    def unknown_target(outcome: Outcome) -> bool:
        """The service refused because it does not know a referenced object (yet)."""
        return outcome.result is Result.REFUSED and cause_of(outcome.code, outcome.description).name == UNRESOLVED


def call(job: Job, intent: Intent) -> Answer:
    """Send a batch whose intent is durable."""
    sending = _Sending(job, intent.last_try)
    outcomes: Sequence[Outcome] | None = sending.send([item.object for item in intent.items])
    error = sending.error
    if not sending.answered:  # nothing of it is known: either nothing was processed, or everything is in doubt
        failure = None if sending.stopped else sending.lost
        outcomes, error = (outcomes, error or failure) if sending.lost else (None, error)
    heavy = sending.heavy or (sending.lost is not None and not sending.answered)
    return Answer(
        intent.items, outcomes, error, sending.calls, sending.lost is not None, heavy, sending.times, sending.seconds
    )


class _Sending:
    """The tries of one batch, one after the other.

    :param last_try: no try begins later; seconds since the epoch.
    """

    def __init__(self, job: Job, last_try: float) -> None:
        self._job = job
        self._last_try = last_try
        self._failures = 0
        self.calls = 0
        self.times: list[CallTime] = []
        self.seconds: list[float] = []
        self.answered = False
        """Some part of the batch has its outcomes."""
        self.heavy = False
        self.stopped = False
        """Parts of the batch were not sent any more."""
        self.lost: AnswerLost | None = None
        self.error: SyncrampError | None = None

    def send(self, objects: Sequence[SyncObject]) -> list[Outcome]:
        """What became of these objects; unknown, for those whose answer never came."""
        if self._job.stop.is_set():
            self.stopped = True
            return _unknown(objects, "not sent again, because the run was stopped")
        if self.error or self._failures >= HOPELESS:
            return _unknown(objects, "not sent again, because the calls before it failed")
        try:
            outcomes = list(self._repeat(objects))
        except (CallTooLarge, CallTimedOut, CallFailed) as error:
            return self._divide(objects, error)
        except SyncrampError as error:
            self.error = error
            return _unknown(objects, error.what)
        self._failures = 0
        self.answered = True
        if any(outcome.repeated for outcome in outcomes):
            self.lost = self.lost or AnswerLost("a gateway answered an earlier try in place of the service")
        return outcomes

    def _repeat(self, objects: Sequence[SyncObject]) -> Sequence[Outcome]:
        """The same objects until they are answered, as often as the pace allows."""
        attempt = 0
        while True:
            patience = self._last_try - self._job.clock()
            if self.lost and patience < 0:
                raise self.lost
            self._job.may_send()
            self.calls += 1
            attempt += 1
            try:
                return self._timed(objects, patience)
            except AnswerLost as error:
                self.lost = error
                self._failures += 1
                if attempt >= self._tries(error) or self._job.rest(self._job.stop, _pause(attempt)):
                    raise

    def _timed(self, objects: Sequence[SyncObject], patience: float) -> Sequence[Outcome]:
        """How long the service took is noted, unless it put the call off: then most of it was waiting."""
        began, endpoint = self._job.clock(), self._job.endpoint
        before, answered = endpoint.put_off(), True
        try:
            return endpoint.provision(objects, patience)
        except SyncrampError as error:
            answered = isinstance(error, CallTimedOut)
            raise
        finally:
            links = sum(obj.links for obj in objects)
            if answered and endpoint.put_off() == before:
                now = self._job.clock()
                self.seconds.append(max(0.0, now - began))
                if links:
                    self.times.append(CallTime(now, 0, links, len(objects), self.seconds[-1]))

    def _tries(self, error: AnswerLost) -> int:
        """Who waited in vain would do so again; a part of what made the service fail is tried once."""
        once = isinstance(error, CallTimedOut) or (isinstance(error, CallFailed) and self.heavy)
        return 1 if once else self._job.pace.lost_answers

    def _divide(self, objects: Sequence[SyncObject], error: SyncrampError) -> list[Outcome]:
        halves = _halves(objects)
        self.heavy = self.heavy or halves is not None
        if halves is not None:
            one, other = (self.send(half) for half in halves)
            return [*one, *other] if len(objects) > 1 else [_both(one[0], other[0])]
        if isinstance(error, CallTooLarge):
            self.answered = True
            return [Outcome(Result.REFUSED, "LargeObject", f"{ALONE}: {error.what}")]
        return _unknown(objects, error.what)


def _pause(attempt: int) -> float:
    return RETRY_SECONDS * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311


def _halves(objects: Sequence[SyncObject]) -> tuple[Sequence[SyncObject], Sequence[SyncObject]] | None:
    """Half of the objects and the other half, of a single one half of its links; None when nothing can be divided."""
    if len(objects) > 1:
        middle = len(objects) // 2
        return objects[:middle], objects[middle:]
    (alone,) = objects
    links = alone.values.get("member")
    if not isinstance(links, tuple) or len(links) < 2:
        return None
    middle = len(links) // 2
    one, other = (
        replace(alone, values={**alone.values, "member": part}) for part in (links[:middle], links[middle:])
    )
    return [one], [other]


def _both(one: Outcome, other: Outcome) -> Outcome:
    """What is known of an object whose links went in two parts."""
    if one.result is other.result:
        told = one if one.rejected or not other.rejected else other
        return replace(told, rejected=(*one.rejected, *other.rejected))
    return Outcome(Result.UNKNOWN, description=one.description or other.description)


NOTHING_TO_DELETE = "114"
"""ResultErrorCode of a delete whose object is unknown, restored, or not synchronised."""


def believe(intent: Intent, item: Item, outcome: Outcome) -> Outcome:
    """What an answer proves beyond its words.

    A delete that was in doubt already (its object's create, or an earlier delete, was never answered) and is answered
    "nothing to delete" has its object gone: the run's own read-back, which began after that call, did not show it.
    """
    in_doubt = intent.doubt.get(item.id, (0, None))[0]
    if item.deletes and in_doubt and outcome.result is Result.REFUSED and outcome.code == NOTHING_TO_DELETE:
        return Outcome(Result.APPLIED, operation=outcome.operation)
    return outcome


def made_anew(intent: Intent, item: Item, outcome: Outcome) -> bool:
    """The object was gone, and an update created another one: the service says so, or names another cloud anchor.

    Where the service repeats the operation of the request instead of telling what it did, only the anchor shows it.
    """
    if item.id not in intent.held or outcome.result is not Result.APPLIED:
        return False
    known, told = intent.held[item.id], outcome.cloud_anchor
    return outcome.operation == Operation.ADD or bool(known and told and not same_object(known, told))


def _unknown(objects: Sequence[SyncObject], why: str) -> list[Outcome]:
    return [Outcome(Result.UNKNOWN, description=why)] * len(objects)
