"""Gates that ask other systems: each is asked once for a decision, several at a time."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from syncramp.cycle.job import Job
from syncramp.model.measures import Asked, Told

AT_ONCE = 8


def ask(job: Job, ramps: Mapping[str, Asked]) -> dict[str, dict[str, Told]]:
    """What the systems outside say of ramps that are judged in this run; a plan asks them, too.

    :param ramps: by their names.
    :returns: ramp -> gate -> what it was told.
    """
    told: dict[str, dict[str, Told]] = {ramp: {} for ramp in ramps}
    wanted = [(key, metric) for key, metric in job.outside.items() if key[0] in ramps]
    if not wanted:
        return told
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gates") as pool:
        answers = pool.map(lambda one: one[1].ask(ramps[one[0][0]]), wanted)
        for ((ramp, gate), _), answer in zip(wanted, answers, strict=True):
            told[ramp][gate] = answer
    return told
