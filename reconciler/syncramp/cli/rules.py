"""``syncramp rules show``: what is synchronised, and how each attribute is made."""

from enum import StrEnum
from typing import Annotated

import typer

from syncramp.model.values import Kind

app = typer.Typer(no_args_is_help=True, help="The rules: who is synchronised, with which attributes.")


class Form(StrEnum):
    """How the rules are printed."""

    TEXT = "text"
    YAML = "yaml"
    JSON = "json"


@app.callback()
def _root() -> None:
    """Keeps ``show`` a command of its own."""


@app.command()
def show(
    document: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="A SyncConfig document, whose own rules are shown first; - reads standard input."
        ),
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only the rules for this kind.")] = None,
    output: Annotated[Form, typer.Option("--output", "-o", help="How the rules are printed.")] = Form.TEXT,
) -> None:
    """Show the built-in rules, and those of a document. Nothing is read or sent.

    Example: syncramp rules show --kind Group
    """
    from syncramp.check import load
    from syncramp.report.rules import rules_document, rules_json, rules_lines, rules_yaml
    from syncramp.rules.listing import built_in

    kinds, own = [kind] if kind else list(Kind), None
    listed = built_in(kinds)
    if document is not None:
        config = load(document)
        listed = built_in(kinds, config.source_anchor)
        own = sorted((rule for rule in config.rules if rule.kind in kinds), key=lambda rule: rule.precedence)
    if output is Form.TEXT:
        typer.echo("\n".join(rules_lines(listed, own)).rstrip("\n"))
        return
    made = rules_document(listed, own)
    typer.echo(rules_yaml(made) if output is Form.YAML else rules_json(made))
