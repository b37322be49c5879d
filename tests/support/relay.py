"""A TCP relay on loopback, which asks of every piece what of it goes on, and whether the connection does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

Passes = Callable[[bytes, bool], tuple[bytes, bool]]
"""A piece, and whether it is of the server -> what goes on of it, and whether the connection goes on."""


@contextmanager
def relay(target: tuple[str, int], passes: Callable[[], Passes]) -> Iterator[int]:
    """Forward connections from a port of 127.0.0.1 to a host of loopback.

    :param passes: makes what is asked, for each connection.
    :return: the port to connect to.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, target, passes), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept up


def _serve(listener: socket.socket, target: tuple[str, int], passes: Callable[[], Passes]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server, asked = socket.create_connection(target), passes()
        for source, sink, answers in ((client, server, False), (server, client, True)):
            threading.Thread(target=partial(_pump, source, sink, asked, answers), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, passes: Passes, answers: bool) -> None:
    on = True
    with suppress(OSError):
        while on and (data := source.recv(65536)):
            data, on = passes(data, answers)
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
