"""The attributes that rules may name: what the service takes of each kind, and what directories call theirs.

What the service takes is read from the schema of Microsoft's own connector (of 2016; ``connector_schema.json`` names
its source), with what its release history and published clients added since. It serves rules, which must not set what
nobody takes, and the simulator, which plays the one who takes it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from syncramp.model.values import Kind, Type
from syncramp.rules.directory_schema import MANY, ONE

EXTENSION = "extension_"
"""Directory extensions are named ``extension_<application id>_<name>``."""
LATER: Mapping[str, tuple[str, ...]] = {
    "user": (
        "certificateUserIds",
        "employeeHireDate",
        "employeeId",
        "employeeLeaveDateTime",
        "employeeOrgDataCostCenter",
        "employeeOrgDataDivision",
        "employeeType",
        "onPremisesDistinguishedName",
        "onPremisesObjectIdentifier",
        "preferredDataLocation",
        "reasonFiltered",
        "targetWritebackType",
        "userType",
    ),
    "group": (
        "dnsDomainName",
        "netBiosName",
        "onPremisesDistinguishedName",
        "onPremisesObjectIdentifier",
        "onPremisesSamAccountName",
    ),
}
"""By class (version release history of Microsoft's service; AzureADConnect_Samba4). All are text."""
_LATER_MULTI = frozenset({"certificateUserIds"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, of the service or of a directory."""

    name: str
    """As it is usually spelled."""
    type: Type
    multi: bool
    """It holds any number of values."""


def _classes() -> Mapping[str, Mapping[str, Attribute]]:
    document = json.loads(files(__package__).joinpath("connector_schema.json").read_text(encoding="utf-8"))
    known = {
        name: Attribute(name, Type(kind.capitalize()), multi)
        for name, (kind, multi) in document["attributes"].items()
    }
    later = {name: Attribute(name, Type.STRING, name in _LATER_MULTI) for names in LATER.values() for name in names}
    return {
        kind: {name: known.get(name) or later[name] for name in sorted({*names, *LATER.get(kind, ())})}
        for kind, names in document["classes"].items()
    }


def _directory() -> Iterator[Attribute]:
    for multi, lists in ((False, ONE), (True, MANY)):
        for kind, names in lists.items():
            yield from (Attribute(name, kind, multi) for name in names.split())


CLASSES: Mapping[str, Mapping[str, Attribute]] = _classes()
"""Attributes by name, for each object class of the connector: user, group, contact, device, publicFolder."""
WIRE: Mapping[Kind, Mapping[str, Attribute]] = {kind: CLASSES[kind.value.lower()] for kind in Kind}
"""What the service takes of an object of a kind, by the names of the wire."""
DIRECTORY: Mapping[str, Attribute] = {attribute.name: attribute for attribute in _directory()}
"""Well-known attributes of directory entries, by their usual spelling."""
_IN_LOWER_CASE = {name.lower(): attribute for name, attribute in DIRECTORY.items()}


def well_known(name: str) -> Attribute | None:
    """The well-known attribute of a directory that has this name, in any case."""
    return _IN_LOWER_CASE.get(name.lower())
