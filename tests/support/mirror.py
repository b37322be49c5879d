"""A copy of a directory that is kept up to date from facts alone, by the simplest code that does it.

It does what the store has to do: a full read replaces everything; a delta changes what it tells; an entry that is
gone takes its links along; whatever lies below a renamed container is renamed with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncramp.model.facts import Container, Entry, Fact, Gone, LinkChange, Links, Proof, Restart

REFERENCES = ("manager", "managedby")


@dataclass
class Mirror:
    """What is known of one partition (``model.seams.Known``)."""

    entries: dict[bytes, Entry] = field(default_factory=dict)
    containers: dict[bytes, str] = field(default_factory=dict)
    members: dict[bytes, set[object]] = field(default_factory=dict)
    """Of each group, GUIDs and DNs."""
    watermark: bytes | None = None
    horizon: bytes | None = None
    sentinels: Mapping[bytes, frozenset[str]] = field(default_factory=dict)
    proof: Proof | None = None
    told: list[Fact] = field(default_factory=list)
    """By the last read."""
    _gone: set[bytes] = field(default_factory=set)
    _returned: list[bytes] = field(default_factory=list)

    def returned(self) -> Sequence[bytes]:
        return list(self._returned)

    keyed = False

    def spelled(self, guid: bytes, attribute: str) -> bytes:
        return b""

    def unseen(self, guids: bytes) -> Sequence[bytes]:
        told = {guids[at : at + 16] for at in range(0, len(guids), 16)}
        return sorted((self.entries.keys() | self.containers.keys()) - told)

    def take(self, facts: Iterable[Fact]) -> Proof:
        """Follow one read to its proof."""
        self.told, self._returned = [], []
        whole = Mirror()
        for fact in facts:
            self.told.append(fact)
            if isinstance(fact, Restart):
                whole = Mirror()
            if isinstance(fact, Proof):
                self._prove(fact, whole)
                return fact
            whole.apply(fact)
            if self.watermark is not None:
                self.apply(fact)
        raise AssertionError("a read ended without a proof")

    def _prove(self, proof: Proof, whole: "Mirror") -> None:
        if not proof.delta:
            self.entries, self.containers, self.members = whole.entries, whole.containers, whole.members
        self.proof, self.watermark, self.horizon = proof, proof.watermark, proof.horizon

    def apply(self, fact: Fact) -> None:
        """One fact."""
        if isinstance(fact, Entry):
            self._rebase(fact.guid, fact.dn)
            self.entries[fact.guid] = fact
            if fact.guid in self._gone:
                self._gone.discard(fact.guid)
                self._returned.append(fact.guid)
        elif isinstance(fact, Container):
            self._rebase(fact.guid, fact.dn)
            self.containers[fact.guid] = fact.dn
        elif isinstance(fact, Gone):
            self._forget(fact.guid)
        elif isinstance(fact, Links):
            held = self.members.setdefault(fact.guid, set())
            if fact.guid not in self._open:
                held.clear()
            held |= {*fact.guids, *fact.dns}
            (self._open.discard if fact.final else self._open.add)(fact.guid)
        elif isinstance(fact, LinkChange):
            held = self.members.setdefault(fact.guid, set())
            (held.update if fact.gained else held.difference_update)({*fact.guids, *fact.dns})

    _open: set[bytes] = field(default_factory=set)
    """Groups whose final chunk has not come."""

    def _forget(self, guid: bytes) -> None:
        self.containers.pop(guid, None)
        if self.entries.pop(guid, None) is not None:
            self._gone.add(guid)
        self.members.pop(guid, None)
        for held in self.members.values():
            held.discard(guid)

    def _rebase(self, guid: bytes, new: str) -> None:
        old = self.containers.get(guid) or (self.entries[guid].dn if guid in self.entries else new)
        if old == new:
            return

        def moved(dn: str) -> str:
            return new + "" if dn == old else dn[: -len(old)] + new if dn.endswith("," + old) else dn

        self.containers = {one: moved(dn) for one, dn in self.containers.items()}
        for one, entry in self.entries.items():
            attributes = dict(entry.attributes)
            for name in REFERENCES:
                if name in attributes:
                    attributes[name] = tuple(moved(value.decode()).encode() for value in attributes[name])
            self.entries[one] = Entry(entry.guid, entry.kind, moved(entry.dn), attributes)

    def shape(self) -> dict[str, Any]:
        """What two copies of the same directory have in common; references to what is not there do not count."""
        there = {entry.dn.encode() for entry in self.entries.values()}
        entries = {}
        for guid, entry in self.entries.items():
            attributes = {
                name: kept
                for name, values in entry.attributes.items()
                if (kept := [value for value in values if name not in REFERENCES or value in there])
            }
            entries[guid] = (entry.kind, entry.dn, attributes)
        groups = {guid: held for guid, held in self.members.items() if held}
        return {"entries": entries, "containers": self.containers, "members": groups}
