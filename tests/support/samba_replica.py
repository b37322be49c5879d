"""A second domain controller that joins the domain of another one, and replicates from it when it is told to."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from support.samba import (
    ADMINISTRATOR,
    MEMORY,
    PASSWORD,
    REALM,
    SERVICES,
    Samba,
    free_address,
    offline,
    served,
    settings,
)


@dataclass(frozen=True)
class Replica:
    """A controller that has what the first one had when it last pulled."""

    samba: Samba
    first: Samba

    def pull(self) -> None:
        """Take over what the first one has."""
        configuration = f"--configfile={self.samba.folder / 'etc' / 'smb.conf'}"
        _tool(self.first, "drs", "replicate", "DC2", self.first.address, self.first.base, "--local", configuration)


@contextmanager
def joined(first: Samba) -> Iterator[Replica]:
    """Join the domain of a controller that ``replicates``, and serve it until the block ends; about ten seconds."""
    with TemporaryDirectory(prefix="samba", dir=MEMORY) as name:
        folder, address = Path(name), free_address()
        options = (f"interfaces={address}/8", "bind interfaces only=yes", "netbios name=DC2", "ldb:nosync=yes")
        place = (f"--server={first.address}", f"--targetdir={folder}", "--dns-backend=NONE")
        _tool(first, "domain", "join", REALM.lower(), "DC", *place, *(f"--option={option}" for option in options))
        offline("configure", folder, settings(address, "DC2", SERVICES))
        with served(folder, address) as running:
            yield Replica(running, first)


def _tool(first: Samba, *words: str) -> None:
    done = subprocess.run(
        ["samba-tool", *words, f"--username={ADMINISTRATOR}@{REALM}", f"--password={PASSWORD}"],
        env={**os.environ, "KRB5_CONFIG": str(first.kerberos)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"samba-tool {words[0]} {words[1]} failed: {done.stderr[-2000:]}")
