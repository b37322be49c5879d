"""A made directory for the rehearsal of a ramp: people who come and go, and groups that become large.

Nobody in it exists, and nothing of it is on a disk. A person is a number, and everything about them follows from it,
so a directory of 250,000 people costs one number for everybody who left. People have few attributes: what a ramp
decides on is how many they are.

Between two runs some people leave (their accounts are disabled, and they are taken out of their groups), and as many
new ones come and take their places. Those who leave are members of long standing, so each leave is a removal that a
ramp must never delay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from syncramp.model.facts import Entry, Fact, Links, Proof
from syncramp.model.seams import Known
from syncramp.model.values import Kind

BASE = "DC=rehearsal,DC=example"
PARTITION = "made"
PEOPLE_PER_LEAVER = 20_000
"""So many people, one who leaves between two runs: with four runs a day 7 % in a year."""
OUTSIDE = 250
"""One in so many is not in the largest group: at the limit nobody could come before somebody left."""
SENIORS = 50
"""One in so many is there for good; who stands behind them leaves first."""
CHUNK = 10_000
"""DNs in one fact, as of a directory that is read."""
_SPACE = UUID("6a2e2f3c-8d3e-4f0e-9c55-0d8f3a3f5b10")
ENABLED, DISABLED = (b"512",), (b"514",)
"""userAccountControl (MS-ADTS 2.2.16)."""
SECURITY = (b"-2147483646",)
"""groupType of a global security group (MS-ADTS 2.2.12)."""


@dataclass(frozen=True, slots=True)
class MadeGroup:
    """A group of the made directory: its members are a range of places, and each place is somebody's."""

    name: str
    first: int
    """Members on the first day."""
    later: int
    """Members from the second day on."""

    @property
    def dn(self) -> str:
        """Where it stands."""
        return f"CN={self.name},OU=Groups,{BASE}"

    @property
    def guid(self) -> bytes:
        """Its objectGUID."""
        return uuid5(_SPACE, self.name).bytes_le


class Staff:
    """The directory (``model.seams.Source``).

    :param name: of the source, as the document has it.
    :param people: on every day; who left is counted no more.
    :param groups: of it; one with nobody in it on a day does not exist on that day.
    """

    def __init__(self, name: str, people: int, groups: Sequence[MadeGroup]) -> None:
        self.name = name
        self.people = people
        self.groups = tuple(groups)
        self._grown = False
        self._left: list[int] = []
        """Their places are taken by new people."""

    # --- what passes -----------------------------------------------------------------------------------------------

    def grow(self) -> None:
        """From now on groups have the sizes of later days."""
        self._grown = True

    def turn_over(self) -> Sequence[int]:
        """Some people leave, and as many come; those who leave are members of long standing.

        :returns: the numbers of those who left.
        """
        start = self.people // SENIORS + len(self._left)
        leavers = range(start, min(start + max(1, self.people // PEOPLE_PER_LEAVER), self.people))
        self._left.extend(leavers)
        return leavers

    @property
    def left(self) -> Sequence[int]:
        """Numbers of those who left, in the order in which they did."""
        return tuple(self._left)

    def size(self, group: MadeGroup) -> int:
        """Members that a group has today."""
        return group.later if self._grown else group.first

    def members(self, group: MadeGroup) -> Iterator[int]:
        """The numbers of a group's members: those of its places whose people are there, then who took the others."""
        size, first = self.size(group), self.people // SENIORS
        gone = min(len(self._left), max(0, size - first))
        yield from range(min(first, size))
        yield from range(first + gone, size)
        yield from range(self.people, self.people + gone)

    # --- the source ------------------------------------------------------------------------------------------------

    def partitions(self) -> Sequence[str]:
        """One."""
        return (PARTITION,)

    def asks_for(self, partition: str, named: Sequence[str]) -> bool:
        """No: this is all of it."""
        return False

    def reads(self, kind: Kind, dn: str) -> bool:
        """Everything."""
        return True

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        """Everybody who was ever there, the groups, and a proof that is complete."""
        everybody = self.people + len(self._left)
        for number in range(everybody):
            yield self.person(number, wanted)
        groups = [group for group in self.groups if self.size(group)]
        for group in groups:
            yield self._group(group, wanted)
            yield from self._links(group)
        count = everybody + len(groups)
        yield Proof(partition, complete=True, entries=count, expected=count)

    def person(self, number: int, wanted: frozenset[str]) -> Entry:
        """One person, whether they left or not."""
        left = 0 <= number - self.people // SENIORS < len(self._left)
        account = f"p{number:06}"
        address = f"{account}@rehearsal.example".encode()
        guid = guid_of(number)
        told = {
            "cn": (account.encode(),),
            "displayname": (f"Person {number:06}".encode(),),
            "objectguid": (guid,),
            "samaccountname": (account.encode(),),
            "useraccountcontrol": DISABLED if left else ENABLED,
            "userprincipalname": (address,),
        }
        return Entry(guid, Kind.USER, person_dn(number), {name: told[name] for name in told if name in wanted})

    def _group(self, group: MadeGroup, wanted: frozenset[str]) -> Entry:
        told = {
            "cn": (group.name.encode(),),
            "displayname": (group.name.encode(),),
            "grouptype": SECURITY,
            "objectguid": (group.guid,),
            "samaccountname": (group.name.encode(),),
        }
        return Entry(group.guid, Kind.GROUP, group.dn, {name: told[name] for name in told if name in wanted})

    def _links(self, group: MadeGroup) -> Iterator[Links]:
        numbers = list(self.members(group))
        last = (len(numbers) - 1) // CHUNK * CHUNK
        for start in range(0, len(numbers), CHUNK):
            dns = tuple(map(person_dn, numbers[start : start + CHUNK]))
            yield Links(group.guid, "member", dns, final=start == last)


def guid_of(number: int) -> bytes:
    """The objectGUID of a person."""
    return _SPACE.bytes[:8] + number.to_bytes(8, "big")


def person_dn(number: int) -> str:
    """Where a person's entry stands."""
    return f"CN=p{number:06},OU=People,{BASE}"


def made_groups(largest: int, limit: int) -> tuple[MadeGroup, ...]:
    """The groups of a rehearsal.

    :param largest: members that a group may have; the largest one has nearly as many, and others have parts of it.
    :param limit: members from which on ramps care: the largest one has one less on the first day.
    """
    most = largest - largest // OUTSIDE
    return tuple(
        MadeGroup(name, first, later)
        for name, first, later in (
            ("All Staff", min(most, limit - 1), most),
            ("Remote Access", 0, largest * 12 // 25),
            ("Region North", 0, largest * 8 // 25),
            ("Region South", 0, largest * 6 // 25),
            ("Region East", 0, largest * 11 // 50),
            ("Project Atlas", largest // 1250, largest // 1250),
            ("Board", min(10, most), min(10, most)),
        )
    )
