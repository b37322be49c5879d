"""What pages of the read-back come to: each object that they show is compared with what is known of it.

Pages are looked at several at once, because what is asked of the store for them is asked once. That comes to the same
as one after the other where nothing on them depends on what stood before: no delete, nobody who was made anew, and
nothing twice (``Observation.calm``).
"""

from collections.abc import Mapping, Sequence

from pyroaring import BitMap

from syncramp.cycle.cloud_shown import cloud_group_of, kinds_of
from syncramp.cycle.drift import differences, gone
from syncramp.cycle.job import Job
from syncramp.cycle.shown import ShownObject
from syncramp.model.cloud import together
from syncramp.model.drift import Drift
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReadBackPage, ReferenceChange, same_object
from syncramp.store.observations import KnownObject, Observation


def observed(job: Job, pages: Sequence[ReadBackPage], *, full: bool) -> tuple[Observation, Sequence[ShownObject]]:
    """What pages show, and those on them that are not ours and have a source anchor.

    :param full: they are of a read-back of everything.
    """
    objects = [ShownObject(obj) for page in pages for obj in page.objects]
    known = job.store.observations.known(list({obj.anchor for obj in objects if obj.anchor}))
    seen, others = Observation(), list[ShownObject]()
    verified = frozenset(job.config.target.verified_domains)
    for obj in objects:
        ours = known.get(obj.anchor) if obj.anchor else None
        if ours is not None and (ours.acked is not None or ours.doubt):
            seen.shown.add(ours.id)
            authority = obj.authority
            _observe_authority(seen, obj, ours, authority, full=full)
            _observe_ours(seen, obj, ours, authority, verified)
        elif not obj.anchor or obj.operation is Operation.DELETE:
            _observe_stranger(seen, obj)  # without an anchor it is mastered in the cloud: not ours to judge
        else:
            seen.foreign[obj.anchor] = obj.kind, obj.name
            others.append(obj)
            _observe_stranger(seen, obj)
    _observe_links(job, seen, objects, known)
    _observe_cloud(job, seen, objects, ended=pages[-1].more is False)
    seen.calm = not (seen.gone or seen.not_foreign or seen.anew) and _once(objects)
    return seen, others


def _once(objects: Sequence[ShownObject]) -> bool:
    """No object stands there twice."""
    anchors = [obj.anchor for obj in objects if obj.anchor]
    cloud_anchors = [anchor for obj in objects if (anchor := obj.text("cloudanchor"))]
    return len(set(anchors)) == len(anchors) and len(set(cloud_anchors)) == len(cloud_anchors)


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
    seen: Observation, obj: ShownObject, ours: KnownObject, authority: bool | None, verified: frozenset[str]
) -> None:
    if obj.operation is Operation.DELETE:
        gone(seen, ours)
    elif ours.acked is not None and (told := _another(obj, ours)):
        seen.anew[ours.id] = told
        seen.drifts.append((Drift.ANEW, ours.id, "it is sent whole"))
    elif ours.acked is not None and not ours.doubt and not authority and not obj.only_members:
        found = seen.confirmed[ours.id] = differences(ours.acked, obj.values, verified)
        if ours.confirmed == (2 if found else 1):
            seen.as_before.add(ours.id)
        else:
            seen.as_before.discard(ours.id)  # a page may show it twice, and what comes last is what it is


def _another(obj: ShownObject, ours: KnownObject) -> str:
    """The cloud anchor, if it is not the one of the object we knew."""
    told, known = obj.text("cloudanchor"), ours.cloud_anchor
    return told if told and known and told != known and not same_object(told, known) else ""


def _observe_links(
    job: Job, seen: Observation, objects: Sequence[ShownObject], known: Mapping[str, KnownObject]
) -> None:
    shown = [
        (ours, changes)
        for obj in objects
        if "member" in obj.values and (ours := known.get(obj.anchor)) and (changes := obj.members) is not None
    ]
    ids = _members(job, [changes for _, changes in shown])
    for ours, changes in shown:
        adds, removes = seen.links.setdefault(ours.id, (BitMap(), BitMap()))
        for operation, found in ((LinkOperation.ADD, adds), (LinkOperation.REMOVE, removes)):
            named = ((by, anchor) for anchor, change, by in changes if change is operation)
            found.update(identity for name in named if (identity := ids.get(name)) is not None)
        if ours.acked is not None:
            seen.ours.add(ours.id)


def _members(job: Job, links: Sequence[Sequence[ReferenceChange]]) -> dict[tuple[AnchorType, str], int]:
    """Ids of whom links name: objects of ours by their source anchor, written-back groups by what the cloud calls
    them.
    """
    named = {
        by: list({anchor for changes in links for anchor, _, called in changes if called is by}) for by in AnchorType
    }
    ours = job.store.observations.ids(named[AnchorType.SOURCE])
    written = job.store.references.ids(named[AnchorType.CLOUD])
    return {(AnchorType.SOURCE, anchor): identity for anchor, identity in ours.items()} | {
        (AnchorType.CLOUD, anchor): identity for anchor, identity in written.items()
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
