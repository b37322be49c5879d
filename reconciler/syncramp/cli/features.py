"""``syncramp endpoint features``: the features of the tenant, and the only way by which one is ever set."""

import json
import sys
from typing import Annotated

import typer

from syncramp.cli.options import Document, Output, Secrets
from syncramp.cli.tenant import VERSION, asked
from syncramp.errors import InputRefused, ServiceRefused

FOR_GOOD = "A feature that is set cannot be unset again."


def features(
    document: Document,
    switch: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="A feature to set; may be given several times.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Set it without asking.")] = False,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How they are printed.")] = Output.TEXT,
) -> None:
    """Show the features of the tenant, and set some of them.

    The whole number is read, changed and written; bits without a public name stay as they are.

    Exit code 0: they are set; 1: the service did not set one; 3: nobody agreed, or no feature has this name.

    Example: syncramp endpoint features syncconfig.yaml --set BlockSoftMatch
    """
    from syncramp.endpoint.features import with_features

    with asked(document, secrets) as (endpoint, company):
        before, wanted = company.features, with_features(company.features, switch or ())
        if wanted != before:
            if output is Output.TEXT:
                _show(before)
            _agree(before, wanted, company.tenant_id, yes=yes)
            endpoint.set_features(wanted)
        after = endpoint.company().features if wanted != before else before
    if output is Output.JSON:
        typer.echo(
            json.dumps({"version": VERSION, "before": before, "features": after, "bits": _bits(after)}, indent=2)
        )
    else:
        if switch and wanted == before:
            typer.echo("Nothing to set: all of them are.")
        _show(after)
    if missing := wanted & ~after:
        raise ServiceRefused(
            f"the service answered and did not set {_named(missing)}",
            where=company.tenant_id,
            remedy="look at the features again in some minutes; not every one can be set by every client",
        )


def _agree(before: int, wanted: int, tenant: str, *, yes: bool) -> None:
    """Ask for the tenant's id, unless it was agreed to on the command line.

    :raises InputRefused: nobody agreed.
    """
    typer.echo(f"To be set: {_named(wanted & ~before)}; the number goes from {before} to {wanted}.", err=True)
    typer.echo(FOR_GOOD, err=True)
    if yes:
        return
    typer.echo("Type the id of the tenant to set it:", err=True)
    typed = sys.stdin.readline() if sys.stdin else ""
    if typed.strip().lower() != tenant.lower():
        raise InputRefused("nothing was set", where=tenant, remedy="type the tenant's id, or say --yes")


def _show(mask: int) -> None:
    typer.echo(f"Features {mask}:")
    for bit, name in _bits(mask).items():
        typer.echo(f"  {bit:>8}  {name}")


def _bits(mask: int) -> dict[int, str]:
    from syncramp.endpoint.features import bits_of
    from syncramp.model.features import features_of

    return dict(zip(bits_of(mask), features_of(mask), strict=True))


def _named(mask: int) -> str:
    return ", ".join(f"{name} ({bit})" for bit, name in _bits(mask).items())
