"""A forecast, or what became of a ramp, as a picture: PNG or SVG.

Above: the ceiling as steps, and the members of the largest group below it; soaks are hatched, pauses crossed, and
what a gate held is dotted.
Below: the links of each run. Lines, hatches and words tell everything, so it can be read in black and white. The same
numbers make the same bytes, with one release of matplotlib: no dates and no random names are in the file.

Matplotlib comes with the extra ``charts`` and is imported when a chart is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncramp.errors import InputRefused
from syncramp.model.forecast import Forecast, Point, StepForecast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
_SIZE = (10.0, 6.5)
_STYLE = {
    "svg.hashsalt": "syncramp",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "hatch.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""Everything that could differ from machine to machine or from run to run is said; DejaVu comes with matplotlib."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn of one ramp."""

    title: str
    steps: Sequence[StepForecast]
    points: Sequence[Point]
    until: float
    """Where it ends (seconds since the epoch)."""
    held: Sequence[tuple[float, float]] = ()
    """From when to when a gate held it."""
    others: Mapping[str, Sequence[tuple[float, int]]] = field(default_factory=dict)
    """Groups of other ramps -> their members at moments."""


def chart_of(ramp: Forecast, document: str) -> Chart:
    """The chart of a forecast."""
    day = f"{datetime.fromtimestamp(ramp.now, UTC):%Y-%m-%d}"
    return Chart(f"{document}: ramp {ramp.ramp}, forecast of {day}", ramp.steps, ramp.points, ramp.at)


def writable(path: Path) -> None:
    """A chart can be drawn into a file of this name.

    :raises InputRefused: it is neither PNG nor SVG, or matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputRefused(f"{path.name} is neither .png nor .svg", where="--chart", remedy="name one of them")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputRefused(
            "charts need matplotlib", where="--chart", remedy="install the extra: pip install 'syncramp[charts]'"
        ) from None


def draw(chart: Chart, path: Path) -> None:
    """Draw a chart into a file; one that is there is replaced.

    :raises InputRefused: see :func:`writable`; or the file cannot be written.
    """
    writable(path)
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    form = path.suffix.lower()[1:]
    metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
    with rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        _paint(figure, chart)
        try:
            figure.savefig(path, format=form, metadata=metadata)
        except OSError as error:
            raise InputRefused(f"the file cannot be written: {error.strerror}", where=str(path)) from None


def _paint(figure: "Figure", chart: Chart) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import FuncFormatter

    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.set_title(chart.title, loc="left", fontsize=11)
    _members(above, chart)
    _links(below, chart)
    for axes in (above, below):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color="0.85", linewidth=0.5)
        axes.set_axisbelow(True)
    locator = AutoDateLocator(minticks=3)
    below.xaxis.set_major_locator(locator)
    below.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    below.set_xlabel("UTC")


def _members(axes: "Axes", chart: Chart) -> None:
    """Ceiling and largest group, with soaks and pauses behind them."""
    times = [_day(point.at) for point in chart.points] + [_day(chart.until)]
    last = chart.points[-1]
    ceilings = [point.ceiling for point in chart.points] + [last.ceiling]
    largest = [point.largest for point in chart.points] + [last.largest]
    others = [members for sizes in chart.others.values() for _, members in sizes]
    top = 1.18 * max([1, *ceilings, *largest, *others])
    axes.set_ylim(top=top)
    for step in chart.steps:
        _shade(axes, step, chart.until, top)
    for begins, ends in chart.held:
        axes.axvspan(_day(begins), _day(ends), facecolor="white", edgecolor="0.2", hatch="..", label="held by a gate")
    axes.step(times, ceilings, where="post", color="black", linewidth=1.8, label="ceiling")
    axes.step(times, largest, where="post", color="0.35", linewidth=1.4, linestyle="--", label="largest group")
    for number, (name, sizes) in enumerate(chart.others.items()):
        _other(axes, name, sizes, below=number % 2 == 1)
    axes.set_ylabel("members")
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), loc="lower right", framealpha=1.0)


def _other(axes: "Axes", name: str, sizes: Sequence[tuple[float, int]], *, below: bool) -> None:
    """A group of another ramp, with its name where it begins to have members.

    :param below: the name stands below the line, so that those of two groups of one size can be read.
    """
    at, members = [_day(moment) for moment, _ in sizes], [members for _, members in sizes]
    axes.step(at, members, where="post", color="0.2", linewidth=1.2, linestyle=":")
    begins = next((place for place in zip(at, members, strict=True) if place[1]), None)
    if begins:
        axes.annotate(
            name, begins, xytext=(3, -10 if below else 3), textcoords="offset points", fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip


def _shade(axes: "Axes", step: StepForecast, until: float, top: float) -> None:
    ends = until if step.ends is None else step.ends
    if step.pause:
        axes.axvspan(_day(step.begins), _day(ends), facecolor="0.92", edgecolor="0.5", hatch="xx", label="pause")
        axes.text(
            _day((step.begins + ends) / 2), top * 0.97, "pause", rotation=90, ha="center", va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    elif step.grown is not None and not step.skipped:
        axes.axvspan(_day(step.grown), _day(ends), facecolor="white", edgecolor="0.75", hatch="//", label="soak")
    if not step.pause and not step.skipped:
        axes.annotate(
            f"{step.ceiling:,}", (_day(step.begins), step.ceiling), xytext=(3, 4), textcoords="offset points"
        )


def _links(axes: "Axes", chart: Chart) -> None:
    sent = [(point.at, point.links) for point in chart.points if point.links]
    if sent:
        axes.vlines([_day(at) for at, _ in sent], 0, [links for _, links in sent], color="black", linewidth=1.4)
    axes.set_ylim(top=1.15 * max((links for _, links in sent), default=1))
    axes.set_ylabel("links in a run")


def _day(moment: float) -> float:
    """Days since the epoch, as matplotlib counts them."""
    return moment / 86_400
