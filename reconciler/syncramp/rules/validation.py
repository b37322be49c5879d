"""Values that the service refuses, or replaces without a word: found before anything is sent.

One bad value never holds an object. An attribute with one is *held*: the cloud keeps what it has there, and a new
object comes without it. Of a list only the bad values are held, unless the rest would be something else than was
meant: a list without its primary address gets another one from the service, so it is held whole. So is a list of
which nothing would be left, because an empty one clears it.

What the service is documented to replace with underscores, as a space in a mail nickname, goes as it is: the names of
contacts, which stand in for their nicknames in Microsoft's own rules, are full of them.

A user is never held for its user principal name. In place of one that it cannot use the service makes its own, of the
mail nickname and the initial domain (Microsoft Entra UserPrincipalName population); it is expected to do so for one
that comes without.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from syncramp.model.desire import Code, Violation
from syncramp.model.uniques import PRIMARY, spared, texts
from syncramp.model.values import Kind, Value
from syncramp.rules.catalogue import EXTENSION
from syncramp.rules.limits import (
    LEAST,
    LONGEST,
    LONGEST_ADDRESS,
    LONGEST_EXTENSION,
    LONGEST_NAME,
    LONGEST_SUFFIX,
    MOST,
    MOST_EXTENSIONS,
)
from syncramp.rules.types import DirectoryObject

DOMAIN = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
NAME_SIGNS = "A-Za-z0-9'._!#^~-"
"""Of a user principal name, before its ``@``."""
_NAME = re.compile(rf"(?!\.)[{NAME_SIGNS}]+(?<!\.)@{DOMAIN}").fullmatch
"""Letters, digits and ``' . - _ ! # ^ ~``, no dot at the end, ``@`` and a domain (prepare for directory
synchronization); none at the beginning either, as of every address (RFC 5322, dot-atom)."""
_SIGNS = r"[!#-'*+./0-9=?A-Z\\^_`a-z{|}~-]+"
ADDRESS = f"{_SIGNS}@{_SIGNS}"
_ADDRESS = re.compile(ADDRESS).fullmatch
"""No space, none of ``< > ( ) ; , [ ] "``, no second colon, no letter with a diacritical mark (the same page)."""
_SMTP = re.compile(f"[Ss][Mm][Tt][Pp]:{ADDRESS}").fullmatch
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_-]*").fullmatch
SHOWN = 100
"""Characters of a value that are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with an object."""

    attribute: str
    code: Code
    reason: str
    value: str | None = None
    """The value of a list that is wrong; None: the attribute."""


def validated(made: DirectoryObject, verified: Collection[str] = ()) -> DirectoryObject:
    """The object without what the service would not take as it is.

    :param made: as all rules together made it.
    :param verified: domains of the tenant in small letters; empty: not known, and none is asked for.
    """
    values = made.attributes
    found = [
        Finding(name, Code.TOO_LONG, f"{len(value):,} characters, the service takes {LONGEST[name]:,}")
        for name, value in values.items()
        if value.__class__ is str and len(value) > LEAST and len(value) > LONGEST.get(name, len(value))
    ]
    for name, most in MOST.items():
        if name in values and len(several := values[name]) > most:  # type: ignore[arg-type]
            reason = f"{len(several):,} values, the service takes {most:,}"  # type: ignore[arg-type]
            found.append(Finding(name, Code.TOO_MANY_VALUES, reason))
    if upn := values.get("userPrincipalName"):
        found += _user_principal_name(str(upn), verified)
    if addresses := values.get("proxyAddresses"):
        found += _proxy_addresses(addresses, verified if made.kind is not Kind.CONTACT else ())  # type: ignore[arg-type]
    if (mail := values.get("mail")) and not _ADDRESS(str(mail)):
        found.append(Finding("mail", Code.INVALID_MAIL_ADDRESS, f"{_told(str(mail))} {_NO_ADDRESS}"))
    if str(values.get("alias", "")).startswith("."):
        found.append(Finding("alias", Code.INVALID_ALIAS, f"{_told(str(values['alias']))} begins with a dot"))
    if made.won:  # nothing but an own rule sets a directory extension
        found += _extensions(values)
    return held(made, found) if found else made


def held(made: DirectoryObject, findings: Iterable[Finding]) -> DirectoryObject:
    """The object without what is wrong with it, which stands in its violations.

    :param findings: what is wrong; of a list its values, or all of it.
    """
    violations = [Violation(each.attribute, each.code, each.reason) for each in findings]
    bad: dict[str, set[str]] = {}
    whole: set[str] = set()
    for each in findings:
        if each.value is None:
            whole.add(each.attribute)
        else:
            bad.setdefault(each.attribute, set()).add(each.value)
    values = dict(made.attributes)
    withheld = dict(made.withheld)
    for name, wrong in bad.items():
        if rest := spared(texts(values.get(name)), wrong):
            values[name] = rest
            withheld[name] = (*withheld.get(name, ()), *sorted(wrong))
        else:
            whole.add(name)
    return replace(
        made,
        attributes={name: value for name, value in values.items() if name not in whole},
        unread=made.unread | whole,
        violations=(*made.violations, *violations),
        withheld={name: value for name, value in withheld.items() if name not in whole},
    )


def _extensions(values: dict[str, Value]) -> Iterator[Finding]:
    names = sorted(name for name in values if name.startswith(EXTENSION))
    for name in names[MOST_EXTENSIONS:]:
        reason = f"one of {len(names):,} directory extensions, the service takes {MOST_EXTENSIONS} on one object"
        yield Finding(name, Code.TOO_MANY_VALUES, reason)
    for name in names[:MOST_EXTENSIONS]:
        value = values[name]
        if isinstance(value, str) and len(value) > LONGEST_EXTENSION:
            reason = f"{len(value):,} characters, the service takes {LONGEST_EXTENSION} in a directory extension"
            yield Finding(name, Code.TOO_LONG, reason)


def _user_principal_name(text: str, verified: Collection[str]) -> list[Finding]:
    name, _, suffix = text.rpartition("@")
    if len(name) > LONGEST_NAME or len(suffix) > LONGEST_SUFFIX:
        reason = (
            f"{_told(text)} has {len(name)} characters before the @ and {len(suffix)} after it, the service takes "
        )
        return [Finding("userPrincipalName", Code.TOO_LONG, f"{reason}{LONGEST_NAME} and {LONGEST_SUFFIX}")]
    if not _NAME(text):
        reason = f"{_told(text)} is not a name, @ and a domain, of letters, digits and ' . - _ ! # ^ ~ alone"
        return [Finding("userPrincipalName", Code.INVALID_USER_PRINCIPAL_NAME, reason)]
    if verified and suffix.lower() not in verified:
        return [Finding("userPrincipalName", Code.UNVERIFIED_DOMAIN, _unverified(text, suffix))]
    return []


def _proxy_addresses(values: Sequence[str], verified: Collection[str]) -> list[Finding]:
    """What is wrong with a list of addresses.

    :param verified: as of the tenant, but empty for a contact: it stands for somebody elsewhere.
    """
    primary = [text for text in values if text[:5] == PRIMARY]
    if len(primary) > 1:
        reason = f"more than one primary SMTP address: {', '.join(map(_told, primary))}"
        return [Finding("proxyAddresses", Code.INVALID_PROXY_ADDRESS, reason)]
    return [Finding("proxyAddresses", *wrong, text) for text in values if (wrong := _address(text, verified))]


def _address(text: str, verified: Collection[str]) -> tuple[Code, str] | None:
    """What is wrong with one value of proxyAddresses; of other kinds than SMTP nothing but its form is known."""
    if len(text) > LONGEST_ADDRESS:
        return Code.TOO_LONG, f"{_told(text)} has {len(text):,} characters, the service takes {LONGEST_ADDRESS}"
    if _SMTP(text):
        suffix = text.rpartition("@")[2] if verified else ""
        known = not verified or suffix.lower() in verified
        return None if known else (Code.UNVERIFIED_DOMAIN, _unverified(text, suffix))
    kind, _, address = text.partition(":")
    if not address or not _KIND(kind):
        return Code.INVALID_PROXY_ADDRESS, f"{_told(text)} is not a type, a colon and an address"
    return (Code.INVALID_PROXY_ADDRESS, f"{_told(text)} {_NO_ADDRESS}") if kind.lower() == "smtp" else None


_NO_ADDRESS = 'is no address: it has no @ or two, a space, a letter with a mark, or one of < > ( ) , ; : [ ] "'


def _unverified(text: str, domain: str) -> str:
    return f"the domain of {_told(text)} is not in spec.target.verifiedDomains: {domain.lower()}"


def _told(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
