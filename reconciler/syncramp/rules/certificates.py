"""Which certificates of a computer are those of its registration with Entra ID.

A computer that registers makes a certificate whose subject is its objectGUID, and writes it to its own entry. Only
such computers are synchronised, and only with such certificates: others, of a web server for example, would make a
device that nobody can use (Microsoft, "Understanding Azure AD Connect 1.4.xx.x and device disappearance"). Whether a
certificate has expired is not looked at, because what decides has no clock.
"""

from uuid import UUID
from warnings import catch_warnings, simplefilter

from syncramp.model.facts import Entry


def registrations(entry: Entry) -> tuple[bytes, ...]:
    """The certificates of a computer's entry that have its objectGUID, with braces or without, as common name."""
    if "usercertificate" not in entry.attributes:
        return ()
    name = str(UUID(bytes_le=entry.guid))
    return tuple(value for value in entry.attributes["usercertificate"] if name in _common_names(value))


def _common_names(certificate: bytes) -> set[str]:
    """In lower case and without braces; none if it is no certificate."""
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate
    from cryptography.x509.oid import NameOID

    try:
        with catch_warnings():  # of what RFC 5280 forbids and is read all the same, as a serial number of 0
            simplefilter("ignore", CryptographyDeprecationWarning)
            names = load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, InvalidVersion):
        return set()
    return {str(name.value).strip("{}").lower() for name in names}
