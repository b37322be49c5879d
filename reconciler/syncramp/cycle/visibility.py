"""Who can be referred to: the service needs a while (30 seconds, as others found) until it knows a new object.

A reference sent earlier fails or is dropped without a word, so it is not sent: creates go without it, additions wait.
"""

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.store.snapshot import Snapshot


class Visibility:
    """Which objects a reference may name, at this moment of a run.

    New objects stand in sets, one for each second in which they came, until the delay of the last of them is over.
    """

    def __init__(self, job: Job, snapshot: Snapshot) -> None:
        self._job = job
        self._delay = job.config.target.endpoint.visibility_delay.total_seconds()
        self._in_cloud = BitMap(snapshot.in_cloud)
        self._new = BitMap()
        self._arrivals: dict[int, tuple[float, BitMap]] = {}
        earlier = snapshot.created_since(job.clock() - self._delay)
        for identity, moment in sorted(earlier.items(), key=lambda item: item[1]):
            self._enqueue(identity, moment)

    def arrived(self, identity: int) -> None:
        """The service answered that it created or changed an object."""
        if identity not in self._in_cloud:
            self._in_cloud.add(identity)
            self._enqueue(identity, self._job.clock())

    def in_cloud(self, identity: int) -> bool:
        """The object is known to be in the cloud."""
        return identity in self._in_cloud

    def visible(self, identity: int) -> bool:
        """A reference may name it."""
        self._let_go()
        return identity in self._in_cloud and identity not in self._new

    def reachable(self, ids: BitMap) -> BitMap:
        """Those that are in the cloud, too new ones included."""
        return ids & self._in_cloud

    def hidden(self, ids: BitMap) -> BitMap:
        """Those of these that are too new to be named."""
        self._let_go()
        return ids & self._new

    def wait(self) -> None:
        """Until everything that is in the cloud now can be named; a stop ends the wait."""
        if self._arrivals:
            last, _ = self._arrivals[next(reversed(self._arrivals))]
            self._job.stop.wait(max(0.0, last + self._delay - self._job.clock()))

    def _enqueue(self, identity: int, moment: float) -> None:
        _, ids = self._arrivals.get(int(moment), (moment, BitMap()))
        ids.add(identity)
        self._arrivals[int(moment)] = moment, ids
        self._new.add(identity)

    def _let_go(self) -> None:
        """Those whose delay is over are new no more."""
        now = self._job.clock()
        while self._arrivals:
            second = next(iter(self._arrivals))
            last, ids = self._arrivals[second]
            if now - last < self._delay:
                return
            self._new -= ids
            del self._arrivals[second]
