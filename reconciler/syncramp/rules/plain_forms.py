r"""How an attribute of a plain user stands in its packed entry, and what of it goes to the cloud.

A *form* is a part of one regular expression, with two groups: the byte that says how long a value is, and the value.
It takes less than the rules do and never more: a text is UTF-8 without white space around it, and no longer than the
service takes; an address is one that nothing is wrong with. An attribute with another value, or with several, is not
taken, and neither is the entry: the rules judge it, with all they know.

A text ends where the next name begins. Names begin with bytes that no UTF-8 does, and whoever takes a form compares
the length of what was found with the one that the entry says: so what was found is what stands there.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from syncramp.model.packing import SHORT, packed_value, text_heads
from syncramp.model.values import Kind
from syncramp.rules.flows import FLOWS, MAIL_ENABLED, REFERENCES, Flow
from syncramp.rules.limits import LONGEST, LONGEST_NAME, LONGEST_SUFFIX
from syncramp.rules.recipients import HIDDEN_MAILBOXES, LINKED_MAILBOX, TYPE
from syncramp.rules.validation import ADDRESS, DOMAIN, NAME_SIGNS
from syncramp.rules.values import (
    Convert,
    all_trimmed,
    binary,
    boolean,
    cut,
    enabled,
    filetime,
    guid_text,
    integer,
    long,
    one_cut,
    text,
    texts,
    trimmed,
)

PROXIES = "proxyaddresses"
"""The one list of which all values are taken."""
_LETTER = rb"(?:[\xc3-\xdf][\x80-\xbf]|[\xe4-\xec][\x80-\xbf][\x80-\xbf])"
"""A letter of two or three bytes: U+00C0 to U+07FF and U+4000 to U+CFFF, among which is no white space."""
_TEXT = rb"(?![\0- ])[\0-\x7f]*(?:%b[\0-\x7f]*)*(?<![\0- ])" % _LETTER
_PLAIN = rb"[^\0- \x7f-\xff]+"
"""ASCII without white space."""
_ADDRESS = ADDRESS.encode()
_UPN = rf"(?!\.)[{NAME_SIGNS}]{{1,{LONGEST_NAME}}}(?<!\.)@(?![A-Za-z0-9.-]{{{LONGEST_SUFFIX + 1}}}){DOMAIN}".encode()
_ACCOUNT = rb"(?!(?i:aad_|msol_|support_|cas_))" + _PLAIN
_NICKNAME = rb"(?!\.|(?i:systemmailbox\{|cas_))" + _PLAIN
PROXY_LIST = rb"([\x91-\x9f])((?:\xc4[\x01-\x7f](?i:smtp):%b)+)" % _ADDRESS
"""Its first group is the head of the list."""
_OWN_PATTERNS = {
    "userprincipalname": _UPN,
    "mail": _ADDRESS,
    "samaccountname": _ACCOUNT,
    "mailnickname": _NICKNAME,
}
_NEVER = frozenset({"admindescription", "iscriticalsystemobject", "msds-externaldirectoryobjectid"})
"""Whoever has one of these is looked at."""
_LISTS = frozenset({one_cut, all_trimmed, texts})
_TEXTS = frozenset({text, trimmed, cut}) | _LISTS
_FEW = frozenset({enabled, boolean, integer, long})
"""Of these most values come again and again."""
_MANY = frozenset({filetime, guid_text})
_FIXED = 64
"""Bytes of a binary value that is taken, as identifiers are; each attribute with one length."""


class Form(NamedTuple):
    """One attribute."""

    name: str
    """In the directory."""
    wire: str
    """On the wire; empty: it flows nowhere."""
    pattern: bytes
    heads: tuple[bytes, ...] = ()
    """What stands in front of a value that is copied, by the number of its bytes."""
    made: Callable[[bytes], bytes] | None = None
    """Makes of a value what is packed, with its name; a ValueError: the rules are to look at it."""
    refers: bool = False
    """It is the DN of somebody."""
    needs_mail: bool = False
    """It flows only where there is a ``mailNickname``."""


_FLOWS: Mapping[str, Flow] = {flow.attribute.lower(): flow for flow in FLOWS[Kind.USER]}
_REFERENCES: Mapping[str, Flow] = {flow.attribute.lower(): flow for flow in REFERENCES[Kind.USER]}


def form_of(name: str, sample: bytes) -> Form | None:
    """The form of an attribute; None: who has it is judged by the rules.

    :param name: in lower case.
    :param sample: a value.
    """
    flow = _FLOWS.get(name)
    if name in _NEVER or not 0 < len(sample) <= SHORT:
        return None
    if name == PROXIES:
        return Form(name, "proxyAddresses", PROXY_LIST)
    if (reference := _REFERENCES.get(name)) is not None:
        return Form(
            name,
            reference.wire,
            _sized(SHORT, _TEXT),
            text_heads(reference.wire),
            refers=True,
            needs_mail=bool(reference.needs),
        )
    if flow is None:
        return Form(name, "", _like(sample))
    return _flowing(name, flow, sample)


def _flowing(name: str, flow: Flow, sample: bytes) -> Form | None:
    convert, mail = flow.convert, flow.needs == MAIL_ENABLED
    if convert in _TEXTS:
        longest = min(LONGEST.get(flow.wire, SHORT), SHORT)
        heads = text_heads(flow.wire, b"\x91" if convert in _LISTS else b"")
        return Form(name, flow.wire, _sized(longest, _OWN_PATTERNS.get(name, _TEXT)), heads, needs_mail=mail)
    if convert in _FEW or convert in _MANY:
        made = _made(flow.wire, _recipient if name == TYPE else convert)
        few = lru_cache(maxsize=1024)(made) if convert in _FEW else made
        return Form(name, flow.wire, _like(sample), made=few, needs_mail=mail)
    if convert is binary and len(sample) <= _FIXED:
        head = packed_value(flow.wire) + b"\xc4" + bytes((len(sample),))
        return Form(name, flow.wire, _like(sample, fixed=True), (b"", *[head] * SHORT), needs_mail=mail)
    return None


def _sized(longest: int, pattern: bytes) -> bytes:
    """A value of no more bytes than so many."""
    return rb"\x91\xc4([\x01-\x%02x])(%b)" % (longest, pattern)


def _like(sample: bytes, *, fixed: bool = False) -> bytes:
    """A value that is text, or has as many bytes as another one."""
    with suppress(UnicodeDecodeError):
        if not fixed and sample.decode():
            return rb"\x91\xc4([\x01-\xff])([\0-\x7f]*(?:%b[\0-\x7f]*)*)" % _LETTER
    return rb"\x91\xc4(\x%02x)(.{%d})" % (len(sample), len(sample))


def _made(wire: str, convert: Convert) -> Callable[[bytes], bytes]:
    key = packed_value(wire)

    def made(value: bytes) -> bytes:
        found = convert((value,))
        return b"" if found is None else key + packed_value(found)

    return made


def _recipient(raw: tuple[bytes, ...]) -> int:
    """What Exchange says of somebody whom it does not hide, and whose account is here."""
    value = long(raw)
    if not isinstance(value, int) or value & HIDDEN_MAILBOXES or value == LINKED_MAILBOX:
        raise ValueError("the rules leave it out")
    return value


def expression(forms: tuple[Form, ...]) -> re.Pattern[bytes]:
    """Of an entry with these attributes, or some of them; it matches up to the first that has another form, so what
    stands behind that is not gone through again and again.

    :param forms: in the order of their names.
    """
    parts = b"".join(b"(?:%b%b|)" % (re.escape(packed_value(form.name)), form.pattern) for form in forms)
    return re.compile(rb"(?:[\x81-\x8f]|\xde..)" + parts, re.DOTALL)
