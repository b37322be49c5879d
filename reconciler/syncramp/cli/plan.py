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
    from syncramp.cycle.job import Job
    from syncramp.cycle.run import Rehearsal
    from syncramp.model.plan import Change, Plan
    from syncramp.model.sizes import Histogram
    from syncramp.plan.outline import Outline
    from syncramp.plan.selection import Selection

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
        typer.Option(
            "--group",
            metavar="WHO",
            help="Only changes of this group, with all links; a group of the cloud, too; repeatable.",
        ),
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
    from syncramp.session.opening import job

    with ExitStack() as screen, job(document, state, secrets, screen.enter_context(listener()), sends=False) as made:
        rehearsal = rehearse(made)
        screen.close()  # the bars would be drawn once more, over the plan
        wanted = _selections(made, objects, groups, kinds)
        asked = {"objects": objects or [], "groups": groups or [], "kinds": [kind.value for kind in kinds or ()]}
        with _opened(file) as stream:
            for piece in _pieces(rehearsal, output, wanted, {k: v for k, v in asked.items() if v}, full=full):
                stream.write(piece)
    if not rehearsal.report.succeeded:
        raise typer.Exit(Exit.FAILED)
    other = rehearsal.report.writeback
    raise typer.Exit(Exit.PENDING if not rehearsal.plan.empty or (other and other.planned) else Exit.OK)


def _selections(
    job: "Job", objects: Who | None, groups: Who | None, kinds: list[Kind] | None
) -> "tuple[Selection, Selection]":
    """What is asked for, of each direction: ids in the store, and in the ledger.

    :raises InputRefused: nobody is called so.
    """
    import time

    from syncramp.explanation.choosing import choose
    from syncramp.plan.selection import Selection

    ledger, now = job.writeback.ledger if job.writeback else None, time.time()
    whose, which = (choose(job.store, ledger, job.config, who, now) if who else None for who in (objects, groups))
    of = frozenset(kinds) if kinds else None
    cloud = Selection(whose.cloud if whose else None, which.cloud if which else None, of)
    return cloud, Selection(whose.directory if whose else None, which.directory if which else None, of)


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
    rehearsal: "Rehearsal",
    output: PlanOutput,
    selections: "tuple[Selection, Selection]",
    asked: Mapping[str, Sequence[str]],
    *,
    full: bool,
) -> Iterator[str]:
    """The plan, piece by piece.

    :param selections: of each direction.
    """
    from syncramp.plan.selection import select
    from syncramp.plan.sizes import histogram
    from syncramp.report.changes import listing
    from syncramp.report.json import plan_document
    from syncramp.report.text import plan_lines

    plan, report, back, everything = rehearsal.plan, rehearsal.report, rehearsal.back, selections[0].everything
    chosen, sizes = select(rehearsal.changes(), selections[0]), histogram(rehearsal.sizes())
    other = select(back.changes(), selections[1]) if back else iter(())
    if output is PlanOutput.JSON:
        written = (other, back.named, back.plan.lanes.deletes) if back else None
        yield from plan_document(plan, report, chosen, rehearsal.named, sizes, asked, written)
        yield "\n"
        return
    if output in (PlanOutput.MARKDOWN, PlanOutput.HTML):
        yield _page(rehearsal, output, (chosen, other), sizes, full=full)
        return
    if everything:
        yield from _lines(plan_lines(plan, report, sizes, back.plan if back else None))
    if full or not everything:
        yield from _lines(listing(chosen, rehearsal.named, plan))
        if back:
            yield from _lines(["", "In Active Directory", *listing(other, back.named, back.plan)])


def _page(
    rehearsal: "Rehearsal",
    output: PlanOutput,
    chosen: "tuple[Iterable[Change], Iterable[Change]]",
    sizes: "Histogram",
    *,
    full: bool,
) -> str:
    """A plan as a comment or as a page: the changes are looked through once more, and the riskiest kept.

    :param chosen: of each direction.
    """
    from syncramp.report import html, markdown
    from syncramp.report.sheet import Foreign, make_sheet

    rows = markdown.ROWS if output is PlanOutput.MARKDOWN else html.MANY if full else html.ROWS
    plan, back = rehearsal.plan, rehearsal.back
    outline, other = _outline(plan, chosen[0], rows), _outline(back.plan, chosen[1], rows) if back else None
    about = "SyncConfig ", Foreign(rehearsal.document), ", tenant ", Foreign(rehearsal.tenant)
    sheet = make_sheet(plan, rehearsal.report, sizes, outline, [about], other)
    return markdown.markdown(sheet) if output is PlanOutput.MARKDOWN else html.html(sheet)


def _outline(plan: "Plan", changes: "Iterable[Change]", rows: int) -> "Outline":
    from syncramp.plan.outline import Outline

    outline = Outline(rows, plan.around, plan.lanes.deletes)
    for change in changes:
        outline.take(change)
    return outline


def _lines(lines: Iterable[str]) -> Iterator[str]:
    return (f"{line}\n" for line in lines)
