"""``syncramp adopt``: what the tenant holds already is looked at, and taken as known."""

import time
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
Release = Annotated[
    bool, typer.Option("--release", help="Let more go: after the first share a tenth, after the tenth all.")
]
Snapshot = Annotated[
    Path | None,
    typer.Option(
        "--snapshot",
        metavar="PATH",
        help="A state snapshot of the store that was lost: its leavers are deleted as all others are.",
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
    snapshot: Snapshot = None,
    release: Release = False,
    by: By = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How the findings are printed.")] = Output.TEXT,
) -> None:
    """Take over a tenant that holds synchronised objects.

    Everything is read, how it stands to the directories is told, and what is observed is recorded as known. Nothing
    is sent and nothing is deleted.

    Exit code 0: recorded; 2: not recorded, because something looks wrong or only a look was asked for; 1: it failed.

    Example: syncramp adopt syncconfig.yaml --dry-run
    """
    from syncramp.cli.progress import listener
    from syncramp.cycle.adopting import adopt as look
    from syncramp.cycle.saving import check, restore
    from syncramp.errors import InputRefused
    from syncramp.report.adoption import adoption_document, adoption_lines
    from syncramp.session.opening import job

    if release:
        _release(document, state, secrets, who(by))
        return
    if orphans is not None:
        if dry_run or accept:
            raise InputRefused(
                "a list of orphans is taken over by itself", where="--orphans", remedy="leave the other options out"
            )
        _take_orphans(document, state, secrets, orphans)
        return
    with ExitStack() as screen:
        listen = screen.enter_context(listener())
        with job(document, state, secrets, listen, sends=False, keeps=not dry_run) as made:
            if snapshot is not None:
                check(made.config, snapshot)
            findings = look(made, by=who(by), records=not dry_run, accepted=accept)
            if snapshot is not None and findings.recorded:
                findings.restored = restore(made, snapshot)
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
    from syncramp.cycle.adopting import take_orphans
    from syncramp.session.opening import job
    from syncramp.words import count

    with listener() as listen, job(document, state, secrets, listen, sends=False, keeps=True) as made:
        taken = take_orphans(made, orphans)
    typer.echo(
        f"{count(taken, 'orphan')} taken over: the next plan deletes them, and each delete waits for an approval"
    )


def _release(document: str, state: Path | None, secrets: Path | None, by: str) -> None:
    from syncramp.check import load
    from syncramp.cycle.stages import release
    from syncramp.report.stages import released_line
    from syncramp.session.known import known_store
    from syncramp.session.opening import state_path

    config = load(document)
    path = state_path(document, config, state, secrets)
    with known_store(config, path, remedy="adopt the tenant first") as store:
        typer.echo(released_line(*release(store, by, time.time())))
