"""Read-back: what the cloud shows is compared with what we sent.

A run begins with it (what changed since the last one: objects gone, links, foreign objects) and ends with it (is what
was answered really there). Each page and the cookie after it are kept in one transaction. A read-back is complete
only when its end was marked; nothing is concluded from what it does not show.
"""

from collections.abc import Mapping, Sequence

from pyroaring import BitMap

from syncramp.cycle.cloud_shown import cloud_group_of, kinds_of
from syncramp.cycle.drift import ForeignAnchors, differences, gone, tell, tell_not_shown
from syncramp.cycle.job import Job
from syncramp.cycle.meter import Meter
from syncramp.cycle.phases import Phase
from syncramp.cycle.shown import anchor_of, authority_of, name_of, only_members, stranger_of, value_of
from syncramp.endpoint.faults import FORM
from syncramp.errors import CookieRefused, ServiceRefused
from syncramp.events import Note
from syncramp.model.cloud import Teller, together
from syncramp.model.drift import Drift
from syncramp.model.report import RunReport
from syncramp.model.wire import (
    AnchorType,
    Company,
    LinkOperation,
    Operation,
    ReadBackPage,
    ReferenceChange,
    SyncObject,
    same_object,
)
from syncramp.spec.types import MembersFrom
from syncramp.store.exports import Exports
from syncramp.store.observations import KnownObject, Observation
from syncramp.words import count

PROVEN_EMPTY = "proven_empty"
READ_BACK = Teller.READ_BACK


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
    foreign, others, shown = 0, ForeignAnchors(job, report), BitMap()
    page: ReadBackPage | None = None
    for page in job.endpoint.read_back(cookie):
        job.go_on()
        foreign += observe_page(job, page, exports, report, others, shown, full=cookie is None)
        phase.advance(objects=len(page.objects), links=sum(obj.links for obj in page.objects))
    others.end()
    if page is None or page.more is not False:
        job.store.observations.forget_cookie()
        raise ServiceRefused(
            "the end of the read-back was not marked in a form we know, so it is not complete",
            where="ReadBackAzureADSyncObjects2",
            remedy=f"nothing was concluded from it; {FORM}",
        )
    if cookie is None:
        tell_not_shown(job, report, shown)
    return foreign


def observe_page(
    job: Job,
    page: ReadBackPage,
    exports: Exports,
    report: RunReport,
    others: ForeignAnchors | None = None,
    shown: BitMap | None = None,
    *,
    full: bool,
) -> int:
    """Take in one page and the cookie after it.

    :param others: looks whether an object that is not ours is one of ours; None: nobody does.
    :param shown: gets the ids of our objects on it.
    :param full: it is of a read-back of everything.
    :returns: how many foreign objects with a source anchor it shows.
    """
    seen = _observe(job, page, others, full=full)
    _observe_cloud(job, seen, page)
    moved = job.store.observations.observe(seen, page.cookie, exports, job.clock())
    tell(job, report, seen, moved)
    if shown is not None:
        shown |= seen.shown
    return len(seen.foreign)


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


def _observe(job: Job, page: ReadBackPage, others: ForeignAnchors | None, *, full: bool) -> Observation:
    anchored = {anchor: obj for obj in page.objects if (anchor := anchor_of(obj))}
    known = job.store.observations.known(list(anchored))
    seen = Observation()
    for obj in page.objects:
        anchor = anchor_of(obj)
        if not anchor:
            _observe_stranger(seen, obj)  # mastered in the cloud: not ours to judge
            continue
        ours = known.get(anchor)
        if ours is not None and (ours.acked is not None or ours.doubt):
            seen.shown.add(ours.id)
            _observe_authority(seen, obj, ours, full=full)
            _observe_ours(job, seen, obj, ours)
        elif obj.operation is Operation.DELETE:
            seen.not_foreign.append(anchor)
        else:
            seen.foreign[anchor] = obj.kind, name_of(obj)
            if others is not None:
                others.see(obj)
            _observe_stranger(seen, obj)
    _observe_links(job, seen, page.objects, known)
    return seen


def _observe_cloud(job: Job, seen: Observation, page: ReadBackPage) -> None:
    """Groups that are mastered in the cloud, if they are written to a directory."""
    if job.config.writeback is not None:
        lists = job.store.cloud.intake.lists_members()
        for obj in page.objects:
            if found := cloud_group_of(obj, lists=lists):
                object_id, group = found
                before = seen.cloud.get(object_id)
                seen.cloud[object_id] = group if before is None else together(before, group)
        seen.cloud_kinds = kinds_of(page.objects)
        seen.cloud_ended = page.more is False


def _observe_stranger(seen: Observation, obj: SyncObject) -> None:
    """Somebody whom a create might be matched with, or who is not there any more."""
    found = stranger_of(obj)
    if obj.operation is Operation.DELETE:
        seen.not_foreign.append(found.anchor)
    elif not only_members(obj):
        seen.strangers.append(found)


def _observe_authority(seen: Observation, obj: SyncObject, ours: KnownObject, *, full: bool) -> None:
    """A read-back of everything that does not say it takes it back: the service may leave out what is false."""
    authority = authority_of(obj)
    if authority is None and full and not only_members(obj):
        authority = False
    if authority is not None and authority is not ours.cloud_managed:
        seen.authority[ours.id] = authority
        if authority:
            seen.drifts.append((Drift.AUTHORITY, ours.id, ""))


def _observe_ours(job: Job, seen: Observation, obj: SyncObject, ours: KnownObject) -> None:
    if obj.operation is Operation.DELETE:
        gone(seen, ours)
    elif ours.acked is not None and (told := _another(obj, ours)):
        seen.anew[ours.id] = told
        seen.drifts.append((Drift.ANEW, ours.id, "it is sent whole"))
    elif ours.acked is not None and not ours.doubt and not only_members(obj) and not authority_of(obj):
        seen.confirmed[ours.id] = differences(ours.acked, obj.values, job.config.target.verified_domains)


def _observe_links(
    job: Job, seen: Observation, objects: Sequence[SyncObject], known: Mapping[str, KnownObject]
) -> None:
    for obj in objects:
        ours = known.get(anchor_of(obj))
        changes = value_of(obj, "member")
        if ours is None or not isinstance(changes, tuple):
            continue
        links = [change for change in changes if isinstance(change, ReferenceChange)]
        ids = _members(job, links)
        adds, removes = seen.links.get(ours.id, (BitMap(), BitMap()))
        for change in links:
            identity = ids.get((change.by, change.anchor))
            if identity is not None:
                (adds if change.operation is LinkOperation.ADD else removes).add(identity)
        seen.links[ours.id] = adds, removes
        if ours.acked is not None:
            seen.ours.add(ours.id)


def _members(job: Job, links: Sequence[ReferenceChange]) -> dict[tuple[AnchorType, str], int]:
    """Ids of whom links name: objects of ours by their source anchor, written-back groups by what the cloud calls
    them.
    """
    named = {by: list({change.anchor for change in links if change.by is by}) for by in AnchorType}
    ours = job.store.observations.ids(named[AnchorType.SOURCE])
    written = job.store.references.ids(named[AnchorType.CLOUD])
    return {(AnchorType.SOURCE, anchor): identity for anchor, identity in ours.items()} | {
        (AnchorType.CLOUD, anchor): identity for anchor, identity in written.items()
    }


def _another(obj: SyncObject, ours: KnownObject) -> str:
    """The cloud anchor, if it is not the one of the object we knew."""
    told, known = value_of(obj, "cloudanchor"), ours.cloud_anchor
    return told if isinstance(told, str) and told and known and not same_object(told, known) else ""
