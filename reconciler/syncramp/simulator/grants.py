"""Who gets a token: each grant with its checks, and with Entra's number and words for each refusal.

A client assertion is signed by the application itself, with the key of its registered certificate, or by somebody it
trusts (a federated credential); its ``iss`` tells which. Assertions are judged by the real clock, because clients
sign them by it.
"""

import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from syncramp.simulator.registration import Account, Application, FederatedCredential
from syncramp.spec.sign_in import AccountAuth

PUBLIC_CLIENTS = (AccountAuth("").client_id, "04b07795-8ddb-461a-bbee-02f9e1bf7b46")
"""Applications of Microsoft's that every tenant has: Azure AD PowerShell, and Azure CLI."""
LEEWAY = 300
"""Seconds that clocks may differ, as Entra allows them."""
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Refused(Exception):
    """A token request that is refused: Entra's number, the OAuth error, the text."""

    def __init__(self, number: int, error: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.number, self.error, self.status = number, error, status


def check_application(form: Mapping[str, str], application: Application, tenant: str, endpoint: str) -> None:
    """The client-credentials grant (RFC 6749, 4.4): a secret, or an assertion (RFC 7523).

    :param endpoint: the address of the token endpoint.
    :raises Refused: it does not prove to be the application.
    """
    client = field(form, "client_id")
    if client.lower() != application.client_id.lower():
        raise _unknown_application(client, tenant)
    if "client_assertion" not in form:
        _check_secret(form, application)
        return
    if form.get("client_assertion_type") != _ASSERTION:
        raise missing("client_assertion_type")
    assertion = form["client_assertion"]
    header, claims = _opened(assertion)
    if claims.get("iss") == application.client_id or not application.trusts:
        _check_own(assertion, header, application, endpoint)
    else:
        _check_federated(assertion, claims, application.trusts)


def check_account(form: Mapping[str, str], account: Account | None, tenant: str, resource: str) -> Account:
    """The grant of a user's password (RFC 6749, 4.3).

    :raises Refused: the account is not known, its password is wrong, or a person is needed.
    """
    client, username, password = (field(form, name) for name in ("client_id", "username", "password"))
    if client.lower() not in PUBLIC_CLIENTS:
        raise _unknown_application(client, tenant)
    if account is None or username.lower() != account.username.lower():
        text = f"The user account {username} does not exist in the {tenant} directory."
        raise Refused(50034, "invalid_grant", text)
    if not hmac.compare_digest(password.encode(), account.password.encode()):
        text = "Error validating credentials due to invalid username or password."
        raise Refused(50126, "invalid_grant", text)
    if account.needs_person:
        text = "Due to a configuration change made by your administrator, you must use multi-factor authentication "
        raise Refused(50076, "invalid_grant", f"{text}to access '{resource}'.")
    return account


def field(form: Mapping[str, str], name: str) -> str:
    """A field of the request that must be there.

    :raises Refused: it is not.
    """
    if not form.get(name):
        raise missing(name)
    return form[name]


def missing(name: str) -> Refused:
    """The refusal of a request without this field."""
    return Refused(900144, "invalid_request", f"The request body must contain the following parameter: '{name}'.")


def _check_secret(form: Mapping[str, str], application: Application) -> None:
    if not hmac.compare_digest(field(form, "client_secret").encode(), application.secret.encode()):
        raise _client(7000215, "Invalid client secret provided.")


def _check_own(assertion: str, header: Mapping[str, Any], application: Application, endpoint: str) -> None:
    """An assertion of the application must name the registered certificate and be signed with its key.

    Its audience is the token endpoint, or the issuer, as Microsoft's page on certificate credentials had it before.
    """
    certificate = x509.load_pem_x509_certificate(application.certificate)
    if not _named(header, certificate):
        raise _client(700027, "The certificate used to sign the client assertion is not registered on application.")
    if datetime.now(UTC) >= certificate.not_valid_after_utc:
        raise _client(700027, "Client assertion contains an invalid signature. [Reason - The key used is expired.]")
    claims = _verified(
        assertion,
        certificate.public_key(),
        ["RS256", "PS256"],
        (endpoint, endpoint.replace("/oauth2/v2.0/token", "/v2.0")),
        application.client_id,
        ["exp", "jti", "sub"],
    )
    if claims["sub"] != application.client_id:
        raise _client(700027, "The subject of the client assertion is not the client.")


def _check_federated(assertion: str, claims: Mapping[str, Any], trusts: FederatedCredential) -> None:
    """A token of somebody else must say what the federated credential says, to the letter."""
    audiences = claims.get("aud")
    audience = audiences[0] if isinstance(audiences, list) and len(audiences) == 1 else audiences
    for number, name, said, registered in (
        (700211, "issuer", claims.get("iss"), trusts.issuer),
        (700213, "subject", claims.get("sub"), trusts.subject),
        (700212, "audience", audience, trusts.audience),
    ):
        if said != registered:
            raise _client(
                number, f"No matching federated identity record found for presented assertion {name} '{said}'."
            )
    _verified(assertion, trusts.key, ["RS256"], (trusts.audience,), trusts.issuer, ["exp", "sub"])


def _opened(assertion: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of an assertion, of which nothing is proven."""
    try:
        opened = jwt.decode_complete(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise _client(50027, f"JWT token is invalid or malformed: {type(error).__name__}.") from None
    return opened["header"], opened["payload"]


def _verified(
    assertion: str, key: Any, algorithms: list[str], audiences: Sequence[str], issuer: str, required: list[str]
) -> dict[str, Any]:
    try:
        return jwt.decode(
            assertion,
            key,
            algorithms,
            audience=audiences,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": required},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        raise _client(700024, "Client assertion is not within its valid time range.") from None
    except jwt.InvalidTokenError as error:
        raise _client(700027, f"Client assertion failed validation: {type(error).__name__}.") from None


def _named(header: Mapping[str, Any], certificate: x509.Certificate) -> bool:
    thumbprints = {
        "x5t": certificate.fingerprint(hashes.SHA1()),  # noqa: S303 (a name, not a protection)
        "x5t#S256": certificate.fingerprint(hashes.SHA256()),
    }
    given = {name: str(header[name]).rstrip("=") for name in thumbprints if name in header}
    return bool(given) and all(
        value in (_plain(urlsafe_b64encode(thumbprints[name])), _plain(b64encode(thumbprints[name])))
        for name, value in given.items()
    )


def _plain(encoded: bytes) -> str:
    return encoded.decode().rstrip("=")


def _client(number: int, text: str) -> Refused:
    return Refused(number, "invalid_client", text, 401)


def _unknown_application(client: str, tenant: str) -> Refused:
    text = f"Application with identifier '{client}' was not found in the directory '{tenant}'."
    return Refused(700016, "unauthorized_client", text)
