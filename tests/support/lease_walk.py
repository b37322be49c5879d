"""A tenant, an API server and several processes that want its Lease, on a virtual clock.

Each process has a clock of its own that is set wrong and goes at a pace of its own. Requests are slow, lost on the
way there or on the way back, or arrive long after nobody waits for them any more; processes are cut off or stand
still for a while, die, and begin again. Whoever believes that it holds the Lease makes calls, and a call may travel
for as long as the terms allow. Two calls of different stores under way at once end the walk.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from syncramp_operator.leases.leasing import Contender, Look, Put, Record, Rest, Seen, Terms, tenant_terms

TRAVEL = 60.0
TERMS = tenant_terms(TRAVEL)
PATIENCE = 5.0
"""Seconds after which a process gives a request up."""
GAP = 12.0
"""Between a look at the Lease and the request that follows, at most."""
FATES = ("pause", "pause", "cut", "cut", "crash", "release")
UNEVEN = 0.004
"""Clocks go faster or slower than time by this part, at most."""


@dataclass
class Flight:
    """One call on its way to the tenant."""

    store: str
    token: int
    begins: float
    ends: float


@dataclass
class World:
    """Time, the Lease as it is stored, and all calls that were made."""

    seed: int
    terms: Terms = TERMS
    now: float = 0.0
    stored: Record = field(default_factory=Record)
    flights: list[Flight] = field(default_factory=list)
    healthy: bool = False
    """From now on nothing goes wrong any more."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._versions = count(1)

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), happens))

    def play(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, happens = heapq.heappop(self._events)
            happens()
        self.now = until

    def put(self, record: Record) -> Record | None:
        """What the API server does with a write; None: a conflict."""
        if record.version != self.stored.version:
            return None
        version = str(next(self._versions))
        self.stored = replace(record, version=version, renewed=version)
        return self.stored

    def begin(self, flight: Flight) -> None:
        """A call leaves: no other store's may be under way."""
        others = [one for one in self.flights if one.ends > self.now and one.store != flight.store]
        assert not others, f"seed {self.seed}: at {self.now:.1f} {flight} beside {others}"
        newest = max((one.token for one in self.flights), default=0)
        assert flight.token >= newest, f"seed {self.seed}: {flight} after token {newest}"
        self.flights.append(flight)


class Process:
    """One process on one store, and those that come after it."""

    def __init__(self, world: World, store: str) -> None:
        self.world, self.store = world, store
        self.noted = 0
        self.seen: Seen | None = None
        self.began = 0
        """How many processes there were."""
        self._offset = world.dice.uniform(0, 1e6)
        self._pace = 1 + world.dice.uniform(-UNEVEN, UNEVEN)
        self._still = self._cut_off = self._last = 0.0
        self.start()

    def clock(self) -> float:
        return (self.world.now + self._offset) * self._pace

    def start(self) -> None:
        """A new process: it knows what the store knows."""
        self.began += 1
        self.contender = Contender(self.store, self.world.terms, noted=self.noted, seen=self.seen)
        self._later(self.world.dice.uniform(0, 3), self._work)
        self._later(self.world.dice.uniform(0, 3), self._call)
        self._later(self.world.dice.uniform(20, 300), self._fate)

    def _later(self, seconds: float, happens: Callable[[], None]) -> None:
        """It happens to this process, if it is still there, and not while it stands still."""
        number = self.began

        def due() -> None:
            if self.began != number:
                return
            if self.world.now < self._still:
                self.world.at(self._still + self.world.dice.uniform(0, 1), due)
            else:
                happens()

        self.world.at(self.world.now + seconds, due)

    # --- the thread that keeps the Lease ---------------------------------------------------------------------------

    def _work(self) -> None:
        self.seen = self.contender.seen
        action = self.contender.next(self.clock())
        if isinstance(action, Rest):
            if not self.contender.lost:
                self._later(max(0.0, action.until - self.clock()) / self._pace, self._work)
            return
        if isinstance(action, Put) and not self.contender.taken:
            self.noted = max(self.noted, action.record.token)
        if isinstance(action, Put):
            self.contender.sends(self.clock())
        self._ask(action)

    def _ask(self, action: Look | Put) -> None:
        there, back = self._delay(), self._delay()
        answered = there + back < PATIENCE
        if there < 1000:
            self.world.at(self.world.now + there, lambda: self._served(action, back, answered))
        if not answered:
            self._later(PATIENCE, self._failed)

    def _delay(self) -> float:
        dice = self.world.dice
        fate = 1.0 if self.world.healthy else dice.random()
        if fate < 0.08 or (self.world.now < self._cut_off and not self.world.healthy):
            return float("inf")
        return dice.uniform(0, 90) if fate < 0.2 else dice.uniform(0, 0.3)

    def _served(self, action: Look | Put, back: float, answered: bool) -> None:
        answer = self.world.put(action.record) if isinstance(action, Put) else self.world.stored
        if answered:
            self._later(back, lambda: self._answered(action, answer))

    def _answered(self, action: Look | Put, answer: Record | None) -> None:
        if answer is None:
            self.contender.beaten()
        elif isinstance(action, Put):
            self.contender.stored(answer)
        else:
            self.contender.saw(answer, self.clock())
        self._work()

    def _failed(self) -> None:
        self.contender.failed(self.clock())
        self._work()

    # --- the run ---------------------------------------------------------------------------------------------------

    def _call(self) -> None:
        dice, number = self.world.dice, self.began
        if self.contender.holds(self.clock()):
            begins = self.world.now + dice.choice([0.0, 0.0, dice.uniform(0, GAP)])
            travels = dice.choice([0.2, dice.uniform(0, TRAVEL), TRAVEL])
            flight = Flight(self.store, self.contender.token, begins, begins + travels)
            self._last = max(self._last, flight.ends)
            self.world.at(begins, lambda: self._begin(flight, number))
        if not self.contender.lost:
            self._later(dice.uniform(0.1, 15), self._call)

    def _begin(self, flight: Flight, number: int) -> None:
        if self.began == number:  # who died between the look and the request sends nothing
            self.world.begin(flight)

    # --- what becomes of it ----------------------------------------------------------------------------------------

    def _fate(self) -> None:
        dice = self.world.dice
        match "release" if self.world.healthy else dice.choice(FATES):
            case "cut":
                self._cut_off = self.world.now + dice.choice([10, 50, 150, 400])
                self._later(dice.uniform(20, 200), self._fate)
            case "pause":
                self._still = self.world.now + dice.choice([10, 50, 150, 400])
                self._later(0, self._fate)
            case "crash":
                self._end()
            case _:
                self._release()
                self._end()

    def _release(self) -> None:
        """A call whose answer is not waited for any more is still under way."""
        if put := self.contender.farewell(self._last - self.world.now):
            self.world.put(put.record)

    def _end(self) -> None:
        self.began += 1
        self.world.at(self.world.now + self.world.dice.choice([0, 1, 60, 300]), self.start)
