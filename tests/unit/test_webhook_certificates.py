"""The certificate of the webhook: what it is good for, when it is made anew, and whom the API server trusts then."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from syncramp_operator.admission.certificates import RENEWED, VALID, Serving

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "syncramp-webhook.syncramp-system.svc"
MADE = Serving.made(NAME, NOW)
OTHER = Serving.made(NAME, NOW)


def handshake(serving: Serving, authorities: bytes, name: str, folder: Path) -> None:
    """A handshake in memory.

    :raises ssl.SSLError: the client does not trust the server.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load(server, folder)
    client = ssl.create_default_context(cadata=authorities.decode())
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(downward, upward, server_hostname=name),
        server.wrap_bio(upward, downward, server_side=True),
    ]
    for _ in range(4):
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                continue
    assert not sides


def today(before: Serving | None = None) -> Serving:
    """Libraries of TLS have no clock of ours."""
    return Serving.made(NAME, datetime.now(UTC), before)


def test_a_client_that_trusts_the_authority_trusts_the_server_by_its_name(tmp_path: Path) -> None:
    serving = today()
    handshake(serving, serving.authorities, NAME, tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(serving, serving.authorities, "syncramp-webhook.elsewhere.svc", tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(serving, today().authorities, NAME, tmp_path)
    assert list(tmp_path.iterdir()) == [], "the key is no file any more"


def test_the_bundle_trusts_the_one_before_too_and_none_older(tmp_path: Path) -> None:
    first = today()
    second = today(first)
    third = today(second)
    for serving in (first, second):
        handshake(serving, second.authorities, NAME, tmp_path)
    handshake(third, third.authorities, NAME, tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(first, third.authorities, NAME, tmp_path)


def test_the_authority_signs_servers_only_and_the_server_nothing() -> None:
    (authority,) = x509.load_pem_x509_certificates(MADE.authorities)
    server = x509.load_pem_x509_certificate(MADE.certificate)
    constraints = [one.extensions.get_extension_for_class(x509.BasicConstraints).value for one in (authority, server)]
    assert [(one.ca, one.path_length) for one in constraints] == [(True, 0), (False, None)]
    (purpose,) = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert purpose == x509.ExtendedKeyUsageOID.SERVER_AUTH


@given(st.timedeltas(timedelta(days=-2), VALID + timedelta(days=2)))
def test_it_is_good_from_its_beginning_until_long_before_its_end(age: timedelta) -> None:
    assert MADE.good(NAME, NOW + age) is (timedelta(hours=-1) <= age < VALID - RENEWED)


@pytest.mark.parametrize(
    "broken",
    [
        replace(MADE, key=OTHER.key),
        replace(MADE, authorities=OTHER.authorities),
        replace(MADE, certificate=OTHER.certificate),
        replace(MADE, key=b""),
        replace(MADE, certificate=b"no PEM"),
        replace(MADE, authorities=b""),
    ],
)
def test_parts_that_do_not_belong_together_are_not_good(broken: Serving) -> None:
    assert not broken.good(NAME, NOW)
    assert Serving.made(NAME, NOW, broken).good(NAME, NOW)


def test_it_is_good_for_its_name_only() -> None:
    assert not MADE.good("syncramp-webhook.other.svc", NOW)


def test_the_key_is_in_no_repr() -> None:
    assert "PRIVATE" not in repr(MADE)


def test_a_long_namespace_fits() -> None:
    name = f"syncramp-webhook.{'n' * 63}.svc"
    assert Serving.made(name, NOW).good(name, NOW)
