"""What the kernel tells of processes (proc(5)): the most memory they had, and the processor's time they took."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def peak() -> int:
    """The most memory this process ever had, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the peak of a process's memory")


def spent(pid: int) -> float:
    """Seconds of the processor that a process took, and all that it started: those that ended count with it."""
    return sum(map(_spent, _family(pid))) / _TICKS


def _spent(pid: int) -> int:
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended just now, and is counted by the one that waited for it
    return sum(map(int, told.rpartition(")")[2].split()[11:15]))  # utime, stime, and both of children that ended


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            yield from _family(int(child))
