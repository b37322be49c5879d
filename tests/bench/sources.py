"""The directories that a cycle is measured on: one organisation in a real slapd, and in a double of Active Directory.

The slapd has a session log (RFC 4533), so it tells what changed; a changed group it sends whole. The double is asked
by DirSync, and tells of a changed group the value that changed. Each is a process of its own, asked over TLS.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.directory import forest_of, large_group, titles, write
from bench.ldap_clients import Access
from bench.ldapsearch import spent
from bench.tenant import environment
from support.ad_double_server import PASSWORD as DOUBLE_PASSWORD
from support.ad_double_server import READER
from support.slapd import PASSWORD, slapd
from syncramp.simulator.entries import person_dn
from syncramp.simulator.people import people as people_of

PAGE = 1000
"""Entries of a page of ldapsearch."""
SYNCREPL, DIRSYNC = "OpenLDAP, syncrepl", "Active Directory's double, DirSync"
OPTIONS = ("maxsize 17179869184", "overlay syncprov", "syncprov-sessionlog 1000000", "index entryUUID,entryCSN eq")


@dataclass(frozen=True)
class Directory:
    """One that runs."""

    what: str
    access: Access
    pid: int
    links: int
    titles: Callable[[], None]
    """1 % of the people get a new title."""
    join: Callable[[], None]
    """The last person becomes a member of the largest group."""
    undo: Callable[[], None]
    """The last person leaves it."""


def large(people: int) -> list[int]:
    """Members of the two large groups; the larger one has room for one more below the service's limit of 250,000."""
    return [people // 5, people // 6 * 5 - 1]


def tail(people: int) -> int:
    """Links of all other groups."""
    return people * 10 // 3 - sum(large(people))


@contextmanager
def openldap(folder: Path, people: int) -> Iterator[Directory]:
    """The organisation in a real slapd."""
    forest = forest_of(people)
    ldif = folder / "people.ldif"
    links = write(ldif, people, large=large(people), tail=tail(people), followed=True)
    (folder / "slapd").mkdir()
    with slapd(folder / "slapd", ldif, options=OPTIONS, base=forest.base, checked=True) as server:
        ldif.unlink()
        ca = folder / "directory.pem"
        ca.write_bytes(server.ca)
        admin = f"cn=admin,{forest.base}"
        *_, last = people_of(forest, people)
        group, member = large_group(forest, large(people)[-1]), person_dn(forest, last)
        versions = iter(range(1, 1_000_000))

        def modify(changes: str) -> None:
            command = ["ldapmodify", "-x", "-H", server.ldap, "-D", admin, "-w", PASSWORD]
            subprocess.run(command, input=changes.encode(), stdout=subprocess.DEVNULL, check=True)

        def member_is(operation: str) -> None:
            modify(f"dn: {group}\nchangetype: modify\n{operation}: member\nmember: {member}\n\n")

        yield Directory(
            SYNCREPL,
            Access(server.ldaps, str(ca), admin, PASSWORD),
            int((folder / "slapd" / "slapd.pid").read_text()),
            links,
            lambda: modify(titles(people, people // 100, f"Director {next(versions)}")),
            lambda: member_is("add"),
            lambda: member_is("delete"),
        )


def ldapsearch(directory: Directory, base: str) -> list[float]:
    """Seconds of the processor that ldapsearch needs for the whole directory, with all attributes, three times."""
    search = ["-E", f"pr={PAGE}/noprompt", "-b", base, "(objectClass=*)", "*", "+"]
    return [spent(directory.access, search) for _ in range(3)]


@contextmanager
def active_directory(folder: Path, people: int) -> Iterator[Directory]:
    """The organisation in a double of Active Directory."""
    command = [sys.executable, "-m", "bench.controller", str(people), str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdin
        assert process.stdout
        told, asks = process.stdout, process.stdin

        def tell(what: str) -> None:
            asks.write(f"{what}\n")
            asks.flush()
            if told.readline().strip() != what:
                raise RuntimeError(f"the double of Active Directory could not: {what}")

        try:
            url, ca, links = told.readline().split()
            access = Access(url, ca, READER, DOUBLE_PASSWORD)
            changes = (partial(tell, what) for what in ("titles", "join", "undo"))
            yield Directory(DIRSYNC, access, process.pid, int(links), *changes)
        finally:
            process.kill()
