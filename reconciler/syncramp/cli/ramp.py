"""``syncramp ramp``: ramps as people look at them. ``show`` stands here; other commands in modules of their own."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from syncramp.cli.options import Document
from syncramp.cli.ramp_forecast import forecast
from syncramp.cli.ramp_rehearse import rehearse
from syncramp.cli.ramp_say import TOLD, saying
from syncramp.cli.ramp_status import history, status
from syncramp.cli.ramp_suggest import suggest

app = typer.Typer(no_args_is_help=True, help="Ramps: how large groups grow step by step.")
BRIEFLY: dict[Callable[..., None], str] = {
    status: "Tell where every ramp stands, and what to do.",
    history: "Tell what was decided, by whom and why.",
    forecast: "Tell when each step comes, and what it costs.",
    suggest: "Suggest a ramp for the large groups there are.",
    rehearse: "Play the ramps against a simulated tenant.",
}
"""Commands as the list of all of them tells them: in one line of a terminal."""

for known, brief in BRIEFLY.items():
    app.command(short_help=brief)(known)
for command, said in TOLD.items():
    app.command(command, short_help=said.brief)(saying(command))


class Form(StrEnum):
    """How ramps are printed."""

    YAML = "yaml"
    JSON = "json"


@app.callback()
def _root() -> None:
    """Keeps ``show`` a command of its own."""


@app.command(short_help="Show the ramps of a document in full.")
def show(
    document: Document,
    output: Annotated[Form, typer.Option("--output", "-o", help="How they are printed.")] = Form.YAML,
) -> None:
    """Show the ramps of a document in full, and the built-in one behind them. Nothing is read or sent.

    The first ramp that matches a group counts. What is printed can be pasted into a document.

    Example: syncramp ramp show syncconfig.yaml
    """
    from syncramp.check import load
    from syncramp.report.policies import policies_json, policies_yaml

    config = load(document)
    typer.echo(policies_json(config) if output is Form.JSON else policies_yaml(config).rstrip("\n"))
