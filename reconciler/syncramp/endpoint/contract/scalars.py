"""Booleans and numbers in XML's lexical forms, read as .NET's XmlConvert reads them."""

import re
from typing import Final

from syncramp.endpoint.nbfx import Node, WireError

SPACE: Final = " \t\r\n"
"""White space of XML; what Unicode has besides belongs to a value."""
_INTEGER: Final = re.compile(r"[+-]?0*[0-9]{1,19}", re.ASCII)
"""An int64 has at most 19 digits."""


NO_GUID: Final = "00000000-0000-0000-0000-000000000000"
"""What .NET writes for a GUID that nobody set; it reads no empty text as one."""


class ContractError(WireError):
    """A message does not keep the contract: what is wrong with which element."""


def read_boolean(node: Node) -> bool:
    """An xsd:boolean; ``True`` with a capital letter is none.

    :raises ContractError: it is none.
    """
    text = node.text.strip(SPACE)
    if text not in ("true", "false", "1", "0"):
        raise ContractError(f"{shown(text)} is no boolean")
    return text in ("true", "1")


def read_integer(node: Node) -> int:
    """An xsd:long.

    :raises ContractError: it is none.
    """
    text = node.text.strip(SPACE)
    if not _INTEGER.fullmatch(text) or not -(1 << 63) <= (number := int(text)) < 1 << 63:
        raise ContractError(f"{shown(text)} is no number of 64 bits")
    return number


def read_binary(node: Node) -> bytes:
    """Binary content, or base64 text.

    :raises ContractError: it is neither.
    """
    try:
        return node.bytes
    except ValueError as error:
        raise ContractError(f"{node.name}: {error}") from None


def shown(text: str) -> str:
    """A text of a peer for an error: not longer than a line."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
