"""A full synchronise, and one of 100 changed entries, next to ldapsearch that reads the same directory.

The directory stands in a real slapd on loopback, filled anew for each size. ldapsearch reads all of it as Syncramp
does, in pages and over TLS, with all attributes, and its output goes nowhere. Then the directory is imported,
synchronised, changed by ldapmodify in 100 entries, imported and synchronised again, each time in a process of its own
(``bench.phase``). Time is the processor's, user and system; slapd's is nobody's. Of a full synchronise and of
ldapsearch the best of some rounds counts.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.directory import forest_of, titles, write
from bench.ldap_clients import Access
from bench.ldapsearch import spent
from support.slapd import PASSWORD, Slapd, slapd
from syncramp.source import dn
from syncramp.store.store import Store

CHANGED = 100
TOOLS = ("slapd", "ldapsearch", "ldapmodify")


@dataclass(frozen=True)
class Phase:
    """What one phase cost."""

    seconds: float
    """Of the processor."""
    objects: int
    links: int
    peak: int
    """Bytes."""


@dataclass(frozen=True)
class Measured:
    """One size."""

    people: int
    links: int
    ldapsearch: float
    """Seconds of the processor."""
    imported: Phase
    synchronised: Phase
    imported_again: Phase
    """After the changes."""
    changed: Phase

    @property
    def ratio(self) -> float:
        return self.synchronised.seconds / self.ldapsearch


def measure(people: int, rounds: int) -> Measured:
    """Measure one size."""
    forest = forest_of(people)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        ldif = folder / "people.ldif"
        links = write(ldif, people)
        (folder / "slapd").mkdir()
        room = ["maxsize 17179869184"]
        with slapd(folder / "slapd", ldif, options=room, base=forest.base, checked=True) as server:
            ca = folder / "ca.pem"
            ca.write_bytes(server.ca)
            reading = min(_ldapsearch(server, forest.base, ca) for _ in range(rounds))
            store = folder / "store.db"
            imported = _phase("import", store, server, ca)
            full = min((_full(store, server, ca) for _ in range(rounds)), key=lambda phase: phase.seconds)
            (folder / "synchronised.db").rename(store)
            _ldapmodify(server, forest.base, titles(people, CHANGED))
            again = _phase("import", store, server, ca)
            return Measured(people, links, reading, imported, full, again, _phase("synchronise", store, server, ca))


def _full(store: Path, server: Slapd, ca: Path) -> Phase:
    """Synchronise a copy of what was imported."""
    copy = store.with_name("synchronised.db")
    copy.unlink(missing_ok=True)
    with closing(Store(store, dn.key)) as original:
        original.database.copy_to(copy)
    return _phase("synchronise", copy, server, ca)


def _phase(name: str, store: Path, server: Slapd, ca: Path) -> Phase:
    command = [sys.executable, "-m", "bench.phase", name, str(store), server.ldaps, str(ca), PASSWORD]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    return Phase(**json.loads(done.stdout))


def _ldapsearch(server: Slapd, base: str, ca: Path) -> float:
    """Seconds of the processor that ldapsearch needs for the whole directory."""
    access = Access(server.ldaps, str(ca), f"cn=admin,{base}", PASSWORD)
    return spent(access, ["-E", "pr=1000/noprompt", "-b", base, "(objectClass=*)", "*", "+"])


def _ldapmodify(server: Slapd, base: str, changes: str) -> None:
    command = ["ldapmodify", "-x", "-H", server.ldap, "-D", f"cn=admin,{base}", "-w", PASSWORD]
    subprocess.run(command, input=changes.encode(), stdout=subprocess.DEVNULL, check=True)


def exponent(found: Sequence[Measured]) -> float:
    """The power of the number of people with which the cost of a full synchronise grows, from first to last size."""
    first, last = found[0], found[-1]
    return math.log(last.synchronised.seconds / first.synchronised.seconds) / math.log(last.people / first.people)


def table(found: Sequence[Measured]) -> str:
    """One line for each size, and how the cost grows."""
    head = (
        "A full synchronise of a directory, next to ldapsearch reading it; seconds of the processor\n\n"
        f"{'people':>9}{'links':>11}{'ldapsearch':>12}{'synchronise':>13}{'ratio':>8}{'peak':>9}"
        f"{'import':>9}{'peak':>9}{'again':>9}{'100 changed':>14}\n"
    )
    grows = f"\nIt grows with the number of people to the power {exponent(found):.2f}\n" if len(found) > 1 else ""
    return head + "".join(map(_line, found)) + grows


def _line(row: Measured) -> str:
    full, imported = row.synchronised, row.imported
    return (
        f"{row.people:>9,}{row.links:>11,}{row.ldapsearch:>10.2f} s{full.seconds:>11.2f} s{row.ratio:>8.2f}"
        f"{full.peak / 1e6:>6.0f} MB{imported.seconds:>7.1f} s{imported.peak / 1e6:>6.0f} MB"
        f"{row.imported_again.seconds:>7.1f} s{row.changed.seconds * 1000:>11.0f} ms\n"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.synchronise", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--people", type=int, default=30_000, help="people in the directory (30,000)")
    parser.add_argument(
        "--smaller", type=int, default=4, help="measure so many times fewer people too; 1: do not (4)"
    )
    parser.add_argument("--rounds", type=int, default=2, help="the best of so many counts (2)")
    chosen = parser.parse_args()
    missing = [tool for tool in TOOLS if shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None]
    if missing:
        sys.exit(f"{', '.join(missing)} is missing; Debian: apt-get install slapd ldap-utils")
    sizes = sorted({chosen.people // chosen.smaller, chosen.people})
    found = [measure(size, chosen.rounds) for size in sizes]
    sys.stdout.write(json.dumps([asdict(row) for row in found], indent=2) + "\n" if chosen.json else table(found))


if __name__ == "__main__":
    main()
