"""TLS to directory servers: version 1.2 or later, a certificate from a CA we trust, issued for the host we asked for.

ldap3 compares host names with code of its own that knows no IP addresses; here Python's ``ssl`` does it. ldap3 also
hides why a handshake failed behind its own exceptions, so the failure is kept where the session finds it.
"""

import ssl
from typing import Any

import ldap3

from syncramp.errors import InputRefused

HANDSHAKE_SECONDS = 15
"""A handshake needs no search, so it is given less time than an answer."""


def trust(ca: bytes | None) -> ssl.SSLContext:
    """What servers are verified against.

    :param ca: PEM certificates that are trusted in place of the system's; None: the system's.
    :raises InputRefused: ``ca`` holds no certificate.
    """
    try:
        context = ssl.create_default_context(cadata=None if ca is None else ca.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise InputRefused(
            "the CA certificates cannot be read",
            where="spec.sources[].ldap.tls.ca",
            remedy="give PEM text: -----BEGIN CERTIFICATE----- and so on",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class VerifiedTls(ldap3.Tls):  # type: ignore[misc]  # ldap3 has no types
    """ldap3's hook for TLS, with a context that verifies certificate and host name."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self.failure: ssl.SSLError | None = None
        """Why the last handshake failed, if TLS itself was the reason."""
        self._context = context
        self._host = host

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Called by ldap3 with a connected socket; both ldaps:// and StartTLS end here."""
        silence = connection.socket.gettimeout()
        connection.socket.settimeout(HANDSHAKE_SECONDS)
        try:
            connection.socket = self._context.wrap_socket(
                connection.socket, server_hostname=self._host, do_handshake_on_connect=False
            )
            connection.socket.do_handshake()  # when others see the socket already, and can interrupt it
        except ssl.SSLError as error:
            self.failure = error
            raise
        connection.socket.settimeout(silence)
