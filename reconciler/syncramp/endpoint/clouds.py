"""Where each cloud keeps its sync endpoint, its token issuer, and what a token is asked for.

Grades: C confirmed by documentation or by working clients, I inferred, U uncertain. Whatever is not right for a
tenant is overridden under ``spec.target.endpoint``. GCC High and DoD share every host that is used here, so they are
one cloud; what differs between them is the host of Microsoft Graph.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from syncramp.spec.types import Cloud

PATH = "/provisioningservice.svc"
SYNC_RESOURCE = "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016"
"""Microsoft Entra AD Synchronization Service: the first-party resource of application sign-in, in all clouds (C)."""


HTTPS = 443
_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
"""A host as it stands on the wire: a name in another script is sent as ``xn--…``, and looks like this too."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The hosts of one cloud, and the resource that its classic accounts ask a token for."""

    sync: str
    """The first host; it may send a client on to a regional one."""
    authority: str
    suffixes: tuple[str, ...]
    """Where regional hosts of the cloud are found (Microsoft's lists of addresses to allow)."""
    classic: str
    """Azure AD Graph, of which clients before the application sign-in asked their tokens."""
    graph: str
    """The host of Microsoft Graph; with ``https://`` before it what its tokens are asked for."""


ADDRESSES = {
    Cloud.COMMERCIAL: Addresses(
        "adminwebservice.microsoftonline.com",
        "https://login.microsoftonline.com",
        (".microsoftonline.com",),
        "https://graph.windows.net",
        "graph.microsoft.com",
    ),  # C
    Cloud.US_GOVERNMENT: Addresses(
        "adminwebservice.gov.us.microsoftonline.com",
        "https://login.microsoftonline.us",
        (".microsoftonline.com", ".microsoftonline.us"),
        "https://graph.windows.net",  # I; graph.microsoftazure.us was named later
        "graph.microsoft.us",  # C, of GCC High; that of DoD is named in the document
    ),  # C, GCC High and DoD alike
    Cloud.CHINA: Addresses(
        "adminwebservice.partner.microsoftonline.cn",  # U: one public source only
        "https://login.partner.microsoftonline.cn",  # C; login.chinacloudapi.cn before
        (".microsoftonline.cn",),
        "https://graph.chinacloudapi.cn",  # I
        "microsoftgraph.chinacloudapi.cn",  # C
    ),
}

GRAPH_HOSTS = frozenset({*(addresses.graph for addresses in ADDRESSES.values()), "dod-graph.microsoft.us"})
"""Of all clouds (Microsoft Graph: National cloud deployments)."""


def graph_of(cloud: Cloud, host: str) -> tuple[str, str]:
    """The host of Microsoft Graph, in small letters, and the resource that its tokens are asked for.

    :param host: that of the document; empty: the cloud's own.
    """
    name = host.lower() or ADDRESSES[cloud].graph
    return name, f"https://{name if name in GRAPH_HOSTS else ADDRESSES[cloud].graph}"


def onward(cloud: Cloud, first: str, url: str) -> str | None:
    """The host to call when the service sends us on to an address; None if it must not have our token.

    The first host itself may send on to any port of its own. Every other host must be one of the cloud's regional
    hosts, on the port of HTTPS. An address with a user in it is none that the service would write.

    :param first: the host, with its port, that the document or the cloud names.
    :param url: where the service sends us on.
    :returns: ``host`` or ``host:port`` in lower case.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a bracket that is never closed, a port that is none, signs that normalise to slashes
        return None
    name = (parts.hostname or "").removesuffix(".")
    if parts.scheme != "https" or "@" in parts.netloc or not _NAME.fullmatch(name):
        return None
    own = name == (urlsplit(f"https://{first}").hostname or "").removesuffix(".")
    if not own and (port not in (None, HTTPS) or not name.endswith(ADDRESSES[cloud].suffixes)):
        return None
    return name if port in (None, HTTPS) else f"{name}:{port}"
