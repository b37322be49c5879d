"""Entries of one naming context as facts, whoever asks for them: a full read, or one of what changed.

An attribute that comes as a first range is read to its end, and so are the members of a group, which are asked for in
ranges from the start: Active Directory caps one answer at MaxValRange values, and hands out the rest that way alone.
No range is asked for behind the last value. Other servers know no ranges and give all values at once.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from syncramp.errors import SourceIncomplete, SourceUnavailable
from syncramp.model.facts import Container, Entry, LinkChange, Links, Remark
from syncramp.model.seams import Known
from syncramp.model.values import Kind
from syncramp.source import canonical, spellings, words
from syncramp.source.ldap import references
from syncramp.source.ldap.changing import named_by
from syncramp.source.ldap.messages import Control, Found, Message, Reference
from syncramp.source.ldap.persons import Persons
from syncramp.source.ldap.references import Targets
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.runs import Form
from syncramp.source.ldap.search import Scope
from syncramp.source.ldap.session import NoSuchEntry
from syncramp.source.ranges import Answer, PlainNames, Range, RangeError, describe, follow
from syncramp.source.uids import Uids

KINDS = ("user", "inetOrgPerson", "group", "contact", *words.CLASSES)
FILTER = "(|{})".format(
    "".join(f"(objectClass={name})" for name in [*KINDS, *sorted(name.decode() for name in canonical.CONTAINERS)])
)
"""Only classes, computers among the users: entries that leave a narrower filter would vanish without a word, so
scopes are judged by us."""
TOGETHER = 100
"""Entries that are asked for by GUID in one search: a filter of about 10 kB."""
OBJECT_GUID, ENTRY_UUID = "objectGUID", "entryUUID"
MEMBER_OF = "memberOf"
DELETED = rb"\0ADEL:"
"""In the name of every deleted entry, MS-ADTS 3.1.1.5.5.1.1."""
_NAMES = PlainNames()
MEMBERS = (canonical.LINKS, words.UNIQUE, words.UIDS)
"""Attributes with the members of a group, in servers of other kinds."""


class Searches(Protocol):
    """The part of a session that reads need."""

    server: str

    def search(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        *,
        scope: Scope = Scope.SUBTREE,
        controls: Sequence[Control] = (),
    ) -> Iterator[Message]:
        """Search without pages."""

    def entry(self, dn: str | bytes, attributes: Sequence[str], *, controls: Sequence[Control] = ()) -> Found:
        """Read one entry."""

    def pages(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        *,
        controls: Sequence[Control] = (),
        size: int = ...,
        form: Form | None = ...,
    ) -> Generator[Found | Reference]:
        """Read a subtree page by page."""


@dataclass(frozen=True)
class Entries:
    """The entries of one naming context at one server."""

    session: Searches
    root: Root
    partition: str
    wanted: frozenset[str]
    devices: bool = False
    """Computers are asked for too."""
    uids: Uids | None = None
    """Accounts by their name, as they are read; None: no group names its members so."""
    known: Known | None = None
    """What was told before; None: nobody keeps it."""

    @property
    def attributes(self) -> list[str]:
        """What every entry is asked for."""
        return sorted((self.wanted | canonical.NEEDED) - {canonical.LINKS})

    def form(self) -> Form | None:
        """How a search for all of them reads people; None: as any, since more than their facts is looked at."""
        return Persons(self.wanted) if self.uids is None else None

    def fact(self, found: Found) -> Entry | Container | None:
        """None, if it is of no kind that is asked for.

        :raises SourceIncomplete: it has no GUID.
        :raises names.DnError: a DN is malformed.
        """
        dn, values = canonical.text(found.dn), self._values(found)
        try:
            entry = canonical.entry_from(dn, values, self.wanted, devices=self.devices)
        except canonical.EntryError as error:
            raise SourceIncomplete(str(error), where=self.session.server, remedy=error.remedy) from error
        if self.uids is not None and entry is not None and entry.kind is Kind.USER:
            self.uids.add(values.get(words.ACCOUNT, ()), entry.guid)
        return entry or canonical.container_from(dn, values)

    def named(self, guids: Sequence[bytes], attribute: str = OBJECT_GUID) -> Iterator[Found]:
        """Those of these entries that are there and shown.

        :param attribute: the one that holds the GUID.
        """
        value = _escaped if attribute == OBJECT_GUID else _text
        for start in range(0, len(guids), TOGETHER):
            parts = [f"({attribute}={value(guid)})" for guid in guids[start : start + TOGETHER]]
            for message in self.session.pages(self.partition, f"(|{''.join(parts)})", self.attributes):
                if isinstance(message, Found):
                    yield message

    def links(self, guid: bytes, dn: str) -> Iterator[Links | Remark]:
        """All members of a group, and what is to be said of names that are none.

        :raises NoSuchEntry: it is not there any more, or not shown.
        :raises SourceUnavailable: they did not come whole.
        """
        if self.root.active_directory:
            yield from references.links(guid, self._members(guid, dn))
        else:
            found = self.session.entry(dn, MEMBERS)
            values = self._values(found)
            accounts, remarks = (self.uids or Uids()).members(dn, values.get(words.UIDS, ()))
            yield from remarks
            yield from self._named_links(guid, words.member_names(values), accounts)

    def _named_links(self, guid: bytes, members: Sequence[bytes], accounts: Sequence[bytes]) -> Iterator[Links]:
        if self.known is None or not self.known.keyed or accounts:
            yield from canonical.links_from(guid, members, accounts)
        elif spellings.large(members):
            yield spellings.links(guid, members, self.known.spelled(guid, canonical.LINKS))
        else:
            yield spellings.unmarked(guid, members)

    def members(self, guid: bytes, dn: str) -> Targets:
        """Whom the members of a group of Active Directory name; who was deleted is none any more.

        Active Directory leaves those out by itself. Samba (4.17) shows them once the recycle bin is on.

        :raises NoSuchEntry: it is not there any more, or not shown.
        :raises SourceUnavailable: they did not come whole.
        :raises names.DnError: a member is no DN.
        """
        return references.targets(value for value in self._members(guid, dn) if DELETED not in value)

    def memberships(self, guid: bytes) -> Iterator[LinkChange]:
        """The groups of this directory that an entry is a direct member of, each as a change that it gained it.

        :raises NoSuchEntry: it is not there any more, or not shown.
        """
        groups = references.targets(self._ranged(named_by(guid), named_by(guid), MEMBER_OF, extended=True))
        for group in groups.guids:
            yield LinkChange(group, canonical.LINKS, gained=True, guids=(guid,))

    def _members(self, guid: bytes, dn: str) -> Sequence[bytes]:
        return self._ranged(named_by(guid), dn, canonical.LINKS, extended=True)

    def _values(self, found: Found) -> dict[str, Sequence[bytes]]:
        """By name; an attribute that came as a first range is read to its end."""
        values: dict[str, Sequence[bytes]] = {}
        for spelled, given in found.values.items():
            if name := _NAMES[spelled]:
                if name not in values:
                    values[name] = given
                continue
            description = describe(spelled)
            if description is None or description.foreign:
                continue
            if description.range is not None and given:
                values[description.name] = self._ranged(found.dn.decode(), found.dn.decode(), description.name)
            else:
                values.setdefault(description.name, given)
        return values

    def _ranged(self, name: str, dn: str, attribute: str, *, extended: bool = False) -> Sequence[bytes]:
        return ranged(self.session, name, dn, attribute, extended=extended)


def ranged(session: Searches, name: str, dn: str, attribute: str, *, extended: bool = False) -> Sequence[bytes]:
    """All values of an attribute, range by range.

    :param name: what the server finds the entry by.
    :param dn: what people call it.
    :param extended: values that are names come with their GUIDs.
    :raises SourceUnavailable: they did not come whole, or the server does not answer.
    """
    controls = (references.EXTENDED,) if extended else ()

    def ask(start: int) -> Answer | None:
        found = session.entry(name, [f"{attribute};range={start}-*"], controls=controls)
        for spelled, given in found.values.items():
            description = describe(spelled)
            if description is not None and description.name == attribute.lower() and given:
                return description.range or Range(0, None), given
        return None

    try:
        return follow(ask)
    except RangeError as error:
        raise SourceUnavailable(
            f"{attribute} of {dn} did not come whole ({error})",
            where=session.server,
            remedy="it may have changed while it was read; the next run reads it again",
        ) from error


def uids_wanted(session: Searches, root: Root, partition: str) -> Uids | None:
    """Where accounts are kept by their name, if any group of a naming context may name its members so."""
    posix = not root.active_directory and holds_any(session, partition, "(objectClass=posixGroup)")
    return Uids() if posix else None


def holds_any(session: Searches, partition: str, filter_: str) -> bool:
    """Is there an entry that a filter finds? None, if the naming context is not shown."""
    with suppress(NoSuchEntry):  # the read itself tells
        return any(isinstance(message, Found) for message in session.pages(partition, filter_, ["1.1"], size=1))
    return False


def _text(guid: bytes) -> str:
    """As the value of an entryUUID (RFC 4530)."""
    return str(UUID(bytes_le=guid))


def _escaped(guid: bytes) -> str:
    """As the value of a filter (RFC 4515 3)."""
    return "".join(f"\\{byte:02x}" for byte in guid)
