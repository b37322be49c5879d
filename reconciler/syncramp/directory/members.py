"""The members of one group: some are taken away, then others added, by their objectGUID.

A request is done whole or not at all. One that is refused for a value goes again in halves, down to the value that is
to blame: of 500 members with one that is not there any more, 499 are taken, after some 18 requests. A server that
minds who is a member already, as Samba does whatever it is permitted, is asked who that is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from syncramp.directory import refusals
from syncramp.directory.refusals import Family, family_of
from syncramp.directory.requests import Requests
from syncramp.directory.roster import Placed, Roster
from syncramp.errors import CallTooLarge
from syncramp.model.wire import LinkOperation, Operation, Outcome, ReferenceChange, Result
from syncramp.source.ldap.changing import Change, ChangeOf, named_by
from syncramp.source.ldap.messages import Done

MOST = 1000
"""Values in one request, whatever a document asks for: beyond some thousands a directory runs out of what one
transaction may take, and rolls all of it back."""
HOPELESS = 50
"""Members that were refused before any was taken; then it is the group, and no member of it."""

Named = tuple[str, bytes]
"""The anchor of a member and its objectGUID."""


@dataclass
class Members:
    """What one call asks for the members of a group."""

    requests: Requests
    roster: Roster
    anchor: str
    group: Placed
    _taken: int = 0
    _rejected: dict[str, Done] = field(default_factory=dict)
    """Anchor -> why it was not taken."""
    _is_there: bool = False
    """The group was looked at after a request was refused."""
    _whole: Done | None = None
    """Why nothing more of the group is asked for."""

    def change(self, changes: Sequence[ReferenceChange]) -> Outcome:
        """Take away and add, in this order.

        :raises CallTooLarge: it is more than the controller takes at once.
        :raises SyncrampError: it was not, or not all of it, done.
        """
        if len(changes) > MOST:
            raise CallTooLarge(f"{len(changes):,} members in one request are too many", where=self.group.dn)
        for operation in (LinkOperation.REMOVE, LinkOperation.ADD):
            asked = [change.anchor for change in changes if change.operation is operation]
            named = (self._named(operation, anchor) for anchor in asked)
            self._send(operation, [one for one in named if one is not None])
        return self._outcome()

    def _named(self, operation: LinkOperation, anchor: str) -> Named | None:
        """By the GUID in its anchor; a nested group by that of the group. One that is not there is in no group, and
        only one that bears its mark is added to another.
        """
        placed = self.roster.find(anchor)
        guid = self.roster.member(anchor) if operation is LinkOperation.REMOVE else placed and placed.guid
        try:
            return anchor, guid or UUID(anchor).bytes_le
        except ValueError:
            if operation is LinkOperation.REMOVE:
                self._taken += 1
                return None
            self._rejected[anchor] = Done(refusals.GONE, "the group is not in the directory")
            return None

    def _send(self, operation: LinkOperation, members: Sequence[Named]) -> None:
        pending = [members] if members else []
        while pending and self._whole is None:
            part = pending.pop()
            done = self._ask(operation, part)
            if done.code == 0:
                self._taken += len(part)
            elif family_of(done) is Family.LARGE:
                raise refusals.failure(done, self.requests.controller.url, f"changing {self.group.dn}")
            elif self._is_of_the_group(done):
                self._whole = done
                pending.append(part)
            elif len(part) > 1:
                pending += self._divided(operation, part, done)
            elif self._is_so(operation, part[0], done):
                self._taken += 1
            else:
                self._reject(part[0][0], done)
        if self._whole is not None:
            self._rejected.update({anchor: self._whole for part in pending for anchor, _ in part})

    def _divided(self, operation: LinkOperation, part: Sequence[Named], done: Done) -> list[Sequence[Named]]:
        """What of a refused request goes on: the rest, where some of it is so already, or else its halves."""
        adds = operation is LinkOperation.ADD
        if refusals.is_so_already(done, adds=adds):
            there = self.requests.members(self.group.guid, self.group.dn)
            rest = [member for member in part if (member[1] in there) is not adds]
            if len(rest) < len(part):
                self._taken += len(part) - len(rest)
                return [rest] if rest else []
        middle = len(part) // 2
        return [part[middle:], part[:middle]]

    def _ask(self, operation: LinkOperation, members: Sequence[Named]) -> Done:
        of = ChangeOf.ADD if operation is LinkOperation.ADD else ChangeOf.DELETE
        change = Change(of, "member", [named_by(guid).encode() for _, guid in members])
        return self.requests.ask(
            "modify",
            f"changing the members of {self.group.dn}",
            lambda session: session.modify(named_by(self.group.guid), [change]),
            len(members),
        )

    def _is_of_the_group(self, done: Done) -> bool:
        """No half of it would be taken either."""
        if not refusals.of_a_value(done):
            return True
        if done.code != refusals.GONE or self._taken or self._is_there:
            return False
        self._is_there = self.requests.entry(named_by(self.group.guid), ["1.1"]) is not None
        if self._is_there:
            return False
        self.roster.forget(self.anchor)
        return True

    def _is_so(self, operation: LinkOperation, member: Named, done: Done) -> bool:
        """As it was asked for already; who is not in the directory any more is no member of anything."""
        adds = operation is LinkOperation.ADD
        if not adds and done.code == refusals.GONE:
            if member[0] in self.roster.hidden:
                return False
            return self.requests.entry(named_by(member[1]), ["1.1"]) is None
        return refusals.is_so_already(done, adds=adds)

    def _reject(self, anchor: str, done: Done) -> None:
        self._rejected[anchor] = done
        if not self._taken and len(self._rejected) >= HOPELESS:
            self._whole = done

    def _outcome(self) -> Outcome:
        why = next(iter(self._rejected.values()), None)
        if why is None:
            known = f"Group_{UUID(bytes_le=self.group.guid)}"
            return Outcome(Result.APPLIED, operation=Operation.SET, cloud_anchor=known)
        outcome = refusals.refused(why, f"changing the members of {self.group.dn}")
        if not self._taken:
            return outcome
        return replace(outcome, result=Result.APPLIED, operation=Operation.SET, rejected=tuple(self._rejected))
