"""A small Active Directory for this example: Samba's domain controller on loopback, with people.ldif. Ends at Ctrl-C.

It writes the Secrets that syncconfig.yaml names: the CA that vouches for the directory, the account that reads, and
the one that writes groups into one unit and nothing else. It needs root, because a domain controller listens at ports
below 1024.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from syncramp.simulator.certificates import make_server, write_private

ADDRESS = "127.0.77.1"
BASE, REALM, UNIT = "DC=corp,DC=example,DC=com", "CORP.EXAMPLE.COM", "OU=Cloud groups,DC=corp,DC=example,DC=com"
HERE = Path(__file__).resolve().parent
ACCOUNTS, PASSWORD = ("reader", "writer"), "Only-for-this-example.1"
GROUPS = "bf967a9c-0de6-11d0-a285-00aa003049e2"
"""schemaIDGUID of the class group: the writer makes and deletes groups in the unit, and writes what they have."""
CONFIGURATION = f"""\
[global]
    netbios name = DC1
    realm = {REALM}
    workgroup = CORP
    server role = active directory domain controller
    server services = ldap
    interfaces = {ADDRESS}/8
    bind interfaces only = yes
    private dir = {{folder}}/private
    state directory = {{folder}}/state
    cache directory = {{folder}}/cache
    lock directory = {{folder}}/lock
    pid directory = {{folder}}/run
    ncalrpc dir = {{folder}}/run/ncalrpc
    log file = {{folder}}/log
[sysvol]
    path = {{folder}}/state/sysvol
[netlogon]
    path = {{folder}}/state/sysvol/scripts
"""


def main() -> int:
    """Make a domain and serve it until Ctrl-C."""
    samba = which("samba", path="/usr/sbin:/usr/local/samba/sbin")
    if samba is None or which("samba-tool") is None:
        sys.stderr.write("samba is not installed (Debian: sudo apt-get install samba-ad-dc samba-ad-provision)\n")
        return 1
    with TemporaryDirectory() as name:
        folder = Path(name)
        _provision(folder)
        _secrets(folder)
        return _serve([samba, "-F", "-M", "single", "--no-process-group", "-s", str(folder / "smb.conf")])


def _provision(folder: Path) -> None:
    for part in ("private", "state", "cache", "lock", "run"):
        (folder / part).mkdir()
    (folder / "smb.conf").write_text(CONFIGURATION.format(folder=folder))
    domain = ["--domain=CORP", f"--realm={REALM}", "--server-role=dc", "--dns-backend=NONE", "--backend-store=tdb"]
    host = ["--host-name=dc1", f"--host-ip={ADDRESS}", f"--adminpass={PASSWORD}"]
    _tool(folder, "domain", "provision", *domain, *host)
    for account in ACCOUNTS:
        _tool(folder, "user", "create", account, PASSWORD)
    fill = [str(which("ldbadd")), "-H", str(folder / "private/sam.ldb"), str(HERE / "people.ldif")]
    subprocess.run(fill, check=True, capture_output=True)
    sid = _tool(folder, "user", "show", "writer", "--attributes=objectSid").split("objectSid: ")[1].split()[0]
    rights = f"--sddl=(OA;CI;CCDC;{GROUPS};;{sid})(OA;CIIO;WP;;{GROUPS};{sid})"
    _tool(folder, "dsacl", "set", f"--objectdn={UNIT}", rights, "-H", str(folder / "private/sam.ldb"))


def _tool(folder: Path, *words: str) -> str:
    command = ["samba-tool", *words, f"--configfile={folder / 'smb.conf'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"samba-tool {' '.join(words[:2])}: {done.stderr[-2000:]}")
    return done.stdout


def _secrets(folder: Path) -> None:
    authority, server = make_server(ADDRESS)
    for name, data in (("ca", authority), ("cert", server.certificate), ("key", server.key)):
        write_private(folder / f"private/tls/{name}.pem", data)
    write_private(HERE / "secrets/corp-ca/ca.crt", authority)
    for account in ACCOUNTS:
        write_private(HERE / f"secrets/corp-{account}/username", f"{account}@corp.example.com".encode())
        write_private(HERE / f"secrets/corp-{account}/password", PASSWORD.encode())


def _serve(command: list[str]) -> int:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as process:
        try:
            while process.poll() is None and not _answers():
                time.sleep(0.05)
            if process.poll() is None:
                sys.stdout.write(f"serving corp.example.com on ldaps://{ADDRESS}\n")
                sys.stdout.flush()
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            return 0


def _answers() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, 636)) == 0


if __name__ == "__main__":
    sys.exit(main())
