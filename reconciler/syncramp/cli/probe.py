"""``syncramp endpoint probe``: asks a test tenant how its endpoint behaves, and writes down what it saw."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from syncramp.cli.exits import Exit
from syncramp.cli.options import Document, Secrets
from syncramp.errors import InputRefused
from syncramp.events import Note

if TYPE_CHECKING:
    from syncramp.endpoint.facts import Fact
    from syncramp.endpoint.profile import WireProfile
    from syncramp.model.seams import SecretReader
    from syncramp.spec.types import SyncConfig

COLOURS = {"confirmed": "green", "differs": "yellow", "not tried": "dim"}
NOBODY = "eyJhbGciOiJub25lIn0.e30."
"""A JWT (RFC 7519) without a claim or a signature."""
EXPLAINED = """\
It signs in to the tenant of the document, and reads it back whole. It asks with a token and with a cookie that are
not valid. Then it makes two disabled users and a group, whose names begin with "Syncramp probe" and whose source
anchors begin with {prefix}. It tries a third user with the name of the first, adds and removes members,
sends two calls of about as many links as the tenant allows, deletes a user, sets it again, and deletes all of them.
Users that were deleted stay in the bin of the tenant for 30 days. A tenant with more than {most} synchronised objects
is refused.

It asks:
"""


def probe(
    document: Document,
    tenant: Annotated[
        str, typer.Option(metavar="ID", help="The id of the test tenant, once more: it will be written to.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The profile; without it wire-profile-<date>.yaml.")
    ] = None,
    domain: Annotated[
        str, typer.Option(metavar="NAME", help="A domain of the tenant; without it that of somebody in it.")
    ] = "",
    most: Annotated[int, typer.Option(help="Synchronised objects that the tenant may hold.", min=0)] = 500,
    patience: Annotated[
        float, typer.Option(help="Seconds until what cannot be seen counts as never to be seen.", min=0)
    ] = 300.0,
    explain: Annotated[bool, typer.Option("--explain", help="Tell what it would do, and do nothing.")] = False,
    secrets: Secrets = None,
) -> None:
    """Ask a test tenant how its endpoint behaves.

    It makes some objects in the tenant and removes them, and writes down what it saw: a wire profile.

    Exit code 0: all is as expected; 2: something is not, or could not be seen; 1: it could not be asked to the end.

    Example: syncramp endpoint probe syncconfig.yaml --tenant 57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8
    """
    from syncramp.check import load
    from syncramp.endpoint.facts import Verdict
    from syncramp.session.opening import secrets_of

    config = load(document)
    if explain:
        _explain(most)
        return
    _agree(config, tenant)
    now = datetime.now(UTC).replace(microsecond=0)
    path = output or Path(f"wire-profile-{now:%Y-%m-%d}.yaml")
    with _writing(path):  # before the tenant is asked, which takes minutes
        new = not path.exists()
        path.open("a").close()
        if new:
            path.unlink()
    made = _probed(config, secrets_of(document, secrets), now, domain, most, patience)
    with _writing(path):
        path.write_text(made.text(), encoding="utf-8")
    typer.echo(f"Wrote {path}: name it with spec.target.endpoint.profile.")
    whole = all(fact.verdict is Verdict.CONFIRMED for fact in made.facts.values())
    raise typer.Exit(Exit.OK if whole else Exit.PENDING)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputRefused(
            f"the profile cannot be written: {error.strerror}",
            where=str(path),
            remedy="name another file with --output",
        ) from error


def _explain(most: int) -> None:
    from syncramp.endpoint.facts import QUESTIONS
    from syncramp.endpoint.props import PREFIX

    typer.echo(EXPLAINED.format(prefix=PREFIX, most=most), nl=False)
    for name, question in QUESTIONS.items():
        typer.echo(f"  {name:23} {question.asked}")


def _agree(config: "SyncConfig", tenant: str) -> None:
    own = config.target.tenant_id
    if tenant.lower() != own.lower():
        said = "is another one" if tenant else "must be said once more"
        raise InputRefused(
            f"the tenant of the document is {own}, and the one that may be written to {said}",
            where="--tenant",
            remedy="probe a test tenant only, and type its id",
        )


def _probed(
    config: "SyncConfig", secrets: "SecretReader", now: datetime, domain: str, most: int, patience: float
) -> "WireProfile":
    from syncramp import __version__
    from syncramp.cli.tenant import company_of, say
    from syncramp.endpoint.asking import Asker
    from syncramp.endpoint.channel import Tap
    from syncramp.endpoint.client import V2Endpoint
    from syncramp.endpoint.clouds import ADDRESSES
    from syncramp.endpoint.listening import Ear
    from syncramp.endpoint.probe import Probe, Settings
    from syncramp.endpoint.profile import WireProfile
    from syncramp.session.opening import stopping

    asked = replace(config.target.endpoint, links_per_call=None)  # how many the tenant takes, not how many we send
    target, ear, stop = replace(config.target, endpoint=asked), Ear(), threading.Event()
    settings = Settings(uuid4().hex[:8], domain, most, target.endpoint.read_back)

    def stranger() -> V2Endpoint:
        return V2Endpoint(target, secrets, stop=stop, tap=Tap(bend=lambda token: NOBODY))

    with ExitStack() as stack:
        stack.enter_context(stopping(stop, say))
        made = V2Endpoint(target, secrets, stop=stop, note=lambda text: say(Note("info", text)), tap=ear.tap())
        endpoint = stack.enter_context(closing(made))
        asker = Asker(endpoint, ear, _teller(), stop, patience)
        facts = Probe(asker, settings, stranger).run(company_of(endpoint, target))
    host = target.endpoint.host or ADDRESSES[target.cloud].sync
    return WireProfile(now, __version__, target.cloud, host, target.tenant_id, facts)


def _teller() -> "Callable[[str, Fact], None]":
    """Prints facts as they come: a line each, with colours on a terminal."""
    if not sys.stdout.isatty():
        return lambda name, fact: typer.echo(_line(name, fact))
    from rich.console import Console
    from rich.text import Text

    console = Console()

    def tell(name: str, fact: "Fact") -> None:
        line = Text(_line(name, fact))
        line.stylize(COLOURS[fact.verdict.value], 0, len(fact.verdict.value))
        console.print(line, soft_wrap=True)

    return tell


def _line(name: str, fact: "Fact") -> str:
    observed = fact.observed
    if observed is None:
        observed = "nothing"
    elif isinstance(observed, bool):
        observed = "yes" if observed else "no"
    return f"{fact.verdict.value:9}  {name:23}  {observed}" + (f" ({fact.evidence})" if fact.evidence else "")
