"""The open peer's way of writing to the endpoint, in a process of its own: one call for each object.

The objects are those that Syncramp sends for the same people. They are made before the clock starts, and by then the
session is open, signed in and used.
"""

import json
import sys
import time
from base64 import b64encode
from collections.abc import Sequence
from itertools import chain, islice

from bench.directory import forest_of, groups, large_members
from bench.sources import large, tail
from syncramp.check import load
from syncramp.endpoint import contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.model.wire import Operation, Result, SyncObject, WireValue
from syncramp.session.opening import on_the_wire, secrets_of
from syncramp.simulator.entries import group_dn, person_dn
from syncramp.simulator.groups import Group
from syncramp.simulator.people import PLACES, TITLES, Forest, Person, people

FILLING = 500
"""Objects in a call that only makes what is there before."""


class Organisation:
    """What the peer sends of it: objects as Syncramp maps them, and groups with all their members in a list."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.forest = forest_of(size)
        self.anchors = [_anchor(person.chance) for person in people(self.forest, size)]

    def users(self, title: str = "", every: int = 1) -> list[SyncObject]:
        """Everybody, or only every so many."""
        chosen = islice(people(self.forest, self.size), 0, None, every)
        return [user(self.forest, person, title) for person in chosen]

    def groups(self) -> list[SyncObject]:
        """All groups."""
        count = self.size // 150 - len(large(self.size))
        others = groups(self.forest, count, tail(self.size))
        made = chain(others, large_members(self.forest, large(self.size)))
        return [self._group(one) for one in made]

    def largest(self) -> SyncObject:
        """The largest group, of which the last person is now a member, too."""
        *_, one = large_members(self.forest, large(self.size))
        return self._group(one, self.anchors[-1])

    def _group(self, one: Group, *more: str) -> SyncObject:
        values: dict[str, WireValue] = {
            "SourceAnchor": _anchor(self.forest.chance("group", one.number - 1)),
            "commonName": one.name,
            "displayName": one.name,
            "dnsDomainName": self.forest.domain,
            "onPremisesDistinguishedName": group_dn(self.forest, one.name),
            "onPremisesSamAccountName": one.name.replace(" ", "-").lower(),
            "securityEnabled": True,
            "member": (*(self.anchors[number] for number in one.people), *more),
        }
        return SyncObject("Group", Operation.SET, values)


def user(forest: Forest, person: Person, title: str = "") -> SyncObject:
    """A person with the attributes that Syncramp sends."""
    address = f"{person.address}@{forest.domain}"
    city, country = PLACES[person.chance[21] % len(PLACES)]
    values: dict[str, WireValue] = {
        "SourceAnchor": _anchor(person.chance),
        "accountEnabled": True,
        "city": city,
        "commonName": person.cn,
        "company": forest.company,
        "countryLetterCode": country,
        "department": person.department,
        "displayName": f"{person.given} {person.surname}",
        "dnsDomainName": forest.domain,
        "givenName": person.given,
        "lastPasswordChangeTimestamp": "20240509021857.0Z",
        "mail": address,
        "onPremiseSecurityIdentifier": person.chance[:28],
        "onPremisesDistinguishedName": person_dn(forest, person),
        "onPremisesSamAccountName": person.account,
        "proxyAddresses": (f"SMTP:{address}", f"smtp:{person.account}@{forest.domain}"),
        "surname": person.surname,
        "telephoneNumber": f"+49 30 555 {int.from_bytes(person.chance[23:26]) % 1_000_000:06}",
        "title": title or TITLES[person.chance[22] % len(TITLES)],
        "userPrincipalName": address,
    }
    return SyncObject("User", Operation.SET, values)


def _anchor(chance: bytes) -> str:
    return b64encode(chance[:16]).decode()


def fill(endpoint: V2Endpoint, made: Organisation) -> None:
    """Make everybody and the largest group, which are there before."""
    users = made.users()
    for start in range(0, len(users), FILLING):
        send(endpoint, users[start : start + FILLING])
    send(endpoint, made.groups()[-1:])


def send(endpoint: V2Endpoint, objects: Sequence[SyncObject]) -> None:
    """One call of the first version of the operation, in which members are a list.

    :raises RuntimeError: an object was refused.
    """
    body = contract.provision(objects, contract.PROVISION_V1)
    answer = endpoint.ask(contract.PROVISION_V1, body)
    for outcome in contract.read_outcomes(answer, objects, contract.PROVISION_V1):
        if outcome.result is not Result.APPLIED:
            raise RuntimeError(f"refused: {outcome}")


def main(document: str, size: str, what: str) -> None:
    """Send, and print what it took.

    :param what: ``first`` (everything), ``changed`` (1 %), ``member`` (the largest group); ``fill`` makes what the
        last two begin with.
    """
    reader, made = secrets_of(document, None), Organisation(int(size))
    config, _ = on_the_wire(load(document), reader)
    endpoint = V2Endpoint(config.target, reader)
    endpoint.company()
    if what == "fill":
        fill(endpoint, made)
        return
    objects = {
        "first": lambda: [*made.users(), *made.groups()],
        "changed": lambda: made.users("Director", 100),
        "member": lambda: [made.largest()],
    }[what]()
    at, wall, cpu = time.monotonic(), time.perf_counter(), time.process_time()
    for one in objects:
        send(endpoint, [one])
    told = {"at": at, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "objects": len(objects)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
