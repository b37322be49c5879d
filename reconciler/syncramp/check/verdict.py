"""The one verdict on a document: used by ``validate``, by every command that reads one, and by the operator."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.shape import shape_findings, show
from syncramp.check.twins import rule_findings
from syncramp.errors import InputRefused
from syncramp.source.dn import DnError, canonical
from syncramp.source.filter import FilterError, parse
from syncramp.spec.document import Document, read_documents
from syncramp.spec.schema import API_VERSION, KIND, with_defaults
from syncramp.spec.structure import structure
from syncramp.spec.types import SyncConfig

LARGEST = 100_000
"""Bytes of a spec as JSON: kubectl and the operator keep copies of it in annotations that share 256 KiB."""
_SERVER_FIELDS = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid", "finalizers")


def verdict(document: Document) -> list[Finding]:
    """Everything that is wrong with a document, with its lines, in their order."""
    findings = [replace(found, line=document.line(found.path)) for found in _findings(document.data)]
    return sorted(findings, key=lambda found: (found.line or 0, found.path))


def verdict_of(data: Mapping[str, Any]) -> list[Finding]:
    """Everything that is wrong with an object of a cluster; what the server itself put there is not judged."""
    metadata = data.get("metadata")
    kept = dict(data)
    if isinstance(metadata, Mapping):
        known = ("name", "namespace", "labels", "annotations")
        kept["metadata"] = {name: metadata[name] for name in known if name in metadata}
    return list(_findings(kept))


def load(name: str) -> SyncConfig:
    """The one SyncConfig of a file, structured.

    :param name: a path, or ``-`` for standard input.
    :raises InputRefused: it cannot be read, holds none or several, or is not acceptable; the text tells each finding.
    """
    documents = read_documents(name)
    if len(documents) != 1:
        raise InputRefused(
            f"this command takes one SyncConfig, the file holds {len(documents)} documents",
            where=name,
            remedy="keep each in a file of its own",
        )
    (document,) = documents
    if findings := verdict(document):
        listed = "".join(f"\n  {finding}" for finding in findings)
        raise InputRefused(f"the document is not acceptable:{listed}", where=name)
    return structure(with_defaults(document.data), document.folder)


def _findings(data: Any) -> Iterator[Finding]:
    if not isinstance(data, dict):
        yield Finding("", "this is no object", "a document begins with apiVersion and kind", show(data))
        return
    wrong = list(_identity(data))
    yield from wrong
    if wrong:
        return
    filled = with_defaults(data)
    yield from shape_findings(filled)
    yield from rule_findings(filled)
    yield from _contents(filled)
    if len(json.dumps(filled.get("spec"), default=str)) > LARGEST:
        yield Finding("spec", f"is larger than {LARGEST:,} bytes as JSON", "split it into several SyncConfigs")


def _identity(data: Mapping[str, Any]) -> Iterator[Finding]:
    for name, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        value = data.get(name)
        if value is None:
            yield Finding(name, "Required value", f"write {name}: {expected}")
        elif value != expected:
            yield Finding(name, f"this release knows {expected} only", f"write {name}: {expected}", show(value))


def _contents(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Distinguished names and filters, which a schema cannot judge."""
    for path, scope in _scopes(data):
        try:
            canonical(str(scope.get("dn", "")))
        except DnError as error:
            yield Finding(f"{path}.dn", f"is no distinguished name: {error}", "", show(scope["dn"]))
        try:
            if isinstance(scope.get("filter"), str):
                parse(scope["filter"])
        except FilterError as error:
            yield Finding(f"{path}.filter", f"is no LDAP filter: {error}", "see RFC 4515", show(scope["filter"]))


def _scopes(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    spec = data.get("spec")
    sources = spec.get("sources") if isinstance(spec, dict) else None
    for number, source in enumerate(sources if isinstance(sources, list) else ()):
        scopes = source.get("scope") if isinstance(source, dict) else None
        for place, scope in enumerate(scopes if isinstance(scopes, list) else ()):
            if isinstance(scope, dict):
                yield f"spec.sources[{number}].scope[{place}]", scope
