"""Values that belong to one object of the tenant, and how two of them are compared.

The service compares without case, and an address without its kind: ``smtp:ann@contoso.com``,
``SMTP:Ann@contoso.com`` and the user principal name of that spelling are one value (Microsoft, errors during
synchronization: AttributeValueMustBeUnique; and prepare for directory synchronization).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from zlib import crc32

from syncramp.model.values import Value

UNIQUE = ("userPrincipalName", "proxyAddresses", "mail")
"""Attributes whose values belong to one object. In this order one of them outranks another: to lose the name one
signs in with is worse than to lose an address, and an address that receives mail is more than one that is only shown.
"""

PRIMARY = "SMTP:"
"""How a primary address begins; a secondary one begins with small letters."""


def key(text: str) -> str:
    """A value as the tenant compares it."""
    return text.casefold().removeprefix("smtp:")


def texts(value: Value | None) -> Iterable[str]:
    """The texts of a value."""
    if isinstance(value, str):
        return (value,)
    return [each for each in value if isinstance(each, str)] if isinstance(value, tuple) else ()


def spared(values: Iterable[str], bad: Collection[str]) -> tuple[str, ...]:
    """What stays of a list of addresses without some of them: nothing without its primary one, because the service
    would choose another.
    """
    if any(text.startswith(PRIMARY) for text in bad):
        return ()
    return tuple(text for text in values if text not in bad)


def claims(values: Mapping[str, Value | None]) -> Iterator[tuple[str, str]]:
    """The unique values among attributes: (attribute, value as it is compared)."""
    for name in UNIQUE:
        for text in texts(values.get(name)):
            yield name, key(text)


def marks(values: Mapping[str, Value | None]) -> set[int]:
    """The marks of all unique values among attributes; of every object, so each distinct value is compared once."""
    found: set[str] = set()
    for name in UNIQUE:
        value = values.get(name)
        if value.__class__ is str:
            found.add(value)
        elif value:
            found.update(texts(value))
    return {mark(value) for value in set(map(key, found))}


def marks_of_addresses(addresses: Iterable[bytes]) -> set[int]:
    """The marks of names and addresses of ASCII alone, of which each stands there without its kind."""
    return {crc32(address.lower()) for address in addresses if address}


def mark(value: str) -> int:
    """32 bits that stand for a compared value; whoever finds two alike compares the values themselves."""
    return crc32(value.encode())
