"""``syncramp ramp suggest``: a policy that fits the groups, from the store alone."""

from enum import StrEnum
from typing import Annotated

import typer

from syncramp.cli.options import Document, Secrets, State
from syncramp.cli.ramp_forecast import From, Pauses, moment_of, seconds_of


class Way(StrEnum):
    """How members come (``spec.ramps.Admit``)."""

    WHOLE = "Whole"
    MEMBERS = "Members"


class Form(StrEnum):
    """How a suggestion is printed."""

    YAML = "yaml"
    JSON = "json"


Ways = Annotated[Way, typer.Option("--admit", help="How members come: whole groups, or bit by bit.")]
Least = Annotated[
    int, typer.Option("--min-members", metavar="N", min=1, max=250_000, help="For groups from here on.")
]


def suggest(
    document: Document,
    admit: Ways = Way.WHOLE,
    min_members: Least = 50_000,
    pauses: Pauses = "24h",
    start: From = "",
    output: Annotated[Form, typer.Option("--output", "-o", help="How it is printed.")] = Form.YAML,
    state: State = None,
    secrets: Secrets = None,
) -> None:
    """Suggest a ramp for the large groups there are, as YAML with a reason for each number and its forecast below.

    It asks the store alone, so a run must have read the directories before. Nothing is changed.

    Exit code 0: it is printed; 3: there is no store, or no group is so large.

    Example: syncramp ramp suggest syncconfig.yaml
    """
    import time

    from syncramp.check import load
    from syncramp.cycle.suggesting import suggested
    from syncramp.report.suggestion import suggestion_document, suggestion_lines
    from syncramp.session.opening import UNREAD, known_store, state_path
    from syncramp.spec.ramps import Admit

    config = load(document)
    moment, assumed = moment_of(start) if start else time.time(), seconds_of(pauses)
    with known_store(config, state_path(document, config, state, secrets), "so no group is known", UNREAD) as store:
        made, told, groups = suggested(store, config, Admit(admit), min_members, moment, assumed)
    lines = suggestion_lines(made, told, groups)
    typer.echo(suggestion_document(made, told) if output is Form.JSON else "\n".join(lines))
