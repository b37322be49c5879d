"""The token of somebody the application trusts: a cluster's for a service account, mounted as a file.

Kubelet writes the file anew long before the token in it expires, so it is read for every sign-in and never kept. That
the token is meant for Entra (audience ``api://AzureADTokenExchange``) and says the right subject is judged by Entra
alone; here it is only looked at for what a person can mend on this side.
"""

import json
import os
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from syncramp.errors import CredentialsRefused, InputRefused
from syncramp.words import moment

VARIABLE = "AZURE_FEDERATED_TOKEN_FILE"
MOUNTED = "/var/run/secrets/azure/tokens/azure-identity-token"
"""Both as the webhook of Azure Workload Identity sets them."""
_LONGEST = 64 * 1024
"""Bytes of a token; a service account's has about one thousand."""


def read_federated_token(file: Path | None, now: datetime) -> str:
    """The token that is in the file now.

    :param file: None: where the environment says, or where the webhook mounts it.
    :raises InputRefused: there is no such file, or it holds no token; its content is never told.
    :raises CredentialsRefused: the token has expired.
    """
    path = file or Path(os.environ.get(VARIABLE) or MOUNTED)
    token = _read(path).strip()
    claims = _claims(token)
    if claims is None:
        what = "holds no token" if token else "is empty"
        raise _refused(path, f"the federated token file {what}")
    expiry = claims.get("exp")
    if isinstance(expiry, int | float) and now.timestamp() >= expiry:
        raise CredentialsRefused(
            f"the federated token has expired: it was valid until {moment(datetime.fromtimestamp(expiry, UTC))}",
            where=str(path),
            remedy="check that the volume is a projected service account token, and the clock of this machine",
        )
    return token


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("ascii", "replace")
    except (OSError, ValueError) as error:
        reason = isinstance(error, OSError) and error.strerror
        what = f"the federated token file cannot be read: {reason or 'this is no name of a file'}"
    raise _refused(path, what)


def _claims(token: str) -> dict[str, Any] | None:
    """What a JWT (RFC 7519) says, unverified; None if it is none."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _refused(path: Path, what: str) -> InputRefused:
    return InputRefused(
        what,
        where=str(path),
        remedy="label the pod azure.workload.identity/use, or name the file in workloadIdentity.tokenFile",
    )
