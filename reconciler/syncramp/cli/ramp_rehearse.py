"""``syncramp ramp rehearse``: the ramps of a document, played from their first step to the last one in minutes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output
from syncramp.errors import SyncrampError
from syncramp.events import Event

if TYPE_CHECKING:
    from syncramp.rehearsal.course import Moment

Scale = Annotated[
    int, typer.Option(min=1, max=1000, help="Divides everything that counts members: ceilings, budgets, groups.")
]
Days = Annotated[int, typer.Option(min=1, max=3650, help="Virtual days after which it ends in any case.")]
Promote = Annotated[bool, typer.Option("--promote", help="Pauses between steps are promoted as they come.")]
Faults = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What goes wrong at the simulated service: a fault script.")
]
Latency = Annotated[
    str, typer.Option(metavar="CALL,OBJECT,LINK", help="Seconds of an answer of the simulated service; invented.")
]
Chart = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Draws the ramp that began first: a name in .png or .svg.")
]
LATENCY = "0.3,0.02,0.001"
"""Invented, as what the real service needs is not public. A full call of 15,000 links takes a quarter of a minute."""


def rehearse(
    document: Document,
    scale: Scale = 1,
    days: Days = 120,
    promote: Promote = False,
    faults: Faults = None,
    latency: Latency = LATENCY,
    chart: Chart = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How it is told.")] = Output.TEXT,
) -> None:
    """Play the ramps of a document on a made directory, a simulated tenant and a virtual clock.

    Nothing of a real directory or tenant is read or written: of the document its ramps, limits and interval count.

    Example: syncramp ramp rehearse syncconfig.yaml --scale 50 --promote
    """
    _refuse_without_simulator()
    from syncramp.check import load
    from syncramp.rehearsal.course import End
    from syncramp.rehearsal.document import staff_of
    from syncramp.rehearsal.picture import chart_of
    from syncramp.rehearsal.play import Bounds, play
    from syncramp.rehearsal.stage import Setting, stage
    from syncramp.rehearsal.telling import closing_lines, course_document, opening_lines
    from syncramp.report.chart import draw, writable
    from syncramp.simulator.fault_file import read_script
    from syncramp.simulator.latency import parse_latency
    from syncramp.words import clock

    config = load(document)
    if chart:
        writable(chart)
    setting = Setting(config, scale, parse_latency(latency, "--latency"), read_script(faults) if faults else None)
    staff = staff_of(config, scale)
    says = output is Output.TEXT

    if says:
        typer.echo("\n".join(opening_lines(staff, scale, clock(config.interval.total_seconds()))))
    with stage(setting, staff, _silent) as made:
        course = play(made, Bounds(days, promote), _teller() if says else _silent)
    typer.echo("\n".join(closing_lines(course)) if says else course_document(course))
    if chart and (drawn := chart_of(course, f"{config.namespace}/{config.name}")):
        draw(drawn, chart)
    raise typer.Exit({End.COMPLETE: Exit.OK, End.FAILED: Exit.FAILED}.get(course.end, Exit.PENDING))


def _refuse_without_simulator() -> None:
    """:raises SyncrampError: the simulator is an extra, and it is not installed."""
    try:
        import syncramp.simulator.server  # noqa: F401
    except ModuleNotFoundError as error:
        raise SyncrampError(
            f"the simulator needs the package {error.name}", remedy="pip install 'syncramp[simulator]'"
        ) from error


def _teller() -> "Callable[[Moment], None]":
    """Prints every run that is worth it, with what changed since the one that was printed before."""
    from syncramp.rehearsal.telling import moment_lines, worth_telling

    before: Moment | None = None

    def tell(told: "Moment") -> None:
        nonlocal before
        if worth_telling(told):
            typer.echo("\n".join(moment_lines(told, before)))
            before = told

    return tell


def _silent(event: "Event | Moment") -> None:
    """Nobody looks at the progress of one run among many, nor at the runs where the end is told as JSON."""
