"""The address of a directory server, as the document gives it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from syncramp.errors import InputRefused

_PORTS = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and whether TLS begins at once."""

    url: str
    host: str
    port: int
    tls_at_once: bool
    """ldaps://; otherwise StartTLS before anything else."""


def parse(url: str) -> Address:
    """Read ``ldaps://host[:port]`` or ``ldap://host[:port]``.

    :raises InputRefused: it is neither.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in _PORTS or not host or parts.path not in ("", "/") or parts.query or parts.username:
        raise InputRefused(
            f"{url!r} is not the address of a directory server",
            where="spec.sources[].ldap.servers",
            remedy="write ldaps://host[:port], or ldap://host[:port] for StartTLS",
        )
    return Address(url, host, port or _PORTS[parts.scheme], tls_at_once=parts.scheme == "ldaps")
