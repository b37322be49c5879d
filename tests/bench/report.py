"""``python -m bench.report .bench/*.json`` writes what was found into docs/performance.md: nobody types a figure.

All between two marks of the page is written anew, and its chart beside it.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import charts, tables
from bench.found import Found, Peers
from bench.sources import SYNCREPL

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGINS, ENDS = "<!-- what follows is written by python -m bench.report -->", "<!-- until here -->"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read what was found, and write the page."""
    parser = argparse.ArgumentParser(prog="bench.report", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="JSON of bench.cycle and bench.peer")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page (docs/performance.md)")
    chosen = parser.parse_args(arguments)
    found, peers = read(chosen.files)
    if not found:
        sys.exit("none of these files is of bench.cycle")
    text = chosen.page.read_text("utf-8")
    if text.count(BEGINS) != 1 or text.count(ENDS) != 1:
        sys.exit(f"{chosen.page} does not have the lines {BEGINS} and {ENDS} once each")
    charts.draw(found[0], chosen.page)
    block = "\n\n".join(section(found, peers, chosen.page.stem))
    between = re.compile(f"{re.escape(BEGINS)}.*{re.escape(ENDS)}", re.DOTALL)
    chosen.page.write_text(between.sub(lambda _: f"{BEGINS}\n\n{block}\n\n{ENDS}", text), "utf-8")


def read(files: Sequence[Path]) -> tuple[list[Found], Peers | None]:
    """What bench.cycle found, that on a file first; and what bench.peer found."""
    cycles, peers = [], None
    for path in files:
        measured = json.loads(path.read_text("utf-8"))["measured"]
        if measured and "runs" in measured[0]:
            cycles.append(Found.read(path))
        else:
            peers = Peers.read(path)
    return sorted(cycles, key=lambda found: found.measured[0].store), peers


def section(found: Sequence[Found], peers: Peers | None, chart: str) -> Iterator[str]:
    """The parts of what is written."""
    first, *others = found
    yield tables.described(first)
    yield tables.fixed(first)
    yield "### The goals"
    yield tables.verdicts(first)
    yield "### By size"
    yield "Seconds of the processor, and how many times those of ldapsearch."
    yield tables.sizes(first)
    yield f"![A first sync by size, and by phases for one person]({chart}.svg)"
    yield from _phases(first)
    for other in others:
        yield "### With the store in PostgreSQL"
        yield tables.sizes(other)
        yield from _phases(other)
    if peers:
        yield "### Next to one call for each object"
        yield tables.peers(peers, first)


def _phases(found: Found) -> Iterator[str]:
    """All rows of the largest size, with the fewest objects in a call."""
    largest = max(found.of(SYNCREPL), key=lambda one: (one.people, -one.objects_per_call))
    yield tables.wrapped(f"{tables.title(largest)}:")
    yield tables.phases(largest)


if __name__ == "__main__":
    main()
