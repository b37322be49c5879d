"""What a change of a document does to ramps that are under way: told before it happens, in a plan or a status.

Whatever changes, nobody is taken out of a group: a ramp that starts anew starts at the lowest ceiling that is not
below what is in the cloud, and groups of a ramp that is gone are matched again as they are.
"""

from collections.abc import Mapping, Sequence

from syncramp.model.ramps import PauseReason, Phase, RampState
from syncramp.ramp.steps import ceiling_at, digest_of, next_first_step
from syncramp.spec.ramps import RampPolicy

GONE = "the document does not have it any more: its groups are matched again as they are; nobody is taken out"


def changes(
    policies: Sequence[RampPolicy], states: Mapping[str, RampState], largest: Mapping[str, int]
) -> dict[str, str]:
    """Ramp -> what becomes of it in the next run, as a sentence; of those that a change concerns.

    :param policies: of the document as it is now.
    :param states: ramp -> its state after the last run that exported.
    :param largest: ramp -> members that the largest of its groups possibly has in the cloud.
    """
    known = {policy.name: policy for policy in policies}
    told = {name: GONE for name in states if name not in known}
    for name, state in states.items():
        policy = known.get(name)
        if policy is not None and state.policy != digest_of(policy):
            told[name] = _anew(policy, state, largest.get(name, 0))
    return told


def _anew(policy: RampPolicy, state: RampState, largest: int) -> str:
    step = next_first_step(policy, largest, state.ceiling)
    paused, ceiling = policy.steps[step].ceiling is None, ceiling_at(policy, step, largest)
    sized = f"{max(ceiling, largest):,}, a pause" if paused else f"{ceiling:,}"
    place = f"step {step + 1} of {len(policy.steps)}, {sized}"
    stopped = state.phase in (Phase.ABORTED, Phase.REVERTING) or (
        state.phase is Phase.PAUSED and state.pause is not PauseReason.STEP
    )
    stays = f"; it stays {state.phase.value.lower()}" if stopped else ""
    return (
        f"its steps, what it matches, or how it admits changed: it starts anew at {place} "
        f"(before: step {state.step + 1}, {state.ceiling:,}); nobody is taken out{stays}"
    )
