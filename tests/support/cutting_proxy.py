"""A TCP proxy on loopback, which can close the connection after so many bytes from the server."""

import socket
import threading
from collections.abc import Iterator
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
