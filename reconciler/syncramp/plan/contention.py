"""Who has a value that must be unique while somebody else claims it.

A service without duplicate attribute resiliency refuses a claim that comes before the release. One with it takes the
claim, gives the object a made-up value instead, and keeps that. So a claim goes only after what frees its value:

* ``taken``: its owner keeps the value, because what would free it is held, or because its source was not read
  completely: whether the directory still has it there is not known; or because its owner does not get what it wants
  in its place. Then the claim is held too, and with it the value that the claimant would have given up: this goes on
  until nothing new is held.
* a circle (two people swap their names): each waits for the next one, so none can go; taken as a whole.
* ``releasing``: the value is given up in this run. The claim goes in a lane of its own, behind its owner.

Values are looked at twice as 32-bit marks, so that a rename of everybody costs some megabytes; only objects that
really contend for a value, or share a mark by accident, are loaded with their values. The store knows the marks of
what each object wants, so nobody else's values are read to find who claims one.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances, Owner
from syncramp.model.plan import ObjectChange
from syncramp.model.state import ObjectState
from syncramp.model.uniques import mark
from syncramp.plan.changes import object_change
from syncramp.plan.claims import Part, claimed, may_contend, owned, parts
from syncramp.plan.ordering import circles


class View(Protocol):
    """What a contention is found in."""

    def owners(self, others: BitMap) -> Iterator[ObjectState]:
        """Objects that are, or may be, in the cloud: those that differ, and of others those who may have a value
        that one of these wants.
        """

    def claimants(self, marks: BitMap) -> Iterator[ObjectState]:
        """Objects that differ, those at least that want a value with one of these marks (``model.uniques``)."""

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        """Objects by id."""


def contention(view: View, around: Circumstances) -> Circumstances:
    """The circumstances with what is taken and what is being released.

    :param around: everything else.
    """
    contest = _Contest(_contended(view, around), around)
    contest.spread(contest.kept)
    while found := contest.circles():
        contest.spread(found)
    return replace(around, taken=contest.taken, releasing=contest.releasing())


def order(changes: Iterable[ObjectChange], around: Circumstances) -> Iterator[tuple[int, int]]:
    """(claimant, owner) of every claim of a value that is being released."""
    for change in changes:
        for _, _, owner in claimed(change, around.releasing):
            yield change.state.id, owner.id


def _contended(view: View, around: Circumstances) -> Iterator[ObjectState]:
    """Those who claim a value of somebody else who gives it up or keeps it, and its owners."""
    marks, owners = array("I"), array("I")
    for state in view.owners(around.unproven | around.keeping):
        for each in _marks((*(part.gives for part in _parts(state, around)), _stays(state, around))):
            marks.append(each)
            owners.append(state.id)
    if not marks:
        return iter(())
    known, wanted, ids = BitMap(marks), BitMap(), BitMap()
    for state in view.claimants(known):
        if found := known & BitMap(_marks(part.claims for part in _parts(state, around))):
            wanted |= found
            ids.add(state.id)
    ids |= BitMap(owner for each, owner in zip(marks, owners, strict=True) if each in wanted)
    return view.states(ids)


def _parts(state: ObjectState, around: Circumstances) -> Iterator[Part]:
    change = object_change(state, around) if may_contend(state) else None
    return parts(change) if change else iter(())


def _stays(state: ObjectState, around: Circumstances) -> frozenset[str]:
    """Values of an object that it does not give up, although the directory may have it so."""
    if state.id not in around.unproven and state.id not in around.keeping:
        return frozenset()
    return owned(state).difference(*(part.gives for part in _parts(state, around)))


def _marks(values: Iterable[Iterable[str]]) -> Iterator[int]:
    return (mark(value) for several in values for value in several)


_HELD = "whose change is held"
_UNREAD = "whose source was not read completely"
_KEEPS = "which keeps it in place of a value that belongs to somebody else"
_REMEDY = "give one of them another value for one sync"
TOLD = 6
"""Names of a circle that are told."""


class _Contest:
    """Parts of changes, and who of them waits for whom."""

    def __init__(self, states: Iterable[ObjectState], around: Circumstances) -> None:
        self.taken: dict[str, Owner] = {}
        self.kept: dict[str, Owner] = {}
        self._givers: dict[str, Owner] = {}
        self._claimants: dict[str, list[tuple[Owner, Part]]] = {}
        for state in states:
            for part in _parts(state, around):
                self._enter(Owner(state.id, state.dn, _HELD), part)
            why = _KEEPS if state.id in around.keeping else _UNREAD
            self.kept.update(dict.fromkeys(_stays(state, around), Owner(state.id, state.dn, why)))

    def _enter(self, owner: Owner, part: Part) -> None:
        (self.kept if part.held else self._givers).update(dict.fromkeys(part.gives, owner))
        if not part.held:
            for value in part.claims:
                self._claimants.setdefault(value, []).append((owner, part))

    def spread(self, kept: dict[str, Owner]) -> None:
        """These values are taken, and so is what their claimants would have given up."""
        self.taken.update(kept)
        values = list(kept)
        while values:
            value = values.pop()
            for claimant, part in self._claimants.get(value, ()):
                if claimant.id != self.taken[value].id:
                    new = [each for each in part.gives if each not in self.taken]
                    self.taken.update(dict.fromkeys(new, claimant))
                    values += new

    def circles(self) -> dict[str, Owner]:
        """Values that some objects claim from each other in circles; nothing when there are none."""
        waits: dict[int, set[int]] = {}
        for _, claimant, owner in self._claims():
            waits.setdefault(claimant.id, set()).add(owner.id)
        place = {identity: circle for circle in circles(waits) for identity in circle}
        return self._taken_in(place) if place else {}

    def _taken_in(self, place: Mapping[int, Sequence[int]]) -> dict[str, Owner]:
        """What is claimed within a circle.

        :param place: id -> its circle, in which each one waits for the next.
        """
        names = {claimant.id: claimant.dn for _, claimant, _ in self._claims()}
        return {
            value: replace(owner, why=f"which waits itself, in a circle: {_told(circle, names)}; {_REMEDY}")
            for value, claimant, owner in self._claims()
            if (circle := place.get(claimant.id)) and circle is place.get(owner.id)
        }

    def releasing(self) -> dict[str, Owner]:
        """Values that are given up in this run, and that somebody else claims."""
        return {value: owner for value, _, owner in self._claims()}

    def _claims(self) -> Iterator[tuple[str, Owner, Owner]]:
        """Claims that may go behind a release: the value, who claims it, and who gives it up."""
        for value, claimants in self._claimants.items():
            owner = self._givers.get(value)
            if owner is None or value in self.taken:
                continue
            for claimant, part in claimants:
                if claimant.id != owner.id and self.taken.keys().isdisjoint(part.claims):
                    yield value, claimant, owner


def _told(circle: Sequence[int], names: Mapping[int, str]) -> str:
    told = [names[identity] for identity in circle]
    return " → ".join(told if len(told) <= TOLD else [*told[: TOLD - 1], "…", told[-1]])
