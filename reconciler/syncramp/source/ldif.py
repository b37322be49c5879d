"""A directory in an LDIF file, as ldifde, ldbsearch, slapcat and ldapsearch write it (RFC 2849).

The file is read once, as a stream. It is complete if it ends at a record boundary and a count agrees with the number
of its records (see ``ldif_tally``); otherwise the proof says why, with the line. Whatever is read before the first
doubt is true and yielded; a record that may be cut never is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from syncramp.errors import SourceIncomplete, SourceUnavailable
from syncramp.model.facts import Entry, Fact, Proof
from syncramp.model.seams import Known
from syncramp.model.values import Kind
from syncramp.source import words
from syncramp.source.bases import Base, Lookout
from syncramp.source.canonical import EntryError, container_from, entry_from, links_from
from syncramp.source.dn import DnError, canonical
from syncramp.source.ldif_age import Aged
from syncramp.source.ldif_blocks import Block, Malformed, Readable, blocks, unfold
from syncramp.source.ldif_records import Record, RecordReader
from syncramp.source.ldif_tally import Tally
from syncramp.source.uids import Uids

PARTITION = "file"
"""The one partition; not the file's name, which may carry a date."""


@dataclass(frozen=True)
class LdifSource:
    """One file as a source (``model.seams.Source``)."""

    name: str
    path: Path
    entries: int | None
    """How many records the file must hold; None: only its own trailer can say."""
    devices: bool = False
    """Computers are asked for too."""
    called: str = ""
    """What messages call it, where its path tells a reader nothing; empty: by its path."""
    bases: Sequence[Base] = ()
    """Those of the scopes; a file that does not show one of them is not complete."""

    def partitions(self) -> Sequence[str]:
        """The file.

        :raises SourceUnavailable: it cannot be opened.
        """
        with self._open():
            return (PARTITION,)

    def asks_for(self, partition: str, named: Sequence[str]) -> bool:
        """No: whatever this source was before, the file is all of it now."""
        return False

    def reads(self, kind: Kind, dn: str) -> bool:
        """Whatever the file holds; computers only where a scope names devices."""
        return self.devices or kind is not Kind.DEVICE

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        """All entries of the file that can be objects, then the proof.

        :raises SourceUnavailable: the file cannot be read.
        :raises SourceIncomplete: an entry has no GUID.
        """
        tally, lookout = Tally(), Lookout(self.bases)
        yielded = False
        before = known.horizon if known is not None else None
        with self._open() as opened:
            file = Aged(opened)
            try:
                for fact in self._facts(file, wanted, tally, lookout):
                    yield fact
                    yielded = yielded or isinstance(fact, Entry)
            except Malformed as error:
                tally.blame(f"line {error.line}: {error}")
            except OSError as error:
                raise self._unavailable(error) from error
            fresh, horizon = file.fresh(before, self._called), file.horizon(before)
        if not yielded:
            tally.blame("it holds no user, group or contact")
        reason = tally.verdict(self.entries) or lookout.problem
        expected = tally.promised if self.entries is None else self.entries
        told = f"{self._called}: {reason}" if reason else ""
        yield Proof(partition, not reason, tally.records, expected, told, fresh, horizon=horizon)

    def _facts(self, file: Readable, wanted: frozenset[str], tally: Tally, lookout: Lookout) -> Iterator[Fact]:
        reader, posix = RecordReader(wanted), _Posix()
        for block in blocks(file):
            if not block.closed:
                if _read_end(block, tally):
                    break
                return  # who is missing may stand behind the cut
            record = _read_block(block, reader, tally)
            if record is not None:
                yield from self._entry(record, block, wanted, lookout, posix)
        yield from posix.links()

    def _members(self, entry: Entry, record: Record, posix: "_Posix") -> Iterator[Fact]:
        """At once, or at the end of the file if they are named by names of accounts."""
        named = words.member_names(record.values)
        if uids := record.values.get(words.UIDS):
            posix.groups.append((entry, named, uids))
        else:
            yield from links_from(entry.guid, named)

    def _entry(
        self, record: Record, block: Block, wanted: frozenset[str], lookout: Lookout, posix: "_Posix"
    ) -> Iterator[Fact]:
        try:
            entry = entry_from(record.dn, record.values, wanted, devices=self.devices)
            fact = entry or container_from(record.dn, record.values)
            if lookout.searches:
                lookout.see(fact.dn if fact else canonical(record.dn), fact.guid if fact else None)
            if fact is not None:
                yield fact
            if entry is not None and entry.kind is Kind.GROUP:
                yield from self._members(entry, record, posix)
            elif entry is not None and entry.kind is Kind.USER:
                posix.uids.add(record.values.get(words.ACCOUNT, ()), entry.guid)
        except EntryError as error:
            raise SourceIncomplete(str(error), where=f"{self._called}:{block.line}", remedy=error.remedy) from error
        except DnError as error:
            raise Malformed(block.line, str(error)) from error

    @property
    def _called(self) -> str:
        return self.called or str(self.path)

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: OSError) -> SourceUnavailable:
        return SourceUnavailable(
            f"the file cannot be read ({error.strerror or error})",
            where=self._called,
            remedy="check spec.sources[].ldif and that this account may read the file",
        )


@dataclass
class _Posix:
    """Groups that name their members by the names of accounts, which may stand anywhere in the file."""

    uids: Uids = field(default_factory=Uids)
    groups: list[tuple[Entry, Sequence[bytes], Sequence[bytes]]] = field(default_factory=list)
    """With the DNs and the names of accounts of each."""

    def links(self) -> Iterator[Fact]:
        """At the end of the file."""
        for group, named, uids in self.groups:
            accounts, remarks = self.uids.members(group.dn, uids)
            yield from remarks
            yield from links_from(group.guid, named, accounts)


def _read_block(block: Block, reader: RecordReader, tally: Tally) -> Record | None:
    """The record of a block; trailers, results and references go to the tally.

    :raises Malformed: it is none of these.
    """
    lines = unfold(block)
    start = 0
    while start < len(lines) and lines[start].startswith((b"#", b"version:")):
        tally.comment(lines[start], block.line + start)
        start += 1
    if start == len(lines):
        return None
    first = lines[start]
    if first.startswith(b"dn:"):
        record = reader.read(block, lines, start)
        tally.record()
        return record
    if first.startswith((b"search:", b"result:")):
        tally.result(lines, block.line + start)
    elif first.startswith(b"ref:"):
        tally.reference()
    else:
        raise Malformed(block.line + start, "expected 'dn:' at the start of a record")
    return None


def _read_end(block: Block, tally: Tally) -> bool:
    """The lines after the last empty line: comments, or a record that may be cut.

    :returns: nothing is cut.
    """
    whole, _, cut = block.data.rpartition(b"\n")
    lines = whole.split(b"\n") if whole else []
    if cut or not all(line.startswith((b"#", b" ")) for line in lines):
        last = block.line + len(lines) - (not cut)
        tally.blame(
            f"line {last}: the file ends here, and no empty line closes the record that began at line {block.line}"
        )
        return False
    for number, line in enumerate(lines):
        tally.comment(line, block.line + number)
    return True
