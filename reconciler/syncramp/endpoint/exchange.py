"""A request and its answer on a connection that is open, without what urllib3 does for each besides.

Nearly all calls of a run are alike: a POST whose answer is an HTTP/1.1 message with a Content-Length, its head in
one piece and its content in no coding. That is one write and some reads: 0.15 ms of the processor for 84 KB, where
urllib3 takes 0.57, a third of it to read the head as if it were a mail. Every other answer is read by Python and
urllib3 from its first byte, as the head is looked at before anything of it is taken.
"""

import errno
import re
import ssl
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http.client import HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from typing import Any, Final, NamedTuple, cast
from urllib.parse import SplitResult

from urllib3 import HTTPHeaderDict
from urllib3 import HTTPResponse as ReadAnswer

WRITE = 120.0
"""Seconds to send: a message is written to TLS in one step, so its sending is over after two minutes, and with the
five that the service may take to answer, all is well before the ten that its own client waits (``call_timeout``).
"""
FINAL: Final = 200
"""The lowest status of an answer that is the last one to its request (RFC 9110, 15.2). Python reads on behind 100
alone; what comes behind another one is no answer to what is asked next, so its connection is not used again."""
_ANSWERED_EARLY: Final = (errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE)
"""Who closes before all was sent may have said why."""
_RECORD: Final = 1 << 14
"""Bytes of a record of TLS (RFC 8446, 5.1); more are not read at once."""
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_TARGET: Final = re.compile(r"/[A-Za-z0-9/._~=&?-]*")
"""Nothing in it that urllib3 would write otherwise."""
_HEAD: Final = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) [^\r\n\0]*\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)+)\r\n"
)
"""A status line and headers, each on one line (RFC 9112, 4 and 5)."""
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_LENGTH: Final = re.compile(r"[0-9]{1,8}")
_WITHOUT_BODY: Final = (204, 304)


class Headers(Mapping[str, str]):
    """Headers by their names in any case.

    :param named: by their names in small letters.
    """

    __slots__ = ("_named",)

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named = named

    def __getitem__(self, name: str) -> str:
        return self._named[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """In any case of their names."""
    content: bytes


def request_head(method: str, url: SplitResult, target: str, headers: Mapping[str, str], length: int) -> bytes:
    """What stands before the body of a request; empty: it is one that urllib3 has to look at.

    :param length: of the body.
    """
    host = _host(url, target)
    if not host:
        return b""
    named = {"Host": host, "Content-Length": length, **headers}
    lines = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in named.items()], "\r\n"]
    written = "\r\n".join(lines)
    whole = written.count("\n") == written.count("\r") == len(lines)  # no value brings a line of its own
    return written.encode("latin-1") if whole else b""


@lru_cache(maxsize=16)
def _host(url: SplitResult, target: str) -> str:
    """As it is named in a head; empty: it, or the target, is one that urllib3 has to look at."""
    if not _HOST.fullmatch(url.hostname or "") or not _TARGET.fullmatch(target):
        return ""
    return f"{url.hostname}" if url.port in (None, 443) else f"{url.hostname}:{url.port}"


def exchange(connection: ssl.SSLSocket, method: str, message: bytes, wait: float) -> tuple[Answer, bool]:
    """Send a message and read the answer.

    :param message: the whole request.
    :param wait: seconds for each piece of the answer.
    :returns: the answer, and whether the connection may be used again.
    :raises OSError: the connection broke, or nothing came in time.
    :raises HTTPException: there is no answer, or none that is whole.
    :raises HTTPError: as urllib3 reads it.
    """
    connection.settimeout(WRITE)
    try:
        connection.sendall(message)
    except OSError as error:
        if error.errno not in _ANSWERED_EARLY:
            raise
    connection.settimeout(wait)
    came = connection.recv(_RECORD)
    head = _plain_head(came)
    if head is None:
        return _read_generally(came, connection, method)
    status, headers, length, size = head
    content = came[size:]
    if len(content) < length:
        content = _whole(content, connection, length)
    return Answer(status, headers, content[:length]), len(content) == length


def _whole(content: bytes, connection: ssl.SSLSocket, length: int) -> bytes:
    """Content of which the first part came, up to its length."""
    pieces, missing = [content], length - len(content)
    while missing:
        piece = connection.recv(min(missing, _RECORD))
        if not piece:
            raise IncompleteRead(b"".join(pieces), missing)
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _plain_head(data: bytes) -> tuple[int, Headers, int, int] | None:
    """Status, headers, the length of the content and of the head; None: the head is not whole, or there is anything
    in it that needs more than to read so many bytes.
    """
    found = _HEAD.match(data)
    if found is None or (status := int(found[1])) in _WITHOUT_BODY:
        return None
    named: dict[str, str] = {}
    for line in found[2].decode("latin-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        named[name] = f"{named[name]}, {value}" if name in named else value
    length = named.get("content-length", "")
    framed = "transfer-encoding" in named or "content-encoding" in named
    if framed or not _LENGTH.fullmatch(length) or named.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    return status, Headers(named), int(length), found.end()


class _Rest(RawIOBase):
    """What there is to read of an answer: what came already, and what the connection brings."""

    def __init__(self, came: bytes, connection: ssl.SSLSocket) -> None:
        self._came = came
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._came:
            return self._connection.recv_into(buffer)
        count = min(len(buffer), len(self._came))
        buffer[:count], self._came = self._came[:count], self._came[count:]
        return count

    def makefile(self, mode: str) -> BufferedReader:
        """What Python's reader of answers asks a socket for."""
        return BufferedReader(self)


def _read_generally(came: bytes, connection: ssl.SSLSocket, method: str) -> tuple[Answer, bool]:
    told = HTTPResponse(cast("Any", _Rest(came, connection)), method=method)
    told.begin()
    read = ReadAnswer(
        cast("Any", told),
        HTTPHeaderDict((name, _FOLD.sub(" ", value)) for name, value in told.msg.items()),
        told.status,
        original_response=cast("Any", told),
        enforce_content_length=True,
        request_method=method,
    )
    answer = Answer(read.status, read.headers, read.data)
    return answer, told.status >= FINAL and not told.will_close and told.isclosed()
