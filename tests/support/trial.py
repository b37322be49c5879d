"""A random walk over everything that can go wrong between directories and the cloud, and what stays true.

Time passes within a run; the service is busy; calls in flight are processed in any order; answers are lost before or
after the cloud processed a call, calls take too long, make the service fail, or are too large for it, objects are
refused, the process dies at any transaction and around any call, and calls that nobody waits for any more arrive
later. Calls carry more or less, some clouds refuse more than others, and some refuse a member change that was made
already.
"""

import random
from contextlib import suppress
from pathlib import Path

from support.build import guid, user_dn
from support.engine import Engine, crashing
from support.flight import flights
from support.model import Crash, lost, no_fault
from support.staff import GROUPS, PEOPLE, Staff
from syncramp.cycle.job import Pace
from syncramp.errors import CallFailed, CallTimedOut, CallTooLarge, SyncrampError
from syncramp.model.values import Kind

PATIENCE = 60.0
"""Seconds after its intent in which a call may leave."""
TRAVEL = 100.0
"""Seconds a call may be under way."""
STEP = 30.0
"""Seconds that pass at once, at most."""


def check_bounds(engine: Engine, others: frozenset[str] = frozenset()) -> None:
    """What is known of the cloud is true, but for what is not ours."""
    with engine.store() as store:
        ids = dict(store.database.all("SELECT anchor, id FROM objects WHERE anchor IS NOT NULL"))
        for anchor, identity in ids.items():
            if anchor in others:
                continue
            check_object(engine, store, anchor, identity)
        groups = {anchor for anchor, held in engine.cloud.objects.items() if held.kind == "Group"}
        for anchor in groups - others:
            membership = store.snapshot().membership(ids[anchor])
            if membership is None:
                continue
            cloud = {ids[member] for member in engine.cloud.links.get(anchor, ()) if member in ids}
            theirs = {ids[member] for member in others if member in ids}
            assert set(membership.sure) <= cloud and cloud - theirs <= set(membership.possible)


def check_object(engine: Engine, store, anchor: str, identity: int) -> None:
    (state,) = store.snapshot().states([identity])
    held = engine.cloud.objects.get(anchor)
    if state.doubt:
        return
    assert (state.acked is None) == (held is None)
    if held is not None:
        assert state.acked == held.values
        assert state.kind == held.kind


def check_rest(engine: Engine, staff: Staff, others: frozenset[str] = frozenset()) -> None:
    """The cloud holds what the directory says, and nothing else but what is not ours."""
    cloud = engine.cloud
    anchors = {number: engine.anchor(staff.entry(number)) for number in staff.people if staff.in_scope(number)}
    by_dn = {user_dn(number): anchor for number, anchor in anchors.items()}
    groups = {engine.anchor(entry): entry for entry in engine.source.entries.values() if entry.kind is Kind.GROUP}
    assert set(cloud.objects) - others == {*anchors.values(), *groups}
    by_dn |= {entry.dn: anchor for anchor, entry in groups.items()}
    for anchor, entry in groups.items():
        members = {by_dn[name] for name in engine.source.members.get(entry.guid, []) if name in by_dn}
        assert cloud.links.get(anchor, set()) - others == members
    for number, anchor in anchors.items():
        held, person = cloud.objects[anchor], staff.people[number]
        assert held.kind == staff.entry(number).kind
        assert held.values.get("title") == person.get("title")
        assert held.values.get("manager") == anchors.get(person.get("manager"))
        if held.kind == "User":
            assert held.values["accountEnabled"] is (person.get("userAccountControl") != "514")


def check_tallies(engine: Engine) -> None:
    with engine.store() as store:
        last = store.runs.last()
    for name in ("objects", "links") if last and last.report else ():
        numbers = last.report[name]
        assert min(numbers.values()) >= 0, (name, numbers)
        assert 2 * numbers["expected"] == sum(numbers.values()), (name, numbers)


class Trial:
    """One walk: the engine, its luck, and a clock that moves with every step and every call.

    A call whose answer is lost, or whose sender dies, may travel on for up to ``TRAVEL`` seconds and be processed
    between two runs or between two calls of a later run.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = 1000.0
        self.engine = self.make_engine(path / "state.db")
        kind = random.Random(-1 - seed)
        self.engine.pace = Pace(
            objects_per_call=kind.choice((1, 3, 5)),
            parallel=kind.choice((1, 2, 4)),
            patience=PATIENCE,
            call_timeout=TRAVEL,
            lost_answers=kind.choice((1, 2, 3)),
        )
        self.refused = kind.choice((0.05, 0.2))
        self.too_large = kind.choice((0.0, 0.1))
        cloud = self.engine.cloud
        cloud.max_links = kind.choice((2, 4, 9))
        cloud.travels = self.travels
        cloud.leaves = self.leaves
        cloud.minds_repetition = seed % 3 == 0
        self.others_delete = seed % 4 == 1
        cloud.room = lambda wait: wait or self.rng.random() < 0.8
        self.fill()
        self._deadlines: list[float] = []

    def make_engine(self, path: Path) -> Engine:
        return Engine(path, clock=lambda: self.now)

    def fill(self) -> None:
        """The directory as it is at first."""
        self.staff = Staff(self.engine.source)
        for number in PEOPLE:
            self.staff.join(number)
        for number in GROUPS:
            self.engine.source.members[guid(number)] = [user_dn(n) for n in PEOPLE if self.rng.random() < 0.5]

    def change(self) -> None:
        """Something happens in the directory."""
        self.staff.change(self.rng)

    def pass_time(self) -> None:
        """Some seconds; what travels arrives in time."""
        self.let_arrive(chance=0.0)
        self.now += self.rng.choice((0.0, 1.0, STEP))

    def leaves(self, patience: float) -> bool:
        """The call waits while the service is busy."""
        last_try = self.now + patience
        while self.rng.random() < 0.1:
            self.pass_time()
        return self.now <= last_try

    def travels(self) -> bool:
        if self.rng.random() < 0.5:
            return False
        self._deadlines.append(self.now + TRAVEL)
        return True

    def fault(self, moment: str) -> None:
        self.let_arrive()
        draw = self.rng.random()
        if draw < 0.06:
            raise Crash
        if draw < 0.16:
            raise lost(moment)
        if draw < 0.20:
            raise CallTimedOut(f"no answer came {moment} the call was processed")
        if draw < 0.23:
            raise CallFailed(f"the service failed {moment} the call was processed")
        if moment == "before" and self.rng.random() < self.too_large:
            raise CallTooLarge("the request is too large")
        if moment == "after":
            self.pass_time()
        elif self.others_delete and draw > 0.9 and self.engine.cloud.objects:
            self.engine.cloud.vanish(self.rng.choice(sorted(self.engine.cloud.objects)))

    def let_arrive(self, chance: float = 0.2) -> None:
        """Travelling calls arrive, in their order, by chance and at the latest when their time is over."""
        while self._deadlines and (self.rng.random() < chance or self._deadlines[0] < self.now + STEP):
            self._deadlines.pop(0)
            self.engine.cloud.arrive()

    def step(self) -> None:
        engine = self.engine
        for _ in range(self.rng.randrange(4)):
            self.change()
        engine.cloud.fault = self.fault
        texts = "no", "a reference is not known"
        engine.cloud.refuse = lambda obj: self.rng.choice(texts) if self.rng.random() < self.refused else ""
        with suppress(Crash, SyncrampError), flights(self.rng), crashing(lambda: self.rng.random() < 0.01):
            engine.run()
        check_tallies(engine)
        self.check()
        self.let_arrive()
        self.check()
        self.pass_time()

    def check(self) -> None:
        if not self.others_delete:
            check_bounds(self.engine)

    def rest(self) -> None:
        """Nothing goes wrong any more, what travelled has arrived or never will, and conflicts are mended."""
        self.let_arrive(chance=1.0)
        self.now += PATIENCE + TRAVEL + 1
        self.engine.cloud.fault = no_fault
        self.engine.cloud.refuse = lambda obj: ""
        self.engine.cloud.leaves = lambda patience: True
        self.mend()
        self.engine.settle()

    def mend(self) -> None:
        """Who may be in the cloud stays of the kind that was sent."""
        kinds = self.kinds()
        for number in self.staff.people:
            if kind := kinds.get(self.engine.anchor(self.staff.entry(number))):
                self.staff.contacts -= {number}
                self.staff.contacts |= {number} if kind == Kind.CONTACT else set()
        self.staff.write()

    def kinds(self) -> dict[str, str]:
        """Of everybody who is in the cloud, or may be."""
        with self.engine.store() as store:
            known = store.database.all("SELECT anchor, kind FROM objects WHERE acked IS NOT NULL OR doubt = 1")
        return dict(known)
