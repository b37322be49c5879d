"""A client of the service on a bare TLS socket: what HTTP allows, byte by byte. Standard library only."""

import os
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from support.foreign import Seen
from support.foreign_reader import seen

TYPE = "application/soap+msbin1"
PATH = "/provisioningservice.svc"
PATIENCE = 30.0


@dataclass(frozen=True)
class Heard:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    informed: tuple[int, ...] = ()
    """Interim answers before it."""

    @property
    def message(self) -> Seen:
        """The one element in the body of the message."""
        return self.envelope.at("Body").children[0]

    @property
    def envelope(self) -> Seen:
        assert self.headers["content-type"] == TYPE, self
        return seen(self.body)


class Line:
    """One connection."""

    def __init__(self, host: str, authority: bytes) -> None:
        address, _, port = host.partition(":")
        context = ssl.create_default_context(cadata=authority.decode())
        plain = socket.create_connection((address, int(port)), timeout=PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=address, suppress_ragged_eofs=False)
        self.host = host
        self._rest = b""

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.socket.sendall(data)

    def post(
        self,
        body: bytes,
        *,
        path: str = PATH,
        kind: str = TYPE,
        headers: Mapping[str, str] | None = None,
        version: str = "1.1",
    ) -> Heard:
        """A request in one piece."""
        self.send(
            self.head(
                "POST", path, {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}, version
            )
        )
        self.send(body)
        return self.hear()

    def head(self, method: str, path: str, headers: Mapping[str, str], version: str = "1.1") -> bytes:
        """The head of a request."""
        lines = [f"{method} {path} HTTP/{version}", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def chunked(self, pieces: Iterable[bytes], headers: Mapping[str, str] | None = None) -> Heard:
        """A request in chunks, with a trailer."""
        told = {"Content-Type": TYPE, "Transfer-Encoding": "chunked", **(headers or {})}
        self.send(self.head("POST", PATH, told))
        for piece in pieces:
            self.send(b"%X;note=x\r\n%s\r\n" % (len(piece), piece))
        self.send(b"0\r\nX-Trailer: 1\r\n\r\n")
        return self.hear()

    def hear(self) -> Heard:
        """The next answer."""
        informed: list[int] = []
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(head[0].split(" ")[1])
            if status >= 200:
                break
            informed.append(status)
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
        return Heard(status, headers, self._body(headers), tuple(informed))

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if "content-length" in headers:
            return self._take(int(headers["content-length"]))
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                body += self._take(size)
                self._until(b"\r\n")
            return body
        return self.rest()

    def rest(self) -> bytes:
        """Everything until the other side ends."""
        while piece := self.socket.recv(65536):
            self._rest += piece
        data, self._rest = self._rest, b""
        return data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._more()
        data, _, self._rest = self._rest.partition(mark)
        return data

    def _take(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def _more(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError(f"the other side ended after {self._rest[:80]!r}")
        self._rest += piece

    def raw_end(self) -> None:
        """Read below TLS until the other side ends: TLS itself does not tell a reset from an end without a farewell.

        :raises ConnectionResetError: it was a reset.
        """
        self.socket.setblocking(True)
        while os.read(self.socket.fileno(), 65536):
            pass

    def close(self) -> None:
        """End the connection without a word."""
        self.socket.close()


@contextmanager
def line(host: str, authority: bytes) -> Iterator[Line]:
    """A connection that is closed at the end of the block."""
    made = Line(host, authority)
    try:
        yield made
    finally:
        made.close()
