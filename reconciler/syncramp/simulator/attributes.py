"""The attributes of objects, as Microsoft's own connector knows them: their types, and the classes that have them.

The list is of 2016 (``connector_schema.json`` names its source). What Microsoft's release history and published
clients added since is below.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LATER = (
    "certificateUserIds",
    "dnsDomainName",
    "employeeHireDate",
    "employeeId",
    "employeeLeaveDateTime",
    "employeeOrgDataCostCenter",
    "employeeOrgDataDivision",
    "employeeType",
    "lastPasswordChangeTimestamp",
    "netBiosName",
    "onPremisesDistinguishedName",
    "onPremisesObjectIdentifier",
    "onPremisesSamAccountName",
    "preferredDataLocation",
    "reasonFiltered",
    "targetWritebackType",
    "userType",
)
"""Version release history; AzureADConnect_Samba4. All are text."""
_LATER_MULTI = frozenset({"certificateUserIds"})
EXTENSION = "extension_"
"""Directory extensions are named ``extension_<application id>_<name>``."""
KINDS = frozenset({"User", "Group", "Contact", "Device", "PublicFolder"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute."""

    name: str
    """In PascalCase, as the read-back writes it."""
    type: str
    """string, boolean, integer, binary or reference."""
    multi: bool

    @property
    def read_only(self) -> bool:
        """The cloud's own side of an attribute; a client may send it, and nothing comes of it."""
        return self.name.startswith("Cloud") or self.name in ("ReasonFiltered", "TargetWritebackType")


@cache
def schema() -> Mapping[str, Attribute]:
    """All attributes by name in lower case."""
    listed = {name: ("string", name in _LATER_MULTI) for name in LATER} | _document()["attributes"]
    return {name.lower(): Attribute(pascal(name), kind, multi) for name, (kind, multi) in listed.items()}


@cache
def read_only() -> frozenset[str]:
    """Names, in lower case, of attributes that nothing comes of when they are sent."""
    return frozenset(name for name, attribute in schema().items() if attribute.read_only)


@cache
def of_kind(kind: str) -> tuple[str, ...]:
    """Names of the attributes of an object class, in PascalCase and in their order; none for an unknown class."""
    classes: dict[str, list[str]] = {name.lower(): names for name, names in _document()["classes"].items()}
    return tuple(sorted(pascal(name) for name in classes.get(kind.lower(), ())))


def pascal(name: str) -> str:
    """A name as the read-back writes it."""
    return name[:1].upper() + name[1:]


def attribute(name: str) -> Attribute | None:
    """An attribute by its name in any case; directory extensions hold text. None: it is not known."""
    low = name.lower()
    if low.startswith(EXTENSION):
        return Attribute(pascal(name), "string", False)
    return schema().get(low)


def _document() -> Any:
    return json.loads(files(__package__).joinpath("connector_schema.json").read_text(encoding="utf-8"))
