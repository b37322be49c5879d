"""Anchors are written back before the creates that need them.

A user without a value of mS-DS-ConsistencyGuid is created under its objectGUID. Where the document asks for it, that
value is written into the directory first, so that the anchor survives a move into another forest; the create goes
when the value surely stands there. Nothing is remembered: what a killed run wrote, the next one finds in its import.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.cycle.results import Results
from syncramp.errors import SyncrampError
from syncramp.model.desire import Staged
from syncramp.model.holds import Hold
from syncramp.model.plan import Sample, Verb
from syncramp.rules.anchors import guid_anchor, without_value

PAGE = 1000
"""Users who are written before their creates are sent."""
MOST_REFUSED = 100
"""Users in a row that a directory refuses; then no others of it are tried in this run: the rights are missing."""


def unanchored(job: Job) -> BitMap:
    """Ids of users who are to be created, and whose anchor has to be written into their directory first."""
    sources = [job.store.staging.source_id(name) for name in job.writers]
    new = job.store.objects.new_users(sources)
    return BitMap(
        staged.id for staged, anchor in new if anchor == guid_anchor(staged.entry) and without_value(staged.entry)
    )


class AnchorWrites:
    """The writes of one export.

    :param needed: ids of users who need one.
    """

    def __init__(self, job: Job, needed: BitMap, results: Results) -> None:
        self._job = job
        self._needed = needed
        self._results = results
        self._writers = {job.store.staging.source_id(name): writer for name, writer in job.writers.items()}
        self._refused: dict[int, int] = {}
        """Source -> users it refused in a row."""
        self._given_up: dict[int, str] = {}
        """Source -> why nobody else of it is tried."""

    def ready(self, ids: BitMap) -> Iterator[BitMap]:
        """These creates in parts, without those whose anchor does not stand in the directory."""
        waiting = ids & self._needed
        if ids != waiting:
            yield ids - waiting
        while waiting and not self._job.stop.is_set():
            page = waiting[:PAGE]
            yield self._write(page)
            waiting -= page

    def _write(self, ids: BitMap) -> BitMap:
        """Those of a page whose anchor was written."""
        done = BitMap()
        by_source: dict[int, list[Staged]] = {}
        for staged in self._job.store.objects.entries_of(ids):
            by_source.setdefault(staged.source, []).append(staged)
        for source, users in by_source.items():
            for staged, reason in self._answers(source, users):
                if reason:
                    self._hold(staged, reason)
                else:
                    done.add(staged.id)
        self._results.anchors_written(len(done))
        return done

    def _answers(self, source: int, users: Sequence[Staged]) -> Iterator[tuple[Staged, str]]:
        """Each user with the reason why the anchor is not there; a run that is stopped says nothing of the rest."""
        named = ((staged.entry.guid, staged.entry.dn) for staged in users)
        with closing(self._writers[source].write_anchors(named)) as answers:
            for staged in users:
                if self._job.stop.is_set():
                    return
                yield staged, self._given_up.get(source) or self._next(source, answers)

    def _next(self, source: int, answers: Iterator[str]) -> str:
        try:
            reason = next(answers)
        except SyncrampError as error:
            self._given_up[source] = reason = str(error)
        self._refused[source] = self._refused.get(source, 0) + 1 if reason else 0
        if self._refused[source] >= MOST_REFUSED:
            self._given_up[source] = f"{MOST_REFUSED} others in a row were refused: {reason}"
        return reason

    def _hold(self, staged: Staged, reason: str) -> None:
        entry = staged.entry
        sample = Sample(Verb.CREATE.value, entry.kind.value, entry.dn, guid_anchor(entry), reason)
        self._results.hold(Hold.ANCHOR_NOT_WRITTEN, sample)
