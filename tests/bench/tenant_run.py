"""The simulator in a process of its own, which keeps what each call to the endpoint was.

It is ``syncramp simulator`` itself. Beside it, a line for each call goes into a file: when it was answered, on the
clock that all processes of a machine share, its operation, and what it carried. So nothing of this is counted on the
side that is measured, and the messages are the same to whatever client. Headers of HTTP and TLS are not counted.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from syncramp.cli import run
from syncramp.simulator.journal import Entry, Journal
from syncramp.simulator.service import Service


def main(calls: str, *arguments: str) -> None:
    """Serve until the process is ended.

    :param calls: the file.
    :param arguments: of ``syncramp simulator``.
    """
    noted: list[Entry] = []
    note: Callable[..., None] = Journal.note
    answer: Callable[..., Any] = Service.answer
    with open(calls, "a", encoding="utf-8", buffering=1) as file:  # noqa: PTH123 - a line leaves when it is whole

        def note_too(journal: Journal, entry: Entry, *others: Any) -> None:
            noted[:] = [entry]
            note(journal, entry, *others)

        def answer_too(service: Service, data: bytes, *others: Any) -> Any:
            made = answer(service, data, *others)
            (entry,) = noted
            told = {
                "at": time.monotonic(),
                "operation": entry.operation,
                "objects": entry.objects,
                "links": entry.links,
                "sent": len(data),
                "received": len(made.body),
            }
            file.write(f"{json.dumps(told)}\n")
            return made

        vars_of: Any = (Journal, Service)
        vars_of[0].note, vars_of[1].answer = note_too, answer_too
        sys.exit(run(["simulator", *arguments]))


if __name__ == "__main__":
    main(*sys.argv[1:])
