"""``syncramp endpoint capabilities``: what the service says of itself and of the tenant."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncramp.cli.options import Document, Output, Secrets
from syncramp.errors import ServiceRefused
from syncramp.events import Event, Note

if TYPE_CHECKING:
    from syncramp.endpoint.client import V2Endpoint
    from syncramp.model.wire import Company
    from syncramp.spec.types import Target

VERSION = 1
"""Of the JSON documents."""


def capabilities(
    document: Document,
    secrets: Secrets = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How it is printed.")] = Output.TEXT,
) -> None:
    """Tell what the service says of itself and of the tenant. Nothing is changed.

    Example: syncramp endpoint capabilities syncconfig.yaml
    """
    from syncramp.words import printable

    with asked(document, secrets) as (endpoint, company):
        said = endpoint.capabilities()
    told = {"service": asdict(said), "tenant": asdict(company)}
    if output is Output.JSON:
        typer.echo(json.dumps({"version": VERSION, **told}, indent=2))
        return
    width = max(len(name) for part in told.values() for name in part)
    for title, part in told.items():
        typer.echo(f"{title.capitalize()}:")
        for name, value in part.items():
            typer.echo(printable(f"  {name.replace('_', ' '):{width}}  {_word(value)}".rstrip()))


def _word(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not told" if value is None or value == "" else str(value)


def say(event: Event) -> None:
    """Notes on standard error; commands without phases have nothing else to tell there."""
    if isinstance(event, Note):
        typer.echo(f"{event.level}: {event.text}", err=True)


@contextmanager
def asked(document: str, secrets: Path | None) -> "Iterator[tuple[V2Endpoint, Company]]":
    """The endpoint of a document, and its tenant.

    :raises SyncrampError: it cannot be reached, refuses us, or answers for another tenant.
    """
    from syncramp.check import load
    from syncramp.endpoint.client import V2Endpoint
    from syncramp.session.opening import on_the_wire, secrets_of, stopping

    reader = secrets_of(document, secrets)
    config, _ = on_the_wire(load(document), reader)
    stop = threading.Event()
    with stopping(stop, say):
        made = V2Endpoint(config.target, reader, stop=stop, note=lambda text: say(Note("info", text)))
        with closing(made) as endpoint:
            yield endpoint, company_of(endpoint, config.target)


def company_of(endpoint: "V2Endpoint", target: "Target") -> "Company":
    """The tenant that the endpoint answers for.

    :raises ServiceRefused: it is not that of the document.
    """
    company = endpoint.company()
    if company.tenant_id.lower() != target.tenant_id.lower():
        raise ServiceRefused(
            f"the endpoint answers for tenant {company.tenant_id}",
            where="spec.target.tenantID",
            remedy="name the tenant whose application signs in",
        )
    return company
