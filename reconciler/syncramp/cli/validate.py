"""``syncramp validate``: documents are checked offline, against the same schema and rules as in a cluster.

Every file is judged, whatever is wrong with the others; a file that cannot be read has one finding without a path.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from syncramp.check import Finding
from syncramp.check.verdict import verdict
from syncramp.cli.exits import Exit
from syncramp.cli.options import Output
from syncramp.errors import InputRefused
from syncramp.spec.document import Document, Unreadable, read_documents
from syncramp.words import printable

_LONGEST_NAME = 63
"""Characters of a name that is repeated; a longer one is refused anyway."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """One document, or a file that holds none."""

    file: str
    findings: list[Finding]
    number: int | None = None
    """In its file, from 1; None for the file itself."""
    name: str | None = None

    @property
    def label(self) -> str:
        """How people find it."""
        if self.number is None:
            return self.file
        return f"{self.file} ({self.name or f'document {self.number}'})"


def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Documents; - reads standard input.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="How findings are printed.")] = Output.TEXT,
) -> None:
    """Check SyncConfig documents offline.

    The schema and the rules are those of a cluster; distinguished names, filters and addresses are checked too.

    Exit code 0: all are accepted; 3: one is not.

    Example: syncramp validate syncconfig.yaml
    """
    if files.count("-") > 1:
        raise InputRefused("standard input can be read once", where="-", remedy="name - once")
    results = [result for name in files for result in _judged(name)]
    if output is Output.JSON:
        typer.echo(json.dumps({"version": 1, "documents": [_plain(result) for result in results]}, indent=2))
    else:
        typer.echo("\n".join(printable(line) for result in results for line in _lines(result)))
    raise typer.Exit(Exit.REFUSED if any(result.findings for result in results) else Exit.OK)


def _judged(name: str) -> list[_Judged]:
    try:
        documents = read_documents(name)
    except Unreadable as error:
        return [_Judged(name, [Finding("", error.what, error.remedy, line=error.line)])]
    if not documents:
        return [_Judged(name, [Finding("", "the file holds no document", "write a SyncConfig")])]
    return [_Judged(name, verdict(document), number, _name(document)) for number, document in enumerate(documents, 1)]


def _name(document: Document) -> str | None:
    metadata = document.data.get("metadata") if isinstance(document.data, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and len(name) <= _LONGEST_NAME else None


def _lines(judged: _Judged) -> list[str]:
    if not judged.findings:
        return [f"OK  {judged.label}"]
    count = len(judged.findings)
    lines = [f"BAD {judged.label}: {count} finding{'' if count == 1 else 's'}"]
    for found in judged.findings:
        lines.append(f"  {found.path or '(document)'}{f', line {found.line}' if found.line else ''}")
        lines += [f"    value:  {found.value}"] if found.value else []
        lines += [f"    reason: {found.reason}", f"    remedy: {found.remedy}"]
    return lines


def _plain(judged: _Judged) -> dict[str, Any]:
    return {
        "file": judged.file,
        "document": judged.number,
        "name": judged.name,
        "ok": not judged.findings,
        "findings": [found.as_json() for found in judged.findings],
    }
