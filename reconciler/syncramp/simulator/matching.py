"""Which object of the cloud an object of the directory is: hard match and soft match.

A user with a source anchor that a cloud-mastered user carries as its immutable id is that user: a hard match, and so
is one that names a cloud anchor and a source anchor together. An object that is new to the cloud is compared by its
primary address, and a user also by its user principal name where that feature is on: a soft match. What matches
becomes synchronised. (Microsoft, troubleshoot errors during synchronization, and Connect for an existing tenant.)
"""

from collections.abc import Iterator, Mapping
from typing import Any

from syncramp.simulator.refusals import ADMIN_ROLE, HARD_MATCH, OTHER_TYPE, REMAPPED_TEXT, SOFT_MATCH, Failure
from syncramp.simulator.storage import Held
from syncramp.simulator.uniqueness import key_of, resilient
from syncramp.simulator.view import View

SOFT_MATCH_ON_UPN = 16
BLOCK_SOFT_MATCH = 524_288
BLOCK_HARD_MATCH = 1_048_576
"""Feature bits: EnableSoftMatchOnUpn, BlockSoftMatch, BlockCloudObjectTakeoverThroughHardMatch."""
IDENTIFIER = "onpremisesobjectidentifier"


def check_hard_match(held: Held, changes: Mapping[str, Any], features: int) -> None:
    """A cloud-mastered object may become that of a source anchor.

    :param changes: attributes by name in lower case.
    :raises Failure: it may not.
    """
    if held.kind != "User":
        raise Failure(HARD_MATCH, f"Only users can be matched by their source anchor, not a {held.kind}.")
    if features & BLOCK_HARD_MATCH:
        raise Failure(HARD_MATCH, "Taking over objects of the cloud through hard match is blocked for this tenant.")
    if held.admin:
        raise Failure(HARD_MATCH, "Existing Admin Role Conflict: the object has a privileged role.")
    known = next((value for name, value in held.values.items() if name.lower() == IDENTIFIER), None)
    if known and changes.get(IDENTIFIER, known) != known:
        raise Failure(HARD_MATCH, REMAPPED_TEXT)


def soft_match(view: View, kind: str, changes: Mapping[str, Any], features: int) -> Held | None:
    """The object of the cloud that an object new to it is.

    A match that has a source anchor already is no match: with duplicate attribute resiliency the value counts as a
    duplicate, without it the object is refused.

    :param changes: attributes by name in lower case.
    :raises Failure: there is one, and it may not be taken.
    """
    for name, text in _keys(kind, changes, features):
        owner = view.owners((key_of(name, text),))[key_of(name, text)]
        held = view.by_id(owner) if owner is not None else None
        if held is None or (name == "proxyAddresses" and primary(held.values).lower() != text[5:].lower()):
            continue
        if held.kind != kind:
            raise Failure(OTHER_TYPE, f"The object was matched by {name} with a {held.kind}, not a {kind}.")
        if held.source_anchor is None:
            return _allowed(held, features)
        if not resilient(name, features):
            raise Failure(SOFT_MATCH, f"An object with the same {name} has another source anchor.")
    return None


def _allowed(held: Held, features: int) -> Held:
    if features & BLOCK_SOFT_MATCH:
        raise Failure(SOFT_MATCH, "Soft match is blocked for this tenant.")
    if held.admin:
        raise Failure(ADMIN_ROLE, "Existing Admin Role Conflict: the matching object has a privileged role.")
    return held


def _keys(kind: str, changes: Mapping[str, Any], features: int) -> Iterator[tuple[str, str]]:
    """Attributes and values to match by, in their order; no primary address: not mail-enabled."""
    addresses = changes.get("proxyaddresses") or ()
    for address in addresses:
        if isinstance(address, str) and address.startswith("SMTP:"):
            yield "proxyAddresses", address
    upn = changes.get("userprincipalname")
    if kind == "User" and upn and features & SOFT_MATCH_ON_UPN:
        yield "userPrincipalName", upn


def primary(values: Mapping[str, Any]) -> str:
    """The primary address of an object in the cloud, which has ``mail`` for one if it has no others."""
    addresses = values.get("ProxyAddresses", ())
    found = next((text[5:] for text in addresses if text.startswith("SMTP:")), "")
    return found or ("" if addresses else str(values.get("Mail", "")))
