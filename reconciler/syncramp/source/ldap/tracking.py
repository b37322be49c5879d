"""How the changes of an Active Directory domain are found, and what is read: what changed, or everything.

DirSync is taken where the account has the right: any controller answers it, and it tells every kind of change.
Without the right it is uSNChanged, if the account is shown deleted entries; and otherwise everything is read each
time. A full read notes where the next delta begins before its first page, so that what changes meanwhile is told
again.

A watermark is not taken when it is of another domain or method, when it is so old that tombstones may be forgotten,
when the server refuses it, or when USNs are another server's. Then everything is read, and the proof says why. All
that can be refused is asked before the first fact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from syncramp.errors import AccessDenied
from syncramp.model.facts import Fact, Proof
from syncramp.model.seams import Known
from syncramp.model.tracking import AUTO, DIRSYNC, FULL, OF_OPENLDAP, USN
from syncramp.source.ldap import dirsync, tombstones, usn
from syncramp.source.ldap.delta import by_dirsync, by_usn
from syncramp.source.ldap.entries import Entries
from syncramp.source.ldap.open_tracking import OpenTracked
from syncramp.source.ldap.reading import Reading
from syncramp.source.ldap.session import NoSuchEntry
from syncramp.source.ldap.watermark import Watermark, decoded

OLDEST = timedelta(days=30)
"""Deleted entries are kept for 60 days or more by default (tombstoneLifetime, MS-ADTS 6.1.1.2.4.1.1)."""


@dataclass(frozen=True)
class Tracked:
    """One read of a partition; ``facts`` is to be called once."""

    entries: Entries
    bases: Sequence[str]
    method: str = AUTO
    """What the document asks for."""
    known: Known | None = None

    def facts(self) -> Iterator[Fact]:
        """What changed, or everything; then the proof.

        :raises AccessDenied: the document asks for DirSync, and this account has not the right.
        :raises SyncrampError: the stream broke off.
        """
        if not self.entries.root.active_directory and self.method in (AUTO, *OF_OPENLDAP):
            yield from OpenTracked(self.entries, self.bases, self.method, self.known).facts()
            return
        if self.method == FULL or self.method in OF_OPENLDAP or not self.entries.root.active_directory:
            kind = "OpenLDAP" if self.method in OF_OPENLDAP else "Active Directory"
            why = "" if self.method in (AUTO, FULL) else f"{self.method} is known to {kind} alone"
            for fact in Reading(self.entries, self.bases).facts():
                yield replace(fact, why_full=why) if isinstance(fact, Proof) else fact
            return
        domain = self._domain()
        old = decoded(self.known.watermark if self.known else None)
        delta, why = self._delta(old, domain) if old is not None else (None, "")
        if delta is not None:
            yield from delta
            return
        start, obstacle = self._begin(domain)
        for fact in Reading(self.entries, self.bases).facts():
            yield self._marked(fact, start, why or obstacle) if isinstance(fact, Proof) else fact

    def _marked(self, proof: Proof, start: Watermark | None, why: str) -> Proof:
        """A full read's proof, with where the next delta begins."""
        mark = start.encoded() if start is not None and proof.complete else None
        return replace(proof, tracking=start.method if start else FULL, why_full=why, watermark=mark)

    def _domain(self) -> bytes:
        """objectGUID of the domain; empty, if it is not shown."""
        try:
            values = self.entries.session.entry(self.entries.partition, ["objectGUID"]).values
        except NoSuchEntry:
            return b""
        return next((value for given in values.values() for value in given), b"")

    def _delta(self, old: Watermark, domain: bytes) -> tuple[Iterator[Fact] | None, str]:
        """What changed since; or None, and why everything is to be read."""
        if why := self._unfit(old, domain):
            return None, why
        entries = self.entries
        if old.method == USN:
            mark = replace(old, at=self._now(), usn=entries.root.highest_usn or 0)
            return by_usn(entries, self.known, old.usn, mark.encoded()), ""
        try:
            changed, cookie = dirsync.changes(entries.session, entries.partition, entries.wanted, old.cookie)
        except dirsync.CookieRefused as refusal:
            return None, f"the server does not take the cookie of the last read ({refusal})"
        except AccessDenied as denial:
            if self.method == DIRSYNC:
                raise
            return None, denial.what
        mark = replace(old, at=self._now(), cookie=cookie)
        return by_dirsync(entries, self.known, changed, mark.encoded(), replace(mark, usn=1).encoded()), ""

    def _unfit(self, old: Watermark, domain: bytes) -> str:
        """Why a delta cannot begin there; empty if it can be tried."""
        root = self.entries.root
        if old.domain != domain or not domain:
            return "it is another domain than the one that was read before"
        if self._now() - old.at > OLDEST:
            return f"the last read is more than {OLDEST.days} days old, and deleted entries are not kept for ever"
        if self.method not in (AUTO, old.method):
            return f"changeTracking is {self.method}, and was {old.method} in the last read"
        if old.method != USN:
            return "" if not old.usn else "somebody was moved to where this account sees nothing"
        if root.invocation_id != old.server:
            return "another domain controller answers, or it was restored from a backup: its USNs are others"
        if (root.highest_usn or 0) < old.usn:
            return "the domain controller's USNs went back: it was restored without Active Directory's knowledge"
        return usn.obstacle(self.entries)

    def _begin(self, domain: bytes) -> tuple[Watermark | None, str]:
        """Where the next delta will begin, and what stands against a better way, or any."""
        entries, root, why = self.entries, self.entries.root, ""
        if not domain:
            return None, f"the root of {entries.partition} is not shown to this account"
        if self.method != USN:
            try:
                cookie, shows_deleted = dirsync.begin(entries.session, entries.partition)
                if shows_deleted:
                    return Watermark(DIRSYNC, domain, self._now(), cookie=cookie), ""
                return None, tombstones.unseen(entries.partition)
            except AccessDenied as denial:
                if self.method == DIRSYNC:
                    raise
                why = f"{denial.what}; "
        if obstacle := usn.obstacle(entries):
            return None, f"{why}{obstacle}"
        mark = Watermark(USN, domain, self._now(), server=root.invocation_id or b"", usn=root.highest_usn or 0)
        return mark, f"{why}changes are found by uSNChanged" if why else ""

    def _now(self) -> datetime:
        return self.entries.root.current_time or datetime.now(UTC)
