"""What the command line takes and a run in a cluster does not find: told as a warning, because nobody can be sure."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.values import items, members, show

_VOLUME = "write an absolute path on a volume of the run"


def cluster_warnings(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Paths of a document that are relative to its folder: in a cluster it has none.

    :param data: an object of a cluster.
    """
    spec = members(data.get("spec"))
    workload = members(members(members(spec.get("target")).get("auth")).get("workloadIdentity"))
    yield from _relative("spec.target.auth.workloadIdentity.tokenFile", workload.get("tokenFile"), "remove the field")
    for place, source in items("spec.sources", spec.get("sources")):
        path = members(members(source).get("ldif")).get("path")
        yield from _relative(f"{place}.ldif.path", path, "name a configMapKeyRef")


def _relative(place: str, path: Any, otherwise: str) -> Iterator[Finding]:
    if isinstance(path, str) and not posixpath.isabs(path):
        reason = "is relative to the document's folder, which a cluster does not have"
        yield Finding(place, reason, f"{otherwise}, or {_VOLUME}", show(place, path))
