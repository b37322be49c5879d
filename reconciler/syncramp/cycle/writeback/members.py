"""Who the members of groups of the cloud are in the directory that the groups are written to.

A group of the cloud that is written is a member by its own object; everybody else is looked up in the directory. Who
was found once, and cannot be found now, stays where he is: only that he is deleted in the directory, or that the
cloud takes him out of a group, ends that.
"""

from collections.abc import Mapping
from uuid import UUID

from pyroaring import BitMap

from syncramp.model.cloud import Unwritable
from syncramp.store.cloud_names import SOURCE
from syncramp.store.forest import Forest
from syncramp.store.store import Store
from syncramp.store.wanted_groups import WantedGroups


class Members:
    """The members of some groups.

    :param main: the tenant's store.
    :param source: the number of the directory in it.
    :param known: what the ledger knows of groups and of who is who; it learns what is new.
    :param ids: of all members of these groups, in ``cloud_names``.
    """

    def __init__(self, main: Store, source: int, known: WantedGroups, ids: BitMap) -> None:
        names = dict(main.cloud.names(ids))
        groups = {str(UUID(bytes_le=guid)): (guid, reason) for guid, reason in known.verdicts().items()}
        nested = {identity: groups[own] for identity, name in names.items() if (own := _object_id(name)) in groups}
        written = {identity: guid for identity, (guid, reason) in nested.items() if not reason}
        self._people, reasons = Forest(main.database, source).guids(ids - BitMap(nested))
        self._found: Mapping[int, bytes] = {**self._people, **written}
        before = known.known(list(names.values()))
        found = {names[identity]: guid for identity, guid in self._found.items()}
        known.learn({name: guid for name, guid in found.items() if before.get(name) != guid})
        self._before = {i: before[name] for i, name in names.items() if name in before and i not in self._found}
        self._reasons: dict[Unwritable, BitMap] = {}
        refused = dict.fromkeys(nested.keys() - written.keys(), Unwritable.NOT_WRITTEN)
        for identity, reason in {**reasons, **refused}.items():
            self._reasons.setdefault(reason, BitMap()).add(identity)

    def of(self, members: BitMap, has: frozenset[bytes]) -> frozenset[bytes]:
        """The GUIDs that a group should have.

        :param members: ids of its members in the cloud.
        :param has: GUIDs that it has, of those who are there: who of them cannot be found any more stays.
        """
        found, before = self._found, self._before
        kept = {guid for identity in members if (guid := before.get(identity)) in has} if before else ()
        return frozenset(found[identity] for identity in members if identity in found).union(kept)

    def people(self, members: BitMap) -> frozenset[bytes]:
        """objectGUIDs of those among these who are in the directory."""
        return frozenset(self._people[identity] for identity in members if identity in self._people)

    def unwritable(self, members: BitMap) -> dict[str, int]:
        """Why members cannot be written -> how many."""
        counts = {reason.value: len(ids & members) for reason, ids in self._reasons.items()}
        return {reason: number for reason, number in sorted(counts.items()) if number}


def _object_id(name: str) -> str:
    """The object id in the name of a member; a source anchor stays as it is."""
    return name if name.startswith(SOURCE) else name.rpartition("_")[2]
