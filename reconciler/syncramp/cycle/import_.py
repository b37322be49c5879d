"""Import: each part of each source is read to its proof, side by side with others.

What cannot be read stops nothing but itself: its entries stay what they were, nothing destructive follows from it,
and the report says why. What others say still counts. Threads read (``readers``); the run's thread alone writes what
they say into the store, page by page, in the order in which pages arrive. What comes of it does not depend on that
order: a source's own entries are told apart by GUID, and what they name is resolved after the last one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from syncramp.cycle.accepting import take_acceptances
from syncramp.cycle.asking import asked, waking
from syncramp.cycle.job import Job, Reading
from syncramp.cycle.parts import Part, unproven
from syncramp.cycle.phases import Phase
from syncramp.cycle.proofs import judge
from syncramp.cycle.readers import End, Question, reading
from syncramp.cycle.scoping import settle_scopes
from syncramp.cycle.taking_over import taken
from syncramp.errors import SyncrampError
from syncramp.events import Note
from syncramp.model.proofs import failed
from syncramp.model.report import RunReport, SourceReport
from syncramp.model.seams import Source
from syncramp.rules.ruleset import Ruleset
from syncramp.source import dn
from syncramp.store.containers import Containers


@dataclass
class _Open:
    """A source that answered, or not."""

    identity: int
    source: Source
    rules: Ruleset
    partitions: Sequence[str] = ()
    taken: dict[str, SourceReport] = field(default_factory=dict)
    """Parts that were read before this run."""
    reports: list[SourceReport] = field(default_factory=list)
    """In the order of the parts."""


def import_sources(job: Job, report: RunReport, phase: Phase) -> None:
    """Read every source into the store; what is wrong with one stands in the report.

    :raises Stopped: the run was asked to stop; what it was reading is not proven.
    """
    staging = job.store.staging
    sources = [_Open(staging.source_id(source.name), source, rules) for source, rules in job.sources]
    for each in sources:
        each.rules.settle(job.store.whereabouts.of(each.source.name))
    _ask(job, sources)
    parts = [part for each in sources for part in _begin(job, each, phase, report)]
    _read(job, parts)
    for each in sources:
        read = {part.partition: part.result for part in parts if part.identity == each.identity}
        each.reports += [{**read, **each.taken}[partition] for partition in each.partitions]
        report.sources += each.reports
        if each.partitions:
            staging.mark_rules(each.identity, each.rules.digest, each.rules.version, each.rules.wanted)
            staging.mark_read(each.identity)
    staging.inherit([each.identity for each in sources])
    report.unresolved_members = staging.resolve()
    settle_scopes(job, report)


def _ask(job: Job, sources: Sequence[_Open]) -> None:
    """Which parts have they?"""
    for number, answer in asked([each.source for each in sources], job.go_on):
        each = sources[number]
        if isinstance(answer, SyncrampError):
            job.store.staging.fail_source(each.identity, str(answer))
            each.reports.append(unproven(each.source.name, "", str(answer)))
            tell(job, each.reports[-1])
        else:
            each.partitions = answer


def _begin(job: Job, each: _Open, phase: Phase, report: RunReport) -> Iterator[Part]:
    """The parts of a source that answered."""
    if not each.partitions:
        return
    take_acceptances(job, each.source.name, each.identity, each.partitions)
    for unnamed in job.store.staging.open_source(each.identity, each.partitions):
        _leave_partition(job, each, unnamed)
    for partition in each.partitions:
        found = taken(job, each.source.name, each.identity, partition, each.rules, report)
        if found is None:
            yield begin(job, report, phase, (each.source, each.rules), each.identity, partition)
        else:
            each.taken[partition] = found


def begin(
    job: Reading, report: RunReport, phase: Phase, source: tuple[Source, Ruleset], identity: int, partition: str
) -> Part:
    """Begin to read a part; until its proof it is not complete.

    :param source: with its rules.
    :param identity: its number in the store.
    """
    directory, rules = source
    staging = job.store.staging
    changed = staging.rules_changed(identity, rules.digest, rules.version)
    containers = Containers(dn.renamed, dn.parent)
    stage = staging.begin(identity, partition, changed, rules.wanted, directory.reads, containers)
    stage.judge(partial(judge, called=directory.name), rules.wanted, dn.parent)
    known = staging.known(identity, partition, rules.asked, full=job.full)
    return Part(job, report, phase, directory, rules, identity, partition, stage, known)


def _leave_partition(job: Job, each: _Open, partition: str) -> None:
    """A part of earlier runs is not named any more: by the document, which is obeyed, or by the directory.

    What the document dropped is forgotten: its entries are out of every scope, or stand in another part now.
    """
    if not each.source.asks_for(partition, each.partitions):
        job.store.staging.retire(each.identity, partition, each.partitions[0])
        return
    reason = (
        f"the directory does not name {partition} any more, and a scope lies in it: name a server that holds it, "
        "or remove that scope if its objects are to be deleted"
    )
    job.store.staging.fail(each.identity, partition, reason)
    each.reports.append(unproven(each.source.name, partition, reason))
    tell(job, each.reports[-1])


def _read(job: Job, parts: Sequence[Part]) -> None:
    with reading([part.read for part in parts], waking(source for source, _ in job.sources)) as readers:
        for number, told in readers.told(job.go_on):
            match told:
                case End():
                    parts[number].end(told)
                    tell(job, parts[number].result)
                case Question():
                    parts[number].answer(told)
                case _:
                    parts[number].take(told)


def tell(job: Reading, read: SourceReport) -> None:
    """Warn at once of what is not proven."""
    if not read.complete:
        job.listen(Note("warning", f"source {read.source} is not {failed(read.doubt)}: {read.reason}"))
