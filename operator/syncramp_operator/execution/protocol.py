"""Where runs are made, as one protocol: in children of the operator, or in Jobs of the cluster."""

from collections.abc import Mapping
from typing import Any, Protocol

from syncramp.cycle.job import Pace
from syncramp.spec.durations import parse_duration
from syncramp.spec.schema import with_defaults
from syncramp.spec.structure import scheduling_of
from syncramp_operator.api.cluster import Cluster
from syncramp_operator.api.resources import SYNCRUNS, Object
from syncramp_operator.runs.syncruns import Loss, phase_of

GRACE = 60.0
"""Seconds between what must be over by itself and what is ended by force."""


def deadline_of(config: Mapping[str, Any]) -> float:
    """Seconds after which a run ends by itself: ``spec.timeout``."""
    return scheduling_of(with_defaults(config)["spec"]).timeout.total_seconds()


def travel_of(config: Mapping[str, Any]) -> float:
    """Seconds that calls in flight may take until their answers."""
    told = config["spec"]["target"].get("endpoint", {}).get("callTimeout", "0s")
    return max(Pace().call_timeout, parse_duration(told).total_seconds())


def is_over_now(cluster: Cluster, run: Object) -> bool:
    """Whether a run is over, or gone, by its SyncRun as it is now: it may have ended since it was listed. It blocks.

    :raises SyncrampError: the API server does not say.
    """
    metadata = run["metadata"]
    found = cluster.list(SYNCRUNS, metadata["namespace"], fields=f"metadata.name={metadata['name']}")
    return not found or phase_of(found[0]).over


class Execution(Protocol):
    """What the operator asks of either; all of it comes back soon."""

    async def start(self, config: Object, run: Object) -> None:
        """Begin a run; one that has begun already is left alone.

        :param config: the SyncConfig, as the API server showed it.
        :param run: its SyncRun, as it is stored.
        :raises SyncrampError: it could not begin: a Secret is missing, or the API server did not take it.
        """

    async def stop(self, run: Object, reason: str) -> None:
        """End a run after its calls in flight; its SyncRun tells when that is done, with this reason."""

    async def lost(self, run: Object) -> Loss | None:
        """What became of a run that is not over by its SyncRun, and that nobody works on any more; else None.

        :raises SyncrampError: that cannot be known now.
        """

    async def close(self, grace: float) -> None:
        """The operator ends: what must not outlive it has ended within so many seconds, and its end is written."""
