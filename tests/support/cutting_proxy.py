"""TCP proxies on loopback, which close the connection after so many bytes from the server, or at a large request."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cutting_proxy(target: int, after: int | None, host: str = "127.0.0.1") -> Iterator[int]:
    """Forward connections from 127.0.0.1 to a port of a host of loopback.

    :param after: how many bytes of the server's a client may see before both sides are closed; None: all.
    :return: the port to connect to.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, (host, target), after), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept up


def _serve(listener: socket.socket, target: tuple[str, int], after: int | None) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(target)
        threading.Thread(target=_pump, args=(client, server, None), daemon=True).start()
        threading.Thread(target=_pump, args=(server, client, after), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
    left = limit
    with suppress(OSError):
        while (left is None or left > 0) and (data := source.recv(65536)):
            sink.sendall(data if left is None else data[:left])
            left = None if left is None else left - len(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


class LosingProxy:
    """It loses the controller once, at the first request of a size: in the middle of it, or when it was answered.

    :param size: bytes of a client at once; 0: nothing is lost.
    """

    def __init__(self, target: int, host: str) -> None:
        self._target, self.size, self.middle, self.lost = (host, target), 0, False, 0
        self._swallows = False

    def lose(self, size: int, *, middle: bool) -> None:
        """From now on, once."""
        self.size, self.middle = size, middle

    @contextmanager
    def running(self) -> Iterator[int]:
        """:return: the port to connect to."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
            try:
                yield listener.getsockname()[1]
            finally:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            threading.Thread(target=self._pump, args=(client, server, self._asked), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, self._answered), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, seen: Callable[[bytes], bytes | None]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                passed = seen(data)
                if passed is None:
                    break
                sink.sendall(passed)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _asked(self, data: bytes) -> bytes | None:
        if not self.size or len(data) < self.size:
            return data
        self.size, self.lost = 0, self.lost + 1
        self._swallows = not self.middle
        return None if self.middle else data

    def _answered(self, data: bytes) -> bytes | None:
        if self._swallows:
            self._swallows = False
            return None
        return data
