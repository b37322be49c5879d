"""The directory in memory that walks write to is as a real one: the same requests come to the same, over the wire.

The other side is the target of a run itself, at a double that is as strict as Active Directory.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from support.ad_double_forest import configured
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.directory_model import ModelDirectory
from support.tenant_model import mark
from support.written_engine import written_back
from syncramp.directory.target import LdapTarget
from syncramp.model.seams import DirectoryTarget
from syncramp.model.wire import LinkOperation, Operation, Outcome, ReferenceChange, SyncObject, WireValue
from syncramp.model.written import LookCookie, Lost, Shown
from syncramp.source.ldap import LdapSource

GROUPS = range(1, 5)
CONTAINER = "OU=Cloud,DC=test"


class Side:
    """What one of the two shows, from the beginning or since the last look."""

    def __init__(self, target: DirectoryTarget) -> None:
        self.target = target
        target.pin(None)
        self.cookie: bytes | None = None
        self.known: dict[bytes, str] = {}
        self.members: dict[str, list[str]] = {}
        self.values: dict[str, dict[str, object]] = {}

    def provision(self, obj: SyncObject) -> tuple[object, ...]:
        (outcome,) = self.target.provision([obj], 60.0)
        assert isinstance(outcome, Outcome)
        return outcome.result, outcome.operation, sorted(outcome.rejected)

    def look(self) -> tuple[object, ...]:
        lost, told, names = [], [], dict(self.known)
        for seen in self.target.look(self.cookie, self.known):
            if isinstance(seen, LookCookie):
                self.cookie = seen.value
            elif isinstance(seen, Lost):
                lost.append((seen.anchor, seen.deleted))
                self.values.pop(seen.anchor, None)
                self.members.pop(seen.anchor, None)
            else:
                told.append(seen)
        names |= {seen.guid: seen.anchor for seen in told}
        for seen in told:
            self._take(seen, names)
        self.known = {seen.guid: seen.anchor for seen in told}
        return sorted(lost), sorted(one.anchor for one in told if one.members is not None), self.values, self.members

    def _take(self, seen: Shown, names: dict[bytes, str]) -> None:
        wanted = ("displayName", "description", "groupType", "proxyAddresses")
        self.values[seen.anchor] = {name: seen.values[name] for name in wanted if name in seen.values}
        if seen.members is not None:
            self.members[seen.anchor] = sorted(names.get(one) or str(UUID(bytes_le=one)) for one in seen.members)


@pytest.fixture
def replica() -> Replica:
    made = Replica()
    made.unit("Cloud")
    configured(made)
    return made


@pytest.fixture
def real(replica: Replica, tmp_path: Path) -> Iterator[Side]:
    with Controller(replica, {READER: Account(rights=Rights())}).running(tmp_path) as server:
        account = LdapSource("writer", [server.url], READER, PASSWORD, server.ca, ["DC=test"])
        groups = written_back()
        with closing(LdapTarget(account, replace(groups, container=CONTAINER))) as target:
            yield Side(target)


@pytest.mark.parametrize("seed", range(6))
def test_the_same_requests_come_to_the_same(replica: Replica, real: Side, seed: int) -> None:
    rng = random.Random(seed)
    people = [replica.user(f"u{number}") for number in range(8)]
    model = ModelDirectory(people=set(people))
    other = Side(model)
    for _ in range(40):
        if rng.random() < 0.1:
            gone = rng.choice(people)
            if not replica.objects[gone].deleted:
                replica.delete(gone)
                model.vanish(gone)
        request = _request(rng, people)
        assert real.provision(request) == other.provision(request), request
        if rng.random() < 0.4:
            _compare(real, other)
    _compare(real, other)


def _compare(real: Side, other: Side) -> None:
    for one, two in zip(real.look(), other.look(), strict=True):
        assert one == two


def _request(rng: random.Random, people: Sequence[bytes]) -> SyncObject:
    anchor = mark(rng.choice(GROUPS))
    if rng.random() < 0.1:
        return SyncObject("Group", Operation.DELETE, {"SourceAnchor": anchor})
    values: dict[str, WireValue] = {"SourceAnchor": anchor}
    if rng.random() < 0.5:
        given = {"cn": anchor, "sAMAccountName": anchor, "groupType": 8, "adminDescription": anchor}
        values |= {**given, "displayName": rng.choice("abc"), "description": rng.choice(("x", None))}
        values["proxyAddresses"] = tuple(rng.sample(("smtp:a@test", "smtp:b@test"), rng.randrange(3))) or None
    if "groupType" not in values or rng.random() < 0.3:
        values["member"] = tuple(_changes(rng, anchor, people))
    return SyncObject("Group", Operation.SET, values)


def _changes(rng: random.Random, group: str, people: Sequence[bytes]) -> Iterator[ReferenceChange]:
    others = [mark(number) for number in GROUPS if mark(number) != group]
    named = [*(str(UUID(bytes_le=one)) for one in people), *others]
    for name in rng.sample(named, rng.randrange(1, 5)):
        yield ReferenceChange(name, rng.choice((LinkOperation.ADD, LinkOperation.ADD, LinkOperation.REMOVE)))
