"""``syncramp explain`` in the operator's Pod, on a store of it: ``python -m syncramp_operator.explain NS/NAME …``.

The settings of the Pod say where the stores are. Where they are in a server, the Secret of that is read with the
operator's own right, and is a file in memory while the command lasts. The document comes on standard input.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from syncramp.cli import run
from syncramp.cli.exits import Exit
from syncramp.errors import SyncrampError
from syncramp_operator.api.cluster import connected
from syncramp_operator.execution.secrets import Contents, lay_out, state_contents
from syncramp_operator.settings import Settings


def main(words: Sequence[str], settings: Settings | None = None) -> int:
    """Explain somebody.

    :param words: namespace and name of the SyncConfig, and what ``syncramp explain`` takes.
    :param settings: None: those of the process.
    :returns: the exit code of ``syncramp explain``.
    """
    try:
        settings = settings or Settings.of()
        namespace, _, name = words[0].partition("/")
        contents = state_contents(connected(), settings) if settings.state_secret else Contents()
    except SyncrampError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - as the command itself says it
        return Exit.FAILED
    with TemporaryDirectory(dir=settings.runtime, prefix="explain-") as folder:
        secrets = Path(folder) / "secrets"
        lay_out(secrets, contents)
        state = settings.state_of(namespace, name)
        return run(["explain", "--state", state, "--secrets", str(secrets), *words[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
