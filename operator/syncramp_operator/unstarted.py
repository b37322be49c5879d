"""A run that could not begin: its SyncRun is there, and says why."""

from syncramp.errors import Retry, Stalled, SyncrampError, Waiting
from syncramp_operator.cluster import Object
from syncramp_operator.outcome import Outcome, RunPhase
from syncramp_operator.runs import Telling


def unstarted(run: Object, now: float, error: SyncrampError) -> Object:
    """Its end, as a merge patch.

    :param now: seconds since the epoch.
    """
    family = next(kind.__name__ for kind in (Stalled, Waiting, Retry, SyncrampError) if isinstance(error, kind))
    telling = Telling(run, now)
    telling.end(Outcome(RunPhase.FAILED, error.reason, str(error), family), now)
    return telling.patch(now)
