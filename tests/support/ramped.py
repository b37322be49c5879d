"""Ramps for tests: a test names only what matters to it."""

from collections.abc import Iterable
from datetime import timedelta

from pyroaring import BitMap

from syncramp.model.holds import Hold
from syncramp.model.ramp_reports import GroupReport, RampReport
from syncramp.model.ramps import GroupPhase, Judgement, Phase, RampState, Room, Verdict
from syncramp.model.state import Membership
from syncramp.ramp.reporting import Standing
from syncramp.spec.ramps import RampPolicy, Soak, Step

DAY = 86_400.0
MONDAY = 1_794_787_200.0
"""2026-11-16 00:00 UTC (seconds since the epoch)."""
STEPS = (Step(5, Soak(timedelta(hours=24), 4, 1)), Step(8), Step(None), Step(12), Step(20))


def policy(**others: object) -> RampPolicy:
    """Ceilings of a handful of members: 5, 8, a pause, 12, 20."""
    return RampPolicy(**{"name": "large", "steps": STEPS, "gates": (), "min_members": 5, **others})  # type: ignore[arg-type]


def state(phase: Phase = Phase.GROWING, step: int = 0, ceiling: int = 5, **others: object) -> RampState:
    """A ramp that began on a Monday."""
    moments = {"started": MONDAY, "began": MONDAY, "window": MONDAY}
    return RampState("large", "digest", phase, step, ceiling, **{**moments, **others})  # type: ignore[arg-type]


def membership(
    number: int = 1, desired: Iterable[int] = (), possible: Iterable[int] = (), *, in_cloud: bool = True
) -> Membership:
    """A group; members are numbers."""
    there, nobody = BitMap(possible), BitMap()
    name = f"CN=g{number}"
    return Membership(number, 1, f"g{number}", name, "", BitMap(desired), there, there, nobody, in_cloud)


def room(
    admitted: Iterable[int] = (),
    hold: Hold = Hold.RAMP,
    reason: str = "it does not fit",
    phase: GroupPhase = GroupPhase.WAITING,
    note: str = "",
) -> Room:
    """What a group may have."""
    return Room("large", BitMap(admitted), hold, reason, phase=phase, note=note)


def standing(
    number: int = 1,
    desired: int = 0,
    possible: int = 0,
    admitted: int = 0,
    phase: GroupPhase = GroupPhase.WAITING,
    note: str = "",
) -> Standing:
    """A group of so many members, of whom the first are there and the next ones are let in."""
    group = membership(number, range(desired), range(possible), in_cloud=bool(possible))
    return Standing(group, room(range(possible, possible + admitted), phase=phase, note=note))


def judgement(verdict: Verdict = Verdict.PASSED, sentence: str = "312 s of 1,260 s") -> Judgement:
    """Of the cycle's duration."""
    return Judgement("CycleDurationP95", "", verdict, 312.0, "maxDuration", 1260.0, 1800.0, False, 9, sentence)


def ramp_report(**others: object) -> RampReport:
    """A ramp with one group that waits."""
    group = GroupReport("CN=g1", "g1", "Waiting", 9, 3, 6, 11, "9 members do not fit under 5", "")
    known = {
        "name": "large",
        "admit": "Whole",
        "phase": "Growing",
        "step": 1,
        "steps": 5,
        "ceiling": 5,
        "target": 20,
        "groups": 2,
        "phases": {"Waiting": 1, "Whole": 1},
        "groups_held": 1,
        "members_waiting": 6,
        "largest": 3,
        "reason": "groups grow up to the ceiling",
        "held": [group],
    }
    return RampReport(**{**known, **others})  # type: ignore[arg-type]
