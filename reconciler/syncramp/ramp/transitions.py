"""What can happen to a ramp, and which phases can come of it: the whole table, which every decision goes by.

A pair that leads nowhere is in the table, too: the event does not happen in that phase, or the command is refused
(``ramp.commands`` says why, and what to do instead).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import product

from syncramp.model.ramps import Command, Phase


class Event(StrEnum):
    """What can happen to a ramp."""

    POLICY = "another policy"
    """Its steps, its match or how it admits changed in the document."""
    FULL = "nothing more fits"
    FAILED = "a gate fails"
    FAILED_OFTEN = "gates failed too often"
    ABORT_VALUE = "a gate fails at its abort value"
    RECOVERED = "the gates that failed pass"
    SOAKED = "the soak is over and all gates pass"
    WAITING = "somebody waits for a later step, or many below the ceiling"
    UNRAMPED = "its groups never wait (`admit: Now`)"
    PROMOTE = Command.PROMOTE.value
    PROMOTE_FULL = Command.PROMOTE_FULL.value
    PAUSE = Command.PAUSE.value
    RESUME = Command.RESUME.value
    ABORT = Command.ABORT.value
    REVERT = Command.REVERT.value
    RETRY = Command.RETRY.value


_STEP = (Phase.GROWING, Phase.PAUSED, Phase.COMPLETE)
"""What a step can begin with: somebody fits, it is a pause, or nobody waits whom it or a later one could admit."""
_RUNNING = (Phase.GROWING, Phase.SOAKING, Phase.HOLDING)
_UNDECIDED = (*_RUNNING, Phase.PAUSED, Phase.COMPLETE)
_STOPPED = (Phase.ABORTED, Phase.REVERTING)

_HAPPENS: Sequence[tuple[Sequence[Phase], Event, Sequence[Phase]]] = (
    (_UNDECIDED, Event.POLICY, _STEP),
    ((Phase.ABORTED,), Event.POLICY, (Phase.ABORTED,)),
    ((Phase.REVERTING,), Event.POLICY, (Phase.REVERTING,)),
    ((Phase.GROWING,), Event.FULL, (Phase.SOAKING,)),
    (_RUNNING, Event.FAILED, (Phase.HOLDING,)),
    (_RUNNING, Event.FAILED_OFTEN, (Phase.PAUSED,)),
    (_RUNNING, Event.ABORT_VALUE, (Phase.PAUSED,)),
    ((Phase.HOLDING,), Event.RECOVERED, (Phase.GROWING, Phase.SOAKING)),
    ((Phase.SOAKING,), Event.SOAKED, _STEP),
    ((Phase.SOAKING,), Event.WAITING, (Phase.GROWING,)),
    ((Phase.COMPLETE,), Event.WAITING, (Phase.GROWING, Phase.SOAKING)),
    ((*_RUNNING, Phase.PAUSED), Event.UNRAMPED, (Phase.COMPLETE,)),
    (_UNDECIDED, Event.PROMOTE, _STEP),
    (_UNDECIDED, Event.PROMOTE_FULL, (Phase.GROWING, Phase.COMPLETE)),
    ((*_RUNNING, Phase.COMPLETE), Event.PAUSE, (Phase.PAUSED,)),
    ((Phase.PAUSED,), Event.RESUME, (Phase.GROWING, Phase.SOAKING, Phase.PAUSED)),
    ((*_UNDECIDED, Phase.REVERTING), Event.ABORT, (Phase.ABORTED,)),
    ((*_UNDECIDED, Phase.ABORTED), Event.REVERT, (Phase.REVERTING,)),
    (_STOPPED, Event.RETRY, (Phase.GROWING, Phase.SOAKING, Phase.PAUSED)),
)

TABLE: Mapping[tuple[Phase, Event], frozenset[Phase]] = {
    **dict.fromkeys(product(Phase, Event), frozenset()),
    **{(phase, event): frozenset(outcomes) for phases, event, outcomes in _HAPPENS for phase in phases},
}
"""Phase and event -> the phases that can come of it; none: it does not happen then."""


def allowed(phase: Phase, event: Event) -> bool:
    """The event can happen in the phase."""
    return bool(TABLE[phase, event])
