"""A domain controller on loopback, over TLS, as strict as Active Directory where Samba is milder.

Several of them serve replicas of one domain (``ad_double_tree``). Tests change the replica while it is read, from
``before``, which is told of every search; they break the connection, or have the server say that it is busy.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from support import ad_double_ber as ber
from support.ad_double_search import Limits, Refused, Search, Searcher, controller, settings, settings_entry
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.ad_double_writes import ANSWERS, OPERATIONS, Cut, Write, Writes, request
from support.ldap_certificates import issue
from syncramp.source import dn as names

READER = "reader@test"
PASSWORD = Account.password


@dataclass
class Controller:
    """One server; ``running`` starts it."""

    replica: Replica
    accounts: dict[str, Account] = field(default_factory=lambda: {READER: Account()})
    limits: Limits = field(default_factory=Limits)
    references: tuple[str, ...] = ()
    before: Callable[[Search], None] | None = None
    """Called with every search before it is answered; an OSError from it breaks the connection, and Refused
    is the answer."""
    break_after: int | None = None
    """After so many entries of searches below a base the connection breaks, once."""
    bind_result: tuple[int, str] | None = None
    """What every bind is answered with, in place of the truth."""
    asked: list[Search] = field(default_factory=list)
    writes: Writes = field(init=False)
    """What changes the replica here; an account needs ``rights`` for that."""
    url: str = ""
    ca: bytes = b""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.writes = Writes(self.replica)

    @contextmanager
    def running(self, folder: Path) -> Iterator["Controller"]:
        """Serve until the end of the block."""
        certificates = issue("127.0.0.1")
        held = folder / f"controller-{self.replica.number}.pem"
        held.write_bytes(certificates.certificate + certificates.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(held)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.ca = certificates.ca
            self.url = f"ldaps://127.0.0.1:{listener.getsockname()[1]}"
            threading.Thread(target=self._listen, args=(listener, context), daemon=True).start()
            try:
                yield self
            finally:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)  # wakes accept up

    def searched(self, oid: str) -> list[Search]:
        """The searches that carried a control."""
        return [search for search in self.asked if oid in search.controls]

    def _listen(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain, context), daemon=True).start()

    def _serve(self, plain: socket.socket, context: ssl.SSLContext) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            signed_in = Searcher(self.replica, Account(), self.limits, self._root, self.references)
            for identifier, tag, content, controls in _requests(connection):
                if tag == 0x42:
                    return
                if tag == 0x60:
                    signed_in = self._bind(connection, identifier, content) or signed_in
                elif tag == 0x63:
                    self._search(connection, identifier, _search(content, controls), signed_in)
                elif tag in OPERATIONS:
                    self._write(connection, identifier, request(tag, content, controls), signed_in.account)
                elif tag == 0x77:  # an extended operation, of which it knows none
                    connection.sendall(ber.message(identifier, ber.result(0x78, 2, "protocolError")))

    def _root(self) -> Mapping[str, list[bytes]]:
        return {name: list(values) for name, values in controller(self.replica, "dc.test").items()}

    def _bind(self, connection: ssl.SSLSocket, identifier: int, content: bytes) -> Searcher | None:
        _, (_, name), (_, password) = ber.parts(content)
        account = self.accounts.get(name.decode())
        code, data = (49, "525") if account is None else (49, "52e")
        if account is not None and account.password.encode() == password:
            code, data = 0, ""
        text = f"80090308: LdapErr: DSID-0C09050F, comment: AcceptSecurityContext error, data {data}, v4563"
        code, text = self.bind_result or (code, text if code else "")
        connection.sendall(ber.message(identifier, ber.result(0x61, code, text)))
        if code or account is None:
            return None
        return Searcher(self.replica, account, self.limits, self._root, self.references)

    def _write(self, connection: ssl.SSLSocket, identifier: int, write: Write, account: Account) -> None:
        self.writes.asked.append(write)
        try:
            cut = self.writes.before(write) if self.writes.before is not None else None
            if cut is Cut.BEFORE:
                raise OSError
            with self._lock:
                result = self.writes.apply(write, account)
        except Refused as refusal:
            cut, result = None, refusal.args
        answer = ber.message(identifier, ber.result(ANSWERS[write.operation], *result))
        connection.sendall({Cut.AFTER: b"", Cut.MIDDLE: answer[: len(answer) // 2]}.get(cut, answer))
        if cut is not None:
            raise OSError

    def _search(self, connection: ssl.SSLSocket, identifier: int, search: Search, searcher: Searcher) -> None:
        self.asked.append(search)
        try:
            if self.before is not None:
                self.before(search)
            with self._lock:
                answers = list(self._answers(search, searcher))
        except Refused as refusal:
            answers = [(ber.result(0x65, *refusal.args), b"")]
        if self.break_after is not None and search.scope:
            entries = [answer for answer in answers if answer[0][0] == 0x64]
            if len(entries) > self.break_after:
                whole = b"".join(ber.message(identifier, *answer) for answer in entries[: self.break_after + 1])
                self.break_after = None
                connection.sendall(whole[:-1])
                raise OSError
            self.break_after -= len(entries)
        connection.sendall(b"".join(ber.message(identifier, *answer) for answer in answers))

    def _answers(self, search: Search, searcher: Searcher) -> Iterator[tuple[bytes, bytes]]:
        if (
            search.base
            and not search.base.startswith("<")
            and names.fold(search.base) == names.fold(settings(self.replica))
        ):
            yield ber.entry(search.base, settings_entry(self.replica)), b""
            yield ber.result(0x65, 0, ""), b""
        else:
            yield from searcher.answer(search)


def _requests(connection: ssl.SSLSocket) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Message id, tag and content of the operation, and the controls, however the bytes arrive."""
    data = b""
    while received := connection.recv(65536):
        data += received
        while whole := _whole(data):
            ((_, message),) = ber.parts(data[:whole])
            data = data[whole:]
            (_, identifier), (tag, content), *rest = ber.parts(message)
            yield ber.number(identifier), tag, content, rest[0][1] if rest else b""


def _whole(data: bytes) -> int:
    """Length of the first message; 0 while it is not whole."""
    try:
        _, _, end = ber.head(data, 0)
    except IndexError:
        return 0
    return end if len(data) >= end else 0


def _search(content: bytes, controls: bytes) -> Search:
    (_, base), (_, scope), _, _, _, _, filter_, (_, attributes) = ber.parts(content)
    given = {}
    for _, control in ber.parts(controls):
        fields = ber.parts(control)
        given[fields[0][1].decode()] = fields[-1][1] if fields[-1][0] == 0x04 and len(fields) > 1 else b""
    wanted = [name.decode() for _, name in ber.parts(attributes)]
    return Search(base.decode(), scope[0], filter_, wanted, given)
