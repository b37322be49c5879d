"""Groups of the cloud, and who may be in them, become facts of the ledger.

What the tenant's store knows of groups that are mastered in the cloud (source ``cloud``), and of the directory that
they are written to, is told to the ledger as a source tells what changed: nothing is ever concluded from absence. A
group is told when it changed. Its members are told where they are not what the ledger has; that is looked at when the
group changed, and of all groups when somebody is somebody else than before (one *stamp* stands for all of them).

Who leaves a group in the cloud leaves it here. Of a group that the document does not ask for any more only who left
is told, and of one that was deleted in the cloud and may come back nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from uuid import UUID

from pyroaring import BitMap

from syncramp.cycle.job import Job, written_back
from syncramp.cycle.phases import Phase
from syncramp.cycle.writeback.members import Members
from syncramp.expr.functions.names import escape_dn_component
from syncramp.model.cloud import CloudGroup, CloudState, Unwritable
from syncramp.model.facts import Entry, Fact, Gone, LinkChange, Links, Proof
from syncramp.model.packing import digest_of, pack
from syncramp.model.report import RunReport
from syncramp.model.tracking import FULL
from syncramp.model.values import Kind
from syncramp.source import dn
from syncramp.source.canonical import CHUNK, LINKS
from syncramp.spec.types import WritebackGroups
from syncramp.store.drift import keep_drifted
from syncramp.store.forest import Forest
from syncramp.store.present import Present, place_of, stamp
from syncramp.store.wanted_groups import WantedGroups
from syncramp.writeback.payload import ROWS, name_of
from syncramp.writeback.wanted import Refused, condition, wanted

CLOUD = "cloud"
"""The source of the groups in the ledger; who may be in them has the source of their directory."""
GROUPS, PEOPLE = "groups", "people"
"""The part of each."""
VERSION = 1
"""Of what is made of groups: under another one all are judged again."""
DELETED = "it was deleted in the cloud"
ATTRIBUTES, REASON, UNKNOWN = "cloud", "refused", "unknown"
"""Attributes of a group's entry: packed, what the cloud has; why it is not written; its members were never shown."""


def import_groups(job: Job, report: RunReport, phase: Phase) -> None:
    """Bring the ledger up to date with the tenant's store.

    :raises Stopped: the run was asked to stop; the next one tells the same again.
    """
    _Import(job, phase).run()
    known = WantedGroups(job.store.database)
    if report.written is not None:
        report.written.refused, report.written.unwritable = known.refused(), known.unwritable()


def meet(job: Job, guids: Sequence[bytes]) -> None:
    """The directory shows members whom no group of the cloud named: those are told whom their source knows.

    :param guids: objectGUIDs; whoever judges next knows them.
    """
    _Import(job).meet(guids)


def asked(config: WritebackGroups, schema: Iterable[str]) -> bytes:
    """16 bytes that stand for what the document asks of groups, and what its directory can hold of them."""
    return digest_of(
        {
            "kinds": tuple(sorted(config.kinds)),
            "where": config.where or "",
            "size": f"{config.min_members} {config.max_members}",
            "place": f"{config.naming} {config.container}",
            "roles": config.role_assignable,
            "held": tuple(sorted(row.name for row in ROWS if row.name.lower() in frozenset(schema))),
        }
    )


class _Import:
    def __init__(self, job: Job, phase: Phase | None = None) -> None:
        writeback = written_back(job)
        self._job, self._phase, self._config = job, phase, writeback.config
        self._main, self._groups = writeback.main, writeback.main.cloud
        self._ledger = job.store.database
        self._source = writeback.main.staging.source_id(self._config.source)
        staging = job.store.staging
        self._cloud, self._people = staging.source_id(CLOUD), staging.source_id(self._config.source)
        self._rules = asked(self._config, writeback.target.attributes)
        self._asked = f"{self._rules.hex()} {VERSION}"
        self._state = place_of(self._main.database)
        told = staging.known(self._cloud, GROUPS, self._asked, full=job.full).watermark
        self._seq = int(told.split()[-1]) if told is not None and self._state.follows(told) else None
        self._people_known = staging.known(self._people, PEOPLE, self._asked, full=job.full).watermark
        self._known, self._present = WantedGroups(self._ledger), Present(self._ledger)
        self._where = condition(self._config)

    def run(self) -> None:
        """Tell what changed."""
        seq = self._groups.seq()
        changed = list(self._groups.since(-1 if self._seq is None else self._seq))
        self._judge(changed)
        mark = stamp(self._main.database, [(guid, not reason) for guid, reason in self._known.verdicts().items()])
        everybody = self._seq is None or mark != self._people_known
        if not changed and not everybody:
            return
        self._job.go_on()
        self._tell(changed, list(self._groups.all()) if everybody else changed, mark, seq, everybody=everybody)

    def meet(self, guids: Sequence[bytes]) -> None:
        """Tell of people whom no group of the cloud named."""
        people = Forest(self._main.database, self._source).people(guids)
        facts = [Entry(guid, Kind.USER, name, {}) for guid, name, _, why in people if why is not Unwritable.GONE]
        self._stage_people(facts, self._people_known or b"")
        self._job.store.staging.resolve()

    def _tell(
        self,
        changed: Sequence[CloudGroup],
        looked_at: Sequence[CloudGroup],
        mark: bytes,
        seq: int,
        *,
        everybody: bool,
    ) -> None:
        shown = [each for each in looked_at if each.state is CloudState.LIVE and each.members is not None]
        members = Members(self._main, self._source, self._known, _all_members(shown))
        asked = members.people(_all_members(each for each in shown if not self._reason(each)))
        self._stage_people(self._people_facts(asked, everybody=everybody), mark)
        staging, links = self._job.store.staging, list(self._links(shown, members))
        facts = [*map(self._group, changed), *links, _proof(GROUPS, len(changed), self._state.watermark(seq))]
        staging.stage(self._cloud, GROUPS, facts, asked=self._asked)
        self._known.count({_guid(each): self._unwritable(each, members) for each in shown})
        staging.resolve()
        staging.mark_rules(self._cloud, self._rules, VERSION)
        for source in (self._cloud, self._people):
            staging.mark_read(source)
        if self._phase is not None:
            self._phase.advance(objects=len(changed), links=sum(len(one.guids) for one in links))

    def _stage_people(self, facts: Sequence[Fact], mark: bytes) -> None:
        """Whoever may be a member, and what became of them."""
        told = (*facts, _proof(PEOPLE, len(facts), mark))
        self._job.store.staging.stage(self._people, PEOPLE, told, asked=self._asked)

    def _reason(self, group: CloudGroup) -> str:
        if group.state is not CloudState.LIVE:
            return DELETED
        found = wanted(group, self._config, self._where)
        return found.reason if isinstance(found, Refused) else ""

    def _judge(self, changed: Sequence[CloudGroup]) -> None:
        """What is decided is kept first: the watermarks, which tell that all follows from it, come last."""
        gone = [_guid(group) for group in changed if group.state is CloudState.GONE]
        there = {_guid(each): self._reason(each) for each in changed if each.state is not CloudState.GONE}
        self._known.judge(there, gone)

    def _group(self, group: CloudGroup) -> Fact:
        if group.state is CloudState.GONE:
            return Gone(_guid(group))
        name = f"CN={escape_dn_component(name_of(group, self._config))},{self._config.container}"
        told = {ATTRIBUTES: (pack(group.attributes),), REASON: (self._reason(group).encode(),)}
        if group.members is None:
            told[UNKNOWN] = (b"TRUE",)
        return Entry(_guid(group), Kind.GROUP, dn.canonical(name), told)

    def _people_facts(self, found: frozenset[bytes], *, everybody: bool) -> list[Fact]:
        """Who came, who has another name, and who was deleted in the directory.

        Who was deleted and is there again may be back in groups: the recycle bin brings memberships back, also those
        that the cloud ended meanwhile, and no group changes by it. So all of them are looked at again.
        """
        names, deleted = self._present.names(self._people), self._present.deleted(self._people)
        looked_up = found | names.keys() | deleted if everybody else found - names.keys()
        facts: list[Fact] = []
        for guid, name, _, why in Forest(self._main.database, self._source).people(sorted(looked_up)):
            if why is Unwritable.GONE:
                facts += [Gone(guid)] if guid in names else []
            elif names.get(guid) != name:
                facts.append(Entry(guid, Kind.USER, name, {}))
                if guid in deleted:
                    self._job.store.observations.forget_cookie()
        return facts

    @cached_property
    def _guids(self) -> dict[int, bytes]:
        return self._present.guids()

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        return {guid: identity for identity, guid in self._guids.items()}

    def _links(self, groups: Sequence[CloudGroup], members: Members) -> Iterator[Links | LinkChange]:
        """Members of groups, where they are not what the ledger has."""
        ids = {group.id: self._ids[_guid(group)] for group in groups if _guid(group) in self._ids}
        before = self._present.members(list(ids.values()))
        verdicts = self._known.verdicts()
        for group in groups:
            here = before.get(ids.get(group.id, 0), BitMap())
            has = frozenset(self._guids[identity] for identity in here if identity in self._guids)
            wants = members.of(group.members or BitMap(), has)
            if wants == has:
                continue
            self._drop_drift(ids.get(group.id, 0), wants ^ has)
            if not verdicts[_guid(group)]:
                yield from _whole(_guid(group), sorted(wants))
            elif left := has - wants:
                yield LinkChange(_guid(group), LINKS, gained=False, guids=tuple(sorted(left)))

    def _drop_drift(self, group: int, changed: Iterable[bytes]) -> None:
        """What the cloud changes itself is no edit of somebody in the directory any more."""
        ids = BitMap(self._ids[guid] for guid in changed if guid in self._ids)
        with self._ledger.transaction():
            keep_drifted(self._ledger, {group: (BitMap(), ids)})

    def _unwritable(self, group: CloudGroup, members: Members) -> dict[str, int]:
        return {} if self._reason(group) else members.unwritable(group.members or BitMap())


def _guid(group: CloudGroup) -> bytes:
    return UUID(group.object_id).bytes_le


def _all_members(groups: Iterable[CloudGroup]) -> BitMap:
    return BitMap.union(BitMap(), *(each.members or BitMap() for each in groups))


def _proof(partition: str, entries: int, watermark: bytes) -> Proof:
    return Proof(partition, True, entries, None, delta=True, tracking=FULL, watermark=watermark)


def _whole(guid: bytes, members: Sequence[bytes]) -> Iterator[Links]:
    last = max(len(members) - 1, 0) // CHUNK * CHUNK
    for start in range(0, last + 1, CHUNK):
        yield Links(guid, LINKS, (), final=start == last, guids=tuple(members[start : start + CHUNK]))
