"""What a tenant has registered for a client to sign in with: an application, whom it trusts, and a classic account.

A cluster stands for every issuer of workload identities: it has a key of its own and signs tokens for one service
account, which the application trusts by a federated credential.
"""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ROLE = "ADSynchronization.ReadWrite.All"
WEEK = 7 * 86_400


@dataclass(frozen=True)
class FederatedCredential:
    """Whose tokens an application takes in place of a secret, exactly as they say it."""

    issuer: str
    subject: str
    key: rsa.RSAPublicKey
    audience: str = "api://AzureADTokenExchange"


class Cluster:
    """An issuer of tokens for one service account."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.credential = FederatedCredential(
            "https://cluster.example.com/", "system:serviceaccount:syncramp:syncramp", self._key.public_key()
        )

    def token(self, **changed: Any) -> str:
        """A token as a file in a pod has it, good for a week.

        :param changed: claims that differ from what the cluster would write.
        """
        now = int(time.time())
        claims = {
            "iss": self.credential.issuer,
            "sub": self.credential.subject,
            "aud": [self.credential.audience],
            "iat": now,
            "nbf": now,
            "exp": now + WEEK,
            "jti": uuid4().hex,
        }
        return jwt.encode(claims | changed, self._key, "RS256", {"kid": "cluster"})


@dataclass(frozen=True)
class Application:
    """The one application that is registered."""

    client_id: str
    certificate: bytes
    """PEM."""
    secret: str = field(repr=False)
    roles: tuple[str, ...] = (ROLE,)
    graph_roles: tuple[str, ...] = ("Group.Read.All", "GroupMember.Read.All")
    """Its permissions for Microsoft Graph."""
    trusts: FederatedCredential | None = None


@dataclass(frozen=True)
class Account:
    """A Directory Synchronization Account."""

    username: str
    password: str = field(repr=False)
    needs_person: bool = False
    """It is not exempt from multifactor authentication."""
