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
        bool, typer.Option("--full", help="Read directories and tenant whole, and judge every entry anew.")
    ] = False,
    imported: Annotated[
        bool,
        typer.Option("--imported", help="Take over what syncramp import proved within the last spec.interval."),
    ] = False,
    lease: Annotated[
        str,
        typer.Option(metavar="NAMESPACE", envvar="SYNCRAMP_LEASE_NAMESPACE", help="Where the Leases of tenants are."),
    ] = "",
    no_lease: Annotated[
        bool, typer.Option("--no-lease", envvar="SYNCRAMP_NO_LEASE", help="Take no Lease of the tenant.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the summary is printed.")] = Output.TEXT,
) -> None:
    """Read the sources, plan, send, and read back.

    A long export goes in slices of spec.interval, each a run of its own.

    Where a cluster is to be seen whose operator writes to the same tenant, its Lease of the tenant is taken first.

    Exit code 0: nothing waits; 2: something waits; 1: it failed, or a source was not complete.

    Example: syncramp sync syncconfig.yaml
    """
    from syncramp.cli.progress import listener
    from syncramp.cycle.slices import run_all
    from syncramp.errors import InputRefused
    from syncramp.report.json import run_document
    from syncramp.report.text import run_lines
    from syncramp.session.fences import found, no_fence
    from syncramp.session.opening import job

    if full and imported:
        raise InputRefused("what was imported is not read whole again", where="--imported", remedy="leave one out")
    with listener() as listen:
        fence = no_fence if no_lease else found(lease, listen)
        with job(document, state, secrets, listen, sends=True, fence=fence) as made:
            report = run_all(replace(made, full=full, imported=imported), once=once)
    typer.echo(run_document(report) if output is Output.JSON else "\n".join(run_lines(report)))
    raise typer.Exit(verdict(report))


def verdict(report: RunReport) -> Exit:
    """The exit code of a run."""
    if not report.succeeded:
        return Exit.FAILED
    return Exit.OK if report.settled else Exit.PENDING
