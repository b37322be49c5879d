"""Certificates for a server on loopback: a CA of its own, and a server certificate for the names asked for."""

from dataclasses import dataclass

from syncramp.simulator.certificates import make_server


@dataclass(frozen=True)
class Certificates:
    """PEM texts."""

    ca: bytes
    certificate: bytes
    key: bytes


def issue(*names: str) -> Certificates:
    """A new CA, and a certificate it issues for host names and IP addresses."""
    ca, server = make_server(*names)
    return Certificates(ca, server.certificate, server.key)
