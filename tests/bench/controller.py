"""A double of Active Directory in a process of its own, with the organisation of the bench in it.

It prints where it is asked and how many links it has, then does what the lines of its input say. People and groups
have what ``bench.directory`` gives them, and GUIDs of the double's own.
"""

import sys
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from bench.directory import forest_of, groups, large_members
from bench.sources import large, tail
from support.ad_double_forest import configured
from support.ad_double_server import Controller
from support.ad_double_tree import Replica
from syncramp.simulator.entries import ENABLED, group_lines, person_lines
from syncramp.simulator.groups import Group
from syncramp.simulator.people import DEPARTMENTS, Forest, manager_of, people

Values = dict[str, list[bytes]]
OWN = ("objectClass", "objectGUID", "cn", "manager", "member")
"""What the double makes itself, or is told by GUID."""


@dataclass
class Organisation:
    """It in a replica."""

    size: int
    forest: Forest = field(init=False)
    replica: Replica = field(init=False)
    guids: list[bytes] = field(default_factory=list, init=False)
    """Of people, by number."""
    largest: bytes = b""
    """The group with most members."""
    links: int = 0

    def __post_init__(self) -> None:
        self.forest = forest_of(self.size)
        self.replica = Replica(self.forest.base)
        configured(self.replica)
        self._people(self.replica.unit("People"))
        unit = self.replica.unit("Groups")
        count = self.size // 150 - len(large(self.size))
        for group in chain(groups(self.forest, count, tail(self.size)), large_members(self.forest, large(self.size))):
            self.largest = self._group(unit, group)
        self.replica.delete(self.replica.user("Somebody who left"))  # or nobody knows whether deletes can be seen

    def _people(self, unit: bytes) -> None:
        units = {name: self.replica.unit(name.replace(",", "\\,"), unit) for name in DEPARTMENTS}
        for person in people(self.forest, self.size):
            values = values_of(person_lines(self.forest, person, ENABLED, None))
            above = manager_of(person.number)
            if above is not None:
                values["manager"] = [self.guids[above]]
            name = person.cn.replace(",", "\\,")
            self.guids.append(self.replica.user(name, units[person.department], **values))

    def _group(self, unit: bytes, group: Group) -> bytes:
        values = values_of(group_lines(self.forest, group, iter(())))
        self.links += len(group.people)
        made = self.replica.group(group.name, unit, **values)
        self.replica.link(made, *(self.guids[number] for number in group.people))
        return made

    def titles(self) -> None:
        """1 % of the people get a new title."""
        for number in range(self.size // 100):
            self.replica.change(self.guids[number * 100], title=[b"Director %d" % self.replica.usn])

    def join(self) -> None:
        """The last person becomes a member of the largest group."""
        self.replica.link(self.largest, self.guids[-1])

    def undo(self) -> None:
        """The last person leaves it."""
        self.replica.unlink(self.largest, self.guids[-1])


def values_of(lines: Iterable[str]) -> Values:
    """Attributes from lines of LDIF."""
    made: Values = defaultdict(list)
    for each in "\n".join(lines).replace("\n ", "").split("\n"):
        name, _, value = each.partition(":")
        if name not in OWN:
            made[name].append(b64decode(value[1:]) if value.startswith(":") else value.strip().encode())
    return made


def main(size: str, folder: str) -> None:
    """Serve until the input ends."""
    made = Organisation(int(size))
    with Controller(made.replica).running(Path(folder)) as server:
        ca = Path(folder) / "directory.pem"
        ca.write_bytes(server.ca)
        sys.stdout.write(f"{server.url} {ca} {made.links}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            getattr(made, line.strip())()
            sys.stdout.write(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
