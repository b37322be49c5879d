"""Where each cloud keeps its sync endpoint, its token issuer, and what a token is asked for.

Grades: C confirmed by documentation or by working clients, U uncertain. Whatever is not right for a tenant is
overridden under ``spec.target.endpoint``.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from syncramp.spec.types import Cloud

PATH = "/provisioningservice.svc"
SYNC_RESOURCE = "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"
"""Microsoft Entra AD Synchronization Service: the first-party resource of application sign-in, in all clouds (C)."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The hosts of one cloud."""

    sync: str
    """The first host; it may send a client on to a regional one."""
    authority: str
    suffixes: tuple[str, ...]
    """Where regional hosts of the cloud are found (Microsoft's lists of addresses to allow)."""


ADDRESSES = {
    Cloud.COMMERCIAL: Addresses(
        "adminwebservice.microsoftonline.com",
        "https://login.microsoftonline.com",
        (".microsoftonline.com",),
    ),  # C
    Cloud.US_GOVERNMENT: Addresses(
        "adminwebservice.gov.us.microsoftonline.com",
        "https://login.microsoftonline.us",
        (".microsoftonline.com", ".microsoftonline.us"),
    ),  # C, GCC High and DoD alike
    Cloud.CHINA: Addresses(
        "adminwebservice.partner.microsoftonline.cn",  # U: one public source only
        "https://login.partner.microsoftonline.cn",  # C
        (".microsoftonline.cn",),
    ),
}


def belongs(cloud: Cloud, first: str, url: str) -> bool:
    """May a token for the first host be sent to this address too?

    :param first: the host, with its port, that the document or the cloud names.
    :param url: where the service sends us on.
    """
    parts = urlsplit(url)
    name = parts.hostname or ""
    own = urlsplit(f"https://{first}").hostname
    return parts.scheme == "https" and (name == own or name.endswith(ADDRESSES[cloud].suffixes))
