"""The calendar of a forecast: which step began when, what went during it, and when each group became whole."""

from collections.abc import Sequence
from dataclasses import replace

from syncramp.model.forecast import GroupForecast, NearGate, Point, StepForecast
from syncramp.model.ramps import Decided, RampState
from syncramp.ramp.growth import Counted
from syncramp.spec.ramps import Admit, RampPolicy
from syncramp.words import count


class Calendar:
    """What happened so far.

    :param groups: as they are before anything happens.
    """

    def __init__(self, policy: RampPolicy, groups: Sequence[Counted]) -> None:
        self._policy = policy
        self._groups = groups
        self._start = [(group.there, group.desired) for group in groups]
        self._whole: dict[int, float] = {}
        """Group, by its place, -> since when."""
        self._places = {id(group): number for number, group in enumerate(groups)}
        self._done: list[StepForecast] = []
        self._step: StepForecast | None = None
        self.points: list[Point] = []

    def decided(self, state: RampState, rows: Sequence[Decided], now: float) -> None:
        """A run decided: perhaps a step ended, others were passed, and another one began."""
        if self._step is None or self._step.step != state.step + 1:
            self._close(now)
            for row in rows:
                if row.what == "Skipped":
                    passed = StepForecast(row.step + 1, row.ceiling, now, now, grown=now, skipped=True)
                    self._done.append(replace(passed, largest=self.largest))
            pause = self._policy.steps[state.step].ceiling is None
            begins = now if self._done or state.began > now else state.began
            self._step = StepForecast(state.step + 1, state.ceiling, begins, None, pause)
        held = self._step.held + sum(row.what == "Held" for row in rows)
        self._step = replace(self._step, grown=state.soaked_from, held=held)
        self.points.append(Point(now, state.ceiling, self.largest, 0))

    def carried(self, state: RampState, now: float, links: int, calls: int, seconds: float, largest: int) -> None:
        """A run carried links; the largest group has so many members then."""
        if (step := self._step) is not None:
            self._step = replace(
                step,
                links=step.links + links,
                calls=step.calls + calls,
                cycles=step.cycles + 1,
                peak_links=max(step.peak_links, links),
                peak_seconds=max(step.peak_seconds, seconds),
            )
        self.points.append(Point(now, state.ceiling, largest, links))

    def near(self, gate: NearGate | None) -> None:
        """The gate that is nearest to its hold value; the nearest one of a step is told."""
        if self._step is not None and gate and (self._step.gate is None or _part(gate) > _part(self._step.gate)):
            self._step = replace(self._step, gate=gate)

    def whole(self, group: Counted, now: float) -> None:
        """Nobody of a group waits any more."""
        number = self._places[id(group)]
        if number not in self._whole:
            self._whole[number] = now
            if self._step is not None and self._start[number][0] < group.there:
                self._step = replace(self._step, became_whole=self._step.became_whole + 1)

    def wholes(self, now: float) -> None:
        """Every group of which nobody waits is whole, since now if it was not before."""
        for group in self._groups:
            if not group.queue and not group.restored:
                self.whole(group, now)

    def steps(self, ended: float | None) -> tuple[StepForecast, ...]:
        """All steps.

        :param ended: when the last one was over; None: it is not.
        """
        last = [replace(self._step, ends=ended, largest=self.largest)] if self._step else []
        return (*self._done, *last)

    def groups(self) -> tuple[GroupForecast, ...]:
        """All groups, the largest first, with when they are whole or why they never will be."""
        found = [
            GroupForecast(group.dn, desired, there, self._whole.get(number), self._why(number, group))
            for number, (group, (there, desired)) in enumerate(zip(self._groups, self._start, strict=True))
        ]
        return tuple(sorted(found, key=lambda group: (-group.size, group.dn)))

    @property
    def largest(self) -> int:
        """Members of the largest group."""
        return max((group.there for group in self._groups), default=0)

    def _close(self, now: float) -> None:
        if self._step is not None:
            self._done.append(replace(self._step, ends=now, largest=self.largest))

    def _why(self, number: int, group: Counted) -> str:
        if number in self._whole:
            return ""
        if group.oversize:
            return "more than the V2 endpoint takes; nobody is added"
        if group.too_long:
            return "filling it takes longer than one interval; raise spec.interval or writes.linksPerFiveMinutes"
        if group.mail is not None and group.size > group.mail:
            return f"mail-enabled: it holds at {group.mail:,}"
        if group.size > self._policy.target and group.admit is not Admit.NOW:
            return f"beyond the last ceiling, {self._policy.target:,}"
        if group.stuck and group.queue == group.stuck:
            return f"{count(group.stuck, 'member')} cannot come, whatever a ramp says"
        return "the forecast ends before"


def _part(gate: NearGate) -> float:
    return gate.value / gate.hold
