"""What expressions of ramps see: ``object``, a group or a member as it should be in the cloud.

Its attributes are those that the built-in rules make and those that rules of the document may set.
"""

from collections.abc import Iterable

from syncramp.expr.environment import Environment
from syncramp.expr.types import Name
from syncramp.model.values import Kind
from syncramp.rules.catalogue import WIRE
from syncramp.rules.settable import NotSettable, settable
from syncramp.rules.view import object_names

GROUPS = (Kind.GROUP,)
MEMBERS = (Kind.USER, Kind.GROUP, Kind.CONTACT, Kind.DEVICE)
"""Who can be a member of a group."""


def desired_names(kinds: Iterable[Kind]) -> dict[str, Name]:
    """The attributes that objects of these kinds may have, with their types; one name has one type in all kinds."""
    return {name: found for kind in kinds for name, found in _of(kind)}


def _of(kind: Kind) -> Iterable[tuple[str, Name]]:
    yield from object_names(kind).items()
    for name in WIRE[kind]:
        try:
            yield name, settable(kind, name)
        except NotSettable:
            continue


def desired_environment(kinds: Iterable[Kind]) -> Environment:
    """What an expression of a ramp may name."""
    return Environment({"object": desired_names(kinds)})
