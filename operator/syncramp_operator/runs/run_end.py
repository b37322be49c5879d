"""How a run ended, as the process that made it says it: small, bounded, and fit to be shown.

What went wrong is told by the family and the reason of our own errors. Of anybody else's error only the name of its
type is told, because nobody knows what its text holds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from syncramp.errors import Retry, Stalled, Stopped, StoreFailing, SyncrampError, Waiting
from syncramp.model.ramps import Decided
from syncramp.model.report import RunReport, Tally
from syncramp.words import count
from syncramp_operator.runs.bounds import MESSAGE, lines, stamp, text
from syncramp_operator.runs.figures import figures

ENDED = "ended"
"""The event of the last line of a run."""


class RunPhase(StrEnum):
    """How far a SyncRun is."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    INCOMPLETE = "Incomplete"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def over(self) -> bool:
        """It never changes again."""
        return self not in (RunPhase.PENDING, RunPhase.RUNNING)


class RunReason(StrEnum):
    """Why, in one word; a run that failed for an error of ours has that error's own reason."""

    SUCCEEDED = "SyncSucceeded"
    INCOMPLETE = "SyncIncomplete"
    PLAN_MADE = "PlanMade"
    CANCELLED = "Cancelled"
    INTERRUPTED = "Interrupted"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    INTERNAL_ERROR = "InternalError"


FAMILIES = (Stalled, Waiting, Retry)
UNSEEN = frozenset({"ClusterRefused", "SecretMissing"})
"""Reasons that end by something that nothing shows to the operator: a right that is given, a quota that has room, a
Secret that is made again as it was. So what needs a person is tried again by itself."""
STOPPED = {
    RunReason.CANCELLED: "It was stopped after its calls in flight; the next run goes on from there",
    RunReason.INTERRUPTED: "It was stopped by the end of its process; it is resumed",
    RunReason.DEADLINE_EXCEEDED: "It lasted longer than spec.timeout and was stopped; the next run goes on",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run."""

    phase: RunPhase
    reason: str
    message: str
    family: str = ""
    """``Stalled``, ``Waiting`` or ``Retry`` of a run that failed."""
    retry: str = ""
    """Of one that has to wait: when it may be possible, RFC 3339."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the status: what it did."""

    def as_line(self) -> str:
        """One line of JSON."""
        return json.dumps({"event": ENDED, **asdict(self)})

    @classmethod
    def of_line(cls, line: bytes | str) -> Self | None:
        """The end that a line tells; None where it tells none."""
        try:
            told = json.loads(line)
            if told.pop("event") != ENDED:
                return None
            return cls(**{**told, "phase": RunPhase(told["phase"])})
        except (ValueError, KeyError, AttributeError, TypeError):
            return None

    def stopped_for(self, reason: RunReason) -> Self:
        """Whoever stopped it knows why; an end that is no stop stays as it is."""
        if self.phase is not RunPhase.CANCELLED or reason is RunReason.CANCELLED:
            return self
        return replace(
            self, phase=RunPhase.FAILED, reason=reason.value, message=STOPPED[reason], family=Retry.__name__
        )


def succeeded(report: RunReport, *, stopped: bool, plan: str = "", decided: Sequence[Decided] = ()) -> Outcome:
    """A run that came to its end, or as far as it was let.

    :param stopped: it was asked to stop.
    :param plan: its plan as text, of one that only planned.
    :param decided: what it decided about ramps.
    """
    told = figures(report, decided) | ({"plan": lines(plan)} if plan else {})
    if report.failure_reason == RunReason.DEADLINE_EXCEEDED:
        reason = RunReason.DEADLINE_EXCEEDED
        return Outcome(RunPhase.FAILED, reason, STOPPED[reason], Retry.__name__, told=told)
    if stopped and not report.settled:
        return Outcome(RunPhase.CANCELLED, RunReason.CANCELLED, STOPPED[RunReason.CANCELLED], told=told)
    if report.mode == "Plan" or plan:
        return Outcome(_phase(report.succeeded), RunReason.PLAN_MADE, _planned(report), told=told)
    reason = RunReason.SUCCEEDED if report.settled else RunReason.INCOMPLETE
    return Outcome(_phase(report.settled), reason, _sent(report), told=told)


def failed(error: BaseException, report: RunReport, *, stopped: bool, decided: Sequence[Decided] = ()) -> Outcome:
    """A run that ended before its time.

    :param error: what ended it.
    :param report: as far as it came.
    """
    told = figures(report, decided)
    if stopped and isinstance(error, Stopped):
        return Outcome(RunPhase.CANCELLED, RunReason.CANCELLED, STOPPED[RunReason.CANCELLED], told=told)
    if not isinstance(error, SyncrampError):
        message = f"It broke off ({type(error).__name__}); the log says where"
        return Outcome(RunPhase.FAILED, RunReason.INTERNAL_ERROR, message, Retry.__name__, told=told)
    return replace(failure(error), told=told)


def failure(error: SyncrampError) -> Outcome:
    """An error of ours as an end."""
    unseen = error.reason in UNSEEN or isinstance(error, StoreFailing)
    families = (Retry,) if unseen else FAMILIES
    family = next((each.__name__ for each in families if isinstance(error, each)), Retry.__name__)
    return Outcome(RunPhase.FAILED, error.reason, text(str(error), MESSAGE), family, _retry(error))


def _phase(whole: bool) -> RunPhase:
    return RunPhase.SUCCEEDED if whole else RunPhase.INCOMPLETE


def _sent(report: RunReport) -> str:
    objects, links = report.objects, report.links
    done = f"{count(objects.acknowledged, 'object')} and {count(links.acknowledged, 'link')} acknowledged"
    here = [done, *_open(objects, "object"), *_open(links, "link"), *_unread(report)]
    return text("; ".join([*here, *_other(report.writeback)]), MESSAGE)


def _planned(report: RunReport) -> str:
    objects, links = report.objects, report.links
    go = [count(tally.expected - tally.held, noun) for tally, noun in ((objects, "object"), (links, "link"))]
    held = [f"{count(tally.held, noun)} held" for tally, noun in ((objects, "object"), (links, "link")) if tally.held]
    here = [f"{go[0]} and {go[1]} would be sent", *held, *_unread(report)]
    return text("; ".join([*here, *_other(report.writeback)]), MESSAGE)


def _open(tally: Tally, noun: str) -> list[str]:
    said = {"held": tally.held, "refused": tally.refused, "in doubt": tally.in_doubt, "left": tally.left}
    parts = [f"{number:,} {word}" for word, number in said.items() if number]
    return [f"{noun}s: {', '.join(parts)}"] if parts else []


def _other(report: RunReport | None) -> list[str]:
    """What became of groups that are written back."""
    if report is None:
        return []
    if report.failure:
        return [f"writing back failed ({report.failure_reason}): {report.failure}"]
    groups, members = report.objects, report.links
    if not report.sends:
        go = f"{count(groups.expected - groups.held, 'group')} and {count(members.expected - members.held, 'member')}"
        return [f"in Active Directory {go} would be written"]
    done = f"{count(groups.acknowledged, 'group')} and {count(members.acknowledged, 'member')}"
    return [f"in Active Directory {done}", *_open(groups, "group"), *_open(members, "member")]


def _unread(report: RunReport) -> list[str]:
    unread = sum(not source.complete for source in report.sources)
    return [f"{count(unread, 'source')} not complete"] if unread else []


def _retry(error: SyncrampError) -> str:
    return stamp(error.until) if isinstance(error, Waiting) and error.until is not None else ""
