"""Look: what the directory holds of the groups that are written to it, compared with what is known.

A run begins with it (edits by hand, groups that were deleted, what a killed run left) and ends with it (is what was
written really there). The domain controller of the run is the truth: nothing of what it shows is sent again.

A group that is wanted and carries its mark, whoever made it, is taken over and never made a second time. One whose
mark is of a group that is not written is left alone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from pyroaring import BitMap

from syncramp.cycle.deciding import resume
from syncramp.cycle.drift import tell
from syncramp.cycle.job import Job, written_back
from syncramp.cycle.phases import Phase
from syncramp.cycle.writeback.importing import meet
from syncramp.cycle.writeback.judging import judge
from syncramp.model.drift import Difference, Drift
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport
from syncramp.model.values import Attributes, Kind, Value
from syncramp.model.written import LookCookie, Lost, Shown
from syncramp.spec.types import DriftMode
from syncramp.store.exports import Exports
from syncramp.store.observations import KnownObject, Observation
from syncramp.store.taking import Held, Look, Taking

PAGE = 200
"""Groups that are taken in at once."""
PAGE_LINKS = 100_000
"""Members of them, but for a single group that has more."""
NAMES = frozenset({"cn", "sAMAccountName"})
"""What a name that is taken makes otherwise than it was wanted: not compared once it was written."""
HIDDEN = "a written-back group is not shown, and stays as it was known"
LEGACY = "members of a group replicate all together"
TO_RENEW = "they are from before forest level 2003: each does so until it is taken out and put in again"
UNMARKED = "somebody took its mark away"
ANOTHER = "another group carries its mark"


def observe(job: Job, exports: Exports, report: RunReport, phase: Phase) -> None:
    """Bring what is known of the directory up to date.

    :raises SyncrampError: the look broke off or the run was asked to stop; pages before are kept.
    """
    seen = _Observing(job, exports, report, phase)
    for page, cookie in _pages(seen.shown()):
        job.go_on()
        seen.take(page, cookie)
    seen.settle()
    if job.store.age.behind() is not None:  # its cookie is as old as it is: now it is as new as the directory
        resume(job, job.store.ramp_states.all().values())
        job.store.age.caught_up()


def differences(known: Attributes, shown: Mapping[str, Value]) -> Sequence[Difference]:
    """Attributes of a group that the directory has otherwise than they were written."""
    names = sorted({*known, *shown} - NAMES)
    return [
        Difference(name, False, shown.get(name))
        for name in names
        if _plain(known.get(name)) != _plain(shown.get(name))
    ]


def _plain(value: Value | None) -> object:
    """Values of a list have no order."""
    return frozenset(value) if isinstance(value, tuple) else value


def _pages(shown: Iterable[Shown | LookCookie]) -> Iterator[tuple[list[Shown], bytes | None]]:
    """Groups by pages; the cookie comes with the last one."""
    page: list[Shown] = []
    links = 0
    for one in shown:
        if isinstance(one, LookCookie):
            yield page, one.value
            return
        page.append(one)
        links += len(one.members or ())
        if len(page) >= PAGE or links >= PAGE_LINKS:
            yield page, None
            page, links = [], 0
    yield page, None


class _Observing:
    def __init__(self, job: Job, exports: Exports, report: RunReport, phase: Phase) -> None:
        self._job, self._exports, self._report, self._phase = job, exports, report, phase
        self._other = written_back(job)
        self._corrects = self._other.config.drift is DriftMode.CORRECT
        self._ledger = Taking(job.store.database)
        self._groups = {_guid(name): identity for name, identity in self._ledger.groups().items()}
        self._source = job.store.staging.source_id(self._other.config.source)
        self._lost: dict[str, Lost] = {}
        self._anchors = set[str]()
        self._shown = BitMap()
        self._strangers = self._unwanted = 0
        self._open: dict[int, tuple[BitMap, list[bytes], BitMap | None]] = {}
        """Groups with members whom nobody knew: the others, those, and who should be in one that was taken over."""
        self._gone = False
        self._left_alone = ""
        self._hidden: Mapping[str, str] = {}

    def shown(self) -> Iterator[Shown | LookCookie]:
        """What the directory shows; what is lost is kept for the last page, because another one may have its mark."""
        known = {_guid(name): anchor for name, anchor in self._ledger.known().items()}
        for one in self._other.target.look(self._job.store.observations.cookie(), known):
            if isinstance(one, Lost):
                self._lost[one.anchor] = one
                continue
            if isinstance(one, LookCookie):
                self._strangers += one.strangers
                self._left_alone = one.left_alone
                self._hidden = one.hidden
            yield one

    def take(self, page: Sequence[Shown], cookie: bytes | None) -> None:
        """One page, and with the last one what is lost."""
        look = Look()
        anchors = [one.anchor for one in page]
        self._anchors.update(anchors)
        known = self._job.store.observations.known(anchors)
        self._meet(page)
        desired = self._ledger.desired([each.id for each in known.values()])
        for one in page:
            self._see(look, one, known.get(one.anchor), desired)
        if cookie is not None:
            self._lose(look)
            self._resolve(look)
        moved = self._ledger.take(look, cookie, self._exports, self._job.clock())
        tell(self._job, self._report, Observation(drifts=look.drifts), moved)
        self._phase.advance(objects=len(page), links=sum(map(len, look.members.values())))

    def settle(self) -> None:
        """The look was complete. Who is not there any more may not come, if the cloud has deleted it meanwhile."""
        absent = self._ledger.settle(self._shown, self._exports, self._job.clock())
        if absent or self._gone:
            judge(self._job, self._report, self._phase)
        for told in (self._report.warnings, self._report.warning_samples):
            told.pop(HIDDEN, None)  # of the look before
        for anchor, what in self._hidden.items():
            self._report.note_warning(Sample("", Kind.GROUP.value, "", anchor, what), HIDDEN)
        if self._report.written:
            self._report.written.strangers = self._strangers
            self._report.written.left_alone = self._left_alone
            self._report.written.unwanted = self._unwanted

    def _meet(self, page: Sequence[Shown]) -> None:
        """Members of whom no group of the cloud told become known, if their directory knows them."""
        unknown = {guid for one in page for guid in one.members or () if guid not in self._groups}
        unknown -= self._ledger.members(self._source, unknown).keys()
        if unknown:
            meet(self._job, sorted(unknown))
            judge(self._job, self._report, self._phase)

    def _see(self, look: Look, one: Shown, ours: KnownObject | None, desired: Mapping[int, Attributes]) -> None:
        if ours is None or (ours.acked is None and not (ours.doubt or ours.wanted)):
            self._unwanted += 1
            return
        name = f"Group_{UUID(bytes_le=one.guid)}"
        self._groups[one.guid] = ours.id
        self._shown.add(ours.id)
        look.protected[ours.id], look.places[ours.id] = one.protected, one.dn
        wanted = desired.get(ours.id, {})
        if ours.acked is None or ours.cloud_anchor not in (None, name):
            self._take_over(look, one, ours, wanted)
        else:
            self._compare(look, one, ours, wanted)
        if one.members is not None:
            look.members[ours.id], unknown = self._ids(one.members)
            if unknown:
                self._open[ours.id] = look.members[ours.id], unknown, look.taken.get(ours.id)

    def _take_over(self, look: Look, one: Shown, ours: KnownObject, wanted: Attributes) -> None:
        """Of a create that was never answered the names stay those that were wanted."""
        name, values = f"Group_{UUID(bytes_le=one.guid)}", dict(one.values)
        if ours.acked is not None:
            look.drifts.append((Drift.ANEW, ours.id, ANOTHER))
        if one.legacy:
            self._report.note_warning(Sample("Update", Kind.GROUP.value, one.dn, one.anchor, TO_RENEW), LEGACY)
        if ours.acked is None and ours.doubt:
            look.held[ours.id] = Held(_with_names(values, wanted), name, frozenset())
        else:
            look.held[ours.id] = Held(values, name, frozenset(values) - frozenset(wanted))
        look.taken[ours.id] = self._job.store.snapshot().members(ours.id)
        look.confirmed[ours.id] = ()

    def _compare(self, look: Look, one: Shown, ours: KnownObject, wanted: Attributes) -> None:
        """Of an update that was never answered what it may have changed is as it is shown; the rest as it was known,
        unless edits are corrected.
        """
        acked, name = ours.acked or {}, f"Group_{UUID(bytes_le=one.guid)}"
        found = differences(acked, one.values)
        sent = {each.attribute for each in found if each.attribute in _differing(acked, wanted)}
        look.confirmed[ours.id] = [each for each in found if not (ours.doubt and each.attribute in sent)]
        if ours.doubt or ours.cloud_anchor is None or (found and self._corrects):
            fresh = {each.attribute for each in found} if self._corrects else sent
            look.held[ours.id] = Held(_renewed(acked, one.values, fresh), name)

    def _lose(self, look: Look) -> None:
        for told in (self._report.drift, self._report.drift_samples):
            told.pop(Drift.ANCHOR.value, None)  # of the look before, and it is so still
        gone = [each for each in self._lost.values() if each.anchor not in self._anchors]
        known = self._job.store.observations.known([each.anchor for each in gone])
        for one in gone:
            ours = known.get(one.anchor)
            if ours is None or (ours.acked is None and not ours.doubt):
                continue
            if not one.deleted:
                self._shown.add(ours.id)
                look.drifts.append((Drift.ANCHOR, ours.id, UNMARKED))
            else:
                look.gone.append(ours.id)
                self._gone = True
                if ours.wanted or not ours.doubt:
                    look.drifts.append((Drift.GONE, ours.id, ""))

    def _resolve(self, look: Look) -> None:
        """A group may be shown after one that it is a member of: at the end of a look it is known, too."""
        for group, (others, unknown, taken) in self._open.items():
            known = BitMap(self._groups[guid] for guid in unknown if guid in self._groups)
            self._strangers += len(unknown) - len(known)
            if known:
                look.members[group] = others | known
                look.taken |= {} if taken is None else {group: taken}

    def _ids(self, guids: Sequence[bytes]) -> tuple[BitMap, list[bytes]]:
        """Members who are known, and those who are not."""
        groups = {guid: self._groups[guid] for guid in guids if guid in self._groups}
        known = groups | self._ledger.members(self._source, [guid for guid in guids if guid not in groups])
        return BitMap(known.values()), [guid for guid in guids if guid not in known]


def _with_names(shown: Mapping[str, Value], known: Attributes) -> dict[str, Value]:
    return {**shown, **{name: known[name] for name in NAMES if name in known}}


def _differing(acked: Attributes, wanted: Attributes) -> set[str]:
    """Attributes that an update of ours changes."""
    return {name for name in {*acked, *wanted} if acked.get(name) != wanted.get(name)}


def _renewed(known: Attributes, shown: Mapping[str, Value], fresh: Collection[str]) -> dict[str, Value]:
    """What is known, and of some attributes what is shown."""
    kept = {name: value for name, value in known.items() if name not in fresh}
    return {**kept, **{name: shown[name] for name in fresh if name in shown}}


def _guid(name: str) -> bytes:
    return UUID(name.partition("_")[2]).bytes_le
