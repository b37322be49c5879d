"""``syncramp source accept``: a person says that what a source shows is true, though it is less than before."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, State, who

if TYPE_CHECKING:
    from syncramp.model.proofs import Accepted
    from syncramp.spec.types import SyncConfig
    from syncramp.store.store import Store


def accept(
    document: Document,
    source: Annotated[str, typer.Argument(metavar="NAME", help="The source, as the document names it.")],
    entries: Annotated[
        int | None, typer.Option("--entries", metavar="N", min=0, help="A read that shows at least so many is true.")
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="NAME", help="It is true that entries lost it; may be repeated."),
    ] = None,
    older: Annotated[bool, typer.Option("--older", help="It is true that the directory knows less.")] = False,
    partition: Annotated[
        str, typer.Option("--partition", metavar="NAME", help="Which part, where a source has several.")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who says so; without it the name of the login.")
    ] = "",
    state: State = None,
) -> None:
    """Say that what a source shows is true. The next read that it proves takes it; then it accepts nothing more.

    Without --entries, --attribute and --older it tells what is proven of the source.

    Exit code 0: it is written down, or all is proven; 2: something is not proven; 3: it is refused.

    Example: syncramp source accept syncconfig.yaml corp --entries 12
    """
    from syncramp.check import load
    from syncramp.model.proofs import Accepted
    from syncramp.report.proofs import accepted_line, proof_lines
    from syncramp.session.known import known_store
    from syncramp.session.opening import state_path

    config = load(document)
    _named(config, source)
    said = Accepted(entries, frozenset(name.lower() for name in attributes or ()), older)
    with known_store(config, state_path(document, config, state), "so no source was read") as store:
        parts = _parts(store, source, partition)
        identity = store.staging.source_id(source)
        if said != Accepted():
            _accept(store, identity, _one(parts, source), replace(said, by=who(by)))
            typer.echo(accepted_line(source, parts[0], said))
            raise typer.Exit(Exit.OK)
        verdicts = {part: store.staging.verdict(identity, part) for part in parts}
    typer.echo("\n".join(line for part, verdict in verdicts.items() for line in proof_lines(source, part, verdict)))
    raise typer.Exit(Exit.OK if all(one and one.proven for one in verdicts.values()) else Exit.PENDING)


def _accept(store: "Store", identity: int, part: str, said: "Accepted") -> None:
    before = store.staging.accepted(identity, part)
    store.staging.accept(identity, part, replace(said, annotated=before.annotated))


def _named(config: "SyncConfig", name: str) -> None:
    """:raises InputRefused: the document has no such source."""
    from syncramp.errors import InputRefused

    known = [source.name for source in config.sources]
    if name not in known:
        raise InputRefused(f"the document has no source {name}", remedy=f"name one of these: {', '.join(known)}")


def _parts(store: "Store", source: str, partition: str) -> Sequence[str]:
    """The parts that are meant.

    :raises InputRefused: none of the source was read yet, or there is none of the name.
    """
    from syncramp.errors import InputRefused

    parts = store.staging.parts(source)
    found = [part for part in parts if not partition or part.lower() == partition.lower()]
    if not found:
        known = f"it has these: {'; '.join(parts)}" if parts else "make a run first"
        raise InputRefused(f"no part {partition or 'at all'} of {source} was read".replace("  ", " "), remedy=known)
    return found


def _one(parts: Sequence[str], source: str) -> str:
    """:raises InputRefused: there are several."""
    from syncramp.errors import InputRefused

    if len(parts) > 1:
        raise InputRefused(
            f"{source} has several parts, and each is accepted by itself",
            where="--partition",
            remedy=f"name one of these: {'; '.join(parts)}",
        )
    return parts[0]
