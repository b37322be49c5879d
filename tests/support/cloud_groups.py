"""Groups that are mastered in the cloud, and what a document asks of them, for tests."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pyroaring import BitMap

from syncramp.model.cloud import CloudGroup, CloudState
from syncramp.model.values import Value
from syncramp.spec.ramps import RampPolicy, Soak, Step
from syncramp.spec.types import LdapAccess, WritebackGroups

OBJECT_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
RAMP = RampPolicy("writeback", steps=(Step(250_000, Soak(timedelta(hours=1))),), gates=())
CONTAINER = "OU=Cloud Groups,DC=corp,DC=example"


def object_id(number: int) -> str:
    """The object id of the group of a number."""
    return str(UUID(int=0xA000_0000_0000 + number))


def cloud_group(
    attributes: dict[str, Value] | None = None,
    *,
    number: int | None = None,
    members: BitMap | None = None,
    state: CloudState = CloudState.LIVE,
    **more: Value,
) -> CloudGroup:
    """A Microsoft 365 group, unless its attributes are given."""
    plain: dict[str, Value] = {"groupTypes": ("Unified",), "securityEnabled": False, "mailEnabled": True}
    name = OBJECT_ID if number is None else object_id(number)
    told = (plain if attributes is None else attributes) | more
    return CloudGroup(number or 1, name, told, state, 0.0, members, 1)


def security_group(**more: Value) -> CloudGroup:
    """A security group."""
    return cloud_group({"groupTypes": (), "securityEnabled": True, "mailEnabled": False}, **more)


def writeback(**fields: Any) -> WritebackGroups:
    """What a document asks for."""
    access = LdapAccess(("ldaps://dc1.corp.example",), "writer")
    return WritebackGroups(**{"source": "corp", "container": CONTAINER, "access": access, "ramp": RAMP} | fields)
