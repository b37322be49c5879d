"""TLS for the endpoint and the issuer: verified always, against the system's authorities or a given one."""

import ssl
from urllib.parse import urlsplit

from syncramp.errors import InputRefused

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def context(ca: bytes | None) -> ssl.SSLContext:
    """A verifying context, TLS 1.2 or newer.

    :param ca: certificates (PEM) that vouch for the server in place of the system's.
    :raises InputRefused: they are no certificates.
    """
    try:
        made = ssl.create_default_context(cadata=ca.decode() if ca is not None else None)
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        raise InputRefused(
            "the CA is no PEM certificate",
            where="spec.target.endpoint.ca",
            remedy="give the certificate of the authority, beginning with -----BEGIN CERTIFICATE-----",
        ) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def is_loopback(url: str) -> bool:
    """The address is this machine: no proxy of the environment may come between."""
    return (urlsplit(url).hostname or "") in LOOPBACK
