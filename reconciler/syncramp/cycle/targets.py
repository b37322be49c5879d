"""Whom references name: a DN becomes the object that it should be in the cloud.

The target is judged on the spot by the same rules as every entry, so the order in which entries are synchronised does
not matter. The targets of a whole page are looked up together and remembered: people share their managers.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from syncramp.cycle.joining import Joining, Person
from syncramp.model.desire import Staged
from syncramp.rules.ruleset import Ruleset
from syncramp.source import dn
from syncramp.store.objects import Objects
from syncramp.store.staging import GONE

_REMEMBERED = 50_000
"""Targets kept in memory, about 300 bytes each: the managers of half a million people."""


class Target(NamedTuple):
    """Whom a reference names."""

    key: int
    """Of the DN."""
    id: int | None = None
    """None: the DN was never read."""
    anchor: str = ""
    """Empty when that one is not in the cloud and should not be."""
    stays: bool = False
    """That one should be in the cloud."""
    gone: bool = False
    """That one is neither in a directory nor in the cloud any more."""


class Targets:
    """The targets of one run.

    :param rules: by the number of a source.
    :param joining: which entries are one object.
    """

    def __init__(self, objects: Objects, rules: Mapping[int, Ruleset], joining: Joining) -> None:
        self._objects = objects
        self._joining = joining
        self._rules = rules
        self._known: dict[str, Target] = {}

    def learn(self, names: Iterable[str]) -> None:
        """Look up canonical DNs; until the next call each of them has its target."""
        wanted = set(names)
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        keys = {name: dn.key(name) for name in wanted - self._known.keys()}
        found = self._objects.targets(list(keys.values()))
        self._known.update({name: self._judge(key, *found.get(key, (None, ""))) for name, key in keys.items()})
        if self._joining.active:
            entries = {name: found[key][0].id for name, key in keys.items() if key in found}
            self._known.update(self._joined(keys, entries))

    def __getitem__(self, name: str) -> Target:
        return self._known[name]

    def _judge(self, key: int, staged: Staged | None, pinned: str) -> Target:
        if staged is None:
            return Target(key)
        rules = self._rules.get(staged.source)
        if rules is None or staged.absent:
            return Target(key, staged.id, pinned, stays=False, gone=not pinned and staged.absent >= GONE)
        if rules.in_scope(staged.entry):
            anchor = pinned or rules.anchor(staged.entry)
            return Target(key, staged.id, anchor, stays=bool(anchor))
        return Target(key, staged.id, pinned, stays=bool(pinned) and rules.undecided(staged.entry))

    def _joined(self, keys: Mapping[str, int], entries: Mapping[str, int]) -> Iterator[tuple[str, Target]]:
        """Those of some entries that have to do with joins, by DN."""
        people = self._joining.people(list(entries.values()))
        anchors = self._objects.pinned_anchors([person.id for person in people.values() if person])
        for name, entry in entries.items():
            if entry in people:
                yield name, _object(keys[name], entry, people[entry], anchors)


def _object(key: int, entry: int, person: Person | None, anchors: Mapping[int, str]) -> Target:
    """The object that an entry adds to; nobody, if an object has its id and it is no part of that one.

    :param anchors: under which the cloud knows people.
    """
    if person is None:
        return Target(key, entry)
    pinned = anchors.get(person.id, "")
    if person.stays:
        return Target(key, person.id, pinned or person.anchor, stays=True)
    return Target(key, person.id, pinned, gone=not pinned and person.cause.gone)
