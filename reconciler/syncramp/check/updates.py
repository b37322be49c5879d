"""The verdict on a change: what must not change did not, and what was wrong before may stay.

The API server lets a value stand that was wrong before and did not change (ratcheting), so that a stricter CRD does
not block every change of an older object. It does so for what a schema or a rule says of a value, for lists with
duplicates if there were some before, and never for metadata and for what is unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from syncramp.check.correlation import unchanged
from syncramp.check.findings import Finding
from syncramp.check.shape import duplicates
from syncramp.check.twins import transition
from syncramp.check.values import members, show

UNKNOWN, DUPLICATE = "unknown field", "Duplicate value"


def standing(found: Finding, new: Mapping[str, Any], old: Mapping[str, Any]) -> Finding:
    """A finding of schema or rule, marked if the server lets it stand.

    :param new: the document with its defaults.
    :param old: the one before, too.
    """
    if found.path.startswith("metadata") or found.reason.startswith(UNKNOWN):
        return found
    if found.reason.startswith(DUPLICATE):
        return replace(found, stands=any(duplicates(old)))
    return replace(found, stands=unchanged(found.path, new, old))


def change_findings(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the change itself; both documents with their defaults."""
    for name, default in (("name", None), ("namespace", "default")):
        was, value = (members(data.get("metadata")).get(name) or default for data in (old, new))
        if was != value:
            reason = f"is another object than the one before: its {name} cannot be changed"
            yield Finding(f"metadata.{name}", reason, "compare with the same object", show(f"metadata.{name}", value))
    yield from transition(new, old)
