"""The rootDSE: what a server says about itself (RFC 4512 5.1, MS-ADTS 3.1.1.3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from syncramp.source.dn import canonical

ROOT_ATTRIBUTES = (
    "namingContexts",
    "supportedCapabilities",
    "supportedControl",
    "dnsHostName",
    "dsServiceName",
    "highestCommittedUSN",
    "currentTime",
    "vendorName",
    "vendorVersion",
    "configurationNamingContext",
)
INVOCATION_ID = "invocationId"
ASSERTION = "1.3.6.1.1.12"  # RFC 4528
_ACTIVE_DIRECTORY = {"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"}  # AD DS, AD LDS: MS-ADTS 3.1.1.3.4.3


@dataclass(frozen=True, slots=True)
class Root:
    """What a server says about itself; what it does not say is empty or None."""

    naming_contexts: tuple[str, ...] = ()
    """Canonical."""
    active_directory: bool = False
    """It speaks ranges, and holds every naming context whole."""
    assertions: bool = False
    """It changes an entry only while an assertion about it holds."""
    controls: frozenset[str] = frozenset()
    """OIDs."""
    capabilities: frozenset[str] = frozenset()
    """OIDs."""
    dns_host_name: str = ""
    ds_service_name: str = ""
    """DN of its NTDS Settings: which domain controller it is."""
    highest_usn: int | None = None
    current_time: datetime | None = None
    """Its clock, to the second."""
    vendor: str = ""
    """Name and version."""
    configuration: str = ""
    """DN of the configuration naming context."""
    invocation_id: bytes | None = None
    """Which database it counts USNs in (MS-ADTS 3.1.1.1.9); another one after it was restored."""


def read_root(values: Mapping[str, Sequence[bytes]]) -> Root:
    """Read the values of a rootDSE.

    :raises DnError: a naming context is no DN.
    """
    spelled = {name.lower(): [value.decode(errors="replace") for value in given] for name, given in values.items()}

    def all_of(name: str) -> frozenset[str]:
        return frozenset(spelled.get(name.lower(), ()))

    def one_of(name: str) -> str:
        return next(iter(spelled.get(name.lower(), ())), "")

    usn = one_of("highestCommittedUSN")
    return Root(
        naming_contexts=tuple(sorted({canonical(name) for name in all_of("namingContexts") if name})),
        active_directory=bool(_ACTIVE_DIRECTORY & all_of("supportedCapabilities")),
        assertions=ASSERTION in all_of("supportedControl"),
        controls=all_of("supportedControl"),
        capabilities=all_of("supportedCapabilities"),
        dns_host_name=one_of("dnsHostName"),
        ds_service_name=one_of("dsServiceName"),
        highest_usn=int(usn) if usn.isdecimal() and usn.isascii() else None,
        current_time=_time(one_of("currentTime")),
        vendor=" ".join(filter(None, (one_of("vendorName"), one_of("vendorVersion")))),
        configuration=one_of("configurationNamingContext"),
    )


def _time(text: str) -> datetime | None:
    """GeneralizedTime in UTC (RFC 4517 3.3.13) as Active Directory writes it: 20250101120000.0Z."""
    try:
        return datetime.strptime(text.partition(".")[0].rstrip("Z"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
