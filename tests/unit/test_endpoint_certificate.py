"""The certificate of a Secret: every form it comes in, and what is said of one that does not serve."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.der.encoder import encode
from pyasn1.type import univ

from support.ldap_certificates import issue
from support.service import Secrets
from syncramp.endpoint.certificate import KeyPair, read_key_pair
from syncramp.errors import CredentialsRefused, InputRefused
from syncramp.simulator.certificates import Pair, make_application, make_pfx
from syncramp.spec.sign_in import CertificateAuth, CertificateFormat

NOW = datetime.now(UTC)
PAIR, OTHER = make_application("application"), make_application("other")
EC = issue("application")
KEY: Any = load_pem_private_key(PAIR.key, None)
CERTIFICATE, FOREIGN = (load_pem_x509_certificate(pair.certificate) for pair in (PAIR, OTHER))
CANARY = "canary-word"


def read(form: CertificateFormat = CertificateFormat.PEM, now: datetime = NOW, **keys: bytes) -> KeyPair:
    """What a Secret with these keys gives; ``_`` stands for the dot in a key."""
    secrets = Secrets({("app", name.replace("_", ".")): content for name, content in keys.items()})
    return read_key_pair(CertificateAuth("c", "app", form), secrets, now)


def pfx(now: datetime = NOW, **keys: bytes) -> KeyPair:
    return read(CertificateFormat.PKCS12, now, **keys)


def locked(word: str) -> bytes:
    """The key, encrypted as PKCS #8."""
    return KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(word.encode()),
    )


def traditional(word: str) -> bytes:
    """The key as OpenSSL wrote it for decades."""
    return KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(word.encode()),
    )


def store(
    word: str | None, certificate: Any = CERTIFICATE, others: Iterable[Any] = (), *, old: bool = False
) -> bytes:
    encryption: Any = serialization.NoEncryption()
    if word is not None and old:  # as Windows exports it when nobody asks for AES
        builder = serialization.PrivateFormat.PKCS12.encryption_builder()
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
        encryption = builder.build(word.encode())
    elif word is not None:
        encryption = serialization.BestAvailableEncryption(word.encode())
    return pkcs12.serialize_key_and_certificates(b"name", KEY, certificate, list(others), encryption)


def test_pem_files_are_taken_as_kubernetes_holds_them() -> None:
    pair = read(tls_crt=PAIR.certificate, tls_key=PAIR.key)
    assert load_pem_x509_certificate(pair.certificate.encode()) == CERTIFICATE
    assert pair.key.public_key() == KEY.public_key()
    assert (pair.since, pair.until) == (CERTIFICATE.not_valid_before_utc, CERTIFICATE.not_valid_after_utc)


@pytest.mark.parametrize("encrypted", [locked, traditional])
def test_an_encrypted_key_is_opened_with_the_password_of_the_secret(encrypted: Any) -> None:
    pair = read(tls_crt=PAIR.certificate, tls_key=encrypted(CANARY), password=f"{CANARY}\n".encode())
    assert pair.key.public_key() == KEY.public_key()


def unsound() -> bytes:
    """A key of the certificate's modulus that signs nothing which the certificate accepts."""
    other: Any = load_pem_private_key(OTHER.key, None)
    own, parts = KEY.public_key().public_numbers(), other.private_numbers()
    numbers = univ.SequenceOf(componentType=univ.Integer())
    numbers.extend([0, own.n, own.e, parts.d, parts.p, parts.q, parts.dmp1, parts.dmq1, parts.iqmp])
    text = base64.encodebytes(encode(numbers)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{text}-----END RSA PRIVATE KEY-----\n".encode()


@pytest.mark.parametrize(("key", "loads"), [(PAIR.key, [True]), (unsound(), [True, False])])
def test_only_a_key_that_signs_nothing_valid_is_looked_at_for_long_and_is_refused(
    key: bytes, loads: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []

    def load(data: bytes, password: bytes | None, *, unsafe_skip_rsa_key_validation: bool = False) -> Any:
        made.append(unsafe_skip_rsa_key_validation)
        return load_pem_private_key(data, password, unsafe_skip_rsa_key_validation=unsafe_skip_rsa_key_validation)

    monkeypatch.setattr("syncramp.endpoint.certificate.load_pem_private_key", load)
    if loads == [True]:
        assert read(tls_crt=PAIR.certificate, tls_key=key)
    else:
        with pytest.raises(InputRefused, match="holds no PEM key"):
            read(tls_crt=PAIR.certificate, tls_key=key)
    assert made == loads


def test_a_password_that_nothing_needs_is_not_looked_at() -> None:
    assert read(tls_crt=PAIR.certificate, tls_key=PAIR.key, password=b"\xff")


@pytest.mark.parametrize("old", [False, True])
def test_a_store_is_opened_with_the_password_of_the_secret(old: bool) -> None:
    pair = pfx(keystore_p12=store("wörd", old=old), password="wörd\n".encode())
    assert load_pem_x509_certificate(pair.certificate.encode()) == CERTIFICATE


def test_a_store_without_a_password_needs_none() -> None:
    assert pfx(keystore_p12=store(None))


def test_the_certificate_is_found_among_those_of_its_chain() -> None:
    assert (
        read(tls_crt=OTHER.certificate + PAIR.certificate, tls_key=PAIR.key).until == CERTIFICATE.not_valid_after_utc
    )
    for bundle in (store("x", others=[FOREIGN]), store("x", None, [FOREIGN, CERTIFICATE])):
        found = pfx(keystore_p12=bundle, password=b"x").certificate
        assert load_pem_x509_certificate(found.encode()) == CERTIFICATE


GARBAGE = b"-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"tls_crt": b"", "tls_key": PAIR.key}, "tls.crt holds no PEM certificate; begin it with"),
        ({"tls_crt": GARBAGE, "tls_key": PAIR.key}, "tls.crt holds no PEM certificate"),
        ({"tls_crt": b"\xff\x00", "tls_key": PAIR.key}, "tls.crt holds no PEM certificate"),
        ({"tls_crt": PAIR.certificate, "tls_key": PAIR.certificate}, "tls.key holds no PEM key"),
        ({"tls_crt": PAIR.certificate, "tls_key": b""}, "tls.key holds no PEM key"),
        ({"tls_crt": PAIR.certificate}, "the Secret app has no key tls.key"),
        ({"tls_key": PAIR.key}, "the Secret app has no key tls.crt"),
        ({"tls_crt": PAIR.certificate, "tls_key": OTHER.key}, "it holds no certificate of its key"),
        ({"tls_crt": EC.certificate, "tls_key": EC.key}, "no RSA key in it, and Entra takes no other"),
        ({"tls_crt": EC.certificate, "tls_key": PAIR.key}, "it holds no certificate of its key"),
        (
            {"tls_crt": PAIR.certificate, "tls_key": locked(CANARY)},
            "tls.key is encrypted, and the Secret's key password",
        ),
        ({"tls_crt": PAIR.certificate, "tls_key": locked(CANARY), "password": b"no"}, "tls.key is encrypted"),
    ],
)
def test_pem_files_that_do_not_serve_are_told_by_their_keys(keys: dict[str, bytes], words: str) -> None:
    with pytest.raises(InputRefused) as caught:
        read(**keys)
    assert words in str(caught.value)
    assert CANARY not in repr(caught.value)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"keystore_p12": store("x")}, "keystore.p12 is no PKCS #12 store (PFX), or the Secret's key password"),
        ({"keystore_p12": store("x"), "password": b"y"}, "does not open it"),
        ({"keystore_p12": store("x"), "password": b"x\0"}, "password holds a zero byte"),
        ({"keystore_p12": store("x")[:-20], "password": b"x"}, "keystore.p12 is no PKCS #12 store"),
        ({"keystore_p12": PAIR.certificate}, "keystore.p12 is no PKCS #12 store"),
        ({"keystore_p12": b""}, "keystore.p12 is no PKCS #12 store"),
        ({"tls_crt": PAIR.certificate, "tls_key": PAIR.key}, "the Secret app has no key keystore.p12"),
        ({"keystore_p12": store("x", None), "password": b"x"}, "it holds no certificate of its key"),
        (
            {
                "keystore_p12": pkcs12.serialize_key_and_certificates(
                    None, None, CERTIFICATE, None, serialization.NoEncryption()
                )
            },
            "no RSA key in it",
        ),
    ],
)
def test_stores_that_do_not_serve_are_told_by_their_keys(keys: dict[str, bytes], words: str) -> None:
    with pytest.raises(InputRefused) as caught:
        pfx(**keys)
    assert words in str(caught.value)


@pytest.mark.parametrize("form", CertificateFormat)
def test_a_certificate_is_taken_from_its_first_moment_to_its_last(form: CertificateFormat) -> None:
    keys = {"tls_crt": PAIR.certificate, "tls_key": PAIR.key, "keystore_p12": make_pfx(PAIR, "x"), "password": b"x"}
    first, last = CERTIFICATE.not_valid_before_utc, CERTIFICATE.not_valid_after_utc
    second = timedelta(seconds=1)
    for now in (first, last - second):
        assert read(form, now, **keys)
    with pytest.raises(CredentialsRefused, match="has expired: it was valid until 20.* UTC; make a new one"):
        read(form, last, **keys)
    with pytest.raises(CredentialsRefused, match="is not valid before 20.* UTC; check the clock"):
        read(form, first - second, **keys)


def test_a_key_is_in_no_words_about_the_pair() -> None:
    assert "PRIVATE" not in repr(read(tls_crt=PAIR.certificate, tls_key=PAIR.key))


PEM, STORE = CertificateFormat.PEM, CertificateFormat.PKCS12
READ = [(PEM, "tls_crt"), (PEM, "tls_key"), (PEM, "password"), (STORE, "keystore_p12"), (STORE, "password")]


@given(st.binary(max_size=200), st.sampled_from(READ))
def test_whatever_a_key_holds_is_refused_in_our_own_words(content: bytes, key: tuple[CertificateFormat, str]) -> None:
    form, name = key
    keys = {"tls_crt": PAIR.certificate, "tls_key": LOCKED, "keystore_p12": PFX, "password": b"x"}
    keys[name] = content
    try:
        read(form, **keys)
    except InputRefused as error:
        assert error.remedy and str(error).startswith("Secret app")


PFX, LOCKED = store("x"), locked("x")


def test_a_certificate_with_another_kind_of_key_is_passed_over() -> None:
    odd = x509.load_pem_x509_certificate(EC.certificate)
    assert isinstance(odd.public_key(), ec.EllipticCurvePublicKey)
    assert pfx(keystore_p12=store("x", others=[odd]), password=b"x")


def test_a_pfx_of_the_simulator_holds_its_pair() -> None:
    pair = Pair(PAIR.certificate, PAIR.key)
    assert pfx(keystore_p12=make_pfx(pair, "word"), password=b"word").until == CERTIFICATE.not_valid_after_utc
