"""Ramps in tests: small policies, states and groups, and an engine whose groups follow them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.engine import Engine
from syncramp.model.ramps import Phase, RampState
from syncramp.model.state import Membership
from syncramp.ramp.candidates import Candidate, candidate
from syncramp.spec.ramps import Admit, RampPolicy, Soak, Step, built_in_gates

MAX = 250_000
GATES = built_in_gates(timedelta(minutes=30))


def policy(*ceilings: int | None, name: str = "large", **fields: Any) -> RampPolicy:
    """A ramp for groups from three members on; None is a pause."""
    steps = tuple(Step(ceiling, Soak()) for ceiling in ceilings)
    return RampPolicy(name, steps, GATES, **{"min_members": 3, **fields})


def state(ceiling: int, phase: Phase = Phase.GROWING, step: int = 0) -> RampState:
    return RampState("large", "", phase, step, ceiling, 0.0, 0.0, 0.0)


def membership(
    desired: Iterable[int] = (), possible: Iterable[int] = (), identity: int = 1000, *, in_cloud: bool = True
) -> Membership:
    """A group; what the cloud possibly holds it surely holds."""
    there = BitMap(possible)
    return Membership(
        identity, 1, f"g{identity}", "CN=G", "", BitMap(desired), there, BitMap(there), BitMap(), in_cloud
    )


def waiting(
    desired: Iterable[int],
    possible: Iterable[int] = (),
    identity: int = 1000,
    *,
    admit: Admit = Admit.WHOLE,
    returning: Iterable[int] = (),
    in_cloud: bool = True,
    most: int = MAX,
    **facts: Any,
) -> Candidate:
    """A group as admission sees it."""
    of = membership(desired, possible, identity, in_cloud=in_cloud)
    return candidate(of, admit, BitMap(returning), most, **facts)


def follow(engine: Engine, *policies: RampPolicy, **settings: Any) -> None:
    """The document has these ramps from now on."""
    engine.config = replace(engine.config, ramps=policies, **settings)


def populate(engine: Engine, people: int, *, named: Iterable[int] | None = None, number: int = 101) -> None:
    """So many people, and a group that names them, or some of them."""
    engine.source.add(*(user(each) for each in range(1, people + 1)), group(number))
    name(engine, range(1, people + 1) if named is None else named, number)


def name(engine: Engine, people: Iterable[int], number: int = 101) -> None:
    """The group names these people."""
    engine.source.members[guid(number)] = [user_dn(each) for each in people]


def there(engine: Engine, number: int = 101) -> set[int]:
    """Numbers of the people whom the cloud has in the group; the group need not be there."""
    numbers = {engine.anchor(user(each)): each for each in range(1, 60)}
    return {numbers[anchor] for anchor in engine.cloud.links.get(engine.anchor(group(number)), set())}
