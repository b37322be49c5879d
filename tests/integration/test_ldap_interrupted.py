"""A read that waits for a directory server is woken in whatever state it waits."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.slapd import ADMIN, BASE, PASSWORD, requires_slapd, slapd
from support.slow_proxy import slow_proxy
from syncramp.cycle.readers import Ask, End, reading
from syncramp.errors import SourceUnavailable
from syncramp.source import dn
from syncramp.source.ldap import LdapSource

Place = Callable[[ExitStack, Path], tuple[str, bytes | None]]


def _source(url: str, ca: bytes | None = None) -> LdapSource:
    return LdapSource("corp", [url], ADMIN, PASSWORD, ca, [dn.canonical(BASE)])


def _nobody_accepts(stack: ExitStack, folder: Path) -> tuple[str, bytes | None]:
    """The queue of the listener is full, so the system answers no further SYN."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    port = listener.getsockname()[1]
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(("127.0.0.1", port))
    return f"ldaps://127.0.0.1:{port}", None


def _nobody_speaks_tls(stack: ExitStack, folder: Path) -> tuple[str, bytes | None]:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return f"ldaps://127.0.0.1:{listener.getsockname()[1]}", None


def _nobody_answers_starttls(stack: ExitStack, folder: Path) -> tuple[str, bytes | None]:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return f"ldap://127.0.0.1:{listener.getsockname()[1]}", None


def _an_answer_stops(stack: ExitStack, folder: Path) -> tuple[str, bytes | None]:
    people = "".join(
        f"dn: cn=u{number},{BASE}\nobjectClass: inetOrgPerson\ncn: u{number}\nsn: {'x' * 100}\n\n"
        for number in range(2000)
    )
    root = f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n"
    server = stack.enter_context(slapd(folder, root + people))
    port = stack.enter_context(slow_proxy(server.ldaps_port, silent_after=100_000))
    return f"ldaps://127.0.0.1:{port}", server.ca


@requires_slapd
@pytest.mark.parametrize("place", [_nobody_accepts, _nobody_speaks_tls, _nobody_answers_starttls, _an_answer_stops])
def test_a_read_that_waits_ends_at_once_when_it_is_interrupted(place: Place, tmp_path: Path) -> None:
    """A wait would last for 15 seconds while it connects, and for 150 later."""
    with ExitStack() as stack:
        url, ca = place(stack, tmp_path)
        source = _source(url, ca)
        ended: list[BaseException] = []

        def read() -> None:
            try:
                list(source.read(dn.canonical(BASE), frozenset({"cn", "sn"})))
            except BaseException as error:
                ended.append(error)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        time.sleep(0.5)
        assert reader.is_alive(), "it waits"
        source.interrupt()
        reader.join(10)
        assert not reader.is_alive()
        assert isinstance(ended[0], SourceUnavailable)


def test_a_source_that_was_interrupted_opens_no_connection_any_more() -> None:
    source = _source("ldaps://127.0.0.1:9")
    source.interrupt()
    with pytest.raises(SourceUnavailable, match="interrupted"):
        source.partitions()


@requires_slapd
def test_no_thread_outlives_a_stop_in_the_middle_of_a_read(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with ExitStack() as stack:
        url, ca = _an_answer_stops(stack, tmp_path)
        source = _source(url, ca)

        def read(ask: Ask) -> Iterator[object]:
            yield from source.read(dn.canonical(BASE), frozenset({"cn", "sn"}))

        looks = []

        def look() -> None:
            looks.append(None)
            if len(looks) > 5 and len(looks) % 5 == 0 and source.connections.open:
                raise InterruptedError

        with pytest.raises(InterruptedError), reading([read], source.interrupt) as readers:
            for _, told in readers.told(look):
                assert not isinstance(told, End)
        readers_left = {thread for thread in threading.enumerate() if thread.name.startswith("import-")} - before
        assert not readers_left
