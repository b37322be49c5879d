"""Read-back: what the cloud shows is compared with what we sent.

A run begins with it (what changed since the last one: objects gone, links, foreign objects) and ends with it (is what
was answered really there). Each page and the cookie after it are kept in one transaction. A read-back is complete
only when its end was marked; nothing is concluded from what it does not show.
"""

from collections.abc import Mapping, Sequence

from pyroaring import BitMap

from syncramp.cycle.drift import ForeignAnchors, tell, tell_not_shown
from syncramp.cycle.job import Job
from syncramp.cycle.meter import Meter
from syncramp.cycle.observing import means_of, observed
from syncramp.cycle.phases import Phase
from syncramp.endpoint.faults import FORM
from syncramp.errors import CookieRefused, ServiceRefused, SyncrampError
from syncramp.events import Note
from syncramp.model.cloud import Teller
from syncramp.model.report import RunReport
from syncramp.model.wire import Company, ReadBackPage
from syncramp.spec.types import MembersFrom
from syncramp.store.exports import Exports
from syncramp.store.observations import Observation
from syncramp.words import count

PROVEN_EMPTY = "proven_empty"
READ_BACK = Teller.READ_BACK
TOGETHER = 1_000
"""Objects that are taken in at once."""


def read_back(job: Job, exports: Exports, report: RunReport, phase: Phase, meter: Meter | None = None) -> int:
    """Bring what is known of the cloud up to date, by what changed since the last time or by everything.

    :param meter: told how many objects changed since the last time; None: what this run sent itself is among them.
    :returns: how many foreign objects with a source anchor were seen.
    :raises SyncrampError: it broke off or the run was asked to stop; pages before are kept.
    """
    cookie = _begin(job)
    try:
        foreign = _pages(job, cookie, exports, report, phase)
    except CookieRefused as error:
        job.listen(Note("warning", str(error)))
        job.store.observations.forget_cookie()
        return _pages(job, _begin(job), exports, report, phase)
    if meter and cookie is not None:
        meter.read_back = phase.objects
    return foreign


def _begin(job: Job) -> bytes | None:
    """Where the read-back begins: with everything also if groups of the cloud are to be written to a directory, and
    they were not read before. Nothing is kept of them while nobody asks for them.
    """
    observations, intake = job.store.observations, job.store.cloud.intake
    cookie, known = observations.cookie(), intake.complete(READ_BACK) or intake.reading(READ_BACK)
    if job.config.writeback is None:
        if known:
            intake.forget(READ_BACK)
        return cookie
    if job.config.writeback.members is not MembersFrom.GRAPH and intake.leave_graph():
        known = False
    if cookie is None or not known:
        with job.store.database.transaction():
            observations.forget_cookie()
            intake.begin(READ_BACK)
        return None
    return cookie


def _pages(job: Job, cookie: bytes | None, exports: Exports, report: RunReport, phase: Phase) -> int:
    intake = _Intake(job, exports, report, phase, full=cookie is None)
    page: ReadBackPage | None = None
    try:
        for page in job.endpoint.read_back(cookie):
            job.go_on()
            intake.add(page)
    except SyncrampError:
        intake.take_all()  # pages before are kept
        raise
    intake.end()
    if page is None or page.more is not False:
        job.store.observations.forget_cookie()
        raise ServiceRefused(
            "the end of the read-back was not marked in a form we know, so it is not complete",
            where="ReadBackAzureADSyncObjects2",
            remedy=f"nothing was concluded from it; {FORM}",
        )
    if cookie is None:
        tell_not_shown(job, report, intake.shown)
    return intake.foreign


def observe_page(job: Job, page: ReadBackPage, exports: Exports, report: RunReport, *, full: bool) -> None:
    """Take in one page and the cookie after it.

    :param full: it is of a read-back of everything.
    """
    _keep(job, observed(job, [page], means_of(job, full=full))[0], page, exports, report)


def _keep(job: Job, seen: Observation, page: ReadBackPage, exports: Exports, report: RunReport) -> None:
    """:param page: the last one that was observed."""
    moved = job.store.observations.observe(seen, page.cookie, exports, job.clock())
    tell(job, report, seen, moved)


class _Intake:
    """Pages of one read-back, which are taken in some at once: a kill repeats them, since their cookie is kept with
    them.

    :param full: the read-back is one of everything.
    """

    def __init__(self, job: Job, exports: Exports, report: RunReport, phase: Phase, *, full: bool) -> None:
        self._job, self._exports, self._report, self._phase = job, exports, report, phase
        self._others = ForeignAnchors(job, report)
        self._means = means_of(job, full=full)
        self._most = 1 if job.config.writeback is not None else TOGETHER
        self._pages: list[ReadBackPage] = []
        self._waiting = 0
        """Objects on them."""
        self.shown = BitMap()
        """Ids of our objects that were seen."""
        self.foreign = 0
        """Objects with a source anchor that are not ours."""

    def add(self, page: ReadBackPage) -> None:
        """One more page; it may be taken in later."""
        self._pages.append(page)
        self._waiting += len(page.objects)
        if self._waiting >= self._most or page.links:
            self.take_all()

    def end(self) -> None:
        """Nothing more comes."""
        self.take_all()
        self._others.end()

    def take_all(self) -> None:
        """What was added so far."""
        pages, self._pages, self._waiting = self._pages, [], 0
        if pages:
            self._take(pages)

    def _take(self, pages: Sequence[ReadBackPage]) -> None:
        seen, others = observed(self._job, pages, self._means)
        if len(pages) > 1 and not seen.calm:
            for page in pages:
                self._take([page])
            return
        for other in others:
            self._others.see(other)
        _keep(self._job, seen, pages[-1], self._exports, self._report)
        self.shown |= seen.shown
        self.foreign += len(seen.foreign)
        self._phase.advance(sum(len(page.objects) for page in pages), sum(page.links for page in pages))


def prove_empty(job: Job, company: Company, foreign: int) -> str:
    """On a store that knows nothing of the tenant: is the tenant empty?

    :returns: why nothing may be sent; empty when the tenant is proven empty, now or by an earlier run.
    """
    runs = job.store.runs
    found = max(foreign, job.store.observations.foreign_count())
    if found:
        return f"the tenant holds {count(found, 'synchronised object')}, unknown to this store"
    if company.known_objects and not runs.flag(PROVEN_EMPTY):
        return (
            f"the read-back shows no synchronised object, but the tenant counts {company.known_objects:,} in the "
            "connector space of its last sync client"
        )
    runs.set_flag(PROVEN_EMPTY, "yes")
    return ""


def doubt_missing_links(job: Job, sent: Mapping[int, BitMap]) -> int:
    """Links that were answered as added and that a group's own read-back did not show: the next run adds them again.

    Only groups whose read-back carried members are judged: where the service sends none, absence says nothing.

    :returns: how many.
    """
    missing = {
        group: links
        for group, links in job.store.observations.missing_links(sent).items()
        if len(links) < len(sent[group])
    }
    job.store.observations.doubt_links(missing, job.clock())
    return sum(map(len, missing.values()))
