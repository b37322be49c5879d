"""A ramp in a test: over one group that grows as the ramp lets it, run after run."""

from datetime import timedelta
from decimal import Decimal

from syncramp.model.ramps import Command, Decided, Judgement, Order, PauseReason, Phase, RampState, Verdict
from syncramp.ramp.decision import decide
from syncramp.ramp.steps import Situation
from syncramp.spec.ramps import Gate, Metric, RampPolicy, Soak, Step, Unit

HOUR = 3600.0
MONDAY = 1_772_409_600.0
"""2026-03-02 00:00 UTC."""
DAY = Soak(timedelta(hours=24))
GATE = Gate(Metric.THROTTLE, Decimal(1), Decimal(5))
POLICY = RampPolicy("large", (Step(10, DAY), Step(20, DAY), Step(None), Step(30, DAY)), (GATE,))


def judgement(verdict: Verdict = Verdict.PASSED, aborts: bool = False, metric: str = "ThrottleShare") -> Judgement:
    value = 9.0 if aborts else 2.0 if verdict is Verdict.FAILED else 0.5
    sentence = f"{metric} is {value}."
    return Judgement(metric, "", verdict, value, Unit.PERCENT.value, 1.0, 5.0, aborts, 20, sentence)


PASSED = (judgement(),)
FAILED = (judgement(Verdict.FAILED),)
ABORTS = (judgement(Verdict.FAILED, aborts=True),)
UNMEASURED = (judgement(Verdict.INCONCLUSIVE),)


class Ramp:
    """A ramp over one group whose additions go up to the ceiling, run after run."""

    def __init__(self, policy: RampPolicy = POLICY, wanted: int = 25, there: int = 0) -> None:
        self.policy, self.wanted, self.there = policy, wanted, there
        self.state: RampState | None = None
        self.passes = False
        """Whoever fits comes in the run that finds them."""
        self.rows = list[Decided]()
        self.now, self.runs, self.grew = MONDAY, 0, 0

    def run(
        self, judgements: tuple[Judgement, ...] = PASSED, *commands: Order, after: float = HOUR, digest: str = "one"
    ) -> RampState:
        """One run: what its ramp decides, and then everybody it lets grow arrives."""
        self.now, self.runs = self.now + after, self.runs + 1
        passing = self._admissible if self.passes else lambda ceiling: 0
        situation = Situation(
            1, self.there, self.wanted - self.there, self._admissible, passing, exported=True, grew=self.grew
        )
        self.state, rows = decide(
            self.policy, self.state, situation, judgements, commands, self.now, self.runs, digest
        )
        self.rows += rows
        self.grew = self._admissible(self.state.ceiling) if self.state.phase in GROWS else 0
        self.there += self.grew
        return self.state

    def say(self, command: Command, step: int | None = None) -> Order:
        return Order(command, self.policy.name, "Ann", self.now, step)

    def obey(self, command: Command, step: int | None = None) -> RampState:
        return self.run(PASSED, self.say(command, step))

    def until(self, phase: Phase, most: int = 200) -> RampState:
        for _ in range(most):
            if self.run().phase is phase:
                break
        assert self.state and self.state.phase is phase
        return self.state

    def _admissible(self, ceiling: int) -> int:
        return max(0, min(self.wanted, ceiling) - self.there)

    @property
    def told(self) -> list[str]:
        return [row.what for row in self.rows]


GROWS = (Phase.GROWING, Phase.SOAKING, Phase.COMPLETE)


def state_in(phase: Phase, pause: PauseReason | None = None, step: int = 0) -> RampState:
    pause = pause or (PauseReason.GATE if phase is Phase.PAUSED else None)
    since = None if phase is Phase.GROWING else 0.0
    return RampState("large", "one", phase, step, 10, 0.0, 0.0, 0.0, soaked_from=since, pause=pause)
