"""Signing in with Kerberos, as far as it needs no KDC: the channel binding, the last tokens, errors in words."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from syncramp.errors import AccessDenied, CredentialsRefused, SourceUnavailable, SyncrampError, UntrustedServer
from syncramp.simulator.certificates import HOUR, make_server
from syncramp.source.ldap import kerberos

SERVER = "ldaps://dc1.corp.example.com"
GSSAPI = SimpleNamespace(raw=SimpleNamespace(ChannelBindings=lambda application_data: application_data))


def _certificate(signed_with: hashes.HashAlgorithm | None) -> bytes:
    pem = x509.load_pem_x509_certificate(make_server("dc1", valid=HOUR)[1].certificate)
    key = ed25519.Ed25519PrivateKey.generate() if signed_with is None else ec.generate_private_key(ec.SECP384R1())
    built = x509.CertificateBuilder(
        pem.issuer, pem.subject, key.public_key(), 1, pem.not_valid_before_utc, pem.not_valid_after_utc
    )
    return built.sign(key, signed_with).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("signed_with", "named"), [(hashes.SHA256(), "sha256"), (hashes.SHA384(), "sha384"), (hashes.SHA512(), "sha512")]
)
def test_the_exchange_is_bound_to_the_certificate_by_the_hash_it_is_signed_with(
    signed_with: hashes.HashAlgorithm, named: str
) -> None:
    der = _certificate(signed_with)
    assert kerberos._binding(GSSAPI, der) == b"tls-server-end-point:" + hashlib.new(named, der).digest()


def test_a_certificate_without_a_hash_of_its_own_is_bound_to_nothing() -> None:
    assert kerberos._binding(GSSAPI, _certificate(None)) is None


def test_a_keytab_is_a_file_in_memory_that_is_gone_afterwards(tmp_path: Path) -> None:
    with kerberos._in_memory(b"keys") as path:
        assert Path(path).read_bytes() == b"keys"
        assert str(Path(path).readlink()).startswith("/memfd:")
    assert not Path(path).exists()


class Context:
    """Two tokens of ours, then the server's offer of layers."""

    def __init__(self, offer: bytes) -> None:
        self.offer, self.got, self.complete = offer, list[bytes | None](), False

    def step(self, token: bytes | None) -> bytes | None:
        self.got.append(token)
        self.complete = len(self.got) == 2
        return b"first" if token is None else None

    def unwrap(self, token: bytes) -> Any:
        assert token == b"offer"
        return SimpleNamespace(message=self.offer)

    def wrap(self, message: bytes, encrypt: bool) -> Any:
        assert not encrypt
        return SimpleNamespace(message=b"wrapped " + message)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What goes to a server that answers twice, and then is content."""
    sent: list[bytes] = []
    answers = [b"theirs", b"offer"]

    def send(connection: object, controls: None, token: bytes) -> dict[str, Any]:
        sent.append(token)
        return {"result": 14, "saslCreds": answers.pop(0)} if answers else {"result": 0}

    monkeypatch.setattr(kerberos, "send_sasl_negotiation", send)
    return sent


@pytest.mark.parametrize("offer", [b"\1\0\0\0", b"\7\0\xa0\0"])
def test_no_layer_is_chosen_whatever_else_is_offered(sent: list[bytes], offer: bytes) -> None:
    context = Context(offer)
    assert kerberos._exchange(SimpleNamespace(), context, SERVER) == {"result": 0}
    assert sent == [b"first", b"", b"wrapped \1\0\0\0"]
    assert context.got == [None, b"theirs"]


@pytest.mark.parametrize("offer", [b"", b"\6\0\xa0\0"])
def test_a_server_that_demands_a_layer_is_refused(sent: list[bytes], offer: bytes) -> None:
    with pytest.raises(AccessDenied, match="demands a security layer"):
        kerberos._exchange(SimpleNamespace(), Context(offer), SERVER)
    assert len(sent) == 2


@pytest.mark.parametrize("code", [0, 7, 8, 49, 53])
def test_whatever_is_no_token_ends_the_exchange(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(kerberos, "send_sasl_negotiation", lambda *_: {"result": code})
    assert kerberos._exchange(SimpleNamespace(), Context(b""), SERVER) == {"result": code}


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (-1765328377, UntrustedServer, "the domain knows no service ldap/dc1"),
        (-1765328347, CredentialsRefused, "set the clock of this machine"),
        (-1765328228, SourceUnavailable, "no KDC of TEST answers"),
        (-1765328230, SourceUnavailable, "no KDC of TEST answers"),
        (-1765328189, CredentialsRefused, "the keytab holds no key of it"),
        (-1765328360, CredentialsRefused, "make the keytab .* again"),
        (0, CredentialsRefused, "'sync@TEST' cannot sign in with Kerberos \\(as the library says\\)"),
    ],
)
def test_an_error_of_the_library_is_told_with_what_to_do(number: int, error: type[SyncrampError], words: str) -> None:
    raised = SimpleNamespace(min_code=number % 2**32, get_all_statuses=lambda code, major: ["as the library says"])
    told = kerberos._mapped(raised, SERVER, "dc1", "sync@TEST")
    assert type(told) is error
    with pytest.raises(error, match=words):
        raise told
    assert SERVER in str(told)
