"""Attribute values as .NET's DataContractSerializer writes a Dictionary<string, object>, both ways.

Every value names its type in ``i:type`` and declares its prefix anew; a reader accepts any prefix, any record that
holds the lexical form, and dictionary strings. The head of a pair depends on key and type only, so it is made once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.soap import N01, XSI
from syncramp.model.wire import AnchorType, LinkOperation, ReferenceChange, WireValue

N06 = "http://schemas.microsoft.com/online/aws/change/2014/06"
ARR = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
XSD = "http://www.w3.org/2001/XMLSchema"
TYPE = (XSI, "type")
NIL = (XSI, "nil")
PAIR = "KeyValueOfstringanyType"
CHANGES = "SyncReferenceChangeCollection"


class ContractError(ValueError):
    """A message does not keep the contract: what is wrong with which element."""


def write_pairs(values: Mapping[str, WireValue]) -> bytes:
    """``b:PropertyValues`` with its pairs, in their order."""
    head = w.element("b", "PropertyValues") + w.xmlns("c", ARR)
    return b"".join((head, *(write_pair(key, value) for key, value in values.items()), w.END))


def write_pair(key: str, value: WireValue) -> bytes:
    """One key with its typed value.

    :raises TypeError: the value is of no type the wire knows.
    """
    match value:
        case None:
            return _nil(key)
        case str():
            return _head(key, "d:string") + w.content(value) + w.END
        case bool():
            return _head(key, "d:boolean") + w.boolean(value) + w.END
        case int():
            return _head(key, "d:long") + w.integer(value) + w.END
        case bytes():
            return _head(key, "d:base64Binary") + w.binary(value) + w.END
        case tuple() | list():
            return _write_list(key, value)
        case _:
            raise TypeError(f"{key}: the wire has no type for {type(value).__name__}")


def _write_list(key: str, items: Sequence[Any]) -> bytes:
    """A list by the type of its first item; an empty one is a list of text."""
    if items and isinstance(items[0], ReferenceChange):
        return _head(key, CHANGES) + _write_changes(items) + w.END + w.END
    if items and isinstance(items[0], bytes):
        return _head(key, "c:ArrayOfbase64Binary") + _list("base64Binary", map(w.binary, items)) + w.END
    return _head(key, "c:ArrayOfstring") + _list("string", map(w.content, items)) + w.END


@lru_cache(maxsize=2048)
def _head(key: str, kind: str) -> bytes:
    declared = w.xmlns("d", XSD) if kind.startswith("d:") else b""
    return _key(key) + w.attribute("i", "type", w.text(kind)) + declared


@lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    return w.element("c", PAIR) + w.element("c", "Key") + w.content(key) + w.element("c", "Value")


def _nil(key: str) -> bytes:
    return _key(key) + w.attribute("i", "nil", b"\x86") + w.END + w.END


def _list(name: str, items: Iterable[bytes]) -> bytes:
    start = w.element("c", name)
    return b"".join(start + item for item in items) + w.END


_CHANGE = w.element("", "SyncReferenceChange") + w.element("", "Reference") + w.element("", "Anchor")
_TAILS = {
    (by, operation): b"".join(
        (
            w.element("", "referenceTypeInt"),
            w.integer(by),
            w.END,
            w.element("", "operationInt"),
            w.integer(operation),
            w.END,
        )
    )
    for by in AnchorType
    for operation in LinkOperation
}


def _write_changes(changes: Iterable[ReferenceChange]) -> bytes:
    """``referenceChanges``; Reference stands before operationInt, Anchor before referenceTypeInt (ordinal order)."""
    start = w.element("", "referenceChanges")
    body = (_CHANGE + w.content(anchor) + _TAILS[by, operation] for anchor, operation, by in changes)
    return b"".join((start, *body, w.END))


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
    if node.attributes.get(NIL, "").strip() in ("true", "1"):
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


def read_boolean(node: Node) -> bool:
    """An xsd:boolean; ``True`` with a capital letter is none."""
    text = node.text.strip()
    if text not in ("true", "false", "1", "0"):
        raise ContractError(f"{text!r} is no boolean")
    return text in ("true", "1")


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
    return ReferenceChange(anchor.text, LinkOperation(int(operation.text)), AnchorType(int(by.text)))


def _strings(node: Node) -> WireValue:
    return tuple(child.text for child in node.all("string"))


def _binaries(node: Node) -> WireValue:
    return tuple(child.bytes for child in node.all("base64Binary"))


_READERS: dict[tuple[str, str], Callable[[Node], WireValue]] = {
    (XSD, "string"): lambda node: node.text,
    (XSD, "boolean"): read_boolean,
    (XSD, "int"): lambda node: int(node.text),
    (XSD, "long"): lambda node: int(node.text),
    (XSD, "base64Binary"): lambda node: node.bytes,
    (ARR, "ArrayOfstring"): _strings,
    (ARR, "ArrayOfbase64Binary"): _binaries,
    (N01, CHANGES): _read_changes,
}
