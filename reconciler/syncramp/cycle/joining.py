"""Joining: entries of several sources become one object, before the pages of the synchronisation begin.

First every marked entry is given its keys. Then those that have to do with a marked one, by keys or because they were
one object, are joined anew (``rules.components``), and what changed is written down: so only what a change touches is
looked at. An entry that adds to the object of another one has none of its own any more; the other one is marked.

Without joins in the document, and without anything that an earlier one joined, nothing of this happens.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pyroaring import BitMap

from syncramp.cycle.job import Job
from syncramp.expr.errors import EvaluationFailed
from syncramp.model.desire import Staged
from syncramp.model.state import Cause
from syncramp.model.values import Kind
from syncramp.rules.anchors import kept_under
from syncramp.rules.components import Candidate, Conflict, Rank, resolve
from syncramp.rules.precedence import Part, account
from syncramp.rules.ruleset import Ruleset
from syncramp.store.joins import Neighbours
from syncramp.store.staging import DELETED, GONE

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """An object that is made of several entries, or of others than its own."""

    id: int
    staged: Sequence[Staged]
    """All that it is or was made of, its own entry first."""
    parts: Mapping[int, Part]
    """By the ids of entries: those that are there, in the order of the sources."""

    @property
    def stays(self) -> bool:
        """It should be in the cloud: an import sees one of its entries, and it is more than a mailbox."""
        seen = any(not one.absent for one in self.staged if one.id in self.parts)
        return seen and any(part.rank is not Rank.MAILBOX for part in self.parts.values())

    @property
    def leader(self) -> Part:
        """Its account."""
        return account(self.parts.values())

    @property
    def undecided(self) -> bool:
        """None of its entries can be judged."""
        return all(part.decision.part is None for part in self.parts.values())

    @property
    def unsettled(self) -> bool:
        """Something of its entries cannot be read, which the next run looks at again."""
        parts = self.parts.values()
        return any(part.decision.warnings or part.decision.part is None for part in parts)

    @property
    def anchor(self) -> str:
        """What its own entry gives; empty if that is no part of it, or has none."""
        own = self.parts.get(self.id)
        return own.decision.part.anchor if own and own.decision.part else ""

    def hold(self, pinned: str) -> str:
        """Why nothing but a disable may be sent: its own entry has lost the anchor that the cloud knows."""
        own = self.parts.get(self.id)
        reason = own.decision.anchorless if own else ""
        return kept_under(pinned, reason) if reason and pinned else ""

    @property
    def own(self) -> Staged:
        """Its own entry. If that is no part of it, perhaps because the document has its source no more, it stands for
        the first other one.
        """
        own = self.staged[0]
        return replace(own, source=next((one.source for one in self.staged if one.id in self.parts), own.source))

    @property
    def cause(self) -> Cause:
        """Why it does not stay."""
        there = [one for one in self.staged if one.id in self.parts]
        if there and all(one.absent for one in there):
            return Cause.ABSENT_ONCE
        if not all(one.absent >= GONE for one in self.staged):
            return Cause.OUT_OF_SCOPE
        return Cause.DELETED if all(one.absent >= DELETED for one in self.staged) else Cause.ABSENT


class Joining:
    """Who is joined with whom, in one run.

    :param rules: the rules of each source, by its number, in the order of the document.
    """

    def __init__(self, job: Job, rules: Mapping[int, Ruleset]) -> None:
        self._job = job
        self._store = job.store.joins
        self._rules = rules
        self._places = {source: place for place, source in enumerate(rules)}
        self._incomplete = job.store.staging.incomplete()
        self.active = bool(job.config.joins) or self._store.any()
        self.conflicts: dict[int, str] = {}
        """Entry -> why it is not joined; of those that are synchronised in this run."""
        self.unproven: set[int] = set()
        """Entries that are joined only because not everything was read, as ``Resolution.unproven``."""

    def join(self) -> None:
        """Join every marked entry anew.

        :raises Stopped: the run was asked to stop; the marks stay.
        """
        for page in self._store.marked(list(self._rules)):
            self._job.go_on()
            self._store.rekey(dict(self._keyed(page)))
        done = BitMap()
        seeds = self._store.seeds().to_array()
        for start in range(0, len(seeds), _BATCH):
            self._job.go_on()
            near = self._store.neighbours(BitMap(seeds[start : start + _BATCH]) - done)
            done |= BitMap(near.keys)
            self._resolve(near)

    def _keyed(self, page: Sequence[Staged]) -> Iterator[tuple[int, frozenset[int]]]:
        """Entries with their keys; one that cannot be judged, or may still be there, keeps those it has."""
        for staged in page:
            part = self._part(staged, related=False)
            if part is None:
                if staged.absent >= GONE or staged.source not in self._incomplete:
                    yield staged.id, frozenset()
            elif not part.decision.undecided:
                try:
                    yield staged.id, self._rules[staged.source].keys.of(staged.entry)
                except EvaluationFailed as error:
                    self.conflicts[staged.id] = f"it cannot be told whom it is: {error}"

    def _part(self, staged: Staged, *, related: bool) -> Part | None:
        """What an entry adds; None when it is not there.

        :param related: it was a part before: then it must be proven to have left.
        """
        rules = self._rules.get(staged.source)
        if rules is None or staged.absent >= GONE:
            return None
        decision = rules.decide(staged.entry)
        proven = not related or staged.source not in self._incomplete
        if decision.part is None and not decision.undecided and proven:
            return None
        return Part(staged.entry, decision, self._places[staged.source])

    def _resolve(self, near: Neighbours) -> None:
        related = BitMap(near.objects) | BitMap(near.objects.values())
        shared = _shared(near)
        ids = list((related | BitMap.union(BitMap(), *map(BitMap, shared.values()))) - BitMap([0]))
        if not ids:
            return
        staged, known = self._store.entries(ids), self._store.known(ids)
        candidates = []
        for one in ids:
            part = self._part(staged[one], related=one in related)
            proven = staged[one].source not in self._incomplete
            candidates.append(_candidate(one, part, near, known.get(one), proven=proven))
        found = resolve(candidates)
        self.unproven |= found.unproven
        for entry, conflict in found.conflicts.items():  # what cannot be told of an entry alone is told before
            self.conflicts[entry] = self._told(conflict, staged, shared)
        again = {*found.objects.values(), *found.conflicts} - {0}
        self._store.settle(near.objects, found.objects, again)

    def _told(self, conflict: Conflict, staged: Mapping[int, Staged], shared: Mapping[int, object]) -> str:
        pair = [staged[one] for one in conflict.pair]
        by = {
            name
            for one in pair
            if (rules := self._rules.get(one.source))
            for key, name in rules.keys.named(one.entry).items()
            if key in shared
        }
        return f"{conflict.reason}: {pair[0].entry.dn} and {pair[1].entry.dn} (by {', '.join(sorted(by))})"

    def page(self, page: Sequence[Staged]) -> tuple[dict[int, Person], set[int]]:
        """Of a page that is synchronised: the objects that are made of several entries, and entries that add to
        others.
        """
        owned, parts = {one.id: one for one in page}, self._store.parts_of([one.id for one in page])
        adding = {entry for entry, identity in self._store.objects_of(list(owned)).items() if identity}
        return self._persons(owned, parts), adding

    def people(self, entries: Sequence[int]) -> dict[int, Person | None]:
        """Whom entries add to; None: nobody, though an object has this id. Only those that have to do with joins."""
        of = self._store.objects_of(entries)
        identities = {one: of.get(one, one) for one in entries}
        parts = self._store.parts_of([identity for identity in identities.values() if identity])
        persons = self._persons(self._store.entries(list(parts)), parts)
        return {
            one: persons.get(identity) for one, identity in identities.items() if identity == 0 or identity in persons
        }

    def _persons(self, owned: Mapping[int, Staged], parts: Mapping[int, Sequence[int]]) -> dict[int, Person]:
        wanted = [entry for entries in parts.values() for entry in entries]
        staged = {**self._store.entries(wanted), **owned}
        without = {entry for entry, identity in self._store.objects_of(list(parts)).items() if identity == 0}
        persons = {}
        for identity, entries in parts.items():
            all_of = [staged[identity], *(staged[entry] for entry in entries if entry in staged)]
            made = {one.id: self._part(one, related=True) for one in all_of if one.id not in without}
            there = {entry: part for entry, part in made.items() if part is not None}
            persons[identity] = Person(identity, all_of, dict(sorted(there.items(), key=lambda item: item[1].source)))
        return persons


def _shared(near: Neighbours) -> dict[int, list[int]]:
    """Keys that several entries have."""
    holders: dict[int, list[int]] = {}
    for entry, keys in near.keys.items():
        for key in keys:
            holders.setdefault(key, []).append(entry)
    return {key: entries for key, entries in holders.items() if len(entries) > 1}


def _candidate(identity: int, part: Part | None, near: Neighbours, known: Kind | None, *, proven: bool) -> Candidate:
    former = near.objects.get(identity, 0)
    if part is None:
        return Candidate(identity, 0, Rank.CONTACT, frozenset(), there=False, known=known, former=former)
    made = part.decision.part
    return Candidate(
        identity,
        part.source,
        part.rank,
        frozenset(near.keys.get(identity, ())),
        anchors=made is not None and bool(made.anchor),
        judged=made is not None,
        proven=proven,
        known=known,
        former=former,
    )
