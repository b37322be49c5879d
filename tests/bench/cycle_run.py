"""One run of ``syncramp sync`` in a process of its own, which tells what each of its phases cost.

It is the command's own way: the document is read, the store opened, the directory and the tenant asked. What is
counted of the wire is the messages, without the headers of HTTP and without TLS.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.phase import peak
from syncramp.endpoint import contract, soap
from syncramp.events import Event, PhaseEnded, PhaseStarted
from syncramp.model.report import RunReport


@dataclass
class Cost:
    """What a phase, or a run, took."""

    name: str
    wall: float = 0.0
    """Seconds."""
    cpu: float = 0.0
    """Seconds of the processor, of all threads of this process."""
    objects: int = 0
    links: int = 0
    calls: int = 0
    sent: int = 0
    received: int = 0
    """Bytes of messages."""


@dataclass
class Spent:
    """A run, as its process tells it."""

    phases: list[Cost]
    links: int
    """That were acknowledged."""
    objects: int
    settled: bool
    peak: int
    """Bytes."""


@dataclass
class Gauge:
    """What was spent so far."""

    calls: int = 0
    sent: int = 0
    received: int = 0
    began: Cost = field(default_factory=lambda: Cost(""))
    phases: list[Cost] = field(default_factory=list)

    def now(self, name: str) -> Cost:
        return Cost(name, time.perf_counter(), time.process_time(), 0, 0, self.calls, self.sent, self.received)

    def listen(self, event: Event) -> None:
        if isinstance(event, PhaseStarted):
            self.began = self.now(event.phase)
        elif isinstance(event, PhaseEnded):
            began, ended = self.began, self.now(event.phase)
            told = Cost(event.phase, ended.wall - began.wall, ended.cpu - began.cpu, event.objects, event.links)
            told.calls, told.sent = ended.calls - began.calls, ended.sent - began.sent
            told.received = ended.received - began.received
            self.phases.append(told)

    def wrap(self) -> None:
        """Count the messages of the endpoint from now on."""
        written: Callable[..., bytes] = soap.request
        opened: Callable[..., Any] = contract.open_answer

        def request(*parts: Any) -> bytes:
            message = written(*parts)
            self.calls, self.sent = self.calls + 1, self.sent + len(message)
            return message

        def answer(operation: str, data: bytes) -> Any:
            self.received += len(data)
            return opened(operation, data)

        vars(soap)["request"], vars(contract)["open_answer"] = request, answer


def main(document: str, state: str, *options: str) -> None:
    """Make a run, and print JSON.

    :param state: the store, as ``--state`` names it.
    :param options: ``full``: everything is read anew.
    """
    from syncramp.cycle.slices import run_all
    from syncramp.session.opening import job

    gauge = Gauge()
    gauge.wrap()
    with job(document, Path(state), None, gauge.listen, sends=True) as made:
        report: RunReport = run_all(replace(made, full="full" in options))
    if report.failure:
        sys.exit(str(report.failure))
    spent = Spent(gauge.phases, report.links.acknowledged, report.objects.acknowledged, report.settled, peak())
    sys.stdout.write(json.dumps(asdict(spent)))


if __name__ == "__main__":
    importlib.import_module("syncramp.cli.sync")
    main(*sys.argv[1:])
