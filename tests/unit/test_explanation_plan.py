"""What an explanation says is pending is what a plan says of the same store, whatever happened before."""

import random
from dataclasses import replace

import pytest

from support.build import guid, user, user_dn
from support.engine import Engine
from support.explained import explained
from syncramp.model.plan import Change, MembershipChange, ObjectChange
from syncramp.plan.changes import changes

PEOPLE = range(1, 13)


@pytest.mark.parametrize("seed", range(30))
def test_the_change_of_everybody_is_the_one_of_the_plan(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE]
    engine.source.add(*(_person(number, number) for number in PEOPLE))
    engine.run()
    names = list(PEOPLE)
    rng.shuffle(names)
    for number, name in zip(PEOPLE, names, strict=True):
        match rng.randrange(4):
            case 0:
                engine.source.entries.pop(guid(number), None)
            case 1 | 2:
                engine.source.add(_person(number, name))
    engine.source.add(_person(20, rng.choice(PEOPLE)))
    engine.source.complete = rng.random() < 0.7
    engine.config = replace(engine.config, delete_count=rng.choice((0, 500)))
    _, plan = engine.run(sends=False)
    with engine.store() as store:
        whole = {(type(change), _dn(change)): change for change in changes(store.snapshot(), plan.around)}
    assert whole
    for dn in (*map(user_dn, PEOPLE), user_dn(20), "CN=Group 101,OU=Groups,DC=corp,DC=example,DC=com"):
        told = explained(engine, dn)
        assert told.change == whole.get((ObjectChange, dn))
        assert told.links == whole.get((MembershipChange, dn))


def _person(number: int, name: int):
    return user(
        number, userPrincipalName=f"name{name}@corp.example.com", mail=f"Mail{name}@corp.example.com", title=str(name)
    )


def _dn(change: Change) -> str:
    return change.state.dn if isinstance(change, ObjectChange) else change.membership.dn
