"""One naming context of a server, read to its end.

First come all entries, page by page and without their members, then the members of each group, so that no answer
holds a page of large groups. Active Directory hands out members in ranges and is asked for them; other servers know
no ranges and give all values at once. The read is complete if every page and every range ended as it should, and no
reference says that a part inside a scope stands on another server.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote, urlsplit

from syncramp.errors import SourceIncomplete, SourceUnavailable
from syncramp.model.facts import Fact, Proof
from syncramp.model.values import Kind
from syncramp.source import canonical
from syncramp.source import dn as names
from syncramp.source.ldap.messages import Found, Reference
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry
from syncramp.source.ranges import Answer, Range, RangeError, describe, follow

FILTER = "(|(objectClass=user)(objectClass=inetOrgPerson)(objectClass=group)(objectClass=contact))"
"""Only kinds, computers among the users: entries that leave a narrower filter would vanish without a word, so scopes
are judged by us."""


class Searches(Protocol):
    """The part of a session that a reading needs."""

    server: str

    def entry(self, dn: bytes, attributes: Sequence[str]) -> Found:
        """Read one entry."""

    def pages(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Found | Reference]:
        """Read a subtree page by page."""


@dataclass
class Reading:
    """A read of one partition; ``facts`` is to be called once."""

    session: Searches
    partition: str
    wanted: frozenset[str]
    bases: Sequence[str]
    root: Root
    devices: bool = False
    """Computers are asked for too."""
    _entries: int = 0
    _groups: list[tuple[bytes, bytes]] = field(default_factory=list)
    """GUID and DN of the groups seen."""
    _problem: str = ""

    def facts(self) -> Iterator[Fact]:
        """Entries, links, proof.

        :raises SyncrampError: the stream broke off; the text says after how many entries.
        """
        try:
            yield from self._read_entries()
            for guid, dn in self._groups:
                yield from canonical.links_from(guid, self._members(dn))
        except SourceUnavailable as error:
            what = f"{error.what}, after {self._entries} entries of {self.partition}"
            raise SourceUnavailable(what, where=error.where, remedy=error.remedy) from error
        except names.DnError as error:
            raise SourceIncomplete(
                f"a DN cannot be read: {error}",
                where=self.session.server,
                remedy="correct the value in the directory",
            ) from error
        except NoSuchEntry:
            self._blame("an entry vanished while it was read, or is not shown to this account")
        if not self._entries:
            self._blame("this account sees no user, group or contact in it")
        yield Proof(self.partition, not self._problem, self._entries, None, self._problem)

    def _read_entries(self) -> Iterator[Fact]:
        attributes = sorted((self.wanted | canonical.NEEDED) - {canonical.LINKS})
        for message in self.session.pages(self.partition, FILTER, attributes):
            if isinstance(message, Found):
                yield from self._entry(message)
            elif not self.root.active_directory:
                for url in filter(self._concerns_us, message.urls):
                    self._blame(f"a part of it stands elsewhere ({url}), and references are not followed")

    def _entry(self, found: Found) -> Iterator[Fact]:
        self._entries += 1
        try:
            entry = canonical.entry_from(
                canonical.text(found.dn), self._values(found), self.wanted, devices=self.devices
            )
        except canonical.EntryError as error:
            raise SourceIncomplete(str(error), where=self.session.server, remedy=error.remedy) from error
        if entry is None:
            return
        if entry.kind is Kind.GROUP:
            self._groups.append((entry.guid, found.dn))
        yield entry

    def _values(self, found: Found) -> dict[str, Sequence[bytes]]:
        """By name; an attribute that came as a first range is read to its end."""
        values: dict[str, Sequence[bytes]] = {}
        for spelled, given in found.values.items():
            description = describe(spelled)
            if description is None or description.foreign:
                continue
            if description.range is not None and given:
                values[description.name] = self._ranged(found.dn, description.name)
            else:
                values.setdefault(description.name, given)
        return values

    def _members(self, dn: bytes) -> Sequence[bytes]:
        if self.root.active_directory:
            return self._ranged(dn, canonical.LINKS)
        return self._values(self.session.entry(dn, [canonical.LINKS])).get(canonical.LINKS, ())

    def _ranged(self, dn: bytes, name: str) -> Sequence[bytes]:
        try:
            return follow(lambda start: self._range(dn, name, start))
        except RangeError as error:
            raise SourceUnavailable(
                f"{name} of {canonical.text(dn)} did not come whole ({error})",
                where=self.session.server,
                remedy="it may have changed while it was read; the next run reads it again",
            ) from error

    def _range(self, dn: bytes, name: str, start: int) -> Answer | None:
        found = self.session.entry(dn, [f"{name};range={start}-*"])
        for spelled, given in found.values.items():
            description = describe(spelled)
            if description is not None and description.name == name and given:
                return description.range or Range(0, None), given
        return None

    def _concerns_us(self, url: str) -> bool:
        """Does what the reference leads to overlap a scope?"""
        try:
            target = names.canonical(unquote(urlsplit(url).path).removeprefix("/"))
            return any(names.is_below(target, base) or names.is_below(base, target) for base in self.bases)
        except ValueError:
            return True

    def _blame(self, problem: str) -> None:
        self._problem = self._problem or f"{self.session.server}: {self.partition}: {problem}"
