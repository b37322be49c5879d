"""Synchronise: entries that changed become desired objects.

The rules see one entry at a time. What they say of a reference is a DN; here it becomes the anchor of its target, if
the target should be in the cloud too. The target is judged on the spot by the same rules, so the order in which
entries are synchronised does not matter.
"""

from functools import lru_cache

from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.model.desire import Desired, Staged
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport
from syncramp.model.state import Cause
from syncramp.model.values import Value
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
    job.store.objects.judge_held_again()
    phase.total = job.store.objects.dirty_count(list(rules))
    flow = _Flow(job, rules, report)
    for page in job.store.objects.dirty_pages(list(rules)):
        job.go_on()
        job.store.objects.desire([flow.desired(staged) for staged in page])
        phase.advance(objects=len(page))


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
            sample = Sample("Update", entry.kind.value, entry.dn, rules.anchor(entry), warning)
            self._report.note_warning(sample, "an attribute was left out because its value is malformed")
        if decision.object is None:
            self._report.skipped[decision.reason] = self._report.skipped.get(decision.reason, 0) + 1
            return Desired(staged.id, staged.source, entry.kind, rules.anchor(entry), None, Cause.OUT_OF_SCOPE)
        return self._with_references(staged, decision.object)

    def _with_references(self, staged: Staged, made: DirectoryObject) -> Desired:
        attributes: dict[str, Value] = dict(made.attributes)
        references: dict[str, int] = {}
        unresolved: list[int] = []
        for name, target_dn in made.references.items():
            key = dn.key(target_dn)
            found = self._target(key)
            if found is None:
                unresolved.append(key)
                continue
            references[name] = found[0]
            if found[1]:
                attributes[name] = found[1]
        return Desired(
            staged.id, staged.source, made.kind, made.anchor, attributes, None, references, tuple(unresolved)
        )

    def _find(self, key: int) -> tuple[int, str] | None:
        """The id behind a DN, and its anchor if it should be in the cloud; None when the DN was never read."""
        staged = self._job.store.objects.target(key)
        if staged is None:
            return None
        rules = self._rules.get(staged.source)
        if rules is None or staged.absent or not rules.in_scope(staged.entry):
            return staged.id, ""
        return staged.id, self._job.store.objects.pinned_anchor(staged.id) or rules.anchor(staged.entry)
