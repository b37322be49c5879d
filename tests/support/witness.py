"""A witness of a walk: what was read, what each plan said, and every call that was tried, whatever became of it.

It knows nothing of the code that decides, but for the changes and the marks of a plan, and complains of what must
never happen: something destructive without proof, something done to what is not ours, something that was held, or
more in a day than the limits let go.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest.mock import patch

from support.model import ListSource, ModelCloud
from syncramp.cycle import walk as cycle_run
from syncramp.model.facts import Entry, Fact, Proof
from syncramp.model.holds import APPROVABLE, Class
from syncramp.model.plan import MembershipChange, ObjectChange, Plan, Verb
from syncramp.model.seams import Known
from syncramp.model.wire import LinkOperation, Operation, SyncObject
from syncramp.plan.changes import changes
from syncramp.plan.frozen import object_marks
from syncramp.plan.marks import add_mark, delete_mark, remove_mark, update_mark
from syncramp.spec.failsafe import Failsafe
from syncramp.spec.types import ApprovalMode, SyncConfig

DAY = 86_400.0
PLANS = ("make_plan", "plan_revocations")
"""What makes a plan that something is sent by."""


class WatchedSource(ListSource):
    """It remembers how often somebody was not there when it was read completely."""

    def __init__(self) -> None:
        super().__init__()
        self.absent: Counter[bytes] = Counter()
        self.seen: dict[bytes, Entry] = {}
        """Everybody who was ever read, as it was the last time."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        for fact in super().read(partition, wanted, known):
            if isinstance(fact, Entry):
                self.seen[fact.guid] = fact
                self.absent.pop(fact.guid, None)
            elif isinstance(fact, Proof) and fact.complete:
                self.absent.update(set(self.seen) - set(self.entries))
            yield fact


class WatchedCloud(ModelCloud):
    """It remembers every call that was tried, and when."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._now = clock
        self.tried: list[tuple[float, SyncObject]] = []

    def provision(self, objects: Sequence[SyncObject], patience: float = 0.0) -> Any:
        self.tried.extend((self._now(), obj) for obj in objects)
        return super().provision(objects, patience)


@dataclass
class Seen:
    """A plan as it was made, and what was tried after it."""

    plan: Plan
    objects: Mapping[str, ObjectChange]
    """By anchor."""
    groups: Mapping[str, MembershipChange]
    approved: frozenset[int]
    """Marks that somebody approved."""
    complete: bool
    """The directory was read completely."""
    config: SyncConfig
    leavers: frozenset[str]
    """Anchors of those who may leave the cloud."""
    names: Mapping[int, str]
    """Id -> anchor."""
    first: int
    """The first object that was tried after it."""
    tried: Sequence[tuple[float, SyncObject]] = ()

    @property
    def limits(self) -> Failsafe:
        """Those of the document."""
        return self.config.failsafe


@dataclass
class Ledger:
    """What guards count and nobody approved, with the moment at which it was last tried."""

    tried: dict[tuple[str, ...], float] = field(default_factory=dict)

    def count(self, now: float, *what: str) -> int:
        """What was tried in 24 hours and begins so."""
        return sum(key[: len(what)] == what and at > now - DAY for key, at in self.tried.items())


@dataclass
class Witness:
    """Judges plans and what was tried after them.

    :param may_leave: says of an entry that is there whether the document leaves it out.
    :param ours: anchors of what we made or took over.
    """

    source: WatchedSource
    anchor: Callable[[Entry], str]
    may_leave: Callable[[Entry], bool]
    ours: set[str] = field(default_factory=set)
    ledger: Ledger = field(default_factory=Ledger)
    meddled: bool = False
    """Somebody else deletes objects: an update may then find its object gone, and goes again, whole."""

    def judge(self, seen: Seen) -> None:
        """One plan."""
        self._approved_goes(seen)
        if seen.config.approval is ApprovalMode.MANUAL:
            self._by_hand_alone(seen)
        for now, obj in seen.tried:
            anchor = str(obj.values["SourceAnchor"])
            change = seen.objects.get(anchor)
            if obj.operation is Operation.DELETE:
                self._delete(seen, anchor, change, now)
                continue
            self._links(seen, anchor, obj, now)
            values = {name: value for name, value in obj.values.items() if name not in ("SourceAnchor", "member")}
            if values:
                self._values(seen, anchor, change, values, now)

    def _delete(self, seen: Seen, anchor: str, change: ObjectChange | None, now: float) -> None:
        assert seen.complete, "a delete from a source without proof"
        assert change is not None and change.verb is Verb.DELETE and not change.parts, "a delete that was held"
        assert anchor in self.ours or change.state.doubt, "the delete of what is not ours"
        assert anchor in seen.leavers, "the delete of somebody who never left"
        self._count(seen, delete_mark(change.state), now, "delete", anchor)
        assert self.ledger.count(now, "delete") <= seen.limits.deletes.count or self._by_hand(
            seen, delete_mark(change.state)
        ), "more deletes in a day than the limit"

    def leavers(self) -> frozenset[str]:
        """Anchors of those who were absent twice, or whom the document leaves out."""
        seen, absent = self.source.seen.values(), self.source.absent
        return frozenset(self.anchor(one) for one in seen if absent[one.guid] >= 2 or self.may_leave(one))

    def _count(self, seen: Seen, mark: int, now: float, *what: str) -> None:
        if not self._by_hand(seen, mark):
            self.ledger.tried[what] = now

    @staticmethod
    def _by_hand(seen: Seen, mark: int) -> bool:
        return mark in seen.approved

    def _values(
        self, seen: Seen, anchor: str, change: ObjectChange | None, values: Mapping[str, Any], now: float
    ) -> None:
        if change is None or (self.meddled and change.verb is Verb.UPDATE):
            assert self.meddled, "a change that was not planned"
            return
        if change.verb is Verb.CREATE:
            self.ours.add(anchor)
        for name, value in values.items():
            assert change.values.get(name, "nothing") == value, f"{name} was not to be sent"
        if change.verb is not Verb.UPDATE:
            return
        assert anchor in self.ours or change.state.doubt, "the change of what is not ours"
        assert seen.complete or None not in values.values(), "a clear from a source without proof"
        if values.get("accountEnabled") is False and (change.state.acked or {}).get("accountEnabled") is not False:
            self._disable(seen, anchor, change, now)

    def _disable(self, seen: Seen, anchor: str, change: ObjectChange, now: float) -> None:
        assert seen.complete, "a disable from a source without proof"
        mark = update_mark(change.state, "accountEnabled", False)
        self._count(seen, mark, now, "disable", anchor)
        within = self.ledger.count(now, "disable") <= seen.limits.disables.count
        assert within or self._by_hand(seen, mark), "more disables in a day than the limit"

    def _links(self, seen: Seen, group: str, obj: SyncObject, now: float) -> None:
        change = seen.groups.get(group)
        for link in obj.values.get("member", ()):
            removes = link.operation is LinkOperation.REMOVE
            assert seen.complete or not removes, "a member removal from a source without proof"
            going = () if change is None else change.removes if removes else change.adds
            if link.anchor in {seen.names[one] for one in going}:
                if removes:
                    self._removal(seen, group, link.anchor, now)
            else:
                self._unplanned(seen, link.anchor, removes=removes)

    def _unplanned(self, seen: Seen, member: str, *, removes: bool) -> None:
        """Links may come back with a member that is created again; those that nobody wants are taken away at once."""
        change = seen.objects.get(member)
        returned = removes and change is not None and change.verb is Verb.CREATE
        assert returned or self.meddled, "a link that was not to be sent"

    def _removal(self, seen: Seen, group: str, member: str, now: float) -> None:
        mark, limits = remove_mark(group, member), seen.limits.member_removals
        self._count(seen, mark, now, "removal", group, member)
        within = self.ledger.count(now, "removal") <= limits.per_run
        own = self.ledger.count(now, "removal", group) <= limits.per_group
        assert (within and own) or self._by_hand(seen, mark), "more member removals in a day than the limit"

    def _by_hand_alone(self, seen: Seen) -> None:
        """What goes was approved, but for what takes rights away, and what is known and sent once more in doubt."""
        for change in seen.objects.values():
            if change.sends:
                acked = change.state.acked or {}
                again = change.verb is Verb.UPDATE and change.state.doubt
                fresh = {
                    name: value for name, value in change.values.items() if not again or acked.get(name) != value
                }
                for part, mark in object_marks(change, fresh):
                    assert part is Class.DISABLES or mark in seen.approved, "it goes, and nobody approved it"
        for group, links in seen.groups.items():
            marks = {add_mark(group, seen.names[one]) for one in links.adds}
            assert marks <= seen.approved, "a member is added, and nobody approved it"

    def _approved_goes(self, seen: Seen) -> None:
        """What was approved is ended by no hold of those that an approval ends."""
        for hold, mark in (*_held_objects(seen), *_held_links(seen)):
            assert hold not in APPROVABLE or mark not in seen.approved, f"approved, and held: {hold}"


def _held_objects(seen: Seen) -> Iterator[tuple[str, int]]:
    for change in seen.objects.values():
        for part in change.parts:
            yield from ((part.hold, mark) for _, mark in object_marks(change, part.values))


def _held_links(seen: Seen) -> Iterator[tuple[str, int]]:
    for group, change in seen.groups.items():
        for held in change.held:
            for mark, ids in ((add_mark, held.adds), (remove_mark, held.removes)):
                yield from ((held.hold, mark(group, seen.names[one])) for one in ids)


@contextmanager
def watching(
    cloud: WatchedCloud,
    witness: Witness,
    config: SyncConfig | None,
    ours: Callable[[Any], bool] = lambda job: job.direction is None,
) -> Iterator[list[Seen]]:
    """The plans of the runs in the block; what was tried after each stands in it when the block ends.

    :param config: None: that of each job.
    :param ours: says of a job whether its plan is one of these.
    """
    found: list[Seen] = []
    originals = {name: getattr(cycle_run, name) for name in PLANS}

    def planned(name: str, job: Any, *rest: Any) -> Plan:
        original = originals[name]
        if not ours(job):
            return original(job, *rest)
        approvals = job.store.approvals
        approved = frozenset(approvals.marks(approvals.given(job.clock())))
        plan = original(job, *rest)
        all_of_it = list(changes(job.store.snapshot(), plan.around))
        objects = {each.state.anchor: _whole(each) for each in all_of_it if isinstance(each, ObjectChange)}
        groups = {each.membership.anchor: each for each in all_of_it if isinstance(each, MembershipChange)}
        names = dict(job.store.database.all("SELECT id, anchor FROM objects WHERE anchor IS NOT NULL"))
        complete, first = witness.source.complete, len(cloud.tried)
        document = config or job.config
        found.append(Seen(plan, objects, groups, approved, complete, document, witness.leavers(), names, first))
        return plan

    with patch.multiple(cycle_run, **{name: partial(planned, name) for name in PLANS}):
        try:
            yield found
        finally:
            for seen, end in zip(found, [*(each.first for each in found[1:]), None], strict=bool(found)):
                seen.tried = cloud.tried[seen.first : end]


def _whole(change: ObjectChange) -> ObjectChange:
    """What is read only when it is looked at, is looked at before it is another."""
    for values in (change.values, change.held, change.state.acked, change.state.desired):
        dict(values or {})
    return change


def bundle(seen: Seen) -> Any:
    """What was sent after a plan, object by object, however it was spread over calls."""
    objects: dict[str, dict[str, Any]] = {}
    links: dict[str, set[Any]] = {}
    for _, obj in seen.tried:
        anchor = str(obj.values["SourceAnchor"])
        values = {name: value for name, value in obj.values.items() if name not in ("SourceAnchor", "member")}
        if values or obj.operation is Operation.DELETE:
            objects.setdefault(anchor, {"verb": seen.objects[anchor].verb, "kind": obj.kind}).update(values)
        for link in obj.values.get("member", ()):
            links.setdefault(anchor, set()).add((link.operation, link.anchor))
    return (
        frozenset((anchor, frozenset(values.items())) for anchor, values in objects.items()),
        frozenset((anchor, frozenset(each)) for anchor, each in links.items()),
    )
