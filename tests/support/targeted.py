"""A directory as the target of a run, for tests: what a plan would send, and what comes of it."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from support.ad_double_forest import configured
from support.ad_double_search import Refused
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.ad_double_writes import Cut, Write
from support.cloud_groups import writeback
from support.looked import anchor, mark
from syncramp.directory.target import LdapTarget
from syncramp.endpoint.throttle import Timing
from syncramp.model.values import Value
from syncramp.model.wire import LinkOperation, Operation, Outcome, ReferenceChange, SyncObject
from syncramp.model.written import Shown
from syncramp.source.ldap import LdapSource

PATIENCE = 60.0
OU = "OU=Cloud,DC=test"


def cloud_domain(*, recycle_bin: bool = True) -> Replica:
    """A domain with a unit for groups of the cloud, and one group, which shows what groups can have."""
    made = Replica(recycle_bin=recycle_bin)
    configured(made)
    made.unit("Cloud")
    made.group("Users", allowedAttributes=[name.encode() for name in made.schema])
    return made


def writing(replica: Replica) -> Controller:
    """A controller of it, whose account may write."""
    return Controller(replica, {READER: Account(rights=Rights())})


class Clock:
    """Time that passes where somebody waits for it."""

    def __init__(self) -> None:
        self.now, self.waited = 1000.0, list[float]()

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.waited.append(seconds)
        self.now += seconds
        return stop.is_set()

    @property
    def timing(self) -> Timing:
        return Timing(lambda: self.now, self.wait)


def once(server: Controller, operation: str, *happens: Cut | tuple[int, str]) -> None:
    """What becomes of the next requests of one kind, one after the other."""
    left = list(happens)

    def before(request: Write) -> Cut | None:
        if request.operation != operation or not left:
            return None
        comes = left.pop(0)
        if isinstance(comes, Cut):
            return comes
        raise Refused(*comes)

    server.writes.before = before


def operations(server: Controller) -> list[str]:
    return [request.operation for request in server.writes.asked]


def account(servers: Sequence[Controller], user: str = READER) -> LdapSource:
    return LdapSource(
        "corp", [one.url for one in servers], user, PASSWORD, b"".join(one.ca for one in servers), ["DC=test"]
    )


@contextmanager
def targeted(source: LdapSource, container: str, **given: Any) -> Iterator[LdapTarget]:
    """A target whose controller is chosen, and which saw what is there."""
    fields = {name: given.pop(name) for name in tuple(given) if name == "values_per_modify"}
    with closing(LdapTarget(source, writeback(container=container, **fields), **given)) as target:
        target.pin(None)
        list(target.look(None, {}))
        yield target


def group(number: int, **values: Value | None) -> SyncObject:
    """A group as it is made."""
    whole: dict[str, Any] = {
        "SourceAnchor": anchor(number),
        "cn": mark(number),
        "sAMAccountName": mark(number),
        "groupType": 8,
        "displayName": f"Group {number}",
        "adminDescription": mark(number),
        **values,
    }
    return SyncObject("Group", Operation.SET, whole)


def change(number: int, **values: Value | None) -> SyncObject:
    """Some of its attributes."""
    return SyncObject("Group", Operation.SET, {"SourceAnchor": anchor(number), **values})


def delete(number: int) -> SyncObject:
    return SyncObject("Group", Operation.DELETE, {"SourceAnchor": anchor(number)})


def members(number: int, adds: Iterable[bytes | str] = (), removes: Iterable[bytes | str] = ()) -> SyncObject:
    """Some of its members, by objectGUID or, of groups, by anchor."""
    changes = [
        ReferenceChange(one if isinstance(one, str) else str(UUID(bytes_le=one)), operation)
        for operation, some in ((LinkOperation.ADD, adds), (LinkOperation.REMOVE, removes))
        for one in some
    ]
    return SyncObject("Group", Operation.SET, {"SourceAnchor": anchor(number), "member": tuple(changes)})


def write(target: LdapTarget, *objects: SyncObject, patience: float = PATIENCE) -> Outcome:
    """Send them, each in a call of its own; the last outcome, with its description as it came."""
    for one in objects:
        (outcome,) = target.provision([one], patience)
    return outcome


def shown(target: LdapTarget) -> dict[str, Shown]:
    """By mark, what a look shows."""
    return {one.anchor: one for one in target.look(None, {}) if isinstance(one, Shown)}


def without_text(outcome: Outcome) -> Outcome:
    return replace(outcome, description="")
