"""The certificate an application signs in with, and its key: from PEM files or a PKCS #12 store to what msal takes.

Both forms end as one RSA key and the certificate that belongs to it. msal signs its assertion with them (PS256) and
names the certificate by its SHA-256 thumbprint. A certificate outside its time is refused here, before any call: the
issuer's own words for it are those for a certificate that was never registered.

OpenSSL proves a key's factors to be prime whenever it reads one, 50 ms for 2048 bits. That a key from PEM is sound is
seen at what it signs instead, and only one that signs nothing its certificate accepts is proven so, to tell why. msal
is given the key itself, or it would read it once more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509 import Certificate, load_pem_x509_certificates

from syncramp.errors import CredentialsRefused, InputRefused
from syncramp.model.seams import SecretReader
from syncramp.spec.secrets import optional_text
from syncramp.spec.sign_in import CertificateAuth, CertificateFormat
from syncramp.words import moment

CERTIFICATE, KEY, STORE, PASSWORD = "tls.crt", "tls.key", "keystore.p12", "password"
"""Keys of the Secret: the first two as Kubernetes names them, the third as cert-manager does."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate, as PEM, its key, and when the certificate is valid."""

    certificate: str
    key: RSAPrivateKey = field(repr=False)
    since: datetime
    until: datetime


def read_key_pair(auth: CertificateAuth, secrets: SecretReader, now: datetime) -> KeyPair:
    """The certificate of the document's Secret.

    :raises InputRefused: the Secret holds no RSA key with its certificate; its content is never told.
    :raises CredentialsRefused: the certificate has expired, or its time has not come.
    """
    read = _pem if auth.format is CertificateFormat.PEM else _pkcs12
    key, certificates = read(secrets, auth.secret)
    pair = _paired(key, certificates, auth.secret)
    _check_time(pair, auth.secret, now)
    return pair


def _pem(secrets: SecretReader, name: str) -> tuple[object, Sequence[Certificate]]:
    with _told(name, f"{CERTIFICATE} holds no PEM certificate", "begin it with -----BEGIN CERTIFICATE-----"):
        certificates = load_pem_x509_certificates(secrets.read(name, CERTIFICATE))
    data = secrets.read(name, KEY)
    with _told(name, f"{KEY} holds no PEM key", "begin it with -----BEGIN PRIVATE KEY-----"):
        try:
            return _sound(data, None), certificates
        except TypeError:  # it is encrypted
            password = _password(secrets, name)
    wrong = f"{KEY} is encrypted, and the Secret's key {PASSWORD} does not open it"
    with _told(name, wrong, f"put its password into the Secret, as the key {PASSWORD}"):
        return _sound(data, password), certificates


def _sound(data: bytes, password: bytes | None) -> object:
    """A key that signs what can be verified.

    :raises ValueError: it does not.
    :raises TypeError: it is encrypted, and there is no password, or the other way round.
    """
    key = load_pem_private_key(data, password, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, RSAPrivateKey) and not _signs(key):
        return load_pem_private_key(data, password)
    return key


def _signs(key: RSAPrivateKey) -> bool:
    padding, digest, text = PSS(MGF1(hashes.SHA256()), PSS.DIGEST_LENGTH), hashes.SHA256(), b"sound"
    try:
        key.public_key().verify(key.sign(text, padding, digest), text, padding, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _pkcs12(secrets: SecretReader, name: str) -> tuple[object, Sequence[Certificate]]:
    data, password = secrets.read(name, STORE), _password(secrets, name)
    wrong = f"{STORE} is no PKCS #12 store (PFX), or the Secret's key {PASSWORD} does not open it"
    with _told(name, wrong, f"export it again with its private key, and put its password into the key {PASSWORD}"):
        store = pkcs12.load_pkcs12(data, password)
    return store.key, [store.cert.certificate] if store.cert else []  # the one that belongs to the key


def _password(secrets: SecretReader, name: str) -> bytes | None:
    """The password of the Secret; OpenSSL's ends at a zero byte, and cryptography panics over one."""
    password = optional_text(secrets, name, PASSWORD)
    if password and "\0" in password:
        raise _refused(name, f"{PASSWORD} holds a zero byte", "write the password as plain text")
    return password.encode() if password else None


def _paired(key: object, certificates: Sequence[Certificate], name: str) -> KeyPair:
    if not isinstance(key, RSAPrivateKey):
        raise _refused(name, "there is no RSA key in it, and Entra takes no other", "make a key of RSA, 2048 bits")
    own = None
    with _told(name, "a certificate in it cannot be read", "make the certificate again, with a key of RSA"):
        own = next((each for each in certificates if each.public_key() == key.public_key()), None)
    if own is None:
        raise _refused(
            name, "it holds no certificate of its key", "put a certificate and its own key into the Secret"
        )
    public = own.public_bytes(serialization.Encoding.PEM)
    return KeyPair(public.decode(), key, own.not_valid_before_utc, own.not_valid_after_utc)


def _check_time(pair: KeyPair, name: str, now: datetime) -> None:
    if now >= pair.until:
        raise CredentialsRefused(
            f"the certificate has expired: it was valid until {moment(pair.until)}",
            where=f"Secret {name}",
            remedy="make a new one, add it to the application's registration and put it into the Secret",
        )
    if now < pair.since:
        raise CredentialsRefused(
            f"the certificate is not valid before {moment(pair.since)}",
            where=f"Secret {name}",
            remedy="check the clock of this machine, or take the certificate that is valid now",
        )


@contextmanager
def _told(name: str, what: str, remedy: str) -> Iterator[None]:
    """Errors of the decoding in our own words: theirs name nothing a person could mend, and may hold content."""
    try:
        yield
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _refused(name, what, remedy) from None


def _refused(name: str, what: str, remedy: str) -> InputRefused:
    return InputRefused(what, where=f"Secret {name}", remedy=remedy)
