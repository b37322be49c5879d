"""``syncramp ramp forecast``: when ramps are expected to be where, from the store alone."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.options import Document, Secrets, State

if TYPE_CHECKING:
    from syncramp.model.forecast import Foretold


class Form(StrEnum):
    """How a forecast is printed."""

    TABLE = "table"
    JSON = "json"


Ramp = Annotated[str, typer.Option("--ramp", metavar="NAME", help="Only this ramp.")]
Pauses = Annotated[
    str, typer.Option("--pauses", metavar="DURATION", help="How long a person is assumed to take for each pause.")
]
From = Annotated[
    str, typer.Option("--from", metavar="DATE", help="When it starts, a date or a moment; without it now.")
]
ChartFile = Annotated[
    Path | None, typer.Option("--chart", metavar="FILE", help="Draw it, too: FILE.png or FILE.svg, of one ramp.")
]


def forecast(
    document: Document,
    ramp: Ramp = "",
    pauses: Pauses = "24h",
    start: From = "",
    output: Annotated[Form, typer.Option("--output", "-o", help="How it is printed.")] = Form.TABLE,
    chart: ChartFile = None,
    state: State = None,
    secrets: Secrets = None,
) -> None:
    """Tell when each step of a ramp begins and ends, what it costs, and when each group is whole.

    It asks the store alone, so a run must have read the directories before; with spec.mode Staging it sends nothing.

    Exit code 0: it is told; 3: there is no store, or it cannot be drawn.

    Example: syncramp ramp forecast syncconfig.yaml --chart ramp.png
    """
    from syncramp.check import load
    from syncramp.cli.ramp_say import named_ramp
    from syncramp.cycle.forecasting import foretold, foretold_back
    from syncramp.model.written import Side
    from syncramp.report.chart import writable
    from syncramp.report.forecast import both_lines, forecast_document
    from syncramp.session.known import UNREAD, known_stores
    from syncramp.session.opening import state_path
    from syncramp.spec.policies import side_of

    config = load(document)
    if ramp:
        named_ramp(config, ramp)
    if chart is not None:
        writable(chart)
    moment, assumed = moment_of(start), seconds_of(pauses)
    side, other = side_of(ramp, config), None
    with known_stores(config, state_path(document, config, state, secrets), "so no group is known", UNREAD) as stores:
        told = foretold(stores[Side.CLOUD], config, moment, assumed, ramp)
        if config.writeback and Side.DIRECTORY in stores and (not ramp or side is Side.DIRECTORY):
            other = foretold_back(stores[Side.DIRECTORY], config, config.writeback, moment, assumed)
    if chart is not None:
        _draw(other if other and side is Side.DIRECTORY else told, chart)
    lines = both_lines(told if side is Side.CLOUD else None, other)
    typer.echo(forecast_document(told, other) if output is Form.JSON else "\n".join(lines))


def moment_of(text: str) -> float:
    """Seconds since the epoch; a date is its first moment in UTC.

    :raises InputRefused: it is neither a date nor a moment.
    """
    from syncramp.errors import InputRefused

    if not text:
        return time.time()
    try:
        moment = datetime.fromisoformat(text)
        if not 2000 <= moment.year < 2200:  # calendars of time zones end some time
            raise ValueError(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        remedy = "write 2026-11-30 or 2026-11-30T09:00Z"
        raise InputRefused(f"{text!r} is no date", where="--from", remedy=remedy) from None


def seconds_of(text: str) -> float:
    """Seconds.

    :raises InputRefused: it is no duration.
    """
    from syncramp.errors import InputRefused
    from syncramp.spec.durations import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        raise InputRefused(f"{text!r} is no duration", where="--pauses", remedy="write 24h or 30m") from None


def _draw(told: "Foretold", path: Path) -> None:
    """Draw the only ramp that is told.

    :raises InputRefused: it is not one.
    """
    from syncramp.errors import InputRefused
    from syncramp.report.chart import chart_of, draw

    if len(told.ramps) != 1:
        names = ", ".join(each.ramp for each in told.ramps)
        reason = f"a chart shows one ramp, and groups follow {names}" if names else "no group follows a ramp"
        raise InputRefused(reason, where="--chart", remedy="name one with --ramp" if names else "leave --chart out")
    draw(chart_of(told.ramps[0], told.document), path)
