"""What a run decides about ramps: from their states, what was measured, and what people said, to their next states.

It is decided before the plan and written in one transaction, before anything is sent. A run that does not export
decides the same and writes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncramp.cycle.job import Job
from syncramp.cycle.outside import ask
from syncramp.events import Note
from syncramp.model.circumstances import Circumstances
from syncramp.model.measures import Asked, Measures
from syncramp.model.orders import NamedOrder
from syncramp.model.ramps import Decided, Order, Phase, RampState
from syncramp.ramp.admission import admissible, passing
from syncramp.ramp.candidates import Candidate
from syncramp.ramp.decision import decide, resumed
from syncramp.ramp.gates import judge
from syncramp.ramp.steps import Situation, digest_of
from syncramp.spec.policies import policies
from syncramp.spec.ramps import RampPolicy
from syncramp.store.exports import Exports
from syncramp.words import closest

HEARING = (Phase.GROWING, Phase.SOAKING, Phase.HOLDING, Phase.PAUSED)
"""Phases in which gates can decide something, or tell a person who has to."""


@dataclass(frozen=True, slots=True)
class Said:
    """What people said to ramps and no run has followed."""

    given: Mapping[int, Order]
    """By the command line, by their numbers."""
    announced: Sequence[tuple[str, Order]]
    """By annotations, each with its text."""

    def to(self, ramp: str) -> list[Order]:
        """Commands to a ramp, the oldest first."""
        orders = (*self.given.values(), *(order for _, order in self.announced))
        return [order for order in orders if order.ramp == ramp]


@dataclass(slots=True)
class Decisions:
    """What a run decided."""

    states: dict[str, RampState] = field(default_factory=dict)
    """Ramp -> its state in this run; of those that some group follows, or has followed."""
    decided: list[Decided] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    """Ramps whose commands were followed or refused."""


def decisions(
    job: Job,
    ramps: Sequence[RampPolicy],
    groups: Mapping[str, Sequence[Candidate]],
    exports: Exports,
    around: Circumstances,
) -> Mapping[str, RampState]:
    """Decide about every ramp of the document, and write it down if the run exports.

    :param groups: ramp -> the groups that follow it.
    :param around: under an adoption that is required nothing is known of the cloud, and nothing is written.
    :returns: ramp -> its state in this run; of those that some group follows, or has followed.
    """
    kept = job.store.ramp_states.all()
    said = _said(job, [policy.name for policy in ramps])
    made, run = Decisions(), exports.run
    judged = {policy: kept[policy.name] for policy in ramps if policy.name in kept}
    measures = _measures(job, judged, {name: len(following) for name, following in groups.items()}, run)
    for policy in ramps:
        following = groups.get(policy.name, ())
        if following or policy.name in kept:
            before, measured = kept.get(policy.name), measures.get(policy.name)
            judgements = judge(policy, measured, job.clock()) if measured else ()
            situation = _situation(job, policy, before, following, measured, around.max_members)
            orders = said.to(policy.name)
            state, rows = decide(policy, before, situation, judgements, orders, job.clock(), run, digest_of(policy))
            made.states[policy.name] = state
            made.decided += rows
            made.answered.add(policy.name)
    _bury(job, made, kept, {policy.name for policy in ramps}, said, run)
    if job.exports and not around.adoption:
        _write(job, exports, run, made, kept, said)
    return made.states


def resume(job: Job, states: Iterable[RampState]) -> int:
    """Ramps of a store that is older than its tenant go on at their steps, or where the tenant is by now.

    :param states: as they were; of a ramp that the document does not have nothing is kept.
    :returns: how many go on.
    """
    of = {policy.name: policy for policy in policies(job.config)}
    going = [state for state in states if state.name in of]
    for state in going:
        largest = job.store.ramp_states.largest(state.name)
        job.store.ramp_states.restore(resumed(of[state.name], state, largest, job.clock()))
    return len(going)


def _measures(
    job: Job, states: Mapping[RampPolicy, RampState], groups: Mapping[str, int], run: int
) -> Mapping[str, Measures]:
    """What the gates of ramps are judged on; of those that have a state.

    Other systems are asked where the answer may decide something.
    """
    found = job.store.samples.measures(list(states.values()), run, job.clock())
    document = f"{job.config.namespace}/{job.config.name}"
    asking = {
        policy.name: Asked(document, policy.name, state.step + 1, state.ceiling, policy.target, groups[policy.name])
        for policy, state in states.items()
        if policy.name in groups and state.phase in HEARING
    }
    told = ask(job, asking)
    return {name: replace(measures, outside=told.get(name, {})) for name, measures in found.items()}


def _situation(
    job: Job,
    policy: RampPolicy,
    before: RampState | None,
    groups: Sequence[Candidate],
    measured: Measures | None,
    max_members: int,
) -> Situation:
    exported, grew = job.store.samples.last(policy.name, before.run) if before else (False, 0)
    spent = job.store.spent.admitted(job.clock()).get(policy.name, 0)
    return Situation(
        groups=len(groups),
        largest=max((len(group.membership.possible) for group in groups), default=0),
        waiting=sum(group.queued for group in groups),
        admissible=_Admissible(policy, groups, max_members),
        passing=lambda ceiling: passing(policy, groups, ceiling, max_members, spent),
        exported=exported,
        grew=grew,
        refused=measured.refused if measured else 0,
    )


class _Admissible:
    """Links that fit under a ceiling, counted once for each."""

    def __init__(self, policy: RampPolicy, groups: Iterable[Candidate], max_members: int) -> None:
        self._policy, self._max = policy, max_members
        self._groups = [group for group in groups if group.queued]
        self._known = dict[int, int]()

    def __call__(self, ceiling: int) -> int:
        """How many."""
        if ceiling not in self._known:
            self._known[ceiling] = admissible(self._policy, self._groups, ceiling, self._max)
        return self._known[ceiling]


def _said(job: Job, ramps: Sequence[str]) -> Said:
    given = job.store.ramp_states.pending()
    announced = []
    for named in job.config.orders:
        if job.store.ramp_states.taken(named.command, named.text):
            continue
        if named.ramp in ramps:
            order = Order(named.command, named.ramp, named.by, job.clock(), named.step)
            announced.append((named.text, order))
        else:
            job.listen(Note("warning", _unknown(named, ramps)))
    return Said(given, announced)


def _unknown(named: NamedOrder, ramps: Sequence[str]) -> str:
    near = closest(named.ramp, ramps)
    meant = f"; {near} is one" if near else ""
    return f"the {named.by}: the document has no ramp {named.ramp}{meant}"


def _bury(job: Job, made: Decisions, kept: Mapping[str, RampState], ramps: set[str], said: Said, run: int) -> None:
    """What is said of ramps that the document does not have any more: their states end, commands come too late."""
    for name in sorted(kept.keys() - ramps):
        state, why = kept[name], "the document does not have it any more; nobody is taken out of its groups"
        made.decided.append(Decided(job.clock(), run, name, "Ended", state.step, state.ceiling, "", why))
    for order in said.given.values():
        if order.ramp not in ramps:
            why = f"{order.command.value}: the document does not have the ramp any more"
            made.decided.append(Decided(job.clock(), run, order.ramp, "Refused", 0, 0, order.by, why))
            made.answered.add(order.ramp)


def _write(job: Job, exports: Exports, run: int, made: Decisions, kept: Mapping[str, RampState], said: Said) -> None:
    gone = kept.keys() - made.states.keys()
    if not (made.states or made.decided or gone):
        return
    job.store.ramp_states.write(
        exports,
        run,
        made.states.values(),
        made.decided,
        gone=gone,
        followed=[number for number, order in said.given.items() if order.ramp in made.answered],
        announced=[(text, order) for text, order in said.announced if order.ramp in made.answered],
    )
