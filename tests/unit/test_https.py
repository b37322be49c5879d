"""What is known of a request that was not answered, and which way requests take."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from support.outside import Said, outside
from support.service import serving
from syncramp.endpoint import tls
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.https import Https, NoAnswer
from syncramp.errors import InputRefused

PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@contextmanager
def listening(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that says one thing to everybody, and what it heard first of each."""
    heard: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(1000))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def asked(port: int, *, direct: bool = True, host: str = "127.0.0.1") -> NoAnswer:
    with closing(Https(ssl.create_default_context(), 5.0, direct=direct)) as client:
        with pytest.raises(NoAnswer) as caught:
            client.request("POST", f"https://{host}:{port}/", {}, b"body")
    return caught.value


def test_nothing_left_where_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    error = asked(port)
    assert not error.left and not error.late
    assert "refused" in str(error)


def test_nothing_left_where_no_tls_is_spoken() -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (port, _):
        assert not asked(port).left


def test_a_proxy_that_refuses_keeps_the_request_and_its_password(monkeypatch) -> None:
    with listening(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as (port, heard):
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:pass%20word@127.0.0.1:{port}")
        error = asked(443, direct=False, host="sync.example")
    assert not error.left
    assert "407" in str(error) and "word" not in str(error)
    assert heard[0].startswith(b"CONNECT sync.example:443 ")
    assert b"Basic c29tZWJvZHk6cGFzcyB3b3Jk" in heard[0]


def test_hosts_that_need_no_proxy_are_asked_directly(monkeypatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("NO_PROXY", "localhost")
    with listening(b"") as (proxy, heard):
        monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{proxy}")
        assert not asked(port, direct=False, host="localhost").left
        assert not heard
        assert not asked(port, direct=True).left
        assert not heard
        monkeypatch.setenv("NO_PROXY", f"127.0.0.1:{port}")
        assert not asked(port, direct=False).left
        assert not heard
        monkeypatch.setenv("NO_PROXY", f"127.0.0.1:{port + 1}")
        asked(port, direct=False)
        assert heard


def test_a_proxy_of_another_kind_is_refused_by_name(monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    with closing(Https(ssl.create_default_context(), 5.0, direct=False)) as client:
        with pytest.raises(InputRefused, match="socks5"):
            client.request("GET", "https://sync.example/", {})


@pytest.mark.parametrize("proxy", ["http://me:pa/ss@127.0.0.1:9", "http://me:pa[ss@127.0.0.1:9", "http://h:notaport"])
def test_a_proxy_that_cannot_be_read_is_refused_without_a_piece_of_its_password(monkeypatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with closing(Https(ssl.create_default_context(), 5.0, direct=False)) as client:
        with pytest.raises(InputRefused, match="cannot be read") as caught:
            client.request("GET", "https://sync.example/", {})
    assert "pa" not in str(caught.value).replace("password", "")


def test_a_connection_is_kept_and_not_used_again_once_it_is_old(monkeypatch, tmp_path) -> None:
    with serving() as service, closing(V2Endpoint(service.target(), service.secrets(tmp_path))) as client:
        client.company()
        connected = _counted(monkeypatch)
        client.company()
        client.company()
        assert not connected
        monkeypatch.setattr("syncramp.endpoint.https.IDLE", -1.0)
        client.company()
        assert len(connected) == 1


def test_what_came_beyond_an_answer_is_not_the_next_one() -> None:
    beyond = b"goodHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
    script = Said(body=b"first"), Said(body=beyond, headers={"Content-Length": "4"}), Said(body=b"next")
    with outside(*script) as service, closing(Https(tls.context(service.ca), 5.0, direct=True)) as client:
        said = [client.request("POST", f"{service.url}/", {}, b"body").content for _ in script]
    assert said == [b"first", b"good", b"next"]


@pytest.mark.parametrize("before", [0, 1])
def test_what_comes_behind_an_interim_answer_is_not_the_next_one(before: int) -> None:
    late = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"
    script = *[Said(body=b"first")] * before, Said(103, late, pause=0.02), Said(body=b"next")
    with outside(*script) as service, closing(Https(tls.context(service.ca), 5.0, direct=True)) as client:
        said = [client.request("POST", f"{service.url}/", {}, b"body").content for _ in script]
    assert said[before:] == [b"", b"next"]


def _counted(monkeypatch) -> list[object]:
    """Connections that are made from now on."""
    made: list[object] = []
    connect = socket.socket.connect

    def connecting(self: socket.socket, address: object) -> None:
        made.append(address)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connecting)
    return made
