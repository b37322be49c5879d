"""The command line ``syncramp``: it translates, and decides nothing.

Modules of commands import what a run needs when they run, so that ``syncramp validate`` starts without the libraries
of a sync.
"""

import io
import os
import sys

import typer
from typer.exceptions import TyperException

from syncramp import __version__
from syncramp.cli import endpoint, ramp, rules, simulator, source
from syncramp.cli.adopt import adopt
from syncramp.cli.approve import approve
from syncramp.cli.demo import demo
from syncramp.cli.exits import MEANINGS, Exit
from syncramp.cli.explain import explain
from syncramp.cli.guards import guards
from syncramp.cli.import_ import import_
from syncramp.cli.plan import plan
from syncramp.cli.snapshot import snapshot
from syncramp.cli.status import status
from syncramp.cli.sync import sync
from syncramp.cli.validate import validate
from syncramp.errors import SyncrampError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="\n\n".join(f"Exit code {code.value}: {meaning}" for code, meaning in MEANINGS.items()),
)
for command in (validate, plan, guards, adopt, approve, sync, status, snapshot, explain, demo):
    app.command()(command)
app.command("import")(import_)
app.add_typer(endpoint.app, name="endpoint")
app.add_typer(ramp.app, name="ramp")
app.add_typer(rules.app, name="rules")
app.add_typer(simulator.app, name="simulator")
app.add_typer(source.app, name="source")

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"syncramp {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Keeps Microsoft Entra ID in step with on-premises directories."""


def main() -> None:
    """Run a command and leave the process with its exit code; a user's mistake never ends in a stack trace."""
    leave(run(sys.argv[1:]))


def leave(code: int) -> None:
    """End the process with the exit code of a command."""
    if code == INTERRUPTED:
        sys.stderr.flush()
        os._exit(code)  # sys.exit would wait for threads, and theirs for answers of the endpoint
    sys.exit(code)


def run(arguments: list[str], commands: typer.Typer = app, name: str = "syncramp") -> int:
    """Run a command.

    :param commands: of which command line; ``kubectl syncramp`` has its own.
    :returns: its exit code, of ``cli.exits``; 130 when it was interrupted.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of people in a terminal that is not UTF-8
    try:
        code = typer.main.get_command(commands).main(arguments, prog_name=name, standalone_mode=False)
        if code == INTERRUPTED:  # the library makes this of a KeyboardInterrupt, and says nothing
            typer.echo("interrupted", err=True)
        return int(code or 0)
    except SyncrampError as error:
        typer.echo(f"error: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.FAILED
    except TyperException as error:  # the library's own exit code for a wrong command line is 2; ours is 3
        error.show()  # type: ignore[attr-defined]
        return Exit.REFUSED
