"""Several entries of one person become one object: whose value counts for each attribute.

1. An own rule of the document beats what is built in; of several the lowest precedence.
2. What an account is (``ACCOUNT``) comes from the leading account alone: enabled before disabled, then the order of
   the sources. A linked mailbox gives none of it.
3. What an address list shows comes from the forest that has the mailbox, then from users before contacts, then in the
   order of the sources. Everything else comes from users before contacts, in the order of the sources.

The first one with a value wins. A value that cannot be read keeps its place: what the object had stays, and no other
source fills in. Source of 2 and 3: Microsoft's description of users and contacts in its sync service's default
configuration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from syncramp.model.facts import Entry
from syncramp.model.uniques import PRIMARY
from syncramp.model.values import Kind, Value
from syncramp.rules.catalogue import EXTENSION, WIRE
from syncramp.rules.components import Rank
from syncramp.rules.exclusions import linked_mailbox
from syncramp.rules.recipients import MAILBOX_ID, TYPE, has_mailbox
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.spec.types import Merge

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
"""Directory attributes that a merge looks at."""


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


def merge(parts: Sequence[Part], anchor: str, merges: Mapping[str, Merge] | None = None) -> DirectoryObject:
    """One object of several entries.

    :param parts: those that are there; one without an object could not be judged, and whatever it may have given
        stays as it was.
    :param anchor: of the object.
    :param merges: multi-valued attributes that take the values of all.
    """
    leader = account(parts)
    kind = Kind.USER if leader.rank in (Rank.ENABLED, Rank.DISABLED) else Kind.CONTACT
    made = DirectoryObject(kind, anchor, {}, {}, incomplete=any(part.decision.part is None for part in parts))
    unread: set[str] = set()
    chosen: dict[str, DirectoryObject] = {}
    for name in _names(parts, kind):
        ordered = _ordered(name, parts, leader)
        known, how = _choose(name, ordered, made, chosen), (merges or {}).get(name, Merge.UPDATE)
        if known and how is not Merge.UPDATE and name in made.attributes:
            known = _unite(name, ordered, made, how)
        if not known:
            unread.add(name)
    return replace(
        made,
        unread=frozenset(unread),
        violations=tuple(
            wrong for name, one in sorted(chosen.items()) for wrong in one.violations if wrong.attribute == name
        ),
        withheld={name: one.withheld[name] for name, one in chosen.items() if name in one.withheld},
    )


def account(parts: Sequence[Part]) -> Part:
    """The leading account."""
    return min(parts, key=lambda part: (part.rank, part.source))


def giver(name: str, parts: Sequence[Part]) -> Part | None:
    """Whose word counts for an attribute: a value, none, or that it cannot be read. None: nobody says anything."""
    for part in _ordered(name, parts, account(parts)):
        made = part.decision.part
        if made is None or name in {*made.attributes, *made.references, *made.unread, *made.cleared}:
            return part
    return None


def _ordered(name: str, parts: Sequence[Part], leader: Part) -> list[Part]:
    """Those who may give an attribute, the first one first."""
    return sorted(
        (part for part in parts if _may_give(name, part, leader)),
        key=lambda part: (_won(part).get(name, _BUILT_IN), *_place(name, part)),
    )


def _names(parts: Sequence[Part], kind: Kind) -> set[str]:
    """Every attribute that an entry says something of, and that the object can have."""
    names = {"accountEnabled"} if any(part.decision.disabled for part in parts) else set()
    for part in parts:
        if made := part.decision.part:
            names |= {*made.attributes, *made.references, *made.unread, *made.won}
    return {name for name in names if name in WIRE[kind] or name.startswith(EXTENSION)}


def _won(part: Part) -> Mapping[str, int]:
    return part.decision.part.won if part.decision.part else {}


def _may_give(name: str, part: Part, leader: Part) -> bool:
    """The leading account alone says who it is; a contact's targetAddress leads to the person itself."""
    if name in _won(part) or part is leader:
        return True
    return name not in ACCOUNT and not (name == "targetAddress" and part.rank is Rank.CONTACT)


def _place(name: str, part: Part) -> tuple[int, ...]:
    """The order of an entry for an attribute among those of one person."""
    if name in ACCOUNT or name in SIGN_IN:
        return part.rank, part.source
    if name in ADDRESS_LIST or name.startswith(_ADDRESS_LIST_PREFIXES):
        return not has_mailbox(part.entry), part.rank is Rank.CONTACT, part.source
    return part.rank is Rank.CONTACT, part.source


def _choose(name: str, ordered: Sequence[Part], made: DirectoryObject, chosen: dict[str, DirectoryObject]) -> bool:
    """Take the first value.

    :param chosen: whose value it is, or whose cannot be told.
    :returns: False when what the object had must stay.
    """
    for part in ordered:
        found = part.decision.part
        if found is None:
            if name != "accountEnabled" or not part.decision.disabled:
                return False
            made.attributes[name] = False
            return True
        if name in found.attributes:
            made.attributes[name] = found.attributes[name]
        if name in found.references:
            made.references[name] = found.references[name]
        said = name in found.attributes or name in found.references or name in found.cleared
        if said or name in found.unread:
            chosen[name] = found
            return name not in found.unread
    return True


def _unite(name: str, ordered: Sequence[Part], made: DirectoryObject, how: Merge) -> bool:
    """Take the values of all, up to the one that was told to have none; of equal ones the first one's spelling.

    :returns: False when what the object had must stay, because the values of one are not known.
    """
    found: dict[Any, Any] = {}
    for part in ordered:
        given = part.decision.part
        if given is None or name in given.unread:
            del made.attributes[name]
            return False
        if name in given.cleared:
            break
        primary = any(str(value).startswith(PRIMARY) for value in found.values())
        for value in _listed(given.attributes.get(name)):
            if primary and isinstance(value, str) and value.startswith(PRIMARY):
                value = value.replace(PRIMARY, PRIMARY.lower(), 1)  # one address is the primary one
            key = value.lower() if how is Merge.CASE_INSENSITIVE and isinstance(value, str) else value
            found.setdefault(key, value)
    values = sorted(found.values(), key=lambda value: value if isinstance(value, bytes) else value.encode())
    made.attributes[name] = tuple(values)
    return True


def _listed(value: Value | None) -> Sequence[Any]:
    return value if isinstance(value, tuple) else () if value is None else (value,)
