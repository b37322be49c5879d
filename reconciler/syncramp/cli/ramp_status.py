"""``syncramp ramp status`` and ``ramp history``: what is known of a document's ramps, from its store alone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State

if TYPE_CHECKING:
    from syncramp.report.ramp_status import StatusTold
    from syncramp.spec.types import SyncConfig
    from syncramp.store.store import Store

LAST = 20
"""Decisions that are told unless more are asked for."""


def status(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the ramps are printed.")] = Output.TEXT,
) -> None:
    """Tell where every ramp stands, why, when it goes on, and what you can do. It asks the store alone.

    Exit code 0: no ramp waits for a person; 2: one does, or there was no run yet.

    Example: syncramp ramp status syncconfig.yaml
    """
    from syncramp.check import load
    from syncramp.model.ramps import Phase
    from syncramp.report.ramp_status import status_document, status_lines

    config = load(document)
    with _opened(document, config, state, secrets) as store:
        told = _told(store, config)
    typer.echo(status_document(told) if output is Output.JSON else "\n".join(status_lines(told, document)))
    waits = told.run is None or any(ramp.phase == Phase.PAUSED for ramp in told.ramps)
    raise typer.Exit(Exit.PENDING if waits else Exit.OK)


def history(
    document: Document,
    ramp: Annotated[str, typer.Argument(metavar="[RAMP]", help="Only this ramp; without it all of them.")] = "",
    last: Annotated[int, typer.Option("--last", min=1, help="How many decisions, the newest ones.")] = LAST,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How they are printed.")] = Output.TEXT,
) -> None:
    """Tell what was decided about ramps, by whom, and on which numbers. It asks the store alone.

    Exit code 0, also where nothing was decided yet; 3: neither the document nor the history has the ramp.

    Example: syncramp ramp history syncconfig.yaml large-groups --last 5
    """
    from syncramp.check import load
    from syncramp.report.ramp_status import history_document, history_lines

    config = load(document)
    with _opened(document, config, state, secrets) as store:
        decided = store.ramp_states.history(ramp, last) if store else []
    if ramp and not decided:
        _known(config, ramp)
    typer.echo(history_document(decided) if output is Output.JSON else "\n".join(history_lines(decided)))


def _known(config: "SyncConfig", name: str) -> None:
    """A ramp of which nothing was decided should be one of the document.

    :raises InputRefused: it is none.
    """
    from syncramp.errors import InputRefused
    from syncramp.spec.policies import policies
    from syncramp.words import closest

    names = [policy.name for policy in policies(config)]
    if name not in names:
        near = closest(name, names)
        remedy = f"do you mean {near}?" if near else f"it has {', '.join(names)}"
        raise InputRefused(f"the document has no ramp {name}, and nothing was decided about one", remedy=remedy)


@contextmanager
def _opened(
    document: str, config: "SyncConfig", state: Path | None, secrets: Path | None
) -> Iterator["Store | None"]:
    """The store of a document; None before its first run."""
    from syncramp.cycle.run import identity
    from syncramp.session.opening import state_path
    from syncramp.source import dn
    from syncramp.store.store import Store

    path = state_path(document, config, state, secrets)
    if not path.exists():
        yield None
        return
    with closing(Store(path, dn.key)) as store:
        store.runs.compare(identity(config))
        yield store


def _told(store: "Store | None", config: "SyncConfig") -> "StatusTold":
    """The ramps as the last run told them, with what was said and what the document says since then."""
    from syncramp.ramp.changes import changes
    from syncramp.report.ramp_status import StatusTold
    from syncramp.report.text import report_from
    from syncramp.spec.policies import policies

    last = store.runs.last_planned() if store else None
    if store is None or last is None:
        return StatusTold(None, None, (), ())
    ramps = report_from(last.report).ramps
    told = changes(policies(config), store.ramp_states.all(), {ramp.name: ramp.largest for ramp in ramps})
    return StatusTold(last.id, last.started, ramps, list(store.ramp_states.pending().values()), told)
