"""The certificate that the webhook serves with: made here, because not every cluster has somebody who makes them.

One authority signs one server and is forgotten at once, so its key can be nobody's. Both are made anew together, long
before they end. Then the bundle of authorities holds the new one and the one before it, so that replicas that still
serve the old certificate are trusted until they have seen the new one.
"""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=365)
RENEWED = timedelta(days=120)
"""So long before its end it is made anew: an operator that is scaled to nothing for a season comes back in time."""
_SKEW = timedelta(hours=1)
"""It is valid already for a machine whose clock is behind."""
_AUTHORITY = "syncramp webhook authority"


@dataclass(frozen=True, slots=True)
class Serving:
    """What the webhook serves with, all PEM."""

    authorities: bytes
    """What the API server trusts: the newest first."""
    certificate: bytes
    key: bytes = field(repr=False)

    @classmethod
    def made(cls, name: str, now: datetime, before: Self | None = None) -> Self:
        """New ones.

        :param name: of the server, as the API server calls it.
        :param before: those that other replicas may serve with still.
        """
        authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = _signed(_AUTHORITY, authority_key, authority_key, now, None)
        certificate = _signed(name, key, authority_key, now, name)
        older = _newest(before.authorities) if before else b""
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(_pem(authority) + older, _pem(certificate), private)

    def good(self, name: str, now: datetime) -> bool:
        """It is of this server, can be used, and need not be made anew yet."""
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            key = serialization.load_pem_private_key(self.key, None)
            authority = x509.load_pem_x509_certificates(self.authorities)[0]
            certificate.verify_directly_issued_by(authority)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is the answer
            return False
        fits = key.public_key() == certificate.public_key()
        lasts = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWED
        return fits and lasts and name in names.get_values_for_type(x509.DNSName)

    def load(self, context: ssl.SSLContext, folder: Path) -> None:
        """Let a server use it from its next connection on.

        :param folder: in memory, where the key is a file for a moment, as the library of TLS wants it.
        """
        with TemporaryDirectory(dir=folder if folder.is_dir() else None) as held:
            path = Path(held, "tls.pem")
            path.touch(mode=0o600)
            path.write_bytes(self.certificate + self.key)
            context.load_cert_chain(path)


def _newest(authorities: bytes) -> bytes:
    """The first of them, as PEM; nothing if that is no certificate."""
    try:
        return _pem(x509.load_pem_x509_certificates(authorities)[0])
    except ValueError:
        return b""


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    now: datetime,
    server: str | None,
) -> x509.Certificate:
    """A certificate of the authority, or one of the server, signed by the authority's key."""
    now = now.astimezone(UTC)
    public = signer.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_called(name))
        .issuer_name(_called(_AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=server is None, path_length=None if server else 0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(_usage(signs=server is None), critical=True)
    )
    if server is not None:
        names = x509.SubjectAlternativeName([x509.DNSName(server)])
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False).add_extension(purpose, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])  # its greatest length (RFC 5280, A.1)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
