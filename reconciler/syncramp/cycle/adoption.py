"""Adoption: what a tenant holds already is looked at, told, and recorded as what is known. Nothing is sent.

A takeover from another sync client, a store that was lost, a second store and an old copy of one differ only in what
is known before. The directories are read and judged first, so that each page of the read-back finds its objects by
anchor, and its members by theirs. The read-back begins with everything and changes nothing in the store: until it is
recorded, in one transaction, an adoption leaves no trace there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase, phase
from syncramp.cycle.planning import adoption_required
from syncramp.cycle.shown import ShownObject, managed
from syncramp.cycle.synchronise import synchronise
from syncramp.endpoint.faults import FORM
from syncramp.errors import ServiceRefused
from syncramp.events import Note
from syncramp.model.adoption import Adoption, Finding, Findings
from syncramp.model.approvals import ADOPTS
from syncramp.model.circumstances import RESTORED_WITHIN
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.model.wire import AnchorType, Company, LinkOperation, Operation, ReadBackPage, SyncObject
from syncramp.plan.adoption import agree, alarms, digest, frozen, judge
from syncramp.store.exports import Exports
from syncramp.store.sightings import Candidate, Sighting, Sightings, Sights
from syncramp.store.takeover import take_over
from syncramp.words import count

SAMPLES = 10
"""Examples kept of each finding."""


def look(
    job: Job,
    company: Company,
    exports: Exports,
    report: RunReport,
    *,
    by: str,
    accepts: Callable[[Findings], bool],
) -> Findings:
    """Look at the tenant when the directories are read and judged, and record what is found.

    :param by: who asks for it.
    :param accepts: whether it is recorded.
    :raises SyncrampError: the read-back did not come to a marked end; nothing is recorded.
    """
    findings = Findings(report, counted=company.known_objects or None)
    sightings = Sightings(job.store.database)
    with phase("look", report, job.listen) as current:
        cookie = _Looking(job, sightings, findings).read(current)
    with phase("classify", report, job.listen):
        _classify(job, sightings, findings)
    if accepts(findings):
        counts = {name: sum(kinds.values()) for name, kinds in findings.counts.items()}
        adoption = Adoption(job.clock(), by, report.run, findings.digest, counts)
        members, counted = job.store.snapshot().members, findings.counted is not None and agree(findings)
        take_over(job.store.database, sightings, members, exports, adoption, cookie, counted=counted)
        job.store.age.caught_up()
        findings.recorded = True
    return findings


def adopt_as_named(job: Job, company: Company, foreign: int, exports: Exports, report: RunReport) -> None:
    """A run that needs an adoption makes the one that the annotation of its document names, and no other."""
    if not adoption_required(job, company, foreign, job.store.snapshot()):
        return
    named = job.config.adopts
    by = f"annotation {ADOPTS}"
    findings = look(
        job, company, exports, report, by=by, accepts=lambda found: any(map(found.digest.startswith, named))
    )
    if findings.recorded:
        with phase("synchronise", report, job.listen, unit="entry") as current:
            synchronise(job, report, current)  # what differs is judged again, now that the cloud is known
    else:
        text = f"the annotation {ADOPTS} names other findings; these have the digest {findings.digest}"
        job.listen(Note("warning", text))
        remedy = f"accept them with {ADOPTS}={findings.digest}"
        report.preflight.append({"check": "Adoption", "text": _summary(findings), "remedy": remedy})


def _summary(findings: Findings) -> str:
    """``found in the tenant: 12 Matched, 1 Orphan``, then the alarms: what a person accepts."""
    numbers = {name: sum(kinds.values()) for name, kinds in findings.counts.items()}
    told = ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number) or "nothing to take over"
    alarms = "; ".join(findings.alarms.values())
    return f"found in the tenant: {told}" + (f"; {alarms}" if alarms else "")


@dataclass
class _Looking:
    """The read-back of everything, page by page."""

    job: Job
    sightings: Sightings
    findings: Findings
    shows_members: bool = False
    begun: set[str] = field(default_factory=set)
    """Anchors of groups that were shown: what follows of one with nothing but members is a further part of it. What
    comes first is the group, even if a call that was too late left no more of it than its members."""
    managed: Mapping[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.managed = managed(self.job.config)

    def read(self, phase: Phase) -> bytes | None:
        """All pages.

        :returns: the cookie of the last one.
        """
        page: ReadBackPage | None = None
        for page in self.job.endpoint.read_back(None):
            self.job.go_on()
            self.sightings.add(self._see(page.objects))
            phase.advance(objects=len(page.objects), links=sum(obj.links for obj in page.objects))
        if page is None or page.more is not False:
            raise ServiceRefused(
                "the end of the read-back was not marked in a form we know, so it is not complete",
                where="ReadBackAzureADSyncObjects2",
                remedy=f"nothing was concluded from it; {FORM}",
            )
        self.sightings.finish(shows_members=self.shows_members)
        return page.cookie

    def _see(self, objects: Sequence[SyncObject]) -> Sights:
        seen = Sights()
        living = [ShownObject(obj) for obj in objects if obj.operation is not Operation.DELETE]
        known = self.sightings.candidates(list({obj.anchor for obj in living if obj.anchor}))
        for obj in living:
            if not (obj.only_members and (not obj.anchor or obj.anchor in self.begun)):
                self._see_object(seen, obj, known.get(obj.anchor))
            if obj.kind == Kind.GROUP:
                self.begun.add(obj.anchor)
        self._see_members(seen, living, known)
        return seen

    def _see_object(self, seen: Sights, obj: ShownObject, candidate: Candidate | None) -> None:
        self.findings.shown += 1
        if not obj.anchor:
            seen.strangers.append(obj.stranger())
            return
        self.findings.anchored += 1
        finding = _finding(obj, candidate)
        cloud, cloud_anchor = bool(obj.authority), obj.text("cloudanchor")
        identity = candidate.id if candidate else None
        sighting = Sighting(obj.anchor, obj.kind, obj.name, finding, identity, cloud_anchor, cloud_managed=cloud)
        if finding is Finding.MATCHED and candidate is not None:
            self._compare(sighting, obj, candidate)
        elif finding is not Finding.DEPARTING:
            seen.strangers.append(obj.stranger())
        seen.objects.append((sighting, candidate.desired if candidate else None))

    def _compare(self, sighting: Sighting, obj: ShownObject, candidate: Candidate) -> None:
        findings, desired = self.findings, candidate.desired or {}
        also = self.managed[obj.kind] - candidate.kept_back
        judged = judge(desired, obj.values, also, self.job.config.target.verified_domains)
        sighting.held, sighting.differs, sighting.found = judged.held, bool(judged.different), judged.found
        sighting.confirmed = 2 if judged.different or judged.normalised else 1
        findings.cloud_managed += sighting.cloud_managed
        if judged.different:
            findings.different += 1
            for name in judged.different:
                findings.attributes[name] = findings.attributes.get(name, 0) + 1
            if len(findings.difference_samples) < SAMPLES:
                names = ", ".join(sorted(judged.different))
                findings.difference_samples.append(Sample("Update", obj.kind, sighting.name, sighting.anchor, names))
        elif judged.normalised:
            findings.normalised += 1
        else:
            findings.equal += 1

    def _see_members(self, seen: Sights, objects: Sequence[ShownObject], known: Mapping[str, Candidate]) -> None:
        for obj in objects:
            if obj.values.get("member") is None:
                continue
            self.shows_members = True
            if (group := known.get(obj.anchor)) is None:
                continue
            changes = [change for change in obj.members or () if change.operation is LinkOperation.ADD]
            named = [change.anchor for change in changes if change.by is AnchorType.SOURCE]
            seen.references.extend((group.id, change.anchor) for change in changes if change.by is AnchorType.CLOUD)
            ids = self.job.store.observations.ids(named)
            before, unknown = seen.members.get(group.id, (BitMap(), 0))
            seen.members[group.id] = before | BitMap(ids.values()), unknown + len(set(named)) - len(ids)


def _finding(obj: ShownObject, candidate: Candidate | None) -> Finding:
    if candidate is None or (candidate.desired is None and not candidate.ours):
        return Finding.ORPHAN
    if candidate.kind != obj.kind:
        return Finding.TYPE_CONFLICT
    return Finding.MATCHED if candidate.desired is not None else Finding.DEPARTING


def _classify(job: Job, sightings: Sightings, findings: Findings) -> None:
    """Everything is seen: what is to create, what looks wrong, and the digest."""
    for finding, kind, number in sightings.counts():
        findings.note(finding, kind, number)
    for kind, number in sightings.restored(job.clock() - RESTORED_WITHIN).items():
        findings.note(Finding.WOULD_RESTORE, kind, number)
    orphans = 0
    for match, orphan in sightings.matching():
        orphans += orphan
        findings.note(Finding.WOULD_MATCH, match.kind)
        _keep(findings, Finding.WOULD_MATCH, Sample("Create", match.kind, match.dn, match.own, match.words))
    _count_links(job, sightings, findings)
    findings.alarms = {alarm.value: text for alarm, text in alarms(findings, orphans)}
    findings.unmatched = sightings.unmatched
    for sample in findings.unmatched():
        _keep(findings, Finding(sample.verb), sample)
    findings.digest = digest(findings.alarms, ((each.verb, each.kind, each.anchor) for each in findings.unmatched()))


def _count_links(job: Job, sightings: Sightings, findings: Findings) -> None:
    snapshot, links = job.store.snapshot(), findings.links
    for group in sightings.groups():
        desired = snapshot.members(group.id)
        missing, extra = len(desired - group.shown), len(group.shown - desired)
        links.both += len(desired & group.shown)
        links.missing += missing
        links.extra += extra
        links.unknown += group.unknown
        if not (missing or extra or group.unknown):
            continue
        why = frozen(len(desired), len(group.shown) + group.unknown, missing)
        detail = f"{count(missing, 'member')} missing, {extra:,} extra, {group.unknown:,} unknown"
        sample = Sample("Members", "Group", group.name, group.anchor, f"{detail}: {why}" if why else detail)
        kept = findings.frozen if why else findings.link_samples
        if len(kept) < SAMPLES:
            kept.append(sample)


def _keep(findings: Findings, finding: Finding, sample: Sample) -> None:
    kept = findings.samples.setdefault(finding.value, [])
    if len(kept) < SAMPLES:
        kept.append(sample)
