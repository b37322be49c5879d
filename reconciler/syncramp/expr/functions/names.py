"""Functions of distinguished names, as RFC 4514 writes them."""

import re

from syncramp.expr.functions.table import Family, offered

PART = re.compile(r"((?:[^\\,]|\\.)*)(?:,|$)", re.DOTALL)
"""One relative name up to the comma that ends it; a backslash takes the meaning of what follows."""
SIGN = re.compile(r"\\.|.", re.DOTALL)
"""A character with the backslash in front of it."""
ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
SPECIAL = frozenset('\\,+"<>;=')
"""What must be escaped anywhere (RFC 4514 2.4; = may be)."""


@offered(Family.NAME, ("dnComponent('CN=Lee\\\\, Anna,OU=Sales,DC=corp', 1)", "'Lee, Anna'"))
def dn_component(dn: str, number: int) -> str:
    """The value of the component of this number, from 1 at the left, without escapes; empty when there are fewer."""
    return _component(_parts(dn), number)


@offered(Family.NAME, ("dnComponentRev('CN=Anna,OU=Sales,DC=corp', 1)", "'corp'"))
def dn_component_rev(dn: str, number: int) -> str:
    """The same from the right."""
    return _component(_parts(dn)[::-1], number)


@offered(Family.NAME, ("dnValues('CN=Anna,OU=Sales,OU=Paris,DC=corp', 'ou')", "['Sales', 'Paris']"))
def dn_values(dn: str, type_: str) -> tuple[str, ...]:
    """The values of all components of a type, from the left."""
    pairs = map(_pair, _parts(dn))
    return tuple(value for name, value in pairs if name.lower() == type_.lower())


@offered(Family.NAME, ("dnParent('CN=Lee\\\\, Anna,OU=Sales,DC=corp')", "'OU=Sales,DC=corp'"))
def dn_parent(dn: str) -> str:
    """The name of what it is in; empty at the top."""
    return ",".join(_parts(dn)[1:])


@offered(Family.NAME, ("rdn('CN=Lee\\\\, Anna,OU=Sales,DC=corp')", "'CN=Lee\\\\, Anna'"))
def rdn(dn: str) -> str:
    """The first component as it is written."""
    return _parts(dn)[0] if dn else ""


@offered(Family.NAME, ("dnsDomain('CN=Anna,OU=Sales,DC=corp,DC=example')", "'corp.example'"))
def dns_domain(dn: str) -> str:
    """The DNS name of its DC components."""
    return ".".join(dn_values(dn, "DC"))


@offered(Family.NAME, ("escapeDNComponent('Lee, Anna')", "'Lee\\\\, Anna'"), name="escapeDNComponent")
def escape_dn_component(value: str) -> str:
    """A value as it is written in a name."""
    made = "".join(f"\\{sign}" if sign in SPECIAL else "\\00" if sign == "\0" else sign for sign in value)
    if made.endswith(" ") and value != " ":
        made = f"{made[:-1]}\\ "
    return f"\\{made}" if made[:1] in ("#", " ") else made


def _parts(dn: str) -> list[str]:
    parts, place = [], 0
    while place < len(dn):
        found = PART.match(dn, place)
        if found is None:
            raise ValueError(f"{dn!r} is no distinguished name")
        parts.append(_trimmed(found[1]))
        place = found.end()
    return parts


def _pair(part: str) -> tuple[str, str]:
    name, sign, value = part.partition("=")
    if not sign:
        raise ValueError(f"{part!r} has no type")
    return name.strip(" "), _plain(_trimmed(value))


def _trimmed(text: str) -> str:
    """Without blanks at both ends, but for one that is escaped."""
    signs = SIGN.findall(text.lstrip(" "))
    while signs and signs[-1] == " ":
        signs.pop()
    return "".join(signs)


def _plain(value: str) -> str:
    """Without escapes: two hexadecimal digits are a byte of UTF-8."""
    return ESCAPED.sub(
        lambda found: bytes.fromhex(found[1].decode()) if len(found[1]) == 2 else found[1], value.encode()
    ).decode()


def _component(parts: list[str], number: int) -> str:
    if number < 1:
        raise ValueError("components count from 1")
    return _pair(parts[number - 1])[1] if number <= len(parts) else ""
