"""A SyncConfig document, structured: what ``check`` accepted, as frozen values with every default filled in.

Field names follow the document in Python's spelling; ``docs/spec/fields.md`` says what each means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from syncramp.model.acceptances import Acceptance
from syncramp.model.features import Capability
from syncramp.model.orders import NamedOrder
from syncramp.model.values import Kind, Type
from syncramp.spec.failsafe import Failsafe
from syncramp.spec.ramps import DENY_PATTERNS, RampPolicy
from syncramp.spec.references import KeyRef
from syncramp.spec.scheduling import Scheduling
from syncramp.spec.sign_in import Auth


class Mode(StrEnum):
    """How far a run goes."""

    PLAN = "Plan"
    """Import and plan, report what would be done, keep nothing."""
    STAGING = "Staging"
    """Import, plan and keep state, send nothing."""
    SYNC = "Sync"


class Cloud(StrEnum):
    """The clouds that have a V2 endpoint."""

    COMMERCIAL = "Commercial"
    CHINA = "China"
    US_GOVERNMENT = "USGovernment"


class Values(StrEnum):
    """The form of values on the wire."""

    TYPED = "Typed"
    """As .NET writes them: binary, numbers and booleans as such."""
    TEXT = "Text"
    """Everything as text."""


class ApprovalMode(StrEnum):
    """What waits for a person beside what a guard holds."""

    AUTO = "Auto"
    """Nothing."""
    MANUAL = "Manual"
    """Everything but disables and explicit member removals."""


class SourceAnchor(StrEnum):
    """The well-known attributes that tie a user to its cloud object for life; every other kind uses objectGUID."""

    CONSISTENCY_GUID = "mS-DS-ConsistencyGuid"
    OBJECT_GUID = "objectGUID"


@dataclass(frozen=True, slots=True)
class ReadBackNames:
    """Members of the read-back's result beside its objects; None: recognised by their form."""

    cookie: str | None = None
    more: str | None = None
    """Its truth means that there is more; where the name contains ``Last`` or ``Complete``, that there is not."""


@dataclass(frozen=True, slots=True)
class EndpointOverrides:
    """What is not certain about the service, or stands elsewhere than in the public cloud."""

    host: str | None = None
    """``host`` or ``host:port`` of the sync endpoint; None: the cloud's own."""
    authority: str | None = None
    """``https://host[:port]`` of the token issuer; None: the cloud's own."""
    audience: str | None = None
    """The resource a token is asked for; None: Microsoft Entra AD Synchronization Service, or Azure AD Graph for a
    classic account.
    """
    build_number: str = "2.6.92.0"
    """The client build we name; builds below 2.5.79.0 are refused since 30 September 2026."""
    application_id: str = "6eb59a73-39b2-4c23-a70f-e2e3ce8965b1"
    """The client application we name: Microsoft's own, with its V2 operations."""
    ca: KeyRef | None = None
    """CA certificates (PEM) that vouch for host and authority, in place of the system's."""
    visibility_delay: timedelta = timedelta(seconds=30)
    """How long a new object cannot be referenced yet."""
    read_back: ReadBackNames = field(default_factory=lambda: ReadBackNames())
    values: Values = Values.TYPED
    objects_per_call: int = 30
    """The export page size of Microsoft's own connector (its exported configuration of 2016)."""
    links_per_call: int | None = None
    """The most reference changes in one call; None, or more than the tenant says: what the tenant says."""
    call_timeout: timedelta = timedelta(minutes=10)
    """How long an answer is waited for: as long as Microsoft's own client does."""
    profile: KeyRef | None = None
    """The wire profile: what a probe observed of this endpoint."""
    unverified: bool = False
    """``mode: Sync`` may send without a profile."""


@dataclass(frozen=True, slots=True)
class WriteBudget:
    """The tenant's write throttle, and the percent of it that is ours."""

    per_five_minutes: int = 7000
    """Objects."""
    share: int = 50
    links_per_five_minutes: int = 150_000
    """Reference changes: ten full calls. What they cost the tenant is not documented."""


@dataclass(frozen=True, slots=True)
class Target:
    """The tenant that is written to."""

    cloud: Cloud
    tenant_id: str
    auth: Auth
    endpoint: EndpointOverrides = field(default_factory=EndpointOverrides)
    writes: WriteBudget = field(default_factory=WriteBudget)
    verified_domains: frozenset[str] = frozenset()
    """In small letters; empty: not known."""
    take_over: str = ""
    """The sync client whose place this takes, as the tenant names it: its machine or its application."""
    accept_loss: frozenset[Capability] = frozenset()
    """What the sync client before us did for the tenant and may end."""
    object_quota: int | None = None
    """How many objects the tenant may hold; None: not known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A subtree whose objects are synchronised."""

    dn: str
    """As the document spells it."""
    kinds: frozenset[Kind]
    filter: str | None = None
    """An LDAP filter (RFC 4515), evaluated by us."""
    guid: UUID | None = None
    """Of its root, which is found by it under any DN."""
    exclude: tuple[str, ...] = ()
    """DNs below its own whose subtrees are left out, as the document spells them."""
    group: str | None = None
    """DN or GUID of the pilot group: only its direct members are synchronised."""


@dataclass(frozen=True, slots=True)
class LdapAccess:
    """A directory read over LDAP: ldaps:// with TLS from the start, ldap:// with StartTLS, nothing in clear."""

    servers: tuple[str, ...]
    bind_secret: str
    """A Secret with ``username`` and ``password``; with Kerberos ``principal`` and ``keytab``."""
    ca: KeyRef | None = None
    kerberos: bool = False
    """Sign in with Kerberos, not with a simple bind."""
    tracking: str = "Auto"
    """How changes are found: ``Auto``, or the one way that is to be taken."""


@dataclass(frozen=True, slots=True)
class LdifFile:
    """A directory that is read from an LDIF file."""

    path: Path
    """Absolute: relative ones start at the document's folder."""
    entries: int | None = None
    """How many records the file must hold."""


@dataclass(frozen=True, slots=True)
class LdifKey:
    """A directory that is read from an LDIF file in a ConfigMap."""

    reference: KeyRef
    entries: int | None = None
    """How many records the file must hold."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One directory: how it is read, and what of it is synchronised."""

    name: str
    access: LdapAccess | LdifFile | LdifKey
    scopes: tuple[Scope, ...]


class JoinBy(StrEnum):
    """What entries of several sources must share to be one person."""

    MAIL = "mail"
    SOURCE_ANCHOR = "sourceAnchor"
    OBJECT_SID = "objectSid"
    """``objectSid`` of an account, ``msExchMasterAccountSid`` of its mailbox in another forest."""
    EMPLOYEE_ID = "employeeID"


@dataclass(frozen=True, slots=True)
class Join:
    """How entries of several sources are recognised as one person."""

    kinds: frozenset[Kind]
    by: JoinBy | None
    """None: what an expression makes."""
    expression: str = ""


class Merge(StrEnum):
    """How the values of several entries become those of a multi-valued attribute."""

    UPDATE = "Update"
    """Those of the first entry that has any."""
    MERGE = "Merge"
    """Those of all entries."""
    CASE_INSENSITIVE = "MergeCaseInsensitive"
    """Those of all entries; texts that differ in case alone are one."""


@dataclass(frozen=True, slots=True)
class DeclaredAttribute:
    """An attribute of the directories that expressions may name, beside those that are known."""

    name: str
    type: Type = Type.STRING
    multi: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the document, on top of the built-in ones."""

    name: str
    precedence: int
    """0 to 99; the lowest wins."""
    kind: Kind
    source: str | None = None
    """None: all sources."""
    when: str | None = None
    """An expression; None: always."""
    excludes: bool = False
    sets: Mapping[str, str] = field(default_factory=dict)
    """Wire name -> expression."""
    clears: tuple[str, ...] = ()
    """Wire names."""


class GroupKind(StrEnum):
    """Kinds of groups that are mastered in the cloud."""

    MICROSOFT_365 = "Microsoft365"
    SECURITY = "Security"


class MembersFrom(StrEnum):
    """Who tells the members of groups that are mastered in the cloud."""

    AUTO = "Auto"
    """The read-back where it shows them, else Microsoft Graph."""
    READ_BACK = "ReadBack"
    GRAPH = "Graph"


class Naming(StrEnum):
    """What written-back groups are called in the directory."""

    OBJECT_ID = "ObjectID"
    """``Group_<object id>``."""
    DISPLAY_NAME = "DisplayName"
    """The display name, and the last twelve characters of the object id."""


class DriftMode(StrEnum):
    """What becomes of edits of written-back groups in the directory."""

    REPORT = "Report"
    CORRECT = "Correct"


@dataclass(frozen=True, slots=True)
class WritebackGroups:
    """Groups that are mastered in the cloud and written to a directory."""

    source: str
    """The name of the source that is the directory."""
    container: str
    """DN of the unit that they are made in."""
    access: LdapAccess
    """How the directory is written to: the servers and the CA of the source unless they are given, an account of its
    own."""
    ramp: RampPolicy
    kinds: frozenset[GroupKind] = frozenset({GroupKind.MICROSOFT_365})
    where: str | None = None
    """An expression over ``object``, the group as the cloud tells of it; None: all."""
    min_members: int = 0
    max_members: int = 250_000
    members: MembersFrom = MembersFrom.AUTO
    graph_host: str = ""
    """Empty: that of the cloud."""
    naming: Naming = Naming.OBJECT_ID
    role_assignable: bool = False
    """Groups that roles can be assigned to are written, too."""
    drift: DriftMode = DriftMode.REPORT
    values_per_modify: int = 500
    creates_per_cycle: int = 100


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """One document: the sources, the target and the limits."""

    namespace: str
    name: str
    mode: Mode
    target: Target
    sources: tuple[SourceSpec, ...]
    source_anchor: str
    """A ``SourceAnchor``, or another attribute of the directory."""
    interval: timedelta = field(default=timedelta(minutes=30), kw_only=True)
    """How long one slice of an export lasts, and how long after a run the operator makes the next one."""
    max_members: int = 250_000
    ramps: tuple[RampPolicy, ...] = ()
    """Those of the document, in its order; the built-in one comes behind them."""
    deny_patterns: tuple[str, ...] = DENY_PATTERNS
    """Groups whose name, or that of an OU above them, matches one are never admitted partially."""
    failsafe: Failsafe = field(default_factory=Failsafe)
    write_back_anchor: bool = False
    """objectGUID is written into an empty mS-DS-ConsistencyGuid before the create."""
    rules: tuple[Rule, ...] = ()
    attributes: tuple[DeclaredAttribute, ...] = ()
    joins: tuple[Join, ...] = ()
    merges: Mapping[str, Merge] = field(default_factory=dict)
    """Wire name of a multi-valued attribute -> how joined entries add up."""
    approval: ApprovalMode = ApprovalMode.AUTO
    approval_expiry: timedelta = timedelta(hours=72)
    """How long an approval is valid unless it says otherwise."""
    approves: tuple[str, ...] = ()
    """Digests, or the beginnings of digests, that the document's annotation approves; in small letters."""
    adopts: tuple[str, ...] = ()
    """The same of findings of an adoption, which a run records when it needs one."""
    releases: frozenset[str] = frozenset()
    """Stages of an adopted tenant that the document's annotation ends."""
    accepts: tuple[Acceptance, ...] = ()
    """What the document's annotation says of sources that show less than before."""
    orders: tuple[NamedOrder, ...] = ()
    """Commands to ramps in the document's annotations."""
    scheduling: Scheduling = field(default_factory=Scheduling)
    """When runs are made."""
    writeback: WritebackGroups | None = None
    """Groups that go the other way."""
