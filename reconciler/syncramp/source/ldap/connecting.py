"""From an address to a session: TCP, TLS, and the sign-in, by ldap3.

It runs without its conveniences: no schema, no name checks, no referrals, no automatic ranges.
"""

from typing import Any

import ldap3

from syncramp.errors import CredentialsRefused, SourceUnavailable
from syncramp.source.ldap import faults, kerberos, tls
from syncramp.source.ldap.address import Address
from syncramp.source.ldap.connections import Connections
from syncramp.source.ldap.session import Session

CONNECT_SECONDS = 15
SILENCE_SECONDS = 150
"""How long a server may be silent; Active Directory gives a query up after 120 s (MaxQueryDuration)."""


def connect(
    address: Address,
    username: str,
    password: str,
    ca: bytes | None,
    *,
    keytab: bytes | None = None,
    writes: bool = False,
    among: Connections | None = None,
    patience: int | None = None,
) -> Session:
    """Connect, start TLS, sign in; the password goes over the wire only after TLS.

    :param keytab: it signs in with Kerberos, as the principal ``username``; the password is not looked at.
    :param ca: PEM certificates; None: the system's.
    :param writes: entries are changed, too.
    :param among: where it can be interrupted with others.
    :param patience: seconds that are waited for a connection, and for an answer; None: as long as a read waits.
    :raises SourceUnavailable: the server cannot be reached, or does not speak TLS.
    :raises UntrustedServer: its certificate cannot be verified.
    :raises CredentialsRefused: it refuses user or password.
    """
    if keytab is None and (not username or not password):
        raise CredentialsRefused(  # an empty password would be an anonymous bind that succeeds, RFC 4513 5.1.2
            "user name or password is empty", where=address.url, remedy="check the Secret of spec.sources[].ldap.bind"
        )
    verified = tls.VerifiedTls(tls.trust(ca), address.host)
    connection = _unconnected(address, verified, username, password, writes=writes, patience=patience)
    among = among or Connections()
    among.add(connection)
    session = Session(address.url, connection, among)
    try:
        _secure(connection, address, verified)
        with faults.mapped(address.url, "signing in"):
            if keytab is None:
                connection.bind(read_server_info=False)
                result = connection.result or {}
            else:
                result = kerberos.sign_in(connection, address.url, address.host, username, keytab)
        if result.get("result") != faults.SUCCESS:
            raise faults.bind_refused(address.url, username, result)
    except BaseException:
        session.close()
        raise
    return session


def _secure(connection: Any, address: Address, verified: tls.VerifiedTls) -> None:
    try:
        with faults.mapped(address.url, "connecting"):
            connection.open(read_server_info=False)
        if not address.tls_at_once:
            with faults.mapped(address.url, "StartTLS"):
                started = connection.start_tls(read_server_info=False)
            if not started:
                raise SourceUnavailable("StartTLS did not start", where=address.url)
    except SourceUnavailable as error:
        if verified.failure is not None:
            raise faults.handshake_failed(address.url, verified.failure) from error
        raise


def _unconnected(
    address: Address,
    verified: tls.VerifiedTls,
    username: str,
    password: str,
    *,
    writes: bool,
    patience: int | None,
) -> Any:
    with faults.mapped(address.url, "connecting"):
        server = ldap3.Server(
            address.host,
            port=address.port,
            use_ssl=address.tls_at_once,
            tls=verified,
            get_info=ldap3.NONE,
            mode=ldap3.IP_V4_PREFERRED,  # the default tries one address only
            connect_timeout=patience or CONNECT_SECONDS,
        )
        return ldap3.Connection(
            server,
            user=username,
            password=password.encode(),  # as bytes: ldap3 would refuse or change what SASLprep does not like
            authentication=ldap3.SIMPLE,
            client_strategy=ldap3.SYNC,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            return_empty_attributes=False,
            read_only=not writes,
            receive_timeout=patience or SILENCE_SECONDS,
        )
