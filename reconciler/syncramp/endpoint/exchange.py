"""A request and its answer on a connection that is open, without what urllib3 does for each besides.

Nearly all calls of a run are alike: a POST whose answer is an HTTP/1.1 message with a Content-Length, its head in
one piece and its content in no coding. That is one write and some reads: 0.15 ms of the processor for 84 KB, where
urllib3 takes 0.57, a third of it to read the head as if it were a mail. Every other answer is read by Python and
urllib3 from its first byte, as the head is looked at before anything of it is taken.
"""

import errno
import re
import ssl
from collections.abc import Mapping
from http.client import HTTPResponse, IncompleteRead
from io import BufferedReader
from typing import Any, Final, NamedTuple, cast
from urllib.parse import SplitResult

from urllib3 import HTTPHeaderDict
from urllib3 import HTTPResponse as ReadAnswer

WRITE = 120.0
"""Seconds to send: a message is written to TLS in one step, so its sending is over after two minutes, and with the
five that the service may take to answer, all is well before the ten that its own client waits (``call_timeout``).
"""
_ANSWERED_EARLY: Final = (errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE)
"""Who closes before all was sent may have said why."""
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
    if not _HOST.fullmatch(url.hostname or "") or not _TARGET.fullmatch(target):
        return b""
    host = url.hostname if url.port in (None, 443) else f"{url.hostname}:{url.port}"
    named = {"Host": host, "Content-Length": length, **headers}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "\r\n"]
    written = "\r\n".join(lines)
    whole = written.count("\n") == written.count("\r") == len(lines)  # no value brings a line of its own
    return written.encode("latin-1") if whole else b""


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
    with connection.makefile("rb") as stream:
        head = _plain_head(stream.peek())
        if head is None:
            return _read_generally(stream, method)
        status, headers, length, size = head
        stream.read(size)
        content = stream.read(length)
        if len(content) < length:
            raise IncompleteRead(content, length - len(content))
        return Answer(status, headers, content), True


def _plain_head(data: bytes) -> tuple[int, HTTPHeaderDict, int, int] | None:
    """Status, headers, the length of the content and of the head; None: the head is not whole, or there is anything
    in it that needs more than to read so many bytes.
    """
    found = _HEAD.match(data)
    if found is None or (status := int(found[1])) in _WITHOUT_BODY:
        return None
    headers = HTTPHeaderDict()
    for line in found[2].decode("latin-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        headers.add(name, value.strip(" \t"))
    length = headers.get("content-length", "")
    framed = "transfer-encoding" in headers or "content-encoding" in headers
    if framed or not _LENGTH.fullmatch(length) or headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    return status, headers, int(length), found.end()


class _Begun:
    """What Python's reader of answers takes for a socket."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream

    def makefile(self, mode: str) -> BufferedReader:
        return self._stream


def _read_generally(stream: BufferedReader, method: str) -> tuple[Answer, bool]:
    told = HTTPResponse(cast("Any", _Begun(stream)), method=method)
    told.begin()
    read = ReadAnswer(
        cast("Any", told),
        HTTPHeaderDict((name, _FOLD.sub(" ", value)) for name, value in told.msg.items()),
        told.status,
        original_response=cast("Any", told),
        enforce_content_length=True,
        request_method=method,
    )
    return Answer(read.status, read.headers, read.data), not told.will_close and told.isclosed()
