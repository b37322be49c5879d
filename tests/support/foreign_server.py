"""A service on a bare TLS socket that answers the product's client in any legal form. Standard library only.

It issues tokens to whoever asks. Requests are read with ``foreign_reader``, answers are trees that a ``Style`` turns
into bytes and a ``Manner`` into HTTP.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from support.foreign import LITERAL, Seen, Style, X, written
from support.foreign_client import TYPE
from support.foreign_reader import seen


class Pem(Protocol):
    """A certificate with its key and its authority, as PEM."""

    ca: bytes
    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Manner:
    """How an answer travels over HTTP."""

    status: int = 200
    kind: str = TYPE
    framing: str = "length"
    """``length``, ``chunked``, or ``close``: the end of the connection is the end of the answer."""
    headers: tuple[tuple[str, str], ...] = ()
    upper: bool = False
    """Names of headers in capitals."""
    version: str = "1.1"
    at_a_time: int = 0
    """Bytes in one piece; 0: all."""
    informs: bool = False
    """An interim answer 100 comes first, although nobody asked."""


Answering = Callable[[str, Seen], X]
"""The operation and the envelope of a request; the envelope of the answer."""


@dataclass
class Foreign:
    """What runs, and what it heard."""

    port: int
    answering: Answering
    style: Style = LITERAL
    manners: list[Manner] = field(default_factory=list)
    """One for each call; when they are over, the plain one."""
    requests: list[Seen] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def foreign(answering: Answering, pem: Pem, style: Style = LITERAL, *manners: Manner) -> Iterator[Foreign]:
    """The service, until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "c.pem", Path(folder) / "k.pem"
        certificate.write_bytes(pem.certificate)
        key.write_bytes(pem.key)
        context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Foreign(listener.getsockname()[1], answering, style, list(manners))
        thread = threading.Thread(target=_accept, args=(listener, context, made), daemon=True)
        thread.start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, context: ssl.SSLContext, made: Foreign) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            made.connections += 1
            threading.Thread(target=_serve, args=(plain, context, made), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, made: Foreign) -> None:
    plain.settimeout(30.0)
    with plain, suppress(OSError, EOFError):
        with context.wrap_socket(plain, server_side=True) as line:
            while _exchange(line, made):
                pass


def _exchange(line: ssl.SSLSocket, made: Foreign) -> bool:
    """One request and its answer; whether the connection goes on."""
    first, headers, body = _request(line)
    if not first.endswith("/provisioningservice.svc HTTP/1.1"):
        return _sent(line, Manner(kind="application/json"), _issued(first, made.host))
    envelope = seen(body)
    operation = envelope.at("Header/Action").text.rpartition("/")[2]
    made.requests.append(envelope)
    made.heads.append(headers)
    manner = made.manners.pop(0) if made.manners else Manner()
    return _sent(line, manner, written(made.answering(operation, envelope), made.style))


def _request(line: ssl.SSLSocket) -> tuple[str, dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(line)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (told.partition(":") for told in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _more(line)
    return first, headers, body


def _more(line: ssl.SSLSocket) -> bytes:
    piece = line.recv(65536)
    if not piece:
        raise EOFError
    return piece


def _issued(first: str, host: str) -> bytes:
    """A document of the token issuer, or a token."""
    base = f"https://{host}/{first.split('/')[1]}"
    if first.startswith("GET"):
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
        document = {name: f"{base}/oauth2/v2.0/{last}" for name, last in names.items()} | {"issuer": f"{base}/v2.0"}
    else:
        document = {"access_token": "a-token", "token_type": "Bearer", "expires_in": "3600"}
    return json.dumps(document).encode()


def _sent(line: ssl.SSLSocket, manner: Manner, body: bytes) -> bool:
    framing = {
        "length": [("Content-Length", str(len(body)))],
        "chunked": [("Transfer-Encoding", "chunked")],
        "close": [("Connection", "close")],
    }[manner.framing]
    told = [("Content-Type", manner.kind), *framing, *manner.headers]
    lines = [f"{name.upper() if manner.upper else name}: {value}" for name, value in told]
    data = "\r\n".join([f"HTTP/{manner.version} {manner.status} Whatever", *lines, "", ""]).encode()
    if manner.informs:
        data = b"HTTP/1.1 100 Continue\r\n\r\n" + data
    data += _chunks(body) if manner.framing == "chunked" else body
    step = manner.at_a_time or len(data)
    for start in range(0, len(data), step):
        line.sendall(data[start : start + step])
    if manner.framing == "close":
        line.unwrap()  # the farewell of TLS; without it nobody could tell a whole answer from a cut one
        return False
    return manner.version == "1.1"


def _chunks(body: bytes) -> bytes:
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Trailer: 1\r\n\r\n"
