"""``syncramp guards``: how far every guard is from holding something, by a run that sends nothing."""

from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State


def guards(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the guards are printed.")] = Output.TEXT,
) -> None:
    """Show how far every guard is from its limit.

    Each counts one class of change in the plan of now. Nothing is sent or kept.

    Exit code 0: none is tripped; 2: one is; 1: it failed, or a source was not complete.

    Example: syncramp guards syncconfig.yaml
    """
    from syncramp.cli.progress import listener
    from syncramp.cycle.run import rehearse
    from syncramp.report.guards import guard_lines, guards_document
    from syncramp.session.opening import job

    with ExitStack() as screen, job(document, state, secrets, screen.enter_context(listener()), sends=False) as made:
        rehearsal = rehearse(replace(made, thorough=True))
        screen.close()  # the bars would be drawn once more, over the guards
    plan, other = rehearsal.plan, rehearsal.report.writeback
    typer.echo(guards_document(plan, other) if output is Output.JSON else "\n".join(guard_lines(plan, other)))
    if not rehearsal.report.succeeded:
        raise typer.Exit(Exit.FAILED)
    readings = [*plan.readings, *(other.guards if other else ())]
    raise typer.Exit(Exit.PENDING if any(each.tripped for each in readings) else Exit.OK)
