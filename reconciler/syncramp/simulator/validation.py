"""Whether the service takes the values of an object: their types, their form and their size.

Types and unknown names are the tenant's setting, because what the service does there is not public. Form and size
have documented errors.
"""

import re
from collections.abc import Mapping
from typing import Any

from syncramp.model.values import Type
from syncramp.model.wire import ReferenceChange
from syncramp.rules.catalogue import EXTENSION
from syncramp.simulator.attributes import Attribute, attribute
from syncramp.simulator.refusals import IDENTITY_DATA, INVALID_VALUE, LARGE, LARGE_TEXT, TOO_LONG, Failure
from syncramp.simulator.settings import Attributes

MOST_CERTIFICATES = 15
MOST_ADDRESSES = 332
"""About so many, Microsoft says."""
MOST_EXTENSIONS, LONGEST_EXTENSION = 100, 250
"""Microsoft, troubleshoot errors during synchronization: LargeObject and ExceededAllowedLength, like those above."""
ANCHOR_LIMIT = 60
"""An anchor stays below it; a character other than a letter or a digit counts three."""
_COUNTS_THREE = re.compile(r"[^A-Za-z0-9]")
_UPN = re.compile(r"(?=.{1,64}@)(?!\.)[A-Za-z0-9'._!#^~+-]+(?<!\.)@(?=.{1,48}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""64 characters, ``@``, 48 characters (Microsoft, prepare for directory synchronization); ``+`` because the service
writes it itself."""
_TYPES = {bool: Type.BOOLEAN, int: Type.INTEGER, bytes: Type.BINARY, str: Type.STRING}


def check_anchor(anchor: str) -> None:
    """A source anchor is short enough.

    :raises Failure: it is not.
    """
    if len(anchor) + 2 * len(_COUNTS_THREE.findall(anchor)) >= ANCHOR_LIMIT:
        raise Failure(TOO_LONG, f"The attribute SourceAnchor must be shorter than {ANCHOR_LIMIT} characters.")


def check_form(changes: Mapping[str, Any]) -> None:
    """Names and sizes.

    :param changes: attributes by name in lower case.
    :raises Failure: one has a documented error.
    """
    upn = changes.get("userprincipalname")
    if upn and not (isinstance(upn, str) and _UPN.fullmatch(upn)):
        raise Failure(IDENTITY_DATA, "The attribute UserPrincipalName has characters or a form that are not allowed.")
    _check_number(changes, "userCertificate", MOST_CERTIFICATES)
    _check_number(changes, "proxyAddresses", MOST_ADDRESSES)
    extensions = [value for name, value in changes.items() if name.startswith(EXTENSION)]
    if len(extensions) > MOST_EXTENSIONS or any(_long(value) for value in extensions):
        raise Failure(LARGE, f"{LARGE_TEXT} Attribute: directory extensions.")


def _long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LONGEST_EXTENSION


def _check_number(changes: Mapping[str, Any], name: str, most: int) -> None:
    value = changes.get(name.lower())
    if isinstance(value, tuple) and len(value) > most:
        raise Failure(LARGE, f"{LARGE_TEXT} Attribute: {name}.")


def notes_on(changes: Mapping[str, Any], how: Attributes) -> list[str]:
    """What the connector's schema says against attributes.

    :raises Failure: there is something, and the tenant refuses it.
    """
    if how is Attributes.ACCEPT:
        return []
    notes = [note for name, value in changes.items() if (note := _note(attribute(name), name, value))]
    if notes and how is Attributes.REFUSE:
        raise Failure(INVALID_VALUE, " ".join(notes))
    return notes


def _note(known: Attribute | None, name: str, value: Any) -> str:
    if known is None:
        return f"The attribute {name} is not known."
    if known.read_only:
        return f"The attribute {known.name} cannot be written."
    if value is None or value == () or _fits(known, value):
        return ""
    number = "several values" if known.multi else "one value"
    return f"The attribute {known.name} takes {number} of type {known.type.lower()}."


def _fits(known: Attribute, value: Any) -> bool:
    if isinstance(value, tuple) != known.multi:
        return False
    items = value if isinstance(value, tuple) else (value,)
    if known.type is Type.REFERENCE:
        return all(isinstance(item, str | ReferenceChange) for item in items)
    return all(_TYPES.get(type(item)) is known.type for item in items)
