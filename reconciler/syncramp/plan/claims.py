"""Values that must be unique in a tenant: who gives one up, who claims it, and who still has it.

A person who is deleted and made anew keeps the user principal name. While the delete waits, the name is not free: a
service with duplicate attribute resiliency would take the new person, but under a made-up name, and keep it. So what
claims a value waits until what holds it may let go of it.
"""

from collections.abc import Iterator, Mapping

from syncramp.model.plan import ObjectChange, Verb
from syncramp.model.values import Value

UNIQUE = ("userPrincipalName", "mail", "proxyAddresses")
"""Attributes whose values belong to one object of the tenant."""


def gives_up(change: ObjectChange) -> bool:
    """The update takes some unique value away from the object."""
    acked = change.state.acked or {}
    return any(set(keys(acked, name)) - set(keys(change.values, name)) for name in UNIQUE if name in change.values)


def kept(change: ObjectChange) -> Iterator[str]:
    """Unique values the object still has, because what would take them away is held."""
    acked = change.state.acked or {}
    for name in UNIQUE:
        if name in change.held or (change.verb is Verb.DELETE and change.hold):
            yield from set(keys(acked, name)) - set(keys(change.values, name))


def claimed(change: ObjectChange) -> Mapping[str, tuple[str, ...]]:
    """Unique values that a change would give to the object: attribute -> values."""
    acked = change.state.acked or {}
    claims = {name: tuple(set(keys(change.values, name)) - set(keys(acked, name))) for name in UNIQUE}
    return {name: values for name, values in claims.items() if values}


def keys(values: Mapping[str, Value | None], name: str) -> Iterator[str]:
    """The values of one attribute as the tenant compares them: an address is one in whatever attribute it stands."""
    value = values.get(name)
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, str):
            yield each.casefold().removeprefix("smtp:")
