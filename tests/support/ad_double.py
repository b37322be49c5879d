"""A double of Active Directory's LDAP server on loopback, for what slapd cannot do: ranges, and its references.

It speaks as much of the protocol as we need (simple bind, paged search, one value added, BER by hand) over TLS from
the start; entries are found by DN, and by ``<GUID=…>``. An
answer holds at most ``max_range`` values of an attribute and ``max_page`` entries, like MaxValRange and MaxPageSize.
"""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from support import ad_double_ber as ber
from support.ldap_certificates import issue

Attributes = Mapping[str, Sequence[bytes]]
PAGED = b"1.2.840.113556.1.4.319"


@dataclass
class AdDouble:
    """What the server holds, and how it behaves."""

    entries: dict[str, dict[str, Sequence[bytes]]]
    naming_contexts: Sequence[str] = ("DC=test",)
    capabilities: Sequence[str] = ("1.2.840.113556.1.4.800",)
    references: Sequence[str] = ()
    max_range: int = 3
    max_page: int = 2
    bind: tuple[int, str] = (0, "")
    """Result code and diagnostic message of every bind."""
    shows_root: bool = True
    pages: bool = True
    forget_after: int | None = None
    """After so many range answers an attribute has no more values."""
    url: str = ""
    ca: bytes = b""
    asked: list[str] = field(default_factory=list)
    """Attributes of base searches, in order."""
    written: list[str] = field(default_factory=list)
    """Names that were modified, as the client gave them."""
    write: tuple[int, str] = (0, "")
    """Result code and diagnostic message of every modify; 0: what a real one would answer."""
    controls: Sequence[str] = ()
    """OIDs of the controls it says it knows."""
    controlled: list[bytes] = field(default_factory=list)
    """The controls of all modifies, in BER."""
    swallows: int = 0
    """So many modifies are done and never answered: the connection breaks."""

    @contextmanager
    def running(self, folder: Path) -> Iterator["AdDouble"]:
        """Serve until the end of the block."""
        certificates = issue("127.0.0.1")
        (folder / "double.pem").write_bytes(certificates.certificate + certificates.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "double.pem")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.ca = certificates.ca
            self.url = f"ldaps://127.0.0.1:{listener.getsockname()[1]}"
            threading.Thread(target=self._serve, args=(listener, context), daemon=True).start()
            try:
                yield self
            finally:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)  # wakes accept up

    def _serve(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                while request := connection.recv(65536):
                    connection.sendall(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        ((_, message),) = ber.parts(request)
        (_, identifier), (operation, content), *controls = ber.parts(message)
        number = int.from_bytes(identifier, "big")
        if operation == 0x60:
            return ber.message(number, ber.result(0x61, *self.bind))
        if operation == 0x66:
            self.controlled.extend(value for _, value in controls)
            return self._modify(number, content)
        if operation != 0x63:
            return b""
        fields = [value for _, value in ber.parts(content)]
        base, scope, wanted = fields[0].decode(), fields[1], [value.decode() for _, value in ber.parts(fields[-1])]
        if scope == b"\0":
            return self._base(number, base, wanted)
        given = [[value for _, value in ber.parts(control)] for _, control in ber.parts(controls[0][1])]
        ((_, value),) = ber.parts(next(control[-1] for control in given if control[0] == PAGED))
        cookie = ber.parts(value)[1][1]
        return self._page(number, wanted, int.from_bytes(cookie, "big"))

    def _base(self, number: int, base: str, wanted: Sequence[str]) -> bytes:
        self.asked.extend(wanted)
        root = {
            "namingContexts": [name.encode() for name in self.naming_contexts],
            "supportedControl": [name.encode() for name in self.controls],
            "supportedCapabilities": [name.encode() for name in self.capabilities],
        }
        held = self._named(base) if base else root if self.shows_root else None
        if held is None:
            return ber.message(number, ber.result(0x65, 32, "no such object"))
        return ber.message(number, ber.entry(base, self._shown(held, wanted))) + ber.message(
            number, ber.result(0x65, 0, "")
        )

    def _named(self, name: str) -> dict[str, Sequence[bytes]] | None:
        if not name.startswith("<GUID="):
            return self.entries.get(name)
        wanted = [UUID(name[6:-1]).bytes_le]
        return next((held for held in self.entries.values() if held["objectGUID"] == wanted), None)

    def _modify(self, number: int, content: bytes) -> bytes:
        """Add one value to an attribute of one value."""
        (_, name), (_, changes) = ber.parts(content)
        ((_, change),) = ber.parts(changes)
        (_, addition) = ber.parts(change)
        (_, attribute), (_, values) = ber.parts(addition[1])
        self.written.append(name.decode())
        held = self._named(name.decode())
        code, text = self.write
        if not code and held is None:
            code, text = 32, "0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT)"
        elif not code and held is not None and held.get(attribute.decode()):
            code, text = 20, "00002083: AtrErr: DSID-03151830, #1: problem 1006 (ATT_OR_VALUE_EXISTS)"
        elif not code and held is not None:
            held[attribute.decode()] = [ber.parts(values)[0][1]]
        if self.swallows:
            self.swallows -= 1
            raise OSError
        return ber.message(number, ber.result(0x67, code, text))

    def _page(self, number: int, wanted: Sequence[str], start: int) -> bytes:
        names = list(self.entries)
        answers = [
            ber.entry(name, self._shown(self.entries[name], wanted)) for name in names[start : start + self.max_page]
        ]
        following = start + self.max_page
        cookie = bytes([following]) if following < len(names) else b""
        if not cookie:
            answers += [ber.tlv(0x73, ber.octets(url.encode())) for url in self.references]
        value = ber.tlv(0x30, ber.tlv(0x02, b"\0"), ber.octets(cookie))
        control = ber.tlv(0xA0, ber.tlv(0x30, ber.octets(PAGED), ber.octets(value)))
        done = ber.message(number, ber.result(0x65, 0, ""), control if self.pages else b"")
        return b"".join(ber.message(number, answer) for answer in answers) + done

    def _shown(self, held: Attributes, wanted: Sequence[str]) -> dict[str, Sequence[bytes]]:
        """Attributes as asked for: whole, or from the start of a range on, at most ``max_range`` values."""
        shown: dict[str, Sequence[bytes]] = {}
        for description in wanted:
            name, _, option = description.partition(";range=")
            values = next((held[spelled] for spelled in held if spelled.lower() == name.lower()), [])
            start = int(option.partition("-")[0] or 0)
            part = values[start : start + self.max_range]
            if option and start and self.forget_after is not None and start >= self.forget_after:
                part = []
            whole = start + self.max_range >= len(values)
            if part and (option or not whole):
                shown[f"{name};range={start}-{'*' if whole else start + len(part) - 1}"] = part
            elif part:
                shown[name] = part
        return shown
