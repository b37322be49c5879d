"""A made organisation in two forests, as LDIF files, on two days.

Everything follows from the number of people and a seed (``people``, ``groups``). A small file beside the forests
keeps the two, so that the second day is the first one with its changes and nothing else: twelve people join, one
leaves and is switched off, one is gone altogether, one moves to another department and thereby gets another DN, and
one becomes a member of the largest group.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syncramp.errors import InputRefused
from syncramp.simulator.entries import (
    DISABLED,
    ENABLED,
    contact_dn,
    contact_lines,
    critical_lines,
    escaped,
    group_dn,
    group_lines,
    person_dn,
    person_lines,
    service_account_dn,
    service_account_lines,
    unit_lines,
)
from syncramp.simulator.groups import BIG_GROUP, Group, Plan, groups
from syncramp.simulator.ldif_text import LdifFile
from syncramp.simulator.people import DEPARTMENTS, SPAN, Forest, manager_of, people

KEPT = "organisation.json"
JOINERS = 12
FEWEST = 400
"""With fewer people there are not enough of each kind for the changes of the second day."""


@dataclass(frozen=True)
class Day:
    """What differs from the first day in one forest: numbers of people, -1 for nobody."""

    joiners: int = 0
    disabled: frozenset[int] = frozenset()
    gone: int = -1
    moved: int = -1
    added: int = -1


@dataclass
class Forests:
    """What was written."""

    people: int
    big_group: int
    groups: int = 0
    contacts: int = 0
    links: int = 0
    records: int = 0

    def __str__(self) -> str:
        return (
            f"corp.ldif and labs.ldif: {self.people:,} people, {self.groups:,} groups, {self.contacts:,} contacts, "
            f"{self.links:,} memberships.\nThe group {BIG_GROUP!r} has {self.big_group:,} members; there are groups "
            "in groups, and members outside the scope."
        )


@dataclass(frozen=True)
class Changes:
    """What the second day changed; DNs of the forest corp."""

    joiners: tuple[str, ...]
    leaver: str
    gone: str
    moved_from: str
    moved_to: str
    added: str

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{len(self.joiners)} people joined, the first of them {self.joiners[0]}",
                f"one left, and the account is disabled: {self.leaver}",
                f"one is gone from the file, from groups and as a manager: {self.gone}",
                f"one moved: {self.moved_from}\n        to {self.moved_to}",
                f"one is a new member of {BIG_GROUP}: {self.added}",
            )
        )


def write_forests(directory: Path, people: int = 60_000, seed: int = 7) -> Forests:
    """Write the first day to ``corp.ldif`` and ``labs.ldif``.

    :param directory: must exist.
    :param people: in both forests together, at least 400; 19 of 20 are in corp.
    :raises InputRefused: there are too few people.
    """
    if people < FEWEST:
        raise InputRefused(f"{people} people are too few", remedy=f"make at least {FEWEST}")
    (directory / KEPT).write_text(json.dumps({"people": people, "seed": seed}))
    return _write(directory, people, seed, Day())


def change_forests(directory: Path, seed: int = 7, people: int | None = None) -> Changes:
    """Write the second day over the first.

    :param seed: used with ``people``; otherwise what ``write_forests`` kept in the folder counts.
    :raises InputRefused: neither is known.
    """
    if people is None:
        people, seed = _kept(directory)
    corp = _plans(people, seed)[0]
    day = _second_day(corp)
    before = _names(corp, Day())
    after = _names(corp, day)
    _write(directory, people, seed, day)
    return Changes(
        tuple(after[corp.forest.size :]),
        before[min(day.disabled - _first_day_disabled(corp))],
        before[day.gone],
        before[day.moved],
        after[day.moved],
        after[day.added],
    )


def _kept(directory: Path) -> tuple[int, int]:
    try:
        kept = json.loads((directory / KEPT).read_text())
        return int(kept["people"]), int(kept["seed"])
    except (OSError, ValueError, KeyError) as error:
        remedy = "write the first day into the folder before the second"
        raise InputRefused("no made organisation is there", where=str(directory), remedy=remedy) from error


def _plans(people: int, seed: int) -> tuple[Plan, Plan]:
    labs = people // 20
    return (
        Plan(Forest("corp", "Example Corp", people - labs, seed), big=people * 11 // 12),
        Plan(Forest("labs", "Example Labs", labs, seed), big=0),
    )


def _second_day(corp: Plan) -> Day:
    """Who changes: nobody twice."""
    outside = [number for number in range(corp.forest.size) if corp.outside(number)]
    managers = [number for number in outside if number < corp.forest.size // SPAN]
    inside = [number for number in range(SPAN, corp.forest.size) if not corp.outside(number)]
    leaver, moved = inside[len(inside) // 2], inside[len(inside) // 12]
    return Day(JOINERS, _first_day_disabled(corp) | {leaver}, managers[-1], moved, outside[-1])


def _first_day_disabled(corp: Plan) -> frozenset[int]:
    return frozenset({corp.forest.size - 3})


def _names(plan: Plan, day: Day) -> list[str]:
    """DNs of people by number, those of the gone one included."""
    count = plan.forest.size + day.joiners
    return [person_dn(plan.forest, person) for person in people(plan.forest, count, day.moved)]


def _write(directory: Path, count: int, seed: int, day: Day) -> Forests:
    corp, labs = _plans(count, seed)
    written = Forests(count, corp.big)
    if not day.disabled:
        day = Day(disabled=_first_day_disabled(corp))
    for plan, today in ((corp, day), (labs, Day())):
        title = f"{plan.forest.base} - made, nobody in it exists"
        path = directory / f"{plan.forest.name}.ldif"
        with LdifFile(path, title, crlf=plan is labs) as file:
            _write_forest(file, plan, today, written)
            written.records += file.records
    return written


def _write_forest(file: LdifFile, plan: Plan, day: Day, written: Forests) -> None:
    forest = plan.forest
    for name, dn in _units(forest):
        file.write(dn, unit_lines(forest, name))
    names = _names(plan, day)
    for person in people(forest, len(names), day.moved):
        if person.number == day.gone:
            continue
        above = manager_of(person.number)
        manager = None if above is None or above == day.gone else names[above]
        control = DISABLED if person.number in day.disabled else ENABLED
        file.write(names[person.number], person_lines(forest, person, control, manager))
    for number in range(plan.contacts):
        file.write(contact_dn(forest, number), contact_lines(forest, number))
    for number in range(plan.service_accounts):
        file.write(service_account_dn(forest, number), service_account_lines(forest, number))
    file.write(f"CN=Builtin,OU=People,{forest.base}", critical_lines(forest))
    written.contacts += plan.contacts
    _write_groups(file, plan, day, names, written)


def _write_groups(file: LdifFile, plan: Plan, day: Day, names: list[str], written: Forests) -> None:
    made = {group.number: group.name for group in groups(plan)}
    for group in groups(plan, day.added):
        members = list(_members(plan.forest, group, day, names, made))
        file.write(group_dn(plan.forest, group.name), group_lines(plan.forest, group, iter(members)))
        written.groups += 1
        written.links += len(members)


def _members(forest: Forest, group: Group, day: Day, names: list[str], made: dict[int, str]) -> Iterator[str]:
    yield from (names[number] for number in group.people if number != day.gone)
    yield from (group_dn(forest, made[number + 1]) for number in group.groups)
    yield from (contact_dn(forest, number) for number in group.contacts)
    yield from (service_account_dn(forest, number) for number in group.service_accounts)


def _units(forest: Forest) -> Iterator[tuple[str, str]]:
    for name in ("People", "Groups", "Service Accounts"):
        yield name, f"OU={name},{forest.base}"
    for name in DEPARTMENTS:
        yield name, f"OU={escaped(name)},OU=People,{forest.base}"
