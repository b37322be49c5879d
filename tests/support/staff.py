"""A small organisation whose directory changes by chance, and what of it should be in the cloud."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from support.build import group, guid, user, user_dn
from support.model import ListSource
from syncramp.model.facts import Entry
from syncramp.model.values import Kind

PEOPLE = range(1, 13)
GROUPS = range(101, 104)
MIGRATED = 20
"""Person 21 is person 1 in another account, which took the source anchor along; so are 22 and 2, and so on."""
MOVERS = range(1, 5)
CLERK = "Clerk"
ELSEWHERE = "TRUE"
"""Marks who is out of scope."""


@dataclass
class Staff:
    """People, by the number of their account, with what varies of them; and the groups they are in."""

    source: ListSource
    people: dict[int, dict[str, Any]] = field(default_factory=dict)
    contacts: set[int] = field(default_factory=set)
    """Those who are contacts now."""
    without_clerks: bool = False
    """The document leaves clerks out."""

    def change(self, rng: random.Random) -> None:
        """Something happens to somebody."""
        number = rng.choice(PEOPLE)
        if number not in self.people and number in MOVERS and number + MIGRATED in self.people:
            number += MIGRATED
        if number not in self.people:
            self.join(number)
            return
        person = self.people[number]
        match rng.randrange(9):
            case 0:
                self.leave(number)
            case 1 if number in MOVERS:
                self.leave(number)
                self.join(number + MIGRATED)
            case 2:
                person["userAccountControl"] = rng.choice(("512", "514"))
            case 3:
                person["title"] = rng.choice((CLERK, "Director"))
            case 4:
                person["manager"] = rng.choice([*self.people])
            case 5:
                person["isCriticalSystemObject"] = rng.choice(("", ELSEWHERE))
            case 6 if number in PEOPLE and rng.random() < 0.5:
                self.contacts ^= {number}
            case _:
                self.move(number, rng.choice(GROUPS))
        self.write()

    def work(self, day: int) -> None:
        """Something small, on every day: a soak counts runs that export."""
        for number in [number for number in self.people if self.in_scope(number)][:1]:
            self.people[number]["title"] = f"Clerk of day {day}"
        self.write()

    def join(self, number: int) -> None:
        self.people[number] = {}
        self.write()

    def leave(self, number: int) -> None:
        """As AD does it: every link to who leaves goes too."""
        del self.people[number]
        self.contacts.discard(number)
        for members in self.source.members.values():
            if user_dn(number) in members:
                members.remove(user_dn(number))
        for person in self.people.values():
            if person.get("manager") == number:
                del person["manager"]

    def move(self, number: int, into: int) -> None:
        """Into a group, or out of it."""
        members = self.source.members.setdefault(guid(into), [])
        if user_dn(number) in members:
            members.remove(user_dn(number))
        else:
            members.append(user_dn(number))

    def write(self) -> None:
        """The directory as it is now."""
        self.source.entries.clear()
        self.source.add(*map(self.entry, self.people), *map(group, GROUPS))

    def entry(self, number: int) -> Entry:
        values = {"mail": f"user{number}@corp.example.com", **self.people[number]}
        if "manager" in values:
            values["manager"] = user_dn(values["manager"])
        if not values.get("isCriticalSystemObject"):
            values.pop("isCriticalSystemObject", None)
        if number > MIGRATED:
            values["mS_DS_ConsistencyGuid"] = guid(number - MIGRATED)
        made = user(number, **values)
        return replace(made, kind=Kind.CONTACT) if number in self.contacts else made

    def in_scope(self, number: int) -> bool:
        person = self.people[number]
        clerk = self.without_clerks and person.get("title") == CLERK
        return person.get("isCriticalSystemObject") != ELSEWHERE and not clerk
