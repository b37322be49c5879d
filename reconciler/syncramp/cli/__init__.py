"""The command line ``syncramp``: it translates, and decides nothing.

A command's module is imported when the command is asked for, and imports what a run needs when it runs. So each
starts without the libraries of the others.
"""

import errno
import io
import sys
from importlib import import_module

import typer
from typer.exceptions import TyperException

from syncramp import __version__
from syncramp.cli.exits import MEANINGS, Exit
from syncramp.errors import SyncrampError

COMMANDS = {
    "validate": "validate.validate",
    "plan": "plan.plan",
    "guards": "guards.guards",
    "adopt": "adopt.adopt",
    "approve": "approve.approve",
    "sync": "sync.sync",
    "status": "status.status",
    "snapshot": "snapshot.snapshot",
    "explain": "explain.explain",
    "demo": "demo.demo",
    "import": "import_.import_",
    "endpoint": "endpoint.app",
    "ramp": "ramp.app",
    "rules": "rules.app",
    "simulator": "simulator.app",
    "source": "source.app",
}
"""Name -> the function of a command, or the commands below it, in a module of this package."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
"""What a disk says that is full or broken."""
INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"syncramp {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Keeps Microsoft Entra ID in step with on-premises directories."""


def command_line(*names: str) -> typer.Typer:
    """The commands, imported.

    :param names: which of ``COMMANDS``; none: all of them.
    """
    made = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        epilog="\n\n".join(f"Exit code {code.value}: {meaning}" for code, meaning in MEANINGS.items()),
    )
    made.callback()(_root)
    for name in names or COMMANDS:
        module, _, attribute = COMMANDS[name].partition(".")
        command = getattr(import_module(f"{__name__}.{module}"), attribute)
        if isinstance(command, typer.Typer):
            made.add_typer(command, name=name)
        else:
            made.command(name)(command)
    return made


def run(arguments: list[str], commands: typer.Typer | None = None, name: str = "syncramp") -> int:
    """Run a command.

    :param commands: of which command line; None: our own. ``kubectl syncramp`` has another.
    :returns: its exit code, of ``cli.exits``; 130 when it was interrupted.
    """
    commands = commands or command_line(*(COMMANDS.keys() & arguments[:1]))
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
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        typer.echo(f"error: what is to be said cannot be written: {error.strerror}", err=True)
        return Exit.FAILED
    except TyperException as error:  # the library's own exit code for a wrong command line is 2; ours is 3
        error.show()  # type: ignore[attr-defined]
        return Exit.REFUSED
