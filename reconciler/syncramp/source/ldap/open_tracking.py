"""How the changes of an OpenLDAP directory are found, and what is read: what changed, or everything.

Where the server offers content synchronization (``syncrepl``), that is taken; where it shows a contextCSN, that
(``context_csn``); otherwise everything is read each time. Both tell entries by their entryUUID, so neither is taken
of a directory whose entries have an objectGUID of their own.

An organizational unit that was renamed comes alone, as in Active Directory. Groups that name their members by the
names of accounts (``memberUid``) are read again whenever anything changed, together with these names: who got or lost
a name may be anywhere.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from syncramp.errors import InputRefused
from syncramp.model.facts import Entry, Fact, Gone, Links, Proof, Remark, Restart
from syncramp.model.seams import Known
from syncramp.model.tracking import AUTO, CONTEXT_CSN, FULL, SYNCREPL
from syncramp.model.values import Kind
from syncramp.source import canonical
from syncramp.source.ldap import context_csn, syncrepl
from syncramp.source.ldap.entries import ENTRY_UUID, FILTER, Entries, holds_any
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.reading import Reading, told
from syncramp.source.ldap.session import NoSuchEntry
from syncramp.source.ldap.syncrepl import Deleted, Present, Refused
from syncramp.source.ldap.watermark import Watermark, decoded


@dataclass
class OpenTracked:
    """One read of a partition; ``facts`` is to be called once."""

    entries: Entries
    bases: Sequence[str]
    method: str = AUTO
    """What the document asks for."""
    known: Known | None = None
    _changed: int = field(default=0, init=False)
    _seen: bytearray = field(default_factory=bytearray, init=False)
    """GUIDs of what is there, as far as it was told."""
    _groups: dict[bytes, str] = field(default_factory=dict, init=False)
    """GUID and DN of the groups whose members are read."""

    def facts(self) -> Iterator[Fact]:
        """What changed, or everything; then the proof.

        :raises InputRefused: the document asks for a way that the server does not offer.
        :raises SyncrampError: the stream broke off.
        """
        suffix = self._suffix()
        old, why = decoded(self.known.watermark if self.known else None), ""
        if old is not None and not (why := self._unfit(old, suffix)):
            try:
                with told(self.entries, lambda: self._changed):
                    yield from self._by_syncrepl(old) if old.method == SYNCREPL else self._by_context_csn(old)
                return
            except Refused as refusal:
                why = str(refusal)
                if self._changed:
                    yield Restart(why)
        start, obstacle = self._begin(suffix)
        for fact in Reading(self.entries, self.bases).facts():
            yield self._marked(fact, start, why or obstacle) if isinstance(fact, Proof) else fact

    def _marked(self, proof: Proof, start: Watermark | None, why: str) -> Proof:
        mark = start.encoded() if start is not None and proof.complete else None
        return replace(proof, tracking=start.method if start else FULL, why_full=why, watermark=mark)

    # --- where it begins -------------------------------------------------------------------------------------------

    def _suffix(self) -> bytes:
        """entryUUID of the naming context's root; empty, if it is not shown."""
        try:
            values = self.entries.session.entry(self.entries.partition, ["entryUUID"]).values
            return next((UUID(value.decode()).bytes for given in values.values() for value in given), b"")
        except (NoSuchEntry, ValueError):
            return b""

    def _unfit(self, old: Watermark, suffix: bytes) -> str:
        """Why a delta cannot begin there; empty if it can be tried."""
        if old.domain != suffix or not suffix:
            return "it is another directory than the one that was read before"
        if self.method not in (AUTO, old.method):
            return f"changeTracking is {self.method}, and was {old.method} in the last read"
        return ""

    def _begin(self, suffix: bytes) -> tuple[Watermark | None, str]:
        """Where the next delta will begin; or None, and why none can."""
        session, partition, now = self.entries.session, self.entries.partition, datetime.now(UTC)
        if not suffix:
            return None, self._demand("its suffix shows no entryUUID")
        if holds_any(session, partition, "(objectGUID=*)"):
            return None, self._demand(
                "entries have an objectGUID of their own, and servers tell of them by entryUUID"
            )
        if self.method != CONTEXT_CSN and (cookie := syncrepl.begin(session, partition)):
            return Watermark(SYNCREPL, suffix, now, cookie=cookie), ""
        if self.method != SYNCREPL and (csns := context_csn.read(session, partition)):
            return Watermark(CONTEXT_CSN, suffix, now, cookie=_joined(csns)), ""
        why = "the server does not offer it: the overlay syncprov is missing, or the right to see it"
        return None, self._demand(why)

    def _demand(self, why: str) -> str:
        """Why changes cannot be told, where that will do.

        :raises InputRefused: the document demands a way.
        """
        if self.method != AUTO:
            raise InputRefused(
                f"changes of {self.entries.partition} cannot be found by {self.method}: {why}",
                where=self.entries.session.server,
                remedy="set spec.sources[].ldap.changeTracking to Auto, or mend the server",
            )
        return f"changes cannot be told: {why}"

    # --- what changed ----------------------------------------------------------------------------------------------

    def _by_syncrepl(self, old: Watermark) -> Iterator[Fact]:
        entries = self.entries
        refresh = syncrepl.Refresh(entries.session, entries.partition, FILTER, entries.attributes, old.cookie)
        for said in refresh.changes():
            match said:
                case Found():
                    yield from self._entry(said)
                case Deleted(guids):
                    self._changed += len(guids)
                    yield from map(Gone, guids)
                case Present(guids):
                    self._seen += b"".join(guids)
        missing = yield from self._absent(old, swept=refresh.absent_are_gone)
        yield from self._links()
        yield self._proof(replace(old, at=datetime.now(UTC), cookie=refresh.cookie, missing=missing))

    def _by_context_csn(self, old: Watermark) -> Iterator[Fact]:
        entries = self.entries
        before = context_csn.parsed(old.cookie.split(b"\n"))
        now = context_csn.read(entries.session, entries.partition)
        if why := context_csn.obstacle(before, now):
            raise Refused(why)
        moved = now != before
        mark = replace(old, at=datetime.now(UTC), cookie=_joined(now), usn=old.usn + moved)
        sweeps = moved or not old.usn
        if sweeps:
            session, partition = entries.session, entries.partition
            for found in context_csn.changed(session, partition, FILTER, entries.attributes, before):
                yield from self._entry(found)
            for guid in context_csn.sweep(session, partition, FILTER):
                self._seen += guid
        missing = yield from self._absent(old, swept=sweeps)
        yield from self._links()
        yield self._proof(replace(mark, missing=missing))

    def _absent(self, old: Watermark, *, swept: bool) -> Generator[Fact, None, frozenset[bytes]]:
        """Who was missed by the last read, and by this one too, is gone: two must agree where nobody says so.

        :param swept: all that is there was told.
        :returns: GUIDs of whom this read missed first.
        """
        unseen = frozenset(self.known.unseen(bytes(self._seen)) if swept and self.known is not None else old.missing)
        found = list(self.entries.named(sorted(unseen), ENTRY_UUID))
        for again in found:
            yield from self._entry(again)
        absent = unseen.difference(self._guids_of(found))
        self._changed += len(absent & old.missing)
        yield from map(Gone, sorted(absent & old.missing))
        return absent - old.missing

    def _guids_of(self, found: Sequence[Found]) -> Iterator[bytes]:
        facts = map(self.entries.fact, found)
        return (fact.guid for fact in facts if fact is not None)

    def _proof(self, mark: Watermark) -> Proof:
        return Proof(
            self.entries.partition,
            True,
            self._changed,
            None,
            delta=True,
            tracking=mark.method,
            watermark=mark.encoded(),
            missed=mark.missing,
        )

    def _entry(self, found: Found) -> Iterator[Fact]:
        self._changed += 1
        fact = self.entries.fact(found)
        if isinstance(fact, Entry) and fact.kind is Kind.GROUP:
            self._groups[fact.guid] = fact.dn
        if fact is not None:
            self._seen += fact.guid
            yield fact

    def _links(self) -> Iterator[Links | Remark]:
        if self._changed and self.entries.uids is not None:
            self._read_names()
        for guid, dn in self._groups.items():
            try:
                yield from self.entries.links(guid, dn)
            except NoSuchEntry:  # deleted meanwhile: the next delta tells
                continue

    def _read_names(self) -> None:
        """All accounts by their names, and the groups that name them."""
        session, partition = self.entries.session, self.entries.partition
        for message in session.pages(partition, f"(&{FILTER}(uid=*))", sorted(canonical.NEEDED)):
            if isinstance(message, Found):
                self.entries.fact(message)  # which notes the names
        for message in session.pages(partition, "(objectClass=posixGroup)", sorted(canonical.NEEDED)):
            fact = self.entries.fact(message) if isinstance(message, Found) else None
            if isinstance(fact, Entry) and fact.kind is Kind.GROUP:
                self._groups[fact.guid] = fact.dn


def _joined(csns: context_csn.Csns) -> bytes:
    return b"\n".join(csns[server] for server in sorted(csns))
