r"""Distinguished names in one spelling (RFC 4514), so that every source names an entry alike.

Servers spell the same DN differently: slapd says ``cn=A,dc=test`` for an entry and ``CN=A,DC=test`` in ``member``,
Active Directory escapes ``=``, ldbsearch may put ``<GUID=...>;`` before it. ``canonical`` writes attribute types in
upper case, no spaces around separators and only the escapes that are needed: ``\`` before ``, + " < > ; \``, before
a leading ``#`` or space and a trailing space, and ``\0A`` for control characters. A name that is already spelled so
is recognised by regular expressions and returned as it is, if none of its values begins or ends with what needs a
``\``; that is nearly every name of an import. What a name lies in is looked at once for all that lie there.
"""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

_UNSAFE = r'\\,+"<>;=\x00-\x1f\x7f\ud800-\udfff'
_PLAIN_RDN = rf"[A-Z][A-Z0-9-]*+=(?![ #])(?:[^{_UNSAFE}]++|\\[\\,+\"<>;])+(?<! )"
_OWN = re.compile(rf"([A-Za-z][A-Za-z0-9-]*+)(=(?![ #])(?:[^{_UNSAFE}]++|\\(?:[,+\"<>;]|2C))+(?<! ))(,|\Z)")
"""The first RDN of nearly every name, its type in any case, and commas escaped as slapd does it or as we do."""
_PLAIN = re.compile(rf"{_PLAIN_RDN}(?:,{_PLAIN_RDN})*")
_NUMBER = Struct(">q")
_SLAPD_COMMA, _COMMA = r"\2C", r"\,"
_EXTENDED = re.compile(r"(?:<[A-Z]+=[^<>]*>;)+", re.IGNORECASE)  # MS-ADTS 3.1.1.3.4.1.5, LDAP_SERVER_EXTENDED_DN_OID
_UP_TO_COMMA = re.compile(r"(?:[^\\,]++|\\.)*", re.DOTALL)
_UP_TO_PLUS = re.compile(r"(?:[^\\+]++|\\.)*", re.DOTALL)
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+")
_VALUE = re.compile(r'(?:[^\\,+"<>;\x00\ud800-\udfff]|\\(?:[\\,+"<>;=# ]|[0-9A-Fa-f]{2}))*')
_HEX_VALUE = re.compile(r"#(?:[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_NEEDS_BACKSLASH = re.compile(r'[\\,+"<>;]|^[ #]| $')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class DnError(ValueError):
    """Text that is not a distinguished name; its message says what was expected."""


def canonical(dn: str) -> str:
    """The one spelling of a DN; the empty DN stays empty.

    :raises DnError: ``dn`` is malformed.
    """
    own = _OWN.match(dn)
    if own is not None:
        name, value, comma = own.groups()
        above = _ancestors(dn[own.end() :]) if comma else ""
        return f"{name.upper()}{value.replace(_SLAPD_COMMA, _COMMA)}{comma}{above}"
    if _PLAIN.fullmatch(dn):
        return dn
    if dn.startswith("<"):
        dn = _EXTENDED.sub("", dn, count=1)
    if not dn.strip(" "):
        return ""
    first, parent = _split_first(dn)
    return _rdn(first, dn) if parent is None else f"{_rdn(first, dn)},{_ancestors(parent)}"


def fold(dn: str) -> bytes:
    """The key under which DNs are compared: canonical, without case.

    Case goes letter by letter, as directories do it: ``str.casefold`` would make ``ß`` and ``ss`` one person.

    :raises DnError: ``dn`` is malformed.
    """
    return lower(canonical(dn)).encode()


def lower(text: str) -> str:
    """Text without case, in Unicode's composed form (NFC)."""
    if text.isascii():
        return text.lower()
    letters = text.replace("Σ", "σ")  # str.lower alone writes a sigma at the end of a word differently
    return unicodedata.normalize("NFC", letters.lower())


def key(dn: str) -> int:
    """A signed 64-bit number for the store: the first 8 bytes of blake2b of ``fold``.

    :param dn: canonical; it is not looked at again, since a million of them are hashed in one import.
    """
    number: int = _NUMBER.unpack(blake2b(lower(dn).encode(), digest_size=8).digest())[0]
    return number


def is_below(dn: str, base: str) -> bool:
    """Is ``dn`` the base itself, or somewhere below it? Everything is below the empty DN.

    :raises DnError: one of them is malformed.
    """
    return _ends_with(lower(canonical(dn)), _fold_base(base))


def lies_below(dn: str, base: str) -> bool:
    """The same of two canonical DNs: their case is looked at only where they differ."""
    return _ends_with(dn, base) or _ends_with(lower(dn), _fold_base(base))


def _ends_with(name: str, top: str) -> bool:
    """The last RDNs of a name are those of another one."""
    if not name.endswith(top) or not top:
        return not top
    before = name[: -len(top)]
    if before[-1:] != ",":
        return not before
    backslashes = len(before) - 1 - len(before[:-1].rstrip("\\"))
    return backslashes % 2 == 0  # an odd one escapes the comma: it is part of a value


def parent(dn: str) -> str:
    """What a canonical DN lies in; empty for one RDN alone."""
    first, comma, rest = dn.partition(",")
    return rest if not comma or "\\" not in first else _split_first(dn)[1] or ""


def rebased(dn: str, old: str, new: str) -> str:
    """A canonical DN at or below ``old`` as it is once that is called ``new``."""
    own = len(_rdns(dn)) - len(_rdns(old))
    return ",".join([*_rdns(dn)[:own], *filter(None, [new])])


def renamed(old: str, new: str) -> tuple[str, str] | None:
    """The container that was renamed or moved, when an entry has another canonical DN for that reason: its old and
    its new DN. None when the entry's own name changed, or nothing above it.
    """
    above, now = parent(old), parent(new)
    own = old[: len(old) - len(above)] == new[: len(new) - len(now)]
    return _container(above, now) if own and lower(above) != lower(now) else None


@lru_cache(maxsize=1024)
def _container(old: str, new: str) -> tuple[str, str] | None:
    """Without what the two end with, and without the containers in between, which kept their names."""
    before, after = _rdns(old), _rdns(new)
    while before and after and lower(before[-1]) == lower(after[-1]):
        del before[-1], after[-1]
    top = len(_rdns(old)) - len(before)
    while len(before) > 1 and len(after) > 1 and before[0] == after[0]:
        del before[0], after[0]
    if not before or not after:  # one lies in the other: the innermost container is the one that moved
        return old, new
    shared = _rdns(old)[len(_rdns(old)) - top :] if top else []
    return ",".join([*before, *shared]), ",".join([*after, *shared])


def _rdns(dn: str) -> list[str]:
    rdns = []
    rest: str | None = dn or None
    while rest is not None:
        first, rest = _split_first(rest)
        rdns.append(first)
    return rdns


@lru_cache(maxsize=256)
def _fold_base(base: str) -> str:
    return lower(canonical(base))


@lru_cache(maxsize=4096)
def _ancestors(dn: str) -> str:
    """A whole DN, RDN by RDN; remembered, since siblings share it."""
    if _PLAIN.fullmatch(dn):
        return dn
    rdns = []
    rest: str | None = dn
    while rest is not None:
        first, rest = _split_first(rest)
        rdns.append(_rdn(first, dn))
    return ",".join(rdns)


def _split_first(dn: str) -> tuple[str, str | None]:
    """The first RDN and what follows its comma (None: nothing does)."""
    found = _UP_TO_COMMA.match(dn)
    end = found.end() if found else 0
    if end == len(dn):
        return dn, None
    if dn[end] == "\\":
        raise DnError(f"{dn!r} ends with a backslash that escapes nothing")
    return dn[:end], dn[end + 1 :]


def _rdn(text: str, dn: str) -> str:
    """One RDN; the values of a multi-valued one in an order that does not depend on case."""
    parts = []
    start = 0
    while True:
        found = _UP_TO_PLUS.match(text, start)
        end = found.end() if found else start
        parts.append(_assertion(text[start:end], dn))
        if end == len(text):
            return "+".join(sorted(parts, key=lambda part: (lower(part), part)))
        start = end + 1


def _assertion(text: str, dn: str) -> str:
    attribute, equals, value = text.partition("=")
    attribute = attribute.strip(" ")
    if not equals or not _TYPE.fullmatch(attribute):
        raise DnError(f"expected 'type=value' at {text!r} in {dn!r}")
    return f"{attribute.upper()}={_rewritten(value, dn)}"


def _rewritten(value: str, dn: str) -> str:
    value = _stripped(value)
    if _HEX_VALUE.fullmatch(value):
        return value.lower()
    if value.startswith("#") or not _VALUE.fullmatch(value):
        raise DnError(f"expected an escaped value (RFC 4514) at {value!r} in {dn!r}")
    try:
        plain = _ESCAPE.sub(_decoded, value)
    except UnicodeDecodeError as error:
        raise DnError(f"the bytes escaped at {value!r} in {dn!r} are not UTF-8") from error
    escaped = _NEEDS_BACKSLASH.sub(lambda found: "\\" + found[0], plain)
    return _CONTROL.sub(lambda found: f"\\{ord(found[0]):02X}", escaped)


def _stripped(value: str) -> str:
    """Without the spaces around it; an escaped one is part of the value."""
    value = value.lstrip(" ")
    bare = value.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if backslashes % 2 and bare != value else bare


def _decoded(found: re.Match[str]) -> str:
    if found[1]:
        return bytes.fromhex(found[1].replace("\\", "")).decode()
    return found[2]
