"""``spec.target.auth``: how a run signs in at the tenant."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from syncramp.spec.references import KeyRef


class CertificateFormat(StrEnum):
    """How a Secret holds a certificate and its key."""

    PEM = "PEM"
    """``tls.crt`` and ``tls.key``, and ``password`` if the key is encrypted."""
    PKCS12 = "PKCS12"
    """``keystore.p12`` (a PFX file), and ``password`` if it has one."""


@dataclass(frozen=True, slots=True)
class CertificateAuth:
    """An application that signs in with a certificate."""

    client_id: str
    secret: str
    """The name of the Secret; ``format`` says which keys it has."""
    format: CertificateFormat = CertificateFormat.PEM


@dataclass(frozen=True, slots=True)
class ClientSecretAuth:
    """An application that signs in with a client secret."""

    client_id: str
    secret: KeyRef


@dataclass(frozen=True, slots=True)
class WorkloadIdentityAuth:
    """An application that signs in with a token of somebody it trusts, as a cluster's for a service account."""

    client_id: str
    token_file: Path | None = None
    """Absolute; None: where the webhook of Azure Workload Identity puts it."""


@dataclass(frozen=True, slots=True)
class AccountAuth:
    """A classic synchronisation account: a Secret with ``username`` and ``password``."""

    secret: str
    client_id: str = "1b730954-1685-4b74-9bfd-dac224a7b894"
    """A public client: Azure AD PowerShell, which published clients use (C1)."""


Auth = CertificateAuth | ClientSecretAuth | WorkloadIdentityAuth | AccountAuth
