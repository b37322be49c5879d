"""The next state of a ramp: a state machine over policy, situation, judgements, commands and a moment.

First the state is made, if there is none or the policy changed. Then the commands of people are followed, in order.
Then the ramp goes on by itself, at most one step: a complete one whose groups grew is opened again, gates are heard,
the soak begins when nothing more fits, and a soak that is over with every gate passed ends the step. One function
makes each of these transitions; ``ramp.transitions`` holds the table that all of them go by.

What people or gates stopped stays stopped until a person says otherwise, also when the policy changes. A ceiling
never falls by itself, and never below what is in the cloud. What was not measured never lets a step end.
"""

from collections.abc import Sequence
from dataclasses import replace

from syncramp.model.ramps import Decided, Judgement, Order, PauseReason, Phase, RampState, Verdict
from syncramp.ramp.findings import LEAST_CYCLES
from syncramp.ramp.moves import Moved, anew, beginning, completed, entered, to
from syncramp.ramp.obedience import obeyed
from syncramp.ramp.steps import Setting, Situation, ceiling_at, digest_of, first_step, next_first_step
from syncramp.ramp.transitions import Event
from syncramp.spec.ramps import Admit, RampPolicy
from syncramp.words import count


def decide(
    policy: RampPolicy,
    state: RampState | None,
    situation: Situation,
    judgements: Sequence[Judgement],
    orders: Sequence[Order],
    now: float,
    run: int,
    digest: str,
) -> Moved:
    """The next state of a ramp.

    :param state: of the decision before; None: the first group follows it.
    :param judgements: of the policy's gates over the window of that state.
    :param orders: commands that no run has followed, the oldest first.
    :param now: seconds since the epoch.
    :param digest: of what the ramp is bound by (``ramp.binding.digest_of``).
    """
    at = Setting(policy, situation, tuple(judgements), now, run)
    before, rows = state, list[Decided]()
    if state is None or state.policy != digest:
        state, begun = began(at, state, digest)
        rows += begun
    else:
        state = counted(at, dated(at, state))
    for order in orders:
        state, followed = obeyed(at, state, order, started=before is not None)
        rows += followed
    if before is None or state.window != before.window:
        at = replace(at, judgements=())  # they are of another window
    if policy.admit is Admit.NOW:
        state, more = unramped(at, state)
        return replace(state, judgements=(), run=run), (*rows, *more)
    for move in (reopened, judged, recovered, filled, proven):
        state, more = move(at, state)
        rows += more
    return replace(state, judgements=tuple(judgements) or state.judgements, run=run), tuple(rows)


def began(at: Setting, before: RampState | None, digest: str) -> Moved:
    """The ramp starts, or starts anew under another policy, never below what is in the cloud."""
    largest = at.situation.largest
    index = next_first_step(at.policy, largest, before.ceiling) if before else first_step(at.policy, largest)
    seed = RampState(
        at.policy.name,
        digest,
        Phase.GROWING,
        index,
        ceiling_at(at.policy, index, min(largest, at.policy.ceilings[0])),
        started=at.now,
        began=at.now,
        window=at.now,
    )
    if before is None:
        return entered(at, seed, None, index, "Started", reason=f"{count(at.situation.groups, 'group')} to follow it")
    why = "its steps, what it matches, or how it admits changed in the document"
    if _stopped(before):
        stays = replace(
            seed, phase=before.phase, pause=before.pause, by=before.by, reason=before.reason, failures=before.failures
        )
        kept = f"{why}; it stays {before.phase.value.lower()}"
        return stays, (at.told("Started", before, stays, reason=kept),)
    after, rows = entered(at, replace(seed, phase=before.phase), Event.POLICY, index, "Started", reason=why)
    paused = at.policy.steps[after.step].ceiling is None
    return replace(after, ceiling=max(after.ceiling, largest)) if paused else after, rows


def resumed(policy: RampPolicy, state: RampState, largest: int, now: float) -> RampState:
    """A state out of a snapshot: at its step, or at the one that the tenant is at by now; measured and soaked anew.

    :param largest: members that the largest group of the ramp possibly has in the cloud.
    """
    if state.policy != digest_of(policy):
        return state  # the next run begins it anew
    first = first_step(policy, largest)
    step = first if policy.steps[first].ceiling is not None and first > state.step else state.step
    runs = state.phase in (Phase.SOAKING, Phase.COMPLETE) or (step > state.step and not _stopped(state))
    return replace(
        state,
        phase=Phase.GROWING if runs else state.phase,
        pause=None if runs else state.pause,
        step=step,
        ceiling=ceiling_at(policy, step, state.ceiling),
        began=now,
        window=now,
        soaked_from=None,
        cycles=0,
        runs=0,
        grew=0,
    )


def dated(at: Setting, state: RampState) -> RampState:
    """A clock that was ahead for a while, and is right again, must keep no ramp waiting until the moment it told."""
    since = state.soaked_from
    return replace(
        state,
        began=min(state.began, at.now),
        window=min(state.window, at.now),
        soaked_from=None if since is None else min(since, at.now),
    )


def counted(at: Setting, state: RampState) -> RampState:
    """The run since the last decision counts."""
    return replace(
        state,
        runs=state.runs + 1,
        grew=state.grew + at.situation.grew,
        cycles=state.cycles + (at.situation.exported and state.soaked_from is not None),
    )


def reopened(at: Setting, state: RampState) -> Moved:
    """A ramp that was complete goes on where it was. Because somebody waits for a later step: then what its ceiling
    has proven since counts. Or because so many wait below the ceiling that it must prove itself again, as when a
    large group comes: then gates are heard before they do. The latter ends a soak, too.
    """
    crowded, complete = at.crowded(state), state.phase is Phase.COMPLETE
    if not (crowded and (complete or state.phase is Phase.SOAKING)) and not (complete and at.beyond(state)):
        return state, ()
    phase, since = (Phase.GROWING, None) if crowded else (Phase.SOAKING, state.soaked_from)
    cycles = 0 if crowded else state.cycles
    after = to(state, Event.WAITING, phase, soaked_from=since, cycles=cycles, by="", reason="")
    return after, (at.told("Reopened", state, after, reason=f"{count(at.situation.waiting, 'member')} wait"),)


def unramped(at: Setting, state: RampState) -> Moved:
    """Groups that never wait need no steps, and hear no gates: the ramp is complete at once, unless it is stopped."""
    if state.phase is Phase.COMPLETE or _stopped(state):
        return state, ()
    last = len(at.policy.steps) - 1
    after = to(beginning(at, state, last), Event.UNRAMPED, Phase.COMPLETE, pause=None, soaked_from=at.now)
    return after, (at.told("Completed", state, after, reason="its groups never wait (admit: Now)"),)


def judged(at: Setting, state: RampState) -> Moved:
    """A gate that fails holds the step and begins the soak anew; at its abort value, or once too often, it pauses the
    ramp for a person. One that holds counts again when the new window has as many runs as a verdict needs.
    """
    failing = [one for one in at.judgements if one.verdict is Verdict.FAILED]
    if not failing or state.phase not in (Phase.GROWING, Phase.SOAKING, Phase.HOLDING):
        return state, ()
    why = " ".join(one.sentence for one in failing)
    if any(one.aborts for one in failing):
        return _stop(at, state, Event.ABORT_VALUE, PauseReason.GATE, why)
    if state.phase is Phase.HOLDING and state.runs < LEAST_CYCLES:
        return replace(state, failed=_names(state, failing)), ()
    counts = replace(state, failures=state.failures + 1, failed=_names(state, failing))
    if counts.failures >= at.policy.failures_before_pause:
        return _stop(at, counts, Event.FAILED_OFTEN, PauseReason.FAILURES, why)
    after = to(anew(at, counts), Event.FAILED, Phase.HOLDING, by="", reason=why)
    return after, (at.told("Held", state, after, reason=why),)


def recovered(at: Setting, state: RampState) -> Moved:
    """The gates that failed have passed since."""
    passed = {one.gate for one in at.judgements if one.verdict is Verdict.PASSED}
    asked = {one.gate for one in at.judgements}
    if state.phase is not Phase.HOLDING or not at.judgements or (asked & set(state.failed)) - passed:
        return state, ()
    phase = Phase.GROWING if state.soaked_from is None else Phase.SOAKING
    after = to(state, Event.RECOVERED, phase, failed=(), reason="")
    return after, (at.told("Recovered", state, after, reason=f"{', '.join(state.failed)} passed"),)


def filled(at: Setting, state: RampState) -> Moved:
    """Nothing more fits under the ceiling, or all of it comes in a run after the first of its step: it soaks."""
    begins = not state.runs and at.fits(state)
    if state.phase is not Phase.GROWING or begins or at.grows(state):
        return state, ()
    after = to(state, Event.FULL, Phase.SOAKING, soaked_from=at.now, cycles=0, by="", reason="")
    return after, (
        at.told(
            "Soaking",
            state,
            after,
            reason=f"whoever fits below {state.ceiling:,} members is there, or comes in this run",
        ),
    )


def proven(at: Setting, state: RampState) -> Moved:
    """The soak is over and every gate passed: the next step, or the end if nobody waits for one."""
    if state.phase is not Phase.SOAKING or not at.soaked(state).over or not at.all_passed():
        return state, ()
    why = f"{state.ceiling:,} members proved themselves, and {count(len(at.judgements), 'gate')} passed"
    if state.step == len(at.policy.steps) - 1 or not at.beyond(state):
        return completed(at, state, Event.SOAKED, "Completed", reason=why)
    return entered(at, state, Event.SOAKED, state.step + 1, "Promoted", reason=why)


def _stop(at: Setting, state: RampState, event: Event, pause: PauseReason, why: str) -> Moved:
    after = to(state, event, Phase.PAUSED, pause=pause, by="", reason=why)
    return after, (at.told("Paused", state, after, reason=why),)


def _stopped(state: RampState) -> bool:
    """A person or a gate stopped it, and a person must let it go on."""
    brake = state.phase is Phase.PAUSED and state.pause is not PauseReason.STEP
    return brake or state.phase in (Phase.ABORTED, Phase.REVERTING)


def _names(state: RampState, failing: Sequence[Judgement]) -> tuple[str, ...]:
    before = state.failed if state.phase is Phase.HOLDING else ()
    return tuple(sorted({*before, *(one.gate for one in failing)}))
