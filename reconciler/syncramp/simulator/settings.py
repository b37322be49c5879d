"""How a simulated tenant behaves; the defaults are the real service's, as far as they are public."""

from dataclasses import dataclass
from enum import StrEnum


class Unresolved(StrEnum):
    """What becomes of an object with a reference to something unknown, or too new to be seen."""

    FAIL = "fail"
    DROP = "drop"


class Duplicates(StrEnum):
    """What becomes of an object with a value that must be unique and is taken."""

    QUARANTINE = "quarantine"
    """Written without the value: duplicate attribute resiliency, always on in new tenants."""
    REFUSE = "refuse"


@dataclass(frozen=True)
class TenantSettings:
    """One tenant."""

    tenant_id: str = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
    display_name: str = "Simulated tenant"
    initial_domain: str = "simulated.onmicrosoft.com"
    syncing: bool = True
    """Directory synchronisation is switched on."""
    writes_per_five_minutes: int = 7000
    """Objects written in five minutes (Microsoft, performance factors of Connect); 0: as many as come."""
    visibility_delay: float = 30.0
    """Seconds until a new object can be referred to."""
    page_size: int = 50
    """Objects on a page of the read-back."""
    objects_per_call: int = 500
    most_links: int = 15_000
    """Reference changes in one call, and on one page of the read-back."""
    most_members: int = 250_000
    """Members of a group (Microsoft, V2 endpoint)."""
    unresolved: Unresolved = Unresolved.FAIL
    duplicates: Duplicates = Duplicates.QUARANTINE
    delete_threshold: int = 500
    cookie_member: str = "OutputCookie"
    more_member: str = "MoreObjectsExist"
    """Members of the read-back's result: its cookie and its end mark. Invented: the real names are not public."""
    bad_cookie: str = "The cookie of the request is not valid."
    """Text of the fault on a cookie that the tenant did not write; invented too."""
