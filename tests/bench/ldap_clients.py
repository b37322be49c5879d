"""One client of a directory in a process of its own, which tells what a search cost it once it was signed in.

Time is the processor's, user and system, from before the search is sent until its last message is there. Memory is
what the process grew by meanwhile, as the kernel counts its peak (VmHWM).
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILTER = "(objectClass=user)"
ATTRIBUTES = (
    "cn",
    "sn",
    "givenName",
    "displayName",
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "proxyAddresses",
    "department",
    "title",
    "telephoneNumber",
    "objectGUID",
)
PAGE = 1000


@dataclass(frozen=True)
class Access:
    """How to sign in."""

    url: str
    ca: str
    """A PEM file."""
    user: str
    password: str


@dataclass(frozen=True)
class Cost:
    """What a search cost."""

    seconds: float
    """Of the processor."""
    values: int
    """Values that came."""
    grown: int
    """Bytes."""


Search = Callable[[], Iterable[int]]
"""A search that is ready to be sent: for each entry, how many values came."""


def syncramp(access: Access, base: str, group: bool) -> Search:
    """Ours."""
    from syncramp.source.ldap.address import parse
    from syncramp.source.ldap.connecting import connect
    from syncramp.source.ldap.messages import Found

    session = connect(parse(access.url), access.user, access.password, Path(access.ca).read_bytes())
    if group:
        return lambda: map(_values, [session.entry(base, ["member"])])
    pages = session.pages(base, FILTER, ATTRIBUTES)
    return lambda: (_values(found) for found in pages if isinstance(found, Found))


def ldap3(access: Access, base: str, group: bool) -> Search:
    """ldap3 with its generator of pages, and what makes it fastest: no schema, no checks of names."""
    import ldap3 as library

    tls = library.Tls(ca_certs_file=access.ca)
    server = library.Server(access.url, tls=tls, get_info=library.NONE)
    connection = library.Connection(server, access.user, access.password, check_names=False, auto_bind=True)

    def one() -> Iterable[int]:
        connection.search(base, "(objectClass=*)", library.BASE, attributes=["member"])
        return [len(connection.response[0]["raw_attributes"]["member"])]

    def many() -> Iterable[int]:
        search = connection.extend.standard.paged_search
        for entry in search(base, FILTER, attributes=list(ATTRIBUTES), paged_size=PAGE, generator=True):
            yield sum(map(len, entry["raw_attributes"].values()))

    return one if group else many


def python_ldap(access: Access, base: str, group: bool) -> Search:
    """python-ldap, which is libldap in C: a page at once."""
    import ldap as library  # type: ignore[import-not-found,unused-ignore]
    from ldap.controls import SimplePagedResultsControl  # type: ignore[import-not-found,unused-ignore]

    connection: Any = library.initialize(access.url)
    connection.set_option(library.OPT_X_TLS_CACERTFILE, access.ca)
    connection.set_option(library.OPT_X_TLS_NEWCTX, 0)
    connection.simple_bind_s(access.user, access.password)

    def one() -> Iterable[int]:
        ((_, found),) = connection.search_s(base, library.SCOPE_BASE, "(objectClass=*)", ["member"])
        return [len(found["member"])]

    def many() -> Iterable[int]:
        control = SimplePagedResultsControl(True, size=PAGE, cookie="")
        while True:
            number = connection.search_ext(
                base, library.SCOPE_SUBTREE, FILTER, list(ATTRIBUTES), serverctrls=[control]
            )
            _, entries, _, (answer,) = connection.result3(number)
            for _, found in entries:
                yield sum(map(len, found.values()))
            if not answer.cookie:
                return
            control.cookie = answer.cookie

    return one if group else many


def ranges(access: Access, base: str, group: bool) -> Search:
    """A directory that hands members out in ranges, read as a run reads it."""
    from syncramp.model.facts import Links
    from syncramp.source.ldap import LdapSource

    source = LdapSource("corp", [access.url], access.user, access.password, Path(access.ca).read_bytes(), [base])
    source.partitions()  # what is loaded once is not counted
    facts = source.read(base, frozenset())
    return lambda: (len(fact.dns) + len(fact.guids) for fact in facts if isinstance(fact, Links))


def delta(access: Access, base: str, group: bool) -> Search:
    """What changed in a directory after it was read; it says so and waits for a line in between."""
    from support.known import Before
    from syncramp.model.facts import Entry, Proof
    from syncramp.source.ldap import LdapSource

    source = LdapSource("corp", [access.url], access.user, access.password, Path(access.ca).read_bytes(), [base])
    wanted = frozenset(name.lower() for name in ATTRIBUTES)
    (proof,) = (fact for fact in source.read(base, wanted) if isinstance(fact, Proof))
    sys.stdout.write(f"{proof.tracking}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    facts = source.read(base, wanted, Before(proof.horizon, proof.watermark))
    return lambda: (isinstance(fact, Entry) for fact in facts)


CLIENTS: dict[str, Callable[[Access, str, bool], Search]] = {
    "Syncramp": syncramp,
    "python-ldap": python_ldap,
    "ldap3": ldap3,
}


def measured(search: Search) -> Cost:
    """Make the search."""
    before = _anew()
    began = time.process_time()
    values = sum(search())
    return Cost(time.process_time() - began, values, _status("VmHWM") - before)


def _values(found: Any) -> int:
    return sum(map(len, found.values.values()))


def _anew() -> int:
    """Let the peak of the memory begin with what is there now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmHWM")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell how much memory a process has")


def main(client: str, base: str, group: str, *access: str) -> None:
    """Measure, and print JSON.

    :param client: one of ``CLIENTS``, ``ranges`` or ``delta``.
    :param base: where the search begins.
    :param group: ``group``: the members of one entry; anything else: everybody below it.
    """
    search = {**CLIENTS, "ranges": ranges, "delta": delta}[client](Access(*access), base, group == "group")
    sys.stdout.write(json.dumps(asdict(measured(search))))


if __name__ == "__main__":
    main(*sys.argv[1:])
