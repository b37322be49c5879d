"""Gates that ask other systems: each is asked once for a decision, several at a time.

They are asked before anything is sent, and leavers wait for nobody. So there is one deadline for all of them, and
whoever has not answered by then is not waited for: a name server, or a server that sends its answer byte by byte,
could else keep a run for as long as it likes. Whatever goes wrong with a question is an answer, and ends no run.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from syncramp.cycle.job import Job
from syncramp.errors import SyncrampError
from syncramp.model.measures import Asked, Told
from syncramp.model.seams import OutsideMetric

AT_ONCE = 8
LONGEST = 15.0
"""Seconds for all questions of a run: one of them may take ten, and those behind it the rest."""

_Key = tuple[str, str]
"""Ramp and gate."""
_Question = tuple[_Key, OutsideMetric]


def ask(job: Job, ramps: Mapping[str, Asked]) -> dict[str, dict[str, Told]]:
    """What the systems outside say of ramps that are judged in this run; a plan asks them, too.

    :param ramps: by their names.
    :returns: ramp -> gate -> what it was told.
    """
    told: dict[str, dict[str, Told]] = {ramp: {} for ramp in ramps}
    wanted = [(key, metric) for key, metric in job.outside.items() if key[0] in ramps]
    answers = _answers(wanted, ramps)
    for (ramp, gate), _ in wanted:
        late = Told(None, f"there was no answer when the {LONGEST:g}s were over that all gates have", failed=True)
        told[ramp][gate] = answers.get((ramp, gate), late)
    return told


def _answers(wanted: Sequence[_Question], ramps: Mapping[str, Asked]) -> dict[_Key, Told]:
    """The answers that came in time."""
    questions, landed, found = iter(wanted), SimpleQueue[tuple[_Key, Told]](), dict[_Key, Told]()
    deadline = monotonic() + LONGEST
    for question in islice(questions, AT_ONCE):
        _send(question, ramps, landed)
    while len(found) < len(wanted):
        try:
            key, answer = landed.get(timeout=max(0.0, deadline - monotonic()))
        except Empty:
            break
        found[key] = answer
        if following := next(questions, None):
            _send(following, ramps, landed)
    return found


def _send(question: _Question, ramps: Mapping[str, Asked], landed: "SimpleQueue[tuple[_Key, Told]]") -> None:
    """Ask in a thread that keeps no process alive."""
    key, metric = question

    def answer() -> None:
        landed.put((key, _told(metric, ramps[key[0]])))

    Thread(target=answer, name=f"gate {key[1]}", daemon=True).start()


def _told(metric: OutsideMetric, about: Asked) -> Told:
    try:
        return metric.ask(about)
    except SyncrampError as error:
        return Told(None, str(error), failed=True)
    except Exception as error:  # noqa: BLE001 - it is no matter of ours, and its words may hold a secret
        return Told(None, f"it could not be asked ({type(error).__name__})", failed=True)
