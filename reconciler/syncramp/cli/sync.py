"""``syncramp sync``: as many runs as the export has slices."""

from dataclasses import replace
from typing import Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State
from syncramp.model.report import RunReport


def sync(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    once: Annotated[bool, typer.Option("--once", help="End with the first slice, whatever is left.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read the tenant back from the beginning and judge every entry anew.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the summary is printed.")] = Output.TEXT,
) -> None:
    """Read the sources, plan, send, and read back.

    A long export goes in slices of spec.interval, each a run of its own.

    Exit code 0: nothing waits; 2: something waits; 1: it failed, or a source was not complete.

    Example: syncramp sync syncconfig.yaml
    """
    from syncramp.cli.progress import listener
    from syncramp.cycle.slices import run_all
    from syncramp.report.json import run_document
    from syncramp.report.text import run_lines
    from syncramp.session.opening import job

    with listener() as listen, job(document, state, secrets, listen, sends=True) as made:
        report = run_all(replace(made, full=full), once=once)
    typer.echo(run_document(report) if output is Output.JSON else "\n".join(run_lines(report)))
    raise typer.Exit(verdict(report))


def verdict(report: RunReport) -> Exit:
    """The exit code of a run."""
    if not report.succeeded:
        return Exit.FAILED
    return Exit.OK if report.settled else Exit.PENDING
