"""A directory and a cloud in memory, for tests of the engine in which every fault can be chosen.

The cloud keeps what the service keeps: objects by anchor with merged attributes, links, a bin of deleted users whose
links come back with them, and a change counter for the delta read-back. Before or after it processes a call a test's
``fault`` may lose the answer, refuse an object, or kill the process; a call that nobody waits for any more may travel
on and arrive later.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from support.build import TENANT
from syncramp.endpoint.traffic import TrafficCounter
from syncramp.errors import AnswerLost, CookieRefused, EndpointUnavailable
from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.facts import Entry, Fact, Links, Proof
from syncramp.model.measures import Traffic
from syncramp.model.seams import Known
from syncramp.model.values import Kind
from syncramp.model.wire import (
    AnchorType,
    Company,
    LinkOperation,
    Operation,
    Outcome,
    ReadBackPage,
    ReferenceChange,
    Result,
    SyncObject,
    WireValue,
)
from syncramp.source.canonical import principals_among
from syncramp.spec.types import EndpointOverrides

US = EndpointOverrides().build_number, EndpointOverrides().application_id
"""What a run tells of itself where the document says nothing else."""


MASTERED = "Group_"
"""How the anchor of a group begins that is mastered in the cloud: it has no other one."""


class Crash(BaseException):
    """The process was killed here."""


@dataclass
class ListSource:
    """A directory that is a list of entries and of members."""

    name: str = "corp"
    entries: dict[bytes, Entry] = field(default_factory=dict)
    members: dict[bytes, list[str]] = field(default_factory=dict)
    complete: bool = True

    def add(self, *entries: Entry) -> None:
        for entry in entries:
            self.entries[entry.guid] = entry

    def partitions(self) -> Sequence[str]:
        return ["all"]

    def asks_for(self, partition: str, named: Sequence[str]) -> bool:
        return False

    def reads(self, kind: Kind, dn: str) -> bool:
        return True

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        for guid, entry in self.entries.items():
            yield entry
            if guid in self.members:
                dns = tuple(self.members[guid])
                yield Links(guid, "member", dns, final=True, principals=principals_among(dns))
        reason = "" if self.complete else "the list was cut"
        yield Proof(partition, self.complete and bool(self.entries), len(self.entries), None, reason)


class Asked(ListSource):
    """A directory that gives what is asked for, and no more."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        for fact in super().read(partition, wanted, known):
            if isinstance(fact, Entry):
                given = {name: values for name, values in fact.attributes.items() if name in wanted}
                fact = replace(fact, attributes=given)
            yield fact


@dataclass
class Held:
    """One object in the cloud."""

    kind: str
    values: dict[str, WireValue]
    cloud_anchor: str = ""


Fault = Callable[[str], None]
"""Called with ``before`` and ``after`` around each processed call; raises what the test wants to happen."""


def no_fault(moment: str) -> None:
    """Everything works."""


@dataclass
class ModelCloud:
    """The endpoint of a tenant in memory."""

    objects: dict[str, Held] = field(default_factory=dict)
    links: dict[str, set[str]] = field(default_factory=dict)
    bin: dict[str, set[str]] = field(default_factory=dict)
    page: int = 3
    """Objects of one page of its read-back."""
    fault: Fault = no_fault
    refuse: Callable[[SyncObject], str] = lambda obj: ""
    minds_repetition: bool = False
    """A member that is added twice, or removed twice, is refused."""
    room: Callable[[bool], bool] = lambda wait: True
    """Whether a call may go, as it is asked without or with waiting."""
    spent: list[tuple[int, int]] = field(default_factory=list)
    """What went without asking for room."""
    leaves: Callable[[float], bool] = lambda patience: patience >= 0
    """Whether a call is sent within so many seconds; a busy service makes it wait."""
    travels: Callable[[], bool] = lambda: False
    """Whether a call whose sender gave up before it was processed is still processed, later."""
    travelling: list[Sequence[SyncObject]] = field(default_factory=list)
    counter: TrafficCounter = field(default_factory=TrafficCounter)
    pushes: Callable[[], int] = lambda: 0
    """How often it asks a call for patience before it takes it."""
    calls: list[Sequence[SyncObject]] = field(default_factory=list)
    finalized: list[tuple[int, int]] = field(default_factory=list)
    max_links: int = 15_000
    known_objects: int | None = 0
    anchor_attribute: str | None = None
    client: tuple[str, str, str] | None = None
    """Machine, build and application of the last sync client; None: it tells of none, and never will."""
    tells_us: bool = True
    """A tenant that tells of clients tells of us, too, once we exported."""
    features: int = 0
    interval: str | None = None
    certificate_until: datetime | None = None
    """Nobody signs in here, unless a test says so."""
    marks_end: bool = True
    forgets_cookies: bool = False
    _clock: int = 0
    _log: dict[str, int] = field(default_factory=dict)
    _link_log: dict[tuple[str, str], int] = field(default_factory=dict)
    _columns: dict[str, Columns] = field(default_factory=dict)
    """Kind -> names of all its objects that were shown."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def company(self) -> Company:
        machine, build, application = self.client or (None, None, None)
        return Company(
            TENANT,
            "Contoso",
            True,
            self.anchor_attribute,
            max_links=self.max_links,
            interval=self.interval,
            known_objects=self.known_objects,
            client_machine=machine,
            client_version=build,
            client_application=application,
            features=self.features,
        )

    def reserve(self, writes: int, links: int, *, wait: bool) -> bool:
        return self.room(wait)

    def spend(self, writes: int, links: int) -> None:
        self.spent.append((writes, links))

    def provision(self, objects: Sequence[SyncObject], patience: float = 0.0) -> Sequence[Outcome]:
        if not self.leaves(patience):
            raise unavailable()
        self.counter.sent()
        with self.counter.patience() as pushed:
            for _ in range(self.pushes()):
                pushed()
                self.counter.sent()
        with self._lock:
            try:
                self.fault("before")
            except (Crash, AnswerLost):
                if self.travels():
                    self.travelling.append(objects)
                raise
            self.calls.append(objects)
            outcomes = [self._one(obj) for obj in objects]
            self.fault("after")
            return outcomes

    def arrive(self) -> None:
        """The first of the travelling calls is processed; nobody hears the answer."""
        for obj in self.travelling.pop(0):
            self._one(obj)

    def traffic(self) -> Traffic:
        return self.counter.taken()

    def put_off(self) -> int:
        return self.counter.put_off()

    def finalize(self, exported: int, applied: int) -> None:
        self.finalized.append((exported, applied))
        if self.client and self.tells_us:
            self.client = ("", *US)
            self.known_objects = len(self.objects)

    def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
        if cookie and self.forgets_cookies:
            raise CookieRefused("the cookie is too old")
        since = int(cookie) if cookie else 0
        changed = [anchor for anchor, at in sorted(self._log.items(), key=lambda item: item[1]) if at > since]
        pages = [changed[start : start + self.page] for start in range(0, len(changed), self.page)] or [[]]
        for number, page in enumerate(pages):
            last = number == len(pages) - 1
            reached = self._clock if last else self._log[page[-1]]
            more = not last if self.marks_end else None
            yield ReadBackPage([self._shown(anchor, since) for anchor in page], str(reached).encode(), more)

    def _shown(self, anchor: str, since: int) -> SyncObject:
        held = self.objects.get(anchor)
        by = AnchorType.CLOUD if anchor.startswith(MASTERED) else AnchorType.SOURCE
        named: dict[str, WireValue] = {f"{by.name.capitalize()}Anchor": anchor}
        if held is None:
            return SyncObject("User" if by is AnchorType.SOURCE else "Group", Operation.DELETE, named)
        values = {"CloudAnchor": held.cloud_anchor, **named, **held.values}
        changes = tuple(
            ReferenceChange(
                member,
                LinkOperation.ADD if member in self.links.get(anchor, ()) else LinkOperation.REMOVE,
                AnchorType.CLOUD if member.startswith(MASTERED) else AnchorType.SOURCE,
            )
            for (group, member), at in self._link_log.items()
            if group == anchor and at > since
        )
        if changes:
            return SyncObject(held.kind, Operation.SET, {**values, "member": changes})
        return SyncObject(held.kind, Operation.SET, self._whole(held.kind, values))

    def _whole(self, kind: str, values: dict[str, WireValue]) -> Mapping[str, WireValue]:
        """Values of an object without links, which share their names with all of its kind, as at the endpoint."""
        if ABSENT in values.values() or "member" in values:
            return values
        known = self._columns[kind].names if kind in self._columns else ()
        if not values.keys() <= set(known):
            self._columns[kind] = Columns([*dict.fromkeys([*known, *values])])
        return Cells(columns := self._columns[kind], [values.get(name, ABSENT) for name in columns.names])

    def _one(self, obj: SyncObject) -> Outcome:
        anchor = str(obj.values["SourceAnchor"])
        if refusal := self.refuse(obj):
            return Outcome(Result.REFUSED, "1", refusal)
        self._clock += 1
        if obj.operation is Operation.DELETE:
            return self._delete(anchor)
        created = anchor not in self.objects
        changes = obj.values.get("member")
        if isinstance(changes, tuple) and any(not self._knows(change) for change in changes):
            return Outcome(Result.REFUSED, "2", "a reference names an unknown object")
        if self.minds_repetition and self._repeats(anchor, changes):
            return Outcome(Result.REFUSED, "3", "the change was made already")
        held = self.objects.setdefault(anchor, Held(obj.kind, {}, f"{obj.kind}_{self._clock}"))
        for name, value in obj.values.items():
            if name == "member":
                self._link(anchor, value)
            elif value is None:
                held.values.pop(name, None)
            elif name != "SourceAnchor":
                held.values[name] = value
        if created:
            self._restore(anchor)
        self._log[anchor] = self._clock
        return Outcome(Result.APPLIED, operation="Add" if created else "Set", cloud_anchor=held.cloud_anchor)

    def _repeats(self, group: str, changes: WireValue) -> bool:
        members = self.links.get(group, set())
        return any((change.anchor in members) is (change.operation is LinkOperation.ADD) for change in changes or ())

    def _knows(self, change: ReferenceChange) -> bool:
        mastered = change.anchor.startswith(MASTERED)
        return change.anchor in self.objects and mastered is (change.by is AnchorType.CLOUD)

    def appear(self, anchor: str, held: Held) -> None:
        """Somebody else makes an object in the cloud."""
        self._clock += 1
        self.objects[anchor] = held
        self._log[anchor] = self._clock

    def vanish(self, anchor: str) -> None:
        """Somebody else deletes an object in the cloud."""
        self._clock += 1
        self._delete(anchor)

    def _delete(self, anchor: str) -> Outcome:
        if anchor not in self.objects:
            return Outcome(Result.REFUSED, "114", "This synchronization operation, Delete, is not valid.")
        del self.objects[anchor]
        self.bin[anchor] = {group for group, members in self.links.items() if anchor in members}
        for members in self.links.values():
            members.discard(anchor)
        self.links.pop(anchor, None)
        self._log[anchor] = self._clock
        return Outcome(Result.APPLIED, operation="Delete")

    def _restore(self, anchor: str) -> None:
        for group in self.bin.pop(anchor, set()):
            if group in self.objects:
                self.links.setdefault(group, set()).add(anchor)
                self._link_log[group, anchor] = self._clock
                self._log[group] = self._clock

    def _link(self, group: str, changes: WireValue) -> None:
        members = self.links.setdefault(group, set())
        for change in changes:
            assert isinstance(change, ReferenceChange)
            (members.add if change.operation is LinkOperation.ADD else members.discard)(change.anchor)
            self._link_log[group, change.anchor] = self._clock


def lost(moment: str) -> AnswerLost:
    """The answer did not arrive."""
    return AnswerLost(f"the connection broke {moment} the call was processed")


def unavailable() -> EndpointUnavailable:
    """The request was not taken."""
    return EndpointUnavailable("busy")
