"""Arguments and options that several commands share."""

import getpass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


class PlanOutput(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


Document = Annotated[str, typer.Argument(metavar="FILE", help="A SyncConfig document; - reads standard input.")]
State = Annotated[
    Path | None,
    typer.Option(
        metavar="PLACE",
        help="The store: a file, or postgresql:NAME, a server whose URI is in the key uri of Secret NAME; "
        "without it .syncramp/<namespace>.<name>.db beside the document.",
    ),
]
Secrets = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Secrets and ConfigMaps as files DIR/<name>/<key>; without it the folder secrets beside the document.",
    ),
]


def who(by: str) -> str:
    """Who asks for a decision.

    :raises InputRefused: the login has no name, as in a container, and none was given.
    """
    from syncramp.errors import InputRefused

    try:
        return by.strip() or getpass.getuser()
    except (OSError, KeyError):
        raise InputRefused("the login has no name", where="--by", remedy="say who you are with --by NAME") from None
