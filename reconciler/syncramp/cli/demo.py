"""``syncramp demo``: a made organisation, a simulated tenant, and four syncs of the real engine between them.

Everything lies in one folder, everything runs on loopback, and what it starts it stops. The commands it runs are the
ones a person would type; it prints each before its output.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from syncramp.cli.exits import Exit
from syncramp.errors import InputRefused, SyncrampError

MARK = ".made-by-syncramp-demo"
TENANT = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
CLIENT = "0b1c2d3e-0000-4000-8000-000000000001"
VISIBILITY_SECONDS = 2
REAL_WRITES = 7000 * 50 // 100
"""Writes in five minutes that a real tenant would leave us: half of its throttle."""

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)

DOCUMENT = """\
# The demo's SyncConfig. Beside its two forests and its tenant it differs from one for a real tenant in this:
#   * target.writes lifts our own budget. A real tenant accepts 7,000 writes in five minutes, and by default we use
#     half of that: the first sync of 60,000 people, around 70,000 writes, would take more than an hour and a half
#     there. The simulator was started with --writes-per-five-minutes 0, which lifts its side of the limit.
#   * target.endpoint points at the simulator and shortens the wait for new objects from 30 seconds to {visible}.
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: demo}}
spec:
  mode: Sync
  target:
    cloud: Commercial
    tenantID: {tenant}
    auth:
      certificate: {{clientID: {client}, secretRef: {{name: entra-sync}}}}
    writes: {{perFiveMinutes: 1000000, linksPerFiveMinutes: 1000000, share: 100}}
    endpoint:
      host: {host}
      authority: https://{host}
      ca: {{secretKeyRef: {{name: simulator-ca}}}}
      profile: {{configMapKeyRef: {{name: simulator-wire}}}}
      visibilityDelay: {visible}s
  sources:
  - name: corp
    ldif: {{path: corp.ldif}}
    scope:
    - {{dn: "OU=People,DC=corp,DC=example,DC=com", kinds: [User, Contact]}}
    - {{dn: "OU=Groups,DC=corp,DC=example,DC=com", kinds: [Group]}}
  - name: labs
    ldif: {{path: labs.ldif}}
    scope:
    - {{dn: "DC=labs,DC=example,DC=com"}}
"""


def demo(
    directory: Annotated[Path, typer.Option(metavar="DIR", help="Where everything is made.")] = Path(".demo"),
    people: Annotated[int, typer.Option(help="People in the made organisation.", min=1000)] = 60_000,
) -> None:
    """Make an organisation, simulate a tenant, and sync four times. Needs no cluster and no account.

    Example: syncramp demo
    """
    from syncramp.simulator.organisation import change_forests, write_forests

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped
    _prepare(directory)
    _title("1 of 6: a made organisation, in two directories exported as LDIF files")
    typer.echo(f"{write_forests(directory, people)}\n")
    _title("2 of 6: a simulated tenant on loopback, with the service's own wire format over TLS")
    with _simulator(directory) as host:
        document = directory / "syncconfig.yaml"
        document.write_text(DOCUMENT.format(tenant=TENANT, client=CLIENT, host=host, visible=VISIBILITY_SECONDS))
        typer.echo(f"It listens on {host}. The SyncConfig that ties both together is {document}:")
        typer.echo("the people, contacts and groups of corp, and everything in labs, service accounts included.\n")
        _title("3 of 6: the first sync creates everything, and reads it back to confirm it")
        _run("sync", document)
        first = _status(document)
        typer.echo(_slower(first))
        _title("4 of 6: nothing has changed, so the next sync has nothing to send")
        _run("sync", document)
        _title("5 of 6: a day later")
        typer.echo(f"{change_forests(directory)}\n")
        typer.echo("A plan tells what a sync would do, and does nothing. Exit code 2: there is something to do.")
        _run("plan", document)
        _run("sync", document)
        typer.echo(_smaller(first, _status(document)))
        _title("6 of 6: the next import agrees, and the person is deleted")
        _run("sync", document)
    typer.echo(f"The simulator is stopped. Everything is in {directory}; look at the last run again, for example:")
    typer.echo(f"{_program()} status {document}")


def _prepare(directory: Path) -> None:
    try:
        if directory.exists() and any(directory.iterdir()):
            if not (directory / MARK).exists():
                raise InputRefused(
                    "the folder is not empty and was not made by the demo",
                    where=str(directory),
                    remedy="name another one with --directory",
                )
            shutil.rmtree(directory)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / MARK).touch()
    except OSError as error:
        raise InputRefused(
            f"the folder cannot be made anew: {error.strerror}",
            where=str(directory),
            remedy="name another one with --directory",
        ) from error


@contextmanager
def _simulator(directory: Path) -> Iterator[str]:
    """The simulator as a process of its own, as somebody else's service would be."""
    options = ["--directory", str(directory), "--tenant-id", TENANT, "--client-id", CLIENT, "--with-parent"]
    limits = ["--writes-per-five-minutes", "0", "--visibility-delay", str(VISIBILITY_SECONDS)]
    typer.echo(f"$ syncramp simulator --directory {directory} {' '.join(limits)}")
    with _started("simulator", *options, *limits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout else ""
        if "https://" not in line:
            raise SyncrampError("the simulator did not start", remedy="run the command above by hand")
        yield line.split("https://")[1].split("/")[0]


@contextmanager
def _started(*arguments: str, stdin: int | None = None, stdout: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """This program with other arguments, ended with the block.

    An interrupt while the process is being made is kept until there is something to end.
    """
    kept: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: kept.append(number)) for number in INTERRUPTS}
    process = subprocess.Popen([sys.executable, "-m", "syncramp", *arguments], stdin=stdin, stdout=stdout, text=True)
    try:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if kept:
            raise KeyboardInterrupt
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask it to end, and wait: a run ends after its calls in flight and removes its temporary files."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


def _run(command: str, document: Path) -> None:
    typer.echo(f"$ syncramp {command} {document}")
    sys.stdout.flush()
    with _started(command, str(document)) as process:
        code = process.wait()
    typer.echo(f"exit code {code}\n")
    if code not in (Exit.OK, Exit.PENDING):
        raise SyncrampError(f"syncramp {command} ended with exit code {code}")


def _slower(first: dict[str, Any]) -> str:
    """What a real throttle would add: our share of it goes at once, each further one waits for five minutes."""
    minutes = (int(first["writes"]) - 1) // REAL_WRITES * 5
    told = (
        f"at least {minutes // 60} h {minutes % 60:02d} min"
        if minutes
        else "no longer, as they fit into its first share"
    )
    return (
        f"Those were {first['writes']:,} writes in {first['calls']:,} calls. A real tenant leaves us {REAL_WRITES:,} "
        f"writes in five minutes\n(half of its 7,000), so there this first sync would have taken {told}.\n"
    )


def _smaller(first: dict[str, Any], second: dict[str, Any]) -> str:
    return (
        f"{second['writes']:,} writes, not {first['writes']:,}: only what differs is sent, and the new member of the "
        "biggest group is one link.\nThe person who is missing waits: one complete import did not see them, a "
        "second one must agree.\n"
    )


def _status(document: Path) -> dict[str, Any]:
    with _started("status", str(document), "-o", "json", stdout=subprocess.PIPE) as process:
        kept: dict[str, Any] = json.loads(process.communicate()[0])
    return kept


def _program() -> str:
    """What to type for this program: its bare name only where the shell would find it."""
    if shutil.which("syncramp"):
        return "syncramp"
    return os.path.relpath(Path(sys.executable).with_name("syncramp"))


def _title(text: str) -> None:
    typer.echo(text)
    typer.echo("-" * len(text))
