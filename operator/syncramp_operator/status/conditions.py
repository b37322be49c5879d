"""The conditions of a SyncConfig, each defined by when exactly it is True, and the list they make.

One rule says which are there. A condition whose True is what one wishes for (Ready, SourcesReady, TargetReady, and
WritebackReady where groups are written back) is always there, Unknown before a run could tell. Every other one is
there only while it is True: it is something to act upon or to know. So nothing on a healthy object needs reading, and
``kubectl wait --for=condition=RampPaused`` waits for the pause.

Reconciling and Stalled follow kstatus, by which kubectl and GitOps tools read objects: Reconciling makes an object
*in progress* whatever Ready says, Stalled makes it *failed*. So an interval run of a healthy object is not
Reconciling, and Ready does not flap: ``status.activeRun`` tells of it.

A condition keeps its ``lastTransitionTime`` until its status changes. Conditions of types that are not ours stay as
they are, as far as there is room.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from syncramp.model.ramps import Phase
from syncramp.words import count
from syncramp.words import moment as told_moment
from syncramp_operator.status import wording
from syncramp_operator.status.facts import Object
from syncramp_operator.status.outcomes import THERE, State, Truth, unread, unwritten
from syncramp_operator.status.readiness import ready, reconciling, stalled
from syncramp_operator.status.reasons import Reason, Weight
from syncramp_operator.status.view import ENDED_WELL, View, held, items, moment, part, phase_of, stamp, text, whole

MOST = 16
"""Conditions of one object, by the CRD."""
FOREIGN_BYTES = 4096
"""Of conditions that are not ours, in all, as JSON."""
EXPIRING = timedelta(days=30)
"""Before the end of a certificate; a run warns from then on, too."""

_UNANSWERED = {
    Reason.CREDENTIALS_INVALID,
    Reason.CLIENT_VERSION_REFUSED,
    Reason.ACCESS_DENIED,
    Reason.UNTRUSTED_SERVER,
    Reason.SERVICE_REFUSED,
    Reason.ENDPOINT_UNAVAILABLE,
    Reason.ANSWER_LOST,
}
"""Failures of a run that are the service's. A source that fails does not fail a run: it is read as incomplete."""
_ANSWERED = {
    Reason.ANCHOR_MISMATCH,
    Reason.CAPABILITY_LOSS,
    Reason.ANOTHER_SYNC_CLIENT,
    Reason.COOKIE_REFUSED,
}
"""Failures that the service's own answer led to."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of condition."""

    type: str
    judge: Callable[[View], State | None]
    always: bool = False
    """It is there whatever its status; else only while it is True."""
    wished: bool = False
    """It is there whatever its status where the document asks for what it is about."""
    longest: int = wording.BRIEF
    """Bytes of its message."""

    @property
    def truth(self) -> str:
        """When exactly it is True, in a sentence; ``docs/spec/syncconfig.md`` says the same."""
        return " ".join((self.judge.__doc__ or "").split())


def sources_ready(view: View) -> State:
    """True means exactly: the newest run that read the sources read every one of them completely."""
    for run in view.counting():
        status = part(run, "status")
        if items(status, "sources"):
            told = f"{count(len({text(one, 'name') for one in items(status, 'sources')}), 'source')} read completely"
            return unread(status) or State(Truth.TRUE, Reason.SOURCES_READ, told)
    return State(Truth.UNKNOWN, Reason.NO_RUN_YET, Reason.NO_RUN_YET.sentence)


def target_ready(view: View) -> State:
    """True means exactly: the newest run that came to call the service could sign in, and its calls were answered."""
    for run in view.counting():
        status = part(run, "status")
        reason = Reason.of(text(status, "reason"))
        if phase_of(run) in ENDED_WELL or reason in _ANSWERED:
            return State(Truth.TRUE, Reason.TARGET_ANSWERED, Reason.TARGET_ANSWERED.sentence)
        if reason in _UNANSWERED:
            return State(Truth.FALSE, reason, text(status, "message") or reason.sentence)
    return State(Truth.UNKNOWN, Reason.NO_RUN_YET, Reason.NO_RUN_YET.sentence)


def adoption_required(view: View) -> State | None:
    """True means exactly: the newest run that came to its end held everything, because the tenant is not empty and
    its objects are not adopted.
    """
    number = held(view.told, Weight.ADOPTION)
    if not number:
        return None
    told = f"{count(number, 'change')} wait; annotate syncramp.io/adopt=00000000, and the next run says what is there"
    for found in items(view.told, "preflight"):
        if text(found, "check") == "Adoption":
            told = f"{count(number, 'change')} wait; {text(found, 'text')}; {text(found, 'remedy')}"
    return State(Truth.TRUE, Reason.ADOPTION_REQUIRED, told)


def ramp_progressing(view: View) -> State | None:
    """True means exactly: by the newest run that came to its end, a ramp is on its way by itself: it grows, soaks,
    holds for a gate, or reverts.
    """
    return _of_ramps(
        view,
        {
            Phase.HOLDING: Reason.RAMP_HOLDING,
            Phase.REVERTING: Reason.RAMP_REVERTING,
            Phase.GROWING: Reason.RAMP_GROWING,
            Phase.SOAKING: Reason.RAMP_SOAKING,
        },
    )


def ramp_paused(view: View) -> State | None:
    """True means exactly: by the newest run that came to its end, a ramp is paused or aborted: it goes on only when a
    person says so.
    """
    return _of_ramps(view, {Phase.PAUSED: Reason.MANUAL_PAUSE, Phase.ABORTED: Reason.RAMP_ABORTED})


def _of_ramps(view: View, phases: Mapping[Phase, Reason]) -> State | None:
    """The first ramp in one of the phases, in the order of the phases, and how many more there are."""
    ramps = items(view.told, "ramps")
    found = [(ramp, reason) for phase, reason in phases.items() for ramp in ramps if text(ramp, "phase") == phase]
    if not found:
        return None
    (ramp, reason), *others = found
    reason = _pause(text(ramp, "pause")) if reason is Reason.MANUAL_PAUSE else reason
    step = f"step {whole(ramp, 'step')} of {whole(ramp, 'steps')}"
    ceiling = f"ceiling {whole(ramp, 'ceiling'):,} of {whole(ramp, 'target'):,}"
    more = f"; and {count(len(others), 'ramp')} more" if others else ""
    return State(Truth.TRUE, reason, f"{text(ramp, 'name')}: {text(ramp, 'phase')} at {step}, {ceiling}{more}")


def _pause(word: str) -> Reason:
    reason = Reason.of(word)
    return (
        reason
        if reason in (Reason.PAUSE_STEP, Reason.GATE_ABORTED, Reason.TOO_MANY_FAILURES)
        else Reason.MANUAL_PAUSE
    )


def written_back(view: View) -> State | None:
    """True means exactly: the newest run that told of groups that are written back left nothing of them that a person
    must see to, nothing refused, in doubt or unsent. What the document itself lets wait may wait. In the modes Plan
    and Staging it is Unknown.
    """
    if not part(view.spec, "writeback"):
        return None
    for run in view.counting():
        other = part(part(run, "status"), "writeback")
        if other:
            return _written(view, run, other)
    return State(Truth.UNKNOWN, Reason.NO_RUN_YET, Reason.NO_RUN_YET.sentence)


def _written(view: View, run: Object, other: Object) -> State:
    state, failed = unwritten(view, run), bool(part(other, "failure"))
    if view.mode != "Sync" and not failed:
        reason = Reason.PLAN_ONLY if view.mode == "Plan" else Reason.STAGING
        return State(Truth.UNKNOWN, reason, wording.planned(other, view.mode))
    if state is None:
        groups, members = count(whole(other, "groups"), "group"), count(whole(other, "members"), "member")
        return State(Truth.TRUE, Reason.WRITTEN, f"{groups} with {members} in the directory")
    return state if failed else replace(state, reason=Reason.WRITEBACK_INCOMPLETE)


def held_deletes(waiting: Iterable[Object]) -> int:
    """Deletes that wait for an approval, of sets that do."""
    return sum(whole(each, "count") for each in waiting if text(each, "class") == "Deletes")


def deletions_held(view: View) -> State | None:
    """True means exactly: by the newest run that came to its end, deletes wait for an approval."""
    number = held_deletes(items(view.told, "waiting"))
    told = f"{count(number, 'delete')} {'waits' if number == 1 else 'wait'} for an approval"
    return State(Truth.TRUE, Reason.DELETIONS_HELD, told) if number else None


def approval_required(view: View) -> State | None:
    """True means exactly: by the newest run that came to its end, changes wait that a person can let go by an
    approval or a release.
    """
    both = (view.told, part(view.told, "writeback"))
    beyond, asked = (sum(held(status, weight) for status in both) for weight in (Weight.BEYOND, Weight.ASKED))
    number = beyond + asked or sum(whole(each, "count") for each in items(view.told, "waiting"))
    if not number:
        return None
    reason = Reason.FAILSAFE_TRIGGERED if beyond else Reason.AWAITING_APPROVAL
    named = "".join(wording.holds(status, Weight.BEYOND if beyond else Weight.ASKED) for status in both)
    return State(Truth.TRUE, reason, f"{count(number, 'change')} wait{named}; status.waiting says what to annotate")


def drifted(view: View) -> State | None:
    """True means exactly: the newest run that came to its end was shown what somebody else did to objects of ours in
    the cloud, or to groups that are written back.
    """
    kinds = [*_drift(view.told), *(f"{told} in {THERE}" for told in _drift(part(view.told, "writeback")))]
    return State(Truth.TRUE, Reason.DRIFT_DETECTED, ", ".join(kinds)) if kinds else None


def _drift(status: Object) -> list[str]:
    return [f"{text(each, 'kind')} {whole(each, 'count'):,}" for each in items(status, "drift")]


def credentials_expiring(view: View) -> State | None:
    """True means exactly: the certificate that the newest run signed in with ends within 30 days, or has ended."""
    until = moment(view.told, "certificateValidUntil")
    if until is None or until - view.now > EXPIRING:
        return None
    reason = Reason.CERTIFICATE_EXPIRED if until <= view.now else Reason.CERTIFICATE_EXPIRING
    return State(
        Truth.TRUE, reason, f"The certificate is valid until {told_moment(until)}; put a new one in its Secret"
    )


def request_misread(view: View) -> State | None:
    """True means exactly: an annotation asks for something in no form that is understood; runs go on without it."""
    if not view.facts.misread:
        return None
    return State(Truth.TRUE, Reason.REQUEST_MISREAD, wording.found(view.facts.misread))


KINDS = (
    Kind("Ready", ready, always=True, longest=wording.LONGEST),
    Kind("Reconciling", reconciling),
    Kind("Stalled", stalled, longest=wording.LONGEST),
    Kind("SourcesReady", sources_ready, always=True),
    Kind("TargetReady", target_ready, always=True),
    Kind("WritebackReady", written_back, wished=True),
    Kind("AdoptionRequired", adoption_required),
    Kind("RampProgressing", ramp_progressing),
    Kind("RampPaused", ramp_paused),
    Kind("DeletionsHeld", deletions_held),
    Kind("ApprovalRequired", approval_required),
    Kind("Drifted", drifted),
    Kind("CredentialsExpiring", credentials_expiring),
    Kind("RequestMisread", request_misread),
)
OURS = frozenset(kind.type for kind in KINDS)


def conditions_of(view: View) -> list[dict[str, Any]]:
    """All conditions: a merge patch replaces the list, so it is whole."""
    before = {text(each, "type"): each for each in items(view.before, "conditions")}
    said = [(kind, kind.judge(view)) for kind in KINDS]
    ours = [_condition(view, kind, state, before.get(kind.type, {})) for kind, state in said if state is not None]
    return ours + _foreign(before, MOST - len(ours))


def _condition(view: View, kind: Kind, state: State, before: Object) -> dict[str, Any]:
    same = text(before, "status") == state.truth
    return {
        "type": kind.type,
        "status": state.truth.value,
        "observedGeneration": view.generation,
        "lastTransitionTime": (same and text(before, "lastTransitionTime")) or stamp(view.now),
        "reason": state.reason.value,
        "message": wording.within(state.message, kind.longest),
    }


def _foreign(before: Mapping[str, Object], room: int) -> list[dict[str, Any]]:
    """Conditions of others, the first ones as far as there is room for them."""
    kept: list[dict[str, Any]] = []
    size = 0
    for name, condition in before.items():
        size += wording.size_of(dict(condition)) if name not in OURS else 0
        if name not in OURS and len(kept) < room and size <= FOREIGN_BYTES:
            kept.append(dict(condition))
    return kept
