"""``syncramp validate``: documents are checked offline, against the same schema and rules as in a cluster.

Every file is judged, whatever is wrong with the others; a file that cannot be read has one finding without a path.
With ``--old`` a document is judged as a change of the one of the same name there, as the API server would.
"""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from syncramp.check import Finding
from syncramp.check.offline import unchecked
from syncramp.check.verdict import verdict
from syncramp.cli.exits import Exit
from syncramp.cli.options import Output
from syncramp.errors import InputRefused
from syncramp.spec.document import Document, Unreadable, read_documents
from syncramp.spec.schema import with_defaults
from syncramp.words import printable

_WIDTH = 118
"""Characters of a line that tells what was not checked."""
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
    compared: bool = False
    """It was judged as a change."""
    unchecked: tuple[str, ...] = ()
    """Of one that is accepted: what nobody looked at."""

    @property
    def accepted(self) -> bool:
        """Nothing was found but what the API server lets stand."""
        return all(found.stands for found in self.findings)

    @property
    def label(self) -> str:
        """How people find it."""
        if self.number is None:
            return self.file
        return f"{self.file} ({self.name or f'document {self.number}'})"


def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Documents; - reads standard input.")],
    old: Annotated[
        str | None, typer.Option("--old", metavar="FILE", help="The documents before: judge what changed.")
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How findings are printed.")] = Output.TEXT,
) -> None:
    """Check SyncConfig documents offline.

    The schema and the rules are those of a cluster; distinguished names, filters and addresses are checked too.

    Exit code 0: all are accepted; 3: one is not.

    Example: syncramp validate syncconfig.yaml
    """
    if [*files, old].count("-") > 1:
        raise InputRefused("standard input can be read once", where="-", remedy="name - once")
    before = _before(old) if old is not None else {}
    results = [result for name in files for result in _judged(name, before)]
    if output is Output.JSON:
        typer.echo(json.dumps({"version": 1, "documents": [_plain(result) for result in results]}, indent=2))
    else:
        lines = [line for result in results for line in _lines(result)]
        typer.echo("\n".join(printable(line) for line in [*lines, *_not_checked(results)]))
    raise typer.Exit(Exit.OK if all(result.accepted for result in results) else Exit.REFUSED)


def _before(name: str) -> dict[tuple[str, str], Any]:
    """The documents of a file by namespace and name, those of a List among them, as ``kubectl get`` writes it."""
    found = {}
    for document in read_documents(name):
        listed = document.data.get("items") if isinstance(document.data, dict) else None
        for data in listed if isinstance(listed, list) else [document.data]:
            if key := _key(data):
                found[key] = data
    if not found:
        raise InputRefused("the file holds no document with a name", where=name, remedy="name the documents before")
    return found


def _judged(name: str, before: Mapping[tuple[str, str], Any]) -> list[_Judged]:
    try:
        documents = read_documents(name)
    except Unreadable as error:
        return [_Judged(name, [Finding("", error.what, error.remedy, line=error.line)])]
    if not documents:
        return [_Judged(name, [Finding("", "the file holds no document", "write a SyncConfig")])]
    return [_of_document(name, number, document, before) for number, document in enumerate(documents, 1)]


def _of_document(name: str, number: int, document: Document, before: Mapping[tuple[str, str], Any]) -> _Judged:
    key = _key(document.data)
    old = before.get(key) if key else None
    judged = _Judged(name, verdict(document, old), number, _name(document.data), old is not None)
    if not judged.accepted:
        return judged
    return replace(judged, unchecked=tuple(unchecked(with_defaults(document.data), compared=judged.compared)))


def _key(data: Any) -> tuple[str, str] | None:
    """Namespace and name of an object; None if it has none."""
    metadata = data.get("metadata") if isinstance(data, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(name, str):
        return None
    return str(metadata.get("namespace") or "default"), name


def _name(data: Any) -> str | None:
    key = _key(data)
    return key[1] if key and len(key[1]) <= _LONGEST_NAME else None


def _lines(judged: _Judged) -> list[str]:
    count = len(judged.findings)
    as_what = ", compared" if judged.compared else ""
    if not judged.findings:
        return [f"OK  {judged.label}{as_what}"]
    noun = ("warning" if judged.accepted else "finding") + ("" if count == 1 else "s")
    lines = [f"{'OK ' if judged.accepted else 'BAD'} {judged.label}{as_what}: {count} {noun}"]
    for found in judged.findings:
        lines.append(f"  {found.path or '(document)'}{f', line {found.line}' if found.line else ''}")
        lines += [f"    value:  {found.value}"] if found.value else []
        lines += [f"    reason: {found.reason}", f"    remedy: {found.remedy}"]
        lines += ["    stands: as before; a cluster keeps it, a run refuses it"] if found.stands else []
    return lines


def _not_checked(results: list[_Judged]) -> list[str]:
    """What nobody looked at of the documents that are accepted."""
    told = dict.fromkeys(noun for result in results for noun in result.unchecked)
    if not told:
        return []
    text = f"Not checked offline: {'; '.join(told)}"
    return textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _plain(judged: _Judged) -> dict[str, Any]:
    return {
        "file": judged.file,
        "document": judged.number,
        "name": judged.name,
        "ok": judged.accepted,
        "compared": judged.compared,
        "findings": [found.as_json() for found in judged.findings],
        "unchecked": list(judged.unchecked),
    }
