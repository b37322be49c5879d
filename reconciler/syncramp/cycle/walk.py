"""One direction of a run, step by step: what the sources say, what the target holds, a plan, and what it lets go.

A run takes these steps once for each direction. Each of them may be the last: what was written by then is true, and
the next run goes on from there.
"""

from contextlib import suppress
from dataclasses import replace

from syncramp.cycle.adoption import adopt_as_named
from syncramp.cycle.catching_up import catch_up
from syncramp.cycle.certificate import renewal_warning, stamp
from syncramp.cycle.confirm import doubt_missing_links, read_back
from syncramp.cycle.drift import tell_differences
from syncramp.cycle.export import Export
from syncramp.cycle.fills import end_fills
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.job import Direction, Job
from syncramp.cycle.meter import Meter, keep
from syncramp.cycle.phases import phase
from syncramp.cycle.planning import make_plan, plan_revocations
from syncramp.cycle.preflight import begin_sending, check_quota, end_sending, preflight
from syncramp.cycle.ramping import note_ramps
from syncramp.cycle.results import Results
from syncramp.cycle.stages import note_answers
from syncramp.cycle.sums import along
from syncramp.cycle.synchronise import synchronise
from syncramp.cycle.windows import windows_now
from syncramp.errors import AnchorMismatch, ServiceRefused, Stopped, SyncrampError
from syncramp.events import Note
from syncramp.model.circumstances import Circumstances
from syncramp.model.plan import Plan, Sample
from syncramp.model.report import RunReport
from syncramp.model.wire import Company
from syncramp.store.exports import Exports
from syncramp.store.snapshot import Snapshot

UNCOUNTED = "the tenant was not told that the export is over: its own counts and its last sync are older"


class Walk:
    """The steps of one direction, in the order of its methods.

    :param report: filled with what it does, also when it fails.
    :raises FenceLost: a later one has the right to write to the tenant.
    """

    def __init__(self, job: Job, report: RunReport) -> None:
        self._job, self.report = job, report
        self._direction = job.direction or TO_CLOUD
        token = job.fence.token if job.fence else None
        report.run, self._token = job.store.runs.begin(job.clock(), token)
        self.exports = job.store.exports(report.run, self._token, job.clock(), job.fence)
        report.mode, report.sends, report.wire = job.config.mode.value, job.exports, job.wire
        report.full = job.full
        self.planned, self._meter = Plan(), Meter(job.clock)
        self._taken: RunReport | None = None
        """What went before the plan."""
        self._seen_last: Snapshot | None = None
        """The view that the plan was made of, for as long as nothing was sent since."""
        job.endpoint.traffic()  # what was before is none of this run

    def look(self) -> None:
        """Take in what the sources say, and what the target holds.

        :raises SyncrampError: one of them could not be had, or the tenant is not as it must be.
        """
        job, report = self._job, self.report
        self._company = company_of(job) if self._direction.tenant else job.endpoint.company()
        if self._direction.tenant:
            preflight(job, self._company, report)
        if warning := renewal_warning(job.endpoint.certificate_until, job.clock()):
            job.listen(Note("warning", warning))
        with phase("import", report, job.listen, unit="entry") as current:
            self._direction.read(job, report, current)
        self._seen = job.clock()
        self._foreign = self._direction.compare(job, self.exports, report, self._meter)
        if job.config.adopts and self._direction.tenant:
            adopt_as_named(job, self._company, self._foreign, self.exports, report)

    def revoke(self) -> None:
        """Take members out before anything grows; what else the plan holds, or lets go, is left to ``send``.

        :raises SyncrampError: the target failed for good; what was answered is in the store.
        """
        job = self._job
        plan = plan_revocations(job, self._company, self.exports) if self.report.sends else Plan()
        if not plan.lanes.removals:
            return
        self.exports.note_revocations(plan.disables, plan.revocations, self._seen)
        taken = self._taken = RunReport()
        results = Results(taken, self._meter)
        results.expect(plan)
        try:
            with phase("revoke", taken, job.listen, total_links=len(plan.lanes.removals)) as current:
                snapshot, max_links = job.store.snapshot(), self._company.max_links
                Export(job, snapshot, self.exports, plan.around, results, current, max_links).revoke(plan)
        finally:
            results.settle()

    def plan(self) -> None:
        """Find out what differs, what of it goes, and what is held."""
        job, report = self._job, self.report
        with phase("plan", report, job.listen) as current:
            report.windows = windows_now(job)
            snapshot = self._seen_last = job.store.snapshot()
            plan = make_plan(job, snapshot, self._company, self._foreign, self.exports, report.windows.reason)
            current.advance(plan.objects, plan.links)
        self.planned = plan
        self._meter.follow(plan)
        if self._direction.tenant:
            check_quota(job, snapshot, self._company, plan, self._foreign, report)
        self.exports.note_revocations(plan.disables, plan.revocations, self._seen)
        _tell_plan(job, plan, report)

    def until(self, moment: float) -> None:
        """Nothing that grows begins after this; in seconds since the epoch."""
        self._job = replace(self._job, until=moment)

    def send(self) -> None:
        """Send what the plan lets go, and look at the target again.

        :raises SyncrampError: the target failed for good; what was answered is in the store.
        """
        job, report, plan = self._job, self.report, self.planned
        results = Results(report, self._meter)
        results.expect(plan)
        if report.sends and (plan.objects or plan.links):
            self._export(results)
        else:
            results.settle()
        if job.exports:
            end_fills(job, self.exports, plan.around)
        note_answers(job, report, plan)
        note_ramps(job, self._view, report, plan, self.exports)

    def end(self) -> None:
        """Write down what was measured, and how it ended."""
        keep(self._job, self._view, self.exports, self.report, self._meter)
        if self._taken:
            self.report = along(self.report, self._taken)
        close(self._job, self._view(), self.report, self.report.run)

    def _view(self) -> Snapshot:
        """How all stands now. To look at it again takes 0.1 s where there are 300,000 objects."""
        if self._seen_last is None:
            self._seen_last = self._job.store.snapshot()
        return self._seen_last

    def _export(self, results: Results) -> None:
        job, report, snapshot = self._job, self.report, self._view()
        self._seen_last = None
        try:
            if self._direction.tenant:
                begin_sending(job)
            plan = self.planned
            with phase("export", report, job.listen, total=plan.objects, total_links=plan.links) as current:
                closes = report.windows.until if report.windows.open else None
                max_links = self._company.max_links
                export = Export(job, snapshot, self.exports, plan.around, results, current, max_links, closes)
                export.run(plan)
                _finalize(job, results, report)
        finally:
            results.settle()
        if self._direction.tenant:
            end_sending(job)
        job.refused.difference_update(results.acknowledged)
        job.refused.update(results.refused)
        if not job.stop.is_set():
            self._confirm(export, results)

    def _confirm(self, export: Export, results: Results) -> None:
        job, report = self._job, self.report
        left = bool(report.objects.left or report.links.left)
        report.sliced = export.cut and left
        if export.shut and left:
            _tell_shut(job, report)
        # what was answered is known: a confirmation that is stopped is left to the next run
        with phase("confirm", report, job.listen) as current, suppress(Stopped):
            self._direction.confirm(job, self.exports, report, current)
            results.answer_questions(job.store.observations, self.exports, job.clock())
            report.missing_links = doubt_missing_links(job, results.sent_links)


def _compare(job: Job, exports: Exports, report: RunReport, meter: Meter) -> int:
    """What the cloud holds, and what it should hold.

    :returns: how many objects of the tenant with a source anchor are not ours.
    """
    if job.full:
        job.store.observations.forget_cookie()
        job.store.objects.judge_all()
    with phase("read back", report, job.listen) as current:
        foreign = read_back(job, exports, report, current, meter)
    with phase("synchronise", report, job.listen, unit="entry") as current:
        synchronise(job, report, current)
    if job.store.age.behind():
        with phase("catch up", report, job.listen) as current:
            catch_up(job, exports, report, current)
    return foreign


def _tell_plan(job: Job, plan: Plan, report: RunReport) -> None:
    report.digest, report.counts = plan.digest, plan.counts
    report.holds, report.hold_samples = dict(plan.holds), dict(plan.hold_samples)
    report.guards, report.ramps = list(plan.readings), list(plan.ramps)
    report.waiting = [each.as_json() for each in plan.waiting]
    report.approvals = [each.as_json() for each in job.store.approvals.given(job.clock())]


def company_of(job: Job) -> Company:
    """What the tenant says of itself.

    :raises SyncrampError: it is another one, is not synchronised, or has another anchor than the document.
    """
    company = job.endpoint.company()
    if company.tenant_id.lower() != job.config.target.tenant_id.lower():
        raise ServiceRefused(
            f"the endpoint answers for tenant {company.tenant_id}",
            where="spec.target.tenantID",
            remedy="name the tenant whose application signs in",
        )
    if not company.syncing:
        raise ServiceRefused(
            "directory synchronisation is not switched on for the tenant",
            where=company.tenant_id,
            remedy="switch it on: PATCH /organization/{id} with onPremisesSyncEnabled true in Microsoft Graph",
        )
    _check_anchor(job, company)
    return company


def _check_anchor(job: Job, company: Company) -> None:
    """Another anchor would tie nobody to the object that is there: everybody would be created once more.

    A tenant that never had a sync client names no attribute, and then any fits.
    """
    told, wanted = company.anchor_attribute, job.config.source_anchor
    if told and told.lower() != wanted.lower():
        raise AnchorMismatch(
            f"the tenant's anchor is {told}, the document's {wanted}",
            where="spec.identity.sourceAnchor",
            remedy=f"write sourceAnchor: {told} in a new SyncConfig, or change the tenant if it is not in use yet",
        )


def _tell_shut(job: Job, report: RunReport) -> None:
    """A window closed in the middle of the export: the next run plans what is left anew."""
    report.sliced, report.windows = False, windows_now(job)
    if not report.windows.open:
        job.listen(Note("info", f"what is left waits, because {report.windows.reason}"))


def _finalize(job: Job, results: Results, report: RunReport) -> None:
    """Tell the tenant that the export is over. It keeps the counts for its statistics and nothing else, as far as is
    known, so a failure of it is no failure of the run.
    """
    try:
        job.may_send()
        job.endpoint.finalize(results.sent, results.applied)
    except SyncrampError as error:
        tenant = job.config.target.tenant_id
        report.note_warning(Sample("FinalizeExport", "Tenant", "", tenant, str(error)), UNCOUNTED)


def close(job: Job, snapshot: Snapshot, report: RunReport, number: int) -> None:
    """Write down how it ended; whoever reads the store later sees the same numbers."""
    confirmations = snapshot.confirmations()
    report.unconfirmed = confirmations.get(0, 0)
    report.confirmed = confirmations.get(1, 0)
    report.with_differences = confirmations.get(2, 0)
    tell_differences(job, report)
    report.in_cloud = _written(job, snapshot)
    sources = [job.store.staging.source_id(name) for name in job.names()]
    report.loose_references = snapshot.loose_references(sources)
    report.unmanaged = snapshot.unmanaged(sources)
    report.certificate_valid_until = stamp(job.endpoint.certificate_until)
    report.unconfirmed_links = job.store.observations.unconfirmed_links()
    report.removal_latency = job.store.revocations.latency(number, number, job.clock())
    state = "Failed" if report.failure else "Succeeded" if report.settled else "Incomplete"
    job.store.runs.end(number, job.clock(), state, report.as_json())
    if job.stop.is_set() and not report.failure:
        job.listen(Note("info", "stopped; the next run goes on from here"))


def _written(job: Job, snapshot: Snapshot) -> dict[str, int]:
    """Objects of ours that are known to be in the target, by kind."""
    only = job.direction.only if job.direction else None
    return {kind: number for kind, number in snapshot.counts().items() if only in (None, kind)}


def _nothing_to_keep(job: Job) -> None:
    """The tenant shows all of it from everywhere."""


def _leave(job: Job, snapshot: Snapshot, around: Circumstances) -> Circumstances:
    return around


TO_CLOUD = Direction(
    names=Job.names,
    read=import_sources,
    compare=_compare,
    confirm=read_back,
    known=_leave,
    around=_leave,
    answered=_nothing_to_keep,
    tenant=True,
)
"""From the directories to the tenant."""
