"""The links an object of a call asks for: changes of a membership (V2), or the whole of it (V1)."""

from collections.abc import Iterator, Sequence
from typing import Any

from syncramp.model.wire import AnchorType, LinkOperation, ReferenceChange, SyncObject
from syncramp.simulator.refusals import INVALID_VALUE, REPEATED, TOO_LONG, UNRESOLVED, Failure
from syncramp.simulator.settings import MemberLists, Repeated, TenantSettings, Unresolved
from syncramp.simulator.tables import Link, State
from syncramp.simulator.view import View

THERE_TEXT = "One or more added object references already exist for the following modified properties: 'members'."
NOT_THERE_TEXT = (
    "One or more removed object references do not exist for the following modified properties: 'members'."
)
"""The first is what Microsoft Graph says in this case, the second is made after it."""
_SIZE = "SELECT count(*) FROM links WHERE group_id = ? AND state = ?"


class Memberships:
    """References of the objects of one call.

    :param version: of the endpoint, 1 or 2.
    """

    def __init__(self, view: View, settings: TenantSettings, version: int) -> None:
        self._view, self._settings = view, settings
        self._version = version

    def asked(self, kind: str, members: Any, group: int) -> dict[int, Link]:
        """What becomes of which links of a group.

        :param members: the value of ``member``.
        :param group: its id.
        :raises Failure: a reference cannot be resolved, or the group would become too large, or this is not the form.
        """
        if kind != "Group":
            raise Failure(INVALID_VALUE, f"A {kind} has no members.")
        given: tuple[Any, ...] = () if members is None else members
        if not isinstance(given, tuple):
            raise Failure(INVALID_VALUE, "The members of a group are no single value.")
        listed = bool(given) and isinstance(given[0], str)
        if self._version == 1:
            if given and not listed:
                raise Failure(INVALID_VALUE, "The V1 endpoint takes the members of a group as a list.")
            return self._replacing(given, group)
        if listed and self._settings.member_lists is MemberLists.REFUSE:
            raise Failure(INVALID_VALUE, "The members of a group must be a collection of reference changes.")
        return self._replacing(given, group) if listed else self._changing(given, group)

    def target(self, name: str, by: AnchorType, anchor: str, *, adds: bool = True) -> int | None:
        """The id a reference leads to; None when it leads nowhere and is dropped.

        :param adds: the reference is to be there; what is deleted or too new can only be taken away.
        :raises Failure: it leads nowhere.
        """
        found = self._view.target(by, anchor)
        if found is not None:
            identity, created, state = found
            if not adds or (state == State.LIVE and self._view.now - created >= self._settings.visibility_delay):
                return identity
        if self._settings.unresolved is Unresolved.DROP:
            return None
        raise Failure(UNRESOLVED, f"The reference {name} to {anchor} could not be resolved.")

    def single(self, name: str, anchor: str) -> int | None:
        """The same for a reference that does not tell which anchor it holds."""
        by = AnchorType.SOURCE if self._view.target(AnchorType.SOURCE, anchor) else AnchorType.CLOUD
        return self.target(name, by, anchor)

    def _changing(self, changes: Sequence[Any], group: int) -> dict[int, Link]:
        wanted: dict[int, Link] = {}
        for change in changes:
            if not isinstance(change, ReferenceChange):
                raise Failure(INVALID_VALUE, "The members of a group must be a collection of reference changes.")
            adds = change.operation is LinkOperation.ADD
            target = self.target("member", change.by, change.anchor, adds=adds)
            if target is not None:
                wanted[target] = Link.ALIVE if adds else Link.REMOVED
        if wanted:
            self._check(group, wanted)
        return wanted

    def _replacing(self, anchors: Sequence[str], group: int) -> dict[int, Link]:
        """Members in the bin keep their sleeping links: no list can name them."""
        wanted = set(self._resolved(anchors))
        if len(wanted) > self._most:
            raise Failure(TOO_LONG, "Maximum Group member count exceeded.")
        rows = self._view.storage.rows(
            "SELECT member_id FROM links WHERE group_id = ? AND state = ?", (group, int(Link.ALIVE))
        )
        before = {row[0] for row in rows}
        return dict.fromkeys(before - wanted, Link.REMOVED) | dict.fromkeys(sorted(wanted - before), Link.ALIVE)

    def _resolved(self, anchors: Sequence[str]) -> Iterator[int]:
        for anchor in anchors:
            target = self.single("member", anchor)
            if target is not None:
                yield target

    @property
    def _most(self) -> int:
        return self._settings.most_members_v1 if self._version == 1 else self._settings.most_members

    def _check(self, group: int, wanted: dict[int, Link]) -> None:
        states = self._view.storage.link_states(group, wanted)
        adds = [member for member, state in wanted.items() if state is Link.ALIVE]
        new = sum(states.get(member) != Link.ALIVE for member in adds)
        if self._settings.repeated_changes is Repeated.REFUSE:
            self._check_repeated(states, wanted, len(adds) - new)
        if not new:
            return
        lost = sum(state == Link.ALIVE and wanted[member] is Link.REMOVED for member, state in states.items())
        if self._view.storage.one(_SIZE, (group, int(Link.ALIVE))) + new - lost > self._most:
            raise Failure(TOO_LONG, "Maximum Group member count exceeded.")

    def _check_repeated(self, states: dict[int, int], wanted: dict[int, Link], there: int) -> None:
        """One repeated change refuses the object, as one unresolved reference does."""
        if there:
            raise Failure(REPEATED, THERE_TEXT)
        removes = (member for member, state in wanted.items() if state is Link.REMOVED)
        if any(states.get(member, Link.REMOVED) == Link.REMOVED for member in removes):
            raise Failure(REPEATED, NOT_THERE_TEXT)


def links_of(obj: SyncObject) -> int:
    """How many references an object carries, as changes or in its list of members."""
    return obj.links or sum(
        len(value) for name, value in obj.values.items() if name.lower() == "member" and isinstance(value, tuple)
    )
