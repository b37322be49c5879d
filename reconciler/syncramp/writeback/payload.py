"""What a written-back group is in the directory, as a table: one row for each attribute.

The names are the directory's, the values those of :mod:`syncramp.model.values`; ``member`` is none of them. What the
schema does not have is not written, so without Exchange's schema there is nothing of Exchange's. A group carries its
object id twice (``adminDescription``, ``msDS-ExternalDirectoryObjectId``): by these marks it is found and taken over,
and by them it is never uploaded (:mod:`syncramp.rules.exclusions`).
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from syncramp.model.cloud import CloudGroup
from syncramp.model.values import Value
from syncramp.spec.types import GroupKind, Naming, WritebackGroups
from syncramp.writeback.wanted import kind_of

MARK = "Group_"
"""In front of the object id: the cloud anchor of a group."""
GROUP_TYPES: Mapping[GroupKind, int] = {GroupKind.MICROSOFT_365: 0x8, GroupKind.SECURITY: 0x8 - 0x80000000}
"""groupType, 32 bits with a sign: GROUP_TYPE_UNIVERSAL_GROUP, and GROUP_TYPE_SECURITY_ENABLED (MS-ADTS 2.2.12). A
distribution group is in no token."""
LONGEST_DESCRIPTION = 448
"""Characters that Microsoft's group writeback keeps."""
LONGEST_NAME = 256
"""rangeUpper of displayName, and of sAMAccountName for groups (MS-ADA1, MS-ADA3)."""
LONGEST_ADDRESS = 1123
"""rangeUpper of proxyAddresses and legacyExchangeDN."""
SHOWN, SUFFIX = 51, 12
"""Characters of the display name and of the object id in a CN: with the ``_`` between them 64, its rangeUpper."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NOT_IN_ACCOUNTS = re.compile(r'["/\\\[\]:;|=,+*?<>@]')
"""MS-SAMR 3.1.1.8.4 refuses them in a sAMAccountName, but @, which would make it look like a userPrincipalName."""


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of the directory."""

    name: str
    of: str
    """What it is made of, for people."""
    make: Callable[[CloudGroup, WritebackGroups], Value | None]
    mail: bool = False
    """Only of Microsoft 365 groups, which have a mailbox."""


def payload(group: CloudGroup, config: WritebackGroups, schema: Collection[str]) -> dict[str, Value]:
    """What a group that is wanted should be in the directory.

    :param schema: attributes that a group can have there, in small letters.
    :returns: by the directory's names, without those that have no value.
    """
    mailbox = kind_of(group) is GroupKind.MICROSOFT_365
    rows = [row for row in ROWS if row.name.lower() in schema and (mailbox or not row.mail)]
    made = {row.name: row.make(group, config) for row in rows}
    return {name: value for name, value in made.items() if value is not None}


def marked(object_id: str) -> str:
    """The mark of a group: ``Group_<object id>``."""
    return f"{MARK}{object_id}"


def cut(text: str, longest: int) -> str:
    """The first characters of a text as the directory counts them, which is in units of UTF-16; never half of one.

    A lone surrogate, which no directory takes, is left out.
    """
    return text.encode("utf-16-le", "surrogatepass")[: 2 * longest].decode("utf-16-le", "ignore")


def _line(value: object) -> str:
    """Text on one line, without white space around it; empty where it is no text."""
    return _CONTROL.sub(" ", value).strip() if isinstance(value, str) else ""


def _text(name: str, longest: int = LONGEST_NAME) -> Callable[[CloudGroup, WritebackGroups], Value | None]:
    return lambda group, _: cut(_line(group.attributes.get(name)), longest).strip() or None


def _mark(group: CloudGroup, _: WritebackGroups) -> Value:
    return marked(group.object_id)


def name_of(group: CloudGroup, config: WritebackGroups) -> str:
    """The CN."""
    name = cut(_line(group.attributes.get("displayName")), SHOWN)
    if config.naming is Naming.OBJECT_ID or not name:
        return marked(group.object_id)
    return f"{name}_{group.object_id[-SUFFIX:]}"


def _account(group: CloudGroup, config: WritebackGroups) -> Value:
    """The CN without what an account cannot have; its end keeps it from being dots and blanks alone."""
    return _NOT_IN_ACCOUNTS.sub("", name_of(group, config)).strip()


def _description(group: CloudGroup, _: WritebackGroups) -> Value | None:
    """Its lines stay lines."""
    told = group.attributes.get("description")
    text = told.replace("\x00", "").strip() if isinstance(told, str) else ""
    return cut(text, LONGEST_DESCRIPTION).strip() or None


def _group_type(group: CloudGroup, _: WritebackGroups) -> Value | None:
    kind = kind_of(group)
    return GROUP_TYPES[kind] if isinstance(kind, GroupKind) else None


def _addresses(group: CloudGroup, _: WritebackGroups) -> Value | None:
    """All of them, and the group's old name in Exchange, so that replies to old mail arrive; each once, without case
    as the directory compares them.
    """
    told = group.attributes.get("proxyAddresses", ())
    legacy = _line(group.attributes.get("legacyExchangeDN"))
    values = [_line(value) for value in told] if isinstance(told, tuple) else []
    found: dict[str, str] = {}
    for value in sorted([*values, *([f"X500:{legacy}"] if legacy else [])], key=str.encode):
        if value and cut(value, LONGEST_ADDRESS) == value:
            found.setdefault(value.lower(), value)
    return tuple(found.values()) or None


def _closed(group: CloudGroup, _: WritebackGroups) -> Value:
    """Strangers may write to it only where the cloud says so; it stands before the first member does."""
    return group.attributes.get("allowExternalSenders") is not True


ROWS: tuple[Row, ...] = (
    Row("cn", "the mark, or the display name and the end of the object id", name_of),
    Row("sAMAccountName", "the cn, without what an account name cannot have", _account),
    Row("groupType", "8 for Microsoft 365 groups, -2147483640 for security groups", _group_type),
    Row("displayName", "displayName, 256 characters", _text("displayName")),
    Row("description", "description, 448 characters", _description),
    Row("adminDescription", "the mark", _mark),
    Row("msDS-ExternalDirectoryObjectId", "the mark", _mark),
    Row("mail", "mail, 256 characters", _text("mail"), mail=True),
    Row("mailNickname", "mailNickname, 64 characters", _text("mailNickname", 64), mail=True),
    Row("proxyAddresses", "proxyAddresses, and legacyExchangeDN as an X500 address", _addresses, mail=True),
    Row("msExchRequireAuthToSendTo", "true unless allowExternalSenders is true", _closed, mail=True),
)
"""In the order of docs/attributes.md."""
