"""Plan: the circumstances are gathered, the changes are counted, and the guards look at what they come to.

The guards need the whole plan before they can say anything of one change. So it is made once as if none of them held
anything; when one is tripped it is made once more, under what the tripped ones hold. The second plan holds more and
never less, since a barrier only takes away. On a tenant that was adopted lately a share of that goes, and the plan is
made once more under it (``cycle.stages``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncramp.collector import collector_paused
from syncramp.cycle.anchors import unanchored
from syncramp.cycle.approving import keep, load, take
from syncramp.cycle.catching_up import REFUSED
from syncramp.cycle.confirm import prove_empty
from syncramp.cycle.job import Job
from syncramp.cycle.ramping import ramp_reports, ramped
from syncramp.cycle.stages import chosen, halves_limits, on_probation
from syncramp.cycle.windows import begun
from syncramp.model.circumstances import Circumstances
from syncramp.model.desire import Code
from syncramp.model.guards import Prevention, Reading
from syncramp.model.holds import Barrier, Class
from syncramp.model.plan import Plan
from syncramp.model.state import Origin
from syncramp.model.wire import Company
from syncramp.plan.budget import reckon
from syncramp.plan.changes import in_blocks
from syncramp.plan.contention import contention
from syncramp.plan.facts import Setting, bases, gather
from syncramp.plan.guards import judge
from syncramp.plan.shares import share_of
from syncramp.plan.summary import summarise
from syncramp.plan.survey import Survey
from syncramp.store.circumstances import known_circumstances
from syncramp.store.exports import Exports
from syncramp.store.snapshot import Snapshot

LATER = "what is taken away goes first"


@collector_paused()
def make_plan(job: Job, snapshot: Snapshot, company: Company, foreign: int, exports: Exports, shut: str = "") -> Plan:
    """What a run sends and what it holds.

    Guards judge what would go without sync windows, so that people hear of it before a window opens.

    :param snapshot: how all stands now.
    :param foreign: how many objects of the tenant with a source anchor are not ours, as the read-back showed.
    :param shut: why growth waits for a sync window; empty when it does not.
    """
    take(job)
    alone = circumstances(job, snapshot, company, foreign, exports)
    ramps = ramped(job, snapshot, alone, exports, company.max_links)
    alone = replace(alone, ramps=ramps.rooms)
    if job.direction:
        alone = job.direction.around(job, snapshot, alone)
    loaded = load(job.store, snapshot, job.clock(), alone.reverted)
    alone = replace(alone, approved=loaded.approved)
    survey = Survey(lambda: job.store.census(snapshot).groups)
    plan = _plan(snapshot, alone, survey)
    readings, barriers = guard(job, company, snapshot, plan, survey)
    if barriers:
        alone = replace(alone, barriers=barriers)
        plan = _plan(snapshot, alone)
    progress = chosen(job, snapshot, plan)
    if progress or shut:
        share = share_of(progress) if progress else None
        plan = _plan(snapshot, replace(alone, share=share, shut=shut, begun=begun(job)))
    if progress:
        plan.progress = progress
    plan.readings, plan.ramps = readings, ramp_reports(job, snapshot, ramps)
    if Origin.UPGRADE.word in plan.origins:
        plan.upgrade = job.store.staging.upgrade()
    if job.direction is None:  # a directory has no budget of writes
        plan.budget = reckon(
            plan, job.config.target.writes, job.pace.objects_per_call, company.max_links, job.config.interval
        )
    keep(job, plan, loaded)
    return plan


def plan_revocations(job: Job, company: Company, exports: Exports) -> Plan:
    """What may be taken away before anything grows in whatever target: the guards judge it, and no ramp is asked.

    Ramps are decided once in a run, by :func:`make_plan`, which has the rest.
    """
    snapshot = job.store.snapshot()
    alone = replace(circumstances(job, snapshot, company, 0, exports), shut=LATER)
    approved = load(job.store, snapshot, job.clock()).approved
    alone = replace(alone, approved=approved)
    survey = Survey(lambda: job.store.census(snapshot).groups)
    plan = _plan(snapshot, alone, survey)
    _, barriers = guard(job, company, snapshot, plan, survey)
    return _plan(snapshot, replace(alone, barriers=barriers)) if barriers else plan


def _plan(snapshot: Snapshot, alone: Circumstances, survey: Survey | None = None) -> Plan:
    around = contention(snapshot, alone)
    found = in_blocks(snapshot, around)
    return summarise(survey.watch(found) if survey else found, snapshot.anchors, around)


def guard(
    job: Job, company: Company, snapshot: Snapshot, plan: Plan, survey: Survey
) -> tuple[tuple[Reading, ...], Mapping[Class, Sequence[Barrier]]]:
    """What the guards say of a plan, and what they hold of it.

    :param survey: what goes of the plan as long as no guard holds anything.
    """
    kept = job.store.spent
    kept.prune(job.clock())
    kept.remember(told := Prevention.of(company))
    sources = [job.store.staging.source_id(name) for name in job.names()]
    setting = Setting(
        day=kept.day(job.clock()),
        bases=bases(rules for _, rules in job.sources),
        adopted=plan.around.adopted,
        prevention=told.limit(len(snapshot.in_cloud)),
        held=plan.holds,
        unproven=len({*plan.around.incomplete, *map(job.store.staging.source_id, plan.around.never_read)}),
        unverified=job.store.objects.violations.counts(sources).get(Code.UNVERIFIED_DOMAIN.value, 0),
        thorough=job.thorough,
    )
    limits = job.config.failsafe
    if halves_limits(job.store, job.clock()):
        limits = limits.halved()
    only = job.direction.only if job.direction else None
    return judge(gather(survey, job.store.census(snapshot, only), setting, limits), limits)


def circumstances(job: Job, snapshot: Snapshot, company: Company, foreign: int, exports: Exports) -> Circumstances:
    """Everything beside the objects that decides what may be sent."""
    job.store.adoption.settle_links(snapshot.members)
    required = adoption_required(job, company, foreign, snapshot)
    known = known_circumstances(job.store, snapshot, job.config, job.names(), job.clock())
    found = replace(
        known,
        adoption=required,
        matching={} if required else known.matching,
        under_way=exports.under_way,
        unanchored=unanchored(job),
        probation=on_probation(job.store),
    )
    return job.direction.known(job, snapshot, found) if job.direction else found


def adoption_required(job: Job, company: Company, foreign: int, snapshot: Snapshot) -> str:
    """A store that knows nothing of a tenant that may hold something sends nothing, and no more does an old copy.

    What is in a directory is taken over by its mark: no person has to look at it.
    """
    if job.direction:
        return ""
    if (behind := job.store.age.behind()) and behind.refused:
        return REFUSED
    known = job.store.adoption.adopted or snapshot.in_cloud or snapshot.departing
    return "" if known else prove_empty(job, company, foreign)
