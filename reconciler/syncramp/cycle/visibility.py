"""Who can be referred to: the service needs a while (30 seconds, as others found) until it knows a new object.

A reference sent earlier fails or is dropped without a word, so it is not sent: creates go without it, additions wait.
"""

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.store.snapshot import Snapshot


class Visibility:
    """Which objects a reference may name, at this moment of a run."""

    def __init__(self, job: Job, snapshot: Snapshot) -> None:
        self._job = job
        self._delay = job.config.target.endpoint.visibility_delay.total_seconds()
        self._in_cloud = BitMap(snapshot.in_cloud)
        self._new = snapshot.created_since(job.clock() - self._delay)

    def arrived(self, identity: int) -> None:
        """The service answered that it created or changed an object."""
        if identity not in self._in_cloud:
            self._in_cloud.add(identity)
            self._new[identity] = self._job.clock()

    def in_cloud(self, identity: int) -> bool:
        """The object is known to be in the cloud."""
        return identity in self._in_cloud

    def visible(self, identity: int) -> bool:
        """A reference may name it."""
        return identity in self._in_cloud and not self._is_new(identity)

    def reachable(self, ids: BitMap) -> BitMap:
        """Those that are in the cloud, too new ones included."""
        return ids & self._in_cloud

    def hidden(self, ids: BitMap) -> BitMap:
        """Those of these that are too new to be named."""
        return BitMap(identity for identity in ids & BitMap(self._new) if self._is_new(identity))

    def wait(self) -> None:
        """Until everything that is in the cloud now can be named; a stop ends the wait."""
        if self._new:
            last = max(self._new.values())
            self._job.stop.wait(max(0.0, last + self._delay - self._job.clock()))

    def _is_new(self, identity: int) -> bool:
        since = self._new.get(identity)
        if since is None:
            return False
        if self._job.clock() - since < self._delay:
            return True
        del self._new[identity]
        return False
