"""The whole cycle, from a real directory to a simulated tenant: first sync, no change, 1 % changed, one more member.

The directory stands in a real slapd on loopback, with a session log, so that it tells what changed; the tenant in a
simulator of its own process; both are asked over TLS. Each run is a process of its own (``bench.cycle_run``) and the
time is the processor's of that process, start included; the directory's and the simulator's count on neither side.
What everything is measured against is ``ldapsearch`` reading the same directory, in pages of 1,000, with all
attributes.

People have some twenty attributes. One group for 150 people, two of them with a fifth and five sixths of all people,
the others with a long tail; 10 links for 3 people over all. So 300,000 people are in 2,000 groups, one of 60,000 and
one of 250,000 members, with 1,000,000 links.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.cycle_run import Cost, Spent
from bench.directory import forest_of, large_group, titles, write
from bench.ldap_clients import Access
from bench.ldapsearch import spent
from support.slapd import PASSWORD, Slapd, slapd
from syncramp.simulator.entries import person_dn
from syncramp.simulator.people import people as people_of

TENANT = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
PAGE = 1000
"""Entries of a page of ldapsearch."""
DIRECTORY = ("maxsize 17179869184", "overlay syncprov", "syncprov-sessionlog 1000000", "index entryUUID,entryCSN eq")
TENANT_OPTIONS = ("--writes-per-five-minutes", "0", "--visibility-delay", "0", "--object-quota", "1000000")
DOCUMENT = """\
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: bench, namespace: identity}}
spec:
  target:
    tenantID: {tenant}
    auth:
      certificate:
        clientID: 0b1c2d3e-0000-4000-8000-000000000001
        secretRef: {{name: entra-sync}}
    endpoint:
      host: {host}
      authority: https://{host}
      ca: {{secretKeyRef: {{name: simulator-ca}}}}
      profile: {{configMapKeyRef: {{name: simulator-wire}}}}
      visibilityDelay: 0s
      objectsPerCall: {objects}
    writes: {{perFiveMinutes: 1000000, linksPerFiveMinutes: 1000000, share: 100}}
  interval: 24h
  sources:
  - name: corp
    ldap:
      servers: ["{url}"]
      bind: {{secretRef: {{name: reader}}}}
      tls: {{ca: {{secretKeyRef: {{name: directory-ca}}}}}}
    scope:
    - {{dn: "OU=People,{base}", kinds: [User]}}
    - {{dn: "OU=Groups,{base}", kinds: [Group]}}
"""


@dataclass(frozen=True)
class Run:
    """One run of a process."""

    what: str
    wall: float
    cpu: float
    """Seconds, with the start of the process."""
    spent: Spent


@dataclass(frozen=True)
class Measured:
    """One size."""

    people: int
    links: int
    objects_per_call: int
    ldapsearch: float
    """Seconds of the processor."""
    runs: list[Run]


def measure(people: int, per_call: tuple[int, ...], *, state: str = "") -> list[Measured]:
    """Measure one size, with each number of objects in a call.

    :param state: where the store is, as ``--state`` says it; empty: a new file.
    """
    forest = forest_of(people)
    large = [people // 5, people // 6 * 5]
    found = []
    for objects in per_call:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            ldif = folder / "people.ldif"
            links = write(ldif, people, large=large, tail=people * 10 // 3 - sum(large), followed=True)
            (folder / "slapd").mkdir()
            with (
                slapd(folder / "slapd", ldif, options=DIRECTORY, base=forest.base, checked=True) as server,
                simulator(folder) as host,
            ):
                ldif.unlink()
                _write_secrets(folder, server, forest.base)
                text = DOCUMENT.format(tenant=TENANT, host=host, objects=objects, url=server.ldaps, base=forest.base)
                (folder / "syncconfig.yaml").write_text(text, encoding="utf-8")
                reading = min(_ldapsearch(server, forest.base, folder) for _ in range(3))
                runs = list(_runs(folder, server, people, state))
                found.append(Measured(people, links, objects, reading, runs))
    return found


def _runs(folder: Path, server: Slapd, people: int, state: str) -> Iterator[Run]:
    base, store = forest_of(people).base, state or str(folder / "store.db")
    yield _run("first sync", folder, store)
    _run("confirmation", folder, store)
    yield _run("no change", folder, store)
    _ldapmodify(server, base, titles(people, people // 100))
    yield _run("1 % changed", folder, store)
    _ldapmodify(server, base, one_more(people))
    yield _run("one member added", folder, store)


def one_more(people: int) -> str:
    """The change for ldapmodify: the last person comes to the largest group."""
    forest = forest_of(people)
    *_, last = people_of(forest, people)
    group = large_group(forest, people // 6 * 5)
    return f"dn: {group}\nchangetype: modify\nadd: member\nmember: {person_dn(forest, last)}\n\n"


def _run(what: str, folder: Path, store: str) -> Run:
    command = [sys.executable, "-m", "bench.cycle_run", str(folder / "syncconfig.yaml"), store]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{what} ended with {process.returncode}")
    data = json.loads(told)
    data["phases"] = [Cost(**each) for each in data["phases"]]
    return Run(what, time.perf_counter() - began, used.ru_utime + used.ru_stime, Spent(**data))


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """A simulated tenant in a process of its own; its host and port."""
    command = [sys.executable, "-m", "syncramp", "simulator", "--directory", str(folder), "--port", "0"]
    command += ["--tenant", str(folder / "tenant.db"), *TENANT_OPTIONS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            while "secrets " not in (told := process.stdout.readline()):
                if not told:
                    raise RuntimeError("the simulator did not start")
            yield line.split("https://")[1].split("/")[0]
        finally:
            process.terminate()


def _write_secrets(folder: Path, server: Slapd, base: str) -> None:
    for name, key, data in (
        ("directory-ca", "ca.crt", server.ca),
        ("reader", "username", f"cn=admin,{base}".encode()),
        ("reader", "password", PASSWORD.encode()),
    ):
        path = folder / "secrets" / name / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _ldapsearch(server: Slapd, base: str, folder: Path) -> float:
    """Seconds of the processor that ldapsearch needs for the whole directory."""
    ca = str(folder / "secrets" / "directory-ca" / "ca.crt")
    access = Access(server.ldaps, ca, f"cn=admin,{base}", PASSWORD)
    return spent(access, ["-E", f"pr={PAGE}/noprompt", "-b", base, "(objectClass=*)", "*", "+"])


def _ldapmodify(server: Slapd, base: str, changes: str) -> None:
    command = ["ldapmodify", "-x", "-H", server.ldap, "-D", f"cn=admin,{base}", "-w", PASSWORD]
    subprocess.run(command, input=changes.encode(), stdout=subprocess.DEVNULL, check=True)


def table(found: list[Measured]) -> str:
    """What each phase of each run cost."""
    return "\n".join(map(_table, found))


def _table(found: Measured) -> str:
    what = f"{found.people:,} people, {found.links:,} links, {found.objects_per_call} objects in a call"
    head = f"{'':<28}{'wall s':>9}{'CPU s':>9}{'objects':>10}{'links':>10}{'calls':>8}{'sent KB':>10}{'got KB':>10}"
    lines = [f"{what}; ldapsearch {found.ldapsearch:.2f} s", head]
    for run in found.runs:
        lines += [_line(f"{run.what}: {each.name}", each) for each in run.spent.phases]
        lines.append(
            f"{run.what:<28}{run.wall:>9.2f}{run.cpu:>9.2f}   {run.cpu / found.ldapsearch:.1f} x ldapsearch, "
            f"peak {run.spent.peak / 1e6:.0f} MB, {run.spent.objects:,} objects and {run.spent.links:,} links sent"
        )
    return "\n".join(lines) + "\n"


def _line(what: str, cost: Cost) -> str:
    return (
        f"{what:<28}{cost.wall:>9.2f}{cost.cpu:>9.2f}{cost.objects:>10,}{cost.links:>10,}{cost.calls:>8,}"
        f"{cost.sent / 1e3:>10,.0f}{cost.received / 1e3:>10,.0f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.cycle", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON array instead of a table")
    parser.add_argument("--people", type=int, nargs="+", default=[10_000], help="people in the directory (10,000)")
    parser.add_argument("--objects", type=int, nargs="+", default=[30, 500], help="objects in a call (30 500)")
    chosen = parser.parse_args()
    found = [each for people in chosen.people for each in measure(people, tuple(chosen.objects))]
    sys.stdout.write(json.dumps([asdict(row) for row in found], indent=2) + "\n" if chosen.json else table(found))


if __name__ == "__main__":
    main()
