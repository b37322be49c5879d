"""``syncramp source``: directories as people look at them."""

import typer

from syncramp.cli.source_accept import accept
from syncramp.cli.source_trial import trial

app = typer.Typer(no_args_is_help=True, help="Directories: what can be read, and what was.")
app.command("test", short_help="Try out what can be read.")(trial)
app.command(short_help="Say that what a source shows is true.")(accept)


@app.callback()
def _root() -> None:
    """Keeps each command one of its own, though it be the only one."""
