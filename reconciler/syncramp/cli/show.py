"""``syncramp simulator show``: the file of a simulated tenant, read for a person."""

import json
import sys
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncramp.cli.options import Output
from syncramp.errors import InputRefused
from syncramp.model.features import features_of
from syncramp.words import count, printable

if TYPE_CHECKING:
    from syncramp.simulator.inspection import Group, Overview, Seen
    from syncramp.simulator.journal import Entry

Cell = str | int
GROUPS = 10


@dataclass(frozen=True, slots=True)
class Listing:
    """A table: numbers stand to the right."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The tenant's file, as --tenant named it.")],
    anchor: Annotated[
        str, typer.Option("--object", metavar="ANCHOR", help="One object, by its source or cloud anchor.")
    ] = "",
    calls: Annotated[int, typer.Option(help="How many of the latest calls.", min=0)] = 10,
    output: Annotated[Output, typer.Option("--output", "-o", help="How it is printed.")] = Output.TEXT,
) -> None:
    """Show what a simulated tenant holds and what it was asked.

    The file may be in use by a simulator that runs.

    Example: syncramp simulator show tenant.db
    """
    from syncramp.simulator.inspection import overview, seen

    if anchor:
        found = seen(file, anchor)
        if found is None:
            raise InputRefused(
                f"no object has the anchor {anchor!r}",
                where=str(file),
                remedy="name its source anchor or its cloud anchor, to the letter",
            )
        document, listings = _object_document(found), _object_listings(found)
    else:
        told = overview(file, calls, GROUPS)
        document, listings = _document(told), _listings(told)
    if output is Output.JSON:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _print([listing for listing in listings if listing.rows])


def _document(told: "Overview") -> dict[str, Any]:
    mask = _mask(told)
    return {
        "version": 1,
        "tenant": told.settings,
        "features": {"mask": mask, "names": features_of(mask)},
        "last_client": {"application": told.application, "build": told.build},
        "finalize_export": dict(zip(("exported", "applied"), told.finalized, strict=True))
        if told.finalized
        else None,
        "objects": [dict(zip(("kind", "master", "state", "count"), row, strict=True)) for row in told.objects],
        "largest_groups": [_group_document(group) for group in told.groups],
        "counters": told.counters,
        "calls": [asdict(call) for call in told.calls],
    }


def _mask(told: "Overview") -> int:
    return int(told.settings.get("features", 0)) if told.features is None else told.features


def _group_document(group: "Group") -> dict[str, Any]:
    return {"anchor": group.anchor, "name": group.name, "members": group.members}


def _object_document(found: "Seen") -> dict[str, Any]:
    return {
        "version": 1,
        "kind": found.kind,
        "source_anchor": found.source_anchor,
        "cloud_anchor": found.cloud_anchor,
        "master": found.master,
        "state": found.state,
        "created": found.created,
        "attributes": {name: _plain(value) for name, value in found.attributes.items()},
        "quarantine": [{"attribute": name, "value": value} for name, value in found.quarantine],
        "members": found.members,
        "member_of": [
            {"anchor": group.anchor, "name": group.name, "asleep": group.asleep} for group in found.member_of
        ],
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it; bytes as in a plan."""
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _listings(told: "Overview") -> list[Listing]:
    settings, mask = told.settings, _mask(told)
    facts: list[tuple[str, Cell]] = [
        ("tenant", f"{settings.get('tenant_id', 'unknown')} ({settings.get('display_name', '')})"),
        ("synchronisation", "on" if settings.get("syncing", True) else "off"),
        ("features", f"{mask}: {', '.join(features_of(mask)) or 'none'}"),
        ("deletion prevention", _prevention(settings)),
        ("last client", f"{told.application}, build {told.build}" if told.build else "none yet"),
        ("last FinalizeExport", _finalized(told.finalized)),
    ]
    return [
        Listing("Tenant", ("", ""), facts),
        Listing("Objects", ("kind", "master", "state", "count"), told.objects),
        Listing(
            "Largest groups", ("anchor", "name", "members"), [(g.anchor, g.name, g.members) for g in told.groups]
        ),
        Listing(
            "Counters",
            ("topic", "name", "count"),
            [(topic, name, value) for topic, counters in told.counters.items() for name, value in counters.items()],
        ),
        Listing(
            "Latest calls",
            ("time", "operation", "tracking id", "objects", "links", "refused", "result", "seconds"),
            [_call(call) for call in told.calls],
        ),
    ]


def _prevention(settings: Any) -> str:
    kind = settings.get("deletion_prevention", "EnabledForCount")
    return f"{kind}, {settings.get('delete_threshold', 0)} objects, {settings.get('delete_percentage', 0)} percent"


def _finalized(counts: tuple[int, int] | None) -> str:
    return f"{count(counts[0], 'object')} exported, {counts[1]:,} applied" if counts else "none yet"


def _call(call: "Entry") -> tuple[Cell, ...]:
    result = " ".join(part for part in (call.result, f"[{call.injected}]" if call.injected else "") if part)
    when, took = _time(call.at), f"{call.seconds:.3f}s"
    return when, call.operation or "?", call.tracking_id, call.objects, call.links, call.refused, result, took


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _object_listings(found: "Seen") -> list[Listing]:
    facts: list[tuple[str, Cell]] = [
        ("kind", found.kind),
        ("source anchor", found.source_anchor or "none"),
        ("cloud anchor", found.cloud_anchor),
        ("master", found.master),
        ("state", found.state),
        ("created", _time(found.created)),
        *([("members", found.members)] if found.kind == "Group" else []),
    ]
    values = [(name, _worded(part)) for name, value in sorted(found.attributes.items()) for part in _parts(value)]
    groups = [(group.anchor, group.name, "in the bin" if group.asleep else "") for group in found.member_of]
    return [
        Listing("Object", ("", ""), facts),
        Listing("Attributes", ("name", "value"), values),
        Listing("In quarantine", ("name", "value"), found.quarantine),
        Listing("Member of", ("anchor", "name", ""), groups),
    ]


def _parts(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _worded(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{count(len(value), 'byte')}: {b64encode(value[:48]).decode()}{'…' if len(value) > 48 else ''}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _print(listings: Sequence[Listing]) -> None:
    if sys.stdout.isatty():
        _print_tables(listings)
    else:
        typer.echo("\n\n".join("\n".join(_lines(listing)) for listing in listings))


def _lines(listing: Listing) -> Iterable[str]:
    """A table as text in columns."""
    body = [[_cell(cell) for cell in row] for row in listing.rows]
    lines = [list(listing.heads), *body] if any(listing.heads) else body
    widths = [max(len(line[place]) for line in lines) for place in range(len(listing.heads))]
    yield listing.title
    for line in lines:
        cells = (
            cell.rjust(width) if isinstance(listing.rows[0][place], int) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield f"  {'  '.join(cells)}".rstrip()


def _cell(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else printable(cell)


def _print_tables(listings: Sequence[Listing]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for listing in listings:
        table = Table(title=listing.title, title_justify="left", show_header=any(listing.heads))
        for head, cell in zip(listing.heads, listing.rows[0], strict=True):
            table.add_column(head, justify="right" if isinstance(cell, int) else "left", overflow="fold")
        for row in listing.rows:
            table.add_row(*(Text(_cell(cell)) for cell in row))
        console.print(table)
