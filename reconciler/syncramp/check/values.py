"""What of a document may be shown: a value in the wrong place may be a secret.

Nothing is shown of what stands below the ways to sign in, of fields that are unknown, of objects and lists, and of
addresses with a user in them. What is shown is short, and no character of it can move a terminal's cursor.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from syncramp.words import printable

_KEPT = re.compile(r"\.(?:auth|bind|secretRef|secretKeyRef|configMapKeyRef)(?:\.|$)|^metadata\.annotations")
_USER = re.compile(r"[^\s/:]*:[^\s/]*@")
_LENGTH = 60
"""Characters of a value that are shown."""


def show(path: str, value: Any) -> str:
    """A value as JSON, shortened; empty if it is not to be shown."""
    if isinstance(value, dict | list) or _KEPT.search(path):
        return ""
    if isinstance(value, str) and _USER.search(value):
        return ""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return printable(text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…")


def below(path: str, name: str) -> str:
    """The path of a member."""
    return f"{path}.{name}" if path else name


def members(value: Any) -> Mapping[str, Any]:
    """The members of an object; none of what is no object."""
    return value if isinstance(value, dict) else {}


def items(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The items of a list with their paths; none of what is no list."""
    for number, item in enumerate(value if isinstance(value, list) else ()):
        yield f"{path}[{number}]", item


def sound(path: str, value: Any, refused: Collection[str]) -> Iterator[tuple[str, Any]]:
    """The items of a list that the schema has nothing against, with their paths.

    :param refused: paths that the schema has refused.
    """
    for place, item in items(path, value):
        if not any(bad == place or bad.startswith((f"{place}.", f"{place}[")) for bad in refused):
            yield place, item
