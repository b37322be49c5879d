"""``syncramp source test``: tries out the sources of a document and changes nothing."""

from typing import Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets


def trial(
    document: Document,
    source: Annotated[str, typer.Option(metavar="NAME", help="This source alone.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How the result is printed.")] = Output.TEXT,
    secrets: Secrets = None,
) -> None:
    """Try out the sources of a document: servers, sign-in, rights, scopes and sizes of groups.

    Every source is read once, whole. Nothing is stored, changed or sent, and the tenant is not asked.

    Exit code 0: all of it is fine; 2: all could be read, and something is to be mended; 1: something could not be
    read.

    Example: syncramp source test syncconfig.yaml
    """
    from syncramp.check import load
    from syncramp.errors import InputRefused
    from syncramp.report.source_trial import examination_document, examination_lines
    from syncramp.session.examining import examinations
    from syncramp.session.opening import secrets_of

    config = load(document)
    chosen = [spec for spec in config.sources if source in ("", spec.name)]
    if not chosen:
        raise InputRefused(
            f"the document has no source {source!r}",
            where="--source",
            remedy=f"name one of {', '.join(spec.name for spec in config.sources)}",
        )
    seen = list(examinations(config, chosen, secrets_of(document, secrets)))
    typer.echo(examination_document(seen) if output is Output.JSON else "\n".join(examination_lines(seen)))
    if not all(each.readable for each in seen):
        raise typer.Exit(Exit.FAILED)
    raise typer.Exit(Exit.OK if all(each.flawless for each in seen) else Exit.PENDING)
