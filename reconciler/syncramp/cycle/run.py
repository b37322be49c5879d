"""One run of one SyncConfig, from the directories to the confirmation.

It may die at any line: what it has written is true, and the next run goes on from there. ``plan`` is the same run
with ``sends`` off, on a copy of the store.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from pyroaring import BitMap

from syncramp.cycle.adoption import adopt_as_named
from syncramp.cycle.catching_up import catch_up
from syncramp.cycle.certificate import renewal_warning, stamp
from syncramp.cycle.confirm import doubt_missing_links, read_back
from syncramp.cycle.deadline import blame, limited, overdue
from syncramp.cycle.drift import tell_differences
from syncramp.cycle.export import Export
from syncramp.cycle.fills import end_fills
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.job import Direction, Job
from syncramp.cycle.meter import Meter, keep
from syncramp.cycle.phases import phase
from syncramp.cycle.planning import make_plan
from syncramp.cycle.preflight import begin_sending, check_quota, end_sending, preflight
from syncramp.cycle.ramping import note_ramps
from syncramp.cycle.results import Results
from syncramp.cycle.stages import note_answers
from syncramp.cycle.synchronise import synchronise
from syncramp.cycle.windows import windows_now
from syncramp.errors import AnchorMismatch, ServiceRefused, Stopped, SyncrampError, WireUnverified
from syncramp.events import Note
from syncramp.model.circumstances import Circumstances
from syncramp.model.plan import Change, Plan, Sample
from syncramp.model.report import RunReport
from syncramp.model.sizes import GroupSize
from syncramp.model.wire import Company
from syncramp.plan.changes import changes
from syncramp.spec.types import SyncConfig
from syncramp.store.exports import Exports
from syncramp.store.snapshot import Snapshot

UNCOUNTED = "the tenant was not told that the export is over: its own counts and its last sync are older"


def run(job: Job, report: RunReport | None = None) -> tuple[RunReport, Plan]:
    """Make one run.

    :param report: filled with what it did, also when it fails.
    :returns: what it did, and the plan it followed.
    :raises SyncrampError: it could not even begin (the wire is unverified, the store belongs to something else, the
        tenant refuses us, or is not ours to write to); what goes wrong later ends the run and stands in
        ``RunReport.failure``.
    """
    _check_wire(job)
    job.may_send()
    job.store.runs.claim(identity(job.config))
    number, token = job.store.runs.begin(job.clock(), job.fence.token if job.fence else None)
    exports = job.store.exports(number, token, job.clock(), job.fence)
    report = report or RunReport()
    report.run, report.mode, report.sends, report.wire = number, job.config.mode.value, job.exports, job.wire
    report.full = job.full
    plan, meter = Plan(), Meter(job.clock)
    job.endpoint.traffic()  # what was before is none of this run
    try:
        plan = _in_time(job, exports, report, meter)
    except BaseException as error:  # a second Ctrl-C, or a fault of ours: neither may look like a success
        blame(report, error)
        raise
    finally:
        keep(job, exports, report, meter)
        close(job, report, number)
    return report, plan


def _in_time(job: Job, exports: Exports, report: RunReport, meter: Meter) -> Plan:
    """The run itself. One that is stopped in its export because it lasts too long comes to its end, with what it did.

    :raises DeadlineExceeded: it lasted too long before it had a plan.
    """
    with limited(job) as late:
        try:
            plan = _walk(job, exports, report, meter)
        except Stopped as error:
            raise (overdue(job) if late() else error) from None
    if late() and not report.settled:
        blame(report, overdue(job))
    return plan


def _check_wire(job: Job) -> None:
    if job.exports and not job.wire.accepted:
        raise WireUnverified(
            "the wire is unverified: no profile says how this endpoint behaves",
            where="spec.target.endpoint",
            remedy="probe a test tenant of the cloud (syncramp endpoint probe) and name what it writes with profile, "
            "or take the wire as it is documented with unverified: true",
        )


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A run that sent nothing, and whose changes can be derived again, one by one."""

    report: RunReport
    plan: Plan
    changes: Callable[[], Iterator[Change]]
    named: Callable[[BitMap], Iterator[tuple[str, str]]]
    """The anchors and DNs of objects."""
    sizes: Callable[[], Iterator[GroupSize]]
    """All groups, with how many members they have."""
    document: str
    """Namespace and name."""
    tenant: str


def rehearse(job: Job, report: RunReport | None = None) -> Rehearsal:
    """Make a run that sends nothing, on a store that will be thrown away.

    :param report: as :func:`run`.
    :raises SyncrampError: as :func:`run`.
    """
    report, plan = run(job, report)
    snapshot = job.store.snapshot()
    name, tenant = f"{job.config.namespace}/{job.config.name}", job.config.target.tenant_id
    return Rehearsal(
        report, plan, lambda: changes(snapshot, plan.around), snapshot.names, snapshot.sizes, name, tenant
    )


def _walk(job: Job, exports: Exports, report: RunReport, meter: Meter) -> Plan:
    direction = job.direction or TO_CLOUD
    company = company_of(job)
    if direction.tenant:
        preflight(job, company, report)
    if warning := renewal_warning(job.endpoint.certificate_until, job.clock()):
        job.listen(Note("warning", warning))
    with phase("import", report, job.listen, unit="entry") as current:
        direction.read(job, report, current)
    seen = job.clock()
    foreign = direction.compare(job, exports, report, meter)
    if job.config.adopts and direction.tenant:
        adopt_as_named(job, company, foreign, exports, report)
    with phase("plan", report, job.listen) as current:
        report.windows = windows_now(job)
        plan = make_plan(job, company, foreign, exports, report.windows.reason)
        current.advance(plan.objects, plan.links)
    meter.follow(plan)
    if direction.tenant:
        check_quota(job, company, plan, foreign, report)
    exports.note_revocations(plan.disables, plan.revocations, seen)
    _tell_plan(job, plan, report)
    results = Results(report, meter)
    results.expect(plan)
    if report.sends and (plan.objects or plan.links):
        _export(job, exports, report, plan, results, company)
    else:
        results.settle()
    if job.exports:
        end_fills(job, exports)
    note_answers(job, report, plan)
    note_ramps(job, report, plan, exports)
    return plan


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


def _export(
    job: Job,
    exports: Exports,
    report: RunReport,
    plan: Plan,
    results: Results,
    company: Company,
) -> None:
    direction = job.direction or TO_CLOUD
    try:
        if direction.tenant:
            begin_sending(job)
        with phase("export", report, job.listen, total=plan.objects, total_links=plan.links) as current:
            closes = report.windows.until if report.windows.open else None
            export = Export(job, exports, plan.around, results, current, company.max_links, closes)
            export.run(plan)
            _finalize(job, results, report)
    finally:
        results.settle()
    if direction.tenant:
        end_sending(job)
    job.refused.difference_update(results.acknowledged)
    job.refused.update(results.refused)
    if job.stop.is_set():
        return
    left = bool(report.objects.left or report.links.left)
    report.sliced = export.cut and left
    if export.shut and left:
        _tell_shut(job, report)
    # what was answered is known: a confirmation that is stopped is left to the next run
    with phase("confirm", report, job.listen) as current, suppress(Stopped):
        direction.confirm(job, exports, report, current)
        results.answer_questions(job.store.observations, exports, job.clock())
        report.missing_links = doubt_missing_links(job, results.sent_links)


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


def close(job: Job, report: RunReport, number: int) -> None:
    """Write down how it ended; whoever reads the store later sees the same numbers."""
    confirmations = job.store.observations.confirmations()
    report.unconfirmed = confirmations.get(0, 0)
    report.confirmed = confirmations.get(1, 0)
    report.with_differences = confirmations.get(2, 0)
    tell_differences(job, report)
    snapshot = job.store.snapshot()
    report.in_cloud = snapshot.counts()
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


def identity(config: SyncConfig) -> dict[str, str]:
    """What a store belongs to from its first run on."""
    return {
        "tenantID": config.target.tenant_id.lower(),
        "cloud": config.target.cloud.value,
        "sourceAnchor": str(config.source_anchor),
    }


def _leave(job: Job, snapshot: Snapshot, around: Circumstances) -> Circumstances:
    return around


TO_CLOUD = Direction(
    names=Job.names, read=import_sources, compare=_compare, confirm=read_back, around=_leave, tenant=True
)
"""From the directories to the tenant."""
