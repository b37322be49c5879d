"""Which attributes of an object a rule may set or clear: those that the service takes of its kind, but not what says
which object it is, what names other objects, or what is the cloud's own."""

import re

from syncramp.expr.types import Name
from syncramp.model.values import Kind, Type
from syncramp.rules.catalogue import WIRE
from syncramp.rules.flows import FLOWS
from syncramp.rules.values import long
from syncramp.words import closest

_EXTENSION = re.compile(r"extension_[0-9a-fA-F]{32}_[A-Za-z0-9]{1,220}")
"""A directory extension: the id of the application that registered it, without dashes, and its name."""
_IDENTITY = frozenset({"sourceAnchor", "cloudAnchor", "onPremisesObjectIdentifier", "deviceId"})
_MEMBERS = "member"
_LONG = frozenset(flow.wire for flows in FLOWS.values() for flow in flows if flow.convert is long)
"""Numbers of 64 bits; the service takes all others in 32."""


class NotSettable(ValueError):
    """A rule may not set this attribute; the text says why, ``remedy`` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


def settable(kind: Kind, wire: str) -> Name:
    """The type of an attribute that a rule sets or clears.

    :param wire: its name at the service.
    :raises NotSettable: rules leave it alone, or there is none of this name.
    """
    if _EXTENSION.fullmatch(wire):
        return Name(Type.STRING)
    found = WIRE[kind].get(wire)
    if found is None:
        raise NotSettable(f"the service knows no attribute of this name on a {kind.value}", _near(kind, wire))
    if wire in _IDENTITY:
        raise NotSettable("says which object it is; no rule may change that", _elsewhere(wire))
    if wire == _MEMBERS:
        raise NotSettable("members are no attribute; no rule may change them", "leave members out by exclude: {}")
    if found.type is Type.REFERENCE:
        raise NotSettable("names another object; no rule may change that", "change it in the directory")
    if wire.startswith("cloud"):
        raise NotSettable("is the cloud's own", "remove it")
    return Name(found.type, found.multi)


def clearable(kind: Kind, wire: str) -> None:
    """Of what a rule may set, everything can be cleared but whether an account is enabled.

    :raises NotSettable: a rule may not clear it.
    """
    settable(kind, wire)
    if wire == "accountEnabled":
        raise NotSettable("an account is enabled or disabled, never neither", "set it to false")


def wrong_number(wire: str, value: object) -> str:
    """Why the service does not take a number; empty where it does, and of what is no number."""
    if type(value) is not int or wire in _LONG or -(2**31) <= value < 2**31:
        return ""
    return f"{value} is no number of 32 bits"


def _elsewhere(wire: str) -> str:
    return "choose the anchor by spec.identity.sourceAnchor" if wire == "sourceAnchor" else "remove it"


def _near(kind: Kind, wire: str) -> str:
    if near := closest(wire, WIRE[kind]):
        return f"did you mean {near}?"
    return "write its name at the service (docs/attributes.md), or extension_<application id>_<name>"
