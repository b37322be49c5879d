"""``syncramp plan``: the same run as ``sync``, without sending, on a copy of the store."""

from contextlib import ExitStack
from typing import Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State


def plan(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the plan is printed.")] = Output.TEXT,
) -> None:
    """Show what a run would do. Nothing is sent and nothing is kept.

    Exit code 0: nothing to do; 2: there is something to do or to decide; 1: it failed, or a source was not
    complete.

    Example: syncramp plan syncconfig.yaml -o json
    """
    from syncramp.cli.progress import listener
    from syncramp.cli.session import job
    from syncramp.cycle.run import rehearse
    from syncramp.report.json import plan_document
    from syncramp.report.text import plan_lines

    with ExitStack() as screen, job(document, state, secrets, screen.enter_context(listener()), sends=False) as made:
        rehearsal = rehearse(made)
        screen.close()  # the bars would be drawn once more, over the plan
        report, made_plan = rehearsal.report, rehearsal.plan
        if output is Output.JSON:
            for piece in plan_document(made_plan, report, rehearsal.changes(), rehearsal.anchors):
                typer.echo(piece, nl=False)
            typer.echo()
        else:
            typer.echo("\n".join(plan_lines(made_plan, report)))
    if not report.succeeded:
        raise typer.Exit(Exit.FAILED)
    raise typer.Exit(Exit.OK if made_plan.empty else Exit.PENDING)
