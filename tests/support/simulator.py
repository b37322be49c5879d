"""Helpers around the simulated tenant: objects in one line, a clock that is turned by hand, a whole read-back."""

from collections.abc import Iterable
from typing import Any

from syncramp.endpoint.contract import SyncResult
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject
from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.tenant import Tenant


class HandClock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def quick_tenant(clock: HandClock, **settings: Any) -> Tenant:
    """A tenant in which a new object can be referred to at once."""
    return Tenant(TenantSettings(**{"visibility_delay": 0.0, **settings}), clock)


def one(tenant: Tenant, obj: SyncObject, version: int = 2) -> SyncResult:
    """The result of a call with one object."""
    return tenant.provision([obj], version)[0]


def put(anchor: str, kind: str = "User", **values: Any) -> SyncObject:
    """A Set of some attributes."""
    return SyncObject(kind, Operation.SET, {"SourceAnchor": anchor, **values})


def drop(anchor: str, kind: str = "User") -> SyncObject:
    """A Delete."""
    return SyncObject(kind, Operation.DELETE, {"SourceAnchor": anchor})


def group(anchor: str, add: Iterable[str] = (), remove: Iterable[str] = (), **values: Any) -> SyncObject:
    """A Set of a group with member changes by source anchor."""
    changes = [ReferenceChange(member) for member in add]
    changes += [ReferenceChange(member, LinkOperation.REMOVE) for member in remove]
    return put(anchor, "Group", **values, **({"member": tuple(changes)} if changes else {}))


class Mirror:
    """What a client knows who reads back and applies what it sees."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.members: dict[str, set[str]] = {}
        self.deleted: set[str] = set()
        self.pages = 0
        self.cookie: bytes | None = None

    def read(self, tenant: Tenant, version: int = 2) -> None:
        """All pages from where the last read ended."""
        while True:
            page = tenant.read_back(self.cookie, version)
            self.cookie = page.cookie
            self.pages += 1
            for obj in page.objects:
                self._apply(obj)
            if page.more is False:
                return

    def _apply(self, obj: SyncObject) -> None:
        anchor = str(obj.values.get("SourceAnchor") or obj.values["CloudAnchor"])
        if obj.operation is Operation.DELETE:
            for name in (anchor, *self._named(str(obj.values["CloudAnchor"]))):
                self.objects.pop(name, None)
                self.members.pop(name, None)
            self.deleted.add(anchor)
            return
        if "SourceAnchor" in obj.values:  # what was the cloud's alone may have become the directory's
            self.objects.pop(str(obj.values["CloudAnchor"]), None)
            self.members.pop(str(obj.values["CloudAnchor"]), None)
        changes = obj.values.get("Member") or ()
        if obj.values.keys() - {"SourceAnchor", "CloudAnchor", "Member"}:
            self.objects[anchor] = {name: value for name, value in obj.values.items() if name != "Member"}
        members = self.members.setdefault(anchor, set())
        assert isinstance(changes, tuple)
        if "Member" in obj.values and not (changes and isinstance(changes[0], ReferenceChange)):
            self.members[anchor] = set(changes)  # a list, perhaps an empty one
            return
        for change in changes:
            assert isinstance(change, ReferenceChange)
            (members.add if change.operation is LinkOperation.ADD else members.discard)(change.anchor)

    def _named(self, cloud: str) -> list[str]:
        """What is known of the object with a cloud anchor."""
        return [name for name, values in self.objects.items() if values["CloudAnchor"] == cloud]
