"""A token issuer as Entra is one: its documents, its tokens, and its error texts.

It knows one tenant with one application, which shows a certificate, a secret or a federated token, and with one
classic account (``grants``). Its access tokens are signed with a key of its own, so the endpoint can tell them from
others (``verify``).
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from syncramp.endpoint.clouds import ADDRESSES, GRAPH_HOSTS
from syncramp.endpoint.contract import ACCESS_DENIED_TEXT
from syncramp.simulator.grants import Refused, check_account, check_application, field, missing
from syncramp.simulator.registration import ROLE, Account, Application

RESOURCE = "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"
"""Application id of Microsoft Entra AD Synchronization Service (Microsoft's documentation of application sign-in)."""
CLASSIC_RESOURCES = frozenset(addresses.classic for addresses in ADDRESSES.values())
"""Azure AD Graph, by any of its names."""
GRAPHS = frozenset(f"https://{host}" for host in GRAPH_HOSTS)
"""Microsoft Graph, by any of its names."""
ANY_TENANT = ("common", "organizations")
"""In place of a tenant: that of the user who signs in."""
LIFETIME = 3600
EXPIRED_TEXT = "The security token has expired."
"""Invented: what the service says to an expired token is not public."""

Claims = dict[str, Any]
Answer = tuple[int, dict[str, Any]]
"""HTTP status and JSON document."""


class Issuer:
    """The issuer of one tenant.

    :param clock: seconds since 1970.
    :param lifetime: seconds for which a token is good.
    """

    def __init__(
        self,
        tenant_id: str,
        application: Application,
        clock: Callable[[], float],
        account: Account | None = None,
        lifetime: int = LIFETIME,
    ) -> None:
        self.tenant_id = tenant_id
        self.lifetime = lifetime
        self._application = application
        self._account = account
        self._clock = clock
        self._key = rsa.generate_private_key(65537, 2048)
        self._key_id = uuid4().hex
        self._iss = f"https://sts.windows.net/{tenant_id}/"

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

        :param tenant: as it stands in the path; for a user also one of the names that mean the user's own.
        :param form: the fields of the request.
        :param endpoint: the address of the token endpoint, the audience of client assertions.
        """
        try:
            if not self._is_tenant(tenant, form):
                raise _unknown_tenant(tenant)
            access = self._granted(form, endpoint)
        except Refused as refused:
            return self._answer(refused)
        return 200, {
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "ext_expires_in": self.lifetime,
            "access_token": access,
        }

    def _is_tenant(self, tenant: str, form: Mapping[str, str]) -> bool:
        own = ANY_TENANT if form.get("grant_type") == "password" else ()
        return tenant.lower() in (self.tenant_id.lower(), *own)

    def older_token(self, tenant: str, form: Mapping[str, str], endpoint: str) -> Answer:
        """The token endpoint of version 1.0, which published clients of the classic account use.

        It is asked for a ``resource`` in place of a scope, and its numbers are texts.
        """
        resource = form.get("resource", "")
        if not resource:
            return self._answer(missing("resource"))
        status, answer = self.token(tenant, {**form, "scope": f"{resource}/.default"}, endpoint)
        if status != 200:
            return status, answer
        life = {name: str(self.lifetime) for name in ("expires_in", "ext_expires_in")}
        return status, answer | life | {"resource": resource, "expires_on": str(int(self._clock()) + self.lifetime)}

    def _granted(self, form: Mapping[str, str], endpoint: str) -> str:
        """The access token of a request that proves who sends it."""
        grant = field(form, "grant_type")
        if grant == "client_credentials":
            check_application(form, self._application, self.tenant_id, endpoint)
            resource = _resource(field(form, "scope"))
            roles = self._application.graph_roles if resource in GRAPHS else self._application.roles
            return self.access_token(resource, roles=list(roles))
        if grant == "password":
            resource = _resource(field(form, "scope"))
            account = check_account(form, self._account, self.tenant_id, resource)
            scope = "user_impersonation" if resource in CLASSIC_RESOURCES else ROLE
            return self.access_token(resource, appid=form["client_id"], roles=[], scp=scope, upn=account.username)
        raise Refused(70003, "unsupported_grant_type", "The app requested an unsupported grant type.")

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
            "exp": now + self.lifetime,
            "appid": self._application.client_id,
            "tid": self.tenant_id,
            "roles": list(self._application.roles),
            "ver": "1.0",
            "uti": uuid4().hex,
        }
        return jwt.encode(claims | changed, self._key, "RS256", {"kid": self._key_id})

    def verify(self, token: str) -> Claims | str:
        """The claims of an access token, or the text of the fault that refuses it."""
        claims = self._claims(token, [RESOURCE, *CLASSIC_RESOURCES])
        if claims is None:
            return ACCESS_DENIED_TEXT
        if self._clock() >= claims["exp"]:
            return EXPIRED_TEXT
        allowed = ROLE in claims.get("roles", ()) or claims.get("scp") in (ROLE, "user_impersonation")
        return claims if allowed and claims["tid"] == self.tenant_id else ACCESS_DENIED_TEXT

    def verify_graph(self, token: str) -> Claims | None:
        """The claims of an access token for Microsoft Graph; None: it is none that is good."""
        claims = self._claims(token, list(GRAPHS))
        good = claims is not None and self._clock() < claims["exp"] and claims["tid"] == self.tenant_id
        return claims if good else None

    def _claims(self, token: str, audience: list[str]) -> Claims | None:
        try:
            claims: Claims = jwt.decode(
                token,
                self._key.public_key(),
                ["RS256"],
                audience=audience,
                issuer=self._iss,
                options={
                    "require": ["exp", "iat", "tid"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError:
            return None
        return claims

    def _answer(self, refused: Refused) -> Answer:
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


def _unknown_tenant(tenant: str) -> Refused:
    return Refused(90002, "invalid_request", f"Tenant '{tenant}' not found. Check the tenant identifier.")


def _resource(scope: str) -> str:
    """The resource of the scope; msal adds scopes of its own that a client-credentials grant ignores."""
    wanted = [part for part in scope.split() if part.endswith("/.default")]
    if len(wanted) != 1:
        text = "The scope is not valid. Client credential flows must have a scope value with /.default."
        raise Refused(1002012, "invalid_scope", text)
    resource = wanted[0].removesuffix("/.default").removeprefix("api://")
    if resource.rstrip("/") not in (RESOURCE, *CLASSIC_RESOURCES, *GRAPHS):
        raise Refused(
            500011, "invalid_resource", f"The resource principal named {resource} was not found in the tenant."
        )
    return resource.rstrip("/")
