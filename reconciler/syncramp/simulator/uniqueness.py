"""Values that only one object of a tenant may have: user principal names, and mail addresses of every kind.

A taken value is either left out, as duplicate attribute resiliency does it (the object is written, its result carries
a text, and the tenant remembers the value), or the object is refused.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

CHECKED = frozenset({"userprincipalname", "proxyaddresses", "mail"})
UPN_RESILIENCY, ADDRESS_RESILIENCY = 8, 32
"""Feature bits DuplicateUPNResiliency and DuplicateProxyAddressResiliency."""
Use = tuple[str, str]
"""An attribute and a value of it."""


def names_of(values: Mapping[str, Any]) -> dict[str, list[Use]]:
    """The unique values of an object: for each the attributes and values that hold it.

    :param values: attributes by name in any case.
    """
    found: dict[str, list[Use]] = {}
    for name, value in values.items():
        if name.lower() in CHECKED:
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and text:
                    found.setdefault(key_of(name, text), []).append((name, text))
    return found


def key_of(name: str, text: str) -> str:
    """How a value is compared: without case, and an address without its kind."""
    low = text.lower()
    return f"upn:{low}" if name.lower() == "userprincipalname" else f"address:{low.removeprefix('smtp:')}"


def resilient(name: str, features: int) -> bool:
    """A duplicate of this attribute is left out, and does not refuse the object."""
    return bool(features & (UPN_RESILIENCY if name.lower() == "userprincipalname" else ADDRESS_RESILIENCY))


def without(values: Mapping[str, Any], taken: Iterable[Use], rename: Callable[[str], str]) -> dict[str, Any]:
    """Attributes without taken values.

    :param rename: what takes the place of a user principal name.
    """
    left = dict(values)
    for name, text in taken:
        if name.lower() == "userprincipalname":
            left[name] = rename(text)
        elif isinstance(left[name], tuple):
            left[name] = tuple(value for value in left[name] if value != text)
            if not left[name]:
                del left[name]
        else:
            del left[name]
    return left


def with_again(values: Mapping[str, Any], use: Use) -> dict[str, Any]:
    """Attributes with a value that was left out before."""
    name, text = use
    before = values.get(name)
    if name.lower() == "proxyaddresses":
        return {**values, name: (*(before or ()), text)}
    return {**values, name: text}


def told(taken: Iterable[Use]) -> str:
    """Taken values as the service's texts name them."""
    return " ".join(f"{name} {text};" for name, text in taken)
