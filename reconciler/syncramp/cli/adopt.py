"""``syncramp adopt``: what the tenant holds already is looked at, and taken as known."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State, who

DryRun = Annotated[bool, typer.Option("--dry-run", help="Look and tell; record nothing.")]
Accept = Annotated[
    str, typer.Option(metavar="DIGEST", help="Record what was found although it raises alarms; the digest names it.")
]
Orphans = Annotated[
    Path | None,
    typer.Option(
        metavar="LIST",
        help="Take these orphans over, to be deleted with an approval: a file with one source anchor a line.",
    ),
]
By = Annotated[str, typer.Option(metavar="NAME", help="Who asks for it; without it the name of the login.")]


def adopt(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    dry_run: DryRun = False,
    accept: Accept = "",
    orphans: Orphans = None,
    by: By = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How the findings are printed.")] = Output.TEXT,
) -> None:
    """Take over a tenant that holds synchronised objects: read everything, tell how it stands to the directories, and
    record what is observed as known. Nothing is sent and nothing is deleted.

    Exit code 0: recorded; 2: not recorded, because something looks wrong or only a look was asked for; 1: it failed.

    Example: syncramp adopt syncconfig.yaml --dry-run
    """
    from syncramp.cli.progress import listener
    from syncramp.cli.session import job
    from syncramp.cycle.adopting import adopt as look
    from syncramp.report.adoption import adoption_document, adoption_lines

    if orphans is not None:
        _take_orphans(document, state, secrets, orphans)
        return
    with ExitStack() as screen:
        listen = screen.enter_context(listener())
        with job(document, state, secrets, listen, sends=False, keeps=not dry_run) as made:
            findings = look(made, by=who(by), records=not dry_run, accepted=accept)
            screen.close()  # the bars would be drawn once more, over the findings
            if output is Output.JSON:
                for piece in adoption_document(findings):
                    typer.echo(piece, nl=False)
                typer.echo()
            else:
                typer.echo("\n".join(adoption_lines(findings)))
    raise typer.Exit(Exit.OK if findings.recorded else Exit.PENDING)


def _take_orphans(document: str, state: Path | None, secrets: Path | None, orphans: Path) -> None:
    from syncramp.cli.progress import listener
    from syncramp.cli.session import job
    from syncramp.cycle.adopting import take_orphans
    from syncramp.words import count

    with listener() as listen, job(document, state, secrets, listen, sends=False, keeps=True) as made:
        taken = take_orphans(made, orphans)
    typer.echo(
        f"{count(taken, 'orphan')} taken over: the next plan deletes them, and each delete waits for an approval"
    )
