"""What the service is known to make of values, without a word: each normalisation with its source.

* A user principal name of a domain that is not verified becomes one of the initial domain (Microsoft Entra
  UserPrincipalName population). Its first half may be an old mail nickname: that is not computed again.
* A user principal name that somebody else has gets four digits and the initial domain; an address of somebody else is
  dropped (Identity synchronization and duplicate attribute resiliency).
* Mail addresses of domains that are not verified are dropped, and one of the initial domain is added, as the primary
  one where no other is left (How the proxyAddresses attribute is populated in Microsoft Entra ID).
* Exchange Online, SharePoint and Teams add addresses of their own kinds where they are licensed (the same page for
  X500; seen in published tenants for SPO and SIP).
* Spaces around a text are taken away, addresses are compared without case, lists have no order, and what a mail
  nickname may not contain becomes an underscore (Prepare for directory synchronization).
"""

import re
from collections.abc import Collection

from syncramp.model.uniques import PRIMARY, key, texts
from syncramp.model.values import Attributes, Value

_INITIAL = re.compile(r"[A-Za-z0-9-]+\.(?:onmicrosoft\.com|onmicrosoft\.us|partner\.onmschina\.cn)")
"""Initial domains of the clouds (Microsoft, custom domain names; national clouds)."""
_MAIL = "smtp:"
_ADDED = ("x500:", "spo:", "sip:")
_FOUR_DIGITS = re.compile(r"\+?\d{4}")

INITIAL_DOMAIN = "the service moves a user principal name of an unverified domain to the initial one"
IN_QUARANTINE = "the service gives a user principal name that another object has four digits"
CASE_OR_SPACES = "the service keeps it with other spaces or in another case"
UNDERSCORES = "the service writes underscores for what a mail nickname may not contain"
ADDRESSES = "the service drops addresses of unverified domains, and adds its own"


def normalisation(name: str, wanted: Attributes, shown: Value | None, verified: Collection[str]) -> str:
    """What the service did to an attribute that is shown otherwise than it is wanted.

    :param wanted: all attributes of the object.
    :param verified: domains of the tenant in small letters; empty: not known.
    :returns: it, as a sentence; empty where no normalisation that is known explains what is shown.
    """
    value = wanted.get(name)
    if name == "userPrincipalName":
        return _user_principal_name(value, shown, verified)
    if name == "proxyAddresses":
        return ADDRESSES if _addresses(value, shown, verified) else ""
    if not isinstance(value, str) or not isinstance(shown, str):
        return CASE_OR_SPACES if _same_texts(value, shown) else ""
    if value.strip() == shown.strip() or (name == "mail" and _same(value, shown)):
        return CASE_OR_SPACES
    return UNDERSCORES if name == "alias" and _underscored(value, shown) else ""


def _user_principal_name(value: Value | None, shown: Value | None, verified: Collection[str]) -> str:
    if not isinstance(value, str) or not isinstance(shown, str):
        return ""
    if _same(value, shown):
        return CASE_OR_SPACES
    (name, _, domain), (other, _, initial) = value.rpartition("@"), shown.rpartition("@")
    if not _INITIAL.fullmatch(initial.lower()):
        return ""
    if other.lower().startswith(name.lower()) and _FOUR_DIGITS.fullmatch(other[len(name) :]):
        return IN_QUARANTINE
    return INITIAL_DOMAIN if domain.lower() not in verified and not _INITIAL.fullmatch(domain.lower()) else ""


def _addresses(value: Value | None, shown: Value | None, verified: Collection[str]) -> bool:
    """Every address that is not shown was dropped, every one that is not wanted was added, and the primary one is
    the wanted one unless that was dropped.
    """
    before, after = list(texts(value)), list(texts(shown))
    wanted, seen = {key(text.strip()) for text in before}, {key(text.strip()) for text in after}
    kept = {_domain(text) for text in after if _is_mail(text)}
    dropped = all(_unverified(text, verified, kept) for text in before if key(text.strip()) not in seen)
    added = all(_of_the_service(text) for text in after if key(text.strip()) not in wanted)
    main, shown_main = _primary(before), _primary(after)
    return dropped and added and (main is None or shown_main == main or main not in seen)


def _unverified(address: str, verified: Collection[str], kept: Collection[str]) -> bool:
    """An address whose domain is not verified; where that is not known, none of its domain was kept."""
    return _is_mail(address) and _domain(address) not in (verified or kept)


def _of_the_service(address: str) -> bool:
    if _is_mail(address):
        return _INITIAL.fullmatch(_domain(address)) is not None
    return address.lower().startswith(_ADDED)


def _primary(addresses: Collection[str]) -> str | None:
    return next((key(text.strip()) for text in addresses if text.strip().startswith(PRIMARY)), None)


def _is_mail(address: str) -> bool:
    return address.strip().lower().startswith(_MAIL)


def _domain(address: str) -> str:
    return address.strip().rpartition("@")[2].lower()


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _same_texts(value: Value | None, shown: Value | None) -> bool:
    """Lists of texts, or texts, that are equal but for spaces around them and empty ones."""
    return _stripped(value) == _stripped(shown) is not None


def _stripped(value: Value | None) -> set[str] | None:
    """The texts of a value; None where it is no text."""
    if not isinstance(value, str | tuple | None) or (value and not texts(value)):
        return None
    return {text.strip() for text in texts(value)} - {""}


def _underscored(value: str, shown: str) -> bool:
    return len(value) == len(shown) and all(b in (a, "_") for a, b in zip(value, shown, strict=True))
