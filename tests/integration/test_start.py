"""What a process loads: a run what it uses and no more, and a command nothing of a run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.walk import Walk, walking

PROGRAM = """
import sys
from syncramp.cli import run
code = run(sys.argv[1:])
print(code, *sorted(sys.modules), file=sys.stderr)
"""
OTHERS = {
    *("aiohttp", "asyncio", "cel_expr_python", "google.protobuf", "kopf", "kubernetes", "ldap3", "matplotlib"),
    *(
        "httpx",
        "psycopg",
        "pygments",
        "sqlalchemy",
        "sqlite3",
        "syncramp.explanation",
        "syncramp.rehearsal",
        "syncramp.simulator",
    ),
}
"""What a run does not need that reads a file, finds its store made and has no expressions."""
OF_A_RUN = {"apsw", "cryptography", "jwt", "msal", "syncramp.cycle", "syncramp.store", "urllib3"}


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


def _loaded(*arguments: str, folder: Path) -> tuple[int, set[str]]:
    """The exit code of a command, and the modules of its process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, cwd=folder
    )
    code, *modules = done.stderr.splitlines()[-1].split()
    return int(code), set(modules)


def test_a_run_loads_what_it_uses_and_no_more(walk: Walk) -> None:
    assert walk.sync().code == 0
    code, modules = _loaded("sync", str(walk.document), folder=walk.folder)
    assert code == 0 and {"apsw", "msal", "syncramp.cycle.run"} <= modules
    assert modules & OTHERS == set()


def test_a_command_that_looks_at_a_document_loads_nothing_of_a_run(walk: Walk) -> None:
    walk.plan()  # which writes the document
    code, modules = _loaded("validate", str(walk.document), folder=walk.folder)
    assert code == 0 and "jsonschema" in modules
    assert modules & (OTHERS | OF_A_RUN) == set()
