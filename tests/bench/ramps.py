"""``python -m bench.ramps``: how long it takes to decide about ramps, with the memberships in memory.

Groups of some ramps are bound, the next state of each ramp is decided, and every group gets its room: what a run does
before it plans, without reading. A part of the groups is whole, a part waits to come whole, and a part grows. So that
they fit into memory the groups share some memberships, spread over all people as they are in a directory.

Time is the processor's, the best of some rounds.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from pyroaring import BitMap

from syncramp.collector import collector_paused
from syncramp.model.ramps import Bound, RampState, Room
from syncramp.model.state import Membership
from syncramp.ramp.admission import admissible, admit
from syncramp.ramp.binding import bind
from syncramp.ramp.candidates import Candidate, candidate
from syncramp.ramp.decision import decide
from syncramp.ramp.steps import Situation, digest_of
from syncramp.spec.ramps import Admit, RampPolicy, built_in

PEOPLE = 300_000
SETS = 40
"""Different memberships."""
MAX_MEMBERS = 250_000
SHARE_WHOLE = 0.8
"""Of the groups nobody waits in these; half of the others wait as a whole, half grow."""
NOBODY = BitMap()


@dataclass(frozen=True)
class Found:
    """What was measured, in seconds of the processor."""

    groups: int
    members: int
    binding: float
    deciding: float
    admission: float
    waiting: int
    """Groups of which somebody waits when all is decided."""

    @property
    def seconds(self) -> float:
        return self.binding + self.deciding + self.admission


def memberships(groups: int, members: int) -> list[Membership]:
    """So many groups of so many members each; of those that are not whole the last tenth is missing."""
    chance = random.Random(7)
    sets = [BitMap(chance.sample(range(PEOPLE), members)) for _ in range(SETS)]
    parts = [people[: members - members // 10] for people in sets]
    made = []
    for number in range(groups):
        there = sets[number % SETS] if number < groups * SHARE_WHOLE else parts[number % SETS]
        made.append(
            Membership(number, 1, str(number), "CN=G", "", sets[number % SETS], there, there, NOBODY, in_cloud=True)
        )
    return made


def policies(members: int) -> tuple[RampPolicy, ...]:
    """Two ramps, which divide the groups between themselves."""
    whole = replace(built_in(timedelta(minutes=30)), name="whole", where="object.whole", min_members=members)
    return whole, replace(whole, name="members", where=None, admit=Admit.MEMBERS)


def measure(groups: int, members: int, rounds: int) -> Found:
    """Measure one size."""
    following, ramps = memberships(groups, members), policies(members)
    bound = bind(following, {}, ramps, _even, 0.0).bound
    binding = _seconds(rounds, lambda: bind(following, bound, ramps, _even, 0.0))
    looking = _seconds(rounds, lambda: _candidates(following, ramps, bound))
    tied = _candidates(following, ramps, bound)
    deciding = _seconds(rounds, lambda: _decided(ramps, tied))
    states = _decided(ramps, tied)
    admission = _seconds(rounds, lambda: _admitted(ramps, states, tied))
    rooms = _admitted(ramps, states, tied)
    return Found(groups, members, binding + looking, deciding, admission, sum(room.waiting > 0 for room in rooms))


def _candidates(
    groups: Sequence[Membership], ramps: Sequence[RampPolicy], bound: Mapping[int, Bound]
) -> dict[str, list[Candidate]]:
    admits = {policy.name: policy.admit for policy in ramps}
    made: dict[str, list[Candidate]] = {policy.name: [] for policy in ramps}
    for group in groups:
        ramp = bound[group.id].ramp
        made[ramp].append(candidate(group, admits[ramp], NOBODY, MAX_MEMBERS))
    return made


def _admitted(
    ramps: Sequence[RampPolicy], states: Sequence[RampState], groups: Mapping[str, Sequence[Candidate]]
) -> list[Room]:
    given = (
        admit(policy, state, groups[policy.name], MAX_MEMBERS) for policy, state in zip(ramps, states, strict=True)
    )
    return [room for rooms in given for room in rooms.values()]


def _even(policy: RampPolicy, group: int) -> bool:
    return group % 2 == 0


def _decided(ramps: Sequence[RampPolicy], groups: Mapping[str, Sequence[Candidate]]) -> list[RampState]:
    return [_next(policy, groups[policy.name]) for policy in ramps]


def _next(policy: RampPolicy, groups: Sequence[Candidate]) -> RampState:
    situation = Situation(
        groups=len(groups),
        largest=max(len(group.membership.possible) for group in groups),
        waiting=sum(group.queued for group in groups),
        admissible=lambda ceiling: admissible(policy, groups, ceiling, MAX_MEMBERS),
        exported=True,
        grew=1,
    )
    state, _ = decide(policy, None, situation, (), (), 0.0, 1, digest_of(policy))
    return state


def _seconds(rounds: int, work: Callable[[], object]) -> float:
    """The best of some rounds, as a plan is made: without the garbage collector."""
    best = float("inf")
    with collector_paused():
        for _ in range(rounds):
            began = time.process_time()
            made = work()
            best = min(best, time.process_time() - began)
            del made
    return best


def table(found: Found) -> str:
    """What was measured, for people."""
    return (
        f"{found.groups:,} groups of {found.members:,} members that follow two ramps, {found.waiting:,} of them not "
        f"whole, in {found.seconds * 1000:.0f} ms: bound and looked at {found.binding * 1000:.0f} ms, decided "
        f"{found.deciding * 1000:.0f} ms, admitted {found.admission * 1000:.0f} ms\n"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.ramps", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a sentence")
    parser.add_argument("--groups", type=int, default=10_000, help="groups that follow a ramp (10,000)")
    parser.add_argument("--members", type=int, default=60_000, help="members of each (60,000)")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many counts (5)")
    chosen = parser.parse_args()
    found = measure(chosen.groups, chosen.members, chosen.rounds)
    sys.stdout.write(json.dumps(asdict(found)) + "\n" if chosen.json else table(found))


if __name__ == "__main__":
    main()
