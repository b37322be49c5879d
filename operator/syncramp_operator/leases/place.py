"""A Lease of a cluster, as one contender reads and writes it.

The deciding is in ``leasing``; here it meets the API server and the clock. The clock is the one that goes on while a
machine sleeps, because who slept must find its Lease gone. Each request has a short time-out, and none is repeated by
the client: a write whose answer is lost is told apart by what stands there then.
"""

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from syncramp_operator.api.cluster import Cluster, ClusterRefused, ObjectConflict, ObjectMissing
from syncramp_operator.api.resources import LEASES, MANAGED_BY, Object
from syncramp_operator.leases.leasing import Contender, Look, Put, Record, Rest

ANSWER = 5
"""Seconds that the API server has for an answer about a Lease: whoever waits longer cannot renew in time."""
LONGEST_REST = 3600.0

Clock = Callable[[], float]


def uptime() -> float:
    """Seconds since the machine was started, those included in which it slept (CLOCK_BOOTTIME of Linux)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Place:
    """One Lease of a cluster, read and written by one contender.

    :param writes: told the token before it is first written.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        name: str,
        contender: Contender,
        clock: Clock = uptime,
        writes: Callable[[int], None] = lambda token: None,
    ) -> None:
        self.namespace, self.name = namespace, name
        self._cluster = cluster
        self._contender = contender
        self._clock = clock
        self._writes = writes
        self._lock = threading.Lock()

    def step(self) -> float:
        """Do what is next: at most one request.

        :returns: seconds until there is something to do again.
        :raises ClusterUnavailable: the API server does not answer; the next step tries again.
        :raises ClusterRefused: a right is missing.
        """
        with self._lock:
            action = self._contender.next(self._clock())
            if isinstance(action, Rest):
                return min(action.until - self._clock(), LONGEST_REST)
            try:
                self._act(action)
            except ObjectConflict:
                self._contender.beaten()
            except Exception:
                self._contender.failed(self._clock())
                raise
            return 0.0

    def leave(self, rest: float) -> None:
        """Give it up, if it is ours; the others then still wait so many seconds. That it fails is no harm: they wait
        for as long as the Lease says.
        """
        with self._lock:
            if put := self._contender.farewell(rest):
                self._write(put.record)

    def _act(self, action: Look | Put) -> None:
        if isinstance(action, Look):
            self._contender.saw(self._read(), self._clock())
            return
        if not self._contender.taken:
            self._writes(action.record.token)
        self._contender.sends(self._clock())
        self._contender.stored(self._write(action.record))

    def _read(self) -> Record:
        try:
            return record_of(self._cluster.get(LEASES, self.namespace, self.name))
        except ObjectMissing:
            return Record()

    def _write(self, record: Record) -> Record:
        """:raises ObjectConflict: it was changed, made or deleted since it was read."""
        body = _body(self.namespace, self.name, record)
        write = self._cluster.replace if record.version else self._cluster.create
        try:
            return record_of(write(LEASES, self.namespace, body))
        except ObjectMissing:
            if not record.version:
                remedy = "make it, or name another one"
                raise ClusterRefused("there is no such namespace", where=self.namespace, remedy=remedy) from None
            raise ObjectConflict("it was deleted meanwhile", where=self.name) from None


def record_of(body: Object) -> Record:
    """What stands in a Lease. One without a duration is not ours; it counts as the longest of ours."""
    spec = body.get("spec") or {}
    return Record(
        holder=spec.get("holderIdentity") or "",
        duration=float(spec.get("leaseDurationSeconds") or LONGEST_REST),
        token=int(spec.get("leaseTransitions") or 0),
        renewed=str(spec.get("renewTime") or ""),
        acquired=str(spec.get("acquireTime") or ""),
        version=body["metadata"]["resourceVersion"],
    )


def _body(namespace: str, name: str, record: Record) -> Object:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    metadata: Object = {"name": name, "namespace": namespace, "labels": dict(MANAGED_BY)}
    if record.version:
        metadata["resourceVersion"] = record.version
    spec = {
        "holderIdentity": record.holder,
        "leaseDurationSeconds": math.ceil(record.duration),
        "leaseTransitions": record.token,
        "acquireTime": record.acquired or now,
        "renewTime": now,
    }
    return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
