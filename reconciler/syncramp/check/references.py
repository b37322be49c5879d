"""What one part of a document says of another: rules over the whole, which no schema can tell of one place.

Each check takes the spec and yields what is wrong, at the path of the part that has to change. A part of a wrong type
is the schema's business; to a check it is not there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.values import items, members

Check = Callable[[Mapping[str, Any]], Iterator[Finding]]


def reference_findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong between the parts of a document.

    :param data: a document with its defaults.
    """
    spec = members(data.get("spec"))
    for check in CHECKS:
        yield from check(spec)


def _anchors_are_written_over_ldap(spec: Mapping[str, Any]) -> Iterator[Finding]:
    if members(spec.get("identity")).get("writeBackAnchor") is not True:
        return
    for path, source in items("spec.sources", spec.get("sources")):
        if members(source).get("ldif") is not None:
            reason = "writeBackAnchor needs directories that can be written to, and this is a file"
            yield Finding(f"{path}.ldif", reason, "read it over LDAP, or set writeBackAnchor: false")


def _lists_are_merged_of_joined_entries(spec: Mapping[str, Any]) -> Iterator[Finding]:
    identity = members(spec.get("identity"))
    if identity.get("merge") and not identity.get("joins"):
        reason = "can never act: without joins every object is made of one entry"
        yield Finding("spec.identity.merge", reason, "add joins, or remove merge")


CHECKS: tuple[Check, ...] = (_anchors_are_written_over_ldap, _lists_are_merged_of_joined_entries)
