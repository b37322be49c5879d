"""SyncConfigs as data: the documents of tests/data, and copies of them with one thing changed."""

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any

from syncramp.check import verdict_of
from syncramp.check.findings import Finding
from syncramp.spec.document import Document, read_documents

FOLDER = Path(__file__).parents[1] / "data" / "documents"
EXAMPLES = Path(__file__).parents[2] / "examples" / "01-validate"
GONE = object()
"""Stands for a member that is taken away."""
CERTIFICATE = {"clientID": "0b1c2d3e-0000-4000-8000-000000000001", "secretRef": {"name": "entra-sync"}}
LDAP = {"servers": ["ldaps://dc1.corp.example.com"], "bind": {"secretRef": {"name": "ad-reader"}}}

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def loaded(path: Path) -> Document:
    """The one document of a file."""
    (document,) = read_documents(str(path))
    return document


def minimal(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A document that says what must be said, with changes: path -> value."""
    return changed(_data("minimal.yaml"), changes or {})


def full(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A document with every field, with changes: path -> value."""
    return changed(_data("full.yaml"), changes or {})


@cache
def _data(name: str) -> dict[str, Any]:
    """Read once: whoever changes it copies it first."""
    data: dict[str, Any] = loaded(FOLDER / name).data
    return data


def changed(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with changes: path -> value. What is missing above a path is made."""
    made = copy.deepcopy(data)
    for path, value in changes.items():
        *above, last = (int(number) if number else name for name, number in _STEP.findall(path))
        place: Any = made
        for step in above:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
        if value is GONE:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(copy.deepcopy(value))
        else:
            place[last] = copy.deepcopy(value)
    return made


def said(data: dict[str, Any]) -> set[tuple[str, str]]:
    """What is wrong with an object, as (path, sentence)."""
    return {(found.path, found.reason) for found in findings(data)}


def findings(data: dict[str, Any]) -> list[Finding]:
    """What is wrong with an object."""
    return verdict_of(data)
