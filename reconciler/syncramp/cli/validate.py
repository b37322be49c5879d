"""``syncramp validate``: documents are checked offline, against the same schema and rules as in a cluster."""

import json
from typing import Annotated, Any

import typer

from syncramp.check import Finding
from syncramp.check.verdict import verdict
from syncramp.cli.exits import Exit
from syncramp.cli.options import Output
from syncramp.errors import InputRefused
from syncramp.spec.document import Document, read_documents


def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Documents; - reads standard input.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="text or json")] = Output.TEXT,
) -> None:
    """Check SyncConfig documents offline: schema, rules, distinguished names and filters.

    Exit code 0: all are accepted; 3: one is not.

    Example: syncramp validate syncconfig.yaml
    """
    results = [result for name in files for result in _results(name)]
    if output is Output.JSON:
        typer.echo(json.dumps({"version": 1, "documents": [_plain(*result) for result in results]}, indent=2))
    else:
        for name, number, document, findings in results:
            typer.echo("\n".join(_lines(name, number, document, findings)))
    raise typer.Exit(Exit.REFUSED if any(findings for *_, findings in results) else Exit.OK)


Result = tuple[str, int, Document | None, list[Finding]]


def _results(name: str) -> list[Result]:
    try:
        documents = read_documents(name)
    except InputRefused as error:
        return [(name, 1, None, [Finding("", error.what, error.remedy or error.where, error.where)])]
    if not documents:
        return [(name, 1, None, [Finding("", "the file holds no document", "write a SyncConfig")])]
    return [(name, number, document, verdict(document)) for number, document in enumerate(documents, 1)]


def _label(name: str, number: int, document: Document | None) -> str:
    data = document.data if document else None
    metadata = data.get("metadata") if isinstance(data, dict) else None
    given = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{name} ({given or f'document {number}'})"


def _lines(name: str, number: int, document: Document | None, findings: list[Finding]) -> list[str]:
    label = _label(name, number, document)
    if not findings:
        return [f"OK  {label}"]
    lines = [f"BAD {label}: {len(findings)} finding{'s' if len(findings) > 1 else ''}"]
    for found in findings:
        place = f"line {found.line}" if found.line else "the file"
        lines.append(f"  {found.path or '(document)'}, {place}")
        lines.append(f"    value:  {found.value}" if found.value else "    value:  (see the document)")
        lines.append(f"    reason: {found.reason}")
        if found.remedy:
            lines.append(f"    remedy: {found.remedy}")
    return lines


def _plain(name: str, number: int, document: Document | None, findings: list[Finding]) -> dict[str, Any]:
    return {"file": name, "document": number, "ok": not findings, "findings": [found.as_json() for found in findings]}
