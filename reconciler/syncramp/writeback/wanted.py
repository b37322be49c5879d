"""Which groups of the cloud are written to a directory.

Judged are the kind of a group, whether roles can be assigned to it, its size, and an expression of the document over
what the cloud tells of it, by the names of Microsoft Graph. Whatever is not wanted has one reason, the first that
holds. A group with rules of membership of its own (a dynamic one) is like any other: the cloud tells its members.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from syncramp.expr.environment import Environment, Expression
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.types import Given, Name, Want
from syncramp.model.cloud import CloudGroup
from syncramp.model.values import Type
from syncramp.spec.types import GroupKind, WritebackGroups
from syncramp.words import count

NAMES: Mapping[str, Name] = {
    "id": Name(Type.STRING),
    "displayName": Name(Type.STRING),
    "description": Name(Type.STRING),
    "mail": Name(Type.STRING),
    "mailNickname": Name(Type.STRING),
    "proxyAddresses": Name(Type.STRING, multi=True),
    "groupTypes": Name(Type.STRING, multi=True),
    "securityEnabled": Name(Type.BOOLEAN),
    "mailEnabled": Name(Type.BOOLEAN),
    "visibility": Name(Type.STRING),
    "isAssignableToRole": Name(Type.BOOLEAN),
}
"""What ``match.where`` may name of ``object``: properties of Microsoft Graph's resource type group, v1.0."""
UNIFIED = "unified"
"""In ``groupTypes`` of a Microsoft 365 group, in small letters."""

ROLES = "roles of the cloud can be assigned to it"
UNASKED = {
    GroupKind.MICROSOFT_365: "it is a Microsoft 365 group, and the document does not ask for those",
    GroupKind.SECURITY: "it is a security group, and the document does not ask for those",
}
MAIL_SECURITY = "it is a mail-enabled security group, which Exchange Online holds"
DISTRIBUTION = "it is a distribution group, which Exchange Online holds"
UNTOLD = "the cloud does not tell its kind"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A group that is written."""

    kind: GroupKind


@dataclass(frozen=True, slots=True)
class Refused:
    """A group that is not written."""

    reason: str
    """A clause for people."""


@cache
def environment() -> Environment:
    """What an expression of ``match.where`` may name; made when it is first needed."""
    return Environment({"object": NAMES})


def condition(config: WritebackGroups) -> Expression | None:
    """The document's expression, ready to be asked; None: it has none.

    :raises ExpressionError: it cannot be used.
    """
    return None if config.where is None else environment().compile(config.where, Want.CONDITION)


def wanted(group: CloudGroup, config: WritebackGroups, where: Expression | None) -> Wanted | Refused:
    """Is a group written?

    :param where: what :func:`condition` made of the document.
    """
    kind = kind_of(group)
    if isinstance(kind, Refused):
        return kind
    if kind not in config.kinds:
        return Refused(UNASKED[kind])
    if group.attributes.get("isAssignableToRole") is True and not config.role_assignable:
        return Refused(ROLES)
    refused = _size(group, config) or (_where(group, where) if where is not None else "")
    return Refused(refused) if refused else Wanted(kind)


def kind_of(group: CloudGroup) -> GroupKind | Refused:
    """The kind of a group; why it is none that can be written.

    Microsoft 365 groups have ``Unified`` in groupTypes, and security groups are security-enabled and not
    mail-enabled (Microsoft Graph, "Working with groups"); the other two are Exchange Online's.
    """
    types = group.attributes.get("groupTypes", ())
    if isinstance(types, tuple) and any(str(one).lower() == UNIFIED for one in types):
        return GroupKind.MICROSOFT_365
    security, mail = group.attributes.get("securityEnabled"), group.attributes.get("mailEnabled")
    if security is True:
        return Refused(MAIL_SECURITY) if mail is True else GroupKind.SECURITY
    return Refused(UNTOLD if security is None else DISTRIBUTION)


def _size(group: CloudGroup, config: WritebackGroups) -> str:
    """Members that were never shown decide nothing: such a group is held as a whole anyway."""
    if group.members is None or config.min_members <= len(group.members) <= config.max_members:
        return ""
    below = len(group.members) < config.min_members
    border = config.min_members if below else config.max_members
    return f"it has {'less' if below else 'more'} than {count(border, 'member')}"


def _where(group: CloudGroup, where: Expression) -> str:
    named = where.names.get("object", frozenset())
    known = {**group.attributes, "id": group.object_id}
    given: dict[str, Given] = {name: value for name, value in known.items() if name in named}
    try:
        return "" if where.evaluate({"object": given}) is True else f"match.where is not true of it: {where.text}"
    except EvaluationFailed as error:
        return f"match.where has no result for it: {error}"
