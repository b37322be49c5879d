"""One call of the export, made in a thread of the pool: it touches the endpoint and nothing else.

An answer that was lost is asked for again with the same batch: ``Set``, ``Delete`` and member changes are written so
that repetition converges. If it stays lost, the outcome of every object is unknown, and the store says so. No try
begins after the last moment of the intent, because the deadline in the store is counted from that moment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syncramp.cycle.job import Job
from syncramp.errors import AnswerLost, SyncrampError
from syncramp.model.wire import Outcome, Result
from syncramp.store.exports import Intent, Item

RETRY_SECONDS = 2.0
"""Before a batch is sent again after its answer was lost; doubled each time."""


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
        return outcome.result is Result.REFUSED and "reference" in outcome.description.lower()


def call(job: Job, intent: Intent) -> Answer:
    """Send a batch whose intent is durable."""
    objects = [item.object for item in intent.items]
    lost: AnswerLost | None = None
    calls = 0
    for attempt in range(job.pace.lost_answers):
        if attempt and job.stop.wait(RETRY_SECONDS * 2 ** (attempt - 1)):
            break
        patience = intent.last_try - job.clock()
        if lost and patience < 0:
            break
        calls += 1
        try:
            return Answer(intent.items, job.endpoint.provision(objects, patience), None, calls, lost is not None)
        except AnswerLost as error:
            lost = error
        except SyncrampError as error:
            outcomes = _unknown(intent) if lost else None  # an earlier try may have been processed
            return Answer(intent.items, outcomes, error, calls, lost is not None)
    return Answer(intent.items, _unknown(intent), lost, calls, lost=True)


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


def _unknown(intent: Intent) -> list[Outcome]:
    return [Outcome(Result.UNKNOWN)] * len(intent.items)
