"""Drift: what somebody else did in the cloud, told of each page of a read-back.

What it means for links and objects stands in the store (``store.observations``, ``store.drift``); here it is found
and counted. Attributes are compared with what the service was sent, and those that it is known to write otherwise are
told apart.
"""

from collections.abc import Collection, Mapping, Sequence

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.cycle.shown import ShownObject
from syncramp.model.drift import Difference, Drift
from syncramp.model.plan import Sample
from syncramp.model.report import SAMPLES, RunReport
from syncramp.model.values import Attributes
from syncramp.model.wire import WireValue, object_id
from syncramp.plan.comparison import Verdict, compare, unequal
from syncramp.store.observations import KnownObject, Moved, Observation

CANDIDATES = 10_000
"""Objects with a source anchor that is not ours, looked up at once among the cloud anchors that are."""


def differences(
    acked: Attributes, shown: Mapping[str, WireValue], verified: Collection[str] = ()
) -> Sequence[Difference]:
    """Attributes of an object that the read-back shows otherwise than the service was sent them.

    :param shown: its attributes by their names in small letters.
    :param verified: domains of the tenant in small letters.
    """
    if not unequal(acked, shown):
        return ()
    return [
        Difference(name, found.verdict is Verdict.NORMALISED, found.shown)
        for name, found in compare(acked, shown, verified).items()
        if found.verdict is not Verdict.EQUAL
    ]


def gone(seen: Observation, ours: KnownObject) -> None:
    """The service says that it deleted an object of ours; by a call of ours perhaps, if one is in doubt."""
    seen.gone.append(ours.id)
    if ours.wanted or not ours.doubt:
        seen.drifts.append((Drift.GONE, ours.id, ""))


def tell(job: Job, report: RunReport, seen: Observation, moved: Mapping[int, Moved]) -> None:
    """Count what one page showed.

    :param moved: groups whose members somebody else changed, as ``Observations.observe`` gives them.
    """
    ids = [*(identity for _, identity, _ in seen.drifts), *moved]
    if not ids:
        return
    told = {staged.id: staged.entry for staged in job.store.objects.entries_of(ids)}
    for drift, identity, detail in seen.drifts:
        report.note_drift(drift, _sample(told[identity].kind.value, told[identity].dn, detail))
    for group, (lost, added) in moved.items():
        for drift, links, sign in ((Drift.LINKS_LOST, lost, "−"), (Drift.LINKS_ADDED, added, "+")):
            if links:
                sample = _sample("Group", told[group].dn, f"{sign}{len(links):,}")
                report.note_drift(drift, sample, len(links))


def tell_not_shown(job: Job, report: RunReport, shown: BitMap) -> None:
    """Count whom a read-back of everything does not show any more. Nothing is concluded from it: no independent count
    says that everything was shown.
    """
    missing = job.store.observations.not_shown(shown)
    for one in job.store.objects.entries_of(missing[:SAMPLES]):
        report.note_drift(Drift.NOT_SHOWN, _sample(one.entry.kind.value, one.entry.dn, ""))
    if missing:
        report.drift[Drift.NOT_SHOWN.value] = len(missing)


def _sample(kind: str, dn: str, detail: str, anchor: str = "") -> Sample:
    return Sample("Drift", kind, dn, anchor, detail)


class ForeignAnchors:
    """Objects of the read-back with a source anchor that is not ours: is one of them an object of ours?"""

    def __init__(self, job: Job, report: RunReport) -> None:
        self._job, self._report = job, report
        self._shown: dict[str, str] = {}

    def see(self, obj: ShownObject) -> None:
        """One that is not ours by its source anchor."""
        if told := obj.text("cloudanchor"):
            self._shown[object_id(told)] = obj.anchor
            if len(self._shown) >= CANDIDATES:
                self.end()

    def end(self) -> None:
        """Look those up that were seen."""
        found = {
            identity: other
            for identity, anchor, cloud_anchor in (self._job.store.differences.holders() if self._shown else ())
            if (other := self._shown.get(object_id(cloud_anchor))) and other != anchor
        }
        for staged in self._job.store.objects.entries_of(found):
            detail = f"its source anchor in the cloud is {found[staged.id]}"
            self._report.note_drift(Drift.ANCHOR, _sample(staged.entry.kind.value, staged.entry.dn, detail))
        self._shown.clear()


def tell_differences(job: Job, report: RunReport) -> None:
    """What of the attributes of all objects is as the cloud has it, and not as it was sent, at the end of a run."""
    kept = job.store.differences
    report.differences, report.normalised = kept.counts(known=False), kept.counts(known=True)
    report.drift_samples[Drift.DIFFERENT.value] = [
        Sample("Drift", kind, dn, anchor, f"{one.attribute} is {_shown(one)}")
        for kind, anchor, dn, one in kept.samples()
    ]


def _shown(one: Difference) -> str:
    match one.shown:
        case None | "" | ():
            return "(none)"
        case bytes():
            return f"{len(one.shown)} bytes"
        case tuple():
            return f"{len(one.shown)} values"
        case _:
            return str(one.shown)[:60]
