"""A real Active Directory domain controller on loopback, for all tests of a session: Samba, provisioned by us.

It serves LDAP and Kerberos alone, at the ports that both have (389, 636, 88), so every controller has an address of
its own below 127.0.0.0/8. Its files lie in memory and are never synced. It ends with the pipe to its standard input,
whatever becomes of the tests.
"""

import functools
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import randrange
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest

from support.ldap_certificates import Certificates, issue
from support.samba_admin import Administration

Test = TypeVar("Test", bound=Callable[..., object])

BASE = "DC=corp,DC=example,DC=test"
DOMAIN = "CORP"
REALM = "CORP.EXAMPLE.TEST"
SYNC, READER, ADMINISTRATOR = "sync", "reader", "Administrator"
SERVICES = "ldap, cldap, kdc, rpc"
"""Of a controller that others join."""
GROUPS = "bf967a9c-0de6-11d0-a285-00aa003049e2"
"""schemaIDGUID of the class ``group``."""
WRITES_GROUPS = f"(OA;CI;CCDC;{GROUPS};;{{sid}})", f"(OA;CIIO;WP;;{GROUPS};{{sid}})"
"""SDDL: groups are made and deleted below a unit, and all their attributes written."""
PASSWORD = "Not-a-secret.1"
"""Of all accounts; ``sync`` has the rights to replicate directory changes and to list deleted entries,
``reader`` has neither."""

_SAMBA = shutil.which("samba", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_SYSTEM_PYTHON = "/usr/bin/python3"
_OFFLINE = Path(__file__).with_name("samba_offline.py")
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
_KERBEROS = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    {realm} = {{
        kdc = {address}
    }}
"""


@functools.cache
def _missing() -> str:
    """Why there can be no domain controller; empty if there can."""
    if _SAMBA is None:
        return "Samba's domain controller is not installed (Debian: apt-get install samba-ad-dc samba-ad-provision)"
    modules = [_SYSTEM_PYTHON, "-c", "import samba.provision, samba.dckeytab"]
    if not os.access(_SYSTEM_PYTHON, os.X_OK) or subprocess.run(modules, capture_output=True, check=False).returncode:
        return "Samba's Python modules are not installed (Debian: apt-get install python3-samba samba-dsdb-modules)"
    return "" if _free(_address()) else "ports below 1024 are not ours to listen on (run as root)"


def needed() -> tuple[pytest.MarkDecorator, ...]:
    """Marks that skip a test where no domain controller can run, unless SYNCRAMP_REQUIRE_SERVERS=1 demands it."""
    reason = "" if os.environ.get("SYNCRAMP_REQUIRE_SERVERS") == "1" else _missing()
    return pytest.mark.samba, pytest.mark.skipif(bool(reason), reason=reason)


def requires_samba(test: Test) -> Test:
    """Skip a test where no domain controller can run, unless SYNCRAMP_REQUIRE_SERVERS=1 makes that a failure."""
    for mark in needed():
        test = mark(test)
    return test


@dataclass(frozen=True)
class Samba:
    """A domain controller that runs."""

    address: str
    """Of loopback; the host in its URLs, its certificate and the name of its LDAP service."""
    folder: Path
    ca: bytes
    """PEM of the CA that issued its certificate."""
    base: str = BASE
    as_administrator: Administration = field(init=False, compare=False)

    def __post_init__(self) -> None:
        administration = Administration(self.address, f"{ADMINISTRATOR}@{REALM}", PASSWORD, self.ca)
        object.__setattr__(self, "as_administrator", administration)

    @property
    def ldap(self) -> str:
        """Its URL for StartTLS."""
        return f"ldap://{self.address}"

    @property
    def ldaps(self) -> str:
        """Its URL with TLS at once."""
        return f"ldaps://{self.address}"

    @property
    def kerberos(self) -> Path:
        """A krb5.conf (KRB5_CONFIG) that finds its KDC."""
        return self.folder / "krb5.conf"

    @property
    def keytab(self) -> Path:
        """The keys of ``sync@REALM``."""
        return self.folder / "sync.keytab"

    def replace(self, dn: str, attribute: str, value: bytes) -> None:
        """Write a value that no client may write, past the server; an empty one takes the attribute away."""
        offline("replace", self.folder, {"dn": dn, "attribute": attribute, "value": value.hex()})

    def recycle(self) -> None:
        """Switch the recycle bin on, for ever. Samba (4.17) then revives nothing: for a domain of its own."""
        offline("recycle", self.folder, {})

    def let(self, account: str, dn: str, *rights: str) -> None:
        """Give an account rights at an entry, in SDDL with ``{sid}`` in the place of its SID."""
        offline("grant", self.folder, {"account": account, "dn": dn, "rights": list(rights)})

    def add_writer(self, unit: str, *rights: str) -> str:
        """A new account that may write groups in a unit, or has other rights there.

        :returns: the name that it signs in with.
        """
        name = f"writer{randrange(10**9)}"
        self.as_administrator.add_user(name, f"CN=Users,{self.base}")
        self.as_administrator.set_password(f"CN={name},CN=Users,{self.base}", PASSWORD)
        self.let(name, unit, *(rights or WRITES_GROUPS))
        return self.upn(name)

    def keys_of(self, account: str) -> bytes:
        """A keytab with the keys that an account has now."""
        file = self.folder / f"{account}.keytab"
        offline("export", self.folder, {str(file): f"{account}@{REALM}"})
        return file.read_bytes()

    def upn(self, account: str) -> str:
        """The name that an account signs in with."""
        return f"{account}@{REALM.lower()}"

    def add(self, entries: Sequence[Mapping[str, object]]) -> None:
        """Add many entries at once, past the server: ``{"dn": …, "objectClass": "user", …}``, values as text."""
        offline("add", self.folder, list(entries))


@contextmanager
def samba(*, replicates: bool = False) -> Iterator[Samba]:
    """Provision a domain and serve it until the end of the block; about four seconds.

    :param replicates: other controllers may join it (``support.samba_replica``).
    """
    if missing := _missing():
        raise RuntimeError(f"{missing}, and SYNCRAMP_REQUIRE_SERVERS=1 demands it")
    with TemporaryDirectory(prefix="samba", dir=MEMORY) as name:
        folder, address = Path(name), free_address()
        offline("provision", folder, _asked(folder, address, SERVICES if replicates else "ldap, kdc"))
        with served(folder, address) as running:
            yield running


def settings(address: str, name: str, services: str) -> dict[str, object]:
    """What a controller's configuration says."""
    return {"address": address, "name": name, "services": services, "realm": REALM, "domain": DOMAIN}


def _asked(folder: Path, address: str, services: str) -> object:
    return {
        **settings(address, "DC1", services),
        "password": PASSWORD,
        "accounts": [{"name": name, "password": PASSWORD, "replicates": name == SYNC} for name in (SYNC, READER)],
        "principals": [f"ldap/{address}", "ldap/dc1.corp.example.test"],
        "keytabs": {str(folder / "sync.keytab"): f"{SYNC}@{REALM}"},
    }


def _write(folder: Path, address: str, certificates: Certificates) -> None:
    tls = folder / "private" / "tls"
    tls.mkdir(exist_ok=True)
    for name, data in (("ca", certificates.ca), ("cert", certificates.certificate), ("key", certificates.key)):
        (tls / f"{name}.pem").write_bytes(data)
        (tls / f"{name}.pem").chmod(0o600)
    (folder / "krb5.conf").write_text(_KERBEROS.format(realm=REALM, address=address))


@contextmanager
def served(folder: Path, address: str) -> Iterator[Samba]:
    """Serve what was provisioned in a folder until the end of the block."""
    certificates = issue(address, "dc1.corp.example.test", "localhost")
    _write(folder, address, certificates)
    command = [_SAMBA or "samba", "-F", "-M", "single", "--no-process-group", "-s", folder / "etc" / "smb.conf"]
    with (folder / "samba.out").open("wb") as log:
        # It ends when this pipe does. A session of its own keeps Ctrl-C from it, so that fixtures end before it does.
        process = subprocess.Popen(
            [*command, "-l", folder], stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _await(process, address, folder)
            running = Samba(address, folder, certificates.ca)
            yield running
            running.as_administrator.close()
        finally:
            process.terminate()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()


def _await(process: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            for port in (88, 389, 636):
                socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"Samba did not start: {(folder / 'samba.out').read_text(errors='replace')[-2000:]}")


def offline(command: str, folder: Path, document: object) -> None:
    """``samba_offline.py``, in the system's Python."""
    done = subprocess.run(
        [_SYSTEM_PYTHON, "-I", _OFFLINE, command, folder],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Samba: {command} failed: {done.stderr[-2000:]}")


def free_address() -> str:
    """An address of loopback at whose LDAP port nobody listens."""
    return next(address for address in iter(_address, "") if _free(address))


def _address() -> str:
    return f"127.{randrange(64, 128)}.{randrange(256)}.{randrange(1, 255)}"


def _free(address: str) -> bool:
    try:
        socket.create_server((address, 389)).close()
    except OSError:
        return False
    return True
