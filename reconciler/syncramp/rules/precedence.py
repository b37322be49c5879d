"""Which of several entries of one person gives an attribute: whose word counts before whose.

1. An own rule of the document beats what is built in; of several the lowest precedence.
2. What an account is (``ACCOUNT``) comes from the leading account alone: enabled before disabled, then the order of
   the sources. A linked mailbox gives none of it.
3. What an address list shows comes from the forest that has the mailbox, then from users before contacts, then in the
   order of the sources. Everything else comes from users before contacts, in the order of the sources.

Source of 2 and 3: Microsoft's description of users and contacts in its sync service's default configuration.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.rules.components import Rank
from syncramp.rules.exclusions import linked_mailbox
from syncramp.rules.recipients import MAILBOX_ID, TYPE, has_mailbox
from syncramp.rules.types import Decision

ACCOUNT = frozenset(
    {
        "userPrincipalName",
        "accountEnabled",
        "lastPasswordChangeTimestamp",
        "dnsDomainName",
        "netBiosName",
        "onPremisesDistinguishedName",
        "onPremisesObjectIdentifier",
        "onPremisesSamAccountName",
        "onPremiseSecurityIdentifier",
    }
)
SIGN_IN = frozenset({"usageLocation"})
"""From the leading account first, but another entry may have it."""
ADDRESS_LIST = frozenset(
    {
        "alias",
        "assistant",
        "city",
        "commonName",
        "company",
        "country",
        "countryCode",
        "countryLetterCode",
        "department",
        "displayName",
        "facsimileTelephoneNumber",
        "givenName",
        "homePhone",
        "info",
        "initials",
        "ipPhone",
        "legacyExchangeDN",
        "mail",
        "manager",
        "mobile",
        "pager",
        "physicalDeliveryOfficeName",
        "postalCode",
        "postOfficeBox",
        "proxyAddresses",
        "state",
        "streetAddress",
        "surname",
        "targetAddress",
        "telephoneAssistant",
        "telephoneNumber",
        "title",
        "wwwHomepage",
    }
)
_ADDRESS_LIST_PREFIXES = ("extensionAttribute", "msExch", "other", "dLMem", "auth", "unauth", "publicDelegates")
_BUILT_IN = 100
"""Behind every precedence of an own rule (0 to 99)."""
USED = frozenset({TYPE, MAILBOX_ID})
"""Directory attributes that decide whose word counts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One entry of a person."""

    entry: Entry
    decision: Decision
    source: int
    """Its place in the document."""
    rank: Rank = field(init=False)
    """Whether it is the account; asked for each attribute, so found once."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rank", rank(self.entry, self.decision))


def rank(entry: Entry, decision: Decision) -> Rank:
    """What an entry is to a person; an account that cannot be judged counts as enabled unless it says otherwise."""
    if entry.kind is not Kind.USER:
        return Rank.CONTACT
    if linked_mailbox(entry):
        return Rank.MAILBOX
    made = decision.part
    disabled = decision.disabled if made is None else made.attributes.get("accountEnabled") is False
    return Rank.DISABLED if disabled else Rank.ENABLED


def account(parts: Iterable[Part]) -> Part:
    """The leading account."""
    return min(parts, key=lambda part: (part.rank, part.source))


class Precedence:
    """The order in which the entries of one person are asked for each attribute."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self.leader = account(parts)
        self._ruled = {name for part in parts for name in _won(part)}
        self._orders: dict[_Group, Sequence[Part]] = {}

    def of(self, name: str) -> Sequence[Part]:
        """Those who may give an attribute, the first one first.

        :param name: its wire name.
        """
        group = _group(name)
        if name in self._ruled:
            return self._order(group, name)
        if group not in self._orders:  # most attributes share an order with many others
            self._orders[group] = self._order(group, name)
        return self._orders[group]

    def _order(self, group: "_Group", name: str) -> Sequence[Part]:
        may = [part for part in self._parts if name in _won(part) or self._may_give(group, part)]
        return sorted(may, key=lambda part: (_won(part).get(name, _BUILT_IN), *_place(group, part)))

    def _may_give(self, group: "_Group", part: Part) -> bool:
        """The leading account alone says who it is; a contact's targetAddress leads to the person itself."""
        if part is self.leader:
            return True
        return group is not _Group.ACCOUNT and not (group is _Group.TARGET and part.rank is Rank.CONTACT)


def giver(name: str, parts: Sequence[Part]) -> Part | None:
    """Whose word counts for an attribute: a value, none, or that it cannot be read. None: nobody says anything."""
    for part in Precedence(parts).of(name):
        made = part.decision.part
        if made is None or name in {*made.attributes, *made.references, *made.unread, *made.cleared}:
            return part
    return None


class _Group(Enum):
    """Attributes that are asked for in one order."""

    ACCOUNT = auto()
    SIGN_IN = auto()
    TARGET = auto()
    """targetAddress, which an address list shows too."""
    ADDRESS_LIST = auto()
    OTHER = auto()


@cache
def _group(name: str) -> _Group:
    if name in ACCOUNT:
        return _Group.ACCOUNT
    if name in SIGN_IN:
        return _Group.SIGN_IN
    if name == "targetAddress":
        return _Group.TARGET
    listed = name in ADDRESS_LIST or name.startswith(_ADDRESS_LIST_PREFIXES)
    return _Group.ADDRESS_LIST if listed else _Group.OTHER


def _won(part: Part) -> Mapping[str, int]:
    return part.decision.part.won if part.decision.part else {}


def _place(group: _Group, part: Part) -> tuple[int, ...]:
    """The place of an entry among those of one person."""
    if group in (_Group.ACCOUNT, _Group.SIGN_IN):
        return part.rank, part.source
    if group in (_Group.ADDRESS_LIST, _Group.TARGET):
        return not has_mailbox(part.entry), part.rank is Rank.CONTACT, part.source
    return part.rank is Rank.CONTACT, part.source
