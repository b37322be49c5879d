"""A TCP proxy on loopback that a test tells when to cut the connection: at the next request, or at its answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from support.relay import relay


class At(Enum):
    """Where the connection is cut, by what comes next."""

    REQUEST = "the request does not arrive"
    HALF_ANSWER = "it is done, and half of the answer arrives"
    ANSWER = "it is done, and no answer arrives"


@dataclass
class Scissors:
    """The proxy; ``cut`` is set by the test, and None again once it was done."""

    port: int = 0
    cut: At | None = None
    least: int = 0
    """Bytes of a client at once; a smaller request is not the next one."""
    cuts: int = 0
    _met: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, data: bytes, answers: bool) -> tuple[bytes, bool]:
        """What goes on of a piece, and whether the connection goes on."""
        with self._lock:
            at = self.cut
            self._met = self._met or (at is not None and not answers and len(data) >= self.least)
            if at is None or not self._met or (at is not At.REQUEST) is not answers:
                return data, True
            self.cut, self._met, self.cuts = None, False, self.cuts + 1
            return data[: len(data) // 2] if at is At.HALF_ANSWER else b"", False


@contextmanager
def scissors(host: str, port: int) -> Iterator[Scissors]:
    """Forward connections from a port of 127.0.0.1 to a host of loopback, as long as nothing is cut."""
    made = Scissors()
    with relay((host, port), lambda: made.passes) as made.port:
        yield made
