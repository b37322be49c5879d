"""Preflight: what must be true of the tenant before a run may send, looked at in every run and kept in the store.

A run that would send and may not ends here, before it reads anything. One that only plans or stages tells what would
end it.
"""

import json
from contextlib import suppress
from dataclasses import replace

from syncramp.cycle.job import Job
from syncramp.errors import AnotherSyncClientActive, CapabilityLoss, SyncrampError
from syncramp.model.features import Capability
from syncramp.model.plan import Plan, Verb
from syncramp.model.preflight import Client, Finding, Mark, Watch
from syncramp.model.report import RunReport
from syncramp.model.wire import Company
from syncramp.plan.preflight import (
    another_client,
    another_container,
    beyond_quota,
    losses,
    seconds_of,
    sending,
    sent,
    watched,
)
from syncramp.store.snapshot import Snapshot

_KEPT = "clients"


def preflight(job: Job, company: Company, report: RunReport) -> None:
    """Look at the tenant, and keep what was seen.

    :raises AnotherSyncClientActive: another client was at work on it lately, and the run would send.
    :raises CapabilityLoss: something would end that the document does not accept, and the run would send.
    """
    now, target = job.clock(), job.config.target
    kept = look(job, company)
    report.service_interval = seconds_of(company.interval)
    client = another_client(kept, report.service_interval, target.take_over, now)
    groups = job.config.writeback
    goes_on = {Capability.GROUP_WRITEBACK} if groups else set()
    found = [one for one in (client, losses(kept, company, {*target.accept_loss, *goes_on})) if one]
    moved = another_container(company, groups.container) if groups else None
    report.preflight = [_told(one) for one in (*found, moved) if one]
    if job.exports and found:
        error = AnotherSyncClientActive if found[0] is client else CapabilityLoss
        raise error(found[0].text, where="spec.target", remedy=found[0].remedy)


def look(job: Job, company: Company) -> Watch:
    """One more look at the clients of the tenant; it is kept."""
    settings = job.config.target.endpoint
    us = Client("", settings.build_number, settings.application_id)
    kept = _read(job)
    if kept and job.store.age.behind():
        kept = replace(kept, exporting=True)  # a later copy of this store may have sent since
    seen = watched(kept, Mark.of(company), us, job.clock())
    _write(job, seen)
    if kept and seen.sign != kept.sign and seen.exported is not None:
        job.store.age.note()  # another one wrote what is ours, or we did with a later copy of this store
    return seen


def check_quota(job: Job, snapshot: Snapshot, company: Company, plan: Plan, foreign: int, report: RunReport) -> None:
    """Tell when a plan's creates go beyond what the tenant may hold."""
    known = max(company.known_objects or 0, len(snapshot.in_cloud) + foreign)
    creates = sum(plan.counts.get(Verb.CREATE.value, {}).values())
    if found := beyond_quota(known, creates, job.config.target.object_quota):
        report.preflight.append(_told(found))


def begin_sending(job: Job) -> None:
    """From here on the mark of the tenant may change by what we send."""
    if kept := _read(job):
        _write(job, sending(kept, job.clock()))


def end_sending(job: Job) -> None:
    """Keep how the tenant tells of our export; where it cannot be asked, the next look takes a new mark for ours."""
    with suppress(SyncrampError):
        mark = Mark.of(job.endpoint.company())
        if kept := _read(job):
            _write(job, sent(kept, mark))


def _told(finding: Finding) -> dict[str, str]:
    return {"check": finding.check, "text": finding.text, "remedy": finding.remedy}


def _read(job: Job) -> Watch | None:
    kept = job.store.runs.flag(_KEPT)
    return Watch.from_json(json.loads(kept)) if kept else None


def _write(job: Job, watch: Watch) -> None:
    job.store.runs.set_flag(_KEPT, json.dumps(watch.as_json(), sort_keys=True))
