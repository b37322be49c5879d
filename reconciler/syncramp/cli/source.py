"""``syncramp source``: directories as people look at them."""

import typer

app = typer.Typer(no_args_is_help=True, help="Directories: what can be read, and what was.")


@app.callback()
def _root() -> None:
    """Keeps each command one of its own, though it be the only one."""
