"""A system outside on loopback, over HTTPS or HTTP, whose every answer a test writes."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from support.ldap_certificates import Certificates, issue


@dataclass
class Said:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds before each part of the body."""
    cut: bool = False
    """Half of the body comes, and then nothing."""


@dataclass
class Heard:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Outside:
    """What runs, and what it was asked."""

    url: str
    ca: bytes
    script: list[Said]
    heard: list[Heard] = field(default_factory=list)


@cache
def _certificates() -> Certificates:
    return issue("127.0.0.1", "localhost")


@contextmanager
def outside(*script: Said, tls: bool = True) -> Iterator[Outside]:
    """A service that gives these answers, one after the other, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    made = _certificates()
    scheme = "https" if tls else "http"
    told = Outside(f"{scheme}://127.0.0.1:{server.server_address[1]}", made.ca, list(script))
    server.outside = told  # type: ignore[attr-defined]
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _load(context, made)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _load(context: ssl.SSLContext, made: Certificates) -> None:
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "c.pem", Path(folder) / "k.pem"
        certificate.write_bytes(made.certificate)
        key.write_bytes(made.key)
        context.load_cert_chain(certificate, key)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # a client that does not trust us, or has enough, hangs up

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        told: Outside = self.server.outside  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        told.heard.append(Heard(self.command, self.path, headers, body))
        said = told.script.pop(0)
        self.send_response(said.status)
        for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(said)

    def _write(self, said: Said) -> None:
        body = said.body[: len(said.body) // 2] if said.cut else said.body
        size = max(1, len(body) // 10) if said.pause else max(1, len(body))
        for start in range(0, len(body), size):
            threading.Event().wait(said.pause)
            self.wfile.write(body[start : start + size])
            self.wfile.flush()
        self.close_connection = said.cut
