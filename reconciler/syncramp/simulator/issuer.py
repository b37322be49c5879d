"""A token issuer as Entra is one: its documents, its client-credentials grant, and its error texts.

It knows one tenant and one application, with one certificate and one client secret. Its access tokens are signed with
a key of its own, so the endpoint can tell them from others (``verify``).
"""

import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from syncramp.endpoint.contract import ACCESS_DENIED_TEXT

RESOURCE = "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"
"""Application id of Microsoft Entra AD Synchronization Service (Microsoft's documentation of application sign-in)."""
CLASSIC_RESOURCE = "https://graph.windows.net"
ROLE = "ADSynchronization.ReadWrite.All"
LIFETIME = 3600
EXPIRED_TEXT = "The security token has expired."
"""Invented: what the service says to an expired token is not public."""
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Claims = dict[str, Any]
Answer = tuple[int, dict[str, Any]]
"""HTTP status and JSON document."""


class _Refused(Exception):
    """A token request that is refused: Entra's number, the OAuth error, the text."""

    def __init__(self, number: int, error: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.number, self.error, self.status = number, error, status


@dataclass(frozen=True)
class Application:
    """The one application that is registered."""

    client_id: str
    certificate: bytes
    """PEM."""
    secret: str = field(repr=False)
    roles: tuple[str, ...] = (ROLE,)


class Issuer:
    """The issuer of one tenant.

    :param clock: seconds since 1970.
    """

    def __init__(self, tenant_id: str, application: Application, clock: Callable[[], float]) -> None:
        self.tenant_id = tenant_id
        self._application = application
        self._clock = clock
        self._key = rsa.generate_private_key(65537, 2048)
        self._key_id = uuid4().hex
        self._iss = f"https://sts.windows.net/{tenant_id}/"
        self._certificate = x509.load_pem_x509_certificate(application.certificate)
        """Tokens given so far."""

    def configuration(self, tenant: str, base: str) -> Answer:
        """The openid-configuration document.

        :param tenant: as it stands in the path.
        :param base: ``https://host:port`` of the issuer.
        """
        if tenant.lower() != self.tenant_id.lower():
            return self._answer(_unknown_tenant(tenant))
        root = f"{base}/{self.tenant_id}"
        return 200, {
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": base.removeprefix("https://"),
        }

    def keys(self) -> dict[str, Any]:
        """The public keys of the access tokens."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [key | {"kid": self._key_id, "use": "sig"}]}

    def token(self, tenant: str, form: Mapping[str, str], endpoint: str) -> Answer:
        """The token endpoint.

        :param tenant: as it stands in the path.
        :param form: the fields of the request.
        :param endpoint: the address of the token endpoint, the audience of client assertions.
        """
        try:
            if tenant.lower() != self.tenant_id.lower():
                raise _unknown_tenant(tenant)
            if _field(form, "grant_type") != "client_credentials":
                raise _Refused(70003, "unsupported_grant_type", "The app requested an unsupported grant type.")
            self._authenticate(form, endpoint)
            access = self.access_token(_resource(_field(form, "scope")))
        except _Refused as refused:
            return self._answer(refused)
        return 200, {
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": access,
        }

    def access_token(self, audience: str = RESOURCE, **changed: Any) -> str:
        """A signed access token.

        :param changed: claims that differ from what the issuer would write.
        """
        now = int(self._clock())
        claims = {
            "aud": audience,
            "iss": self._iss,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "appid": self._application.client_id,
            "tid": self.tenant_id,
            "roles": list(self._application.roles),
            "ver": "1.0",
            "uti": uuid4().hex,
        }
        return jwt.encode(claims | changed, self._key, "RS256", {"kid": self._key_id})

    def verify(self, token: str) -> Claims | str:
        """The claims of an access token, or the text of the fault that refuses it."""
        try:
            claims: Claims = jwt.decode(
                token,
                self._key.public_key(),
                ["RS256"],
                audience=[RESOURCE, CLASSIC_RESOURCE],
                issuer=self._iss,
                options={
                    "require": ["exp", "iat", "tid"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError:
            return ACCESS_DENIED_TEXT
        if self._clock() >= claims["exp"]:
            return EXPIRED_TEXT
        allowed = ROLE in claims.get("roles", ()) or claims.get("scp") == "user_impersonation"
        return claims if allowed and claims["tid"] == self.tenant_id else ACCESS_DENIED_TEXT

    def _authenticate(self, form: Mapping[str, str], endpoint: str) -> None:
        client = _field(form, "client_id")
        if client.lower() != self._application.client_id.lower():
            text = f"Application with identifier '{client}' was not found in the directory '{self.tenant_id}'."
            raise _Refused(700016, "unauthorized_client", text)
        if "client_assertion" in form:
            if form.get("client_assertion_type") != _ASSERTION:
                raise _missing("client_assertion_type")
            self._check_assertion(form["client_assertion"], endpoint)
        elif not hmac.compare_digest(_field(form, "client_secret").encode(), self._application.secret.encode()):
            raise _Refused(7000215, "invalid_client", "Invalid client secret provided.", 401)

    def _check_assertion(self, assertion: str, endpoint: str) -> None:
        """A client assertion must name the registered certificate and be signed with its key."""
        client = self._application.client_id
        try:
            header = jwt.get_unverified_header(assertion)
            if not self._named(header):
                text = "The certificate used to sign the client assertion is not registered on application."
                raise _Refused(700027, "invalid_client", text, 401)
            claims = jwt.decode(
                assertion,
                self._certificate.public_key(),  # type: ignore[arg-type]  # made as RSA
                ["RS256", "PS256"],
                audience=endpoint,
                issuer=client,
                leeway=300,
                options={"require": ["exp", "jti", "sub"]},
            )
        except jwt.InvalidTokenError as error:
            text = f"Client assertion failed validation: {type(error).__name__}."
            raise _Refused(700027, "invalid_client", text, 401) from None
        if claims["sub"] != client:
            raise _Refused(700027, "invalid_client", "The subject of the client assertion is not the client.", 401)

    def _named(self, header: Mapping[str, Any]) -> bool:
        thumbprints = {
            "x5t": self._certificate.fingerprint(hashes.SHA1()),  # noqa: S303 (a name, not a protection)
            "x5t#S256": self._certificate.fingerprint(hashes.SHA256()),
        }
        given = {name: str(header[name]).rstrip("=") for name in thumbprints if name in header}
        return bool(given) and all(
            value in (_plain(urlsafe_b64encode(thumbprints[name])), _plain(b64encode(thumbprints[name])))
            for name, value in given.items()
        )

    def _answer(self, refused: _Refused) -> Answer:
        trace, correlation = str(uuid4()), str(uuid4())
        stamp = f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%d %H:%M:%SZ}"
        text = f"AADSTS{refused.number}: {refused} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        return refused.status, {
            "error": refused.error,
            "error_description": text,
            "error_codes": [refused.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }


def _plain(encoded: bytes) -> str:
    return encoded.decode().rstrip("=")


def _unknown_tenant(tenant: str) -> _Refused:
    return _Refused(90002, "invalid_request", f"Tenant '{tenant}' not found. Check the tenant identifier.")


def _missing(name: str) -> _Refused:
    text = f"The request body must contain the following parameter: '{name}'."
    return _Refused(900144, "invalid_request", text)


def _field(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise _missing(name)
    return form[name]


def _resource(scope: str) -> str:
    """The resource of the scope; msal adds scopes of its own that a client-credentials grant ignores."""
    wanted = [part for part in scope.split() if part.endswith("/.default")]
    if len(wanted) != 1:
        text = "The scope is not valid. Client credential flows must have a scope value with /.default."
        raise _Refused(1002012, "invalid_scope", text)
    resource = wanted[0].removesuffix("/.default").removeprefix("api://")
    if resource.rstrip("/") not in (RESOURCE, CLASSIC_RESOURCE):
        raise _Refused(
            500011, "invalid_resource", f"The resource principal named {resource} was not found in the tenant."
        )
    return resource.rstrip("/")
