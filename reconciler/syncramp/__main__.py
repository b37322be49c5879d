"""``python -m syncramp`` is the command ``syncramp``."""

import sys

from syncramp.process import begin, leave


def main() -> None:
    """Run a command and leave the process with its exit code; a user's mistake never ends in a stack trace."""
    begin()
    from syncramp.cli import run

    leave(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
