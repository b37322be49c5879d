"""How an attribute of a plain user goes to the cloud, and which of its values are looked at by the rules.

A *form* is asked for many users at once, with a column of values that is empty where somebody has none. It takes less
than the rules do and never more: a text is UTF-8 without white space around it, and no longer than the service takes;
an address is one that nothing is wrong with. Who has another value is left to the rules, with all they know.

A column is looked at as a whole, because nearly always nothing is wrong with any of it; value by value only where
something is.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import lt
from typing import NamedTuple

from syncramp.model.packing import SHORT, packed_value, text_heads
from syncramp.model.uniques import PRIMARY
from syncramp.model.values import Kind
from syncramp.rules.flows import FLOWS, MAIL_ENABLED, REFERENCES, Flow
from syncramp.rules.limits import LONGEST, LONGEST_ADDRESS, LONGEST_NAME, LONGEST_SUFFIX
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

Column = Sequence[bytes]
"""The values of one attribute, each of another user; empty where there is none."""
Wrong = Callable[[Column], Collection[int]]
"""Where in a column a value stands that is left to the rules."""

PROXIES = "proxyaddresses"
"""The one list of which all values are taken."""
MOST_PROXIES = 15
"""Values of that list: as many as fit its short head."""
_PRIMARY = PRIMARY.encode()
_PLAIN = rb"[^\0- \x7f-\xff]+"
"""ASCII without white space."""
_ADDRESS = ADDRESS.encode()
_SMTP = rb"[Ss][Mm][Tt][Pp]:" + _ADDRESS
_UPN = rf"(?!\.)[{NAME_SIGNS}]{{1,{LONGEST_NAME}}}(?<!\.)@(?![A-Za-z0-9.-]{{{LONGEST_SUFFIX + 1}}}){DOMAIN}".encode()
_OWN_PATTERNS = {
    "userprincipalname": _UPN,
    "mail": _ADDRESS,
    "samaccountname": rb"(?!(?i:aad_|msol_|support_|cas_))" + _PLAIN,
    "mailnickname": rb"(?!\.|(?i:systemmailbox\{|cas_))" + _PLAIN,
}
"""None of them takes a NUL, so with one behind each value many are looked at together."""
_SEPARATORS = b"\x1c\x1d\x1e\x1f"
"""White space of text, and not of bytes."""
_SPACES = b"\xc2", b"\xe1", b"\xe2", b"\xe3"
"""How all white space begins that is not ASCII; and some letters."""
_NEVER = frozenset({"admindescription", "iscriticalsystemobject", "msds-externaldirectoryobjectid"})
"""Whoever has one of these is looked at."""
_LISTS = frozenset({one_cut, all_trimmed, texts})
_TEXTS = frozenset({text, trimmed, cut}) | _LISTS
_FEW = frozenset({enabled, boolean, integer, long})
"""Of these most values come again and again."""
_MANY = frozenset({filetime, guid_text})
_LARGE = frozenset(
    {"thumbnailphoto", "msexchblockedsendershash", "msexchsaferecipientshash", "msexchsafesendershash"}
)
"""Bytes that are longer than identifiers are."""


class Form(NamedTuple):
    """One attribute."""

    name: str
    """In the directory."""
    wire: str = ""
    """On the wire; empty: it flows nowhere, and whatever it says, nobody asks."""
    wrong: Wrong | None = None
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


def form_of(name: str) -> Form | None:
    """The form of an attribute; None: who has it is judged by the rules.

    :param name: in lower case.
    """
    if name in _NEVER:
        return None
    if name == PROXIES:
        return Form(name, "proxyAddresses")
    if (reference := _REFERENCES.get(name)) is not None:
        mail = bool(reference.needs)
        return Form(name, reference.wire, _texts(SHORT), text_heads(reference.wire), refers=True, needs_mail=mail)
    flow = _FLOWS.get(name)
    return Form(name) if flow is None else _flowing(name, flow)


def _flowing(name: str, flow: Flow) -> Form | None:
    convert, mail = flow.convert, flow.needs == MAIL_ENABLED
    if convert in _TEXTS:
        longest = min(LONGEST.get(flow.wire, SHORT), SHORT)
        wrong = _patterned(longest, _OWN_PATTERNS[name]) if name in _OWN_PATTERNS else _texts(longest)
        heads = text_heads(flow.wire, b"\x91" if convert in _LISTS else b"")
        return Form(name, flow.wire, wrong, heads, needs_mail=mail)
    if convert in _FEW or convert in _MANY:
        made = _made(flow.wire, _recipient if name == TYPE else convert)
        few = lru_cache(maxsize=1024)(made) if convert in _FEW else made
        return Form(name, flow.wire, made=few, needs_mail=mail)
    if convert is binary and name in _LARGE:
        return Form(name, flow.wire, made=_made(flow.wire, binary), needs_mail=mail)
    if convert is binary:
        head = packed_value(flow.wire) + b"\xc4"
        heads = (b"", *(head + bytes((size,)) for size in range(1, SHORT + 1)))
        return Form(name, flow.wire, _too_long, heads, needs_mail=mail)
    return None


def _too_long(column: Column) -> Collection[int]:
    if max(map(len, column)) <= SHORT:
        return ()
    return [place for place, value in enumerate(column) if len(value) > SHORT]


def _texts(longest: int) -> Wrong:
    """Texts of no more bytes than so many, with no white space around them."""

    def is_wrong(value: bytes) -> bool:
        try:
            found = value.decode()
        except UnicodeDecodeError:
            return True
        return len(value) > longest or found.strip() != found

    def wrong(column: Column) -> Collection[int]:
        if max(map(len, column)) <= longest and _all_trimmed(column):
            return ()
        return [place for place, value in enumerate(column) if is_wrong(value)]

    return wrong


def _all_trimmed(column: Column) -> bool:
    """All are texts with no white space around them. False is no answer: there may be some within them."""
    if list(map(bytes.strip, column)) != column:
        return False
    joined = b"\n".join(column)
    if len(joined.translate(None, _SEPARATORS)) < len(joined):
        return False
    if joined.isascii():
        return True
    try:
        joined.decode()
    except UnicodeDecodeError:
        return False
    return not any(byte in joined for byte in _SPACES)


def _patterned(longest: int, pattern: bytes) -> Wrong:
    """Values of no more bytes than so many, which all of a pattern matches."""
    one, every = re.compile(pattern).fullmatch, _every(pattern)

    def wrong(column: Column) -> Collection[int]:
        if max(map(len, column)) <= longest and every(b"\0".join([*filter(None, column), b""])):
            return ()
        return [place for place, value in enumerate(column) if value and (len(value) > longest or not one(value))]

    return wrong


def _every(pattern: bytes) -> Callable[[bytes], object]:
    """Matches if all values match, each with a NUL behind it."""
    return re.compile(rb"(?:%b\0)*" % pattern).fullmatch


_ONE_PROXY = re.compile(_SMTP).fullmatch
_EVERY_PROXY = _every(_SMTP)
_LONGEST_PROXY = min(LONGEST_ADDRESS, SHORT)


def wrong_proxies(column: Sequence[tuple[bytes, ...]]) -> set[int]:
    """Where lists of addresses are left to the rules: one of them is wrong, or the rules would put them into another
    order, or take one of two primary ones.
    """
    found = {place for place, values in enumerate(column) if len(values) > 1 and _other_order(values)}
    several = list(chain.from_iterable(column))
    if several and not (max(map(len, several)) <= _LONGEST_PROXY and _EVERY_PROXY(b"\0".join([*several, b""]))):
        found.update(place for place, values in enumerate(column) if not all(map(_proxy, values)))
    return found


def _proxy(value: bytes) -> bool:
    return len(value) <= _LONGEST_PROXY and _ONE_PROXY(value) is not None


def _other_order(values: tuple[bytes, ...]) -> bool:
    """In order, a second primary address stands behind the first."""
    return values[1][:5] == _PRIMARY or len(values) > MOST_PROXIES or not all(map(lt, values, values[1:]))


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


def pieces(made: Callable[[bytes], bytes], column: Column) -> list[bytes | None]:
    """What is packed of a column that is made into something else; None where the rules are to look."""
    found: dict[bytes, bytes | None] = {b"": b""}
    for value in {*column} - found.keys():
        try:
            found[value] = made(value)
        except (ValueError, OverflowError):
            found[value] = None
    return list(map(found.__getitem__, column))
