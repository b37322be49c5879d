"""The codec against lxml on the same content, in turns: the best of some rounds, and the memory of ours.

Time is the processor's, which other programs disturb less than the clock's. Memory is measured in a run of its own,
by tracemalloc. "Beyond the inputs" means what was allocated while the work was done: the objects to encode and the
message to decode were there before.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from lxml import etree

from bench.messages import objects, tree
from syncramp.endpoint import contract, soap
from syncramp.model.wire import SyncObject

TOKEN = soap.SyncToken("bearer", "2.6.92.0", UUID(int=7))
TO = "https://127.0.0.1/provisioningservice.svc"


@dataclass(frozen=True)
class Measured:
    """Ours next to the peer's."""

    what: str
    ours: float
    peer: float
    """Seconds of the processor."""
    memory: float
    """Our peak beyond the inputs, in multiples of the message."""

    @property
    def ratio(self) -> float:
        return self.ours / self.peer


@dataclass(frozen=True)
class Found:
    """All that was measured."""

    users: int
    references: int
    rounds: int
    binary: int
    text: int
    """Bytes of the message, and of the same as text XML."""
    rows: list[Measured]
    ratios: dict[str, float]


def measure(users: int, references: int, rounds: int) -> Found:
    """Encode and decode one export request of so many users and references."""
    sent = objects(users, references)
    element = tree(sent)
    text = etree.tostring(element, encoding="utf-8")
    message = encode(sent)
    assert decode(message) == sent
    pairs: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("encode", lambda: encode(sent), lambda: etree.tostring(element, encoding="utf-8")),
        ("decode to objects", lambda: decode(message), lambda: etree.fromstring(text)),
    ]
    rows = []
    for what, ours, peer in pairs:
        best = _best([ours, peer], rounds)
        rows.append(Measured(what, best[0], best[1], _peak(ours) / len(message)))
    ratios = {row.what: round(row.ratio, 3) for row in rows}
    return Found(users, references, rounds, len(message), len(text), rows, ratios)


def encode(sent: list[SyncObject]) -> bytes:
    """A whole request."""
    return soap.request(contract.PROVISION, contract.provision(sent), TOKEN, TO)


def decode(message: bytes) -> list[SyncObject]:
    """The objects of a whole request, as the simulator reads them."""
    return list(contract.parse_sync_objects(contract.parse_request(message).body))


def _best(works: list[Callable[[], object]], rounds: int) -> list[float]:
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for place, work in enumerate(works):
            gc.collect()
            began = time.process_time()
            made = work()
            best[place] = min(best[place], time.process_time() - began)
            del made
    return best


def _peak(work: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    made = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del made
    return peak
