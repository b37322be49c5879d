"""The one verdict on a document: used by ``validate``, by every command that reads one, and by the operator."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from syncramp.check.contents import contents_findings
from syncramp.check.findings import Finding
from syncramp.check.joins import join_findings
from syncramp.check.ramps import ramp_findings
from syncramp.check.references import reference_findings
from syncramp.check.rules import own_rule_findings, unsaid
from syncramp.check.scopes import scope_findings
from syncramp.check.shape import shape_findings
from syncramp.check.twins import rule_findings
from syncramp.check.updates import change_findings, standing
from syncramp.check.values import show
from syncramp.check.windows import window_findings
from syncramp.check.writeback import writeback_findings
from syncramp.errors import InputRefused
from syncramp.spec.document import Document, read_documents
from syncramp.spec.schema import API_VERSION, KIND, with_defaults
from syncramp.spec.structure import structure
from syncramp.spec.types import SyncConfig

LARGEST = 100_000
"""Bytes of a spec as it is given, as JSON. ``kubectl apply`` keeps a copy of it in an annotation, and all annotations
of an object share 256 KiB."""


def verdict(document: Document, old: Any = None) -> list[Finding]:
    """Everything that is wrong with a document, with its lines, in their order.

    :param old: the document before, as data; with it the verdict is that on a change. What was wrong before and did
        not change comes with ``Finding.stands``.
    """
    findings = [replace(found, line=document.line(found.path)) for found in _findings(document.data, old)]
    return sorted(findings, key=lambda found: (found.line or 0, found.path))


def verdict_of(data: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> list[Finding]:
    """Everything that is wrong with an object of a cluster, or with a change of it."""
    return list(_findings(dict(data), dict(old) if old is not None else None))


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


def _findings(data: Any, old: Any = None) -> Iterator[Finding]:
    if not isinstance(data, dict):
        yield Finding("", "this is no object", "a document begins with apiVersion and kind")  # it may be a password
        return
    wrong = [*_identity(data), *_size(data)]
    if wrong:  # then the schema has nothing to say, or far too much
        yield from wrong
        return
    filled = with_defaults(data)
    shape = list(shape_findings(filled))
    refused = {found.path for found in shape}
    before = with_defaults(old) if isinstance(old, dict) else None
    for found in (*shape, *rule_findings(filled)):
        yield found if before is None else standing(found, filled, before)
    if before is not None:
        yield from change_findings(filled, before)
    yield from contents_findings(filled, refused)
    yield from scope_findings(filled, refused)
    yield from own_rule_findings(filled, refused)
    yield from unsaid(data)
    yield from join_findings(filled, refused)
    yield from ramp_findings(filled, refused)
    yield from window_findings(filled, refused)
    yield from writeback_findings(filled, refused)
    yield from reference_findings(filled)


def _identity(data: Mapping[str, Any]) -> Iterator[Finding]:
    for name, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        value, remedy = data.get(name), f"write {name}: {expected}"
        if value is None:
            yield Finding(name, "Required value", remedy)
        elif value == "List":
            yield Finding(name, "a List is not read", "write its items as documents, with --- between them")
        elif value != expected:
            yield Finding(name, f"this release knows {expected} only", remedy, show(name, value))


def _size(data: Mapping[str, Any]) -> Iterator[Finding]:
    text = json.dumps(data.get("spec"), ensure_ascii=False, separators=(",", ":"), default=str)
    if (size := len(text.encode(errors="replace"))) > LARGEST:
        reason = f"Too long: {size:,} bytes as JSON, may not be more than {LARGEST:,} bytes"
        yield Finding("spec", reason, "split it into several SyncConfigs")
