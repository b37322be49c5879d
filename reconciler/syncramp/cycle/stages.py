"""The stages of a tenant that was adopted: what of a plan may go, and what is known when the run is over.

A first share goes and a person looks at it; then a tenth, then all. A tenant that was proven empty has no stages.
"""

from dataclasses import replace
from datetime import UTC, datetime

from syncramp.cycle.certificate import stamp
from syncramp.cycle.job import Job
from syncramp.errors import InputRefused
from syncramp.events import Note
from syncramp.model.adoption import Adoption
from syncramp.model.holds import Hold
from syncramp.model.plan import Plan
from syncramp.model.report import RunReport
from syncramp.model.stages import PROBATION_RUNS, RELEASES, Progress, Stage, StageReport
from syncramp.plan.changes import changes
from syncramp.plan.shares import (
    answered,
    begun,
    counted,
    filled,
    halved,
    halved_until,
    next_stage,
    probation,
    went_well,
)
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store


def progress_of(store: Store) -> Progress | None:
    """How far the stages of the tenant are; None: it was not adopted."""
    return store.stages.of(store.adoption.read())


def on_probation(store: Store) -> str:
    """Why every delete waits for an approval; empty when none does for this reason."""
    progress = progress_of(store)
    return probation(progress) if progress else ""


def halves_limits(store: Store, now: float) -> bool:
    """The limits of the failsafe are halved: the probation was over less than a week ago."""
    progress = progress_of(store)
    return progress is not None and halved(progress, now)


def chosen(job: Job, snapshot: Snapshot, plan: Plan) -> Progress | None:
    """What of a plan may go in the stage of now; None: all of it.

    :param plan: what would go if the stage held nothing.
    """
    adoption, progress = job.store.adoption.read(), progress_of(job.store)
    if adoption is None or progress is None or adoption.stage is Stage.ALL:
        return None
    adoption, progress = _as_named(job, adoption, progress)
    if adoption.stage is Stage.ALL:
        return None
    if progress.stage is not adoption.stage:
        size = counted(changes(snapshot, plan.around)) if adoption.stage is Stage.TENTH else None
        if size == (0, 0):
            return None
        announced = adoption.stage.value in job.config.releases
        progress = replace(begun(progress, adoption.stage, *(size or (0, 0))), announced=announced)
    progress = filled(
        progress, lambda: changes(snapshot, plan.around), plan.around, snapshot.in_cloud, snapshot.anchors
    )
    if job.exports:
        job.store.stages.write(progress)
    return progress


def _as_named(job: Job, adoption: Adoption, progress: Progress) -> tuple[Adoption, Progress]:
    """End the stage that the annotation of the document names. One that stood there when the stage began does not
    count until it was taken away: it may have been meant for an earlier adoption.
    """
    if progress.stage is not adoption.stage:
        return adoption, progress
    if adoption.stage.value not in job.config.releases:
        return adoption, replace(progress, announced=False)
    if progress.announced or _unseen(adoption, progress):
        before = "that began; take it away for one run" if progress.announced else "anything of it went"
        text = f"the annotation {RELEASES} named {adoption.stage.value} before {before}"
        job.listen(Note("warning", text))
        return adoption, progress
    following = replace(
        adoption, stage=next_stage(adoption.stage), released_by=f"annotation {RELEASES}", released_at=job.clock()
    )
    job.store.adoption.write(following)
    return following, progress


def _unseen(adoption: Adoption, progress: Progress) -> bool:
    """Of the first share nothing was answered yet, so nobody can have looked at what went."""
    return adoption.stage is Stage.CANARY and not (progress.stage is Stage.CANARY and progress.applied)


def note_answers(job: Job, report: RunReport, plan: Plan) -> None:
    """Keep how the stage stands when a run is over, and go on to all when the tenth went well."""
    adoption = job.store.adoption.read()
    progress = plan.progress or progress_of(job.store)
    if adoption is None or progress is None:
        return
    if job.exports:
        progress = _answered(job, report, progress, counts=_shows_deletes(job, plan))
        job.store.stages.write(progress)
        if adoption.stage is Stage.TENTH and _is_over(plan, progress):
            adoption = _all_follow(job, adoption)
    if adoption.stage is Stage.TENTH and progress.stage is not Stage.TENTH:
        progress = begun(progress, Stage.TENTH, 0, 0)  # it has not begun, and what is known is of the one before
    report.stage = _told(adoption, progress, job.clock())


def _is_over(plan: Plan, progress: Progress) -> bool:
    """The tenth was all it is for. Creates that wait because they are too many have not had theirs yet: without it a
    whole second directory would go at once on the day on which they are approved. No share was chosen where there was
    nothing to choose from; what is held is then no sign that all goes well.
    """
    if Hold.TOO_MANY_CREATES.value in plan.holds:
        return False
    return went_well(progress) or (plan.progress is None and not (plan.held_objects or plan.held_links))


def release(store: Store, by: str, now: float) -> tuple[Stage, Progress]:
    """A person lets the next stage begin.

    :returns: the stage that begins, and how far the one before came.
    :raises InputRefused: there is no stage to end, or nobody can have looked at what went.
    """
    adoption, progress = store.adoption.read(), progress_of(store)
    if adoption is None or progress is None or adoption.stage is Stage.ALL:
        why = "everything goes already" if adoption else "the tenant was not adopted, so no share is held back"
        raise InputRefused(why, where=str(store.database.path), remedy="there is nothing to release")
    if _unseen(adoption, progress):
        raise InputRefused(
            "nothing of the first share was sent and answered yet",
            where=str(store.database.path),
            remedy="make a run (syncramp sync), look at what went, and release then",
        )
    following = replace(adoption, stage=next_stage(adoption.stage), released_by=by, released_at=now)
    store.adoption.write(following)
    return following.stage, progress


def _shows_deletes(job: Job, plan: Plan) -> bool:
    """A person could see every delete there is. A run that was stopped, or did not read everything, shows fewer."""
    around = plan.around
    unread = around.never_read or around.incomplete.keys() - around.dropped
    return not (job.stop.is_set() or around.adoption or unread)


def _answered(job: Job, report: RunReport, progress: Progress, *, counts: bool) -> Progress:
    objects, links = report.objects, report.links
    waiting = objects.left + objects.in_doubt + links.left + links.in_doubt + report.missing_links
    return answered(
        progress,
        applied=objects.acknowledged + links.acknowledged,
        refused=objects.refused + links.refused,
        waiting=waiting + job.store.stages.unconfirmed(progress.objects),
        now=job.clock(),
        counts=counts,
    )


def _all_follow(job: Job, adoption: Adoption) -> Adoption:
    job.listen(Note("info", "the tenth went well: from the next run on all goes"))
    followed = replace(adoption, stage=Stage.ALL, released_by="", released_at=job.clock())
    job.store.adoption.write(followed)
    return followed


def _told(adoption: Adoption, progress: Progress, now: float) -> StageReport:
    until = halved_until(progress)
    return StageReport(
        name=adoption.stage.value,
        objects=len(progress.objects),
        links=progress.chosen_links,
        most_objects=progress.most_objects,
        most_links=progress.most_links,
        applied=progress.applied,
        refused=progress.refused,
        waiting=progress.waiting,
        probation_runs=0 if progress.probation_ended else PROBATION_RUNS - progress.runs,
        halved_until=stamp(datetime.fromtimestamp(until, UTC)) if now < until else "",
    )
