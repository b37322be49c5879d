"""The directory that a full synchronise is measured on: people with some twenty attributes, and groups of all sizes.

The people are those of the simulator's organisation. Its groups are many and small, so these are others: one for 150
people, 10 links for 3 people, and a share for group ``k`` that is proportional to 1 / (k + 3). So 300,000 people are
in 2,000 groups with 1,000,000 links, and the largest group has some 50,000 members.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from syncramp.simulator.entries import ENABLED, escaped, group_dn, group_lines, person_dn, person_lines
from syncramp.simulator.groups import SECURITY, TAIL, Group
from syncramp.simulator.ldif_text import line
from syncramp.simulator.people import DEPARTMENTS, Forest, manager_of, people

SEED = 7
PEOPLE_PER_GROUP = 150
LINKS_PER_PERSON = 10 / 3
OBJECT_GUID = re.compile(r"^objectGUID:.*\n(?: .*\n)*", re.MULTILINE)


def forest_of(size: int) -> Forest:
    """The forest with so many people."""
    return Forest("corp", "Example Corp", size, SEED)


def write(
    path: Path,
    size: int,
    *,
    forest: Forest | None = None,
    numbered: bool = False,
    large: Sequence[int] = (),
    tail: int | None = None,
    followed: bool = False,
) -> int:
    """Write the directory as LDIF.

    :param size: people, at least 150.
    :param forest: another one than ``forest_of`` gives.
    :param numbered: people have an employeeID.
    :param large: for each of these numbers a group with so many members, named by ``large_group``.
    :param tail: links of the other groups, as many groups fewer; None: as the module says.
    :param followed: entries have no objectGUID, so that the server knows and tells them by entryUUID.
    :return: how many links it has.
    """
    forest = forest or forest_of(size)
    names = [person_dn(forest, person) for person in people(forest, size)]
    links = 0
    with path.open("w", encoding="ascii") as file:
        count = forest.size // PEOPLE_PER_GROUP - (0 if tail is None else len(large))
        others = groups(forest, count, tail)
        for dn, lines in chain(_entries(forest, names, others, numbered=numbered), _large(forest, names, large)):
            record = "\n".join((line("dn", dn), *lines))
            if followed:
                record = OBJECT_GUID.sub("", record)
            links += record.count("\nmember:")
            file.write(f"{record}\n\n")
    return links


def _entries(
    forest: Forest, names: list[str], others: Iterable[Group], *, numbered: bool
) -> Iterator[tuple[str, Iterable[str]]]:
    yield forest.base, ["objectClass: domain", f"dc: {forest.name}"]
    for name, dn in _units(forest):
        yield dn, ["objectClass: organizationalUnit", f"ou: {name}"]
    for person in people(forest, forest.size):
        above = manager_of(person.number)
        manager = None if above is None else names[above]
        number = (f"employeeID: {person.number}",) if numbered else ()
        yield names[person.number], (*person_lines(forest, person, ENABLED, manager), *number)
    for group in others:
        yield group_dn(forest, group.name), group_lines(forest, group, (names[n] for n in group.people))


def large_group(forest: Forest, members: int) -> str:
    """The DN of a group that was asked for by its number of members."""
    return group_dn(forest, f"Large {members}")


def large_members(forest: Forest, sizes: Iterable[int]) -> Iterator[Group]:
    """Groups that are asked for by their number of members, which are the first people."""
    for number, size in enumerate(sizes):
        yield Group(forest.size + number, f"Large {size}", SECURITY, list(range(size)))


def _large(forest: Forest, names: list[str], sizes: Iterable[int]) -> Iterator[tuple[str, Iterable[str]]]:
    for group in large_members(forest, sizes):
        yield group_dn(forest, group.name), group_lines(forest, group, (names[n] for n in group.people))


def groups(forest: Forest, count: int | None = None, links: int | None = None) -> Iterator[Group]:
    """Groups with a long tail; each takes its members at a distance of 7 people, from a place of its own.

    :param count: how many; None: one for 150 people.
    :param links: of all of them; None: 10 for 3 people.
    """
    count = forest.size // PEOPLE_PER_GROUP if count is None else count
    links = round(LINKS_PER_PERSON * forest.size) if links is None else links
    weight = sum(1 / (number + TAIL) for number in range(count))
    for number in range(count):
        wanted = round(links / weight / (number + TAIL))
        start = int.from_bytes(forest.chance("group", number)[:4])
        members = sorted({(start + 7 * n) % forest.size for n in range(wanted)})
        yield Group(number + 1, f"Access {number + 1:04}", SECURITY, members)


def titles(size: int, changed: int, title: str = "Director") -> str:
    """Changes for ldapmodify: so many people, evenly spread, have a new title."""
    forest = forest_of(size)
    chosen = {size * n // changed for n in range(changed)}
    return "".join(
        f"dn: {person_dn(forest, person)}\nchangetype: modify\nreplace: title\ntitle: {title}\n\n"
        for person in people(forest, size)
        if person.number in chosen
    )


def _units(forest: Forest) -> Iterator[tuple[str, str]]:
    for name in ("People", "Groups"):
        yield name, f"OU={name},{forest.base}"
    for name in DEPARTMENTS:
        yield name, f"OU={escaped(name)},OU=People,{forest.base}"
