"""Where each cloud keeps its sync endpoint, its token issuer, and what a token is asked for.

Grades: C confirmed by documentation or by working clients, U uncertain. Whatever is not right for a tenant is
overridden under ``spec.target.endpoint``.
"""

from dataclasses import dataclass

from syncramp.spec.types import Cloud

PATH = "/provisioningservice.svc"
SYNC_RESOURCE = "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"
"""Microsoft Entra AD Synchronization Service: the first-party resource of application sign-in, in all clouds (C)."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The hosts of one cloud."""

    sync: str
    authority: str


ADDRESSES = {
    Cloud.COMMERCIAL: Addresses("adminwebservice.microsoftonline.com", "https://login.microsoftonline.com"),  # C
    Cloud.US_GOVERNMENT: Addresses(
        "adminwebservice.gov.us.microsoftonline.com",
        "https://login.microsoftonline.us",
    ),  # C, GCC High and DoD alike
    Cloud.CHINA: Addresses(
        "adminwebservice.partner.microsoftonline.cn",  # U: one public source only
        "https://login.partner.microsoftonline.cn",  # C
    ),
}
