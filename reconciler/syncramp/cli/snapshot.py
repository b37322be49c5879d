"""``syncramp snapshot``: what of a store cannot be read back from the tenant, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from syncramp.cli.options import Document, Secrets, State


def snapshot(
    document: Document,
    out: Annotated[
        Path, typer.Option("--out", "-O", metavar="PATH", help="The file; one that is there is replaced.")
    ],
    state: State = None,
    secrets: Secrets = None,
) -> None:
    """Write a snapshot of what a store alone knows.

    That is who is ours in the tenant, where deleted objects come back to, and what is approved.

    A run may go on meanwhile. With the file, syncramp adopt knows our leavers again after the store was lost.

    Exit code 0: written; 3: there is no store, or the file cannot be written.

    Example: syncramp snapshot syncconfig.yaml -O contoso.state.gz
    """
    from syncramp.check import load
    from syncramp.cycle.saving import save
    from syncramp.session.known import known_store
    from syncramp.session.opening import state_path
    from syncramp.words import count

    config = load(document)
    path = state_path(document, config, state, secrets)
    with known_store(config, path) as store:
        rows = save(store, config, out)
    typer.echo(f"{count(rows, 'row')} written to {out}")
