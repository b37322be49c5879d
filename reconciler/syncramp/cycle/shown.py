"""One object of the read-back, as its page shows it; its keys are in PascalCase, and compared without case."""

from collections.abc import Iterator, Mapping

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


def value_of(obj: SyncObject, name: str) -> WireValue:
    """An attribute by its name in small letters."""
    return next((value for key, value in obj.values.items() if key.lower() == name), None)


def text_of(obj: SyncObject, name: str) -> str:
    """An attribute that is a text; empty where it is none."""
    value = value_of(obj, name)
    return value if isinstance(value, str) else ""


def anchor_of(obj: SyncObject) -> str:
    """The source anchor; empty: it is mastered in the cloud."""
    return text_of(obj, "sourceanchor")


def authority_of(obj: SyncObject) -> bool | None:
    """Whether the cloud has the authority over an object; None: it does not say."""
    told = {name.lower(): str(value).lower() for name, value in obj.values.items() if name.lower() in AUTHORITY}
    return any(value in ("true", "1") for value in told.values()) if told else None


def only_members(obj: SyncObject) -> bool:
    """A further part of a large group: its other attributes came with the first part."""
    return {name.lower() for name in obj.values} <= {"sourceanchor", "cloudanchor", "member"}


def members_of(obj: SyncObject) -> Iterator[ReferenceChange]:
    """Changes of members that this part shows."""
    value = value_of(obj, "member")
    if isinstance(value, tuple):
        yield from (change for change in value if isinstance(change, ReferenceChange))


def name_of(obj: SyncObject) -> str:
    """What a person knows an object by."""
    return next((text for name in _NAMES if (text := text_of(obj, name))), "")


def stranger_of(obj: SyncObject) -> Stranger:
    """An object that is not ours, by what a create is matched with it by."""
    plain = {name.lower(): value for name, value in obj.values.items()}
    values = {name: plain.get(name.lower()) for name in (*UNIQUE, GUID)}
    anchor = anchor_of(obj) or text_of(obj, "cloudanchor")
    return Stranger(anchor, name_of(obj), matchable(values))  # type: ignore[arg-type]  # none of them is a reference


def managed(config: SyncConfig) -> Mapping[str, frozenset[str]]:
    """By kind: the attributes that rules give to its objects."""
    names = {kind: {flow.wire for flow in (*FLOWS[kind], *REFERENCES[kind])} for kind in Kind}
    for rule in config.rules:
        names[rule.kind].update((*rule.sets, *rule.clears))
    return {kind.value: frozenset(found) for kind, found in names.items()}
