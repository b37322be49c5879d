"""Who can be referred to: the service needs a while (30 seconds, as others found) until it knows a new object.

A reference sent earlier fails or is dropped without a word, so it is not sent: creates go without it, additions wait.

The moments of earlier runs are those of a clock that may have been wrong: nobody is new for longer than the delay
from now on, and who was waited for is new no more.
"""

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.events import Note
from syncramp.store.snapshot import Snapshot

TOLD = 5.0
"""A wait of so many seconds is told."""


class Visibility:
    """Which objects a reference may name, at this moment of a run.

    New objects stand in sets, one for each second in which they came, until the delay of the last of them is over.
    """

    def __init__(self, job: Job, snapshot: Snapshot) -> None:
        self._job = job
        self._delay = job.config.target.endpoint.visibility_delay.total_seconds()
        self._in_cloud = snapshot.in_cloud | snapshot.referable
        self._new = BitMap()
        self._arrivals: dict[int, tuple[float, BitMap]] = {}
        now = job.clock()
        earlier = snapshot.created_since(now - self._delay)
        for identity, moment in sorted(earlier.items(), key=lambda item: item[1]):
            self._enqueue(BitMap([identity]), min(moment, now))

    def arrived(self, ids: BitMap) -> None:
        """The service answered that it created or changed objects."""
        if came := ids - self._in_cloud:
            self._in_cloud |= came
            self._enqueue(came, self._job.clock())

    def made_anew(self, identity: int) -> None:
        """The service answered that it created an object which we held for there."""
        self._enqueue(BitMap([identity]), self._job.clock())

    def in_cloud(self, identity: int) -> bool:
        """The object is known to be in the cloud."""
        return identity in self._in_cloud

    def visible(self, identity: int) -> bool:
        """A reference may name it."""
        self._let_go()
        return identity in self._in_cloud and identity not in self._new

    def now_visible(self) -> BitMap:
        """All that a reference may name at this moment."""
        self._let_go()
        return self._in_cloud - self._new

    def reachable(self, ids: BitMap) -> BitMap:
        """Those that are in the cloud, too new ones included."""
        return ids & self._in_cloud

    def hidden(self, ids: BitMap) -> BitMap:
        """Those of these that are too new to be named."""
        self._let_go()
        return ids & self._new

    def wait(self) -> None:
        """Until everything that is in the cloud now can be named; a stop ends the wait."""
        if not self._arrivals:
            return
        last, _ = self._arrivals[next(reversed(self._arrivals))]
        pause = min(self._delay, max(0.0, last + self._delay - self._job.clock()))
        if pause >= TOLD:
            self._job.listen(Note("info", f"waiting {pause:.0f}s until the service can refer to what is new"))
        if not self._job.rest(self._job.stop, pause):
            self._arrivals.clear()
            self._new.clear()

    def _enqueue(self, ids: BitMap, moment: float) -> None:
        _, others = self._arrivals.get(int(moment), (moment, BitMap()))
        self._arrivals[int(moment)] = moment, others | ids
        self._new |= ids

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
