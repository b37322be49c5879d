"""How far what was written has come: the other writable domain controllers, and the site links between them.

The controllers of a domain are those whose NTDS Settings say that they hold its naming context to be written to
(``msDS-hasMasterNCs``, MS-ADTS 6.1.1.2.2.1.2.1.1); read-only ones stand there in another way. Each is asked for its
up-to-dateness vector, by the account that writes. One that cannot be asked fails nothing here: what follows from it
is decided by a gate. Servers of the document are asked first, and tell which controllers they are; the others by
the DNS names that the directory has of them, at the same port.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from syncramp.directory.controller import Controller
from syncramp.errors import SyncrampError
from syncramp.model.written import Standing
from syncramp.source import canonical
from syncramp.source import dn as names
from syncramp.source.ldap import address, freshness
from syncramp.source.ldap.changing import named_by
from syncramp.source.ldap.directory import LdapSource
from syncramp.source.ldap.entries import ranged
from syncramp.source.ldap.freshness import Horizon
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.session import NoSuchEntry, Session

PATIENCE_SECONDS = 5
"""For a connection to a controller that is only asked, and for each answer: one in the same network needs
milliseconds, and twenty that are off must not keep a run."""
MOST = 20
"""Controllers that are asked in one run, and ..."""
LONGEST_SECONDS = 60.0
"""... how long all of them together; the others are asked by a later run."""
USUAL_INTERVAL = 180
"""Minutes of a site link without replInterval (MS-ADTS 6.1.1.2.2.3.2)."""


@dataclass
class Replication:
    """The other controllers of a domain, as one run sees them.

    :param account: the servers of the document, and who signs in.
    :param controller: that of the run.
    """

    account: LdapSource
    controller: Controller
    clock: Callable[[], float] = time.monotonic
    _covering: list[str] = field(default_factory=list)
    """URLs of those that had the last write when they were asked."""

    def link_interval(self) -> float | None:
        """Seconds between two replications over the slowest site link; None: it cannot be asked.

        A link of one site alone, as every new forest has it, joins nothing, and does not count. Schedules are not
        looked at: a link that is open at night alone is as slow as a day.
        """
        with suppress(NoSuchEntry, SyncrampError):
            base = f"CN=Inter-Site Transports,CN=Sites,{self.controller.root.configuration}"
            found = self._entries(base, "(objectClass=siteLink)", ["replInterval", "siteList"])
            links = [_plain(one) for one in found if _joins(one)]
            return 60.0 * max((int(link.get("replinterval", str(USUAL_INTERVAL))) for link in links), default=0)
        return None

    def standing(self, horizon: Horizon, earlier: Sequence[Horizon] = ()) -> list[Standing]:
        """Every writable controller, and whether it has what was written; that of the run comes first.

        :param earlier: what was written until earlier moments, the oldest first.
        """
        self._covering.clear()
        own = self.controller.root.ds_service_name
        told, seen = [Standing(self.controller.url, True)], {names.fold(own)} if own else set()
        until = self.clock() + LONGEST_SECONDS
        writable = self.writable()
        for url in self._urls(writable, seen):
            if len(told) > MOST or self.clock() > until:
                break
            if (found := self._ask(url, horizon, earlier, writable, seen)) is not None:
                told.append(found)
        self._covering += [one.url for one in told[1:] if one.covers]
        return told

    def compare(self, guids: Sequence[bytes]) -> Mapping[bytes, tuple[int, int]] | None:
        """Members of groups at the controller of the run and at one that had the last write when it was asked.

        :returns: of groups that both show; None: no other one had it, or none answers.
        """
        for url in self._covering:
            with suppress(SyncrampError), self._signed_in(url) as other:
                here = self.controller.session()
                both = ((guid, _members(here, guid), _members(other, guid)) for guid in guids)
                return {guid: (one, two) for guid, one, two in both if one is not None and two is not None}
        return None

    def writable(self) -> Mapping[bytes, str]:
        """Writable controllers: the folded DN of the NTDS Settings of each -> its host name; empty: not shown."""
        found: dict[bytes, str] = {}
        with suppress(NoSuchEntry, SyncrampError):
            base = f"CN=Sites,{self.controller.root.configuration}"
            for entry in self._entries(base, "(objectClass=nTDSDSA)", ["msDS-hasMasterNCs"]):
                held = [canonical.text(value) for given in entry.values.values() for value in given]
                if any(names.fold(one) == names.fold(self.controller.partition) for one in held):
                    found[names.fold(canonical.text(entry.dn))] = self._host(names.parent(canonical.text(entry.dn)))
        return found

    def _host(self, server: str) -> str:
        with suppress(NoSuchEntry, SyncrampError):
            return _plain(self.controller.session().entry(server, ["dNSHostName"])).get("dnshostname", "")
        return ""

    def _entries(self, base: str, filter_: str, attributes: Sequence[str]) -> list[Found]:
        found = self.controller.session().pages(base, filter_, attributes)
        return [one for one in found if isinstance(one, Found)]

    def _urls(self, writable: Mapping[bytes, str], seen: Collection[bytes]) -> Iterator[str]:
        """Where controllers are asked: the servers of the document, then those that only the directory names.

        :param seen: which of them were asked; more with every one that is taken.
        """
        yield from (url for url in self.account.servers if url != self.controller.url)
        known = {address.parse(url).host.lower() for url in self.account.servers}
        others = {host.lower() for settings, host in writable.items() if host and settings not in seen}
        pinned = address.parse(self.controller.url)
        rest = sorted(others - known)
        first = self.controller.usn % len(rest) if rest else 0  # it rises: who is left out now comes first later
        for host in [*rest[first:], *rest[:first]]:
            yield f"{'ldaps' if pinned.tls_at_once else 'ldap'}://{host}:{pinned.port}"

    def _ask(
        self,
        url: str,
        horizon: Horizon,
        earlier: Sequence[Horizon],
        writable: Mapping[bytes, str],
        seen: set[bytes],
    ) -> Standing | None:
        """One controller; None: it was asked under another name already, or is none that is written to."""
        try:
            with self._signed_in(url) as session:
                root = session.root()
                which = names.fold(root.ds_service_name) if root.ds_service_name else b""
                if which in seen or (writable and which not in writable):
                    return None
                seen.add(which)
                there = freshness.look(session, root, self.controller.partition)
        except SyncrampError as error:
            return Standing(url, None, error.what)
        lacks = sum(not _has(there, one) for one in earlier)
        return Standing(url, _has(there, horizon), lacks=lacks)

    @contextmanager
    def _signed_in(self, url: str) -> Iterator[Session]:
        session = self.account.connect_to(url, patience=PATIENCE_SECONDS)
        try:
            yield session
        finally:
            session.close()


def _has(there: freshness.Standing, horizon: Horizon) -> bool:
    return not horizon.positions or freshness.judge(horizon, there).proven


def _joins(link: Found) -> bool:
    """Has a site link another number of sites than one, or does it not show them?"""
    return next((len(given) for name, given in link.values.items() if name.lower() == "sitelist"), 0) != 1


def _members(session: Session, guid: bytes) -> int | None:
    """How many members a group has; None: it is not shown."""
    try:
        return len(ranged(session, named_by(guid), named_by(guid), canonical.LINKS))
    except NoSuchEntry:
        return None


def _plain(found: Found) -> dict[str, str]:
    """The first value of each attribute, by its name in small letters."""
    return {name.lower(): canonical.text(given[0]) for name, given in found.values.items() if given}
