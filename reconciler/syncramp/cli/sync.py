"""``syncramp sync``: one run."""

from typing import Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State
from syncramp.model.report import RunReport


def sync(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the summary is printed.")] = Output.TEXT,
) -> None:
    """Make one run: read the sources, plan, send, and read back.

    Exit code 0: nothing waits; 2: something waits; 1: it failed, or a source was not complete.

    Example: syncramp sync syncconfig.yaml
    """
    from syncramp.cli.progress import listener
    from syncramp.cli.session import job
    from syncramp.cycle.run import run
    from syncramp.report.json import run_document
    from syncramp.report.text import run_lines

    with listener() as listen, job(document, state, secrets, listen, sends=True) as made:
        report, _ = run(made)
    typer.echo(run_document(report) if output is Output.JSON else "\n".join(run_lines(report)))
    raise typer.Exit(verdict(report))


def verdict(report: RunReport) -> Exit:
    """The exit code of a run."""
    if not report.succeeded:
        return Exit.FAILED
    return Exit.OK if report.settled else Exit.PENDING
