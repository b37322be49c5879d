"""Entries of a forest as Active Directory exports them: the DN, and the lines below it."""

from collections.abc import Iterator
from struct import pack

from syncramp.simulator.groups import DISTRIBUTION, Group
from syncramp.simulator.ldif_text import line
from syncramp.simulator.people import PLACES, TITLES, Forest, Person, ascii_of

ENABLED, DISABLED = 512, 514
"""userAccountControl of a normal account, and of one that is switched off (MS-ADTS 2.2.16)."""
PASSWORD_SET = 133_500_000_000_000_000
"""A FILETIME in January 2024."""
_USER = "objectClass: top\nobjectClass: person\nobjectClass: organizationalPerson\nobjectClass: user"
_CONTACT = "objectClass: top\nobjectClass: person\nobjectClass: organizationalPerson\nobjectClass: contact"
_GROUP = "objectClass: top\nobjectClass: group"
_UNIT = "objectClass: top\nobjectClass: organizationalUnit"


def escaped(value: str) -> str:
    """A value inside a DN (RFC 4514 2.4); the names made here need the comma only."""
    return value.replace(",", "\\,")


def person_dn(forest: Forest, person: Person) -> str:
    """Where a person's entry stands."""
    return f"CN={escaped(person.cn)},OU={escaped(person.department)},OU=People,{forest.base}"


def group_dn(forest: Forest, name: str) -> str:
    """Where a group's entry stands."""
    return f"CN={name},OU=Groups,{forest.base}"


def contact_dn(forest: Forest, number: int) -> str:
    """Where a contact's entry stands."""
    return f"CN=Partner {number + 1:04},OU=People,{forest.base}"


def service_account_dn(forest: Forest, number: int) -> str:
    """Where a service account's entry stands: outside OU=People and OU=Groups."""
    return f"CN=svc-{number + 1:03},OU=Service Accounts,{forest.base}"


def person_lines(forest: Forest, person: Person, control: int, manager: str | None) -> Iterator[str]:
    """A person's attributes.

    :param control: userAccountControl.
    :param manager: the DN of the person's manager, if there is one.
    """
    chance, address = person.chance, f"{person.address}@{forest.domain}"
    place, country = PLACES[chance[21] % len(PLACES)]
    yield _USER
    yield line("cn", person.cn)
    yield line("sn", person.surname)
    yield line("givenName", person.given)
    yield line("displayName", f"{person.given} {person.surname}")
    yield f"sAMAccountName: {person.account}"
    yield line("userPrincipalName", address)
    yield line("mail", address)
    yield line("proxyAddresses", f"SMTP:{address}")
    yield line("proxyAddresses", f"smtp:{person.account}@{forest.domain}")
    yield line("department", person.department)
    yield line("title", TITLES[chance[22] % len(TITLES)])
    yield line("company", forest.company)
    yield line("l", place)
    yield f"c: {country}"
    yield f"telephoneNumber: +49 30 555 {int.from_bytes(chance[23:26]) % 1_000_000:06}"
    if manager:
        yield line("manager", manager)
    yield f"userAccountControl: {control}"
    yield f"pwdLastSet: {PASSWORD_SET + int.from_bytes(chance[26:31]) * 100}"
    yield line("objectGUID", chance[:16])
    yield line("objectSid", _sid(forest, 10_000 + person.number))
    if person.number % 2:
        yield line("mS-DS-ConsistencyGuid", chance[:16])


def group_lines(forest: Forest, group: Group, members: Iterator[str]) -> Iterator[str]:
    """A group's attributes.

    :param members: DNs.
    """
    yield _GROUP
    yield line("cn", group.name)
    yield line("displayName", group.name)
    yield f"sAMAccountName: {ascii_of(group.name).replace(' ', '-').lower()}"
    yield f"groupType: {group.kind}"
    if group.kind == DISTRIBUTION:
        address = f"{group.name.replace(' ', '-').lower()}@{forest.domain}"
        yield line("mail", address)
        yield line("proxyAddresses", f"SMTP:{address}")
    yield line("objectGUID", forest.chance("group", group.number - 1)[:16])
    yield line("objectSid", _sid(forest, 1_000_000 + group.number))
    for member in members:
        yield line("member", member)


def contact_lines(forest: Forest, number: int) -> Iterator[str]:
    """A contact's attributes."""
    name = f"Partner {number + 1:04}"
    yield _CONTACT
    yield line("cn", name)
    yield line("displayName", name)
    yield line("mail", f"partner{number + 1}@partners.{forest.domain}")
    yield line("proxyAddresses", f"SMTP:partner{number + 1}@partners.{forest.domain}")
    yield line("targetAddress", f"SMTP:partner{number + 1}@partners.{forest.domain}")
    yield line("objectGUID", forest.chance("contact", number)[:16])


def service_account_lines(forest: Forest, number: int) -> Iterator[str]:
    """The attributes of an account that no person uses."""
    yield from _account_lines(forest, f"svc-{number + 1:03}", 2_000_000 + number)


def critical_lines(forest: Forest) -> Iterator[str]:
    """The attributes of an account that the directory needs for itself."""
    yield from _account_lines(forest, "Builtin", 500)
    yield "isCriticalSystemObject: TRUE"


def unit_lines(forest: Forest, name: str) -> Iterator[str]:
    """The attributes of an organizational unit."""
    yield _UNIT
    yield line("ou", name)
    yield line("objectGUID", forest.chance(f"unit {name}", 0)[:16])


def _account_lines(forest: Forest, name: str, identifier: int) -> Iterator[str]:
    yield _USER
    yield line("cn", name)
    yield line("displayName", name)
    yield line("sAMAccountName", name)
    yield line("userPrincipalName", f"{name}@{forest.domain}".lower())
    yield f"userAccountControl: {ENABLED}"
    yield line("objectGUID", forest.chance(f"account {name}", 0)[:16])
    yield line("objectSid", _sid(forest, identifier))


def _sid(forest: Forest, identifier: int) -> bytes:
    """S-1-5-21-a-b-c-identifier (MS-DTYP 2.4.2.2)."""
    return pack("<BB6sI12sI", 1, 5, b"\0\0\0\0\0\5", 21, forest.chance("sid", 0)[:12], identifier)
