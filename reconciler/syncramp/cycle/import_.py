"""Import: each source is read to its proof, each by itself.

A source that cannot be read stops nothing but itself: its entries stay what they were, nothing destructive follows
from it, and the report says why. What other sources say still counts.
"""

from collections.abc import Iterator, Sequence

from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.cycle.scoping import settle_scopes
from syncramp.errors import Stopped, StoreUnusable, SyncrampError
from syncramp.events import Note
from syncramp.model.facts import Entry, Fact, Links
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport, SourceReport
from syncramp.model.seams import Source
from syncramp.rules.primary_group import CATEGORY, unseen_group
from syncramp.rules.ruleset import Ruleset
from syncramp.source import dn
from syncramp.store.containers import Containers


def import_sources(job: Job, report: RunReport, phase: Phase) -> None:
    """Read every source into the store; what is wrong with one stands in the report.

    :raises Stopped: the run was asked to stop; the source it was reading is not proven.
    """
    staging = job.store.staging
    identities = [staging.source_id(source.name) for source, _ in job.sources]
    for source, rules in job.sources:
        rules.settle(job.store.whereabouts.of(source.name))
    for identity, (source, rules) in zip(identities, job.sources, strict=True):
        try:
            partitions = source.partitions()
        except SyncrampError as error:
            staging.fail_source(identity, str(error))
            _report(job, report, SourceReport(source.name, "", False, 0, None, str(error)))
            continue
        for unnamed in staging.open_source(identity, partitions):
            _leave_partition(job, report, source, identity, unnamed, partitions)
        for partition in partitions:
            _report(job, report, _import_partition(job, report, source, rules, identity, partition, phase))
        staging.mark_rules(identity, rules.digest, rules.version, rules.wanted)
        staging.mark_read(identity)
    staging.inherit(identities)
    report.unresolved_members = staging.resolve()
    settle_scopes(job, report)


def _leave_partition(
    job: Job, report: RunReport, source: Source, identity: int, partition: str, named: Sequence[str]
) -> None:
    """A part of earlier runs is not named any more: by the document, which is obeyed, or by the directory.

    What the document dropped is forgotten: its entries are out of every scope, or stand in another part now.
    """
    if not source.asks_for(partition, named):
        job.store.staging.retire(identity, partition, named[0])
        return
    reason = (
        f"the directory does not name {partition} any more, and a scope lies in it: name a server that holds it, "
        "or remove that scope if its objects are to be deleted"
    )
    job.store.staging.fail(identity, partition, reason)
    _report(job, report, SourceReport(source.name, partition, False, 0, None, reason))


def _import_partition(
    job: Job, report: RunReport, source: Source, rules: Ruleset, identity: int, partition: str, phase: Phase
) -> SourceReport:
    before = phase.objects
    try:
        facts = _counted(job, source.read(partition, rules.wanted), phase)
        facts = _watched(facts, rules, report)
        changed = job.store.staging.rules_changed(identity, rules.digest, rules.version)
        containers = Containers(dn.renamed, dn.parent)
        proof = job.store.staging.stage(identity, partition, facts, changed, rules.wanted, source.reads, containers)
    except (Stopped, StoreUnusable):  # not the source's fault; it stays unproven
        raise
    except SyncrampError as error:
        job.store.staging.fail(identity, partition, str(error))
        return SourceReport(source.name, partition, False, phase.objects - before, None, str(error))
    if proof is None:
        reason = "the read ended without a proof"
        job.store.staging.fail(identity, partition, reason)
        return SourceReport(source.name, partition, False, phase.objects - before, None, reason)
    return SourceReport(source.name, partition, proof.complete, proof.entries, proof.expected, proof.reason)


def _watched(facts: Iterator[Fact], rules: Ruleset, report: RunReport) -> Iterator[Fact]:
    """The same facts; memberships that they do not show are told."""
    for fact in facts:
        if isinstance(fact, Entry) and (detail := unseen_group(fact)) and rules.in_scope(fact):
            sample = Sample("Update", fact.kind.value, fact.dn, rules.anchor(fact), detail)
            report.note_warning(sample, CATEGORY)
        yield fact


def _counted(job: Job, facts: Iterator[Fact], phase: Phase) -> Iterator[Fact]:
    for fact in facts:
        job.go_on()
        if isinstance(fact, Entry):
            phase.advance(objects=1)
        elif isinstance(fact, Links):
            phase.advance(links=len(fact.dns))
        yield fact


def _report(job: Job, report: RunReport, read: SourceReport) -> None:
    report.sources.append(read)
    if not read.complete:
        job.listen(Note("warning", f"source {read.source} is not complete: {read.reason}"))
