"""Certificates for the simulator: its authority, its server on loopback, and the application that signs in.

Made anew at every start, so nothing secret has to be kept.
"""

import ipaddress
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1", "::1")
VALID = timedelta(days=7)
"""The authority and the server."""
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class Certificates:
    """What one simulator needs."""

    ca: bytes
    """The authority's certificate, PEM; its key is forgotten."""
    server: Pair
    application: Pair


def make_certificates(client_id: str, valid: timedelta = YEAR, name: str = LOOPBACK[1]) -> Certificates:
    """New certificates.

    :param client_id: the application's id, the subject of its certificate.
    :param valid: how long the application's is valid; none at all makes one that has expired.
    :param name: what clients call the server, beside the names of loopback.
    """
    ca, server = make_server(*dict.fromkeys((*LOOPBACK, name)))
    return Certificates(ca, server, make_application(client_id, valid))


def make_server(*names: str, valid: timedelta = VALID, begins: timedelta = -HOUR) -> tuple[bytes, Pair]:
    """A new authority, as PEM, and what it issues for a server.

    :param names: host names and IP addresses; the first one is the certificate's subject too.
    :param valid: for how long from now the server's is; less than nothing makes one that has expired.
    :param begins: how long from now it begins to be valid.
    """
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Syncramp simulator CA")
    ca = (
        _builder(ca_name, ca_name, ca_key, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    server = (
        _builder(_name(names[0]), ca_name, server_key, ca_key, valid, begins)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return _pem(ca), Pair(_pem(server), _private(server_key))


def make_application(client_id: str, valid: timedelta = YEAR, begins: timedelta = -HOUR) -> Pair:
    """The self-signed certificate of an application, as Entra takes it: RSA 2048, SHA-256.

    :param valid: for how long from now.
    :param begins: how long from now it begins to be valid.
    """
    key, name = rsa.generate_private_key(65537, 2048), _name(client_id)
    return Pair(_pem(_builder(name, name, key, key, valid, begins).sign(key, hashes.SHA256())), _private(key))


def make_pfx(pair: Pair, password: str) -> bytes:
    """The same as a PKCS #12 store."""
    key, certificate = load_pem_private_key(pair.key, None), x509.load_pem_x509_certificate(pair.certificate)
    locked = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(b"application", key, certificate, None, locked)  # type: ignore[arg-type]  # made as RSA


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read; its folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: _Key,
    issuer_key: _Key,
    valid: timedelta = VALID,
    begins: timedelta = -HOUR,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
