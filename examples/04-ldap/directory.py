"""A small directory for this example: OpenLDAP's slapd on 127.0.0.1, filled with directory.ldif. Ends at Ctrl-C.

It writes the Secrets that syncconfig.yaml names: the CA that vouches for the directory, and the account that reads.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from syncramp.simulator.certificates import make_certificates, write_private

PORT = 6360
HERE = Path(__file__).resolve().parent
USER, PASSWORD = "cn=reader,DC=corp,DC=example,DC=com", b"only-for-this-example"
CONFIGURATION = f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include {HERE}/ad.schema
pidfile {{folder}}/slapd.pid
argsfile {{folder}}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
sizelimit unlimited
TLSCertificateFile {{folder}}/server.pem
TLSCertificateKeyFile {{folder}}/server.key
database mdb
suffix "DC=corp,DC=example,DC=com"
rootdn "{USER}"
rootpw {PASSWORD.decode()}
directory {{folder}}
"""


def main() -> int:
    """Fill the directory and serve it until Ctrl-C."""
    slapd = which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/local/libexec")
    if slapd is None:
        sys.stderr.write("slapd is not installed (Debian: sudo apt-get install slapd)\n")
        return 1
    with TemporaryDirectory() as folder:
        configuration = _prepare(Path(folder))
        fill = [slapd, "-T", "add", "-q", "-s", "-f", configuration, "-l", HERE / "directory.ldif"]
        subprocess.run(fill, check=True)  # -s: a contact needs no sn, as in Active Directory
        return _serve([slapd, "-f", str(configuration), "-h", f"ldaps://127.0.0.1:{PORT}/", "-d", "0"])


def _prepare(folder: Path) -> Path:
    made = make_certificates("directory")
    write_private(folder / "server.pem", made.server.certificate)
    write_private(folder / "server.key", made.server.key)
    write_private(HERE / "secrets/corp-ca/ca.crt", made.ca)
    write_private(HERE / "secrets/corp-reader/username", USER.encode())
    write_private(HERE / "secrets/corp-reader/password", PASSWORD)
    configuration = folder / "slapd.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder))
    return configuration


def _serve(command: list[str]) -> int:
    with subprocess.Popen(command) as process:
        try:
            while process.poll() is None and not _answers():
                time.sleep(0.05)
            if process.poll() is None:
                sys.stdout.write(f"serving directory.ldif on ldaps://127.0.0.1:{PORT}\n")
                sys.stdout.flush()
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            return 0


def _answers() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0


if __name__ == "__main__":
    sys.exit(main())
