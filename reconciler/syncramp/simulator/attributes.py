"""The attributes of objects as the service spells them: the catalogue of rules, in PascalCase."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from syncramp.model.values import Type
from syncramp.rules.catalogue import CLASSES, EXTENSION

KINDS = frozenset({"User", "Group", "Contact", "Device", "PublicFolder"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute."""

    name: str
    """In PascalCase, as the read-back writes it."""
    type: Type
    multi: bool

    @property
    def read_only(self) -> bool:
        """The cloud's own side of an attribute; a client may send it, and nothing comes of it."""
        return self.name.startswith("Cloud") or self.name in ("ReasonFiltered", "TargetWritebackType")


@cache
def schema() -> Mapping[str, Attribute]:
    """All attributes by name in lower case."""
    listed = {name: known for attributes in CLASSES.values() for name, known in attributes.items()}
    return {name.lower(): Attribute(pascal(name), known.type, known.multi) for name, known in listed.items()}


@cache
def read_only() -> frozenset[str]:
    """Names, in lower case, of attributes that nothing comes of when they are sent."""
    return frozenset(name for name, attribute in schema().items() if attribute.read_only)


@cache
def of_kind(kind: str) -> tuple[str, ...]:
    """Names of the attributes of an object class, in PascalCase and in their order; none for an unknown class."""
    classes = {name.lower(): attributes for name, attributes in CLASSES.items()}
    return tuple(sorted(pascal(name) for name in classes.get(kind.lower(), ())))


def pascal(name: str) -> str:
    """A name as the read-back writes it."""
    return name[:1].upper() + name[1:]


def attribute(name: str) -> Attribute | None:
    """An attribute by its name in any case; directory extensions hold text. None: it is not known."""
    low = name.lower()
    if low.startswith(EXTENSION):
        return Attribute(pascal(name), Type.STRING, False)
    return schema().get(low)
