"""Catching up: a store that is older than its tenant learns what happened since, before anything is planned.

The read-back since the cookie of the copy shows every object that the lost runs touched. What it shows is taken as
known: who was created since is ours, and what the lost runs wrote is what the cloud holds. So nothing is created
twice, and what a directory took back meanwhile is sent again. A service that does not know the cookie any more shows
no such difference, and absence proves nothing: then only an adoption, which reads and counts everything, helps.
"""

from collections.abc import Mapping

from syncramp.cycle.confirm import observe_page
from syncramp.cycle.deciding import resume
from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.cycle.shown import ShownObject, managed
from syncramp.errors import CookieRefused
from syncramp.model.adoption import Finding
from syncramp.model.report import RunReport
from syncramp.model.wire import Operation, ReadBackPage
from syncramp.plan.adoption import judge
from syncramp.store.exports import Exports
from syncramp.store.sightings import Candidate, Sighting, Sightings, Sights
from syncramp.store.takeover import take_shown

OLD = "the store is older than its tenant, an old copy that was put back or one of two"
REFUSED = f"{OLD}, and the service does not know any more where it ended: syncramp adopt FILE takes what is there"


def catch_up(job: Job, exports: Exports, report: RunReport, phase: Phase) -> None:
    """Bring an old store forward; a store that is not old has nothing to do here.

    :raises SyncrampError: a page could not be had; the next run begins with it again.
    """
    behind = job.store.age.behind()
    if behind is None or behind.refused:
        return
    try:
        for page in job.endpoint.read_back(behind.cookie):
            job.go_on()
            _take(job, page, exports)
            observe_page(job, page, exports, report, full=behind.cookie is None)
            phase.advance(objects=len(page.objects))
    except CookieRefused:
        job.store.age.refuse()
        return
    resume(job, job.store.ramp_states.all().values())
    job.store.age.caught_up()


def _take(job: Job, page: ReadBackPage, exports: Exports) -> None:
    sightings, names = Sightings(job.store.database), managed(job.config)
    living = {
        obj.anchor: obj
        for obj in map(ShownObject, page.objects)
        if obj.operation is not Operation.DELETE and not obj.only_members and obj.anchor
    }
    seen = Sights()
    for anchor, candidate in sightings.candidates(list(living)).items():
        obj = living[anchor]
        if candidate.desired is not None and candidate.kind == obj.kind:
            seen.objects.append((_sighted(job, obj, candidate, names), candidate.desired))
    sightings.add(seen)
    take_shown(job.store.database, exports)


def _sighted(job: Job, obj: ShownObject, candidate: Candidate, names: Mapping[str, frozenset[str]]) -> Sighting:
    also = names[obj.kind] - candidate.kept_back
    judged = judge(candidate.desired or {}, obj.values, also, job.config.target.verified_domains)
    return Sighting(
        obj.anchor,
        obj.kind,
        obj.name,
        Finding.MATCHED,
        candidate.id,
        obj.text("cloudanchor"),
        judged.held,
        differs=bool(judged.different),
        confirmed=2 if judged.different or judged.normalised else 1,
        cloud_managed=bool(obj.authority),
    )
