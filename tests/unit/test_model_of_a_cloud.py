"""A random walk over everything that can go wrong between a directory and the cloud.

People join, leave, move between groups, are disabled and come back; answers are lost before or after the cloud
processed a call, objects are refused, the process dies at any transaction and around any call, and calls that nobody
waits for any more arrive later. After every step:

* sure <= what the cloud holds <= possible, for every group;
* what the store says was acknowledged is in the cloud exactly so.

And at rest, when nothing goes wrong any more, the cloud holds what the directory says and nothing else.
"""

import random
from contextlib import suppress
from pathlib import Path

import pytest

from support.build import group, user, user_dn
from support.engine import Engine, crashing
from support.model import Crash, lost
from syncramp.cycle.job import Pace
from syncramp.errors import SyncrampError

PEOPLE = range(1, 13)
GROUPS = range(101, 104)
TRAVEL = 100.0
"""Seconds a call may be under way."""
STEP = 30.0
"""Seconds between two runs, at most."""


def change_something(engine: Engine, rng: random.Random) -> None:
    source = engine.source
    number = rng.choice(PEOPLE)
    guid = user(number).guid
    match rng.randrange(5):
        case 0:
            source.entries.pop(guid, None)
            for members in source.members.values():
                if user_dn(number) in members:
                    members.remove(user_dn(number))
        case 1:
            source.add(user(number, userAccountControl=rng.choice(("512", "514"))))
        case 2:
            source.add(user(number, title=rng.choice(("Clerk", "Director"))))
        case _ if guid in source.entries:
            members = source.members[group(rng.choice(GROUPS)).guid]
            if user_dn(number) in members:
                members.remove(user_dn(number))
            else:
                members.append(user_dn(number))
        case _:
            pass


def check_bounds(engine: Engine) -> None:
    with engine.store() as store:
        ids = dict(store.database.all("SELECT anchor, id FROM objects WHERE anchor IS NOT NULL"))
        for anchor, identity in ids.items():
            check_object(engine, store, anchor, identity)
        for anchor in {anchor for anchor, held in engine.cloud.objects.items() if held.kind == "Group"}:
            snapshot = store.snapshot()
            membership = snapshot.membership(ids[anchor])
            if membership is None:
                continue
            cloud = {ids[member] for member in engine.cloud.links.get(anchor, ())}
            assert set(membership.sure) <= cloud <= set(membership.possible)


def check_object(engine: Engine, store, anchor: str, identity: int) -> None:
    (state,) = store.snapshot().states([identity])
    held = engine.cloud.objects.get(anchor)
    if state.doubt:
        return
    assert (state.acked is None) == (held is None)
    if held is not None:
        assert state.acked == held.values


def check_rest(engine: Engine) -> None:
    source, cloud = engine.source, engine.cloud
    rules = engine.rules("corp")
    wanted = {rules.anchor(entry): entry for entry in source.entries.values()}
    assert set(cloud.objects) == set(wanted)
    by_dn = {entry.dn: anchor for anchor, entry in wanted.items()}
    for anchor, entry in wanted.items():
        members = {by_dn[name] for name in source.members.get(entry.guid, [])}
        assert cloud.links.get(anchor, set()) == members


class Trial:
    """One walk: the engine, its luck, and a clock that moves a little with every step.

    A call whose answer is lost, or whose sender dies, may travel on for up to ``TRAVEL`` seconds and be processed
    between two runs or between two calls of a later run.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = 1000.0
        self.engine = Engine(path / "state.db", clock=lambda: self.now)
        self.engine.pace = Pace(objects_per_call=3, parallel=1, patience=0.0, call_timeout=TRAVEL, lost_answers=2)
        cloud = self.engine.cloud
        cloud.max_links = 4
        cloud.travels = lambda: self.rng.random() < 0.5
        self.engine.source.add(*(user(number) for number in PEOPLE), *(group(number) for number in GROUPS))
        for number in GROUPS:
            members = [user_dn(n) for n in PEOPLE if self.rng.random() < 0.5]
            self.engine.source.members[group(number).guid] = members
        self._deadlines: list[float] = []

    def fault(self, moment: str) -> None:
        self.let_arrive()
        draw = self.rng.random()
        if draw < 0.06:
            raise Crash
        if draw < 0.16:
            raise lost(moment)

    def let_arrive(self, chance: float = 0.2) -> None:
        """Travelling calls arrive, in their order, by chance and at the latest when their time is over."""
        cloud = self.engine.cloud
        while len(self._deadlines) < len(cloud.travelling):
            self._deadlines.append(self.now + TRAVEL)
        while cloud.travelling and (self.rng.random() < chance or self._deadlines[0] <= self.now + STEP):
            self._deadlines.pop(0)
            cloud.arrive()

    def step(self) -> None:
        engine = self.engine
        for _ in range(self.rng.randrange(4)):
            change_something(engine, self.rng)
        engine.cloud.fault = self.fault
        engine.cloud.refuse = lambda obj: "no" if self.rng.random() < 0.05 else ""
        with suppress(Crash, SyncrampError), crashing(lambda: self.rng.random() < 0.01):
            engine.run()
        check_bounds(engine)
        self.let_arrive()
        check_bounds(engine)
        self.now += self.rng.choice((1.0, STEP))

    def rest(self) -> None:
        """Nothing goes wrong any more, and what travelled has arrived or never will."""
        self.let_arrive(chance=1.0)
        self.now += TRAVEL + 1
        self.engine.cloud.fault = lambda moment: None
        self.engine.cloud.refuse = lambda obj: ""
        self.engine.settle()


@pytest.mark.parametrize("seed", range(200))
def test_no_fault_at_any_point_leaves_the_cloud_beyond_its_bounds_or_wrong_at_rest(
    tmp_path, monkeypatch, seed
) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    trial = Trial(tmp_path, seed)
    for _ in range(8):
        trial.step()
    trial.rest()
    engine = trial.engine
    check_bounds(engine)
    check_rest(engine)
    calls = len(engine.cloud.calls)
    report, _ = engine.run()
    assert report.settled
    assert len(engine.cloud.calls) == calls, "a run without changes sends nothing"
