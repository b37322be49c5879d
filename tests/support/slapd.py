"""A real OpenLDAP server on loopback for one test: own schema, own certificate, filled offline, killed at the end."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from support.ldap_certificates import Certificates, issue

Test = TypeVar("Test", bound=Callable[..., object])

BASE = "DC=corp,DC=example,DC=test"
ADMIN = f"cn=admin,{BASE}"
PASSWORD = "not-a-secret"
SCHEMA = Path(__file__).parent.parent / "data" / "adlike.schema"

_SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/libexec")
_SYSTEM_SCHEMA = Path("/etc/ldap/schema")
_CONFIGURATION = """\
include {system}/core.schema
include {system}/cosine.schema
include {system}/inetorgperson.schema
include {system}/nis.schema
include {schema}
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
sizelimit unlimited
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
rootpw {password}
directory {folder}/db
maxsize 1073741824
envflags nosync
"""


NEEDED = (
    pytest.mark.slapd,
    pytest.mark.skipif(
        _SLAPD is None and os.environ.get("SYNCRAMP_REQUIRE_SERVERS") != "1",
        reason="slapd is not installed (Debian: apt-get install slapd)",
    ),
)
"""Marks of a test that skip it where slapd is not installed, unless SYNCRAMP_REQUIRE_SERVERS=1 demands it."""


def requires_slapd(test: Test) -> Test:
    """Skip a test where slapd is not installed, unless SYNCRAMP_REQUIRE_SERVERS=1 makes that a failure."""
    for mark in NEEDED:
        test = mark(test)
    return test


@dataclass(frozen=True)
class Slapd:
    """A server that runs."""

    ldap_port: int
    ldaps_port: int
    ca: bytes
    """PEM of the CA that issued its certificate (for 127.0.0.1 and localhost)."""
    configuration: Path

    @property
    def ldap(self) -> str:
        """Its URL for StartTLS."""
        return f"ldap://127.0.0.1:{self.ldap_port}"

    @property
    def ldaps(self) -> str:
        """Its URL with TLS at once."""
        return f"ldaps://127.0.0.1:{self.ldaps_port}"

    def dump(self) -> bytes:
        """Everything it holds, as slapcat writes it."""
        return _tool("cat", self.configuration)


@contextmanager
def slapd(
    folder: Path,
    ldif: str | Path,
    *,
    options: Sequence[str] = (),
    certificates: Certificates | None = None,
    base: str = BASE,
    checked: bool = False,
) -> Iterator[Slapd]:
    """Start a server that holds ``ldif``, a text or a file of it.

    :param folder: an empty folder for its files.
    :param options: lines of slapd.conf for the database (limits, access).
    :param base: its naming context; ``cn=admin`` below it may do everything.
    :param checked: entries obey the schema and can be modified later; without it ``sn`` is optional, as in AD.
    """
    if _SLAPD is None:
        raise RuntimeError("slapd is not installed, and SYNCRAMP_REQUIRE_SERVERS=1 demands it")
    certificates = certificates or issue("127.0.0.1", "localhost")
    configuration = _prepare(folder, certificates, options, base)
    if isinstance(ldif, str):
        text, ldif = ldif, folder / "directory.ldif"
        ldif.write_text(text, encoding="utf-8")
    _tool("add", configuration, "-q", *([] if checked else ["-s"]), "-l", ldif)
    ports = _free_port(), _free_port()
    urls = f"ldap://127.0.0.1:{ports[0]}/ ldaps://127.0.0.1:{ports[1]}/"
    with (folder / "slapd.log").open("wb") as log:
        process = subprocess.Popen([_SLAPD, "-f", configuration, "-h", urls, "-d", "0"], stdout=log, stderr=log)
        try:
            for port in ports:
                _await(process, port, folder / "slapd.log")
            yield Slapd(*ports, certificates.ca, configuration)
        finally:
            process.kill()
            process.wait()


def _prepare(folder: Path, certificates: Certificates, options: Sequence[str], base: str) -> Path:
    (folder / "db").mkdir()
    (folder / "server.pem").write_bytes(certificates.certificate)
    (folder / "server.key").write_bytes(certificates.key)
    text = _CONFIGURATION.format(system=_SYSTEM_SCHEMA, schema=SCHEMA, folder=folder, base=base, password=PASSWORD)
    configuration = folder / "slapd.conf"
    configuration.write_text(text + "".join(f"{line}\n" for line in options), encoding="utf-8")
    return configuration


def _tool(name: str, configuration: Path, *options: str | Path) -> bytes:
    """One of slapd's own tools; they work on the files of the database."""
    done = subprocess.run(
        [_SLAPD or "slapd", "-T", name, "-f", configuration, *options], capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"slap{name} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"slapd did not start: {log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
