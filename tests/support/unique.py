"""Clouds in which a user principal name or an address belongs to one object, as the service has it in two ways."""

from dataclasses import dataclass, field

from support.model import Held, ModelCloud
from syncramp.model.wire import Operation, Outcome, Result, SyncObject

UNIQUE = ("userPrincipalName", "mail", "proxyAddresses")


def values_of(values) -> set[str]:
    """Unique values among attributes."""
    found = [values.get(name) for name in UNIQUE]
    texts = [text for value in found for text in (value if isinstance(value, tuple) else (value,)) if text]
    return {text.casefold().removeprefix("smtp:") for text in texts}


@dataclass
class UniqueCloud(ModelCloud):
    """Without duplicate attribute resiliency: what claims a value of somebody else is refused."""

    collisions: list[str] = field(default_factory=list)
    """Values that were claimed while somebody else had them."""

    def _one(self, obj: SyncObject) -> Outcome:
        if taken := self._taken(obj):
            self.collisions += sorted(taken)
            return self._collide(obj, taken)
        return super()._one(obj)

    def _taken(self, obj: SyncObject) -> set[str]:
        if obj.operation is Operation.DELETE or self.refuse(obj):
            return set()
        others = [held.values for anchor, held in self.objects.items() if anchor != obj.values["SourceAnchor"]]
        return values_of(obj.values) & set().union(*map(values_of, others))

    def _collide(self, obj: SyncObject, taken: set[str]) -> Outcome:
        return Outcome(Result.REFUSED, "AttributeValueMustBeUnique", f"{sorted(taken)} must be unique")


@dataclass
class ResilientCloud(UniqueCloud):
    """With it: the object gets a made-up value or none instead, and keeps that."""

    def _collide(self, obj: SyncObject, taken: set[str]) -> Outcome:
        super()._one(SyncObject(obj.kind, obj.operation, {k: v for k, v in obj.values.items() if k not in UNIQUE}))
        held: Held = self.objects[str(obj.values["SourceAnchor"])]
        held.values["userPrincipalName"] = f"made-up-{len(self.collisions)}@contoso.onmicrosoft.com"
        return Outcome(Result.APPLIED, "0", "written with modified properties")
