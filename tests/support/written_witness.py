"""The witnesses of the first direction, before a directory that groups are written to."""

from collections.abc import Callable
from uuid import UUID

from support.directory_model import ModelDirectory, Written
from support.tenant_model import Tenant, mark
from support.witness import Seen, Witness
from syncramp.model.wire import Operation, Outcome, SyncObject


class WatchedDirectory(ModelDirectory):
    """It remembers every request that was tried, and when each link was last there."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._now = clock
        self.tried: list[tuple[float, SyncObject]] = []
        self.seen: dict[tuple[str, str], float] = {}

    def _request(self, obj: SyncObject) -> Outcome:
        self.tried.append((self._now(), obj))
        self.remember()
        try:
            return super()._request(obj)
        finally:
            self.remember()

    def remember(self) -> None:
        now = self._now()
        self.seen.update({(group, one): now for group, members in self.links.items() for one in members})

    @property
    def links(self) -> dict[str, set[str]]:
        """Anchors of those who are in each group, by its own."""
        return {held.anchor: {self.anchor(one) for one in self.members(held.anchor)} for held in self.ours}

    @property
    def ours(self) -> list[Written]:
        return [held for held in self.groups.values() if held.anchor]

    def anchor(self, member: bytes) -> str:
        held = self.groups.get(member)
        return held.anchor if held else str(UUID(bytes_le=member))


class Proven:
    """What the cloud tells needs no proof that it is whole: nothing is concluded from absence."""

    complete = True


class WrittenWitness(Witness):
    """A group may leave the directory when the cloud deleted it for good, and a person said so."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(Proven(), str, bool)  # type: ignore[arg-type]
        self._tenant = tenant

    def leavers(self) -> frozenset[str]:
        groups = self._tenant.groups.items()
        return frozenset(mark(number) for number, held in groups if held.deleted == "HardDelete")

    def judge(self, seen: Seen) -> None:
        super().judge(seen)
        tried = (obj for _, obj in seen.tried if obj.operation is Operation.DELETE)
        deleted = {str(obj.values["SourceAnchor"]) for obj in tried}
        for anchor in deleted:
            assert anchor in self.leavers(), "a group was deleted that the cloud has, or may have again"

    def _count(self, seen: Seen, mark: int, now: float, *what: str) -> None:
        super()._count(seen, mark, now, *what)
        assert what[0] != "delete" or mark in seen.approved, "a group was deleted, and nobody approved it"
