"""One naming context of a server, read to its end.

First come all entries and containers, page by page and without their members, then the members of each group, so that
no answer holds a page of large groups. The read is complete if every page and every range ended as it should, and no
reference says that a part inside a scope stands on another server.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from syncramp.errors import SourceIncomplete, SourceUnavailable
from syncramp.model.facts import Container, Entry, Fact, Proof
from syncramp.model.values import Kind
from syncramp.source import canonical
from syncramp.source import dn as names
from syncramp.source.ldap.entries import FILTER, Entries
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.session import NoSuchEntry


@dataclass
class Reading:
    """A full read of one partition; ``facts`` is to be called once."""

    entries: Entries
    bases: Sequence[str]
    _seen: int = 0
    """Entries that came, containers included."""
    _count: int = 0
    _groups: list[tuple[bytes, str]] = field(default_factory=list)
    """GUID and DN of the groups seen."""
    _elsewhere: set[str] = field(default_factory=set)
    _problem: str = ""

    def facts(self) -> Iterator[Fact]:
        """Containers and entries, links, proof.

        :raises SyncrampError: the stream broke off; the text says after how many entries.
        """
        with told(self.entries, lambda: self._seen):
            try:
                yield from self._read_entries()
                for guid, dn in self._groups:
                    yield from self.entries.links(guid, dn)
            except NoSuchEntry:
                self._blame("an entry vanished while it was read, or is not shown to this account")
        if not self._count:
            self._blame("this account sees no user, group or contact in it")
        elsewhere = tuple(sorted(self._elsewhere))
        partition, complete = self.entries.partition, not self._problem
        yield Proof(partition, complete, self._count, None, self._problem, references=elsewhere)

    def _read_entries(self) -> Iterator[Fact]:
        entries = self.entries
        pages = entries.session.pages(entries.partition, FILTER, entries.attributes, form=entries.form())
        for message in pages:
            if not isinstance(message, Found):
                for url in filter(self._concerns_us, message.urls):
                    self._refer(url)
            elif message.facts:
                self._seen += len(message.facts)
                self._count += len(message.facts)
                yield from message.facts
            elif (fact := self._fact(message)) is not None:
                yield fact

    def _fact(self, found: Found) -> Entry | Container | None:
        self._seen += 1
        fact = self.entries.fact(found)
        if not isinstance(fact, Container):
            self._count += 1
        if isinstance(fact, Entry) and fact.kind is Kind.GROUP:
            self._groups.append((fact.guid, canonical.text(found.dn)))
        return fact

    def _refer(self, url: str) -> None:
        """Note a part inside a scope that stands elsewhere. In Active Directory that is another naming context, which
        this server may hold, too; elsewhere it is a hole in this one.
        """
        if not self.entries.root.active_directory:
            self._blame(f"a part of it stands elsewhere ({url}), and references are not followed")
        elif _target(url) not in self.entries.root.naming_contexts:
            self._elsewhere.add(url)

    def _concerns_us(self, url: str) -> bool:
        """Does what the reference leads to overlap a scope?"""
        target = _target(url)
        return target is None or any(
            names.is_below(target, base) or names.is_below(base, target) for base in self.bases
        )

    def _blame(self, problem: str) -> None:
        entries = self.entries
        self._problem = self._problem or f"{entries.session.server}: {entries.partition}: {problem}"


def _target(url: str) -> str | None:
    """The DN that a reference leads to; None if it has none."""
    try:
        return names.canonical(unquote(urlsplit(url).path).removeprefix("/"))
    except ValueError:
        return None


@contextmanager
def told(entries: Entries, count: Callable[[], int]) -> Iterator[None]:
    """Whatever breaks a read off says after how many entries it did.

    :raises SourceUnavailable: with that said.
    :raises SourceIncomplete: a DN that is none.
    """
    try:
        yield
    except SourceUnavailable as error:
        what = f"{error.what}, after {count()} entries of {entries.partition}"
        raise SourceUnavailable(what, where=error.where, remedy=error.remedy) from error
    except names.DnError as error:
        raise SourceIncomplete(
            f"a DN cannot be read: {error}",
            where=entries.session.server,
            remedy="correct the value in the directory",
        ) from error
