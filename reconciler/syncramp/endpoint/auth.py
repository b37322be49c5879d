"""Tokens by msal: the application signs in with a certificate or with a client secret.

A token is asked for one resource, ``<audience>/.default``, and kept in memory until shortly before it expires. msal
speaks HTTP through an adapter of ours, so that TLS, proxies and errors are the same as for the endpoint. For an
authority that is not Microsoft's, msal must not ask Microsoft whether it knows it (``instance_discovery=False``).
"""

import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx

from syncramp.endpoint.clouds import ADDRESSES, SYNC_RESOURCE
from syncramp.endpoint.faults import from_httpx
from syncramp.errors import CredentialsRefused, EndpointUnavailable, InputRefused, SyncrampError
from syncramp.model.seams import SecretReader
from syncramp.spec.secrets import text
from syncramp.spec.types import CertificateAuth, Target

EARLY = 300.0
"""Seconds before its expiry at which a token is no longer used."""


class TokenSource:
    """Bearer tokens for one tenant; shared by threads.

    :param client: the HTTP client for the issuer.
    """

    def __init__(self, target: Target, secrets: SecretReader, client: httpx.Client) -> None:
        self._target = target
        self._secrets = secrets
        self._client = client
        self._lock = threading.Lock()
        self._token = ""
        self._expires = 0.0

    def token(self) -> str:
        """A token that is still good for some minutes.

        :raises CredentialsRefused: the issuer refused the credentials.
        :raises EndpointUnavailable: the issuer cannot be reached.
        :raises InputRefused: a Secret is missing or is no key.
        """
        with self._lock:
            if time.monotonic() >= self._expires:
                answer = self._ask()
                self._token = str(answer["access_token"])
                self._expires = time.monotonic() + max(0.0, float(answer.get("expires_in", 3600)) - EARLY)
            return self._token

    def forget(self) -> None:
        """The endpoint did not accept the token: the next one is a new one."""
        with self._lock:
            self._expires = 0.0

    def _ask(self) -> dict[str, Any]:
        import msal

        target = self._target
        authority = (target.endpoint.authority or ADDRESSES[target.cloud].authority).rstrip("/")
        audience = target.endpoint.audience or SYNC_RESOURCE
        http = _Http(self._client)
        try:
            application = msal.ConfidentialClientApplication(
                target.auth.client_id,
                authority=f"{authority}/{target.tenant_id}",
                client_credential=self._credential(),
                http_client=http,
                instance_discovery=target.endpoint.authority is None,
            )
            answer: dict[str, Any] = application.acquire_token_for_client([f"{audience}/.default"])
        except SyncrampError:
            raise
        except httpx.HTTPError as error:
            raise from_httpx(error, authority, sent=False) from None
        except Exception as error:  # noqa: BLE001
            # msal raises whatever its parts raise, and their texts may hold anything: only the type is told
            if "error_description" in http.refusal:
                raise self._refused(http.refusal, authority) from None
            raise EndpointUnavailable(
                f"the token issuer gave no usable answer ({type(error).__name__})",
                where=urlsplit(authority).netloc,
                remedy="check spec.target.endpoint.authority and spec.target.tenantID",
            ) from None
        if "access_token" not in answer:
            raise self._refused(answer, authority)
        return answer

    def _credential(self) -> str | dict[str, str]:
        auth = self._target.auth
        if isinstance(auth, CertificateAuth):
            key = text(self._secrets, auth.secret, "tls.key")
            certificate = text(self._secrets, auth.secret, "tls.crt")
            _check_key(key, certificate, auth.secret)
            return {"private_key": key, "public_certificate": certificate}
        return text(self._secrets, auth.secret.name, auth.secret.key)

    def _refused(self, answer: dict[str, Any], authority: str) -> SyncrampError:
        text = str(answer.get("error_description") or answer.get("error") or "no reason given").splitlines()[0]
        return CredentialsRefused(
            f"the token issuer refused the application: {text}",
            where=f"{urlsplit(authority).netloc}, client {self._target.auth.client_id}",
            remedy="check spec.target.tenantID, spec.target.auth with its Secret, and the application's registration",
        )


def _check_key(key: str, certificate: str, secret: str) -> None:
    """msal's own words for a bad key name nothing a person could mend."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        load_pem_x509_certificate(certificate.encode())
        load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError):
        raise InputRefused(
            "tls.crt must be a PEM certificate and tls.key its unencrypted PEM key",
            where=f"Secret {secret}",
            remedy="make the Secret again, for example with kubectl create secret tls",
        ) from None


class _Answer:
    """The answer msal wants to see."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status_code = answer.status_code
        self.text = answer.text
        self.headers = answer.headers

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ValueError(f"HTTP {self.status_code}")


class _Http:
    """The HTTP client msal wants to have."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.refusal: dict[str, Any] = {}
        """What the issuer said when it would not describe itself (an unknown tenant); msal does not tell it."""

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> _Answer:
        # msal gives the client assertion as bytes, which httpx would send as their repr
        data = {name: value.decode() if isinstance(value, bytes) else value for name, value in data.items()}
        return _Answer(self._client.post(url, params=params, data=data, headers=headers))

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> _Answer:
        answer = self._client.get(url, params=params, headers=headers)
        if answer.is_client_error:
            with suppress(ValueError, TypeError):  # no JSON, or no object
                self.refusal = dict(answer.json())
        return _Answer(answer)

    def close(self) -> None:
        """The client belongs to the endpoint."""
