"""A ramp on a virtual calendar: the real decisions and soaks, on counts of the real groups.

Run after run the same ``decide`` is asked that runs ask, with gates that measure what ``ramp.expected`` says, and
groups grow as ``ramp.growth`` lets them. A pause takes as long as a person is assumed to take. Where nothing can
happen for a while, because a soak or the budget of a day is not over, the calendar jumps; so weeks take milliseconds.

It assumes that directories stay as they are, that removals go with the next run, and that nothing but latency changes
with size. A gate that is expected to fail holds the step as it would. Where gates pause the ramp the forecast ends:
what a person does then is not for it to say.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import ceil

from syncramp.model.forecast import End, Forecast
from syncramp.model.ramps import Command, Order, PauseReason, Phase, RampState, Verdict
from syncramp.ramp.calendar import Calendar
from syncramp.ramp.decision import decide
from syncramp.ramp.expected import Terms, Window
from syncramp.ramp.growth import Counted, Pending, admissible, passing
from syncramp.ramp.latency import Calls, paced
from syncramp.ramp.soak import earliest
from syncramp.ramp.steps import Situation
from syncramp.spec.ramps import Admit, RampPolicy

LONGEST = 3 * 365 * 86_400.0
"""Seconds that are looked at."""
BRIEF = 4_000
"""Runs with links that are reckoned for an :func:`eta`: every run that plans asks for one, and each takes 60 µs."""
DAY = 86_400.0
"""Seconds."""
_GROWS = frozenset({Phase.GROWING, Phase.SOAKING, Phase.COMPLETE})


def forecast(
    policy: RampPolicy,
    state: RampState | None,
    digest: str,
    groups: Sequence[Counted],
    terms: Terms,
    now: float,
    most: int | None = None,
) -> Forecast:
    """What a ramp is expected to do.

    :param state: as the last run left it; None: no run started it yet.
    :param digest: of what the ramp is bound by (``ramp.binding.digest_of``).
    :param groups: those that follow it; they grow.
    :param now: seconds since the epoch.
    :param most: runs with links after which it is given up; None: as many as there are.
    """
    walk = _Walk(policy, state, digest, groups, terms, most)
    while walk.end is None:
        walk.decide()
    return Forecast(
        ramp=policy.name,
        admit=policy.admit.value,
        now=now,
        end=walk.end,
        at=walk.at,
        why=walk.why,
        steps=walk.calendar.steps(walk.at if walk.end is End.COMPLETE else None),
        groups=walk.calendar.groups(),
        points=tuple(walk.calendar.points),
    )


class _Walk:
    """One ramp, from decision to decision."""

    def __init__(
        self,
        policy: RampPolicy,
        state: RampState | None,
        digest: str,
        groups: Sequence[Counted],
        terms: Terms,
        most: int | None,
    ) -> None:
        self._policy = policy
        self._state = state
        self._digest = digest
        self._groups = groups
        self._terms = terms
        self._window = Window(terms, state.window if state else terms.next_run)
        self._window.runs = state.runs if state else 0
        self._spent = deque(terms.spent)
        self._order: Command | None = None
        self._passed = 0
        """Runs since the last decision."""
        self._largest = 0
        """Members of the largest group."""
        self._grew = 0
        """Links that went since then."""
        self._sent = 0
        """Runs with links."""
        self._most = most
        self.calendar = Calendar(policy, groups)
        self.at = terms.next_run
        self.end: End | None = None
        self.why = ""
        for group in groups:
            group.too_long = group.admit is Admit.WHOLE and self._filling(group.queue) > terms.interval

    def decide(self) -> None:
        """What a run decides, and everything until another one can decide something else."""
        state = self._decided()
        if self.end is not None:
            return
        pending = Pending(self._groups if state.phase in _GROWS else (), state.ceiling)
        if state.phase in (Phase.ABORTED, Phase.REVERTING):
            self._over(End.ENDED, f"It is {state.phase.value.lower()}; nothing grows until a person says retry.")
        elif pending or any(group.restored or group.leaving for group in self._groups):
            self._grow(state, pending)
        else:
            self.calendar.wholes(self.at)
            self._wait(state)

    def _decided(self) -> RampState:
        state = self._state
        if state is not None and self._passed > 1:  # the decision counts the last of them itself
            skipped = self._passed - 1
            soaking = skipped if state.soaked_from is not None else 0
            state = replace(state, runs=state.runs + skipped, cycles=state.cycles + soaking)
        judgements = self._window.judge(self._policy.gates) if state else ()
        orders = [Order(self._order, self._policy.name, "", self.at)] if self._order else []
        state, rows = decide(self._policy, state, self._situation(), judgements, orders, self.at, 0, self._digest)
        if self._window.since != state.window:
            self._window = Window(self._terms, state.window)
        self._state, self._order, self._passed, self._grew = state, None, 0, 0
        self.calendar.decided(state, rows, self.at)
        failing = [one.metric for one in judgements if one.verdict is Verdict.FAILED]
        if state.phase is Phase.PAUSED and failing:
            self._over(End.STOPS, f"{', '.join(failing)} pauses it; what then happens is for a person to say.")
        return state

    def _situation(self) -> Situation:
        fitting = cache(lambda ceiling: admissible(self._groups, ceiling))
        waiting = sum(group.queue for group in self._groups)
        self._largest, exported = self.calendar.largest, self._passed > 0
        budget = self._budget()
        return Situation(
            len(self._groups),
            self._largest,
            waiting,
            fitting,
            cache(lambda ceiling: passing(self._groups, ceiling, budget)),
            exported=exported,
            grew=self._grew,
        )

    def _grow(self, state: RampState, pending: Pending) -> None:
        """Runs in which somebody comes, until nobody more fits."""
        returned, last = sum(group.settle() for group in self._groups), self.at
        if not (pending or returned):
            self._pass(1)  # only removals
        while self.end is None and (pending or returned):
            fills, seconds = self._fills(pending)
            links = min(pending.open, self._budget()) if self._policy.admit is Admit.MEMBERS else pending.open
            pending.take(links)
            self._spent.append((self.at, links))
            if sends := bool(fills or links or returned):
                self._send(state, fills, links + returned, pending, seconds)
                returned, last = 0, self.at
            self._pass(1 if sends else self._until_free())
            if self._fails() or (pending.open and not pending.fills and self._budget() >= pending.open):
                break  # the next run decides something: what is left comes in it, and the soak begins
        pending.hand_out()
        self.calendar.wholes(last)

    def _fills(self, pending: Pending) -> tuple[list[int], float]:
        """Whole groups that are filled in this run, one after the other, and the seconds of that."""
        filled, total, begun = list[int](), 0.0, 0
        while pending.fills:
            group = pending.fills[0]
            seconds = self._filling(group.queue)
            if total + seconds > self._terms.interval or (
                begun >= self._policy.groups_per_cycle and not group.filling
            ):
                break
            begun += not group.filling
            total += seconds
            filled.append(pending.fill())
            self._largest = max(self._largest, group.there)
            if not group.queue:
                self.calendar.whole(group, self.at)
        return filled, total

    def _filling(self, links: int) -> float:
        """Seconds of a group that is filled whole."""
        return max(self._terms.latency.export(links, self._terms.per_call), paced(links, self._terms.writes))

    def _send(self, state: RampState, fills: Sequence[int], links: int, pending: Pending, seconds: float) -> None:
        """One run carries links.

        :param seconds: of the fills, which go before the rest.
        """
        latency, per_call, most = self._terms.latency, self._terms.per_call, self._terms.objects_per_call
        shared = Calls.of(links, pending.sharing, per_call, most)
        carried = [shared, *(Calls.of(each, 1, per_call, most) for each in fills)]
        longest = latency.export(links // max(1, pending.sharing), per_call)
        seconds += max(longest, shared.seconds(latency) / self._terms.parallel)
        for size, number in (each for calls in carried for each in calls.sizes):
            self._window.carried(size, number)
        sent, number = sum(fills) + links, sum(calls.number for calls in carried)
        self._grew += sent
        self._largest = max(self._largest, pending.largest())
        self._sent += 1
        if self._most is not None and self._sent > self._most:
            self._over(End.ENDLESS, f"It takes more than {self._most:,} runs with links.")
        seconds = max(seconds, paced(sent, self._terms.writes))
        self.calendar.carried(state, self.at, sent, number, seconds, self._largest)

    def _budget(self) -> int:
        """Links that may go now."""
        while self._spent and self._spent[0][0] <= self.at - DAY:
            self._spent.popleft()
        return max(0, min(self._policy.per_cycle, self._policy.per_day - sum(links for _, links in self._spent)))

    def _until_free(self) -> float:
        """Runs until the budget of the day has room again, or gates say something, which may be that they fail."""
        free, wanting = (self._spent[0][0] + DAY - self.at) / self._terms.interval, self._wanting()
        return min(free, wanting) if wanting > 0 else free

    def _wanting(self) -> float:
        """Runs until gates have samples enough."""
        return self._window.wanting() if self._policy.gates else 0

    def _fails(self) -> bool:
        """A gate is expected to fail with the next decision."""
        self.calendar.near(self._window.near(self._policy.gates))
        return any(one.verdict is Verdict.FAILED for one in self._window.judge(self._policy.gates))

    def _wait(self, state: RampState) -> None:
        """To the next run that can decide something."""
        wanting = self._wanting()
        if state.phase is Phase.PAUSED:
            self._order = Command.PROMOTE if state.pause is PauseReason.STEP else Command.RESUME
            self._pass(self._terms.pauses / self._terms.interval)
        elif state.phase is Phase.SOAKING and state.soaked_from is not None and wanting <= 0:
            soak = self._policy.soak(state.step)
            cycles = self.at + max(0, soak.cycles - state.cycles) * self._terms.interval
            over = earliest(soak, state.soaked_from, self._policy.time_zone, cycles)
            self._pass((over - self.at) / self._terms.interval)
        elif state.phase is Phase.COMPLETE:
            self._over(End.COMPLETE, "Nobody waits whom a step could admit.")
        else:
            self._pass(wanting)  # until gates say something, which may be that they fail

    def _pass(self, runs: float) -> None:
        """So many runs later, at least one."""
        whole = max(1, ceil(min(runs, LONGEST) - 1e-6))
        self.at += whole * self._terms.interval
        self._window.runs += whole
        self._passed += whole
        if self.at - self._terms.next_run > LONGEST:
            self.at = self._terms.next_run + LONGEST
            self._over(End.ENDLESS, "It is not over within three years.")

    def _over(self, end: End, why: str) -> None:
        self.end, self.why = end, why


def eta(
    policy: RampPolicy, state: RampState | None, digest: str, groups: Sequence[Counted], terms: Terms, now: float
) -> float | None:
    """The earliest moment at which a whole ramp can be complete, if persons take no time for its pauses.

    :returns: seconds since the epoch; None: a person must change something first, or it takes thousands of runs.
    """
    told = forecast(policy, state, digest, groups, replace(terms, pauses=0.0), now, BRIEF)
    return told.at if told.end is End.COMPLETE else None
