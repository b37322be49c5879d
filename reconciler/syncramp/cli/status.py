"""``syncramp status``: what the last run did."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, State


def status(
    document: Document,
    state: State = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="text or json")] = Output.TEXT,
) -> None:
    """Tell what the last run of a document did; nothing is read or sent.

    Exit code 0: it settled everything; 1: it failed or never ended; 2: something waits.

    Example: syncramp status syncconfig.yaml
    """
    import json

    from syncramp.check import load
    from syncramp.cli.session import state_path
    from syncramp.report.text import kept_run_lines
    from syncramp.source import dn
    from syncramp.store.store import Store

    path = state_path(document, load(document), state)
    if not path.exists():
        typer.echo("No run yet.")
        raise typer.Exit(Exit.PENDING)
    store = Store(path, dn.key)
    try:
        last = store.runs.last()
    finally:
        store.close()
    if last is None:
        typer.echo("No run yet.")
        raise typer.Exit(Exit.PENDING)
    if output is Output.JSON:
        kept = {"run": last.id, "state": last.state, "started": last.started, "ended": last.ended}
        typer.echo(json.dumps({**last.report, **kept}, indent=2))
    else:
        began = datetime.fromtimestamp(last.started, UTC)
        typer.echo("\n".join(kept_run_lines(last.id, last.state, began, last.report)))
    codes = {"Succeeded": Exit.OK, "Incomplete": Exit.PENDING}
    raise typer.Exit(codes.get(last.state, Exit.FAILED))
