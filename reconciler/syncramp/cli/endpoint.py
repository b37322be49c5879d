"""``syncramp endpoint``: what a person asks an endpoint, and no run does."""

import typer

from syncramp.cli.features import features
from syncramp.cli.probe import probe
from syncramp.cli.tenant import capabilities

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
for command in (probe, features, capabilities):
    app.command()(command)


@app.callback()
def _endpoint() -> None:
    """Ask an endpoint how it behaves, and look at its tenant."""
