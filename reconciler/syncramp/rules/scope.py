"""Who is synchronised: the scopes of a source, and Microsoft's documented exclusions for each kind.

Source of the exclusions: Microsoft's description of the default configuration of its own sync service. Disabled
accounts *are* synchronised, with accountEnabled false: a leaver must be switched off in the cloud, not forgotten.
"""

from collections.abc import Callable, Sequence

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.rules.values import INTEGER
from syncramp.source import dn
from syncramp.source.filter import parse
from syncramp.spec.types import Scope

SERVICE_ACCOUNTS = ("aad_", "msol_")
"""Accounts that sync tools make for themselves."""
SUPPORT_ACCOUNT = "support_388945a0"
HIDDEN_MAILBOXES = 0x21C07000
"""msExchRecipientTypeDetails of system, arbitration, discovery and audit mailboxes."""
ROLE_GROUP = 0x40000000
"""msExchRecipientTypeDetails of an Exchange role group."""
WRITTEN_BACK = b"group_"
"""Marker of a group that came from the cloud: it must not go back."""

OUTSIDE = "outside every scope"

_Reason = str


def bad_scope(entry: Entry, scopes: Sequence["ScopeTest"]) -> _Reason:
    """Why no scope holds the entry; empty when one does."""
    for scope in scopes:
        if entry.kind in scope.kinds and scope.holds_place(entry) and scope.matches(entry):
            return ""
    below = [scope for scope in scopes if scope.holds_place(entry)]
    if not below:
        return OUTSIDE
    if not any(entry.kind in scope.kinds for scope in below):
        return f"its scope does not name the kind {entry.kind.value}"
    return "it does not match the filter of its scope"


class ScopeTest:
    """One scope, ready to be asked."""

    def __init__(self, scope: Scope) -> None:
        self.base = dn.canonical(scope.dn)
        self.kinds = scope.kinds
        self.filter = parse(scope.filter) if scope.filter else None

    def holds_place(self, entry: Entry) -> bool:
        """The entry is at or below the scope's DN."""
        return dn.lies_below(entry.dn, self.base)

    def matches(self, entry: Entry) -> bool:
        """The scope's filter, if it has one, holds for the entry."""
        return self.filter is None or self.filter.matches(entry.attributes)


def excluded(entry: Entry) -> _Reason:
    """Why an entry of any scope is left out; empty when it is not."""
    if _flag(entry, "iscriticalsystemobject"):
        return "a critical system object of the directory"
    dn = entry.dn.lower()
    if "\\0acnf:" in dn or "\ncnf:" in dn:
        return "a replication conflict object"
    return _EXCLUSIONS[entry.kind](entry)


def unreadable(entry: Entry) -> _Reason:
    """Why an entry cannot be judged; empty when it can.

    A security principal of AD (it has an objectSid) always has these attributes. Where one is missing, this account
    may not read it, or the export left it out: it is not empty, and nobody may be deleted for it.
    """
    for name in _MANDATORY.get(entry.kind, ()) if "objectsid" in entry.attributes else ():
        if name.lower() not in entry.attributes:
            return f"its {name} cannot be read"
    kind = entry.attributes.get("grouptype") if entry.kind is Kind.GROUP else None
    return "its groupType is no number" if kind and not INTEGER.fullmatch(kind[0]) else ""


def _user(entry: Entry) -> _Reason:
    account = _text(entry, "samaccountname").lower()
    if not account:
        return "no sAMAccountName"
    if account.startswith(SERVICE_ACCOUNTS) or account == SUPPORT_ACCOUNT:
        return "an account of a sync tool or of Microsoft support"
    nickname = _text(entry, "mailnickname")
    if nickname.startswith("SystemMailbox{") or (nickname.startswith("CAS_") and "}" in nickname):
        return "a system mailbox"
    if _number(entry, "msexchrecipienttypedetails") & HIDDEN_MAILBOXES:
        return "a system mailbox"
    return ""


def _group(entry: Entry) -> _Reason:
    markers = (*entry.attributes.get("admindescription", ()), *entry.attributes.get(_EXTERNAL_ID, ()))
    if any(marker.lower().startswith(WRITTEN_BACK) for marker in markers):
        return "a group that was written back from the cloud"
    if _number(entry, "msexchrecipienttypedetails") & ROLE_GROUP:
        return "an Exchange role group"
    if not _number(entry, "grouptype") & 0x80000000 and not _mail_enabled(entry):
        return "neither security-enabled nor mail-enabled"
    return ""


def _contact(entry: Entry) -> _Reason:
    return "" if _mail_enabled(entry) else "a contact without a mail address"


_MANDATORY = {Kind.USER: ("sAMAccountName",), Kind.GROUP: ("sAMAccountName", "groupType")}
_EXTERNAL_ID = "msds-externaldirectoryobjectid"
_EXCLUSIONS: dict[Kind, Callable[[Entry], _Reason]] = {Kind.USER: _user, Kind.GROUP: _group, Kind.CONTACT: _contact}


def _mail_enabled(entry: Entry) -> bool:
    """It has a mail address or an SMTP proxy address; an X500 address alone is not one."""
    proxies = entry.attributes.get("proxyaddresses", ())
    return bool(_text(entry, "mail").strip()) or any(value[:5].lower() == b"smtp:" for value in proxies)


def _text(entry: Entry, name: str) -> str:
    values = entry.attributes.get(name)
    return values[0].decode(errors="replace") if values else ""


def _number(entry: Entry, name: str) -> int:
    try:
        return int(_text(entry, name) or 0)
    except ValueError:
        return 0


def _flag(entry: Entry, name: str) -> bool:
    return _text(entry, name).upper() == "TRUE"


USED = frozenset(
    {
        "objectsid",
        "iscriticalsystemobject",
        "samaccountname",
        "mailnickname",
        "msexchrecipienttypedetails",
        "admindescription",
        _EXTERNAL_ID,
        "grouptype",
        "mail",
        "proxyaddresses",
    }
)
"""Attributes the exclusions look at."""
