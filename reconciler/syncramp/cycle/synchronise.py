"""Synchronise: entries that changed become desired objects.

The rules see one entry at a time. What they say of a reference is a DN; here it becomes the anchor of its target, if
the target should be in the cloud too. The target is judged on the spot by the same rules, so the order in which
entries are synchronised does not matter. A target that is leaving the cloud is named too, because a reference goes
together with its target.
"""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.model.desire import Desired, Staged
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport
from syncramp.model.state import Cause
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import DirectoryObject
from syncramp.source import dn
from syncramp.store.staging import GONE

_REMEMBERED = 50_000
"""Targets kept in memory, about 200 bytes each: the managers of half a million people."""


def synchronise(job: Job, report: RunReport, phase: Phase) -> None:
    """Bring the desired state up to date with every entry that is marked.

    :raises Stopped: the run was asked to stop; what is still marked waits for the next one.
    """
    rules = {job.store.staging.source_id(source.name): ruleset for source, ruleset in job.sources}
    job.store.objects.judge_again(complete=not job.store.staging.incomplete())
    phase.total = job.store.objects.dirty_count(list(rules))
    flow = _Flow(job, rules, report)
    for page in job.store.objects.dirty_pages(list(rules)):
        job.go_on()
        job.store.objects.desire([flow.desired(staged) for staged in page])
        phase.advance(objects=len(page))


class _Target(NamedTuple):
    """Whom a reference names."""

    id: int
    anchor: str
    """Empty when that one is not in the cloud and should not be."""
    stays: bool
    """That one should be in the cloud."""
    gone: bool = False
    """That one is neither in a directory nor in the cloud any more."""


class _Flow:
    def __init__(self, job: Job, rules: dict[int, Ruleset], report: RunReport) -> None:
        self._job = job
        self._rules = rules
        self._report = report
        self._target = lru_cache(maxsize=_REMEMBERED)(self._find)

    def desired(self, staged: Staged) -> Desired:
        """What an entry should be in the cloud."""
        entry = staged.entry
        rules = self._rules[staged.source]
        if staged.absent:
            cause = Cause.ABSENT if staged.absent >= GONE else Cause.ABSENT_ONCE
            return Desired(staged.id, staged.source, entry.kind, rules.anchor(entry), None, cause)
        decision = rules.decide(entry)
        for warning in decision.warnings:
            self._warn(staged, warning, "an attribute keeps its last value, because the one it has cannot be read")
        if decision.undecided:
            self._warn(staged, decision.reason, "stays as it is, because it cannot be judged")
        if decision.object is not None and decision.anchorless:
            return self._without_anchor(staged, decision.object, decision.anchorless)
        if decision.object is None:
            self._report.skipped[decision.reason] = self._report.skipped.get(decision.reason, 0) + 1
            anchor, cause = rules.anchor(entry), Cause.OUT_OF_SCOPE
            return Desired(
                staged.id,
                staged.source,
                entry.kind,
                anchor,
                None,
                cause,
                undecided=decision.undecided,
                disabled=decision.disabled,
                again=decision.undecided,
            )
        return replace(self._with_references(staged, decision.object), again=bool(decision.warnings))

    def _without_anchor(self, staged: Staged, made: DirectoryObject, reason: str) -> Desired:
        """Whom the cloud knows keeps the anchor and stays as it is; nobody comes without one."""
        pinned = self._job.store.objects.pinned_anchor(staged.id)
        if pinned is None:
            told = f"{reason}, and it is the source anchor"
            self._report.skipped[told] = self._report.skipped.get(told, 0) + 1
            return Desired(staged.id, staged.source, made.kind, "", None, Cause.OUT_OF_SCOPE)
        kept = self._with_references(staged, replace(made, anchor=pinned))
        return replace(kept, hold=f"its source anchor is {pinned}, and {reason} now")

    def _warn(self, staged: Staged, detail: str, category: str) -> None:
        entry = staged.entry
        anchor = self._rules[staged.source].anchor(entry)
        self._report.note_warning(Sample("Update", entry.kind.value, entry.dn, anchor, detail), category)

    def _with_references(self, staged: Staged, made: DirectoryObject) -> Desired:
        found = {name: self._target(dn.key(target)) for name, target in made.references.items()}
        known = {name: target for name, target in found.items() if target is not None and not target.gone}
        named = {name: target.anchor for name, target in known.items() if target.anchor and target.stays}
        return Desired(
            staged.id,
            staged.source,
            made.kind,
            made.anchor,
            {**made.attributes, **named},
            references={name: target.id for name, target in known.items()},
            leaving={name: target.anchor for name, target in known.items() if target.anchor and not target.stays},
            unresolved={name: dn.key(made.references[name]) for name in found.keys() - known.keys()},
            gone=frozenset(name for name, target in found.items() if target is not None and target.gone),
            unread=made.unread,
        )

    def _find(self, key: int) -> _Target | None:
        """Who is behind a DN; None when the DN was never read."""
        staged = self._job.store.objects.target(key)
        if staged is None:
            return None
        pinned = self._job.store.objects.pinned_anchor(staged.id) or ""
        rules = self._rules.get(staged.source)
        if rules is None or staged.absent:
            return _Target(staged.id, pinned, stays=False, gone=not pinned and staged.absent >= GONE)
        if rules.in_scope(staged.entry):
            anchor = pinned or rules.anchor(staged.entry)
            return _Target(staged.id, anchor, stays=bool(anchor))
        return _Target(staged.id, pinned, stays=bool(pinned) and rules.undecided(staged.entry))
