"""What pages of the read-back come to: each object that they show is compared with what is known of it.

Pages are looked at several at once, because what is asked of the store for them is asked once. That comes to the same
as one after the other where nothing on them depends on what stood before: no delete, nobody who was made anew, and
nothing twice (``Observation.calm``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter

from pyroaring import BitMap

from syncramp.cycle.as_sent import AsSent, Mark, recognised
from syncramp.cycle.cloud_shown import cloud_group_of, kinds_of
from syncramp.cycle.drift import differences, gone
from syncramp.cycle.job import Job
from syncramp.cycle.shown import ShownObject
from syncramp.model.cloud import together
from syncramp.model.drift import Drift
from syncramp.model.wire import (
    Alike,
    AnchorType,
    LinkOperation,
    Operation,
    ReadBackPage,
    ReferenceChange,
    SyncObject,
    parts_of,
    same_object,
)
from syncramp.store.identities import Identities
from syncramp.store.observations import KnownObject, Observation

_Alike = dict[tuple[LinkOperation, AnchorType], list[str]]
"""What is changed, and by which anchors it is named -> these."""


@dataclass(frozen=True, slots=True)
class Means:
    """What pages of one read-back are looked at with; it remembers from one page to the next."""

    sent: AsSent
    identities: Identities
    verified: frozenset[str]
    """Domains of the tenant in small letters."""
    full: bool
    """It is a read-back of everything."""


def means_of(job: Job, *, full: bool) -> Means:
    """Of a read-back that begins.

    :param full: it is one of everything.
    """
    verified = frozenset(job.config.target.verified_domains)
    return Means(AsSent(), Identities(job.store.database), verified, full)


def observed(job: Job, pages: Sequence[ReadBackPage], means: Means) -> tuple[Observation, Sequence[ShownObject]]:
    """What pages show, and those on them that are not ours and have a source anchor.

    :param means: of their read-back.
    """
    seen, parts = Observation(), [part for page in pages for part in parts_of(page.objects)]
    shown, known, once = _told_apart(job, seen, parts, means)
    others = _observe_objects(seen, shown, known, means)
    _observe_links(job, seen, shown, known, means.identities)
    _observe_cloud(job, seen, shown, ended=pages[-1].more is False)
    seen.calm = once and not (seen.gone or seen.not_foreign or seen.anew)
    return seen, others


def _told_apart(
    job: Job, seen: Observation, parts: Sequence[SyncObject | Alike], means: Means
) -> tuple[list[ShownObject], Mapping[str, KnownObject], bool]:
    """Who is as he was sent is confirmed at once.

    :returns: the others, those of them that are known, by anchor, and whether no object stands there twice.
    """
    observations = job.store.observations
    marks = means.sent.marks(parts if job.config.writeback is None else ())
    named = [mark[0] for mark in marks if mark]
    known = means.identities.of([named])
    rows = observations.sent(sorted(filter(None, map(known.get, named))))
    found = [
        row if mark and (row := rows.get(known.get(mark[0], 0))) and recognised(mark, row) else None for mark in marks
    ]
    shown = _shown(parts, found)
    once = _once([mark for mark, row in zip(marks, found, strict=True) if row and mark], shown)
    if not once:  # then what counts is what comes last
        found, shown = [], _shown(parts, [])
    ids = [row[0] for row in found if row]
    seen.shown.update(ids)
    seen.as_before.update([row[0] for row in found if row and row[3] == 1])
    seen.confirmed = dict.fromkeys(ids, ())
    left = observations.rows(list({obj.anchor for obj in shown if obj.anchor}), means.identities)
    return shown, observations.known_of(left.values()), once


def _shown(parts: Sequence[SyncObject | Alike], found: Sequence[object]) -> list[ShownObject]:
    """Objects that are not found yet.

    :param found: something for each that is; empty: none is.
    """
    shown, at = list[ShownObject](), 0
    for part in parts:
        before, at = at, at + (len(part.block) if isinstance(part, Alike) else 1)
        if not all(there := found[before:at] or [None]):
            objects = part.objects() if isinstance(part, Alike) else [part]
            shown += [ShownObject(obj) for obj, one in zip_longest(objects, there) if not one]
    return shown


def _once(found: Sequence[Mark], shown: Sequence[ShownObject]) -> bool:
    """No object stands there twice.

    :param found: marks of those that are recognised.
    :param shown: the others.
    """
    anchors = [*(mark[0] for mark in found), *(obj.anchor for obj in shown)]
    clouds = [*(mark[1] for mark in found), *(obj.text("cloudanchor") for obj in shown)]
    return all(len(set(there)) == len(there) for there in (list(filter(None, anchors)), list(filter(None, clouds))))


def _observe_objects(
    seen: Observation, objects: Sequence[ShownObject], known: Mapping[str, KnownObject], means: Means
) -> list[ShownObject]:
    """:returns: those that are not ours and have a source anchor."""
    others = list[ShownObject]()
    for obj in objects:
        ours = known.get(obj.anchor) if obj.anchor else None
        if ours is not None and (ours.acked is not None or ours.doubt):
            seen.shown.add(ours.id)
            authority = obj.authority
            _observe_authority(seen, obj, ours, authority, full=means.full)
            _observe_ours(seen, obj, ours, authority, means)
        elif not obj.anchor or obj.operation is Operation.DELETE:
            _observe_stranger(seen, obj)  # without an anchor it is mastered in the cloud: not ours to judge
        else:
            seen.foreign[obj.anchor] = obj.kind, obj.name
            others.append(obj)
            _observe_stranger(seen, obj)
    return others


def _observe_stranger(seen: Observation, obj: ShownObject) -> None:
    """Somebody whom a create might be matched with, or who is not there any more."""
    if obj.operation is Operation.DELETE:
        seen.not_foreign.append(obj.anchor or obj.text("cloudanchor"))
    elif not obj.only_members:
        seen.strangers.append(obj.stranger())


def _observe_authority(
    seen: Observation, obj: ShownObject, ours: KnownObject, authority: bool | None, *, full: bool
) -> None:
    """A read-back of everything that does not say it takes it back: the service may leave out what is false."""
    if authority is None and full and not obj.only_members:
        authority = False
    if authority is not None and authority is not ours.cloud_managed:
        seen.authority[ours.id] = authority
        if authority:
            seen.drifts.append((Drift.AUTHORITY, ours.id, ""))


def _observe_ours(
    seen: Observation, obj: ShownObject, ours: KnownObject, authority: bool | None, means: Means
) -> None:
    if obj.operation is Operation.DELETE:
        gone(seen, ours)
    elif ours.acked is not None and (told := _another(obj, ours)):
        seen.anew[ours.id] = told
        seen.drifts.append((Drift.ANEW, ours.id, "it is sent whole"))
    elif ours.acked is not None and not ours.doubt and not authority and not obj.only_members:
        found = seen.confirmed[ours.id] = differences(ours.acked, obj.values, means.verified)
        if not found:
            means.sent.learn(obj.values, ours.acked)
        if ours.confirmed == (2 if found else 1):
            seen.as_before.add(ours.id)
        else:
            seen.as_before.discard(ours.id)  # a page may show it twice, and what comes last is what it is


def _another(obj: ShownObject, ours: KnownObject) -> str:
    """The cloud anchor, if it is not the one of the object we knew."""
    told, known = obj.text("cloudanchor"), ours.cloud_anchor
    return told if told and known and told != known and not same_object(told, known) else ""


def _observe_links(
    job: Job,
    seen: Observation,
    objects: Sequence[ShownObject],
    known: Mapping[str, KnownObject],
    identities: Identities,
) -> None:
    shown = [
        (ours, _alike(changes))
        for obj in objects
        if "member" in obj.values and (ours := known.get(obj.anchor)) and (changes := obj.members) is not None
    ]
    ids = _members(job, [alike for _, alike in shown], identities) if shown else {}
    for ours, alike in shown:
        adds, removes = seen.links.setdefault(ours.id, (BitMap(), BitMap()))
        for (operation, by), anchors in alike.items():
            found = adds if operation is LinkOperation.ADD else removes
            found.update(filter(None, map(ids[by].get, anchors)))  # ids begin with 1
        if ours.acked is not None:
            seen.ours.add(ours.id)


def _alike(changes: Sequence[ReferenceChange]) -> _Alike:
    """Whom changes name, by what they are: nearly always they are all the same."""
    forms = set(map(itemgetter(1, 2), changes))
    if len(forms) == 1:
        return {forms.pop(): list(map(itemgetter(0), changes))}
    return {form: [change[0] for change in changes if change[1:] == form] for form in forms}


def _members(job: Job, links: Sequence[_Alike], identities: Identities) -> dict[AnchorType, Mapping[str, int]]:
    """Ids of whom links name: objects of ours by their source anchor, written-back groups by what the cloud calls
    them.
    """
    named: dict[AnchorType, list[list[str]]] = {by: [] for by in AnchorType}
    for alike in links:
        for (_, by), anchors in alike.items():
            named[by].append(anchors)
    written = list({anchor for anchors in named[AnchorType.CLOUD] for anchor in anchors})
    return {
        AnchorType.SOURCE: identities.of(named[AnchorType.SOURCE]),
        AnchorType.CLOUD: job.store.references.ids(written),
    }


def _observe_cloud(job: Job, seen: Observation, objects: Sequence[ShownObject], *, ended: bool) -> None:
    """Groups that are mastered in the cloud, if they are written to a directory."""
    if job.config.writeback is not None:
        lists = job.store.cloud.intake.lists_members()
        for obj in objects:
            if found := cloud_group_of(obj, lists=lists):
                object_id, group = found
                before = seen.cloud.get(object_id)
                seen.cloud[object_id] = group if before is None else together(before, group)
        seen.cloud_kinds = kinds_of(objects)
        seen.cloud_ended = ended
