"""``syncramp plan``: the same run as ``sync``, without sending, on a copy of the store."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, PlanOutput, Secrets, State
from syncramp.errors import InputRefused
from syncramp.model.values import Kind

if TYPE_CHECKING:
    from pyroaring import BitMap

    from syncramp.cycle.run import Back, Rehearsal
    from syncramp.model.plan import Change
    from syncramp.model.sizes import Histogram
    from syncramp.plan.outline import Outline
    from syncramp.plan.selection import Selection
    from syncramp.store.store import Store

Who = list[str]


def plan(
    document: Document,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[PlanOutput, typer.Option("--output", "-o", help="How the plan is printed.")] = PlanOutput.TEXT,
    file: Annotated[
        Path | None,
        typer.Option("--output-file", "-O", metavar="FILE", help="Where it is written, in place of standard output."),
    ] = None,
    objects: Annotated[
        Who | None,
        typer.Option(
            "--object", metavar="WHO", help="Only changes of this object and of its memberships; repeatable."
        ),
    ] = None,
    groups: Annotated[
        Who | None,
        typer.Option("--group", metavar="WHO", help="Only changes of this group, with all links; repeatable."),
    ] = None,
    kinds: Annotated[
        list[Kind] | None,
        typer.Option("--kind", help="Only changes of objects of this kind; repeatable. Memberships are of groups."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every change with every value and every link.")] = False,
) -> None:
    """Show what a run would do. Nothing is sent and nothing is kept.

    Exit code 0: nothing to do; 2: there is something to do or to decide; 1: it failed, or a source was not
    complete.

    Example: syncramp plan syncconfig.yaml --group sales@corp.example.com
    """
    from syncramp.cli.progress import listener
    from syncramp.cycle.run import rehearse
    from syncramp.plan.selection import Selection
    from syncramp.session.opening import job

    with ExitStack() as screen, job(document, state, secrets, screen.enter_context(listener()), sends=False) as made:
        rehearsal = rehearse(made)
        screen.close()  # the bars would be drawn once more, over the plan
        wanted = Selection(_ids(made.store, objects), _ids(made.store, groups), frozenset(kinds) if kinds else None)
        asked = {"objects": objects or [], "groups": groups or [], "kinds": [kind.value for kind in kinds or ()]}
        with _opened(file) as stream:
            for piece in _pieces(rehearsal, output, wanted, {k: v for k, v in asked.items() if v}, full=full):
                stream.write(piece)
    if not rehearsal.report.succeeded:
        raise typer.Exit(Exit.FAILED)
    other = rehearsal.report.writeback
    raise typer.Exit(Exit.PENDING if not rehearsal.plan.empty or (other and other.planned) else Exit.OK)


def _ids(store: "Store", asked: Who | None) -> "BitMap | None":
    """Objects by what people call them; None where nobody was asked for.

    :raises InputRefused: nobody is called so.
    """
    from pyroaring import BitMap

    from syncramp.explanation.finding import find

    if not asked:
        return None
    found = BitMap()
    for who in asked:
        finding = find(store.lookup, who)
        if not finding.found:
            near = "; ".join(each.dn for each in finding.near)
            raise InputRefused(
                f"nothing that was read is known as {who!r}",
                where="--object or --group",
                remedy=f"perhaps you mean {near}" if near else "name its DN, user principal name or anchor",
            )
        found.update(store.lookup.person(each.id)[0] for each in finding.found)
    return found


@contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    """Where a plan is written.

    :raises InputRefused: the file cannot be written.
    """
    if file is None:
        yield sys.stdout
        return
    try:
        stream = file.open("w", encoding="utf-8")
    except OSError as error:
        raise InputRefused(
            f"the file cannot be written: {error.strerror}",
            where=str(file),
            remedy="name a file in a folder that is there and can be written to",
        ) from error
    with stream:
        yield stream


def _pieces(
    rehearsal: "Rehearsal", output: PlanOutput, wanted: "Selection", asked: Mapping[str, Sequence[str]], *, full: bool
) -> Iterator[str]:
    """The plan, piece by piece."""
    from syncramp.plan.selection import select
    from syncramp.plan.sizes import histogram
    from syncramp.report.changes import listing
    from syncramp.report.json import plan_document
    from syncramp.report.text import plan_lines

    plan, report, back = rehearsal.plan, rehearsal.report, rehearsal.back
    chosen, sizes = select(rehearsal.changes(), wanted), histogram(rehearsal.sizes())
    if output is PlanOutput.JSON:
        other = (back.changes(), back.named, back.plan.lanes.deletes) if back and wanted.everything else None
        yield from plan_document(plan, report, chosen, rehearsal.named, sizes, asked, other)
        yield "\n"
        return
    if output in (PlanOutput.MARKDOWN, PlanOutput.HTML):
        yield _page(rehearsal, output, chosen, sizes, full=full)
        return
    if wanted.everything:
        yield from _lines(plan_lines(plan, report, sizes, back.plan if back else None))
    if full or not wanted.everything:
        yield from _lines(listing(chosen, rehearsal.named, plan))
    if back and full and wanted.everything:
        yield from _lines(["", "In Active Directory", *listing(back.changes(), back.named, back.plan)])


def _page(
    rehearsal: "Rehearsal", output: PlanOutput, chosen: "Iterable[Change]", sizes: "Histogram", *, full: bool
) -> str:
    """A plan as a comment or as a page: the changes are looked through once more, and the riskiest kept."""
    from syncramp.plan.outline import Outline
    from syncramp.report import html, markdown
    from syncramp.report.sheet import Foreign, make_sheet

    plan = rehearsal.plan
    rows = markdown.ROWS if output is PlanOutput.MARKDOWN else html.MANY if full else html.ROWS
    outline = Outline(rows, plan.around, plan.lanes.deletes)
    for change in chosen:
        outline.take(change)
    other = _outline(rehearsal.back, rows) if rehearsal.back else None
    about = "SyncConfig ", Foreign(rehearsal.document), ", tenant ", Foreign(rehearsal.tenant)
    sheet = make_sheet(plan, rehearsal.report, sizes, outline, [about], other)
    return markdown.markdown(sheet) if output is PlanOutput.MARKDOWN else html.html(sheet)


def _outline(back: "Back", rows: int) -> "Outline":
    from syncramp.plan.outline import Outline

    outline = Outline(rows, back.plan.around, back.plan.lanes.deletes)
    for change in back.changes():
        outline.take(change)
    return outline


def _lines(lines: Iterable[str]) -> Iterator[str]:
    return (f"{line}\n" for line in lines)
