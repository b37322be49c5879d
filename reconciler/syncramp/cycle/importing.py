"""An import outside of a run: chosen parts of the sources, into the store, and nothing else.

No tenant is asked, nothing is judged, planned or sent. A part that is proven waits in the store for the next run that
takes over what was imported (``taking_over``); names between parts are resolved there, when all of them are known.
What an importer leaves half read is not proven, and that run reads it again.

Several importers share a store in a server, each part having one of them at a time.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from syncramp.cycle.accepting import take_acceptances
from syncramp.cycle.asking import asked, waking
from syncramp.cycle.choosing import Choice, Named
from syncramp.cycle.identity import identity
from syncramp.cycle.import_ import begin, tell
from syncramp.cycle.parts import Part, unproven
from syncramp.cycle.phases import Phase, phase
from syncramp.cycle.readers import End, Question, reading
from syncramp.cycle.taking_over import question, tell_warnings, told
from syncramp.errors import AnotherRunActive, Stopped, SyncrampError
from syncramp.events import Listener
from syncramp.model.report import RunReport
from syncramp.model.seams import Source
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import SyncConfig
from syncramp.store.store import Store

MOVED = (
    "the directory names other parts than the last run knew, and only a run can tell what that means: make one, and "
    "it reads them"
)


@dataclass(frozen=True, slots=True)
class Importer:
    """One import to be made (``cycle.job.Reading``)."""

    config: SyncConfig
    sources: Sequence[tuple[Source, Ruleset]]
    """In the order of the document."""
    store: Store
    listen: Listener
    clock: Callable[[], float]
    stop: threading.Event = field(default_factory=threading.Event)
    full: bool = False

    def go_on(self) -> None:
        """:raises Stopped: it was asked to stop."""
        if self.stop.is_set():
            raise Stopped("the import was stopped", remedy="what was not proven is read again by the next one")


def named_parts(sources: Sequence[Source], look: Callable[[], None]) -> Sequence[Named]:
    """All parts of some sources, in the order of the document.

    :param look: called again and again; raises what is to end it.
    :raises SyncrampError: one of them does not tell its parts.
    """
    found: dict[int, Sequence[str]] = {}
    for number, answer in asked(sources, look):
        if isinstance(answer, SyncrampError):
            raise answer
        found[number] = answer
    return [Named(source.name, name) for number, source in enumerate(sources) for name in found[number]]


def import_parts(job: Importer, choose: Choice, report: RunReport) -> None:
    """Read what is chosen into the store; what is wrong with one part stands in the report, and stops no other one.

    :param choose: of all parts of all sources of the job.
    :raises SyncrampError: a source does not tell its parts, the store belongs to something else, or a part has an
        importer already; then nothing was read.
    :raises Stopped: it was asked to stop; what it was reading is not proven.
    """
    store = job.store
    store.runs.claim(identity(job.config))
    for spec in job.config.sources:  # in their order: of two that claim one anchor, the first has it
        store.staging.source_id(spec.name)
    parts = named_parts([source for source, _ in job.sources], job.go_on)
    chosen = choose(parts)
    for one in chosen:
        _hold(job, one)
    with phase("import", report, job.listen, unit="entry") as current:
        begun = [_begin(job, one, parts, current) for one in chosen]
        _read(job, begun)
    for each in begun:
        report.sources += each.report.sources
        tell_warnings(report, told(each.report))


def _hold(job: Importer, one: Named) -> None:
    if not job.store.staging.hold(job.store.staging.source_id(one.source), one.partition):
        raise AnotherRunActive(
            "another importer reads this part", where=str(one), remedy="wait until it has ended, or read another part"
        )


@dataclass
class _Begun:
    """A part that was begun."""

    report: RunReport
    """Of this part alone."""
    part: Part | None
    """None: it cannot be read now."""
    question: str
    at: float
    """When its read began."""

    def end(self, job: Importer, ended: End) -> None:
        """Its read is over: what is proven waits for the next run."""
        part = self.part
        if part is None:
            return
        part.end(ended)
        self.report.sources = [part.result]
        tell(job, part.result)
        if part.result.complete:
            job.store.staging.keep(part.stage, self.at, self.question, told(self.report))


def _begin(job: Importer, one: Named, parts: Sequence[Named], current: Phase) -> _Begun:
    source, rules = next(each for each in job.sources if each[0].name == one.source)
    staging, report = job.store.staging, RunReport()
    named = [each.partition for each in parts if each.source == one.source]
    begun = _Begun(report, None, question(job, one.source, rules), job.clock())
    if set(staging.parts(one.source)) - set(named):
        report.sources = [unproven(one.source, one.partition, MOVED)]
        tell(job, report.sources[0])
        return begun
    number = staging.source_id(one.source)
    rules.settle(job.store.whereabouts.of(one.source))
    take_acceptances(job, one.source, number, named, only=one.partition)
    begun.part = begin(job, report, current, (source, rules), number, one.partition)
    return begun


def _read(job: Importer, begun: Sequence[_Begun]) -> None:
    found = [(each, each.part) for each in begun if each.part is not None]
    with reading([part.read for _, part in found], waking(source for source, _ in job.sources)) as readers:
        for number, said in readers.told(job.go_on):
            match said:
                case End():
                    found[number][0].end(job, said)
                case Question():
                    found[number][1].answer(said)
                case _:
                    found[number][1].take(said)
