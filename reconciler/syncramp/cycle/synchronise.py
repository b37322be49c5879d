"""Synchronise: entries that changed become desired objects, a page at a time.

The rules see one entry at a time. What they say of a reference is a DN; here it becomes the anchor of its target
(``targets``), if the target should be in the cloud too. A target that is leaving the cloud is named too, because a
reference goes together with its target. Entries that are one person are joined before (``joining``), and merged here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from uuid import UUID

from syncramp.collector import collector_paused
from syncramp.cycle.job import Job
from syncramp.cycle.joining import Joining, Person
from syncramp.cycle.phases import Phase
from syncramp.cycle.plain import Plain
from syncramp.cycle.targets import Targets
from syncramp.model.desire import Desired, Staged
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport
from syncramp.model.state import JOIN_CONFLICT, Cause
from syncramp.rules.anchors import kept_out, kept_under
from syncramp.rules.documents import Before, text_of
from syncramp.rules.merge import merge
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.store.entries import staged
from syncramp.store.fresh import Fresh, Marked
from syncramp.store.staging import DELETED, GONE
from syncramp.store.taking import Taking

_ABSENT = Decision(None)
_NOTHING = frozenset[str]()
_id = attrgetter("id")
UNMARKED = "a group that was written back from the cloud, and whose mark somebody took away"
_UNMARKED = Decision(None, UNMARKED)


def synchronise(job: Job, report: RunReport, phase: Phase) -> None:
    """Bring the desired state up to date with every entry that is marked.

    :raises Stopped: the run was asked to stop; what is still marked waits for the next one.
    """
    rules = {job.store.staging.source_id(source.name): ruleset for source, ruleset in job.sources}
    job.store.objects.judge_again(complete=rules.keys().isdisjoint(job.store.staging.incomplete()))
    said = {source: (ruleset.digest, text_of(ruleset)) for source, ruleset in rules.items()}
    before = {
        source: Before(texts, rules[source], partial(_settle, job))
        for source, texts in job.store.documents.begin(said).items()
    }
    job.store.references.begin()
    joining = Joining(job, rules)
    if joining.active:
        joining.join()
    flow, objects, sources = _Flow(job, rules, report, joining, before), job.store.objects, list(rules)
    if job.store.staging.dropped(job.names()):
        for _ in objects.withdraw(sources):
            job.go_on()
    phase.total = objects.dirty_count(sources)
    objects.anchors.begin(phase.total)
    objects.contest.begin(phase.total)
    with collector_paused():
        _judge(job, flow, sources, phase)
        if again := objects.anchors.settle() + objects.contest.settle():
            phase.total += again
            _judge(job, flow, sources, phase)
    job.store.references.settle(asked=job.config.writeback is not None, now=job.clock())
    job.store.documents.complete({source: ruleset.digest for source, ruleset in rules.items()})
    report.violations = objects.violations.counts(sources)
    report.violation_samples = {code: list(objects.violations.samples(code, sources)) for code in report.violations}


def _settle(job: Job, rules: Ruleset) -> None:
    """Rules of a document before, whose scopes are looked up like those of today."""
    rules.settle(job.store.whereabouts.of(rules.source))


def _judge(job: Job, flow: "_Flow", sources: Sequence[int], phase: Phase) -> None:
    objects, references = job.store.objects, job.store.references
    for page in objects.dirty_rows(sources, joined=flow.joins):
        job.go_on()
        rest, rows, fresh = flow.judged(page)
        objects.desire(rows, partial(references.note, rest, job.clock()), fresh)
        phase.advance(objects=len(page))


class _Flow:
    def __init__(
        self, job: Job, rules: dict[int, Ruleset], report: RunReport, joining: Joining, before: Mapping[int, Before]
    ) -> None:
        self._rules = rules
        self._before = before
        self._reads = {number: source.reads for number, (source, _) in zip(rules, job.sources, strict=True)}
        self._report = report
        self._objects = job.store.objects
        self._joining = joining
        self._merges = job.config.merges
        self.joins = joining.active
        """Objects may be made of several entries."""
        self._targets = Targets(job.store.objects, rules, joining)
        names = Taking(job.writeback.ledger.database).known() if job.writeback else ()
        self._written = frozenset(UUID(name.partition("_")[2]).bytes_le for name in names)
        """objectGUIDs of groups that were written back: they never come to the cloud, whatever they carry."""
        self._plain = Plain({} if self.joins else rules, self._targets, self._written)

    def judged(self, page: Sequence[Marked]) -> tuple[Sequence[Staged], list[Desired], list[Fresh]]:
        """What the entries of a page should be in the cloud.

        :return: those that the rules were asked about, what these said, and plain users, who differ in their anchors
            from each other and from everybody else.
        """
        fresh = self._plain.take(page)
        taken = {one.id for one in fresh}
        rest = [staged(row) for row in page if row.id not in taken]
        rows = self.desired(rest)
        self._plain.learn(page, rest)
        anchors = {one.anchor for one in fresh}
        if len(anchors) < len(fresh) or not anchors.isdisjoint(row.anchor for row in rows) or self._owned(anchors):
            also = [staged(row) for row in page if row.id in taken]
            return sorted([*rest, *also], key=_id), sorted([*rows, *self.desired(also)], key=_id), []
        return rest, rows, fresh

    def _owned(self, anchors: Collection[str]) -> bool:
        """Somebody has one of these anchors already."""
        return bool(self._objects.anchors.owners(list(anchors)))

    def desired(self, page: Sequence[Staged]) -> list[Desired]:
        """What the entries of a page should be in the cloud."""
        if not self.joins:
            return self._alone(page)
        persons, adding = self._joining.page(page)
        alone = [one for one in page if one.id not in persons and one.id not in adding]
        rows = [self._in_conflict(staged, row) for staged, row in zip(alone, self._alone(alone), strict=True)]
        return rows + self._together(list(persons.values())) + [_nobody(one) for one in page if one.id in adding]

    def _alone(self, page: Sequence[Staged]) -> list[Desired]:
        decisions = [
            _ABSENT if self._missed(staged) else self._rules[staged.source].decide(staged.entry) for staged in page
        ]
        if self._written:
            decisions = self._kept_back(page, decisions)
        made = [decision.object for decision in decisions if decision.object is not None]
        self._targets.learn(name for one in made for name in one.references.values())
        rows = [self._row(staged, decision) for staged, decision in zip(page, decisions, strict=True)]
        return self._attributed(page, rows) if self._before else rows

    def _kept_back(self, page: Sequence[Staged], decisions: Sequence[Decision]) -> list[Decision]:
        """Groups that were written back and lost their mark do not come; of those that the cloud has all stays."""
        unmarked = [
            staged.id
            for staged, decision in zip(page, decisions, strict=True)
            if decision.object is not None and staged.entry.guid in self._written
        ]
        kept = set(unmarked) - self._objects.pinned_anchors(unmarked).keys()
        return [
            _UNMARKED if staged.id in kept else decision for staged, decision in zip(page, decisions, strict=True)
        ]

    def _missed(self, staged: Staged) -> bool:
        """An import asked for the entry and did not see it, or its directory says that it is no more. One that nobody
        asks for is judged as last seen.
        """
        return staged.absent >= DELETED or (
            bool(staged.absent) and self._reads[staged.source](staged.entry.kind, staged.entry.dn)
        )

    def _attributed(self, page: Sequence[Staged], rows: Sequence[Desired]) -> list[Desired]:
        """Rows of whom leaves the scope by the document: under the one before, the same entry would have stayed."""
        leaving = {row.id for row in rows if row.cause is Cause.OUT_OF_SCOPE and not row.undecided}
        known = self._objects.pinned_anchors(list(leaving))
        return [
            replace(row, configured=True)
            if row.id in known and staged.source in self._before and self._before[staged.source].kept(staged.entry)
            else row
            for staged, row in zip(page, rows, strict=True)
        ]

    def _row(self, staged: Staged, decision: Decision) -> Desired:
        if decision.warnings or decision.undecided:
            self._tell(staged, decision)
        if decision.object is not None and decision.anchorless:
            return self._without_anchor(staged, decision.object, decision.anchorless)
        if decision.object is not None:
            return self._with_references(staged, decision.object, again=bool(decision.warnings))
        anchor = self._rules[staged.source].anchor(staged.entry)
        if decision is _ABSENT:
            return Desired(staged.id, staged.source, staged.entry.kind, anchor, None, _absence(staged))
        self._report.skipped[decision.reason] = self._report.skipped.get(decision.reason, 0) + 1
        return Desired(
            staged.id,
            staged.source,
            staged.entry.kind,
            anchor,
            None,
            Cause.OUT_OF_SCOPE,
            undecided=decision.undecided,
            disabled=decision.disabled,
            again=decision.undecided,
        )

    def _tell(self, staged: Staged, decision: Decision) -> None:
        for warning in decision.warnings:
            self._warn(staged, warning, "an attribute keeps its last value, because the one it has cannot be read")
        if decision.undecided and not decision.stalled:
            self._warn(staged, decision.detail or decision.reason, "stays as it is, because it cannot be judged")

    def _without_anchor(self, staged: Staged, made: DirectoryObject, reason: str) -> Desired:
        """Whom the cloud knows keeps the anchor and stays as it is; nobody comes without one."""
        pinned = self._objects.pinned_anchor(staged.id)
        if pinned is None:
            told = kept_out(reason)
            self._report.skipped[told] = self._report.skipped.get(told, 0) + 1
            return Desired(staged.id, staged.source, made.kind, "", None, Cause.OUT_OF_SCOPE)
        kept = self._with_references(staged, replace(made, anchor=pinned), again=False)
        return replace(kept, hold=kept_under(pinned, reason))

    def _warn(self, staged: Staged, detail: str, category: str) -> None:
        entry = staged.entry
        anchor = self._rules[staged.source].anchor(entry)
        self._report.note_warning(Sample("Update", entry.kind.value, entry.dn, anchor, detail), category)

    def _with_references(self, staged: Staged, made: DirectoryObject, *, again: bool) -> Desired:
        """The object as the service takes it, and for the references of the rules those of the wire."""
        made = self._rules[staged.source].validated(made)
        attributes = made.attributes
        references: dict[str, int] = {}
        leaving: dict[str, str] = {}
        unresolved: dict[str, int] = {}
        gone: set[str] = set()
        for name, target_dn in made.references.items():
            target = self._targets[target_dn]
            if target.id is None or target.gone:
                unresolved[name] = target.key
                if target.gone:
                    gone.add(name)
                continue
            references[name] = target.id
            if target.anchor and target.stays:
                attributes[name] = target.anchor
            elif target.anchor:
                leaving[name] = target.anchor
        return Desired(
            staged.id,
            staged.source,
            made.kind,
            made.anchor,
            attributes,
            references=references,
            leaving=leaving,
            unresolved=unresolved,
            gone=frozenset(gone) if gone else _NOTHING,
            unread=made.unread,
            again=again,
            violations=made.violations,
            withheld=made.withheld,
            incomplete=made.incomplete,
        )

    def _in_conflict(self, staged: Staged, row: Desired) -> Desired:
        """Who cannot be joined is not created; who is in the cloud already is told in every run."""
        reason = self._joining.conflicts.get(staged.id)
        if reason is None or row.attributes is None:
            return row
        if self._objects.pinned_anchor(staged.id) is not None:
            self._warn(staged, reason, "not joined, because it is not clear with whom")
        return replace(row, waits=JOIN_CONFLICT + reason, again=True)

    def _together(self, persons: Sequence[Person]) -> list[Desired]:
        """What entries that are one person should be, person by person; whom they name is looked up at once."""
        anchors = self._objects.pinned_anchors([one.id for one in persons])
        made = {
            one.id: merge(list(one.parts.values()), one.anchor or anchors.get(one.id, ""), self._merges)
            for one in persons
            if one.stays and not one.undecided
        }
        self._targets.learn(name for one in made.values() for name in one.references.values())
        rows = [self._person(one, anchors.get(one.id, ""), made.get(one.id)) for one in persons]
        return [self._in_conflict(one.own, row) for one, row in zip(persons, rows, strict=True)]

    def _person(self, person: Person, pinned: str, made: DirectoryObject | None) -> Desired:
        own = person.own
        if not person.stays:
            dropped = person.staged[0].source not in self._rules  # nothing is said of it any more
            configured = person.cause is Cause.OUT_OF_SCOPE and any(
                one.source in self._before for one in person.staged
            )  # who of them was it? In doubt a person looks at it
            return Desired(
                person.id,
                own.source,
                own.entry.kind,
                pinned,
                None,
                person.cause,
                undecided=dropped,
                configured=configured,
            )
        for one in person.staged:
            if one.id in person.parts:
                self._tell(one, person.parts[one.id].decision)
        if made is None:
            disabled = person.leader.decision.disabled
            kind, cause = own.entry.kind, Cause.OUT_OF_SCOPE
            return Desired(
                person.id, own.source, kind, pinned, None, cause, undecided=True, disabled=disabled, again=True
            )
        again = person.unsettled or not self._joining.unproven.isdisjoint(person.parts)
        row = self._with_references(own, made, again=again)
        return replace(row, hold=person.hold(pinned))


def _absence(staged: Staged) -> Cause:
    if staged.absent >= DELETED:
        return Cause.DELETED
    return Cause.ABSENT if staged.absent >= GONE else Cause.ABSENT_ONCE


def _nobody(staged: Staged) -> Desired:
    """An entry that adds to the object of another one has none of its own."""
    return Desired(staged.id, staged.source, staged.entry.kind, "", None, Cause.JOINED)
