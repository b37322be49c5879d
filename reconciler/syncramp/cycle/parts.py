"""One part of a source while it is imported: its thread reads pages of facts, the run's thread takes them in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from syncramp.cycle.job import Reading
from syncramp.cycle.phases import Phase
from syncramp.cycle.readers import Ask, End, Question
from syncramp.errors import SourceIncomplete, SourceUnavailable, SyncrampError
from syncramp.model.facts import Entry, Fact, LinkChange, Links, Proof, Remark
from syncramp.model.packing import size_of
from syncramp.model.plan import Sample
from syncramp.model.proofs import Doubt
from syncramp.model.report import RunReport, SourceReport
from syncramp.model.seams import Known, Source
from syncramp.rules.primary_group import ATTRIBUTE, CATEGORY, unseen_group
from syncramp.rules.ruleset import Ruleset
from syncramp.store.known import KnownPartition
from syncramp.store.partitions import PartitionStage

PAGE = 250
"""Facts in a page. Six pages are in memory for each task, a kilobyte or more a fact; larger ones gain nothing."""
BYTES = 4096
"""Of attributes that weigh as much as a fact: photographs have 100 kB."""
VALUES = 10
"""Link values that weigh as much as a fact: 100 bytes each, against a kilobyte."""
NOWHERE = "the last read left no place that changes could be told from"

Page = Sequence[Fact]


@dataclass
class Part:
    """One part; made, taken in and answered in the run's thread, and read in another one."""

    job: Reading
    report: RunReport
    phase: Phase
    source: Source
    rules: Ruleset
    identity: int
    partition: str
    stage: PartitionStage
    known: KnownPartition
    """What is known of it before."""
    result: SourceReport = field(init=False)
    """Of the read; whole when it has ended."""
    _counts: Phase = field(init=False)
    _copy: "_Copy" = field(init=False)
    _proof: Proof | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.result = SourceReport(self.source.name, self.partition, False, 0, None)
        self._counts = self.phase.part(self.source.name, self.partition)
        self._copy = _Copy(self.known, self.known.watermark, self.known.horizon, self.known.sentinels)

    # --- in a thread of its own -------------------------------------------------------------------------------------

    def read(self, ask: Ask) -> Iterator[Page]:
        """All facts up to the proof, in pages."""
        page: list[Fact] = []
        known = replace(self._copy, ask=lambda call: ask(partial(self._settled, page, call)))
        weight, broken = 0, None
        try:
            for fact in self.source.read(self.partition, self.rules.wanted, known):
                page.append(fact)
                weight += 1 + (size_of(fact.attributes) // BYTES if type(fact) is Entry else _values(fact) // VALUES)
                if weight >= PAGE:
                    yield page.copy()
                    page.clear()
                    weight = 0
        except SyncrampError as error:  # what came before it is true
            broken = error
        if page:
            yield page
        if broken is not None:
            raise broken

    # --- in the run's thread ----------------------------------------------------------------------------------------

    def take(self, page: Page) -> None:
        """Into the store; what follows the proof says nothing."""
        if self._proof is None and all(type(fact) is Entry for fact in page):
            self._take_entries(cast("Sequence[Entry]", page))
            return
        entries = values = 0
        for fact in page:
            if isinstance(fact, Proof):
                self._proof = self._proof or fact
            elif isinstance(fact, Remark):
                self.report.note_warning(Sample("Update", fact.kind.value, fact.dn, "", fact.detail), fact.category)
            elif self._proof is None:
                self._watch(fact)
                self.stage.add(fact)
                entries += isinstance(fact, Entry)
                values += _values(fact)
        self._counts.advance(entries, values)
        self.phase.advance(entries, values)

    def _take_entries(self, entries: Sequence[Entry]) -> None:
        """The same of a page with nothing else, as most are."""
        for entry in entries:
            if ATTRIBUTE in entry.attributes:
                self._watch(entry)
        self.stage.add_entries(entries)
        self._counts.advance(len(entries))
        self.phase.advance(len(entries))

    def _settled(self, page: list[Fact], call: Callable[[], Any]) -> Any:
        """The answer to a question, once the page that its reader has not handed over yet is in the store, too.

        The reader waits meanwhile, so nobody else touches its page.
        """
        self.take(page)
        page.clear()
        self.stage.flush()
        return call()

    def answer(self, question: Question) -> None:
        """What its reader asks is asked of a store that has all it said."""
        self.stage.flush()
        question.answer()

    def end(self, told: End) -> None:
        """The proof, or why there is none.

        :raises BaseException: what ended the read is not the source's fault.
        """
        self._counts.tell()
        result, proof = self.result, self._proof
        result.seconds = round(told.seconds, 3)
        if told.error is not None and not isinstance(told.error, SyncrampError):
            raise told.error
        if told.error is None and proof is not None:
            proof = self.job.store.staging.prove(self.stage, proof, self.rules.asked)
            self._tell_proofs()
            result.complete, result.entries, result.expected = proof.complete, proof.entries, proof.expected
            result.reason = proof.reason
            result.references = list(proof.references)
            result.tracking, result.delta, result.why_full = (
                proof.tracking,
                proof.delta,
                self._why_full(proof),
            )
            return
        self.stage.flush()
        result.doubt = Doubt.INCOMPLETE
        result.entries = self._counts.objects
        result.reason = str(told.error) if told.error else "the read ended without a proof"
        seen = told.error.horizon if isinstance(told.error, SourceUnavailable | SourceIncomplete) else None
        self.job.store.staging.fail(self.identity, self.partition, result.reason, seen)

    def _why_full(self, proof: Proof) -> str:
        """Why everything was read, where only changes could have been."""
        if why := self.known.why_full or proof.why_full:
            return why
        tracked = bool(self.known.tracking) and proof.watermark is not None
        return NOWHERE if tracked and not proof.delta else ""

    def _tell_proofs(self) -> None:
        verdict = self.job.store.staging.verdict(self.identity, self.partition)
        if verdict is not None:
            self.result.doubt, self.result.proofs = verdict.doubt or "", verdict.as_json()

    def _watch(self, fact: Fact) -> None:
        """Memberships that an entry does not show are told."""
        if isinstance(fact, Entry) and (detail := unseen_group(fact)) and self.rules.in_scope(fact):
            sample = Sample("Update", fact.kind.value, fact.dn, self.rules.anchor(fact), detail)
            self.report.note_warning(sample, CATEGORY)


def unproven(source: str, partition: str, reason: str) -> SourceReport:
    """What could not be read at all."""
    return SourceReport(source, partition, False, 0, None, reason, doubt=Doubt.INCOMPLETE)


def _nobody(call: Callable[[], Any]) -> Any:
    return call()


def _values(fact: Fact) -> int:
    if not isinstance(fact, Links | LinkChange):
        return 0
    return len(fact.dns) + len(fact.guids) + (len(fact.keys) // 8 if isinstance(fact, Links) else 0)


@dataclass(frozen=True, slots=True)
class _Copy:
    """What is known of a part, for the thread that reads it (``model.seams.Known``)."""

    known: Known
    watermark: bytes | None
    horizon: bytes | None
    sentinels: Mapping[bytes, frozenset[str]]
    ask: Ask = _nobody
    keyed: bool = True

    def returned(self) -> Sequence[bytes]:
        found: Sequence[bytes] = self.ask(self.known.returned)
        return found

    def unseen(self, guids: bytes) -> Sequence[bytes]:
        found: Sequence[bytes] = self.ask(lambda: self.known.unseen(guids))
        return found

    def spelled(self, guid: bytes, attribute: str) -> bytes:
        found: bytes = self.ask(lambda: self.known.spelled(guid, attribute))
        return found
