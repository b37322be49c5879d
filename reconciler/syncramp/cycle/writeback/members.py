"""Who the members of groups of the cloud are in the directory that the groups are written to.

A group of the cloud that is written is a member by its own object; everybody else is looked up in the directory. Who
was found once, and cannot be found now, stays where he is: only that he is deleted in the directory, or that the
cloud takes him out of a group, ends that.
"""

from collections.abc import Mapping

from pyroaring import BitMap

from syncramp.model.cloud import Unwritable
from syncramp.store.database import Database
from syncramp.store.forest import Forest
from syncramp.store.wanted_groups import WantedGroups


class Members:
    """The members of some groups.

    :param main: the tenant's store.
    :param source: the number of the directory in it.
    :param known: what the ledger knows of groups and of who is who; it learns what is new.
    :param ids: of all members of these groups, in ``cloud_names``.
    """

    def __init__(self, main: Database, source: int, known: WantedGroups, ids: BitMap) -> None:
        verdicts = {identity: found for identity, found in known.verdicts().items() if identity in ids}
        written = {identity: guid for identity, (guid, reason) in verdicts.items() if not reason}
        people, reasons = Forest(main, source).guids(ids - BitMap(verdicts))
        before = known.known(ids)
        self._people = people
        self._found: Mapping[int, bytes] = {**people, **written}
        known.learn({identity: guid for identity, guid in self._found.items() if before.get(identity) != guid})
        self._before = {identity: guid for identity, guid in before.items() if identity not in self._found}
        self._reasons: dict[Unwritable, BitMap] = {}
        refused = dict.fromkeys(verdicts.keys() - written.keys(), Unwritable.NOT_WRITTEN)
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
