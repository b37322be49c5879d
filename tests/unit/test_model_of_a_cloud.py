"""A random walk over everything that can go wrong between a directory and the cloud.

People join, leave, move between groups, are disabled and come back; answers are lost before or after the cloud
processed a call, objects are refused, and the process dies at any transaction and around any call. After every step:

* sure <= what the cloud holds <= possible, for every group;
* what the store says was acknowledged is in the cloud exactly so.

And at rest, when nothing goes wrong any more, the cloud holds what the directory says and nothing else.
"""

import random
from contextlib import suppress

import pytest

from support.build import group, user, user_dn
from support.engine import Engine, crashing
from support.model import Crash, lost
from syncramp.errors import SyncrampError

PEOPLE = range(1, 13)
GROUPS = range(101, 104)


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


@pytest.mark.parametrize("seed", range(200))
def test_no_fault_at_any_point_leaves_the_cloud_beyond_its_bounds_or_wrong_at_rest(tmp_path, seed) -> None:
    rng = random.Random(seed)
    engine = Engine(tmp_path / "state.db")
    engine.cloud.max_links = 4
    engine.source.add(*(user(number) for number in PEOPLE), *(group(number) for number in GROUPS))
    for number in GROUPS:
        engine.source.members[group(number).guid] = [user_dn(n) for n in PEOPLE if rng.random() < 0.5]

    def fault(moment: str) -> None:
        draw = rng.random()
        if draw < 0.06:
            raise Crash
        if draw < 0.16:
            raise lost(moment)

    for _ in range(8):
        for _ in range(rng.randrange(4)):
            change_something(engine, rng)
        engine.cloud.fault = fault
        engine.cloud.refuse = lambda obj: "no" if rng.random() < 0.05 else ""
        with suppress(Crash, SyncrampError), crashing(lambda: rng.random() < 0.01):
            engine.run()
        check_bounds(engine)
    engine.cloud.fault = lambda moment: None
    engine.cloud.refuse = lambda obj: ""
    engine.settle()
    check_bounds(engine)
    check_rest(engine)
    calls = len(engine.cloud.calls)
    report, _ = engine.run()
    assert report.settled
    assert len(engine.cloud.calls) == calls, "a run without changes sends nothing"
