"""What was imported outside of a run, as text and as JSON (``docs/cli-import.md``)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from syncramp.cycle.choosing import Named
from syncramp.model.report import RunReport
from syncramp.report.parts import categories, source_lines
from syncramp.words import printable

VERSION = 1


def import_document(report: RunReport) -> str:
    """An import."""
    kept = asdict(report)
    members = ("sources", "warnings", "warning_samples", "phases")
    return json.dumps({"version": VERSION, **{name: kept[name] for name in members}}, indent=2)


def import_lines(report: RunReport) -> Iterator[str]:
    """The same for people."""
    for part in report.sources:
        called = "" if "=" not in part.partition else f", {part.partition}"
        for line in source_lines([part]):
            yield printable(line.replace(f"Source {part.source}:", f"Source {part.source}{called}:", 1))
    yield from map(printable, categories("Warning", report.warnings, report.warning_samples))
    if not report.sources:
        yield "Nothing to import: this share has no part"


def parts_document(parts: Sequence[Named]) -> str:
    """Parts, as they are named."""
    told = [{"name": str(part), "source": part.source, "partition": part.partition} for part in parts]
    return json.dumps({"version": VERSION, "parts": told}, indent=2)
