"""Signing in with Kerberos: SASL GSSAPI (RFC 4752) with the keys of a keytab, inside TLS.

TLS protects the connection, so no security layer is asked for; Active Directory takes one of the two only (MS-ADTS
5.1.1.1.2). The exchange is bound to the server's certificate (tls-server-end-point, RFC 5929 4.1), which Active
Directory can demand (LdapEnforceChannelBinding) and other servers ignore. The library gets the keytab as a file in
anonymous memory, which goes when the server has answered; tickets are kept in the memory of the process, a few
kilobytes for each sign-in, and are not used again.

``gssapi`` is an extra, because it needs the Kerberos library of the system. ldap3's own exchange is not used: it
takes the last token of a server that offers no layer for an error.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from ldap3.protocol.sasl.sasl import send_sasl_negotiation

from syncramp.errors import (
    AccessDenied,
    CredentialsRefused,
    InputRefused,
    SourceUnavailable,
    SyncrampError,
    UntrustedServer,
)

WHERE = "spec.sources[].ldap.bind"
MECHANISM = "GSSAPI"
_IN_PROGRESS = 14  # saslBindInProgress
_NO_LAYER = 1  # RFC 4752 3.1: a bit of the first byte; three bytes of buffer size follow
_WEAK = {"md5", "sha1"}  # RFC 5929 4.1: SHA-256 in their place
_LONGEST_TEXT = 300
_ERRORS = 2**32 - 1765328384  # the first number of Kerberos as a minor status: RFC 4120 7.5.9 follows
_SERVICE_UNKNOWN, _SKEW = _ERRORS + 7, _ERRORS + 37
_NO_KDC = {_ERRORS + 154, _ERRORS + 156}  # MIT krb5: KRB5_REALM_UNKNOWN, KRB5_KDC_UNREACH
_NO_KEY = _ERRORS + 195  # KRB5_FCC_NOFILE: no ticket, and no key to ask for one


def sign_in(connection: Any, server: str, host: str, principal: str, keytab: bytes) -> dict[str, Any]:
    """Bind a connection of ldap3 that TLS protects already.

    :param server: its URL, for texts.
    :param host: its name in the URL; the service is ``ldap/host``.
    :param principal: ``name@REALM``.
    :param keytab: what is in the file.
    :returns: the last result of the server, as ldap3 gives it.
    :raises SyncrampError: there is no ticket to be had, or the server does not prove who it is.
    """
    gssapi = _library()
    if not all(principal.partition("@")):
        raise InputRefused(f"{principal!r} is no Kerberos principal", where=WHERE, remedy="write name@REALM")
    try:
        with _in_memory(keytab) as file:
            store = {"client_keytab": f"FILE:{file}", "ccache": f"MEMORY:{uuid4()}"}
            name = gssapi.Name(principal, gssapi.NameType.kerberos_principal)
            context = gssapi.SecurityContext(
                usage="initiate",
                # the realm is left open: it is found by the KDC, and no name of DNS takes the place of the host's
                name=gssapi.Name(f"ldap/{host}@", gssapi.NameType.kerberos_principal),
                creds=gssapi.Credentials(name=name, usage="initiate", store=store),
                mech=gssapi.MechType.kerberos,
                channel_bindings=_binding(gssapi, connection.socket.getpeercert(True)),
            )
            return _exchange(connection, context, server)
    except gssapi.exceptions.GSSError as error:
        raise _mapped(error, server, host, principal) from None


def _exchange(connection: Any, context: Any, server: str) -> dict[str, Any]:
    """Tokens to and fro until both sides know each other; then the answer to the server's offer of layers."""
    connection.sasl_mechanism = MECHANISM
    answer = None
    while True:
        result: dict[str, Any] = send_sasl_negotiation(connection, None, context.step(answer) or b"")
        if result["result"] != _IN_PROGRESS:
            return result
        answer = result["saslCreds"] or b""
        if context.complete:
            offer = context.unwrap(answer).message
            if not offer or not offer[0] & _NO_LAYER:
                raise AccessDenied(
                    "the server demands a security layer of SASL",
                    where=server,
                    remedy="let it take connections that TLS protects alone",
                )
            chosen = context.wrap(bytes([_NO_LAYER, 0, 0, 0]), False).message
            return dict(send_sasl_negotiation(connection, None, chosen))


@contextmanager
def _in_memory(keytab: bytes) -> Iterator[str]:
    """A path to a file without a name, which no other user can open and no disk ever sees."""
    file = os.memfd_create("keytab")
    try:
        with open(file, "wb", closefd=False) as written:
            written.write(keytab)
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)


def _binding(gssapi: Any, certificate: bytes) -> Any:
    """The channel binding; None for a certificate whose signature has no hash of its own."""
    signed_by = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    if signed_by is None:
        return None
    digest = hashes.Hash(hashes.SHA256() if signed_by.name in _WEAK else signed_by)
    digest.update(certificate)
    return gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())


def _library() -> Any:
    remedy = "install libgssapi-krb5-2 and syncramp[kerberos], or use bind.method Simple"
    if not hasattr(os, "memfd_create"):
        raise InputRefused("Kerberos needs Linux", where=WHERE, remedy="use bind.method Simple")
    try:
        import gssapi
    except (ImportError, OSError) as error:
        raise InputRefused("the Kerberos library is missing", where=WHERE, remedy=remedy) from error
    return gssapi


def _mapped(error: Any, server: str, host: str, principal: str) -> SyncrampError:
    said = "; ".join(error.get_all_statuses(error.min_code, False))[:_LONGEST_TEXT]
    if error.min_code in _NO_KDC:
        return SourceUnavailable(
            f"no KDC of {principal.partition('@')[2]} answers ({said})",
            where=server,
            remedy="check that the KDCs of the realm are found, by DNS or by krb5.conf, and answer at port 88",
        )
    if error.min_code == _SERVICE_UNKNOWN:
        return UntrustedServer(
            f"the domain knows no service ldap/{host}",
            where=server,
            remedy="name the domain controller as its servicePrincipalName does, by its full DNS name",
        )
    if error.min_code == _SKEW:
        remedy = "set the clock of this machine: the domain takes a difference of five minutes at most"
    elif error.min_code == _NO_KEY:
        said = "the keytab holds no key of it, or is none"
        remedy = f"check principal and keytab in the Secret of {WHERE}"
    else:
        remedy = f"make the keytab in the Secret of {WHERE} again: a changed password makes it void"
    return CredentialsRefused(f"{principal!r} cannot sign in with Kerberos ({said})", where=server, remedy=remedy)
