"""What a probe makes in a tenant: two users, a group, and a user with the name of another one.

Their anchors begin with one word and the number of the probe, so that a later one finds what an earlier one left, and
none of them comes back from the bin of an earlier one. The users are disabled.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from syncramp.errors import InputRefused
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject, WireValue

PREFIX = "SyncrampProbe"
"""Letters only: other signs count three in a source anchor."""


@dataclass(frozen=True, slots=True)
class Props:
    """The objects of one probe.

    :param run: its number, letters and digits.
    :param domain: of the user principal names, one that the tenant has.
    """

    run: str
    domain: str

    def anchor(self, name: str) -> str:
        """The source anchor of one of them."""
        return f"{PREFIX}{self.run}{name}"

    def user(self, name: str, *, named_as: str = "", **values: WireValue) -> SyncObject:
        """A user whole.

        :param named_as: the user whose user principal name it has; itself where nothing is said.
        """
        account = f"syncramp-probe-{self.run}-{(named_as or name).lower()}"
        return self.change(
            name,
            accountEnabled=False,
            displayName=f"Syncramp probe {self.run} {name}",
            onPremisesSamAccountName=f"probe-{self.run}-{name}"[:20],
            userPrincipalName=f"{account}@{self.domain}",
            **values,
        )

    def group(self) -> SyncObject:
        """The group, without members."""
        return self.change("Group", displayName=f"Syncramp probe {self.run}", securityEnabled=True)

    def change(self, name: str, **values: WireValue) -> SyncObject:
        """Some attributes of one of them."""
        return SyncObject(_KINDS[name], Operation.SET, {"SourceAnchor": self.anchor(name), **values})

    def link(self, name: str, operation: LinkOperation = LinkOperation.ADD, times: int = 1) -> SyncObject:
        """A change of one member of the group, once or several times in one call."""
        return self.change("Group", member=(ReferenceChange(self.anchor(name), operation),) * times)

    def delete(self, name: str) -> SyncObject:
        """A delete of one of them."""
        return deleted({self.anchor(name): _KINDS[name]})[0]


_KINDS = {"Ada": "User", "Bo": "User", "Copy": "User", "Nobody": "User", "Group": "Group"}
"""Nobody is never made."""


def deleted(anchors: Mapping[str, str]) -> list[SyncObject]:
    """Deletes of objects by anchor and kind; groups first, which refer to the others."""
    ordered = sorted(anchors.items(), key=lambda item: item[1])
    return [SyncObject(kind, Operation.DELETE, {"SourceAnchor": anchor}) for anchor, kind in ordered]


def source_anchor(obj: SyncObject) -> str:
    """The source anchor of an object of the read-back; empty where it has none."""
    return str(value_of(obj, "SourceAnchor") or "")


def identity(obj: SyncObject) -> str:
    """The source anchor of an object, or the cloud anchor where it has none."""
    return source_anchor(obj) or str(value_of(obj, "CloudAnchor") or "")


def value_of(obj: SyncObject, name: str) -> WireValue:
    """An attribute of an object of the read-back, by its name without regard to case."""
    return next((value for key, value in obj.values.items() if key.lower() == name.lower()), None)


def links_to(objects: Iterable[SyncObject], group: str, anchors: Collection[str]) -> bool | None:
    """Does the read-back show a link; None where it shows the group and no members of it at all.

    :param anchors: those of the member, of either kind.
    """
    found: bool | None = False
    for obj in objects:
        if source_anchor(obj) != group or obj.operation is Operation.DELETE:
            continue
        changes = value_of(obj, "member")
        if not isinstance(changes, tuple):
            found = found or None
        elif any(isinstance(one, ReferenceChange) and _adds(one, anchors) for one in changes):
            return True
    return found


def _adds(change: ReferenceChange, anchors: Collection[str]) -> bool:
    return change.operation is LinkOperation.ADD and change.anchor in anchors


def left_in(objects: Iterable[SyncObject]) -> dict[str, str]:
    """What earlier probes left: anchor -> kind."""
    return {
        anchor: obj.kind
        for obj in objects
        if (anchor := source_anchor(obj)).startswith(PREFIX) and obj.operation is not Operation.DELETE
    }


def domain_of(objects: Iterable[SyncObject]) -> str:
    """A domain of the tenant, from the name of somebody in it.

    :raises InputRefused: nobody has a name.
    """
    for obj in objects:
        name = value_of(obj, "userPrincipalName")
        if isinstance(name, str) and "@" in name:
            return name.rpartition("@")[2]
    raise InputRefused(
        "the read-back shows no domain of the tenant", where="--domain", remedy="name one with --domain"
    )
