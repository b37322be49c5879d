"""A TCP proxy on loopback that a test tells when to cut the connection: at the next request, or at its answer."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum


class At(Enum):
    """Where the connection is cut, by what comes next."""

    REQUEST = "the request does not arrive"
    HALF_ANSWER = "it is done, and half of the answer arrives"
    ANSWER = "it is done, and no answer arrives"


@dataclass
class Scissors:
    """The proxy; ``cut`` is set by the test, and None again once it was done."""

    port: int
    cut: At | None = None
    cuts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, data: bytes, *, answers: bool) -> tuple[bytes, bool]:
        """What goes on of a piece, and whether the connection goes on."""
        with self._lock:
            at = self.cut
            if at is None or (at is not At.REQUEST) is not answers:
                return data, True
            self.cut, self.cuts = None, self.cuts + 1
            return data[: len(data) // 2] if at is At.HALF_ANSWER else b"", False


@contextmanager
def scissors(host: str, port: int) -> Iterator[Scissors]:
    """Forward connections from a port of 127.0.0.1 to a host of loopback, as long as nothing is cut."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Scissors(listener.getsockname()[1])
        threading.Thread(target=_serve, args=(listener, (host, port), made), daemon=True).start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept up


def _serve(listener: socket.socket, target: tuple[str, int], made: Scissors) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(target)
        for source, sink, answers in ((client, server, False), (server, client, True)):
            threading.Thread(target=_pump, args=(source, sink, made.passes, answers), daemon=True).start()


def _pump(
    source: socket.socket, sink: socket.socket, passes: Callable[..., tuple[bytes, bool]], answers: bool
) -> None:
    on = True
    with suppress(OSError):
        while on and (data := source.recv(65536)):
            data, on = passes(data, answers=answers)
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
