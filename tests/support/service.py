"""A small HTTPS service on loopback whose every answer a test writes: the good, the bad and the missing.

It issues tokens (unless told to refuse) and answers each call of the sync endpoint with the next step of its script;
when the script is over it answers as the service would. Standard library only, so that a broken answer can be as
broken as one likes.
"""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from support.build import CLIENT, TENANT
from support.ldap_certificates import Certificates, issue
from syncramp.endpoint import contract, soap
from syncramp.errors import InputRefused
from syncramp.model.wire import Company
from syncramp.spec.references import KeyRef
from syncramp.spec.sign_in import ClientSecretAuth
from syncramp.spec.types import (
    Cloud,
    EndpointOverrides,
    Target,
    WriteBudget,
)

SECRET = "a-made-up-client-secret"
COMPANY = Company(
    TENANT,
    "Contoso",
    True,
    "objectGUID",
    interval="PT30M",
    delete_threshold=500,
    known_objects=0,
    deletion_prevention="EnabledForCount",
    delete_percentage=0,
)


@dataclass
class Step:
    """One answer of the endpoint."""

    status: int = 200
    content_type: str = soap.CONTENT_TYPE
    body: bytes | None = None
    """None: as the service would answer."""
    cut: bool = False
    """Close the connection after half of the answer."""
    silent: bool = False
    """Close the connection without an answer."""
    held: threading.Event | None = None
    """Answer when it is set."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """What runs, and what it was asked."""

    port: int
    certificates: Certificates
    steps: list[Step] = field(default_factory=list)
    requests: list[contract.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    token_requests: list[dict[str, list[str]]] = field(default_factory=list)
    refuse_token: str = ""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def target(self, **overrides: Any) -> Target:
        settings = {
            "host": self.host,
            "authority": f"https://{self.host}",
            "ca": KeyRef("ca", "ca.crt"),
            "visibility_delay": timedelta(),
            **overrides,
        }
        auth = ClientSecretAuth(CLIENT, KeyRef("app", "secret"))
        return Target(Cloud.COMMERCIAL, TENANT, auth, EndpointOverrides(**settings), WriteBudget(1_000_000, 100))

    def secrets(self, folder: Path) -> "Secrets":
        return Secrets({("ca", "ca.crt"): self.certificates.ca, ("app", "secret"): SECRET.encode() + b"\n"})


@dataclass
class Secrets:
    """Secrets in memory."""

    values: dict[tuple[str, str], bytes]

    def read(self, name: str, key: str) -> bytes:
        try:
            return self.values[name, key]
        except KeyError:
            raise InputRefused(f"the Secret {name} has no key {key}") from None


def good(request: contract.Request) -> bytes:
    """What the service answers when nothing is wrong."""
    match request.operation:
        case contract.GET_COMPANY:
            return contract.company_response(COMPANY, request.message_id)
        case contract.READ_BACK:
            return contract.read_back_response([], b"cookie", False, request.message_id)
        case contract.PROVISION:
            results = [
                contract.SyncResult(obj.kind, "Success", "Add", str(obj.values["SourceAnchor"]))
                for obj in contract.parse_sync_objects(request.body)
            ]
            return contract.provision_response(results, request.message_id)
        case _:
            return contract.finalize_response(request.message_id)


def fault(text: str, code: str = "") -> Step:
    return Step(500, body=contract.fault_response(text, code, relates_to=UUID(int=5)))


@contextmanager
def serving(*steps: Step, certificates: Certificates | None = None) -> Iterator[Service]:
    """The service, until the block ends."""
    made = certificates or issue("127.0.0.1", "localhost")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    service = Service(server.server_address[1], made, list(steps))
    server.service = service  # type: ignore[attr-defined]
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, made)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _load(context: ssl.SSLContext, made: Certificates) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "c.pem", Path(folder) / "k.pem"
        certificate.write_bytes(made.certificate)
        key.write_bytes(made.key)
        context.load_cert_chain(certificate, key)


_NONE: Mapping[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # a client that does not trust us hangs up

    @property
    def service(self) -> Service:
        return self.server.service  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        base = f"https://{self.service.host}/{TENANT}"
        document = {
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "issuer": f"{base}/v2.0",
        }
        self._send(200, "application/json", json.dumps(document).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/token"):
            self._token(parse_qs(body.decode()))
        else:
            self._call(body)

    def _token(self, form: dict[str, list[str]]) -> None:
        self.service.token_requests.append(form)
        if self.service.refuse_token:
            answer: dict[str, Any] = {"error": "invalid_client", "error_description": self.service.refuse_token}
            self._send(401, "application/json", json.dumps(answer).encode())
            return
        number = len(self.service.token_requests)
        answer = {"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": 3600}
        self._send(200, "application/json", json.dumps(answer).encode())

    def _call(self, body: bytes) -> None:
        request = contract.parse_request(body)
        self.service.requests.append(request)
        self.service.bodies.append(body)
        self.service.headers.append({name.lower(): value for name, value in self.headers.items()})
        step = self.service.steps.pop(0) if self.service.steps else Step()
        if step.silent:
            self.close_connection = True
            return
        if step.held:
            step.held.wait(30.0)
        answer = good(request) if step.body is None else step.body
        self._send(step.status, step.content_type, answer, step.headers, cut=step.cut)

    def _send(
        self, status: int, content_type: str, body: bytes, headers: Mapping[str, str] = _NONE, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True
