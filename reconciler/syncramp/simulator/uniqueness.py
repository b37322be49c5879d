"""Values that only one object of a tenant may have: user principal names, and mail addresses of every kind.

A taken value is either left out, as duplicate attribute resiliency does it (the object is written, and its result
carries a text), or the object is refused.
"""

from collections.abc import Mapping
from typing import Any

CHECKED = frozenset({"userprincipalname", "proxyaddresses", "mail"})
REFUSED_CODE = "AttributeValueMustBeUnique"
QUARANTINE_TEXT = (
    "This object has been updated in your Azure Active Directory, but with some modified properties, because the "
    "following attributes are associated with another object [{taken}]. Please refer to "
    "https://aka.ms/duplicateattributeresiliency for more information on duplicate attribute resiliency."
)
REFUSED_TEXT = (
    "Unable to update this object because the following attributes associated with this object have values that may "
    "already be associated with another object in your local directory services: [{taken}]. Correct or remove the "
    "duplicate values in your local directory."
)


def names_of(values: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """The unique values of an object: for each the attributes and values that hold it.

    :param values: attributes by name in any case.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for name, value in values.items():
        if name.lower() in CHECKED:
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and text:
                    found.setdefault(_key(name, text), []).append((name, text))
    return found


def _key(name: str, text: str) -> str:
    low = text.lower()
    return f"upn:{low}" if name.lower() == "userprincipalname" else f"address:{low.removeprefix('smtp:')}"


def without(
    values: Mapping[str, Any], taken: list[tuple[str, str]], initial_domain: str, identity: int
) -> dict[str, Any]:
    """Attributes without taken values; a taken user principal name gets the tenant's initial domain.

    :param taken: attribute and value.
    """
    left = dict(values)
    for name, text in taken:
        if name.lower() == "userprincipalname":
            left[name] = f"{text.split('@')[0]}+{identity % 10_000:04}@{initial_domain}"
        elif isinstance(left[name], tuple):
            left[name] = tuple(value for value in left[name] if value != text)
        else:
            del left[name]
    return left


def told(taken: list[tuple[str, str]]) -> str:
    """Taken values as the service's texts name them."""
    return " ".join(f"{name} {text};" for name, text in taken)
