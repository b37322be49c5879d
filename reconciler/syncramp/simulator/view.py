"""What one call knows of the tenant.

What the call may need is loaded in bulk first; objects and unique names are written in bulk at its end. Between, the
objects in hand are the truth, so an object sees what earlier ones of the same call did. Links are written at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from syncramp.model.wire import AnchorType, ReferenceChange, SyncObject
from syncramp.simulator.storage import Held, Storage
from syncramp.simulator.tables import State
from syncramp.simulator.uniqueness import Use, names_of, without

ANCHORS = {"sourceanchor": AnchorType.SOURCE, "cloudanchor": AnchorType.CLOUD}
SINGLE = frozenset({"manager", "managedby"})
"""References to one object, sent as its anchor."""
_STATE = itemgetter(3)
_COLUMN = {AnchorType.SOURCE: "source_anchor", AnchorType.CLOUD: "cloud_anchor"}


Target = tuple[int, float, int]
"""What a reference leads to: its id, when it was created, and its state."""


class View:
    """The objects of one call.

    :param now: seconds, the tenant's clock.
    :param changed: the number of this call.
    """

    def __init__(self, storage: Storage, now: float, changed: int) -> None:
        self.storage, self.now, self.changed = storage, now, changed
        self._next = 1 + (storage.one("SELECT max(id) FROM objects") or 0)
        self._held: dict[AnchorType, dict[str, Held]] = {by: {} for by in AnchorType}
        self._binned: dict[tuple[str, str], Held] = {}
        self._by_id: dict[int, Held] = {}
        self._targets: dict[AnchorType, dict[str, Target]] = {by: {} for by in AnchorType}
        self._owners: dict[str, int | None] = {}
        self._claims: dict[str, int | None] = {}
        self._dirty: dict[int, Held] = {}

    @property
    def next_id(self) -> int:
        """What the next new object will be called; so many ids were never given less one."""
        return self._next

    def load(self, objects: Sequence[SyncObject]) -> None:
        """Load what objects of a request name: themselves, what they refer to, and who has their unique values."""
        anchors: dict[AnchorType, set[str]] = {by: set() for by in AnchorType}
        targets: dict[AnchorType, set[str]] = {by: set() for by in AnchorType}
        for obj in objects:
            for name, value in obj.values.items():
                low = name.lower()
                if low in ANCHORS:
                    anchors[ANCHORS[low]].add(str(value))
                elif low in SINGLE and value:
                    _both(targets, (str(value),))
                elif low == "member" and isinstance(value, tuple):
                    _referred(targets, value)
        for by, wanted in anchors.items():
            for held in self.storage.held(_COLUMN[by], wanted):
                self._know(held)
        for by, wanted in targets.items():
            self._load_targets(by, wanted)
        self.owners({key for obj in objects for key in names_of(obj.values)})

    def _load_targets(self, by: AnchorType, wanted: set[str]) -> None:
        query = f"SELECT {_COLUMN[by]}, id, created, state FROM objects WHERE {{}} AND {_COLUMN[by]} IN"  # noqa: S608
        found = self._targets[by]
        for condition in ("state <> 2", "state = 2"):  # who is gone may still be taken out of a group
            missing = wanted - found.keys()
            rows = sorted(self.storage.among(query.format(condition), missing), key=_STATE, reverse=True)
            found |= {row[0]: (row[1], row[2], row[3]) for row in rows}  # a live one comes last

    def _know(self, held: Held) -> Held:
        held = self._by_id.setdefault(held.id, held)
        self._held[AnchorType.CLOUD][held.cloud_anchor] = held
        if held.source_anchor is not None and held.state is State.BIN:
            self._binned[held.kind, held.source_anchor] = held
        elif held.source_anchor is not None:
            self._held[AnchorType.SOURCE][held.source_anchor] = held
        return held

    def find(self, by: AnchorType, anchor: str | None, kind: str) -> Held | None:
        """A loaded object: a live one of any kind, or else one of this kind in the bin."""
        if not anchor:
            return None
        return self._held[by].get(anchor) or (self._binned.get((kind, anchor)) if by is AnchorType.SOURCE else None)

    def by_id(self, identity: int) -> Held:
        """An object of a known id."""
        return self._by_id.get(identity) or self._know(next(self.storage.held("id", [identity])))

    def target(self, by: AnchorType, anchor: str) -> Target | None:
        """What a reference leads to; None: nothing was ever there."""
        held = self._held[by].get(anchor)
        return (held.id, held.created, held.state) if held else self._targets[by].get(anchor)

    def owners(self, names: Iterable[str]) -> dict[str, int | None]:
        """Who has values that must be unique; grows with every question."""
        unknown = [name for name in names if name not in self._owners]
        if unknown:
            self._owners |= dict.fromkeys(unknown) | self.storage.owners(unknown)
        return self._owners

    def taken(self, values: Mapping[str, Any], identity: int) -> tuple[Use, ...]:
        """Those among attributes whose values must be unique and are another object's."""
        names = names_of(values)
        owners = self.owners(names)
        return tuple(use for name, uses in names.items() if owners[name] not in (None, identity) for use in uses)

    def free_name(self, upn: str, domain: str, identity: int) -> str:
        """What takes the place of a user principal name that is taken: its prefix, four digits, another domain."""
        prefix = upn.partition("@")[0]
        names = (f"{prefix}+{number % 10_000:04}@{domain}" for number in range(identity, identity + 10_000))
        return next(name for name in names if not self.taken({"UserPrincipalName": name}, identity))

    def without(self, values: Mapping[str, Any], taken: Iterable[Use], domain: str, identity: int) -> dict[str, Any]:
        """Attributes without taken values; a taken user principal name gets digits and another domain."""
        return without(values, taken, lambda upn: self.free_name(upn, domain, identity))

    def put(self, held: Held) -> None:
        """An object is new, or was changed."""
        self._next = max(self._next, held.id + 1)
        self._forget(held)
        if held.state is not State.GONE:
            self._know(held)
        self._dirty[held.id] = held

    def _forget(self, held: Held) -> None:
        self._held[AnchorType.CLOUD].pop(held.cloud_anchor, None)
        anchor = held.source_anchor or ""
        if self._held[AnchorType.SOURCE].get(anchor) is held:
            del self._held[AnchorType.SOURCE][anchor]
        if self._binned.get((held.kind, anchor)) is held:
            del self._binned[held.kind, anchor]

    def rename(self, held: Held, before: Iterable[str], after: Iterable[str]) -> None:
        """An object has these unique values in place of those."""
        change: dict[str, int | None] = dict.fromkeys(before)
        change |= dict.fromkeys(after, held.id)
        self._owners |= change
        self._claims |= change

    def save(self) -> None:
        """Write everything that changed."""
        self.storage.save(self._dirty.values(), self.changed)
        self.storage.own(self._claims)


def _both(targets: dict[AnchorType, set[str]], anchors: Iterable[str]) -> None:
    for wanted in targets.values():
        wanted.update(anchors)


def _referred(targets: dict[AnchorType, set[str]], members: Sequence[object]) -> None:
    """Anchors of members: reference changes tell which anchor they hold, a list of text does not."""
    if members and isinstance(members[0], str):
        _both(targets, [str(member) for member in members])
        return
    for member in members:
        if isinstance(member, ReferenceChange):
            targets[member.by].add(member.anchor)
