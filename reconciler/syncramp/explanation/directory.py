"""Groups of the cloud as somebody asks for them: who is meant, whether they are written back, and what is there.

What the cloud says of them is in the store of the tenant, what the directory holds in the ledger. Without a ledger
it is told all the same whether a group is wanted.
"""

from collections.abc import Iterator, Sequence

from pyroaring import BitMap

from syncramp.explanation.ledger import Ledger
from syncramp.model.cloud import CloudGroup, CloudState, Unwritable
from syncramp.model.explanation import Brief, GroupTold
from syncramp.model.explanation_written import WrittenTold
from syncramp.model.values import Kind
from syncramp.spec.types import SyncConfig, WritebackGroups
from syncramp.store.cloud_names import known_ids
from syncramp.store.forest import Forest
from syncramp.store.lookup import Row
from syncramp.store.store import Store
from syncramp.writeback.ledger import CLOUD
from syncramp.writeback.payload import MARK, marked
from syncramp.writeback.unwritable import WORDS
from syncramp.writeback.wanted import Refused, condition, wanted

NAMES = ("displayName", "mail", "mailNickname")
"""Attributes that people know a group by, beside its addresses."""
GONE = {
    CloudState.BIN: "it was deleted in the cloud, and can be restored",
    CloudState.UNTOLD: "it was deleted in the cloud; whether for good is not known; after 30 days it counts as gone",
    CloudState.GONE: "it was deleted in the cloud for good",
}


class Directory:
    """What is known of the other direction of a document that asks for it.

    :param store: of the tenant.
    :param ledger: None: no run has looked at the directory yet.
    :param now: seconds since the epoch.
    """

    def __init__(
        self, store: Store, ledger: Store | None, config: SyncConfig, groups: WritebackGroups, now: float
    ) -> None:
        self._store, self._groups, self._where = store, groups, condition(groups)
        self._ledger = Ledger(ledger, config, groups, now) if ledger else None
        self._forest = Forest(store.database, store.staging.source_id(groups.source)) if ledger else None

    def find(self, asked: str) -> tuple[list[CloudGroup], tuple[Brief, ...]]:
        """Groups that somebody may mean, and how they are listed."""
        found = [(group, by) for group in self._store.cloud.all() if (by := _meant(group, asked.strip()))]
        return [group for group, _ in found], tuple(_brief(group, by) for group, by in found)

    def marked(self, row: Row) -> CloudGroup | None:
        """The group whose mark an entry of the directory carries."""
        values = row.staged.entry.attributes.get("admindescription", ())
        marks = [value.decode(errors="replace") for value in values if row.staged.entry.kind is Kind.GROUP]
        return next((group for mark in marks if mark.startswith(MARK) for group in self.find(mark)[0]), None)

    def told(self, group: CloudGroup, *, everyone: bool) -> WrittenTold:
        """Everything of one group.

        :param everyone: name all of its members.
        """
        name, members = group.attributes.get("displayName"), group.members
        return WrittenTold(
            object_id=group.object_id,
            name=name if isinstance(name, str) else "",
            state=group.state.value,
            since=group.since,
            refused=self._refusal(group),
            members=None if members is None else len(members),
            unwritable=self._ledger.unwritable(group.object_id) if self._ledger else {},
            there=self._ledger.told(group.object_id, everyone=everyone) if self._ledger else None,
        )

    def _unwritable(self, members: BitMap) -> dict[int, Unwritable]:
        """Members who cannot be in the directory; a run that looks at it makes the index that this needs."""
        return self._forest.guids(members)[1] if self._forest else {}

    def _refusal(self, group: CloudGroup) -> str:
        """Why a group is not written, as a clause; empty when it is."""
        if group.state is not CloudState.LIVE:
            return GONE[group.state]
        found = wanted(group, self._groups, self._where)
        return found.reason if isinstance(found, Refused) else ""

    def memberships(self, own: Row, guids: Sequence[bytes]) -> Iterator[GroupTold]:
        """Groups of the cloud that somebody is in, by name: whether they are in them in the directory, too.

        :param own: the entry that names the object.
        :param guids: objectGUIDs of the entries that it is made of.
        """
        names = [f"source:{own.anchor}", *([own.cloud_anchor.lower()] if own.cloud_anchor else [])]
        ids = BitMap(known_ids(self._store.database, names).values())
        why = next(iter(self._unwritable(ids).values()), None)
        found = [group for group in self._store.cloud.all() if group.members and group.members & ids]
        for group in sorted(found, key=called):
            if group.state is not CloudState.GONE:
                yield self._membership(group, guids, why)

    def _membership(self, group: CloudGroup, guids: Sequence[bytes], why: Unwritable | None) -> GroupTold:
        name = called(group)
        if reason := self._refusal(group):
            return GroupTold(name, False, False, False, "the group is not written back", reason=reason)
        if why is not None:
            return GroupTold(name, False, False, False, f"cannot be a member there ({why.value})", reason=WORDS[why])
        told = self._ledger.membership(name, group.object_id, guids) if self._ledger else None
        return told or GroupTold(name, True, False, False, "the next run brings it to the directory")


def called(group: CloudGroup) -> str:
    """``All Staff (Group_…)``."""
    name = group.attributes.get("displayName")
    return f"{name} ({marked(group.object_id)})" if isinstance(name, str) and name else marked(group.object_id)


def _brief(group: CloudGroup, by: str) -> Brief:
    return Brief(group.id, CLOUD, Kind.GROUP, called(group), 0, group.state is CloudState.LIVE, by)


def _meant(group: CloudGroup, asked: str) -> str:
    """What of a group is as it was asked for; empty: nothing is."""
    name = asked.lower()
    if name in (group.object_id, marked(group.object_id).lower()):
        return "object id"
    for attribute in NAMES:
        value = group.attributes.get(attribute)
        if isinstance(value, str) and value.lower() == name:
            return attribute
    addresses = group.attributes.get("proxyAddresses", ())
    plain = [str(each).lower().removeprefix("smtp:") for each in addresses] if isinstance(addresses, tuple) else []
    return "proxyAddresses" if name.removeprefix("smtp:") in plain else ""
