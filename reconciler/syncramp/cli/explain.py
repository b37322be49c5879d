"""``syncramp explain``: why somebody is in the cloud as they are, or is not."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State

if TYPE_CHECKING:
    from syncramp.model.explanation import Answer
    from syncramp.spec.types import SyncConfig
    from syncramp.store.places import Place

Who = Annotated[
    str,
    typer.Argument(
        metavar="WHO",
        help="A DN, userPrincipalName, mail address, account name, objectGUID, source anchor or cloud anchor; or a "
        "group of the cloud.",
    ),
]


def explain(
    document: Document,
    who: Who,
    state: State = None,
    secrets: Secrets = None,
    members: Annotated[
        bool, typer.Option("--members", help="List all members, and all groups, not the first.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the answer is printed.")] = Output.TEXT,
) -> None:
    """Tell why somebody is in the cloud, or is not. It asks the store alone.

    Of a group of the cloud it tells why it is in Active Directory, or is not.

    Exit code 0: one was found, and nothing of it waits; 2: something of it waits, several were found, or there was no
    run yet; 1: nobody was found.

    Example: syncramp explain syncconfig.yaml anna@corp.example.com
    """
    from syncramp.check import load
    from syncramp.report.explanation import explanation_lines
    from syncramp.report.explanation_json import explanation_document
    from syncramp.session.opening import state_path

    config = load(document)
    answer = _answer(config, state_path(document, config, state, secrets), who, everyone=members)
    if answer is None:
        first = "No run yet, so nothing is known: syncramp sync makes one; with spec.mode Staging it sends nothing."
        typer.echo(f"No run yet: there is no store {state}." if state else first, err=True)
        raise typer.Exit(Exit.PENDING)
    if output is Output.JSON:
        typer.echo(explanation_document(answer))
    else:
        typer.echo("\n".join(explanation_lines(answer, everything=members)))
    raise typer.Exit(_code(answer))


def _answer(config: "SyncConfig", path: "Place", who: str, *, everyone: bool) -> "Answer | None":
    from syncramp.explanation.gathering import explain as explained
    from syncramp.session.known import known_ledger, known_store
    from syncramp.session.sources import rules_of

    if not path.exists():
        return None
    rules = {spec.name: rules_of(spec, config) for spec in config.sources}
    with known_store(config, path) as store, known_ledger(config, path) as ledger:
        return explained(store, config, rules, who, time.time(), everyone=everyone, ledger=ledger)


def _code(answer: "Answer") -> Exit:
    told, written = answer.explanation, answer.written
    if told is None and written is None:
        return Exit.PENDING if answer.finding.found else Exit.FAILED
    waits = bool(written and written.waits)
    if told is not None:
        groups = (*told.groups, *told.written_back)
        waits = waits or bool(told.change or told.links) or any(group.waits for group in groups)
    return Exit.PENDING if waits else Exit.OK
