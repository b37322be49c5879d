"""Whom somebody asks for in a plan, in both directions: objects of the store, and of the ledger.

One name may mean both. An entry of the directory is in the ledger as a member, or by its mark as the group itself; a
group of the cloud is in the ledger alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pyroaring import BitMap

from syncramp.errors import InputRefused
from syncramp.explanation.directory import Directory
from syncramp.explanation.finding import find
from syncramp.model.explanation import Finding
from syncramp.spec.types import SyncConfig
from syncramp.store.lookup import Lookup, Row
from syncramp.store.store import Store
from syncramp.writeback.payload import marked


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who is asked for, by id in each direction."""

    cloud: BitMap = field(default_factory=BitMap)
    directory: BitMap = field(default_factory=BitMap)


def choose(store: Store, ledger: Store | None, config: SyncConfig, asked: Sequence[str], now: float) -> Chosen:
    """Everybody who is called so.

    :param ledger: of written-back groups; None: there is none.
    :param asked: names, each as :func:`syncramp.explanation.finding.find` takes it, or of groups of the cloud.
    :param now: seconds since the epoch.
    :raises InputRefused: nobody is called so.
    """
    chosen = Chosen()
    groups = config.writeback
    other = _Other(ledger.lookup, Directory(store, ledger, config, groups, now)) if ledger and groups else None
    for who in asked:
        finding = find(store.lookup, who)
        persons = [store.lookup.person(each.id) for each in finding.found]
        rows = store.lookup.rows([entry for _, entries in persons for entry in entries])
        there = other.meant(who, rows) if other else None
        if not persons and there is None:
            raise _nobody(finding)
        chosen.cloud.update(identity for identity, _ in persons)
        chosen.directory.update(there or ())
    return chosen


@dataclass(frozen=True, slots=True)
class _Other:
    """The other direction, asked for objects."""

    lookup: Lookup
    """In the ledger."""
    known: Directory

    def meant(self, who: str, rows: Sequence[Row]) -> BitMap | None:
        """What of the ledger somebody may mean; None: nothing is called so, neither there nor in the cloud.

        :param rows: entries that are called so, who may be members, or groups by the mark they carry.
        """
        groups = [*self.known.find(who)[0], *filter(None, map(self.known.marked, rows))]
        anchors = [marked(group.object_id).lower() for group in groups]
        anchors += [str(UUID(bytes_le=row.staged.entry.guid)) for row in rows]
        named = BitMap(each.id for each in find(self.lookup, who).found)
        found = named.union(*(BitMap(self.lookup.by_anchor(anchor)) for anchor in anchors))
        return found if found or groups else None


def _nobody(finding: Finding) -> InputRefused:
    near = "; ".join(each.dn for each in finding.near)
    return InputRefused(
        f"nothing that was read is known as {finding.asked!r}",
        where="--object or --group",
        remedy=f"perhaps you mean {near}" if near else "name its DN, user principal name or anchor",
    )
