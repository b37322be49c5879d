"""Requests on one socket: each gets its own answers in whatever order they come, and one that is given up, none."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from support.ldap_stream import done, entry, message, notice
from syncramp.errors import SourceUnavailable
from syncramp.source.ldap.ber import parse
from syncramp.source.ldap.changing import Change, ChangeOf
from syncramp.source.ldap.channel import Channel
from syncramp.source.ldap.messages import DISCONNECTION, Done, Found
from syncramp.source.ldap.search import Scope, request
from syncramp.source.ldap.session import Session

Operation = Callable[[Session], Done]
CHANGES = (
    (lambda session: session.modify("CN=a", [Change(ChangeOf.ADD, "member", [b"CN=b"])]), 0x66, 0x67),
    (lambda session: session.add("CN=a", {"objectClass": [b"group"]}), 0x68, 0x69),
    (lambda session: session.delete("CN=a"), 0x4A, 0x6B),
    (lambda session: session.rename("CN=a", "CN=b"), 0x6C, 0x6D),
)
ASKED = request(b"DC=test", "(objectClass=*)", ["cn"], Scope.SUBTREE)


@dataclass
class Server:
    """The other end of the socket."""

    socket: socket.socket

    def asked(self) -> list[tuple[int, int]]:
        """Numbers and tags of the requests that came."""
        wholes = [parse(content) for _, content in parse(self.socket.recv(65536))]
        return [(int.from_bytes(number), tag) for (_, number), (tag, _), *_ in wholes]

    def says(self, number: int, *operations: bytes) -> None:
        self.socket.sendall(b"".join(message(number, operation) for operation in operations))


@dataclass
class Connection:
    """As much of ldap3's as a channel looks at."""

    socket: socket.socket | None
    numbers: Iterator[int] = field(default_factory=lambda: count(7))

    @property
    def server(self) -> "Connection":
        return self

    def next_message_id(self) -> int:
        return next(self.numbers)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Server]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.settimeout(5)
        yield Channel("ldaps://dc", Connection(ours)), Server(theirs)


def _person(name: str) -> bytes:
    return entry(name.encode(), [])


def _rest(search: Iterator[object]) -> list[object]:
    return [read.dn.decode() if isinstance(read, Found) else read for read in search]


END = Done(0, "")


@pytest.mark.parametrize(("operation", "asks", "answers"), CHANGES)
def test_a_change_is_asked_for_and_its_one_answer_is_given_back_whatever_it_says(
    ends: tuple[Channel, Server], operation: Operation, asks: int, answers: int
) -> None:
    channel, server = ends
    server.says(7, done(68, b"there is one", tag=answers))
    assert operation(Session("ldaps://dc", channel.connection)) == Done(68, "there is one", tag=answers)
    assert server.asked() == [(7, asks)]


@pytest.mark.parametrize(("operation", "asks", "answers"), CHANGES)
def test_a_change_that_is_answered_as_another_request_may_have_been_done(
    ends: tuple[Channel, Server], operation: Operation, asks: int, answers: int
) -> None:
    channel, server = ends
    server.says(7, done(0, b"", tag=0x69 if answers != 0x69 else 0x67))
    with pytest.raises(SourceUnavailable, match="the answer to another kind of request"):
        operation(Session("ldaps://dc", channel.connection))


def test_a_change_whose_connection_ends_before_its_answer_may_have_been_done(ends: tuple[Channel, Server]) -> None:
    channel, server = ends
    server.socket.shutdown(socket.SHUT_WR)
    with pytest.raises(SourceUnavailable, match="deleting 'CN=a' failed .the server closed the connection"):
        Session("ldaps://dc", channel.connection).delete("CN=a")


def test_answers_go_to_the_search_that_they_belong_to(ends: tuple[Channel, Server]) -> None:
    channel, server = ends
    outer, inner = channel.ask(ASKED, ()), channel.ask(ASKED, ())
    server.says(7, _person("a"), _person("b"))
    assert next(outer) == Found(b"a", {})
    server.says(8, _person("c"))
    server.says(7, _person("d"), done(0, b""))
    server.says(8, done(0, b""))
    assert _rest(inner) == ["c", END]
    assert _rest(outer) == ["b", "d", END]
    assert server.asked() == [(7, 0x63), (8, 0x63)]


def test_a_search_that_is_given_up_is_abandoned_and_what_still_comes_of_it_is_dropped(
    ends: tuple[Channel, Server],
) -> None:
    channel, server = ends
    given_up = channel.ask(ASKED, ())
    server.says(7, _person("a"), _person("b"))
    next(given_up)
    given_up.close()  # type: ignore[attr-defined]
    assert server.asked() == [(7, 0x63), (8, 0x50)]
    server.says(7, _person("c"), done(0, b""))
    server.says(9, _person("d"), done(0, b""))
    assert _rest(channel.ask(ASKED, ())) == ["d", END]


def test_one_that_was_read_to_its_end_is_not_abandoned(ends: tuple[Channel, Server]) -> None:
    channel, server = ends
    server.says(7, done(0, b""))
    search = channel.ask(ASKED, ())
    assert next(search) == END
    search.close()  # type: ignore[attr-defined]
    assert server.asked() == [(7, 0x63)]


@pytest.mark.parametrize("number", [6, 8, 0])
def test_an_answer_that_nobody_asked_for_is_refused_after_what_came_before(
    ends: tuple[Channel, Server], number: int
) -> None:
    channel, server = ends
    server.says(7, _person("a"))
    server.says(number, _person("b"))
    server.says(7, done(0, b""))
    session = Session("ldaps://dc", channel.connection)
    search = session.search("DC=test", "(cn=*)", ["cn"])
    assert next(search) == Found(b"a", {})
    refusal = r"ldaps://dc: the search in 'DC=test' failed: the answer is not LDAP \(an answer to a question"
    with pytest.raises(SourceUnavailable, match=refusal):
        next(search)
    with pytest.raises(SourceUnavailable, match="not LDAP"):
        next(session.search("DC=test", "(cn=*)", ["cn"]))
    assert len(server.asked()) == 1, "nothing is asked on a connection that is void"


def test_a_message_after_the_end_of_its_search_is_refused(ends: tuple[Channel, Server]) -> None:
    channel, server = ends
    server.says(7, done(0, b""), _person("a"))
    assert _rest(channel.ask(ASKED, ())) == [END]
    with pytest.raises(ValueError, match="not asked"):
        next(channel.ask(ASKED, ()))


def test_the_reason_for_which_a_server_ends_the_connection_is_told(ends: tuple[Channel, Server]) -> None:
    channel, server = ends
    server.says(0, notice(b"1.2.3", 0, b"something else"))
    server.says(7, _person("a"))
    server.says(0, notice(DISCONNECTION.encode(), 52, b"shutting  down\n"))
    search = channel.ask(ASKED, ())
    assert next(search) == Found(b"a", {})
    with pytest.raises(SourceUnavailable, match=r"ended the connection \(unavailable, code 52: shutting down\)"):
        next(search)


def test_a_connection_that_ends_breaks_every_search(ends: tuple[Channel, Server]) -> None:
    channel, server = ends
    server.says(7, _person("a"))
    server.socket.shutdown(socket.SHUT_WR)
    session = Session("ldaps://dc", channel.connection)
    search = session.search("DC=test", "(cn=*)", ["cn"])
    assert next(search) == Found(b"a", {})
    for broken in (search, session.search("DC=test", "(cn=*)", ["cn"])):
        with pytest.raises(SourceUnavailable, match=r"the search in 'DC=test' failed \(the server closed"):
            next(broken)


def test_nothing_is_asked_where_there_is_no_connection() -> None:
    with pytest.raises(SourceUnavailable, match="the connection is closed"):
        next(Session("ldaps://dc", Connection(None)).search("DC=test", "(cn=*)", ["cn"]))


def test_where_a_long_answer_has_not_come_yet_a_moment_is_let_pass(ends, monkeypatch) -> None:
    channel, server = ends
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        server.says(7, *map(_person, ("c", "d")), done(0, b""))

    monkeypatch.setattr("syncramp.source.ldap.channel._LONG", 2)
    monkeypatch.setattr("syncramp.source.ldap.channel.time.sleep", rest)
    answer = channel.ask(ASKED, ())
    server.says(7, *map(_person, ("a", "b", "b")))
    first = [next(answer) for _ in range(3)]
    assert not rests and channel.connection.socket.gettimeout() == 5
    assert len([*first, *answer]) == 6 and len(rests) == 1
    assert channel.connection.socket.gettimeout() == 5


def test_a_question_in_the_middle_of_a_long_answer_is_waited_for_as_ever(ends, monkeypatch) -> None:
    channel, server = ends
    monkeypatch.setattr("syncramp.source.ldap.channel._LONG", 0)
    long = channel.ask(ASKED, ())
    server.says(7, _person("a"), _person("b"))
    assert next(long) and next(long)
    monkeypatch.setattr("syncramp.source.ldap.channel._LONG", 9)
    short = channel.ask(ASKED, ())
    server.says(8, done(0, b""))
    assert [type(message) for message in short] == [Done]
    server.says(7, done(0, b""))
    assert [type(message) for message in long] == [Done]


@pytest.mark.parametrize("broken", [ConnectionResetError("reset"), b""])
def test_what_came_before_a_break_in_a_long_answer_is_read_at_once(ends, monkeypatch, broken) -> None:
    channel, _ = ends
    monkeypatch.setattr("syncramp.source.ldap.channel._LONG", 0)
    long = channel.ask(ASKED, ())
    come = iter([message(7, _person("a")), message(7, _person("b")), message(7, _person("c"))[:9], broken])
    asked: list[int] = []

    class Broken:
        """Gives what came, and then the break once."""

        def gettimeout(self) -> float:
            return 5

        def settimeout(self, seconds: float) -> None: ...

        def sendall(self, data: bytes) -> None: ...

        def recv(self, size: int) -> bytes:
            asked.append(size)
            if isinstance(told := next(come, b""), OSError):
                raise told
            return told

    monkeypatch.setattr(channel.connection, "socket", Broken())
    monkeypatch.setattr("syncramp.source.ldap.channel._LONG", -1)
    assert next(long) == Found(b"a", {}) and len(asked) == 4
    assert next(long) == Found(b"b", {})
    with pytest.raises(OSError, match="reset|closed"):
        next(long)
