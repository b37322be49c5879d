"""What ldapsearch costs, which the others are measured against."""

import os
import subprocess
from collections.abc import Sequence

from bench.ldap_clients import Access


def spent(access: Access, search: Sequence[str]) -> float:
    """Seconds of the processor, user and system, of a process that searches; what it finds goes nowhere."""
    command = ["ldapsearch", "-x", "-H", access.url, "-D", access.user, "-w", access.password, "-LLL", *search]
    environment = {**os.environ, "LDAPTLS_CACERT": access.ca}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"ldapsearch ended with {process.returncode}")
    return used.ru_utime + used.ru_stime
