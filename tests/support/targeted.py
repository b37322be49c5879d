"""A directory as the target of a run, for tests: what a plan would send, and what comes of it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from support.ad_double_server import PASSWORD, READER, Controller
from support.cloud_groups import writeback
from support.looked import anchor, mark
from syncramp.directory.target import LdapTarget
from syncramp.model.values import Value
from syncramp.model.wire import LinkOperation, Operation, Outcome, ReferenceChange, SyncObject
from syncramp.model.written import Shown
from syncramp.source.ldap import LdapSource

PATIENCE = 60.0


def account(servers: Sequence[Controller], user: str = READER) -> LdapSource:
    return LdapSource("corp", [one.url for one in servers], user, PASSWORD, servers[0].ca, ["DC=test"])


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
