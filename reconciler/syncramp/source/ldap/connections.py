"""The connections of one source: whoever waits for a server, in whatever thread, can be woken."""

import socket
import threading
from contextlib import suppress
from typing import Any

from syncramp.errors import SourceUnavailable


class Connections:
    """ldap3's connections, from before they are opened."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Any] = []
        self._ended = False

    def add(self, connection: Any) -> None:
        """One that will be opened.

        :raises SourceUnavailable: the source was interrupted.
        """
        with self._lock:
            if self._ended:
                raise SourceUnavailable("the read was interrupted", remedy="the next run reads it")
            self._all.append(connection)

    def remove(self, connection: Any) -> None:
        """One that is closed."""
        with self._lock, suppress(ValueError):
            self._all.remove(connection)

    @property
    def open(self) -> int:
        """How many there are."""
        return len(self._all)

    def end(self) -> None:
        """All that wait for a server go on at once, with an error; no connection is opened any more."""
        with self._lock:
            self._ended = True
            for opened in [connection.socket for connection in self._all]:
                if opened is not None:
                    with suppress(OSError):  # under TLS only the socket: what lies above it is another thread's
                        socket.socket.shutdown(opened, socket.SHUT_RDWR)
