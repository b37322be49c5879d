"""People of two forests, joined by mail and by employee number: what changes of them, and who they should be."""

import random
from dataclasses import dataclass, field
from typing import Any

from support.build import group, guid, user, user_dn
from support.model import ListSource
from syncramp.model.facts import Entry

PEOPLE = range(1, 9)
GROUPS = range(101, 103)
FORESTS = (0, 1)
APART = 1000
"""The second forest's entries and groups have numbers above this."""
OWN = ("title", "mobile")
"""What each forest alone says of a person."""


def number_of(forest: int, person: int) -> int:
    return forest * APART + person


def dn_of(forest: int, person: int) -> str:
    return user_dn(number_of(forest, person), ("People", "Forest")[forest])


@dataclass
class Forests:
    """Entries, by forest and person, with what varies of them; and the groups of each forest."""

    sources: tuple[ListSource, ListSource]
    entries: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)
    """People whose entries once shared nothing, and may be two objects for good."""

    def change(self, rng: random.Random) -> None:
        """Something happens to somebody."""
        place = forest, _ = rng.choice(FORESTS), rng.choice(PEOPLE)
        if place not in self.entries:
            self.join(place)
            return
        values = self.entries[place]
        match rng.randrange(9):
            case 0 | 1:
                self.leave(place)
            case 2:
                values["userAccountControl"] = rng.choice(("512", "514"))
            case 3:
                values[OWN[forest]] = rng.choice(("1", "2"))
            case 4:
                values["manager"] = dn_of(*rng.choice([*self.entries]))
            case 5:
                values["isCriticalSystemObject"] = rng.choice(("", "TRUE"))
            case 6:
                values["key"] = rng.choice(("mail", "number", "both", "both", "none"))
            case _:
                self.move(place, rng.choice(FORESTS), rng.choice(GROUPS))
        self.write()

    def join(self, place: tuple[int, int]) -> None:
        self.entries[place] = {"key": "both"}
        self.write()

    def leave(self, place: tuple[int, int]) -> None:
        """As AD does it: every link to who leaves goes too."""
        del self.entries[place]
        for source in self.sources:
            for members in source.members.values():
                if dn_of(*place) in members:
                    members.remove(dn_of(*place))
        for values in self.entries.values():
            if values.get("manager") == dn_of(*place):
                del values["manager"]

    def move(self, place: tuple[int, int], forest: int, into: int) -> None:
        """Into a group of one of the forests, or out of it."""
        members = self.sources[forest].members.setdefault(guid(number_of(forest, into)), [])
        if dn_of(*place) in members:
            members.remove(dn_of(*place))
        else:
            members.append(dn_of(*place))

    def write(self) -> None:
        """The directories as they are now."""
        for forest, source in enumerate(self.sources):
            source.entries.clear()
            source.add(*(group(number_of(forest, one)) for one in GROUPS))
        for forest, person in self.entries:
            self.sources[forest].add(self.entry(forest, person))
        self.apart |= {one for one in PEOPLE if len(self.there(one)) == 2 and not self.shares(one)}

    def entry(self, forest: int, person: int) -> Entry:
        values = dict(self.entries[forest, person])
        values = {name: value for name, value in values.items() if value}
        key = values.pop("key")
        if key in ("mail", "both"):
            values["mail"] = f"user{person}@corp.example.com"
        if key in ("number", "both"):
            values["employeeID"] = str(person)
        return user(number_of(forest, person), ("People", "Forest")[forest], **values)

    def there(self, person: int) -> list[int]:
        """The forests that have the person in scope."""
        return [
            forest
            for forest in FORESTS
            if self.entries.get((forest, person), {"isCriticalSystemObject": "TRUE"}).get("isCriticalSystemObject")
            != "TRUE"
        ]

    def shares(self, person: int) -> bool:
        """Both entries of the person share a key."""
        keys = {self.entries[forest, person]["key"] for forest in FORESTS}
        return "none" not in keys and keys != {"mail", "number"}
