"""Put on PYTHONPATH, this watches every Python process of a test from within.

An address that is not loopback is neither resolved nor connected to: it ends in an error and in a line of the file
``foreign`` of the folder WATCHED. How much memory a process took at its peak stands in ``peaks`` when it ends.
"""

import atexit
import os
import sys
from pathlib import Path
from typing import NoReturn

_FOLDER = Path(os.environ["WATCHED"])
_HERE = ("127.0.0.1", "::1", "localhost", "", None)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    host: object = None
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host not in _HERE:
        with (_FOLDER / "foreign").open("a") as file:
            file.write(f"{event} {host}\n")
        raise OSError(f"{event}: {host} is not this machine")


def _tell_peak() -> None:
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    with (_FOLDER / "peaks").open("a") as file:
        file.write(f"{peak} {' '.join(sys.argv[1:])}\n")


def _tell_and_leave(code: int) -> NoReturn:
    _tell_peak()
    _leave(code)


_leave = os._exit
vars(os)["_exit"] = _tell_and_leave  # nobody who waits for the exit is called then
sys.addaudithook(_hook)
atexit.register(_tell_peak)
