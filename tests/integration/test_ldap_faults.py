"""What goes wrong with a directory server: one clear line, no secret, and nothing taken for whole."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from support.cutting_proxy import cutting_proxy
from support.ldap_certificates import issue
from support.slapd import ADMIN, BASE, PASSWORD, Slapd, requires_slapd, slapd
from syncramp.errors import (
    CredentialsRefused,
    InputRefused,
    SourceIncomplete,
    SourceUnavailable,
    SyncrampError,
    UntrustedServer,
)
from syncramp.model.facts import Container, Entry, Fact
from syncramp.source.ldap import LdapSource

COUNT = 1500
WANTED = frozenset({"cn", "description"})


def _directory() -> str:
    people = "".join(
        f"dn: CN=u{number},{BASE}\nobjectClass: user\ncn: u{number}\nsn: x\ndescription: {'x' * 200}\n"
        f"objectGUID: {number:016}\n\n"
        for number in range(COUNT)
    )
    return f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n{people}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd"), _directory()) as running:
        yield running


def _source(server: Slapd, *urls: str, password: str = PASSWORD, ca: bytes | None = None) -> LdapSource:
    return LdapSource("directory", urls, ADMIN, password, ca or server.ca, [BASE])


def _read_until_it_breaks(source: LdapSource) -> tuple[list[Fact], SyncrampError]:
    facts: list[Fact] = []
    with pytest.raises(SyncrampError) as broken:
        facts.extend(source.read(BASE, WANTED))
    return facts, broken.value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@requires_slapd
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
def test_a_wrong_password_names_server_and_user_and_no_password(server: Slapd, security: str) -> None:
    source = _source(server, getattr(server, security), password="wrong-and-secret")
    with pytest.raises(CredentialsRefused) as refused:
        source.partitions()
    text = str(refused.value)
    assert getattr(server, security) in text
    assert ADMIN in text
    assert "Secret" in text
    assert "wrong-and-secret" not in text + repr(source) + repr(refused.value)


@requires_slapd
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
def test_a_certificate_that_has_expired_is_refused_before_the_password_goes(tmp_path: Path, security: str) -> None:
    with slapd(tmp_path, _directory(), certificates=issue("127.0.0.1", expired=True)) as late:
        with pytest.raises(UntrustedServer, match="certificate has expired") as refused:
            _source(late, getattr(late, security)).partitions()
    assert getattr(late, security) in str(refused.value)


@requires_slapd
def test_an_empty_password_is_never_sent(server: Slapd) -> None:
    with pytest.raises(CredentialsRefused, match="password is empty"):
        _source(server, server.ldaps, password="").partitions()


@requires_slapd
def test_a_user_name_that_the_server_cannot_read_is_refused(server: Slapd) -> None:
    source = LdapSource("directory", [server.ldaps], "somebody", PASSWORD, server.ca, [BASE])
    with pytest.raises(CredentialsRefused, match="'somebody'"):
        source.partitions()


@requires_slapd
def test_an_unknown_host_is_unavailable(server: Slapd) -> None:
    with pytest.raises(
        SourceUnavailable, match=r"ldaps://directory\.invalid: connecting failed .*; check that the name"
    ):
        _source(server, "ldaps://directory.invalid").partitions()


@requires_slapd
def test_a_port_where_nobody_listens_is_unavailable(server: Slapd) -> None:
    with pytest.raises(SourceUnavailable, match="connecting failed"):
        _source(server, f"ldap://127.0.0.1:{_free_port()}").partitions()


@requires_slapd
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
def test_a_certificate_of_another_ca_is_not_trusted(server: Slapd, security: str) -> None:
    with pytest.raises(UntrustedServer, match=r"certificate is not trusted .*spec\.sources\[\]\.ldap\.tls\.ca"):
        _source(server, getattr(server, security), ca=issue("127.0.0.1").ca).partitions()


@requires_slapd
def test_the_system_does_not_trust_a_ca_of_our_own(server: Slapd) -> None:
    source = LdapSource("directory", [server.ldaps], ADMIN, PASSWORD, None, [BASE])
    with pytest.raises(UntrustedServer):
        source.partitions()


@requires_slapd
def test_a_ca_that_is_none_is_refused(server: Slapd) -> None:
    for ca in (b"no certificate", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(InputRefused, match=r"spec\.sources\[\]\.ldap\.tls\.ca"):
            _source(server, server.ldaps, ca=ca).partitions()


@requires_slapd
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
def test_a_certificate_for_another_host_is_not_trusted(tmp_path: Path, security: str) -> None:
    base = f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n"
    certificates = issue("dc1.example.test", "127.0.0.2")
    with (
        slapd(tmp_path, base, certificates=certificates) as server,
        pytest.raises(UntrustedServer, match=r"IP address mismatch.*127\.0\.0\.1"),
    ):
        _source(server, getattr(server, security)).partitions()


@requires_slapd
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
@pytest.mark.parametrize("after", [0, 100, 40_000, 500_000])
def test_a_connection_that_is_cut_breaks_the_stream(server: Slapd, security: str, after: int) -> None:
    port = server.ldap_port if security == "ldap" else server.ldaps_port
    with cutting_proxy(port, after) as proxy:
        facts, broken = _read_until_it_breaks(_source(server, f"{security}://127.0.0.1:{proxy}"))
    assert isinstance(broken, SourceUnavailable)
    assert f"{security}://127.0.0.1:{proxy}" in str(broken)
    assert all(isinstance(fact, Entry | Container) for fact in facts)
    least, most = {40_000: (1, 999), 500_000: (1000, COUNT - 1)}.get(after, (0, 0))
    assert least <= len(facts) <= most, "every entry that came whole before the cut, and no other"
    if after >= 40_000:
        assert f"after {len(facts)} entries of {BASE}" in str(broken)


@requires_slapd
def test_a_size_limit_breaks_the_stream_after_what_came(tmp_path: Path) -> None:
    reader = f"dn: CN=reader,{BASE}\nobjectClass: person\ncn: reader\nsn: x\nuserPassword: {PASSWORD}\n\n"
    options = ["limits users size.hard=1200 size.prtotal=1200", "access to * by * read"]
    with slapd(tmp_path, _directory() + reader, options=options) as server:
        source = LdapSource("directory", [server.ldaps], f"CN=reader,{BASE}", PASSWORD, server.ca, [BASE])
        facts, broken = _read_until_it_breaks(source)
    assert isinstance(broken, SourceUnavailable)
    assert "limit" in str(broken)
    assert server.ldaps in str(broken)
    assert f"after {len(facts)} entries of {BASE}" in str(broken)
    assert 1000 <= len(facts) <= 1200


@requires_slapd
def test_the_next_server_is_tried_when_one_is_down_or_not_trusted(server: Slapd, tmp_path: Path) -> None:
    base = f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n"
    down = f"ldaps://127.0.0.1:{_free_port()}"
    with slapd(tmp_path, base) as stranger:
        assert _source(server, down, stranger.ldaps, server.ldaps).partitions() == (BASE,)
        with pytest.raises(UntrustedServer):
            _source(server, stranger.ldaps, down).partitions()


@requires_slapd
def test_a_wrong_password_is_not_tried_at_every_server(server: Slapd) -> None:
    with cutting_proxy(server.ldaps_port, 1 << 30) as second:
        source = _source(server, server.ldaps, f"ldaps://127.0.0.1:{second}", password="wrong")
        with pytest.raises(CredentialsRefused, match=server.ldaps):
            source.partitions()


@requires_slapd
def test_an_entry_without_a_guid_is_refused(tmp_path: Path) -> None:
    options = ["access to attrs=entryUUID,objectGUID by * none", "access to * by * read"]
    reader = f"dn: CN=reader,{BASE}\nobjectClass: inetOrgPerson\ncn: reader\nsn: x\nuserPassword: {PASSWORD}\n\n"
    text = f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n{reader}"
    with slapd(tmp_path, text, options=options) as server:
        source = LdapSource("directory", [server.ldaps], f"CN=reader,{BASE}", PASSWORD, server.ca, [BASE])
        with pytest.raises(SourceIncomplete, match=r"CN=reader,.* has neither objectGUID nor entryUUID"):
            list(source.read(BASE, WANTED))


@contextmanager
def _stranger(greeting: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers everything with ``greeting`` and keeps what it was sent."""
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client:
                    heard.append(client.recv(65536))
                    client.sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        try:
            yield listener.getsockname()[1], heard
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x30\x84\x00\x00\x00\x02\x02\x00",
        b"\xff" * 64,
        bytes.fromhex("300c02010178070a013404000400"),  # StartTLS: unavailable
        bytes.fromhex("300c02010161070a010004000400"),  # a bind that succeeded, as answer to StartTLS
    ],
    ids=["nothing", "http", "half a bind", "no operation", "noise", "refusal", "another answer"],
)
def test_what_is_no_directory_is_unavailable_and_hears_no_password(scheme: str, greeting: bytes) -> None:
    with _stranger(greeting) as (port, heard):
        source = LdapSource("directory", [f"{scheme}://127.0.0.1:{port}"], ADMIN, PASSWORD, issue("x").ca, [BASE])
        with pytest.raises(SourceUnavailable, match=f"{scheme}://127.0.0.1:{port}: "):
            source.partitions()
    assert not any(PASSWORD.encode() in words for words in heard)


@pytest.mark.parametrize(
    "url", ["directory.test", "http://x", "ldap://", "ldap://x:y", "ldaps://[::1", "ldap://x/DC=test", "ldapi:///x"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputRefused, match=r"spec\.sources\[\]\.ldap\.servers"):
        LdapSource("directory", [url], ADMIN, PASSWORD, None, [BASE]).partitions()
