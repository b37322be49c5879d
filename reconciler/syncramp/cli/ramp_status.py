"""``syncramp ramp status`` and ``ramp history``: what is known of a document's ramps, from its store alone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State

if TYPE_CHECKING:
    from syncramp.model.written import Side
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
    with _opened(document, config, state, secrets) as stores:
        told = _told(stores, config)
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
    with _opened(document, config, state, secrets) as stores:
        found = [(side, each) for side, store in stores.items() for each in store.ramp_states.history(ramp, last)]
    decided = sorted(found, key=lambda each: each[1].at)[-last:]
    if ramp and not decided:
        _known(config, ramp)
    lines = history_lines(each for _, each in decided)
    typer.echo(history_document(decided) if output is Output.JSON else "\n".join(lines))


def _known(config: "SyncConfig", name: str) -> None:
    """A ramp of which nothing was decided should be one of the document.

    :raises InputRefused: it is none.
    """
    from syncramp.errors import InputRefused
    from syncramp.spec.policies import named_policies
    from syncramp.words import closest

    names = list(named_policies(config))
    if name not in names:
        near = closest(name, names)
        remedy = f"do you mean {near}?" if near else f"it has {', '.join(names)}"
        raise InputRefused(f"the document has no ramp {name}, and nothing was decided about one", remedy=remedy)


@contextmanager
def _opened(
    document: str, config: "SyncConfig", state: Path | None, secrets: Path | None
) -> Iterator["Mapping[Side, Store]"]:
    """The store of a document, and its ledger where it has one; nothing before its first run."""
    from syncramp.session.known import known_stores
    from syncramp.session.opening import state_path

    path = state_path(document, config, state, secrets)
    if not path.exists():
        yield {}
        return
    with known_stores(config, path) as stores:
        yield stores


def _told(stores: "Mapping[Side, Store]", config: "SyncConfig") -> "StatusTold":
    """The ramps as the last run told them, with what was said and what the document says since then."""
    from syncramp.report.ramp_status import StatusTold

    both = [told for side, store in stores.items() if (told := _of_side(side, store, config))]
    if not both:
        return StatusTold(None, None, (), ())
    ramps, orders = [ramp for one in both for ramp in one.ramps], [order for one in both for order in one.orders]
    changes = {name: what for one in both for name, what in one.changes.items()}
    return StatusTold(both[0].run, both[0].at, ramps, orders, changes)


def _of_side(side: "Side", store: "Store", config: "SyncConfig") -> "StatusTold | None":
    from syncramp.ramp.changes import changes
    from syncramp.report.ramp_status import StatusTold
    from syncramp.report.text import report_from
    from syncramp.spec.policies import policies_to

    last = store.runs.last_planned()
    if last is None:
        return None
    ramps = report_from(last.report).ramps
    largest = {ramp.name: ramp.largest for ramp in ramps}
    told = changes(policies_to(side, config), store.ramp_states.all(), largest)
    return StatusTold(last.id, last.started, ramps, list(store.ramp_states.pending().values()), told)
