"""``syncramp ramp suggest``: a policy that fits the groups of one direction, from the store alone."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.options import Document, Secrets, State
from syncramp.cli.ramp_forecast import From, Pauses, moment_of, seconds_of

if TYPE_CHECKING:
    from syncramp.model.written import Side
    from syncramp.spec.ramps import Admit
    from syncramp.spec.types import SyncConfig
    from syncramp.store.store import Store


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


Back = Annotated[bool, typer.Option("--writeback", help="For groups that are written back to Active Directory.")]


def suggest(
    context: typer.Context,
    document: Document,
    admit: Ways = Way.WHOLE,
    min_members: Least = 50_000,
    writeback: Back = False,
    pauses: Pauses = "24h",
    start: From = "",
    output: Annotated[Form, typer.Option("--output", "-o", help="How it is printed.")] = Form.YAML,
    state: State = None,
    secrets: Secrets = None,
) -> None:
    """Suggest a ramp for the large groups there are, as YAML with a reason for each number and its forecast below.

    It asks the store alone, so a run must have read the directories before. Nothing is changed.

    With --writeback it suggests spec.writeback.groups.ramp.

    Exit code 0: it is printed; 3: there is no store, or no group is so large.

    Example: syncramp ramp suggest syncconfig.yaml
    """
    import time

    from syncramp.check import load
    from syncramp.session.known import UNREAD, known_stores
    from syncramp.session.opening import state_path
    from syncramp.spec.ramps import Admit

    if writeback:
        _refuse_sizes(context)
    config = load(document)
    moment, assumed = moment_of(start) if start else time.time(), seconds_of(pauses)
    with known_stores(config, state_path(document, config, state, secrets), "so no group is known", UNREAD) as stores:
        if writeback:
            told = _written(config, stores, moment, assumed, output)
        else:
            told = _large(config, stores, (Admit(admit), min_members), moment, assumed, output)
    typer.echo(told)


def _large(
    config: "SyncConfig",
    stores: "Mapping[Side, Store]",
    wanted: "tuple[Admit, int]",
    moment: float,
    pauses: float,
    form: Form,
) -> str:
    """Of groups in the cloud.

    :param wanted: how members come, and from how many on.
    """
    from syncramp.cycle.suggesting import suggested
    from syncramp.model.written import Side
    from syncramp.report.suggestion import suggestion_document, suggestion_lines

    made, told, groups = suggested(stores[Side.CLOUD], config, *wanted, moment, pauses)
    return suggestion_document(made, told) if form is Form.JSON else "\n".join(suggestion_lines(made, told, groups))


def _written(config: "SyncConfig", stores: "Mapping[Side, Store]", moment: float, pauses: float, form: Form) -> str:
    """Of groups in Active Directory.

    :raises InputRefused: the document asks for none, or no run has looked there yet.
    """
    from syncramp.cycle.suggesting import suggested_back
    from syncramp.errors import InputRefused
    from syncramp.model.written import Side
    from syncramp.report.suggestion import written_document, written_lines

    spec = config.writeback
    if spec is None:
        raise InputRefused("the document has no spec.writeback", where="--writeback", remedy="leave it out")
    if Side.DIRECTORY not in stores:
        reason = "no run has looked at the directory that groups are written back to"
        raise InputRefused(reason, where="--writeback", remedy="make a run first")
    made, told, groups = suggested_back(stores[Side.DIRECTORY], config, spec, moment, pauses)
    lines = written_lines(made, told, groups, spec)
    return written_document(made, told, spec) if form is Form.JSON else "\n".join(lines)


def _refuse_sizes(context: typer.Context) -> None:
    """What chooses groups in the cloud.

    :raises InputRefused: it was given.
    """
    from syncramp.errors import InputRefused

    for name, option in (("admit", "--admit"), ("min_members", "--min-members")):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            reason = "written-back groups have one ramp for all sizes, and their kind says how members come"
            raise InputRefused(reason, where=option, remedy="leave it out with --writeback")
