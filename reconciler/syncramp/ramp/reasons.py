"""Why members of a group wait, as a sentence with its numbers: all that somebody needs who is woken by it."""

from syncramp.model.ramps import Phase, RampState
from syncramp.ramp.candidates import Candidate, Limits
from syncramp.spec.ramps import Admit, RampPolicy
from syncramp.words import count

_STANDS = {
    Phase.HOLDING: "holds, because a gate failed",
    Phase.PAUSED: "is paused",
    Phase.ABORTED: "was aborted",
    Phase.REVERTING: "goes back to where it began",
}


def why(policy: RampPolicy, state: RampState, group: Candidate, limits: Limits, coming: int) -> str:
    """Why somebody of a group does not come in this run.

    :param coming: how many of it do.
    """
    size = f"it would have {count(group.size, 'member')}"
    if group.size > limits.max_members:
        return too_many(group.size, limits.max_members)
    limit = limits.of(group)
    if group.size > limit and limit == limits.mail and group.mail_enabled:
        return (
            f"{size} and is mail-enabled; ramp {policy.name} lets such a group have {limit:,} (mailEnabledMaxMembers)"
        )
    step = f"ramp {policy.name}, step {state.step + 1} of {len(policy.steps)}"
    if stands := _STANDS.get(state.phase):
        return f"{step}, {stands}{_because(state)}; {size}, {group.occupied:,} are there"
    budget = f"the budget of {policy.per_cycle:,} members in a run and {policy.per_day:,} in a day is used"
    if group.size <= limit:
        return f"{step}: {budget}"
    whole = f", and it comes whole{_denied(group)}" if group.admit is Admit.WHOLE else ""
    there = f"{group.occupied + coming:,} are there{_now(coming)}"
    room = group.admit is Admit.MEMBERS and group.occupied + coming < limit
    return f"{step}: {size}, the ceiling is {state.ceiling:,}{whole}; {there}{f'; {budget}' if room else ''}"


def too_many(size: int, max_members: int) -> str:
    """Why a group waits that no ramp could let grow."""
    return f"it would have {size:,} members, groups.maxMembers is {max_members:,}"


def _because(state: RampState) -> str:
    return f" ({state.reason})" if state.reason else ""


def _denied(group: Candidate) -> str:
    return f" because {group.denied}" if group.denied else ""


def _now(coming: int) -> str:
    return f" with those of this run ({coming:,})" if coming else ""


def note(policy: RampPolicy, group: Candidate) -> str:
    """What somebody should know of a group beside its size, as a clause; empty for nearly all."""
    if not group.denied and group.moves is None:
        return ""
    denied = f"it comes whole{_denied(group)}" if group.denied else ""
    moves = ""
    if group.moves is not None:
        would = f"ramp {group.moves}" if group.moves else "no ramp"
        moves = f"{would} would match it now; it stays with {policy.name} until it is whole"
    return "; ".join(filter(None, (denied, moves)))
