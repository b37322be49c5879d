"""One object of the read-back, as its page shows it; its keys are in PascalCase, and compared without case.

Nearly all of them are as they were sent, so what is asked of each is looked up and not searched for.
"""

from collections.abc import Mapping, Sequence

from syncramp.model.cells import Cells, small_letters
from syncramp.model.uniques import UNIQUE
from syncramp.model.values import Kind
from syncramp.model.wire import ReferenceChange, SyncObject, WireValue
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.spec.types import SyncConfig
from syncramp.store.strangers import GUID, Stranger, matchable

AUTHORITY = ("iscloudmanaged", "blockonpremisessync", "cloudmastered")
"""Attributes by which an object with a source anchor of ours may tell that the cloud has the authority over it: as
Graph calls it, as Microsoft's connector calls it (event 6956), and as the read-back marks objects of the cloud. Which
of them the service sends is not public."""
_NAMES = ("onpremisesdistinguishedname", "userprincipalname", "mail", "displayname", "commonname")
"""What a person knows an object by, the best first."""
OF_A_PART = frozenset({"sourceanchor", "cloudanchor", "member"})
"""All that a further part of a large group has."""


class ShownObject:
    """An object of a read-back, whose attributes are asked for by their names in small letters."""

    __slots__ = ("anchor", "kind", "operation", "values")

    def __init__(self, obj: SyncObject) -> None:
        self.kind, self.operation = obj.kind, obj.operation
        self.values: Mapping[str, WireValue] = _in_small_letters(obj.values)
        self.anchor = self.text("sourceanchor")
        """Its source anchor; empty: it is mastered in the cloud."""

    def text(self, name: str) -> str:
        """An attribute that is a text; empty where it is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    @property
    def authority(self) -> bool | None:
        """Whether the cloud has the authority over it; None: it does not say."""
        told = [self.values[name] for name in AUTHORITY if name in self.values]
        if told == [False]:  # nearly always
            return False
        return any(str(value).lower() in ("true", "1") for value in told) if told else None

    @property
    def only_members(self) -> bool:
        """It is a further part of a large group: its other attributes came with the first part."""
        return len(self.values) <= len(OF_A_PART) and self.values.keys() <= OF_A_PART

    @property
    def members(self) -> Sequence[ReferenceChange] | None:
        """Changes of members that this part shows; None: it tells none."""
        value = self.values.get("member")
        if not isinstance(value, tuple):
            return None
        if set(map(type, value)) <= {ReferenceChange}:  # nearly always, and there may be many thousands
            return value  # type: ignore[return-value]
        return [change for change in value if isinstance(change, ReferenceChange)]

    @property
    def name(self) -> str:
        """What a person knows it by."""
        return next((text for name in _NAMES if (text := self.text(name))), "")

    def stranger(self) -> Stranger:
        """Of one that is not ours: what a create is matched with it by."""
        values = {name: self.values.get(small_letters[name]) for name in (*UNIQUE, GUID)}
        anchor = self.anchor or self.text("cloudanchor")
        return Stranger(anchor, self.name, matchable(values))  # type: ignore[arg-type]  # none of them is a reference


def _in_small_letters(values: Mapping[str, WireValue]) -> Mapping[str, WireValue]:
    if isinstance(values, Cells):
        return values.small()
    return {small_letters[name]: value for name, value in values.items()}


def managed(config: SyncConfig) -> Mapping[str, frozenset[str]]:
    """By kind: the attributes that rules give to its objects."""
    names = {kind: {flow.wire for flow in (*FLOWS[kind], *REFERENCES[kind])} for kind in Kind}
    for rule in config.rules:
        names[rule.kind].update((*rule.sets, *rule.clears))
    return {kind.value: frozenset(found) for kind, found in names.items()}
