"""What an attribute of a cloud object may hold, as the V2 endpoint types it.

Text, boolean, integer (``xsd:long``) and binary, and lists of text or of binary. A list is a tuple in canonical order
(sorted by its bytes), so that equal values are equal Python objects whatever directory they came from.
"""

from collections.abc import Mapping
from enum import StrEnum

Value = str | bool | int | bytes | tuple[str, ...] | tuple[bytes, ...]
Attributes = Mapping[str, Value]


class Kind(StrEnum):
    """The kinds of objects that are synchronised, by their name on the wire."""

    USER = "User"
    GROUP = "Group"
    CONTACT = "Contact"
    DEVICE = "Device"


class Type(StrEnum):
    """The type of an attribute's values, in the directory and on the wire."""

    STRING = "String"
    BOOLEAN = "Boolean"
    INTEGER = "Integer"
    BINARY = "Binary"
    REFERENCE = "Reference"
