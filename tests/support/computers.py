"""Computers that registered themselves: the certificates that they make."""

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from support.build import guid


def guid_text(number: int) -> str:
    """The objectGUID of entry number so-and-so, as text."""
    return str(UUID(bytes_le=guid(number)))


@cache
def certificate(name: str) -> bytes:
    """One that a computer signs for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
