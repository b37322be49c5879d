"""How fast a directory is read: next to ldapsearch, python-ldap and ldap3, in one run, over TLS.

A real slapd on loopback holds the directory. Every client reads everybody with 12 attributes in pages of 1,000, and
the members of groups as one entry; each time in a process of its own (``bench.ldap_clients``) that is signed in
before the time begins to count. ldapsearch writes to /dev/null, and what it takes for one entry without attributes is
subtracted as its start. python-ldap is measured where it is installed. Groups in ranges are read by Syncramp alone,
from a double of Active Directory, since slapd knows no ranges.
"""

import argparse
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.directory import forest_of, large_group, write
from bench.ldap_clients import ATTRIBUTES, CLIENTS, FILTER, PAGE, Access, Cost
from bench.ldapsearch import spent
from support.ad_double import AdDouble
from support.ad_double_server import PASSWORD as DOUBLE_PASSWORD
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.slapd import PASSWORD, slapd

TOOLS = ("slapd", "ldapsearch")


@dataclass(frozen=True)
class Row:
    """One search."""

    what: str
    ldapsearch: float
    """Seconds of the processor."""
    costs: dict[str, Cost]
    """By client."""

    def ratio(self, client: str) -> float:
        return self.costs[client].seconds / self.ldapsearch


@dataclass(frozen=True)
class Ranged:
    """One group in ranges."""

    members: int
    seconds: float
    """Of the processor."""


@dataclass(frozen=True)
class Delta:
    """One change in a directory that was read before."""

    people: int
    tracking: str
    """How it was found."""
    seconds: float
    """Of the processor."""


@dataclass(frozen=True)
class Found:
    """All of it."""

    people: int
    rows: list[Row]
    ranges: list[Ranged]
    deltas: list[Delta]
    skipped: str
    """The client that is missing here; empty: none is."""


def measure(people: int, rounds: int, *, slow: bool = True) -> Found:
    """Measure a directory of so many people.

    :param rounds: of each client but ldap3 the best of so many counts.
    :param slow: ldap3 reads, too; it takes minutes for 300,000 people.
    """
    forest = forest_of(people)
    sizes = [people // 24, people // 6 * 5]
    clients = [name for name in CLIENTS if name != "python-ldap" or importlib.util.find_spec("ldap")]
    skipped = "" if "python-ldap" in clients else "python-ldap is not installed, so it is not in the table"
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "slapd").mkdir()
        write(folder / "people.ldif", people, large=sizes)
        room = ["maxsize 17179869184"]
        with slapd(folder / "slapd", folder / "people.ldif", options=room, base=forest.base, checked=True) as server:
            (folder / "ca.pem").write_bytes(server.ca)
            access = Access(server.ldaps, str(folder / "ca.pem"), f"cn=admin,{forest.base}", PASSWORD)
            searches = [(f"{people:,} people", forest.base, False)]
            searches += [(f"{size:,} members", large_group(forest, size), True) for size in sizes]
            rows = [
                Row(
                    what,
                    _ldapsearch(access, base, group, rounds),
                    {
                        client: _best(access, client, base, group, 1 if client == "ldap3" else rounds)
                        for client in clients
                        if slow or client != "ldap3"
                    },
                )
                for what, base, group in searches
            ]
    return Found(people, rows, ranged(people), [delta(people // 100), delta(people // 10)], skipped)


def ranged(largest: int) -> list[Ranged]:
    """Read groups in ranges of 1,500, each from a directory of its own that holds nothing else."""
    sizes = [largest // 8, largest // 4, largest // 2, largest]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        return [Ranged(size, _ranged(size, Path(name))) for size in sizes]


def _ranged(size: int, folder: Path) -> float:
    members = [f"CN=Person {number},OU=People,DC=test".encode() for number in range(size)]
    group = {"objectClass": [b"group"], "objectGUID": [bytes(16)], "member": members}
    with AdDouble({"CN=Group,DC=test": group}, max_range=1500, max_page=1000).running(folder) as server:
        (folder / "ca.pem").write_bytes(server.ca)
        cost = _cost(Access(server.url, str(folder / "ca.pem"), "reader", PASSWORD), "ranges", "DC=test", True)
    if cost.values != size:
        raise RuntimeError(f"{cost.values} of {size} members came")
    return cost.seconds


def delta(people: int) -> Delta:
    """Read what changed of one person, from a double of Active Directory with so many."""
    replica = Replica()
    guids = [replica.user(f"Person {number}", title=[b"Clerk"]) for number in range(people)]
    replica.delete(replica.user("Somebody who left"))  # without one nobody knows whether deletes can be seen
    with tempfile.TemporaryDirectory(prefix="bench-") as name, Controller(replica).running(Path(name)) as server:
        (Path(name) / "ca.pem").write_bytes(server.ca)
        access = Access(server.url, str(Path(name) / "ca.pem"), READER, DOUBLE_PASSWORD)
        with subprocess.Popen(
            _command(access, "delta", "DC=test", False),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
        ) as process:
            assert process.stdin and process.stdout
            tracking = process.stdout.readline().strip()
            replica.change(guids[people // 2], title=[b"Director"])
            told, _ = process.communicate("\n")
    cost = Cost(**json.loads(told))
    if cost.values != 1:
        raise RuntimeError(f"{cost.values} entries came for one that changed")
    return Delta(people, tracking, cost.seconds)


def _best(access: Access, client: str, base: str, group: bool, rounds: int) -> Cost:
    return min((_cost(access, client, base, group) for _ in range(rounds)), key=lambda cost: cost.seconds)


def _cost(access: Access, client: str, base: str, group: bool) -> Cost:
    command = _command(access, client, base, group)
    return Cost(**json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=_environment()).stdout))


def _command(access: Access, client: str, base: str, group: bool) -> Sequence[str]:
    work = [client, base, "group" if group else "people", access.url, access.ca, access.user, access.password]
    return [sys.executable, "-m", "bench.ldap_clients", *work]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _ldapsearch(access: Access, base: str, group: bool, rounds: int) -> float:
    """Seconds of the processor, without those that it needs to start, to sign in and to read one entry."""
    people = ("-E", f"pr={PAGE}/noprompt", "-b", base, FILTER, *ATTRIBUTES)
    search = ("-b", base, "-s", "base", "(objectClass=*)", "member") if group else people
    start = ("-b", base, "-s", "base", "(objectClass=*)", "1.1")
    return min(spent(access, search) for _ in range(rounds)) - min(spent(access, start) for _ in range(rounds))


def exponent(found: Sequence[Ranged]) -> float:
    """The power of the number of members with which the cost of a group in ranges grows, from first to last size."""
    first, last = found[0], found[-1]
    return math.log(last.seconds / first.seconds) / math.log(last.members / first.members)


def table(found: Found) -> str:
    """One line for each search and client."""
    head = (
        "A directory read over TLS; seconds of the processor after signing in\n\n"
        f"{'':<20}{'':<14}{'time':>10}{'ldapsearch':>12}{'ratio':>8}{'memory grows by':>18}\n"
    )
    lines = (
        f"{row.what:<20}{client:<14}{cost.seconds:>8.2f} s{row.ldapsearch:>10.3f} s{row.ratio(client):>8.2f}"
        f"{cost.grown / 1e6:>15.1f} MB\n"
        for row in found.rows
        for client, cost in row.costs.items()
    )
    ranges = (f"{group.members:>9,} members in ranges of 1,500: {group.seconds:.2f} s\n" for group in found.ranges)
    grows = f"Groups in ranges grow with their members to the power {exponent(found.ranges):.2f}\n"
    deltas = (
        f"One change among {row.people:,} people, by {row.tracking}: {row.seconds * 1000:.0f} ms\n"
        for row in found.deltas
    )
    skipped = f"{found.skipped}\n" if found.skipped else ""
    return "".join((head, *lines, skipped, "\n", *ranges, grows, "\n", *deltas))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.ldap", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--people", type=int, default=30_000, help="people in the directory (30,000)")
    parser.add_argument("--rounds", type=int, default=2, help="the best of so many counts (2)")
    parser.add_argument("--fast", action="store_true", help="without ldap3, which takes most of the time")
    chosen = parser.parse_args()
    missing = [tool for tool in TOOLS if shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None]
    if missing:
        sys.exit(f"{', '.join(missing)} is missing; Debian: apt-get install slapd ldap-utils")
    found = measure(chosen.people, chosen.rounds, slow=not chosen.fast)
    sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n" if chosen.json else table(found))


if __name__ == "__main__":
    main()
