"""The start of ``kubectl-syncramp``: a person's mistake, and a library that is missing, end in a sentence."""

import sys


def main() -> None:
    """Run a command and leave the process with its exit code."""
    try:
        from syncramp_operator.plugin.commands import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "kubernetes":
            raise
        sys.exit(
            "error: the library kubernetes is missing; install syncramp with its extra: pip install '.[operator]'"
        )
    from syncramp import cli
    from syncramp.process import leave

    leave(cli.run(sys.argv[1:], app, "kubectl syncramp"))
