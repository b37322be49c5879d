"""A rehearsal is played: run after run, with the days between them put forward on the clock.

The first run makes the tenant as it was: a large group just below where ramps begin. Then the directory grows, people
leave and come between runs, and the ramps of the document do what they do. After every run two things must be true in
the cloud, whatever the ramps decided: no group is larger than the ceiling that it grew under, and nobody who left is
a member of anything. At the end people stop to come and go, and the members of every group are compared one by one.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from syncramp.cycle.slices import run_all
from syncramp.model.ramps import Command, Order, PauseReason, Phase, RampState
from syncramp.rehearsal.course import Course, Difference, End, Group, Moment
from syncramp.rehearsal.staff import guid_of
from syncramp.rehearsal.stage import BEGIN, Stage
from syncramp.words import count

QUIET_RUNS = 4
"""Runs at the end in which nobody comes or goes: what the last day left is sent, read back and agreed on."""
COMPLETE_FOR = 8
"""Runs in a row after which a ramp that is complete stays so, whoever waits."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a rehearsal goes."""

    days: int = 120
    """Virtual ones."""
    promotes: bool = False
    """Pauses between steps are ended as a person would end them."""


def play(stage: Stage, bounds: Bounds, tell: Callable[[Moment], None]) -> Course:
    """Play a rehearsal.

    :param tell: called after each run.
    :raises SyncrampError: a run could not begin.
    """
    played = _Play(stage, bounds, tell)
    why = played.begin() or played.grow() or played.settle()
    return played.course(*why)


class _Play:
    """One rehearsal under way."""

    def __init__(self, stage: Stage, bounds: Bounds, tell: Callable[[Moment], None]) -> None:
        self._stage = stage
        self._staff = stage.staff
        self._bounds = bounds
        self._tell = tell
        self._moments: list[Moment] = []
        self._ceilings: dict[str, tuple[str, int]] = {}
        """Group -> the ramp that it follows, and the highest ceiling it was under."""
        self._told = 0
        """Decisions that were told."""
        self._interval = stage.job.config.interval.total_seconds()

    def begin(self) -> tuple[End, str] | None:
        """The day before the ramps."""
        return self._ended(self._run(0))

    def grow(self) -> tuple[End, str] | None:
        """Run after run until nobody waits.

        :returns: how it ended before that.
        """
        self._staff.grow()
        while self._stage.clock() < BEGIN + self._bounds.days * DAY:
            moment = self._next(len(self._staff.turn_over()))
            if ended := self._ended(moment):
                return ended
            if self._complete():
                return None
        return End.LATE, f"{count(self._bounds.days, 'day')} are over, and {_standing(self._moments[-1])}"

    def settle(self) -> tuple[End, str]:
        """Nobody comes or goes any more, until a run finds nothing to do."""
        for _ in range(QUIET_RUNS):
            moment = self._next(0)
            if ended := self._ended(moment):
                return ended
            if moment.report.settled and not moment.report.links.expected:
                return End.COMPLETE, "nobody waits for a ramp, and nothing is left to be sent"
        return End.LATE, f"after the last change, {_standing(self._moments[-1])}"

    def course(self, end: End, why: str) -> Course:
        """What came of it; the end is compared when it should be equal."""
        compared, differences = 0, list[Difference]()
        if end is End.COMPLETE:
            compared, differences = compare(self._stage)
        if differences:
            end, why = End.FAILED, f"{count(len(differences), 'group')} of the cloud differ from the directory"
        ramps = dict.fromkeys(name for moment in self._moments for name in moment.states)
        left = sum(moment.left for moment in self._moments)
        return Course(end, why, self._moments, compared, differences, self._staff.people, left, tuple(ramps))

    def _complete(self) -> bool:
        """Every ramp is complete and nobody waits for one; or they are complete for a while, and do not reopen."""
        latest = self._moments[-COMPLETE_FOR:]
        over = [bool(one.states) and all(s.phase is Phase.COMPLETE for s in one.states.values()) for one in latest]
        return over[-1] and (not latest[-1].report.links.held or (all(over) and len(over) == COMPLETE_FOR))

    # --- one run ---------------------------------------------------------------------------------------------------

    def _next(self, left: int) -> Moment:
        self._promote()
        passed = self._stage.clock() - BEGIN
        self._stage.wait_until(BEGIN + (passed // self._interval + 1) * self._interval)
        return self._run(left)

    def _promote(self) -> None:
        if not self._bounds.promotes:
            return
        for name, state in self._moments[-1].states.items():
            if state.pause is PauseReason.STEP:
                at = self._stage.clock()
                order = Order(Command.PROMOTE, name, "rehearsal", at)
                self._stage.job.store.ramp_states.give(order)

    def _run(self, left: int) -> Moment:
        at, job = self._stage.clock(), self._stage.job
        report = run_all(job)
        states, history = job.store.ramp_states.all(), job.store.ramp_states.history()
        decided = [one for one in history if one.at >= at]
        groups = list(self._groups(states))
        found = [*too_large(groups), *still_there(self._stage)]
        moment = Moment(at, self._stage.clock(), report, states, decided, groups, left, found)
        self._moments.append(moment)
        self._tell(moment)
        return moment

    def _groups(self, states: Mapping[str, RampState]) -> Iterator[Group]:
        sizes = self._stage.simulator.tenant.sizes()
        bound = dict(self._stage.job.store.database.all("SELECT anchor, ramp FROM ramp_groups"))
        for group in self._staff.groups:
            anchor = anchor_of(group.guid)
            ramp = bound.get(anchor, "")
            if ramp in states:
                before = self._ceilings.get(anchor, ("", 0))[1]
                self._ceilings[anchor] = ramp, max(before, states[ramp].ceiling)
            ramp, ceiling = self._ceilings.get(anchor, ("", None))
            yield Group(group.name, sizes.get(anchor, 0), self._staff.size(group), ramp, ceiling)

    def _ended(self, moment: Moment) -> tuple[End, str] | None:
        if moment.report.failure:
            return End.FAILED, moment.report.failure
        if moment.findings:
            return End.FAILED, moment.findings[0]
        for name, state in moment.states.items():
            waits = state.phase in (Phase.PAUSED, Phase.ABORTED, Phase.REVERTING)
            if waits and not (self._bounds.promotes and state.pause is PauseReason.STEP):
                reason = f": {state.reason}" if state.reason else ""
                return End.PAUSED, f"ramp {name} is {state.phase.value} and waits for a person{reason}"
        return None


LOOKED_AT = 100
"""People who left lately, whose memberships are looked at after each run."""


def too_large(groups: Sequence[Group]) -> Iterator[str]:
    """Groups that are larger than the highest ceiling they were under, each as a sentence."""
    for group in groups:
        if group.ceiling is not None and group.members > group.ceiling:
            yield f"{group.name} has {group.members:,} members, above its ceiling of {group.ceiling:,}"


def still_there(stage: Stage) -> Iterator[str]:
    """People who left lately and are members of something in the cloud, each as a sentence."""
    for number in stage.staff.left[-LOOKED_AT:]:
        if groups := stage.simulator.tenant.groups_of(anchor_of(guid_of(number))):
            yield f"person {number:06} left and is a member of {count(len(groups), 'group')}"


def _standing(moment: Moment) -> str:
    waiting = sum(max(0, group.desired - group.members) for group in moment.groups)
    return f"{count(waiting, 'membership')} are not in the cloud yet"


def compare(stage: Stage) -> tuple[int, list[Difference]]:
    """The members of every group, one by one.

    :returns: how many memberships the directory has, and the groups that differ.
    """
    compared, found = 0, []
    for group in stage.staff.groups:
        wanted = {anchor_of(guid_of(number)) for number in stage.staff.members(group)}
        there = stage.simulator.tenant.members(anchor_of(group.guid))
        compared += len(wanted)
        if wanted != there:
            found.append(Difference(group.name, len(wanted - there), len(there - wanted)))
    return compared, found


def anchor_of(guid: bytes) -> str:
    """The source anchor of an entry of the made directory, which has no other anchor than its GUID."""
    return base64.b64encode(guid).decode()
