"""Certificates for a server on loopback: a CA of its own, and a server certificate for the names asked for."""

from dataclasses import dataclass
from datetime import timedelta

from syncramp.simulator.certificates import make_server

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """PEM texts."""

    ca: bytes
    certificate: bytes
    key: bytes


def issue(*names: str, expired: bool = False) -> Certificates:
    """A new CA, and a certificate it issues for host names and IP addresses.

    :param expired: it was valid until yesterday.
    """
    ca, server = make_server(*names, valid=-DAY, begins=-2 * DAY) if expired else make_server(*names)
    return Certificates(ca, server.certificate, server.key)
