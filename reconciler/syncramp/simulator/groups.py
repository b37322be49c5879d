"""The groups of a forest: sizes with a long tail, groups in groups, and one that nearly everybody is in.

A group takes its members by steps of a number that has no divisor in common with the number of people, so no member
comes twice. A group holds only groups with a higher number: there is no circle.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from math import gcd

from syncramp.simulator.people import Forest

LINKS_PER_PERSON = 2
"""Links of a forest, its largest group included, for each person."""
PEOPLE_PER_SECURITY_GROUP = 30
PEOPLE_PER_MAIL_GROUP = 200
PEOPLE_PER_CONTACT = 100
PEOPLE_PER_SERVICE_ACCOUNT = 1000
TAIL = 3
"""Group ``k`` has a share of the links that is proportional to 1 / (k + TAIL)."""
SECURITY = -2147483646
"""groupType of a global security group (MS-ADTS 2.2.12: security enabled, account group)."""
DISTRIBUTION = 2
"""groupType of a global distribution group."""
BIG_GROUP = "All Employees"


@dataclass(frozen=True)
class Group:
    """A group by the numbers of what it holds."""

    number: int
    name: str
    kind: int
    """Its groupType."""
    people: range | list[int]
    groups: tuple[int, ...] = ()
    contacts: tuple[int, ...] = ()
    service_accounts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How many of what a forest has on the first day; people who join later are in no group."""

    forest: Forest
    big: int
    """Members of the group that nearly everybody is in; 0: there is none."""
    security: int = field(init=False)
    mail: int = field(init=False)
    contacts: int = field(init=False)
    service_accounts: int = field(init=False)

    def __post_init__(self) -> None:
        size = self.forest.size
        for name, share in (
            ("security", PEOPLE_PER_SECURITY_GROUP),
            ("mail", PEOPLE_PER_MAIL_GROUP),
            ("contacts", PEOPLE_PER_CONTACT),
            ("service_accounts", PEOPLE_PER_SERVICE_ACCOUNT),
        ):
            object.__setattr__(self, name, max(1, size // share))

    @property
    def groups(self) -> int:
        """Groups beside the big one."""
        return self.security + self.mail

    def outside(self, number: int) -> bool:
        """A person is not in the big group; those outside are spread evenly over all."""
        size, out = self.forest.size, self.forest.size - self.big
        return number >= size or number * out // size != (number + 1) * out // size


def groups(plan: Plan, added: int = -1) -> Iterator[Group]:
    """All groups of a forest, the big one first.

    :param added: a person who is now in the big group.
    """
    if plan.big:
        inside = [number for number in range(plan.forest.size) if number == added or not plan.outside(number)]
        yield Group(0, BIG_GROUP, SECURITY, inside)
    weight = sum(1 / (number + TAIL) for number in range(plan.groups))
    links = LINKS_PER_PERSON * plan.forest.size - plan.big
    for number in range(plan.groups):
        yield _group(plan, number, round(links / weight / (number + TAIL)))


def _group(plan: Plan, number: int, links: int) -> Group:
    mail = number % (plan.groups // plan.mail) == 1
    nested = tuple(n for n in (3 * number + 1, 3 * number + 2) if number < n < plan.groups)
    contacts = tuple((number + n) % plan.contacts for n in range(min(3, plan.contacts))) if mail else ()
    accounts = (number % plan.service_accounts,) if number % 40 == 0 else ()
    wanted = max(1, links - len(nested) - len(contacts) - len(accounts))
    name = f"{'Mail' if mail else 'Access'} {number + 1:04}"
    kind = DISTRIBUTION if mail else SECURITY
    return Group(number + 1, name, kind, _spread(plan.forest, number, wanted), nested, contacts, accounts)


def _spread(forest: Forest, number: int, wanted: int) -> list[int]:
    size = forest.size
    chance = forest.chance("group", number)
    start = int.from_bytes(chance[16:20]) % size
    step = next(n for n in count(int.from_bytes(chance[20:24]) % size + 1) if gcd(n, size) == 1)
    return [(start + n * step) % size for n in range(min(wanted, size))]
