"""A TCP proxy on loopback for a server that is far away, or falls silent."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def slow_proxy(target: int, delay: float = 0.0, silent_after: int | None = None) -> Iterator[int]:
    """Forward connections from 127.0.0.1 to a port there.

    :param delay: seconds by which each answer comes later; what follows at once comes with it.
    :param silent_after: how many bytes of the server's a client may see before nothing comes any more; None: all.
    :return: the port to connect to.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, target, delay, silent_after), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept up


def _serve(listener: socket.socket, target: int, delay: float, silent_after: int | None) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", target))
        threading.Thread(target=_pump, args=(client, server, delay, None), daemon=True).start()
        threading.Thread(target=_pump, args=(server, client, 0.0, silent_after), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, delay: float, limit: int | None) -> None:
    seen = 0
    with suppress(OSError):
        while data := source.recv(1 << 16):
            time.sleep(delay)
            seen += len(data)
            if limit is None or seen <= limit:
                sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
