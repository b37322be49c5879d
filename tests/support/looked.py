"""Looks at written-back groups, as a run makes them one after the other, and what is known after each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from syncramp.directory.looking import Look
from syncramp.model.written import LookCookie, Lost, Shown
from syncramp.source.ldap import LdapSource

SCHEMA = frozenset({"cn", "displayname", "description", "grouptype", "admindescription", "proxyaddresses"})


def object_id(number: int) -> str:
    return str(UUID(int=0xC10D << 64 | number))


def mark(number: int) -> str:
    """As it is written."""
    return f"Group_{object_id(number)}"


def anchor(number: int) -> str:
    return mark(number).lower()


@dataclass
class Seen:
    """All that looks have shown up to now."""

    source: LdapSource
    """One server of it is looked at: the first."""
    partition: str
    container: str
    schema: frozenset[str] = SCHEMA
    groups: dict[str, Shown] = field(default_factory=dict)
    """Mark -> the group as it was shown last."""
    members: dict[str, frozenset[bytes]] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    """By the last look."""
    told: list[Shown] = field(default_factory=list)
    cookie: bytes | None = None
    note: str = ""
    strangers: int = 0
    hidden: Mapping[str, str] = field(default_factory=dict)

    def look(self) -> "Seen":
        """One more look."""
        known = {group.guid: mark for mark, group in self.groups.items()}
        self.lost, self.told = [], []
        with self.looking() as look:
            for one in look.groups(self.cookie, known):
                self._take(one)
            self.note, self.strangers = look.note, look.strangers
        return self

    @contextmanager
    def looking(self) -> Iterator[Look]:
        with closing(self.source.connect_to(self.source.servers[0])) as session:
            yield Look(session, self.partition, self.container, self.schema)

    def read_again(self) -> Sequence[str]:
        """The marks of groups whose members the last look read."""
        return sorted(one.anchor for one in self.told if one.members is not None)

    def _take(self, one: Shown | Lost | LookCookie) -> None:
        if isinstance(one, LookCookie):
            self.cookie, self.hidden = one.value, one.hidden
        elif isinstance(one, Lost):
            self.lost.append(one)
            self.groups.pop(one.anchor, None)
            self.members.pop(one.anchor, None)
        else:
            self.told.append(one)
            self.groups[one.anchor] = one
            if one.members is not None:
                assert len(one.members) == len(set(one.members))
                self.members[one.anchor] = frozenset(one.members)
