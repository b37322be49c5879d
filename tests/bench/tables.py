"""What the bench of the whole cycle found, as a table for the screen and in Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill

from bench import goals, sources, tenant
from bench.found import Found, Measured, Peer, Peers
from bench.rows import Row, Run

COLUMNS = (
    *("wall s", "CPU s", "peak MB", "objects", "links", "objects/s", "links/s"),
    *("calls", "sent MB", "received MB"),
)

FIRST = "first sync"


def screen(one: Measured) -> str:
    """All rows of all runs, for a terminal."""
    head = f"{'':<30}" + "".join(f"{name:>12}" for name in COLUMNS)
    lines = [title(one), head]
    for run in one.runs:
        lines += [_line(f"  {row.name}", row) for row in run.rows]
        lines += [_line(run.what, run.sent), f"  {_beside(one, run)}"]
    return "\n".join(lines) + "\n"


def _line(what: str, row: Row) -> str:
    return f"{what:<30}" + "".join(f"{cell:>12}" for cell in _cells(row))


def title(one: Measured) -> str:
    """What was measured."""
    return (
        f"{one.people:,} people, {one.groups:,} groups, {one.links:,} links; {one.directory}; store: {one.store}; "
        f"{one.objects_per_call} objects in a call; ldapsearch {one.ldapsearch:.2f} s"
    )


def _beside(one: Measured, run: Run) -> str:
    return (
        f"{one.ratio(run.what):.1f} x ldapsearch; {run.exported:,} objects with {run.linked:,} links exported; "
        f"store {run.store / 1e6:.0f} MB; the others' CPU: {_others(run)}"
    )


def _others(run: Run) -> str:
    return ", ".join(f"{name} {seconds:,.2f} s" for name, seconds in run.servers.items())


def _cells(row: Row) -> list[str]:
    return [
        f"{row.wall:,.2f}",
        f"{row.cpu:,.2f}",
        f"{row.peak / 1e6:,.0f}",
        *(f"{count:,}" if count else "" for count in (row.objects, row.links)),
        *(f"{count / row.wall:,.0f}" if count and row.wall else "" for count in (row.objects, row.links)),
        f"{row.calls:,}" if row.calls else "",
        *(f"{count / 1e6:,.2f}" if count else "" for count in (row.sent, row.received)),
    ]


def markdown(found: Found) -> str:
    """Everything: machine, what is fixed, the goals, the sizes side by side, and all rows."""
    parts = [described(found), fixed(found), verdicts(found), sizes(found)]
    parts += [f"### {title(one)}\n\n{phases(one)}" for one in found.measured]
    return "\n\n".join(parts) + "\n"


def described(found: Found) -> str:
    """The machine."""
    return wrapped("Measured on " + "; ".join(f"{name}: {value}" for name, value in found.machine.items()) + ".")


def fixed(found: Found) -> str:
    """What is the same in every run."""
    calls = " and ".join(map(str, dict.fromkeys(one.objects_per_call for one in found.measured)))
    return wrapped(
        f"Fixed: {calls} objects and at most 15,000 links in a call; pages of {tenant.PAGE} objects of the tenant, "
        f"of {sources.PAGE:,} entries of the directory; TLS on loopback. Wall and CPU are seconds, CPU that of all "
        "threads. Rows add up to the process, its start and its end among them. Peak is the most memory that it ever "
        "had until the end of the row. Objects and links are those that a phase counted, of a whole run those that "
        "were sent, and so many a second of the wall clock. Calls and bytes are messages to and from the endpoint, "
        "without HTTP and TLS. What directory and tenant take counts nowhere."
    )


def wrapped(prose: str) -> str:
    """As lines of a page."""
    return fill(prose, 120, break_long_words=False, break_on_hyphens=False)


def verdicts(found: Found) -> str:
    """The goals."""
    rows = [[goal.what, goal.found, goal.wanted, "yes" if goal.reached else "**no**"] for goal in goals.goals(found)]
    return table(["goal", "found", "wanted", "reached"], rows)


def sizes(found: Found) -> str:
    """Each size as a line: the processor's seconds of each run, and its ratio to ldapsearch."""
    whats = list(dict.fromkeys(run.what for one in found.measured for run in one.runs))
    head = ["people", "links", "directory", "objects in a call", "ldapsearch", *whats, "peak", "store"]
    return table(head, [_size(one, whats) for one in found.measured])


def _size(one: Measured, whats: Iterable[str]) -> list[str]:
    times = [f"{one.run(what).whole.cpu:.2f} s ({one.ratio(what):.1f} x)" for what in whats]
    peak, store = max(run.whole.peak for run in one.runs), one.runs[0].store
    head = [f"{one.people:,}", f"{one.links:,}", one.directory, f"{one.objects_per_call}", f"{one.ldapsearch:.2f} s"]
    return [*head, *times, f"{peak / 1e6:.0f} MB", f"{store / 1e6:,.0f} MB"]


def phases(one: Measured) -> str:
    """All rows of all runs, and what those on the other side took."""
    rows = []
    for run in one.runs:
        rows += [[f"{run.what}: {row.name}", *_cells(row)] for row in run.rows]
        whole = f"**{run.what}**, {one.ratio(run.what):.1f} x ldapsearch"
        rows.append([whole, *(f"**{cell}**" if cell else "" for cell in _cells(run.sent))])
    others = "; ".join(f"{run.what}: {_others(run)}" for run in one.runs)
    beside = wrapped(f"CPU of the others, which counts nowhere: {others}.")
    return f"{table(['', *COLUMNS], rows)}\n\n{beside}"


def peers(found: Peers, ours: Found | None) -> str:
    """The open peer's way, and what the same changes took Syncramp with the fewest objects in a call, if measured."""
    head = ["people", "change", "way", "calls", "sent", "received", "CPU", "wall"]
    return table(head, (line for one in found.measured for line in _compared(one, ours)))


def _compared(peer: Peer, ours: Found | None) -> Iterator[list[str]]:
    same = [one for one in ours.of(sources.SYNCREPL) if one.people == peer.people] if ours else []
    others = sorted(same, key=lambda one: one.objects_per_call)[:1]
    for row in peer.rows:
        what = [f"{peer.people:,}", row.name]
        extrapolated = ", extrapolated" if peer.extrapolated and row.name == FIRST else ""
        yield [*what, f"one call for each object{extrapolated}", *_wire(row)]
        for one in others:
            run = one.run(row.name)
            yield [*what, f"Syncramp's export, {one.objects_per_call} objects in a call", *_wire(run.row("export"))]
            yield [*what, "Syncramp's whole run", *_wire(run.whole)]


def _wire(row: Row) -> list[str]:
    sizes = (f"{row.sent / 1e6:,.2f} MB", f"{row.received / 1e6:,.2f} MB")
    return [f"{row.calls:,}", *sizes, f"{row.cpu:,.2f} s", f"{row.wall:,.2f} s"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in line)}|" for line in lines)
