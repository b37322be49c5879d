"""What a decision is made on, and the steps of a policy as one counts them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from syncramp.model.ramps import Decided, Judgement, RampState, Verdict
from syncramp.ramp.soak import Soaked, soaked
from syncramp.spec.ramps import RampPolicy

CROWD = 100
"""More than a hundredth of a ceiling is no coming and going of people, but a group that grows."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The groups of a ramp as they are now, and what came of the last run."""

    groups: int
    largest: int
    """Members that the largest of them possibly has in the cloud."""
    waiting: int
    """Links that are wanted and wait."""
    admissible: Callable[[int], int]
    """Ceiling -> links that could be admitted under it if budgets were endless; under a higher one never fewer."""
    passing: Callable[[int], int] = lambda ceiling: 0
    """The same of those that wait for no later run: people come and go, and that is no growth of the ramp."""
    exported: bool = False
    """The last run exported something."""
    grew: int = 0
    """Links of the ramp that the service took in the last run."""
    refused: int = 0
    """Links that fit, and whose last try at this step was refused: nobody waits for them."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that a decision is made on beside the state."""

    policy: RampPolicy
    situation: Situation
    judgements: tuple[Judgement, ...]
    """Over the window of the state as it was."""
    now: float
    """Seconds since the epoch."""
    run: int

    def soaked(self, state: RampState) -> Soaked:
        """How far the soak of a state is."""
        return soaked(self.policy.soak(state.step), state.soaked_from, self.now, state.cycles, self.policy.time_zone)

    def fits(self, state: RampState) -> bool:
        """Somebody who waits fits under the ceiling, and was not refused there."""
        return self.situation.admissible(state.ceiling) > self.situation.refused

    def grows(self, state: RampState) -> bool:
        """Some of them wait for a later run."""
        there = self.situation.passing(state.ceiling) + self.situation.refused
        return self.situation.admissible(state.ceiling) > there

    def crowded(self, state: RampState) -> bool:
        """So many of them wait for a later run that a ceiling which has proven itself must do so again."""
        there = self.situation.passing(state.ceiling) + self.situation.refused
        return (self.situation.admissible(state.ceiling) - there) * CROWD > state.ceiling

    def beyond(self, state: RampState) -> bool:
        """Somebody waits whom a later step could admit, and this one cannot."""
        return self.situation.admissible(self.policy.target) > self.situation.admissible(state.ceiling)

    def all_passed(self) -> bool:
        """Every gate was measured and passed."""
        return len(self.judgements) >= len(self.policy.gates) and all(
            one.verdict is Verdict.PASSED for one in self.judgements
        )

    def told(self, what: str, before: RampState, after: RampState, by: str = "", reason: str = "") -> Decided:
        """A line of the history.

        :param before: the state that was decided on, whose numbers are told.
        """
        numbers = self.numbers(before)
        return Decided(self.now, self.run, self.policy.name, what, after.step, after.ceiling, by, reason, numbers)

    def numbers(self, state: RampState) -> Mapping[str, Any]:
        """Everything that a decision on a state goes by."""
        return {
            "phase": state.phase.value,
            "step": state.step,
            "ceiling": state.ceiling,
            "groups": self.situation.groups,
            "largest": self.situation.largest,
            "waiting": self.situation.waiting,
            "admissible": self.situation.admissible(state.ceiling),
            "grew": state.grew,
            "runs": state.runs,
            "failures": state.failures,
            "soak": dict(self.soaked(state).as_json()),
            "judgements": [_brief(one) for one in self.judgements],
        }


def _brief(one: Judgement) -> Mapping[str, Any]:
    return {
        "gate": one.gate,
        "verdict": one.verdict.value,
        "value": one.value,
        "unit": one.unit,
        "hold": one.hold,
        "abort": one.abort,
        "baseline": one.baseline,
        "samples": one.samples,
    }


def digest_of(policy: RampPolicy) -> str:
    """What binds groups to a ramp and leads it: what it matches, how it admits, its steps; no gates, no budgets."""
    steps = [
        (step.ceiling, step.soak.duration.total_seconds(), step.soak.cycles, step.soak.business_days)
        for step in policy.steps
    ]
    bound = (policy.min_members, policy.where, policy.admit.value, policy.order, steps)
    return blake2b(json.dumps(bound).encode(), digest_size=16).hexdigest()


def first_step(policy: RampPolicy, largest: int) -> int:
    """Where a ramp begins: the lowest ceiling that is not below what is there, else the last one.

    Pauses before it are passed, as the largest group is behind them already; one before every ceiling is not, because
    somebody put it there so that nothing begins without a person.
    """
    fitting = [
        number for number, step in enumerate(policy.steps) if step.ceiling is not None and step.ceiling >= largest
    ]
    first = fitting[0] if fitting else max(n for n, step in enumerate(policy.steps) if step.ceiling is not None)
    led = all(step.ceiling is None for step in policy.steps[:first])
    return 0 if led else first


def next_first_step(policy: RampPolicy, largest: int, ceiling: int) -> int:
    """Where a ramp begins anew under other steps: a document that is edited lets nobody past a pause.

    :param ceiling: of before. A pause that leads to a higher one waits for a person.
    """
    first = first_step(policy, largest)
    if ceiling_at(policy, first, 0) > ceiling:
        while first and policy.steps[first - 1].ceiling is None:
            first -= 1
    return first


def ceiling_at(policy: RampPolicy, index: int, otherwise: int) -> int:
    """The ceiling of a step; of a pause that of the step before it.

    :param otherwise: of a pause before every ceiling.
    """
    known = [step.ceiling for step in policy.steps[: index + 1] if step.ceiling is not None]
    return known[-1] if known else otherwise
