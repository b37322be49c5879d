"""A directory that groups are written to, in memory: every fault of a domain controller can be chosen.

It keeps what Active Directory keeps of them: entries by GUID with the mark of their cloud group, members by GUID, a
recycle bin, a change counter for the cookie of a look, and how far each domain controller is. ``fault`` is called
``before`` and ``after`` each request is processed, and at a ``look``: it may lose the answer, kill the process, or
take the directory away. A request for anything that is no group of ours fails the test, at once.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid5

from support.ad_double_schema import SCHEMA
from support.build import TENANT
from support.model import Fault, no_fault
from syncramp.endpoint.traffic import TrafficCounter
from syncramp.errors import CallTooLarge, DirectoryBehind
from syncramp.model.measures import Traffic
from syncramp.model.values import Value
from syncramp.model.wire import (
    Company,
    LinkOperation,
    Operation,
    Outcome,
    ReadBackPage,
    ReferenceChange,
    Result,
    SyncObject,
)
from syncramp.model.written import LookCookie, Lost, Pinned, Shown, Standing, WriteTimed

CONTAINER = "OU=Cloud,DC=corp,DC=example,DC=com"
_NAMES = UUID("0f0a6c1e-30f5-4f0e-8f7f-6a4a2b4bfe0c")


@dataclass
class Written:
    """A group in the directory."""

    guid: bytes
    anchor: str
    """Its mark, in small letters; empty: somebody took it away."""
    dn: str
    values: dict[str, Value]
    members: dict[bytes, None] = field(default_factory=dict)
    changed: int = 0
    protected: bool = False
    legacy: bool = False


@dataclass
class ModelDirectory:
    """The domain, and the connection to it."""

    people: set[bytes] = field(default_factory=set)
    """objectGUIDs of everybody who may be a member, and is there."""
    groups: dict[bytes, Written] = field(default_factory=dict)
    bin: dict[bytes, Written] = field(default_factory=dict)
    recycle_bin: bool = True
    schema: Iterable[str] = tuple(SCHEMA)
    max_links: int = 500
    max_values: int = 5000
    """More in one request are adminLimitExceeded."""
    fault: Fault = no_fault
    refuse: Callable[[SyncObject], str] = lambda obj: ""
    """LDAP's name of an error for a whole request; empty: it is taken."""
    latency: Callable[[SyncObject], float] = lambda obj: 0.01
    """Seconds that a request takes, as ``measured`` tells them; nobody waits."""
    servers: dict[str, int | None] = field(default_factory=lambda: {"dc1.test": None, "dc2.test": None})
    """Controllers, and up to which change each is; None: to the last one. What is pinned shows the newest."""
    down: set[str] = field(default_factory=set)
    interval: float | None = 900.0
    """Seconds of the slowest site link."""
    astray: dict[bytes, int] = field(default_factory=dict)
    """Group -> members that a second controller counts more than the first."""
    strangers: set[bytes] = field(default_factory=set)
    principals: int = 0
    """Members of other forests that a look tells of."""
    left_alone: str = ""
    """What a look says of groups with a mark that are none of ours."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Anchors of groups that looks do not show, and what to do."""
    heavy: dict[bytes, int] = field(default_factory=dict)
    """SIDs in the tokens of those who have more than one."""
    calls: list[Sequence[SyncObject]] = field(default_factory=list)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(anchor of the group, of the member) -> additions that arrived."""
    needless: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Additions of members who were there, and removals of others."""
    looks: int = 0
    cookies: list[bytes | None] = field(default_factory=list)
    """Where each look began."""
    certificate_until: datetime | None = None
    counter: TrafficCounter = field(default_factory=TrafficCounter)
    _usn: int = 0
    _ours: int = 0
    """The last change that we made."""
    _timed: list[WriteTimed] = field(default_factory=list)

    # The seam

    def pin(self, written: bytes | None) -> Pinned:
        needed = int(written or b"0")
        for name, reached in self.servers.items():
            if name not in self.down and (reached is None or reached >= needed):
                return Pinned(f"ldaps://{name}", name)
        raise DirectoryBehind("no domain controller that answers has what was written last", remedy="wait")

    @property
    def attributes(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.schema)

    def company(self) -> Company:
        return Company(TENANT, "corp.example.com", True, max_links=self.max_links)

    def reserve(self, writes: int, links: int, *, wait: bool) -> bool:
        return True

    def spend(self, writes: int, links: int) -> None:
        """There is no throttle."""

    def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
        raise NotImplementedError

    def finalize(self, exported: int, applied: int) -> None:
        """Nobody is told."""

    def traffic(self) -> Traffic:
        return self.counter.taken()

    def put_off(self) -> int:
        return self.counter.put_off()

    def provision(self, objects: Sequence[SyncObject], patience: float) -> Sequence[Outcome]:
        return [self._request(obj) for obj in objects]

    def look(self, cookie: bytes | None, known: Mapping[bytes, str]) -> Iterator[Shown | Lost | LookCookie]:
        self.looks += 1
        self.cookies.append(cookie)
        self.fault("look")
        since = int(json.loads(cookie)["usn"]) if cookie else 0
        reached = since if self.hidden else self._usn  # what changes meanwhile is read once it is seen again
        for held in list(self.groups.values()):
            if held.anchor and held.anchor not in self.hidden:
                members = [guid for guid in held.members if guid in self.people or guid in self.groups]
                fresh = held.changed > since or known.get(held.guid) != held.anchor
                shown = (*members, *(held.members.keys() & self.strangers)) if fresh else None
                values = {
                    name: _shown(value) for name, value in held.values.items() if name.lower() in self.attributes
                }
                yield Shown(held.guid, held.anchor, held.dn, values, shown, held.changed, held.protected, held.legacy)
        for guid, anchor in known.items():
            if anchor not in self.hidden and (guid not in self.groups or not self.groups[guid].anchor):
                yield Lost(anchor, deleted=guid not in self.groups)
        yield LookCookie(json.dumps({"usn": reached}).encode(), self.principals, self.left_alone, self.hidden)

    def written(self) -> bytes | None:
        return b"%d" % self._ours if self._ours else None

    def measured(self) -> Sequence[WriteTimed]:
        timed, self._timed = self._timed, []
        return timed

    def standing(self, horizons: Sequence[bytes] = ()) -> Sequence[Standing]:
        return [
            Standing(f"ldaps://{name}", None, "it does not answer")
            if name in self.down
            else Standing(
                f"ldaps://{name}",
                reached is None or reached >= self._ours,
                lacks=sum(reached is not None and reached < int(one) for one in horizons),
            )
            for name, reached in self.servers.items()
        ]

    def link_interval(self) -> float | None:
        return self.interval

    def compare(self, guids: Sequence[bytes]) -> Mapping[bytes, tuple[int, int]] | None:
        """The controllers after the first one are seconds; ``astray`` are members that they count more."""
        second = next((one for one in list(self.standing())[1:] if one.covers), None)
        if second is None:
            return None
        there = {guid: len(self.groups[guid].members) for guid in guids if guid in self.groups}
        return {guid: (number, number + self.astray.get(guid, 0)) for guid, number in there.items()}

    def tokens(self, guids: Sequence[bytes]) -> Iterator[tuple[bytes, int | None]]:
        for guid in guids:
            yield guid, self.heavy.get(guid, 1) if guid in self.people else None

    # What a request does

    def _request(self, obj: SyncObject) -> Outcome:
        anchor = str(obj.values["SourceAnchor"]).lower()
        assert obj.kind == "Group", obj
        assert anchor.startswith("group_"), obj
        self.counter.sent()
        self.fault("before")
        self.calls.append([obj])
        if obj.links > self.max_values:
            self._timed.append(WriteTimed("modify", self.latency(obj), obj.links, "adminLimitExceeded"))
            raise CallTooLarge("adminLimitExceeded")
        outcome = self._outcome(anchor, obj)
        self._timed.append(WriteTimed(self._named(obj), self.latency(obj), obj.links, outcome.code or "success"))
        self.fault("after")
        return outcome

    def _named(self, obj: SyncObject) -> str:
        return "delete" if obj.operation is Operation.DELETE else "modify" if obj.links else "add"

    def _outcome(self, anchor: str, obj: SyncObject) -> Outcome:
        if refusal := self.refuse(obj):
            return Outcome(Result.REFUSED, refusal, refusal)
        if anchor in self.hidden:
            return Outcome(Result.REFUSED, "notShown", "it is not shown")
        held = self.find(anchor)
        if obj.operation is Operation.DELETE:
            assert self.recycle_bin, "a delete without the recycle bin"
            if held is not None:
                self._ours = self.delete(anchor)
            return Outcome(Result.APPLIED, operation="Delete")
        created = held is None
        if held is None and "groupType" not in obj.values:
            return Outcome(Result.REFUSED, "noSuchObject", "there is no such group")
        held = held or self.create(anchor)
        rejected = self._write(held, obj)
        self._ours = self._usn
        if rejected and len(rejected) == obj.links and obj.values.keys() <= {"SourceAnchor", "member"}:
            return Outcome(Result.REFUSED, "noSuchObject", "a member is not there")
        operation, mark = "Add" if created else "Set", f"Group_{UUID(bytes_le=held.guid)}"
        return Outcome(Result.APPLIED, operation=operation, cloud_anchor=mark, rejected=rejected)

    def _write(self, held: Written, obj: SyncObject) -> tuple[str, ...]:
        before = dict(held.members)
        rejected: list[str] = []
        for name, value in obj.values.items():
            if name == "member":
                rejected += [change.anchor for change in value or () if not self._link(held, change)]
            elif value is None:
                held.values.pop(name, None)
            elif name != "SourceAnchor":
                assert name.lower() in self.attributes, f"the schema has no {name}"
                held.values[name] = value
        if held.members != before or obj.values.keys() - {"SourceAnchor", "member"}:
            self._usn += 1
            held.changed = self._usn
        cn = held.values.get("cn")
        held.dn = f"CN={cn},{held.dn.partition(',')[2]}" if isinstance(cn, str) else held.dn
        return tuple(rejected)

    def _link(self, held: Written, change: object) -> bool:
        """:returns: whether it was taken."""
        assert isinstance(change, ReferenceChange)
        adds = change.operation is LinkOperation.ADD
        self.sent[held.anchor, change.anchor] += adds
        member = self.member(change.anchor)
        if member is None:
            return not adds  # who is gone is no member any more
        if (member in held.members) is adds:
            self.needless[held.anchor, change.anchor] += 1
        if adds:
            held.members[member] = None
        else:
            held.members.pop(member, None)
        return True

    def member(self, anchor: str) -> bytes | None:
        """objectGUID of somebody on the wire, a person or a group of ours; None: it is not there."""
        if anchor.lower().startswith("group_"):
            held = self.find(anchor)
            return held.guid if held else None
        guid = UUID(anchor).bytes_le
        return guid if guid in self.people or guid in self.groups else None

    # What a person does

    def find(self, anchor: str) -> Written | None:
        return next((held for held in self.groups.values() if held.anchor == anchor.lower()), None)

    def create(self, anchor: str, members: Iterable[bytes] = (), **values: Value) -> Written:
        self._usn += 1
        guid = uuid5(_NAMES, f"{anchor} {self._usn}").bytes_le
        assert self.find(anchor) is None, f"{anchor} is created twice"
        dn = f"CN={values.get('cn', anchor)},{CONTAINER}"
        held = Written(guid, anchor.lower(), dn, dict(values), dict.fromkeys(members), self._usn)
        self.groups[guid] = held
        return held

    def change(self, anchor: str, **values: Value | None) -> None:
        """Attributes, and ``members``; the mark goes with ``adminDescription=None``."""
        held = self.groups[self._of(anchor)]
        self._usn += 1
        for name, value in values.items():
            if value is None:
                held.values.pop(name, None)
            else:
                held.values[name] = value
        if "adminDescription" in values:
            held.anchor = str(values["adminDescription"] or "").lower()
        held.changed = self._usn

    def join(self, anchor: str, *members: bytes) -> None:
        self._regroup(anchor, lambda held: {**held.members, **dict.fromkeys(members)})

    def leave(self, anchor: str, *members: bytes) -> None:
        self._regroup(anchor, lambda held: {guid: None for guid in held.members if guid not in members})

    def _regroup(self, anchor: str, made: Callable[[Written], dict[bytes, None]]) -> None:
        held = self.groups[self._of(anchor)]
        self._usn += 1
        held.members, held.changed = made(held), self._usn

    def delete(self, anchor: str) -> int:
        """Memberships of it, and in it, are hidden with it.

        :returns: the change it is.
        """
        self._usn += 1
        guid = self._of(anchor)
        self.bin[guid] = replace(self.groups.pop(guid), changed=self._usn)
        return self._usn

    def restore(self, anchor: str) -> None:
        """Somebody brings it back from the recycle bin, with its members."""
        self._usn += 1
        guid = next(guid for guid, held in self.bin.items() if held.anchor == anchor.lower())
        self.groups[guid] = replace(self.bin.pop(guid), changed=self._usn)

    def vanish(self, guid: bytes) -> None:
        """Somebody is deleted: groups lose the member, and none of them is changed by that."""
        self.people.discard(guid)

    def members(self, anchor: str) -> set[bytes]:
        """Whom a group shows."""
        held = self.groups[self._of(anchor)]
        return {guid for guid in held.members if guid in self.people or guid in self.groups or guid in self.strangers}

    def _of(self, anchor: str) -> bytes:
        held = self.find(anchor)
        assert held is not None, f"there is no {anchor}"
        return held.guid


def _shown(value: Value) -> Value:
    """Several values come in an order of the directory's own."""
    return tuple(sorted(value)) if isinstance(value, tuple) else value
