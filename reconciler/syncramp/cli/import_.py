"""``syncramp import``: parts of the sources into the store, outside of a run."""

from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Output, Secrets, State

if TYPE_CHECKING:
    from syncramp.cycle.choosing import Choice


def import_(
    document: Document,
    partition: Annotated[
        list[str] | None,
        typer.Option(
            "--partition", metavar="SOURCE[/PART]", help="Read this source, or this part of it; may be repeated."
        ),
    ] = None,
    index: Annotated[
        int | None,
        typer.Option("--index", envvar="JOB_COMPLETION_INDEX", help="With --of: the share to read, from 0."),
    ] = None,
    of: Annotated[int | None, typer.Option("--of", help="Deal all parts out to so many importers.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Print the names of all parts, and read nothing.")] = False,
    state: State = None,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the result is printed.")] = Output.TEXT,
) -> None:
    """Read parts of the sources into the store, and do nothing else.

    The tenant is not asked. The next syncramp sync --imported takes what was proven and reads the rest.
    On a store in PostgreSQL several may be made at the same time, each of other parts.

    Exit code 0: every part is proven; 1: one is not; 3: there is no such part, or no such share.

    Example: syncramp import syncconfig.yaml --partition corp
    """
    from syncramp.cli.progress import listener
    from syncramp.cycle.importing import import_parts
    from syncramp.model.report import RunReport
    from syncramp.report.imported import import_document, import_lines, parts_document
    from syncramp.session.importing import importer, parts

    if list_:
        _refuse_choice(partition or [], of)
        found = parts(document, secrets)
        typer.echo(parts_document(found) if output is Output.JSON else "\n".join(map(str, found)))
        return
    report, choice = RunReport(), _choice(partition or [], index, of)
    with listener() as listen, importer(document, state, secrets, listen, choice) as job:
        import_parts(job, choice, report)
    typer.echo(import_document(report) if output is Output.JSON else "\n".join(import_lines(report)))
    raise typer.Exit(Exit.OK if all(part.complete for part in report.sources) else Exit.FAILED)


def _refuse_choice(partitions: list[str], of: int | None) -> None:
    """The list names all parts.

    :raises InputRefused: some were chosen. The index alone comes from the Job.
    """
    from syncramp.errors import InputRefused

    if partitions or of is not None:
        raise InputRefused(
            "it names all parts", where="--list", remedy=f"leave {'--partition' if partitions else '--of'} out"
        )


def _choice(partitions: list[str], index: int | None, of: int | None) -> "Choice":
    """What the options say; the index of a Job says nothing where parts are named.

    :raises InputRefused: they contradict each other, or say half of it.
    """
    from syncramp.cycle.choosing import ByName, Share
    from syncramp.errors import InputRefused

    if partitions and of is not None:
        raise InputRefused("parts that are named are not dealt out", where="--of", remedy="leave --partition out")
    if partitions or index is of is None:
        return ByName(partitions)
    if index is None or of is None:
        raise InputRefused(
            "a share needs its number and how many there are",
            where="--index" if index is None else "--of",
            remedy="say --index N --of M; an Indexed Job gives the index itself (JOB_COMPLETION_INDEX)",
        )
    return Share(index, of)
