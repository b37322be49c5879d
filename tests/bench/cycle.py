"""The whole cycle, from a directory to a simulated tenant: first sync, no change, 1 % changed, one more member.

The organisation is made from a seed: people with some twenty attributes; one group for 150 people, two of them with a
fifth and five sixths of all people, the others with a long tail; 10 links for 3 people over all. So 300,000 people
are in 2,000 groups, one of 60,000 and one of 249,999 members, with 1,000,000 links.

It stands in a real slapd, which is measured with each number of objects in a call, and again in a double of Active
Directory. Directory and tenant are processes of their own, asked over TLS; so is the server of the store, asked over
its socket. What they take is told beside, and counts nowhere. Every run is ``syncramp sync`` in a process of its own:
the time of the processor is that of the whole process, from its start to its end, and so is the peak of its memory.
What everything is measured against is ``ldapsearch`` reading the same directory over TLS, in pages of 1,000, with all
attributes, to /dev/null: three times before a first sync and three times after it, of which the median counts. A
machine is not equally quick for five minutes, and the best of some would be compared with a run that is there once.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

from bench import charts, goals, tables
from bench.directory import PEOPLE_PER_GROUP, forest_of
from bench.found import Found, Measured
from bench.machine import machine
from bench.rows import PROVISION, Call, Run, calls_of, marks_of, rows
from bench.sources import Directory, active_directory, ldapsearch, openldap
from bench.status import spent
from bench.tenant import DOCUMENT, TENANT, Tenant, environment, tenant
from support.postgresql import Server, running

TOOLS = ("slapd", "ldapsearch", "ldapmodify")
OBJECTS = (30, 500)
"""In a call: the default of the genuine client, and the most that the simulator takes."""
DOUBLED = 500
"""In a call, while the double of Active Directory is read: what it is there for is its last run."""
SETTLED = (0, 2)
"""The command did its work; 2: something waits to be confirmed."""


@dataclass(frozen=True)
class Scene:
    """Whom the runs talk to."""

    folder: Path
    directory: Directory
    tenant: Tenant
    server: Server | None
    """Of the store; None: it is a file."""

    def run(self, what: str) -> Run:
        """``syncramp sync``, measured."""
        before, began = self._spent(), time.monotonic()
        marks = self.folder / "marks.jsonl"
        command = [sys.executable, "-m", "bench.cycle_run", str(marks), "sync", str(self.folder / "syncconfig.yaml")]
        state = "postgresql:state" if self.server else str(self.folder / "store.db")
        code, cpu, ended = _measured([*command, "--state", state, "--no-lease"], self.folder / "told.txt")
        if code not in SETTLED:
            raise RuntimeError(f"{what} ended with {code}:\n{(self.folder / 'told.txt').read_text('utf-8')}")
        calls = calls_of(self.tenant.calls, began)
        servers = {name: now - before[name] for name, now in self._spent().items()}
        made = rows(marks_of(marks), began, ended, cpu, calls)
        return Run(what, made, *_sent(calls), servers, self._stored(), code)

    def _spent(self) -> dict[str, float]:
        pids = {"directory": self.directory.pid, "tenant": self.tenant.pid}
        if self.server:
            pids["store"] = int((self.server.folder / "data" / "postmaster.pid").read_text().split()[0])
        return {name: spent(pid) for name, pid in pids.items()}

    def _stored(self) -> int:
        if self.server:
            ((size,),) = self.server.execute("SELECT pg_database_size(current_database())")
            return int(str(size))
        return sum(path.stat().st_size for path in self.folder.glob("store.db*"))


def _measured(command: Sequence[str], told: Path) -> tuple[int, float, float]:
    """How a process ended, the processor's seconds it took, and when it was gone."""
    with told.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, env=environment()) as process:
        _, status, used = os.wait4(process.pid, 0)
        ended = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime, ended


def _sent(calls: Sequence[Call]) -> tuple[int, int]:
    exports = [call for call in calls if call.operation == PROVISION]
    return sum(call.objects for call in exports), sum(call.links for call in exports)


def measure(people: int, per_call: Sequence[int], *, store: str = "file", doubled: bool = True) -> Iterator[Measured]:
    """Measure one size: with slapd for each number of objects in a call, and with the double of Active Directory.

    :param store: ``file`` or ``postgresql``.
    :param doubled: the double, too.
    """
    with _folder() as folder, openldap(folder, people) as directory:
        for objects in per_call:
            one = _measure(people, objects, directory, store, partial(ldapsearch, directory, _base(people)))
            yield one
            directory.undo()
    if doubled:
        with _folder() as folder, active_directory(folder, people) as directory:
            yield _measure(people, DOUBLED, directory, store, lambda: [one.ldapsearch])


def _base(people: int) -> str:
    return forest_of(people).base


def _measure(
    people: int, objects: int, directory: Directory, store: str, reading: Callable[[], list[float]]
) -> Measured:
    groups, before = people // PEOPLE_PER_GROUP, reading()
    with _scene(people, objects, directory, store) as scene:
        first = _first(scene)
        ldapsearch_seconds = median([*before, *reading()])
        runs = [first, *_later(scene)]
    return Measured(people, groups, directory.links, directory.what, store, objects, ldapsearch_seconds, runs)


def _first(scene: Scene) -> Run:
    first = scene.run("first sync")
    if first.linked < scene.directory.links:
        raise RuntimeError(f"only {first.linked:,} of {scene.directory.links:,} links were sent")
    return first


def _later(scene: Scene) -> Iterator[Run]:
    scene.run("whatever is left of it")
    yield scene.run("no change")
    scene.directory.titles()
    yield scene.run("1 % changed")
    scene.directory.join()
    yield scene.run("one member added")


@contextmanager
def _scene(people: int, objects: int, directory: Directory, store: str) -> Iterator[Scene]:
    places: dict[str, Callable[[], AbstractContextManager[Server | None]]] = {
        "file": nullcontext,
        "postgresql": running,
    }
    with _folder() as folder, tenant(folder) as made, places[store]() as server:
        access, base = directory.access, _base(people)
        secrets = {
            "directory-ca/ca.crt": Path(access.ca).read_text("ascii"),
            "reader/username": access.user,
            "reader/password": access.password,
            **({"state/uri": server.uri} if server else {}),
        }
        for name, text in secrets.items():
            path = folder / "secrets" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        text = DOCUMENT.format(tenant=TENANT, host=made.host, objects=objects, url=access.url, base=base)
        (folder / "syncconfig.yaml").write_text(text, "utf-8")
        yield Scene(folder, directory, made, server)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON, Markdown and charts."""
    chosen = _chosen(arguments)
    missing = [tool for tool in TOOLS if shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None]
    if missing:
        sys.exit(f"{', '.join(missing)} is missing; Debian: apt-get install slapd ldap-utils")
    if chosen.warm:
        list(measure(PEOPLE_PER_GROUP * 4, OBJECTS[:1], store=chosen.store, doubled=False))
    found = Found(machine(), [])
    for people in sorted(chosen.people):
        for one in measure(people, chosen.objects, store=chosen.store, doubled=chosen.double):
            found = replace(found, measured=[*found.measured, one])
            sys.stdout.write(tables.screen(one) + "\n")
            sys.stdout.flush()
            _keep(found, chosen.out / f"cycle-{chosen.store}")
    sys.stdout.write("\n".join(goal.told for goal in goals.goals(found)) + "\n")
    sys.stdout.write(f"{tables.fixed(found)}\nWritten to {chosen.out}\n")


def _keep(found: Found, path: Path) -> None:
    """After each part, because the next one may take long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found.write(path.with_suffix(".json"))
    path.with_suffix(".md").write_text(tables.markdown(found), "utf-8")
    charts.draw(found, path)


def _chosen(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.cycle", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000], help="people in the directory (10,000)")
    parser.add_argument("--objects", type=int, nargs="+", default=OBJECTS, help="objects in a call (30 500)")
    parser.add_argument("--store", choices=["file", "postgresql"], default="file", help="where it is (file)")
    parser.add_argument("--no-double", dest="double", action="store_false", help="without Active Directory's double")
    parser.add_argument(
        "--cold", dest="warm", action="store_false", help="without a small cycle before, not measured"
    )
    parser.add_argument("--out", type=Path, default=Path(".bench"), help="folder for what is found (.bench)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the servers would stay
    main()
