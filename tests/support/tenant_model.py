"""A tenant in memory with groups of its own, which no directory masters: the cloud's side of groups that go back.

They are in the delta read-back like everything else, without a source anchor. Members are named by cloud anchor, as
changes or, where ``lists``, all of them as texts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from support.model import ModelCloud
from syncramp.model.wire import AnchorType, LinkOperation, Operation, Outcome, ReferenceChange, SyncObject, WireValue

UNIFIED: dict[str, WireValue] = {"groupTypes": ("Unified",), "mailEnabled": "true", "securityEnabled": "false"}
SECURITY: dict[str, WireValue] = {"mailEnabled": "false", "securityEnabled": "true"}
_KEY = "cloud:"


def object_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def mark(number: int) -> str:
    """The anchor of the group in the directory."""
    return f"group_{object_id(number)}"


@dataclass
class CloudHeld:
    """A group that the cloud masters."""

    values: dict[str, WireValue]
    members: set[str] = field(default_factory=set)
    """Cloud anchors."""
    changed: dict[str, int] = field(default_factory=dict)
    deleted: str = ""
    """``SoftDelete`` is in the bin; ``HardDelete`` is gone."""


class Tenant(ModelCloud):
    """The endpoint of a tenant that has groups of its own, by their numbers."""

    def __init__(self, lists: bool = False) -> None:
        super().__init__()
        self.groups: dict[int, CloudHeld] = {}
        self.lists = lists
        self.called: dict[str, str] = {}
        """Source anchor -> cloud anchor: who is restored from the bin is who he was."""

    def given(self, number: int, members: Iterable[str] = (), **values: WireValue) -> None:
        """Somebody makes a group, a Microsoft 365 group unless told otherwise."""
        told = {"displayName": f"Group {number}", "mailNickname": f"group{number}", **UNIFIED, **values}
        self.groups[number] = CloudHeld(told)
        self.join(number, *members)

    def alter(self, number: int, **values: WireValue) -> None:
        self.groups[number].values.update(values)
        self._note(number)

    def join(self, number: int, *members: str) -> None:
        self._regroup(number, members, self.groups[number].members.add)

    def leave(self, number: int, *members: str) -> None:
        self._regroup(number, members, self.groups[number].members.discard)

    def delete(self, number: int, how: str = "HardDelete") -> None:
        self.groups[number].deleted = how
        self._note(number)

    def restore(self, number: int) -> None:
        """It comes back from the bin, with its members."""
        self.groups[number].deleted = ""
        self._note(number)

    def _regroup(self, number: int, members: Iterable[str], change: Callable[[str], None]) -> None:
        self._note(number)
        for member in members:
            change(member)
            self.groups[number].changed[member] = self._clock

    def _note(self, number: int) -> None:
        self._clock += 1
        self._log[f"{_KEY}{number}"] = self._clock

    def _one(self, obj: SyncObject) -> Outcome:
        outcome = super()._one(obj)
        anchor = str(obj.values["SourceAnchor"])
        if (held := self.objects.get(anchor)) is None:
            return outcome
        held.cloud_anchor = self.called.setdefault(anchor, held.cloud_anchor)
        return replace(outcome, cloud_anchor=held.cloud_anchor)

    def _shown(self, anchor: str, since: int) -> SyncObject:
        if not anchor.startswith(_KEY):
            return super()._shown(anchor, since)
        number = int(anchor.removeprefix(_KEY))
        held, named = self.groups[number], {"CloudAnchor": f"Group_{object_id(number)}"}
        if held.deleted == "HardDelete":
            return SyncObject("Group", Operation.DELETE, named)
        filtered: dict[str, WireValue] = {"reasonFiltered": (held.deleted,)} if held.deleted else {}
        values: dict[str, WireValue] = {**named, **held.values, **filtered}
        return SyncObject("Group", Operation.SET, values | self._members(held, since))

    def _members(self, held: CloudHeld, since: int) -> dict[str, WireValue]:
        if self.lists:
            return {"member": tuple(sorted(held.members))}
        changes = [
            ReferenceChange(one, LinkOperation.ADD if one in held.members else LinkOperation.REMOVE, AnchorType.CLOUD)
            for one, at in held.changed.items()
            if at > since and (since or one in held.members)
        ]
        return {"member": tuple(changes)} if changes else {}
