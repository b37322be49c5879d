"""What changed of a naming context, as facts, whichever way it was found.

Entries come whole, as in a full read, and after them the members: of new and returned groups all, of others what they
gained and lost. An object that was deleted and restored between two reads is told as gone first, since it may have
lost its memberships without a word; the memberships of what returned are read from the entry itself. A container is
not: what lies below it would lose its name.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from syncramp.model.facts import Container, Entry, Fact, Gone, Links, Proof, Remark
from syncramp.model.seams import Known
from syncramp.model.tracking import DIRSYNC, USN
from syncramp.model.values import Kind
from syncramp.source.ldap import references, usn
from syncramp.source.ldap.dirsync import Change
from syncramp.source.ldap.entries import Entries
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.reading import told
from syncramp.source.ldap.session import NoSuchEntry


@dataclass
class _Seen:
    """What a delta told so far."""

    count: int = 0
    guids: set[bytes] = field(default_factory=set)
    """Entries and containers."""
    groups: list[tuple[bytes, str]] = field(default_factory=list)
    """GUID and DN of the groups whose members are read whole."""


def by_dirsync(
    entries: Entries, known: Known | None, changed: Mapping[bytes, Change], watermark: bytes, blind: bytes
) -> Iterator[Fact]:
    """What DirSync named.

    :param blind: the watermark where somebody moved to where the account sees nothing: who is there, only a full read
        can tell.
    :raises SyncrampError: the stream broke off.
    """
    seen = _Seen()
    with told(entries, lambda: seen.count):
        for guid, change in changed.items():
            if change.gone:
                yield Gone(guid)
        again = [guid for guid, change in changed.items() if change.entry and not change.gone]
        restored = {guid for guid in again if changed[guid].restored and not changed[guid].new}
        whole = {guid for guid in again if changed[guid].whole} | restored
        for found in entries.named(again):
            yield from _told(entries, found, seen, restored, whole)
        yield from _links(entries, seen)
        for guid, change in changed.items():
            if not change.gone and guid not in whole:
                yield from references.changes(guid, change.values(gained=False), gained=False)
                yield from references.changes(guid, change.values(gained=True), gained=True)
        yield from _memberships(entries, known)
    moved = {guid for guid in again if changed[guid].moved and not changed[guid].new} - seen.guids
    mark = blind if moved and known is not None and not moved.isdisjoint(known.unseen(b"")) else watermark
    yield Proof(entries.partition, True, len(changed), None, delta=True, tracking=DIRSYNC, watermark=mark)


def by_usn(entries: Entries, known: Known | None, since: int, watermark: bytes) -> Iterator[Fact]:
    """What uSNChanged finds.

    :param since: the USN at which the last read began.
    :raises SyncrampError: the stream broke off.
    """
    seen = _Seen()
    with told(entries, lambda: seen.count):
        for found in usn.changes(entries, since):
            guid, deleted, once = _life(found)
            if deleted:
                seen.count += 1
                yield Gone(guid)
            else:
                restored = {guid} if once and usn.restored_since(entries, guid, since) else ()
                yield from _told(entries, found, seen, restored)
        yield from _links(entries, seen)
        yield from _memberships(entries, known)
    yield Proof(entries.partition, True, seen.count, None, delta=True, tracking=USN, watermark=watermark)


def _told(
    entries: Entries, found: Found, seen: _Seen, restored: Collection[bytes], whole: Collection[bytes] | None = None
) -> Iterator[Entry | Container | Gone]:
    """:param restored: objects that were gone for a while.
    :param whole: groups whose members are to be read; None: of all.
    """
    seen.count += 1
    fact = entries.fact(found)
    if fact is not None:
        seen.guids.add(fact.guid)
    if isinstance(fact, Entry) and fact.guid in restored:
        yield Gone(fact.guid)
    if isinstance(fact, Entry) and fact.kind is Kind.GROUP and (whole is None or fact.guid in whole):
        seen.groups.append((fact.guid, fact.dn))
    if fact is not None:
        yield fact


def _links(entries: Entries, seen: _Seen) -> Iterator[Links | Remark]:
    for guid, dn in seen.groups:
        with suppress(NoSuchEntry):  # deleted meanwhile: the next delta tells
            yield from entries.links(guid, dn)


def _memberships(entries: Entries, known: Known | None) -> Iterator[Fact]:
    for guid in known.returned() if known is not None else ():
        with suppress(NoSuchEntry):
            yield from entries.memberships(guid)


def _life(found: Found) -> tuple[bytes, bool, bool]:
    """GUID; whether it is deleted now; whether it was once, and is not any more."""
    values = {name.lower(): given for name, given in found.values.items()}
    guid = next(iter(values.get("objectguid", ())), b"")
    deleted = usn.holds(values.get("isdeleted", ()))
    return guid, deleted, not deleted and bool(values.get("lastknownparent"))
