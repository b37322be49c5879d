"""``syncramp`` in a process of its own, as a person starts it, which tells when each phase of a run began and ended.

The command itself is run, with its arguments. Marks are made where the events of phases are made, and one when it
leaves the process. Each has the clock, which all processes of a machine share; the processor's time of all threads of
this process since it was started; and the most memory that it ever had (VmHWM), which is read beside, because what
``getrusage`` tells begins with the memory of the process that started this one.
"""

import atexit
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from bench.status import peak
from syncramp import events

LEAVES = "leaves"


def main(marks: str, *arguments: str) -> None:
    """Run the command, and leave its marks as lines of JSON in a file.

    :param arguments: of ``syncramp``.
    """
    file = open(marks, "w", encoding="utf-8", buffering=1)  # noqa: PTH123, SIM115 - until the process is gone

    def mark(name: str, *, begins: bool, objects: int = 0, links: int = 0) -> None:
        at, cpu = time.monotonic(), time.process_time()
        told = {"name": name, "begins": begins, "at": at, "cpu": cpu, "peak": peak()}
        file.write(f"{json.dumps({**told, 'objects': objects, 'links': links})}\n")

    atexit.register(mark, LEAVES, begins=False)
    leave = os._exit

    def leave_at_once(code: int) -> NoReturn:
        mark(LEAVES, begins=False)
        leave(code)

    vars(os)["_exit"] = leave_at_once  # nobody who waits for the exit is called then
    _whenever(events.PhaseStarted, lambda event: mark(event.phase, begins=True))
    _whenever(
        events.PhaseEnded,
        lambda event: mark(event.phase, begins=False, objects=event.objects, links=event.links),
    )
    from syncramp.__main__ import main as command

    sys.argv = ["syncramp", *arguments]
    command()


def _whenever(kind: type[Any], heard: Callable[[Any], None]) -> None:
    """Whenever an event of this kind is made, it is heard."""
    made: Callable[..., None] = kind.__init__

    def make(event: Any, *values: Any, **named: Any) -> None:
        made(event, *values, **named)
        heard(event)

    kind.__init__ = make  # type: ignore[method-assign,misc]


if __name__ == "__main__":
    main(*sys.argv[1:])
