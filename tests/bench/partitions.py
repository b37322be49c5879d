"""Imports of several directories: one after the other, by threads of one run, and by importers beside each other.

Each directory is a slapd of its own with people and groups as of ``bench.directory``, behind a proxy by which each of
its answers comes so much later. The store is a PostgreSQL server, and empty at the beginning. What is measured is the
import of a run up to the resolution of links: by one process that reads one directory after the other, by one that
reads four at once (as ``syncramp sync`` does), and by a process ``syncramp import`` for each, after which a run takes
over what they read. A second round finds nothing changed. Processes are counted whole, with their start: the
processor's time of all of them, that of the server of the store beside it, and the time from the first start to the
last end.

``python -m bench.partitions --people 5000 --parts 4 --delay 0 0.02`` with ``PYTHONPATH=tests``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.directory import SEED, write
from bench.status import spent
from bench.tenant import TENANT, environment
from support.ldap_certificates import issue
from support.postgresql import Server, running
from support.slapd import PASSWORD, slapd
from support.slow_proxy import slow_proxy
from syncramp.simulator.people import Forest

HEAD = f"""\
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: parts, namespace: bench}}
spec:
  interval: 24h
  target:
    tenantID: {TENANT}
    auth: {{clientSecret: {{clientID: {TENANT}, secretKeyRef: {{name: app}}}}}}
  sources:
"""
SOURCE = """\
  - name: {name}
    ldap:
      servers: ["{url}"]
      changeTracking: Full
      tls: {{ca: {{secretKeyRef: {{name: directory-ca}}}}}}
      bind: {{secretRef: {{name: reader-{name}}}}}
    scope: [{{dn: "{base}"}}]
"""
STATE = "postgresql:state"


@dataclass(frozen=True)
class Row:
    """One way to import everything."""

    delay: float
    """Seconds by which answers come later."""
    way: str
    wall: float
    cpu: float
    """Of all our processes."""
    server: float
    """The processor's time of the store's server."""


@dataclass(frozen=True)
class Scene:
    """Directories, and a store that can be thrown away."""

    folder: Path
    server: Server
    names: Sequence[str]
    delay: float

    def forget(self) -> None:
        """The store is gone."""
        for (schema,) in self.server.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'syncramp_%'"):
            self.server.execute(f"DROP SCHEMA {schema} CASCADE")

    def row(self, way: str, *steps: Sequence[Sequence[str]]) -> Row:
        """Measure processes: those of a step beside each other, steps one after the other."""
        before, began, cpu = self._spent(), time.monotonic(), 0.0
        for step in steps:
            cpu += sum(map(_ended, [self._started(*words) for words in step]))
        return Row(self.delay, way, time.monotonic() - began, cpu, self._spent() - before)

    def run(self, at_once: int, taken: str = "read") -> list[str]:
        """The import of a run."""
        return ["bench.partitions_run", *self._places(), str(at_once), taken]

    def importer(self, name: str) -> list[str]:
        """One importer."""
        document, state, secrets = self._places()
        return ["syncramp", "import", document, "--state", state, "--secrets", secrets, "--partition", name]

    def _places(self) -> tuple[str, str, str]:
        return str(self.folder / "syncconfig.yaml"), STATE, str(self.folder / "secrets")

    def _started(self, *words: str) -> "subprocess.Popen[bytes]":
        quiet = subprocess.DEVNULL
        return subprocess.Popen([sys.executable, "-m", *words], stdout=quiet, stderr=None, env=environment())

    def _spent(self) -> float:
        return spent(int((self.server.folder / "data" / "postmaster.pid").read_text().split()[0]))


def _ended(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of the processor that a process took."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{process.args} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def measure(people: int, parts: int, delays: Sequence[float]) -> Iterator[Row]:
    """Every way, with each delay, in full into an empty store, and again where nothing changed."""
    for delay in delays:
        with scene(people, parts, delay) as made:
            yield from _rows(made)


def _rows(scene: Scene) -> Iterator[Row]:
    importers, taken = [scene.importer(name) for name in scene.names], scene.run(1, "imported")
    for way, steps in (
        ("one after the other", [[scene.run(1)]]),
        ("threads of one run", [[scene.run(4)]]),
        ("importers, and a run", [importers, [taken]]),
    ):
        scene.forget()
        yield scene.row(way, *steps)
        yield scene.row(f"{way}, nothing changed", *steps)


@contextmanager
def scene(people: int, parts: int, delay: float) -> Iterator[Scene]:
    """So many directories with so many people each."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder, certificates, document = Path(name), issue("127.0.0.1", "localhost"), HEAD
        server = stack.enter_context(running())
        secrets = {"directory-ca/ca.crt": certificates.ca.decode(), "state/uri": server.uri}
        names = [f"corp{number}" for number in range(parts)]
        for number, called in enumerate(names):
            forest = Forest(called, "Example Corp", people, SEED + number)
            (home := folder / called).mkdir()
            write(folder / "people.ldif", people, forest=forest)
            directory = slapd(home, folder / "people.ldif", base=forest.base, certificates=certificates)
            port = stack.enter_context(slow_proxy(stack.enter_context(directory).ldaps_port, delay / 2))
            document += SOURCE.format(name=called, url=f"ldaps://127.0.0.1:{port}", base=forest.base)
            secrets[f"reader-{called}/username"] = f"cn=admin,{forest.base}"
            secrets[f"reader-{called}/password"] = PASSWORD
        (folder / "syncconfig.yaml").write_text(document, "utf-8")
        for key, text in secrets.items():
            (path := folder / "secrets" / key).parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        yield Scene(folder, server, names, delay)


def table(rows: Sequence[Row]) -> str:
    """What was found, as Markdown."""
    lines = ["| each answer later by | way | seconds | processor | of the store's server |", "|---|---|---|---|---|"]
    for row in rows:
        told = f"{row.wall:.1f} | {row.cpu:.1f} | {row.server:.1f}"
        lines.append(f"| {row.delay * 1000:.0f} ms | {row.way} | {told} |")
    return "\n".join(lines)


def main() -> None:
    """Print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=5_000, help="in each directory (5,000)")
    options.add_argument("--parts", type=int, default=4, help="directories (4)")
    options.add_argument("--delay", type=float, nargs="+", default=[0.0, 0.02], help="seconds (0 0.02)")
    given = options.parse_args()
    print(table(list(measure(given.people, given.parts, given.delay))))


if __name__ == "__main__":
    main()
