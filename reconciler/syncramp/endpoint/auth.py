"""Tokens by msal, for every way to sign in: certificate, client secret, workload identity, classic account.

A token is asked for one resource, ``<audience>/.default``, and kept in memory until shortly before it expires.
Secrets and files are read anew for every token, so a rotation needs no restart. While the issuer cannot be reached, a
token that has not expired is used on. Authorities are ours or the document's, so msal never asks Microsoft whether it
knows them (``instance_discovery=False``), and no variable of the environment (MSAL_FORCE_REGION) names another one.
"""

import threading
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from syncramp.endpoint.certificate import read_key_pair
from syncramp.endpoint.clouds import ADDRESSES, SYNC_RESOURCE
from syncramp.endpoint.faults import from_transport
from syncramp.endpoint.federation import read_federated_token
from syncramp.endpoint.https import Https, NoAnswer
from syncramp.endpoint.issuer import IssuerClient
from syncramp.endpoint.refusals import refusal
from syncramp.errors import EndpointUnavailable, SyncrampError
from syncramp.model.seams import SecretReader
from syncramp.spec.secrets import text
from syncramp.spec.sign_in import (
    AccountAuth,
    CertificateAuth,
    ClientSecretAuth,
    WorkloadIdentityAuth,
)
from syncramp.spec.types import (
    Target,
)

EARLY = 300.0
"""Seconds before its expiry at which a token is renewed; at half its life, if that is later."""

AGAIN = 30.0
"""Seconds until an issuer that was not reached is asked again, while there is a token that will do."""


class TokenSource:
    """Bearer tokens for one tenant; shared by threads.

    :param client: the HTTP client for the issuer.
    :param resource: what tokens are asked for; None: for calls of the sync endpoint.
    """

    def __init__(self, target: Target, secrets: SecretReader, client: Https, resource: str | None = None) -> None:
        addresses = ADDRESSES[target.cloud]
        self._target = target
        self._secrets = secrets
        self._client = client
        self._authority = (target.endpoint.authority or addresses.authority).rstrip("/")
        usual = addresses.classic if isinstance(target.auth, AccountAuth) else SYNC_RESOURCE
        self._scope = f"{resource or target.endpoint.audience or usual}/.default"
        self._lock = threading.Lock()
        self._token = ""
        self._renewal = self._expiry = 0.0
        self.certificate_until: datetime | None = None
        """Until when the certificate of the last sign-in is valid; None for other ways, and before the first one."""

    def token(self) -> str:
        """A token that is still good for some minutes.

        :raises CredentialsRefused: the issuer refused the credentials, or they are out of their time.
        :raises EndpointUnavailable: the issuer cannot be reached.
        :raises InputRefused: a Secret or a token file is missing, or does not hold what it should.
        """
        with self._lock:
            if time.monotonic() >= self._renewal:
                self._renew()
            return self._token

    def forget(self) -> None:
        """The endpoint did not accept the token: the next one is a new one."""
        with self._lock:
            self._renewal = self._expiry = 0.0

    def _renew(self) -> None:
        try:
            token, lifetime = self._ask()
        except EndpointUnavailable:
            if (now := time.monotonic()) >= self._expiry:
                raise
            self._renewal = min(self._expiry, now + AGAIN)  # the one we have will do until then
            return
        now = time.monotonic()
        self._token = token
        self._expiry = now + lifetime
        self._renewal = self._expiry - min(EARLY, lifetime / 2)

    def _ask(self) -> tuple[str, float]:
        """A new token and the seconds of its life."""
        http, host = IssuerClient(self._client), urlsplit(self._authority).netloc
        who = f"client {self._target.auth.client_id}"
        try:
            answer = self._sign_in(http)
            if "access_token" in answer:
                return str(answer["access_token"]), float(answer.get("expires_in", 3600))
        except SyncrampError:
            raise
        except NoAnswer as error:
            raise from_transport(error, self._authority, sent=False) from None
        except Exception as error:  # noqa: BLE001
            # msal raises whatever its parts raise, and their texts may hold anything: only the type is told
            answer, kind = http.refusal, type(error).__name__
            if "error_description" not in answer:
                raise EndpointUnavailable(
                    f"the token issuer gave no usable answer ({kind})",
                    where=host,
                    remedy="check spec.target.endpoint.authority and spec.target.tenantID",
                ) from None
        raise refusal(answer, who, host, http.hidden)

    def _sign_in(self, http: IssuerClient) -> dict[str, Any]:
        """What msal makes of the issuer's answer."""
        import msal

        auth = self._target.auth
        common = {
            "authority": f"{self._authority}/{self._target.tenant_id}",
            "http_client": http,
            "instance_discovery": False,
        }
        answer: dict[str, Any]
        if isinstance(auth, AccountAuth):
            username, password = (text(self._secrets, auth.secret, key) for key in ("username", "password"))
            public = msal.PublicClientApplication(auth.client_id, **common)
            answer = public.acquire_token_by_username_password(username, password, [self._scope])
        else:
            shown = self._credential(auth)
            application = msal.ConfidentialClientApplication(
                auth.client_id,
                client_credential=shown,
                azure_region=msal.ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION,
                **common,
            )
            answer = application.acquire_token_for_client([self._scope])
        return answer

    def _credential(self, auth: CertificateAuth | ClientSecretAuth | WorkloadIdentityAuth) -> str | dict[str, Any]:
        """What the application shows, as msal takes it."""
        now = datetime.now(UTC)
        match auth:
            case ClientSecretAuth():
                return text(self._secrets, auth.secret.name, auth.secret.key)
            case WorkloadIdentityAuth():
                token = read_federated_token(auth.token_file, now)
                return {"client_assertion": lambda: token}  # msal takes a text too, but not for long
            case CertificateAuth():
                pair = read_key_pair(auth, self._secrets, now)
                self.certificate_until = pair.until
                return {"private_key": pair.key, "public_certificate": pair.certificate}
