"""Options of ``syncramp simulator`` that make its tenant another one than the defaults do.

Each is named as the field of :class:`TenantSettings` it sets, but for those in ``RENAMED``.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

import typer

from syncramp.simulator.settings import (
    Attributes,
    CloudManaged,
    DeletedGroups,
    DeltaCreates,
    MemberForm,
    MemberLists,
    Prevention,
    Repeated,
    Restored,
    TenantSettings,
    ToldOperation,
)

RENAMED = {"most_links": "links_per_call", "most_members": "members", "most_members_v1": "members_v1"}
"""Fields whose options have shorter names."""

MembersV1 = Annotated[int, typer.Option("--members-v1", help="The same in a call to the V1 endpoint.", min=1)]
LinksPerWrite = Annotated[int, typer.Option(help="So many links count as one write; 0: they do not.", min=0)]
ObjectQuota = Annotated[int, typer.Option(help="Objects that the tenant may hold; 0: no limit.", min=0)]
Features = Annotated[int, typer.Option(help="The feature mask of a new tenant.", min=0)]
VerifiedDomains = Annotated[
    list[str] | None,
    typer.Option(
        "--verified-domain", metavar="DOMAIN", help="Others are normalised; none: all are kept as they come."
    ),
]
NotActivated = Annotated[
    bool, typer.Option("--not-activated", help="Directory synchronisation is switched off for the tenant.")
]
CloudUsers = Annotated[int, typer.Option(help="Users made in the cloud, in a new tenant.", min=0)]
Microsoft365Groups = Annotated[
    int, typer.Option("--microsoft365-groups", help="Microsoft 365 groups, in a new tenant.", min=0)
]
RepeatedChanges = Annotated[Repeated, typer.Option(help="An Add of a member that is there, or a Remove of none.")]
ListsOfMembers = Annotated[MemberLists, typer.Option(help="Members that come as a list in a call to V2.")]
AttributesOption = Annotated[Attributes, typer.Option(help="Attributes of a wrong type or an unknown name.")]
Operation = Annotated[ToldOperation, typer.Option(help="What a result calls its operation.")]
CloudManagedOption = Annotated[
    CloudManaged, typer.Option(help="A change to an object whose source of authority is the cloud.")
]
BinDays = Annotated[float, typer.Option(help="Days until a deleted user is gone.", min=0)]
RestoredMemberships = Annotated[Restored, typer.Option(help="The memberships of a user that comes back.")]
DeletedGroupsOption = Annotated[DeletedGroups, typer.Option(help="Where a deleted security group goes.")]
DeletionPrevention = Annotated[Prevention, typer.Option(help="By what clients are told to hold deletes.")]
DeleteThreshold = Annotated[int, typer.Option(help="The number that clients are told.", min=0)]
DeletePercentage = Annotated[int, typer.Option(help="The percentage that clients are told.", min=0, max=100)]
MemberFormOption = Annotated[MemberForm, typer.Option(help="How the read-back shows members.")]
DeltaCreatesOption = Annotated[DeltaCreates, typer.Option(help="What a delta calls an object that is new.")]
CookieLifetime = Annotated[float, typer.Option(help="Seconds until a cookie is refused; 0: never.", min=0)]


def settings_of(given: Mapping[str, Any]) -> TenantSettings:
    """The tenant that options ask for.

    :param given: options by the names of their parameters.
    """
    named = {field.name: RENAMED.get(field.name, field.name) for field in fields(TenantSettings)}
    chosen = {name: given[option] for name, option in named.items() if option in given}
    chosen["verified_domains"] = tuple(given["verified_domains"] or ())
    return TenantSettings(**chosen, syncing=not given["not_activated"])
