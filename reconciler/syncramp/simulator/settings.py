"""How a simulated tenant behaves; the defaults are the real service's, as far as they are public."""

from dataclasses import dataclass
from enum import StrEnum

ADDRESS = "127.0.0.1"
"""Where a simulator listens that nobody else calls."""
FEATURES = 41016
"""DirSyncFeatures of an ordinary tenant: duplicate resiliency, soft match on UPN, UPN changes, one unknown bit."""
DAY = 86_400.0
"""Seconds."""


class Unresolved(StrEnum):
    """What becomes of an object with a reference to something unknown, or too new to be seen."""

    FAIL = "fail"
    DROP = "drop"


class Duplicates(StrEnum):
    """What becomes of an object with a value that must be unique and is taken."""

    QUARANTINE = "quarantine"
    """Written without the value: duplicate attribute resiliency, always on in new tenants."""
    REFUSE = "refuse"
    """The feature bits of the resiliency are off."""


class Repeated(StrEnum):
    """What becomes of an object that adds a member that is there, or removes one that is not."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class MemberLists(StrEnum):
    """What becomes of members that come as a list where reference changes are expected."""

    REFUSE = "refuse"
    REPLACE = "replace"


class MemberForm(StrEnum):
    """How the read-back shows the members of a group."""

    CHANGES = "changes"
    LIST = "list"
    NONE = "none"


class ToldOperation(StrEnum):
    """What a result calls its operation."""

    DONE = "done"
    """What was done: Add, Set or Delete."""
    ECHO = "echo"
    """What was asked for."""


class Restored(StrEnum):
    """What becomes of the memberships of an object that comes back from the bin."""

    KEEP = "keep"
    LOSE = "lose"


class DeletedGroups(StrEnum):
    """Where a deleted security group goes; Microsoft 365 groups always go into the bin."""

    GONE = "gone"
    BIN = "bin"


class CloudManaged(StrEnum):
    """What becomes of a change to an object whose source of authority was moved to the cloud."""

    REFUSE = "refuse"
    IGNORE = "ignore"


class Attributes(StrEnum):
    """What becomes of an attribute that the connector's schema does not know, or knows as another type."""

    ACCEPT = "accept"
    WARN = "warn"
    REFUSE = "refuse"


class SoftDeletes(StrEnum):
    """How the read-back shows a Microsoft 365 group in the bin."""

    DELETE = "delete"
    """With a Delete, as one that is gone for good."""
    REASON = "reason"
    """As it is, with ``ReasonFiltered``; with a Delete when it is gone for good."""


class DeltaCreates(StrEnum):
    """What a delta read-back calls an object that is new since its cookie."""

    ADD = "add"
    SET = "set"


class Prevention(StrEnum):
    """``DeletionPrevention``: by what clients are told to hold deletes. The service only stores it."""

    DISABLED = "Disabled"
    COUNT = "EnabledForCount"
    PERCENTAGE = "EnabledForPercentage"


@dataclass(frozen=True)
class TenantSettings:
    """One tenant."""

    tenant_id: str = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
    display_name: str = "Simulated tenant"
    initial_domain: str = "simulated.onmicrosoft.com"
    verified_domains: tuple[str, ...] = ()
    """Values of other domains are normalised without a word; empty: all domains are kept as they come."""
    syncing: bool = True
    """Directory synchronisation is switched on."""
    anchor_attribute: str = "mS-DS-ConsistencyGuid"
    """``AnchorAttribute``: what the last sync client said it takes anchors from; empty: there was none."""
    client_machine: str = ""
    """The machine whose Connect synchronised the tenant before anybody else did; empty: none did."""
    features: int = FEATURES
    """The feature mask of a new tenant."""
    microsoft365_groups: int = 0
    """Made in the cloud, in a new tenant; every second user joins one of them."""
    cloud_users: int = 0
    """The same, besides the administrator."""
    guests: int = 0
    """The same."""
    cloud_security_groups: int = 0
    """Made in the cloud, in a new tenant."""
    nested_cloud_groups: int = 0
    """Security groups beside those; each holds the group made before it."""
    role_assignable_groups: int = 0
    """Security groups beside those that roles can be assigned to."""
    cloud_group_members: int = 0
    """So many users join each of the groups made in the cloud, as they come; 0: every second one joins one of the
    Microsoft 365 groups."""

    writes_per_five_minutes: int = 7000
    """Objects written in five minutes (Microsoft, performance factors of Connect); 0: as many as come."""
    links_per_write: int = 0
    """So many links count as one write; 0: they do not count."""
    visibility_delay: float = 30.0
    """Seconds until a new object can be referred to."""
    page_size: int = 50
    """Objects on a page of the read-back."""
    objects_per_call: int = 500
    most_links: int = 15_000
    """Reference changes in one call, and on one page of the read-back."""
    most_members: int = 250_000
    """Members of a group (Microsoft, V2 endpoint)."""
    most_members_v1: int = 50_000
    """The same, of a call to the V1 endpoint."""
    object_quota: int = 500_000
    """Objects of the tenant, deleted ones as a quarter (Microsoft, service limits); 0: as many as come."""

    unresolved: Unresolved = Unresolved.FAIL
    duplicates: Duplicates = Duplicates.QUARANTINE
    repeated_changes: Repeated = Repeated.ACCEPT
    member_lists: MemberLists = MemberLists.REFUSE
    attributes: Attributes = Attributes.ACCEPT
    told_operation: ToldOperation = ToldOperation.DONE
    cloud_managed: CloudManaged = CloudManaged.REFUSE

    bin_days: float = 30.0
    """Days until a deleted user is gone (Microsoft, deleted users)."""
    restored_memberships: Restored = Restored.KEEP
    deleted_groups: DeletedGroups = DeletedGroups.GONE

    deletion_prevention: Prevention = Prevention.COUNT
    delete_threshold: int = 500
    delete_percentage: int = 0
    interval: str = "PT30M"
    """``SynchronizationInterval``."""
    tracking_changes: bool = False
    """``IsTrackingChanges``."""

    member_form: MemberForm = MemberForm.CHANGES
    soft_deletes: SoftDeletes = SoftDeletes.DELETE
    delta_creates: DeltaCreates = DeltaCreates.ADD
    cookie_lifetime: float = 0.0
    """Seconds until a cookie is not accepted any more; 0: always."""
    graph_page_size: int = 100
    """Groups on a page of Microsoft Graph."""
    cookie_member: str = "OutputCookie"
    more_member: str = "MoreObjectsExist"
    """Members of the read-back's result: its cookie and its end mark. Invented: the real names are not public."""
    bad_cookie: str = "The cookie of the request is not valid."
    """Text of the fault on a cookie that the tenant did not write; invented too."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the issuer treats whoever signs in."""

    token_lifetime: int = 3600
    """Seconds."""
    certificate_days: int = 365
    """How long the application's certificate is valid; 0: it has expired."""
    multifactor: bool = False
    """The account is not exempt from multifactor authentication."""
