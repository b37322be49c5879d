"""Answers to searches as bytes, and two ways to read them: ours, however they are cut, and ldap3's."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random
from typing import Any, Literal

from ldap3.strategy.base import BaseStrategy
from ldap3.utils.asn1 import decode_message_fast

from syncramp.source.ldap.ber import BerError
from syncramp.source.ldap.decoder import Decoder

Read = tuple[list[object], str]
"""Messages in a form that both ways have, and why no more could be read."""


RESULTS = (0x65, 0x67, 0x69, 0x6B, 0x6D)
"""Tags of the answers that end a search, a modify, an add, a delete and a modify DN."""

ActiveDirectory = Literal["Active Directory"]
Lengths = Random | ActiveDirectory | None
"""Of any form; 4 bytes for what holds others, and else as short as can be; all as short as can be."""


def tlv(tag: int, content: bytes, choices: Lengths = None) -> bytes:
    """A value whose length has one of the forms that are allowed."""
    size = len(content)
    least = 0 if size < 0x80 else (size.bit_length() + 7) // 8
    width = least
    if isinstance(choices, Random):
        width = max(least, choices.choice((0, 0, 0, 4, 4, 8, choices.randint(1, 8))))
    elif choices is not None and tag & 0x20:
        width = 4
    length = bytes((size,)) if not width else bytes((0x80 | width,)) + size.to_bytes(width, "big")
    return bytes((tag,)) + length + content


def entry(dn: bytes, attributes: Sequence[tuple[bytes, Sequence[bytes]]], choices: Lengths = None) -> bytes:
    """SearchResultEntry, without the message around it."""
    shown = b"".join(
        tlv(0x30, tlv(4, name, choices) + tlv(0x31, b"".join(tlv(4, v, choices) for v in values), choices), choices)
        for name, values in attributes
    )
    return tlv(0x64, tlv(4, dn, choices) + tlv(0x30, shown, choices), choices)


def done(code: int, text: bytes, urls: Sequence[bytes] = (), choices: Lengths = None, tag: int = 0x65) -> bytes:
    """SearchResultDone, or with another tag the answer to a change."""
    referral = tlv(0xA3, b"".join(tlv(4, url, choices) for url in urls), choices) if urls else b""
    return tlv(tag, tlv(10, bytes((code,))) + tlv(4, b"", choices) + tlv(4, text, choices) + referral, choices)


def reference(urls: Sequence[bytes], choices: Lengths = None) -> bytes:
    """SearchResultReference."""
    return tlv(0x73, b"".join(tlv(4, url, choices) for url in urls), choices)


def intermediate(oid: bytes, value: bytes, choices: Lengths = None) -> bytes:
    """IntermediateResponse."""
    return tlv(0x79, tlv(0x80, oid, choices) + tlv(0x81, value, choices), choices)


def notice(oid: bytes, code: int, text: bytes) -> bytes:
    """An extended response that answers nothing, when its message has the number 0."""
    return tlv(0x78, tlv(10, bytes((code,))) + tlv(4, b"") + tlv(4, text) + tlv(0x8A, oid))


def control(oid: bytes, value: bytes | None, critical: bool | None, choices: Lengths = None) -> bytes:
    """One control."""
    said = b"" if critical is None else tlv(1, b"\xff" if critical else b"\x00", choices)
    return tlv(0x30, tlv(4, oid, choices) + said + (b"" if value is None else tlv(4, value, choices)), choices)


def message(number: int, operation: bytes, controls: Sequence[bytes] = (), choices: Lengths = None) -> bytes:
    """A whole message."""
    asked = tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"), choices)
    return tlv(0x30, asked + operation + (tlv(0xA0, b"".join(controls), choices) if controls else b""), choices)


def ours(pieces: Iterable[bytes]) -> Read:
    """What the decoder makes of a stream that comes in these pieces."""
    decoder = Decoder()
    messages: list[object] = []
    try:
        for piece in pieces:
            for number, read in decoder.feed(piece):
                messages.append(_plain(number, read))
    except BerError as refusal:
        return messages, str(refusal)
    return messages, ""


def theirs(stream: bytes, count: int) -> list[object]:
    """The first ``count`` messages of a stream, decoded by ldap3."""
    messages: list[object] = []
    while len(messages) < count:
        size = BaseStrategy.compute_ldap_message_size(stream)
        messages.append(_as_ldap3_says(decode_message_fast(stream[:size])))
        stream = stream[size:]
    return messages


def agree(stream: bytes, cuts: Iterable[int] = ()) -> Read:
    """What ours makes of a stream in one piece; it must be the same in any pieces, and what ldap3 makes of it.

    :raises AssertionError: it is not.
    """
    whole = ours([stream])
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut <= len(stream))})
    for pieces in (pairwise(edges), ((at, at + 1) for at in range(len(stream)))):
        assert ours(stream[start:stop] for start, stop in pieces) == whole
    assert theirs(stream, len(whole[0])) == whole[0]
    return whole


def _plain(number: int, read: Any) -> object:
    controls = [(known.oid, known.value) for known in getattr(read, "controls", ())]
    match type(read).__name__:
        case "Found":
            return number, read.dn, {name: list(values) for name, values in read.values.items()}, controls
        case "Done":
            return number, read.tag, read.code, read.text, list(read.referrals), controls
        case "Reference":
            return number, list(read.urls)
        case "Intermediate":
            return number, read.oid, read.value
    return number, read.oid, read.code, read.text


def _as_ldap3_says(decoded: dict[str, Any]) -> object:
    number, parts = decoded["messageID"], decoded["payload"]
    controls = [
        (known[0][3].decode(), known[-1][3] if known[1:] and known[-1][2] == 4 else None)
        for _, _, _, known in decoded["controls"] or ()
    ]
    values = [part[3] for part in parts]
    match decoded["protocolOp"]:
        case 4:
            attributes: dict[str, list[bytes]] = {}
            for _, _, _, (name, given) in values[1]:
                attributes.setdefault(name[3].decode(), []).extend(value[3] for value in given[3])
            return number, values[0], attributes, controls
        case 5 | 7 | 9 | 11 | 13 as operation:
            urls = [url[3].decode() for url in values[3]] if values[3:] else []
            return number, 0x60 + operation, values[0], values[2].decode(errors="replace"), urls, controls
        case 19:
            return number, [url.decode() for url in values]
        case 25:
            named = {part[2]: part[3] for part in parts}
            return number, named.get(0, b"").decode(), named.get(1, b"")
    oid = next((part[3] for part in parts if part[0] == 2 and part[2] == 10), b"")
    return number, oid.decode(), values[0], values[2].decode(errors="replace")
