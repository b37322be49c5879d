"""Who is left out of every scope: Microsoft's documented exclusions, one by one.

Source: Microsoft's page "Understanding the default configuration" and the published export of its rules of 2016
(microsoft/AADConnectConfigDocumenter), which compares names without case. Disabled accounts *are* synchronised, with
accountEnabled false: a leaver must be switched off in the cloud, not forgotten.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.rules.certificates import registrations
from syncramp.rules.recipients import HIDDEN_MAILBOXES, LINKED_MAILBOX, ROLE_GROUP, TYPE, number_of, recipient_type
from syncramp.rules.values import INTEGER, SECURITY_ENABLED

_EXTERNAL_ID = "msds-externaldirectoryobjectid"
_CONFLICT = re.compile(r"(?:[^\\,]|\\.)*?\\0ACNF:", re.IGNORECASE)
"""A first RDN with the mark of a replication conflict, as a canonical DN spells it."""


class Exclusion(NamedTuple):
    """A reason to leave an entry out."""

    reason: str
    """What the entry is, for people."""
    when: str
    """What makes it so, in the directory's names; for tables."""
    holds: Callable[[Entry], bool]


def excluded(entry: Entry) -> str:
    """Why an entry of any scope is left out; empty when it is not."""
    for exclusion in EXCLUSIONS[entry.kind]:
        if exclusion.holds(entry):
            return exclusion.reason
    return ""


def linked_mailbox(entry: Entry) -> str:
    """Why an entry is no object of its own although nothing excludes it; empty when it is one.

    The mailbox of an account in another forest gives neither anchor nor user principal name: that account does.
    """
    return LINKED.reason if entry.kind is Kind.USER and LINKED.holds(entry) else ""


def unreadable(entry: Entry) -> str:
    """Why an entry cannot be judged; empty when it can.

    A security principal of AD (it has an objectSid) always has these attributes. Where one is missing, this account
    may not read it, or the export left it out: it is not empty, and nobody may be deleted for it.
    """
    for name in _MANDATORY.get(entry.kind, ()) if "objectsid" in entry.attributes else ():
        if name.lower() not in entry.attributes:
            return f"its {name} cannot be read"
    kind = entry.attributes.get("grouptype") if entry.kind is Kind.GROUP else None
    return "its groupType is no number" if kind and not INTEGER.fullmatch(kind[0]) else ""


_MANDATORY = {Kind.USER: ("sAMAccountName",), Kind.GROUP: ("sAMAccountName", "groupType")}


def _text(entry: Entry, name: str) -> str:
    values = entry.attributes.get(name)
    return values[0].decode(errors="replace").lower() if values else ""


def _begins(name: str, *starts: str) -> Callable[[Entry], bool]:
    return lambda entry: name in entry.attributes and _text(entry, name).startswith(starts)


def _masked(mask: int) -> Callable[[Entry], bool]:
    return lambda entry: TYPE in entry.attributes and bool(recipient_type(entry) & mask)


def _client_access(*names: str) -> Callable[[Entry], bool]:
    def holds(entry: Entry) -> bool:
        for name in names:  # a loop and no generator: it is asked of everybody
            if name in entry.attributes and "}" in (value := _text(entry, name)) and value.startswith("cas_"):
                return True
        return False

    return holds


def _written_back(entry: Entry) -> bool:
    markers = (*entry.attributes.get("admindescription", ()), *entry.attributes.get(_EXTERNAL_ID, ()))
    return any(marker.lower().startswith(b"group_") for marker in markers)


def _mail_enabled(entry: Entry) -> bool:
    """It has an address, in ``mail`` or as an SMTP proxy address; an X500 address is none."""
    proxies = entry.attributes.get("proxyaddresses", ())
    return "@" in _text(entry, "mail") or any(value[:5].lower() == b"smtp:" and b"@" in value for value in proxies)


def _plain_group(entry: Entry) -> bool:
    return not number_of(entry, "grouptype") & SECURITY_ENABLED and not _mail_enabled(entry)


def _old_windows(entry: Entry) -> bool:
    return "windows" in _text(entry, "operatingsystem") and _text(entry, "operatingsystemversion").startswith("6.")


def _hidden_copy(entry: Entry) -> bool:
    return "(msol)" in _text(entry, "displayname") and _text(entry, "msexchhidefromaddresslists") == "true"


_CRITICAL = Exclusion(
    "a critical system object of the directory",
    "isCriticalSystemObject is present",
    lambda entry: "iscriticalsystemobject" in entry.attributes,
)
_REPLICATION_CONFLICT = Exclusion(
    "a replication conflict object",
    r"the first part of its DN contains \0ACNF:",
    lambda entry: "\\0" in entry.dn and _CONFLICT.match(entry.dn) is not None,
)
LINKED = Exclusion(
    "a linked mailbox: its account is in another forest",
    "msExchRecipientTypeDetails is 2; it adds to the account that it is joined with",
    lambda entry: TYPE in entry.attributes and recipient_type(entry) == LINKED_MAILBOX,
)
EXCLUSIONS: Mapping[Kind, tuple[Exclusion, ...]] = {
    Kind.USER: (
        _CRITICAL,
        _REPLICATION_CONFLICT,
        Exclusion("no sAMAccountName", "sAMAccountName is missing", lambda entry: not _text(entry, "samaccountname")),
        Exclusion(
            "an account of a sync tool or of Microsoft support",
            "sAMAccountName begins with AAD_ or MSOL_, or is SUPPORT_388945a0",
            lambda entry: (
                (account := _text(entry, "samaccountname")).startswith(("aad_", "msol_"))
                or account == "support_388945a0"
            ),
        ),
        Exclusion(
            "a system mailbox", "mailNickname begins with SystemMailbox{", _begins("mailnickname", "systemmailbox{")
        ),
        Exclusion(
            "a system mailbox",
            "mailNickname or sAMAccountName begins with CAS_ and contains }",
            _client_access("mailnickname", "samaccountname"),
        ),
        Exclusion(
            "a system mailbox", "msExchRecipientTypeDetails has a bit of 0x21C07000", _masked(HIDDEN_MAILBOXES)
        ),
        Exclusion(
            "a user that was written back from the cloud",
            "adminDescription begins with User_",
            _begins("admindescription", "user_"),
        ),
    ),
    Kind.GROUP: (
        _CRITICAL,
        _REPLICATION_CONFLICT,
        Exclusion(
            "a group that was written back from the cloud",
            "adminDescription or msDS-ExternalDirectoryObjectId begins with Group_",
            _written_back,
        ),
        Exclusion(
            "a group of a former sync tool",
            "sAMAccountName is MSOL_AD_Sync_RichCoexistence",
            lambda entry: _text(entry, "samaccountname") == "msol_ad_sync_richcoexistence",
        ),
        Exclusion("an Exchange role group", "msExchRecipientTypeDetails has the bit 0x40000000", _masked(ROLE_GROUP)),
        Exclusion(
            "neither security-enabled nor mail-enabled",
            "groupType lacks 0x80000000, and neither mail nor an SMTP address in proxyAddresses contains @",
            _plain_group,
        ),
    ),
    Kind.CONTACT: (
        _CRITICAL,
        _REPLICATION_CONFLICT,
        Exclusion(
            "a contact without a mail address", "mail is missing", lambda entry: not _text(entry, "mail").strip()
        ),
        Exclusion(
            "a contact that is not mail-enabled",
            "neither mail nor an SMTP address in proxyAddresses contains @",
            lambda entry: not _mail_enabled(entry),
        ),
        Exclusion(
            "a hidden contact of a former sync tool",
            "displayName contains (MSOL) and msExchHideFromAddressLists is TRUE",
            _hidden_copy,
        ),
        Exclusion("a system mailbox", "mailNickname begins with CAS_ and contains }", _client_access("mailnickname")),
    ),
    Kind.DEVICE: (
        Exclusion(
            "a computer that is not registered",
            "no userCertificate has the objectGUID as the common name of its subject",
            lambda entry: not registrations(entry),
        ),
        Exclusion(
            "a computer with a Windows before version 10",
            "operatingSystem contains Windows and operatingSystemVersion begins with 6.",
            _old_windows,
        ),
    ),
}
"""In the order in which they are asked; the first that holds is told."""

USED = frozenset(
    {
        _EXTERNAL_ID,
        TYPE,
        "admindescription",
        "displayname",
        "grouptype",
        "iscriticalsystemobject",
        "mail",
        "mailnickname",
        "msexchhidefromaddresslists",
        "objectsid",
        "operatingsystem",
        "operatingsystemversion",
        "proxyaddresses",
        "samaccountname",
        "usercertificate",
    }
)
"""Attributes the exclusions look at."""
