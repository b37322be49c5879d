"""A request and its answer past urllib3 come to what they come to through it."""

import re
import socket
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError

from syncramp.endpoint import exchange as module
from syncramp.endpoint.exchange import exchange, request_head

CONTENT = b"a message of the service" * 3
KIND = "Content-Type: application/soap+msbin1"
SENT = {"Accept-Encoding": "gzip", "User-Agent": "", "client-request-id": "7"}


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[Any, Any]]:
    """A connection at whose other end the answer was given already, and that other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        yield ours, theirs


def said(status: str, *headers: str, content: bytes = CONTENT, version: str = "1.1") -> bytes:
    return "\r\n".join([f"HTTP/{version} {status}", *headers, "", ""]).encode("latin-1") + content


def told(status: int, headers: Mapping[str, str], content: bytes) -> tuple[Any, ...]:
    """What an answer says; blanks behind a value are none of it, and what is told twice is one list."""
    named: dict[str, str] = {}
    for name, value in headers.items():
        before = named.get(name.lower())
        named[name.lower()] = (f"{before}, " if before is not None else "") + value.strip(" \t")
    assert all(name.title() in headers for name in named)
    return status, sorted(named.items()), content


def plainly(answer: bytes, method: str = "POST") -> tuple[Any, ...]:
    with answering(answer) as (connection, _):
        try:
            found, _ = exchange(connection, method, b"request", 5.0)
        except (OSError, HTTPException, HTTPError) as error:
            return type(error), str(error)
        return told(found.status, found.headers, found.content)


def by_urllib3(answer: bytes, method: str = "POST") -> tuple[Any, ...]:
    with answering(answer) as (connection, _):
        through = HTTPSConnection("sync.example")
        through.sock = connection
        try:
            through.request(method, "/", b"request", SENT)
            found = through.getresponse()
        except (OSError, HTTPException, HTTPError) as error:
            return type(error), str(error)
        return told(found.status, found.headers, found.data)


LENGTH = f"Content-Length: {len(CONTENT)}"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)
ZIPPED = zlib.compress(CONTENT)
ANSWERS = {
    "as nearly all are": said("200 OK", KIND, LENGTH),
    "a fault": said("500 Internal Server Error", KIND, LENGTH),
    "busy": said("503 Busy", "Retry-After:  9 ", LENGTH),
    "empty": said("400 Bad Request", "content-length: 0", content=b""),
    "no content": said("204 No Content", KIND, content=b""),
    "not modified": said("304 Not Modified", LENGTH, content=b""),
    "no reason": said("200", KIND, LENGTH),
    "an old version": said("200 OK", KIND, LENGTH, version="1.0"),
    "to the end": said("200 OK", KIND),
    "closed behind it": said("200 OK", KIND, LENGTH, "Connection: close"),
    "in chunks": said("200 OK", KIND, "Transfer-Encoding: chunked", content=CHUNKED),
    "in chunks with a length": said("200 OK", KIND, LENGTH, "Transfer-Encoding: chunked", content=CHUNKED),
    "zipped": said("200 OK", KIND, "Content-Encoding: deflate", f"Content-Length: {len(ZIPPED)}", content=ZIPPED),
    "after a word in between": said("100 Continue", content=b"") + said("200 OK", KIND, LENGTH),
    "after early hints": said("103 Early Hints", content=b"") + said("200 OK", KIND, LENGTH),
    "a header on two lines": said("200 OK", "X-Long: one", " two", KIND, LENGTH),
    "a header told twice": said("200 OK", "X-Told: one", "x-told: two", KIND, LENGTH),
    "a name with a blank": said("200 OK", "X Told: one", KIND, LENGTH),
    "ends of lines of Unix": said("200 OK", KIND, LENGTH).replace(b"\r\n", b"\n"),
    "letters beyond ASCII": said("200 OK", "X-Name: Zürich\x85 1", KIND, LENGTH),
    "many headers": said("200 OK", *(f"X-{number}: {'x' * 200}" for number in range(90)), LENGTH),
    "two lengths": said("200 OK", LENGTH, LENGTH),
    "two lengths that differ": said("200 OK", LENGTH, "Content-Length: 5"),
    "a length with a sign": said("200 OK", f"Content-Length: +{len(CONTENT)}"),
    "a length in other digits": said("200 OK", "Content-Length: \u00b2"),
    "less than promised": said("200 OK", KIND, "Content-Length: 1000"),
    "more than promised": said("200 OK", KIND, "Content-Length: 4"),
    "cut in its head": said("200 OK", KIND, LENGTH)[:30],
    "another protocol": b"220 mail.example ESMTP\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_what_urllib3_reads_in_it(answer: bytes) -> None:
    found, other = plainly(answer), by_urllib3(answer)
    if isinstance(found[0], int):
        assert found == other
    else:
        assert isinstance(other[0], type)


@given(st.binary(max_size=40), st.sampled_from(list(ANSWERS.values())), st.integers(0, 200), st.integers(0, 40))
@example(b"", ANSWERS["as nearly all are"], 0, 0)
def test_whatever_stands_in_an_answer_it_is_read_alike(piece: bytes, answer: bytes, at: int, instead: int) -> None:
    bent = answer[:at] + piece + answer[at + instead :]
    assume(not re.search(rb"[0-9]{7}", bent))  # a length that nobody sends, for which there is no memory
    found, other = plainly(bent), by_urllib3(bent)
    assert found == other or not (isinstance(found[0], int) or isinstance(other[0], int))


def test_plain_answers_are_read_without_urllib3(monkeypatch) -> None:
    monkeypatch.setattr(module, "_read_generally", None)
    for what in ("as nearly all are", "a fault", "busy", "empty", "letters beyond ASCII", "a header told twice"):
        assert isinstance(plainly(ANSWERS[what])[0], int), what


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        ("as nearly all are", True),
        ("in chunks", True),
        ("to the end", False),
        ("zipped", True),
        ("more than promised", False),
        ("closed behind it", False),
        ("after a word in between", True),
        ("after early hints", False),
    ],
)
def test_a_connection_is_used_again_where_the_answer_lets_it(what: str, kept: bool) -> None:
    with answering(ANSWERS[what]) as (connection, _):
        assert exchange(connection, "POST", b"request", 5.0)[1] is kept


def test_a_long_answer_is_read_to_its_end() -> None:
    content = bytes(range(256)) * 300
    long = said("200 OK", KIND, f"Content-Length: {len(content)}", content=content)
    assert plainly(long)[2] == content
    assert plainly(long[:-1])[0] is IncompleteRead


def test_an_answer_that_is_cut_is_none() -> None:
    assert plainly(ANSWERS["less than promised"])[0] is IncompleteRead
    assert plainly(ANSWERS["nothing"])[0] is RemoteDisconnected


def test_an_answer_that_came_before_all_was_sent_is_read() -> None:
    with answering(ANSWERS["as nearly all are"]) as (connection, other):
        other.shutdown(socket.SHUT_RDWR)
        assert exchange(connection, "POST", b"request", 5.0)[0].content == CONTENT


def test_nothing_that_comes_in_time_is_late() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError) as caught:
        exchange(ours, "POST", b"request", 0.01)  # type: ignore[arg-type]
    assert caught.value.errno is None


@pytest.mark.parametrize("url", ["https://sync.example/a.svc", "https://127.0.0.1:8443/a.svc?x=1", "https://s:443/"])
def test_a_request_says_what_urllib3_says(url: str) -> None:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    with answering(b"") as (connection, other):
        through = HTTPSConnection(parts.hostname or "", parts.port or 443)
        through.sock = connection
        through.request("POST", target, b"body", SENT)
        heard = other.recv(10_000)
    first, *headers = request_head("POST", parts, target, SENT, 4).split(b"\r\n")
    other_first, *other_headers = heard.removesuffix(b"body").split(b"\r\n")
    assert first == other_first and sorted(headers) == sorted(other_headers)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://sync.example/a", {"X": "one\r\nY: two"}),
        ("https://sync.example/a", {"X": "one\nY: two"}),
        ("https://sync.example/a b", {}),
        ("https://sync.example/%7", {}),
        ("https://[::1]/a", {}),
        ("https://sync.example./a", {}),
        ("https://bücher.example/a", {}),
    ],
)
def test_what_needs_more_than_to_be_written_is_left_to_urllib3(url: str, headers: dict[str, str]) -> None:
    parts = urlsplit(url)
    assert request_head("POST", parts, parts.path, headers, 4) == b""
