"""Attribute values as .NET's DataContractSerializer writes a Dictionary<string, object>, both ways.

Every value names its type in ``i:type`` and declares its prefix anew; a reader accepts any prefix, any record that
holds the lexical form, and dictionary strings. The head of a pair depends on key and type only, so it is made once.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

from syncramp.endpoint.contract.scalars import SPACE, ContractError, read_boolean, read_integer
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.soap import N01, XSI
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, WireValue

N06 = "http://schemas.microsoft.com/online/aws/change/2014/06"
ARR = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
XSD = "http://www.w3.org/2001/XMLSchema"
SER = "http://schemas.microsoft.com/2003/10/Serialization/"
"""Types of .NET that XML Schema does not have."""
TYPE = (XSI, "type")
NIL = (XSI, "nil")
PAIR = "KeyValueOfstringanyType"
CHANGES = "SyncReferenceChangeCollection"
PROPERTY_VALUES = w.element("b", "PropertyValues") + w.xmlns("c", ARR)
"""The start tag in front of the pairs."""


def write_pair(key: str, value: WireValue, form: w.Values = "typed") -> bytes:
    """One key with its typed value.

    :raises TypeError: the value is of no type the wire knows.
    """
    by = w.FORMS[form]
    match value:
        case None:
            return nil_pair(key, form)
        case str():
            return head_of(key, "d:string", form) + by.content(value) + w.END
        case bool():
            return head_of(key, "d:boolean", form) + by.boolean(value) + w.END
        case int():
            return head_of(key, "d:long", form) + by.integer(value) + w.END
        case bytes():
            return head_of(key, "d:base64Binary", form) + by.binary(value) + w.END
        case tuple() | list():
            return _write_list(key, value, form)
        case _:
            raise TypeError(f"{key}: the wire has no type for {type(value).__name__}")


def _write_list(key: str, items: Sequence[Any], form: w.Values) -> bytes:
    """A list by the type of its first item; an empty one is a list of text."""
    by = w.FORMS[form]
    if items and isinstance(items[0], ReferenceChange):
        return head_of(key, CHANGES, form) + _write_changes(items, form) + w.END + w.END
    if items and isinstance(items[0], bytes):
        return head_of(key, "c:ArrayOfbase64Binary", form) + _list("base64Binary", map(by.binary, items)) + w.END
    return head_of(key, "c:ArrayOfstring", form) + _list("string", map(by.content, items)) + w.END


@lru_cache(maxsize=2048)
def head_of(key: str, kind: str, form: w.Values) -> bytes:
    """A pair up to the content of its value."""
    declared = w.xmlns("d", XSD) if kind.startswith("d:") else b""
    return _key(key, form) + w.attribute("i", "type", w.text(kind)) + declared


@lru_cache(maxsize=1024)
def nil_pair(key: str, form: w.Values) -> bytes:
    """A pair that clears its attribute."""
    return _key(key, form) + nil(form) + w.END


def nil(form: w.Values) -> bytes:
    """The rest of an element that says nothing, and its end."""
    return w.attribute("i", "nil", w.FORMS[form].text("true") if form == "text" else b"\x86") + w.END


def _key(key: str, form: w.Values) -> bytes:
    return w.element("c", PAIR) + w.element("c", "Key") + w.FORMS[form].content(key) + w.element("c", "Value")


def _list(name: str, items: Iterable[bytes]) -> bytes:
    start = w.element("c", name)
    return b"".join(start + item for item in items) + w.END


CHANGE = w.element("", "SyncReferenceChange") + w.element("", "Reference") + w.element("", "Anchor")
"""A reference change up to the content of its anchor."""


@cache
def tail_of(by: AnchorType, operation: LinkOperation, form: w.Values) -> bytes:
    """A reference change behind its anchor."""
    integer = w.FORMS[form].integer
    reference = w.element("", "referenceTypeInt") + integer(by) + w.END
    return reference + w.element("", "operationInt") + integer(operation) + w.END


def _write_changes(changes: Iterable[ReferenceChange], form: w.Values) -> bytes:
    """``referenceChanges``; Reference stands before operationInt, Anchor before referenceTypeInt (ordinal order)."""
    content = w.FORMS[form].content
    start = w.element("", "referenceChanges")
    body = (CHANGE + content(anchor) + tail_of(by, operation, form) for anchor, operation, by in changes)
    return b"".join((start, *body, w.END))


def write_tail(kind: str, operation: Operation, form: w.Values = "typed") -> bytes:
    """An ``AzureADSyncObject`` from the end of its pairs on."""
    content = w.FORMS[form].content
    named = w.element("b", "SyncObjectType") + content(kind)
    return w.END + named + w.element("b", "SyncOperation") + content(operation.value) + w.END


def read_pairs(pairs: Node, read: Callable[[str, Node], WireValue] | None = None) -> dict[str, WireValue]:
    """The pairs below a ``PropertyValues`` element.

    :param read: how to read a value; :func:`read_value` if nothing else is said.
    :raises ContractError: a key stands twice, or a value cannot be read.
    """
    read = read or read_value
    values: dict[str, WireValue] = {}
    for pair in pairs.all(PAIR):
        if [node.name for node in pair.children] != ["Key", "Value"]:
            raise ContractError(f"{PAIR} must hold Key and Value, in this order")
        key = pair.children[0].text
        if key in values:
            raise ContractError(f"the key {key} stands twice")
        values[key] = read(key, pair.children[1])
    return values


def read_value(key: str, node: Node) -> WireValue:
    """One typed value.

    :raises ContractError: it has no type, an unknown type, or does not fit its type.
    """
    if node.attributes.get(NIL, "").strip(SPACE) in ("true", "1"):
        return None
    named = node.attributes.get(TYPE)
    if named is None:
        raise ContractError(f"{key}: a value needs i:type")
    try:
        reader = _READERS.get(node.qualified(named))
        if reader is None:
            raise ContractError(f"{key}: unknown type {named}")
        return reader(node)
    except ContractError:
        raise
    except ValueError as error:
        raise ContractError(f"{key}: {error}") from None


def _read_changes(node: Node) -> WireValue:
    changes = node.child("referenceChanges")
    if changes is None:
        return ()
    return tuple(_read_change(change) for change in changes.all("SyncReferenceChange"))


def _read_change(node: Node) -> ReferenceChange:
    names = [child.name for child in node.children]
    if names != ["Reference", "operationInt"]:
        raise ContractError(f"a reference change holds Reference and operationInt, in this order, not {names}")
    reference, operation = node.children
    if [child.name for child in reference.children] != ["Anchor", "referenceTypeInt"]:
        raise ContractError("a Reference holds Anchor and referenceTypeInt, in this order")
    anchor, by = reference.children
    return ReferenceChange(anchor.text, LinkOperation(read_integer(operation)), AnchorType(read_integer(by)))


def _strings(node: Node) -> WireValue:
    return tuple(child.text for child in node.all("string"))


def _binaries(node: Node) -> WireValue:
    return tuple(child.bytes for child in node.all("base64Binary"))


_READERS: dict[tuple[str, str], Callable[[Node], WireValue]] = {
    (XSD, "string"): lambda node: node.text,
    (XSD, "boolean"): read_boolean,
    (XSD, "base64Binary"): lambda node: node.bytes,
    (ARR, "ArrayOfstring"): _strings,
    (ARR, "ArrayOfbase64Binary"): _binaries,
    (N01, CHANGES): _read_changes,
    **{(XSD, name): read_integer for name in ("long", "int", "short", "byte")},
    **{(XSD, f"unsigned{name}"): read_integer for name in ("Long", "Int", "Short", "Byte")},
    **{
        (XSD, name): lambda node: node.text.strip(SPACE)
        for name in ("dateTime", "double", "float", "decimal", "anyURI")
    },
    **{(SER, name): lambda node: node.text.strip(SPACE) for name in ("guid", "duration")},
}
"""What .NET knows of a value without being told: its primitive types; and the lists of this contract."""
