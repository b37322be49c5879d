"""What a first sync costs against the size of the directory, as SVG: in all, and by phases for one person.

Lines, hatches and words tell everything, so it can be read in black and white. The same numbers make the same bytes,
with one release of matplotlib.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from bench.found import Found, Measured
from bench.sources import SYNCREPL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLE = {
    "svg.hashsalt": "syncramp",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "hatch.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""Text stays text: the file is small, and a reader's own font will do."""
_LINES = ("-", "--", ":", "-.")
_FILLS = (
    *(("0.9", ""), ("white", "//"), ("0.7", ""), ("white", "\\\\")),
    *(("0.45", ""), ("white", "--"), ("0.2", ""), ("white", "||"), ("0.0", "")),
)


def draw(found: Found, path: Path) -> None:
    """Draw ``path``.svg, if anything was measured with slapd."""
    if not found.of(SYNCREPL):
        return
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(10.0, 4.2), layout="constrained")
        FigureCanvasSVG(figure)
        left, right = figure.subplots(1, 2)
        _whole(left, found)
        _phases(right, _calls(found)[0])
        figure.savefig(path.with_suffix(".svg"), format="svg", metadata={"Date": None, "Creator": None})


def _calls(found: Found) -> list[list[Measured]]:
    """The sizes, for each number of objects in a call."""
    numbers = sorted({one.objects_per_call for one in found.of(SYNCREPL)})
    return [found.of(SYNCREPL, number) for number in numbers]


def _whole(axes: "Axes", found: Found) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.set_title("First sync: seconds of the processor", loc="left", fontsize=10)
    everything = _calls(found)
    for line, sizes in zip(_LINES, everything, strict=False):
        times = [one.run("first sync").whole.cpu for one in sizes]
        label = f"{sizes[0].objects_per_call} objects in a call"
        axes.plot([one.people for one in sizes], times, line, color="black", marker="o", markersize=4, label=label)
    sizes = everything[0]
    people, reading = [one.people for one in sizes], [one.ldapsearch for one in sizes]
    axes.plot(people, reading, "-", color="0.6", marker="s", markersize=4, label="ldapsearch")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(people, [f"{number:,}" for number in people])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlabel("people")
    axes.grid(axis="y", color="0.85", linewidth=0.5)
    axes.legend(frameon=False)


def _phases(axes: "Axes", sizes: list[Measured]) -> None:
    title = f"By phases, for one person: microseconds ({sizes[0].objects_per_call} objects in a call)"
    axes.set_title(title, loc="left", fontsize=10)
    names = list(dict.fromkeys(row.name for one in sizes for row in one.run("first sync").rows))
    bottoms = [0.0] * len(sizes)
    for number, name in enumerate(names):
        times = [one.run("first sync").row(name).cpu / one.people * 1e6 for one in sizes]
        colour, hatch = _FILLS[number % len(_FILLS)]
        places = range(len(sizes))
        axes.bar(places, times, 0.6, bottoms, facecolor=colour, edgecolor="black", hatch=hatch, label=name)
        bottoms = [bottom + time for bottom, time in zip(bottoms, times, strict=True)]
    axes.set_xticks(range(len(sizes)), [f"{one.people:,}" for one in sizes])
    axes.set_xlim(-0.5, len(sizes) + 0.6)
    axes.set_xlabel("people")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], frameon=False, loc="center right")
