"""The options of ``syncramp simulator``, by theme; help and docs/cli.md show them so.

Those that make its tenant another one than the defaults do are named as the field of :class:`TenantSettings` that
they set, but for those in ``RENAMED``.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from syncramp.simulator.behaviour import Form
from syncramp.simulator.settings import (
    Attributes,
    CloudManaged,
    DeletedGroups,
    DeltaCreates,
    Duplicates,
    MemberForm,
    MemberLists,
    Prevention,
    Repeated,
    Restored,
    SoftDeletes,
    TenantSettings,
    ToldOperation,
    Unresolved,
)

RENAMED = {"most_links": "links_per_call", "most_members": "members", "most_members_v1": "members_v1"}
"""Fields whose options have shorter names."""


class ByTheme(TyperGroup):
    """A command whose help shows its options in sections, in the order in which their themes come first."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, and then the commands below this one."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                theme = getattr(param, "rich_help_panel", None) or "Options"
                sections.setdefault(theme, []).append(record)
        for theme, records in sections.items():
            with formatter.section(theme):
                formatter.write_dl(records)
        self.format_commands(ctx, formatter)


def _option(theme: str, text: str, *names: str, **others: Any) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=theme, **others)


def _number(theme: str, text: str, *names: str, least: int = 0, most: int | None = None) -> Any:
    return _option(theme, text, *names, metavar="NUMBER", min=least, max=most)


_PLACE = "Place"
Directory = Annotated[Path, _option(_PLACE, "Where secrets/ is written.", metavar="DIR")]
TenantFile = Annotated[
    Path | None, _option(_PLACE, "Keeps the tenant; without it the tenant is in memory.", "--tenant", metavar="FILE")
]
Port = Annotated[int, _number(_PLACE, "The port; 0 takes a free one.", most=65535)]
Name = Annotated[
    str,
    _option(_PLACE, "What clients call it; with another name it listens on all addresses.", metavar="HOST"),
]
WithParent = Annotated[bool, _option(_PLACE, "End when standard input ends, and not at Ctrl-C.", "--with-parent")]

_SIGN_IN = "Sign-in"
TenantId = Annotated[str, _option(_SIGN_IN, "The tenant's id.", metavar="ID")]
ClientId = Annotated[str, _option(_SIGN_IN, "The application's id.", metavar="ID")]
TokenLifetime = Annotated[int, _number(_SIGN_IN, "Seconds for which a token is good.", least=1)]
CertificateDays = Annotated[
    int, _number(_SIGN_IN, "Days for which the application's certificate is valid; 0: it has expired.", most=3650)
]
Multifactor = Annotated[
    bool, _option(_SIGN_IN, "The account is not exempt from multifactor authentication.", "--multifactor")
]

_TENANT = "The tenant"
NotActivated = Annotated[bool, _option(_TENANT, "Directory synchronisation is switched off.", "--not-activated")]
AnchorAttribute = Annotated[
    str, _option(_TENANT, "The attribute that anchors were taken from; empty: there are none.", metavar="NAME")
]
ClientMachine = Annotated[
    str, _option(_TENANT, "The machine whose Connect synchronised a new tenant; empty: none did.", metavar="NAME")
]
Features = Annotated[int, _number(_TENANT, "The feature mask of a new tenant.")]
VerifiedDomains = Annotated[
    list[str] | None,
    _option(
        _TENANT,
        "A domain whose values are kept, others are normalised; may be given several times. Without it all are kept.",
        "--verified-domain",
        metavar="DOMAIN",
    ),
]
CloudUsers = Annotated[int, _number(_TENANT, "Users made in the cloud, in a new tenant.")]
Microsoft365Groups = Annotated[
    int, _number(_TENANT, "Microsoft 365 groups, in a new tenant.", "--microsoft365-groups")
]
Guests = Annotated[int, _number(_TENANT, "Guests, in a new tenant.")]
CloudSecurityGroups = Annotated[int, _number(_TENANT, "Security groups of the cloud, in a new tenant.")]
NestedCloudGroups = Annotated[int, _number(_TENANT, "More of them; each holds the group made before it.")]
RoleAssignableGroups = Annotated[int, _number(_TENANT, "More of them, to which roles can be assigned.")]
CloudGroupMembers = Annotated[
    int, _number(_TENANT, "So many users join each group of the cloud; 0: every second one joins one.")
]
DeletionPrevention = Annotated[Prevention, _option(_TENANT, "By what clients are told to hold deletes.")]
DeleteThreshold = Annotated[int, _number(_TENANT, "The number of deletes that clients are told.")]
DeletePercentage = Annotated[int, _number(_TENANT, "The percentage of deletes that clients are told.", most=100)]

_LIMITS = "Limits and delays"
WritesPerFiveMinutes = Annotated[int, _number(_LIMITS, "Objects written in five minutes; 0: no limit.")]
LinksPerWrite = Annotated[int, _number(_LIMITS, "So many links count as one write; 0: they do not.")]
ObjectsPerCall = Annotated[int, _number(_LIMITS, "Objects in one export call.", least=1)]
LinksPerCall = Annotated[int, _number(_LIMITS, "Links in one export call.", least=1)]
Members = Annotated[int, _number(_LIMITS, "Members of a group.", least=1)]
MembersV1 = Annotated[
    int, _number(_LIMITS, "Members of a group in a call to the V1 endpoint.", "--members-v1", least=1)
]
ObjectQuota = Annotated[int, _number(_LIMITS, "Objects that the tenant may hold; 0: no limit.")]
PageSize = Annotated[int, _number(_LIMITS, "Objects on a page of the read-back.", least=1)]
GraphPageSize = Annotated[int, _number(_LIMITS, "Groups on a page of Microsoft Graph.", least=1)]
VisibilityDelay = Annotated[float, _number(_LIMITS, "Seconds until a new object can be referred to.")]
BinDays = Annotated[float, _number(_LIMITS, "Days until a deleted user is gone.")]
CookieLifetime = Annotated[float, _number(_LIMITS, "Seconds until a cookie of the read-back is refused; 0: never.")]
MinimumBuild = Annotated[
    str, _option(_LIMITS, "The oldest client build that is accepted, as 2.4.21.0.", metavar="BUILD")
]

_ANSWERS = "What the service may do one way or the other"
UnresolvedOption = Annotated[Unresolved, _option(_ANSWERS, "An object with a reference to something unknown.")]
DuplicatesOption = Annotated[
    Duplicates, _option(_ANSWERS, "An object with a user principal name or address that is taken.")
]
RepeatedChanges = Annotated[
    Repeated, _option(_ANSWERS, "An Add of a member that is there, or a Remove of one that is not.")
]
ListsOfMembers = Annotated[MemberLists, _option(_ANSWERS, "Members that come as a list in a call to V2.")]
AttributesOption = Annotated[Attributes, _option(_ANSWERS, "Attributes of a wrong type or an unknown name.")]
CloudManagedOption = Annotated[
    CloudManaged, _option(_ANSWERS, "A change to an object whose source of authority is the cloud.")
]
Operation = Annotated[
    ToldOperation, _option(_ANSWERS, "What a result calls its operation: what was done, or what was asked for.")
]
RestoredMemberships = Annotated[Restored, _option(_ANSWERS, "The memberships of a user that comes back.")]
DeletedGroupsOption = Annotated[DeletedGroups, _option(_ANSWERS, "Where a deleted security group goes.")]
MemberFormOption = Annotated[MemberForm, _option(_ANSWERS, "How the read-back shows members.")]
SoftDeletesOption = Annotated[
    SoftDeletes, _option(_ANSWERS, "How the read-back shows a Microsoft 365 group in the bin.")
]
DeltaCreatesOption = Annotated[DeltaCreates, _option(_ANSWERS, "What a delta calls an object that is new.")]
CookieMember = Annotated[str, _option(_ANSWERS, "The read-back's member with the cookie.", metavar="NAME")]
MoreMember = Annotated[str, _option(_ANSWERS, "The read-back's member that marks its end.", metavar="NAME")]
BadCookie = Annotated[str, _option(_ANSWERS, "The text of the fault on a cookie that is not valid.", metavar="TEXT")]
ValuesOption = Annotated[Form, _option(_ANSWERS, "How values are written into answers.")]

_FAULTS = "Faults and latency"
Redirects = Annotated[
    int, _number(_FAULTS, "Hosts that only send a client on, as the service's first one does.", most=9)
]
Faults = Annotated[Path | None, _option(_FAULTS, "A fault script: which calls go wrong, and how.", metavar="FILE")]
Latency = Annotated[
    str, _option(_FAULTS, "Seconds that an answer takes, as 0.2,0.01,0.0001.", metavar="CALL,OBJECT,LINK")
]
LatencyV1 = Annotated[
    str, _option(_FAULTS, "The same for the operations of V1.", "--latency-v1", metavar="CALL,OBJECT,LINK")
]
VirtualClock = Annotated[
    bool, _option(_FAULTS, "Nothing waits for latency; the tenant's clock is put forward.", "--virtual-clock")
]


def settings_of(given: Mapping[str, Any]) -> TenantSettings:
    """The tenant that options ask for.

    :param given: options by the names of their parameters.
    """
    named = {field.name: RENAMED.get(field.name, field.name) for field in fields(TenantSettings)}
    chosen = {name: given[option] for name, option in named.items() if option in given}
    chosen["verified_domains"] = tuple(given["verified_domains"] or ())
    return TenantSettings(**chosen, syncing=not given["not_activated"])
