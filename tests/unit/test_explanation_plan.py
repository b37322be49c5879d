"""What an explanation says is pending is what a plan says of the same store, whatever happened before."""

import random
from dataclasses import fields, replace
from pathlib import Path

import pytest
from pyroaring import BitMap

from support.build import config, group, guid, user, user_dn
from support.engine import Engine
from support.explained import explained
from support.model import ListSource
from syncramp.model.holds import Hold
from syncramp.model.plan import Change, MembershipChange, ObjectChange
from syncramp.model.values import Kind
from syncramp.plan.changes import changes
from syncramp.spec.failsafe import ClearLimits, DeleteLimits, DisableLimits, Failsafe, RemovalLimits, SignInLimits
from syncramp.spec.types import Join, JoinBy

PEOPLE = range(1, 13)
OTHERS = range(31, 43)
GROUPS = [f"CN=Group {number},OU=Groups,DC=corp,DC=example,DC=com" for number in (101, 102)]
MAIL = Join(frozenset({Kind.USER}), JoinBy.MAIL)


def _limits(rng: random.Random) -> Failsafe:
    """Some limits as they are, some that a change or two pass."""
    low = Failsafe(
        deletes=DeleteLimits(count=rng.choice((0, 3)), group_members=2),
        member_removals=RemovalLimits(per_group=rng.choice((0, 2)), emptied_above=2),
        disables=DisableLimits(0),
        sign_in=SignInLimits(rng.choice((0, 4))),
        clears=ClearLimits(rng.choice((0, 1))),
        effective_adds=0,
    )
    names = [each.name for each in fields(Failsafe) if rng.random() < 0.5]
    return replace(Failsafe(), **{name: getattr(low, name) for name in names})


def _only_derived(change: Change) -> bool:
    """A group that loses members by their own delete alone: nothing of it is pending itself."""
    if not isinstance(change, MembershipChange):
        return False
    return not (change.adds or change.removes or change.held or change.absent)


def _with_absent(change: Change) -> Change:
    """An explanation says at each member whether its link waits for a create; a plan tells these links apart."""
    if not isinstance(change, MembershipChange):
        return change
    return replace(change, adds=change.adds | change.absent, absent=BitMap())


@pytest.mark.parametrize("seed", range(30))
def test_the_change_of_everybody_is_the_one_of_the_plan(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    engine.source.add(group(102), *(_person(number, number) for number in PEOPLE))
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE]
    engine.run()
    names = list(PEOPLE)
    rng.shuffle(names)
    for number, name in zip(PEOPLE, names, strict=True):
        match rng.randrange(4):
            case 0:
                engine.source.entries.pop(guid(number), None)
            case 1 | 2:
                engine.source.add(_person(number, name))
    engine.source.add(_person(20, rng.choice(PEOPLE)), user(3, userAccountControl="514"))
    engine.source.add(*(user(number, isCriticalSystemObject="TRUE") for number in rng.sample(PEOPLE, 2)))
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE if rng.random() < 0.6]
    engine.source.members[guid(102)] = GROUPS[:1]
    engine.source.complete = rng.random() < 0.7
    engine.config = replace(engine.config, failsafe=_limits(rng))
    _, plan = engine.run(sends=False)
    with engine.store() as store:
        found = (_with_absent(one) for one in changes(store.snapshot(), plan.around) if not _only_derived(one))
        whole = {(type(change), _dn(change)): change for change in found}
        assert whole
        for dn in (*map(user_dn, PEOPLE), user_dn(20), *GROUPS):
            told = explained(engine, dn)
            assert told.change == whole.get((ObjectChange, dn))
            assert told.links == whole.get((MembershipChange, dn))


@pytest.mark.parametrize("seed", range(30))
def test_so_it_is_of_persons_in_two_directories(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    corp, labs = sources = (ListSource("corp"), ListSource("labs"))
    engine = Engine(tmp_path / "state.db", sources=sources)
    engine.config = replace(config(sources=("corp", "labs"), endpoint=engine.config.target.endpoint), joins=(MAIL,))
    corp.add(group(101))
    corp.members[guid(101)] = [user_dn(number) for number in (*PEOPLE, *OTHERS)]
    for turn in range(3):
        for source, numbers in ((corp, PEOPLE), (labs, OTHERS)):
            for number in numbers:
                match rng.randrange(4):
                    case 0 if turn:
                        source.entries.pop(guid(number), None)
                    case 1 | 2:
                        source.add(user(number, mail=f"mail{rng.randrange(20)}@example.com"))
            source.complete = rng.random() < 0.8 or not turn
        _, plan = engine.run(sends=turn < 2)
    with engine.store() as store:
        whole = {change.state.id: change for change in changes(store.snapshot(), plan.around) if _of_object(change)}
        told = [explained(engine, entry.dn) for source in sources for entry in source.entries.values()]
        found = {each.change.state.id: each.change for each in told if each.change}
        assert found == {identity: change for identity, change in whole.items() if identity in found}
        assert {change.state.dn for change in whole.values()} - {
            change.state.dn for change in found.values()
        } <= _left(engine)
        for each in told:
            if each.change and each.change.hold is Hold.JOIN:
                assert each.change.reason.startswith(each.person.conflict) and each.person.others


def _of_object(change: Change) -> bool:
    return isinstance(change, ObjectChange)


def _left(engine: Engine) -> set[str]:
    """DNs that no directory shows any more."""
    there = {entry.dn for source in engine.sources for entry in source.entries.values()}
    return {user_dn(number) for number in (*PEOPLE, *OTHERS)} - there


def _person(number: int, name: int):
    return user(
        number, userPrincipalName=f"name{name}@corp.example.com", mail=f"Mail{name}@corp.example.com", title=str(name)
    )


def _dn(change: Change) -> str:
    return change.state.dn if isinstance(change, ObjectChange) else change.membership.dn
