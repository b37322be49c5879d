"""``syncramp status``: what the last run did."""

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State
from syncramp.cli.sync import verdict

if TYPE_CHECKING:
    from syncramp.store.places import Place
    from syncramp.store.runs import RunRow


def status(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the run is printed.")] = Output.TEXT,
) -> None:
    """Tell what the last run of a document did. Nothing is read or sent.

    Exit code: as that run ended; 1: it never ended; 2: there was none yet.

    Example: syncramp status syncconfig.yaml
    """
    from syncramp.check import load
    from syncramp.cycle.windows import windows_at
    from syncramp.report.json import kept_run_document
    from syncramp.report.stages import window_lines
    from syncramp.report.text import kept_run_lines
    from syncramp.session.opening import state_path

    config = load(document)
    path = state_path(document, config, state, secrets)
    last = _last(path)
    if output is Output.JSON:
        typer.echo(kept_run_document(last))
    elif last is None:
        typer.echo(f"No run yet: there is no store {path}." if state and not path.exists() else "No run yet.")
    else:
        began = datetime.fromtimestamp(last.started, UTC)
        typer.echo("\n".join(kept_run_lines(last.id, last.state, began, last.report)))
        for line in window_lines(windows_at(config.scheduling.windows, time.time())):
            typer.echo(line)
        _warn(last)
    raise typer.Exit(_code(last))


def _code(last: "RunRow | None") -> Exit:
    from syncramp.report.text import report_from

    if last is None:
        return Exit.PENDING
    return verdict(report_from(last.report)) if last.report else Exit.FAILED


def _warn(last: "RunRow") -> None:
    """Days go by after a run, so what is left of its certificate is counted anew."""
    from syncramp.cycle.certificate import renewal_warning

    told = (last.report or {}).get("certificate_valid_until")
    if warning := renewal_warning(datetime.fromisoformat(told) if told else None, time.time()):
        typer.echo(f"warning: {warning}", err=True)


def _last(path: "Place") -> "RunRow | None":
    from syncramp.source import dn
    from syncramp.store.store import Store

    if not path.exists():
        return None
    with closing(Store(path, dn.key)) as store:
        return store.runs.last()
