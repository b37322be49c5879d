"""The socket of a connection while it is asked: requests out, and each answer to the request that it belongs to.

ldap3 opened, secured and signed in the connection, and between searches it uses the same socket: it keeps no bytes of
its own between two operations, and numbers come from its counter, so the two never take each other's answers. Several
searches may be read in turns. What comes for one while another is being read waits for it in memory; that is at most
what is left of a page when an entry of it needs a look of its own. A search that is given up is abandoned, and what
still comes of it is dropped.

Servers send a record of TLS for each entry, and to wait for each one by itself costs more than to read it: 16 µs an
entry, and 8 where many are there already. So in a long answer a moment is let pass where nothing is there yet.
"""

import ssl
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from syncramp.errors import SourceUnavailable
from syncramp.source.ldap import faults, search
from syncramp.source.ldap.ber import BerError
from syncramp.source.ldap.changing import ADD, DELETE, MODIFY, RENAME
from syncramp.source.ldap.decoder import Decoder
from syncramp.source.ldap.messages import DISCONNECTION, SEARCHED, Control, Done, Message, Notice
from syncramp.source.ldap.runs import Form

_ANSWERS = {0x63: SEARCHED, MODIFY: 0x67, ADD: 0x69, DELETE: 0x6B, RENAME: 0x6D}
"""Tag of a request -> tag of the message that ends its answer (RFC 4511 4.5 to 4.9)."""
_PIECE = 16 * 1024
"""Bytes asked for at once; TLS gives no more, and a larger piece is mapped by itself (``session.memory``)."""
_BURST = 64 * 1024
"""Bytes that are read one piece after the other before they are looked at, where so many are there."""
_LONG = 50
"""Messages after which an answer is long."""
_MOMENT = 0.002
"""Seconds; a server sends some 50 entries meanwhile."""
_NOT_YET = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


@dataclass
class Channel:
    """One connection that is signed in."""

    server: str
    """Its URL, for texts."""
    connection: Any
    """ldap3's."""
    _decoder: Decoder = field(default_factory=Decoder)
    _waiting: dict[int, deque[Message]] = field(default_factory=dict)
    """What came and was not read yet, by the number of its search."""
    _broken: Exception | None = None
    _silence: float | None = None
    """How long the server may be silent, while the socket does not wait for it."""

    def ask(self, operation: bytes, controls: Sequence[Control], form: Form | None = None) -> Iterator[Message]:
        """Send a search, or a change; its messages as they come, Done the last.

        :param form: how its entries are read, where not as any.
        :raises SourceUnavailable: the server says that it ends the connection.
        :raises BerError: it sent something else; no search can be read from it any more.
        :raises OSError: the connection broke.
        """
        number = self.connection.server.next_message_id()
        waiting = self._waiting[number] = deque()
        if form is not None:
            self._decoder.forms[number] = form
        self._send(search.message(number, operation, controls))
        done, came = False, 0
        try:
            while not done:
                while waiting:
                    message = waiting.popleft()
                    came += 1
                    if type(message) is Done:
                        done = True
                        if message.tag != _ANSWERS[operation[0]]:
                            raise BerError("the answer to another kind of request")
                    yield message
                if not done:
                    self._receive(long=came > _LONG)
        finally:
            self._be_patient()
            if number in self._waiting:
                self._abandon(number)

    def _send(self, message: bytes) -> None:
        if self._broken is None:
            if self.connection.socket is None:
                raise ConnectionError("the connection is closed")
            self._be_patient()
            self.connection.socket.sendall(message)

    def _receive(self, *, long: bool) -> None:
        """Take what the server sent; what came before a break is still read, so the break is kept for later."""
        if self._broken is not None:
            raise self._broken
        try:
            piece = self._arrived() if long else self._awaited()
            if not piece:
                raise ConnectionError("the server closed the connection")
            for number, message in self._decoder.feed(piece):
                self._deliver(number, message)
        except (SourceUnavailable, BerError, OSError) as error:
            self._broken = error

    def _awaited(self) -> bytes:
        self._be_patient()
        piece: bytes = self.connection.socket.recv(_PIECE)
        return piece

    def _arrived(self) -> bytes:
        """What is there; where nothing is, more than the next message is waited for. A break is told after what came
        before it.
        """
        socket = self.connection.socket
        if self._silence is None:
            self._silence = socket.gettimeout()
            socket.settimeout(0)
        pieces, size, more = [], 0, True
        while more and size < _BURST:
            try:
                pieces.append(socket.recv(_PIECE))
            except _NOT_YET:
                break
            except OSError as error:
                if not pieces:
                    raise
                self._broken = error
                break
            size, more = size + len(pieces[-1]), bool(pieces[-1])
        if not pieces:
            time.sleep(_MOMENT)
            return self._awaited()
        return b"".join(pieces)

    def _be_patient(self) -> None:
        """From now on the socket waits, and as long as ever."""
        if self._silence is not None:
            silence, self._silence = self._silence, None
            if self.connection.socket is not None:
                with suppress(OSError):
                    self.connection.socket.settimeout(silence)

    def _deliver(self, number: int, message: Message | Notice) -> None:
        if isinstance(message, Notice):
            if message.oid == DISCONNECTION:
                raise faults.disconnected(self.server, message.code, message.text)
            return
        waiting = self._waiting.get(number)
        if waiting is None:
            raise BerError("an answer to a question that was not asked")
        waiting.append(message)
        if type(message) is Done:
            del self._waiting[number]
            self._decoder.forms.pop(number, None)

    def _abandon(self, number: int) -> None:
        self._waiting[number] = deque(maxlen=0)  # holds nothing
        with suppress(OSError):
            ours = self.connection.server.next_message_id()
            self._send(search.message(ours, search.abandon(number)))
