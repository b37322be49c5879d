"""A group of the plan as requests to the directory: made, changed, renamed, deleted, and its members.

Everything is written so that a repetition converges. Only groups that bear our mark are written to, and named by
their objectGUID: a kind, an anchor or an entry that is none of ours is refused here, too, whatever the plan says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

from syncramp.directory import names, refusals
from syncramp.directory.members import Members
from syncramp.directory.names import ACCOUNT, CN, Name, holder_of
from syncramp.directory.refusals import Family, family_of
from syncramp.directory.requests import Requests
from syncramp.directory.roster import Placed, Roster
from syncramp.model.values import Kind, Value
from syncramp.model.wire import Operation, Outcome, ReferenceChange, Result, SyncObject, WireValue
from syncramp.source.dn import canonical, parent
from syncramp.source.ldap.changing import Change, ChangeOf, named_by
from syncramp.source.ldap.messages import Done

PREFIX = "group_"
"""In front of the object id in an anchor, in small letters."""
DENIED_MOST = 50
"""So many objects are refused for want of rights before any write succeeded; then it is the account. A few are not:
groups that the directory protects may come first in every run, and must not keep the others."""
NO_BIN = "recycleBinOff"
NOT_OURS = "notOurs"
NOT_SHOWN = "notShown"
_CRITICAL = "isCriticalSystemObject"
_NO_VALUES = frozenset({"SourceAnchor", "member"})
_NAMES_TAKEN = frozenset({19, 68})
"""constraintViolation, entryAlreadyExists: one of the two names may be somebody else's."""


@dataclass
class Writer:
    """What a run writes to one directory.

    :param container: canonical DN of the unit that groups are made in.
    :param recycle_bin: what is deleted can be brought back.
    """

    requests: Requests
    roster: Roster
    container: str
    recycle_bin: bool
    _denied: int = 0
    _succeeded: bool = False
    _warnings: list[str] = field(default_factory=list)

    def write(self, obj: SyncObject) -> Outcome:
        """Do what one object of a call asks for.

        :raises CallTooLarge: it is more than the controller takes at once.
        :raises AccessDenied: the account may write nothing.
        :raises SyncrampError: it was not, or not all of it, done.
        """
        anchor = str(obj.values.get("SourceAnchor", "")).lower()
        if obj.kind != Kind.GROUP.value or not anchor.startswith(PREFIX):
            return _not_ours(f"{anchor or 'what has no anchor'} is no group of the cloud")
        if anchor in self.roster.hidden:
            return Outcome(Result.REFUSED, NOT_SHOWN, "it is not shown, and nobody can tell what became of it")
        self._warnings.clear()
        outcome = self._delete(anchor) if obj.operation is Operation.DELETE else self._set(anchor, obj.values)
        self._succeeded = self._succeeded or self.requests.changed
        self._look_whether_it_is_the_account(outcome)
        return outcome

    def _set(self, anchor: str, values: Mapping[str, WireValue]) -> Outcome:
        changes = _changes(values.get("member"))
        given = {name: cast("Value | None", value) for name, value in values.items() if name not in _NO_VALUES}
        placed = self.roster.find(anchor)
        outcome = None
        if placed is None:
            outcome = self._create(anchor, given)
            placed = self.roster.find(anchor)
        elif given:
            outcome = self._update(anchor, placed, given)
        if placed is None or not changes or (outcome is not None and outcome.result is not Result.APPLIED):
            return outcome or self._applied(placed, Operation.SET)
        taken = Members(self.requests, self.roster, anchor, placed).change(changes)
        return taken if outcome is None else _with(outcome, taken, [change.anchor for change in changes])

    def _create(self, anchor: str, given: Mapping[str, Value | None]) -> Outcome:
        if not (given.get(CN) and given.get(ACCOUNT)) or str(given.get(names.MARKS[0])).lower() != anchor:
            # it is a change of one that was there, and whose mark somebody took away: without it none is made
            return Outcome(
                Result.REFUSED,
                refusals.name_of(refusals.GONE),
                "it is not in the directory any more, or its mark was taken away",
            )
        cn, account = (Name(name, str(given[name]), _mark(anchor, given)) for name in (CN, ACCOUNT))
        while True:
            dn = f"{names.rdn(cn.now)},{self.container}"
            values = _stored({**given, ACCOUNT: account.now})
            done = self.requests.ask("add", f"adding {dn}", lambda session: session.add(dn, values))  # noqa: B023
            if done.code == 0:
                return self._made(anchor, dn, [cn, account])
            if done.code not in _NAMES_TAKEN:
                return self._refused(done, f"adding {dn}")
            held = [(name, holder_of(self.requests, name, self.container)) for name in (cn, account)]
            ours = next((holder for _, holder in held if holder is not None and holder.mark == anchor), None)
            if ours is not None:
                return self._found(anchor, Placed(ours.guid, ours.dn), given)
            if not self._others_tried(held):
                return self._refused(done, f"adding {dn}")

    @staticmethod
    def _others_tried(held: Sequence[tuple[Name, names.Holder | None]]) -> bool:
        """Names that somebody has give way; False: nobody has one, or there is no other."""
        taken = [name.give_way(holder.dn) for name, holder in held if holder is not None]
        return bool(taken) and all(taken)

    def _made(self, anchor: str, dn: str, called: Sequence[Name]) -> Outcome:
        values = self.requests.entry(dn, ["objectGUID"])
        if values is None:
            return Outcome(Result.UNKNOWN, description=f"{dn} was added and is not shown to the account")
        placed = Placed(values["objectguid"][0], dn)
        self.roster.note(anchor, placed.guid, dn)
        self._warnings += [name.told for name in called if name.told]
        return self._applied(placed, Operation.ADD)

    def _found(self, anchor: str, placed: Placed, given: Mapping[str, Value | None]) -> Outcome:
        """It is there, by a request whose answer was lost: it keeps the names that it has."""
        self.roster.note(anchor, placed.guid, placed.dn)
        rest = {name: value for name, value in given.items() if name not in (CN, ACCOUNT)}
        outcome = self._update(anchor, placed, rest)
        return outcome if outcome.result is not Result.APPLIED else self._applied(placed, Operation.ADD)

    def _update(self, anchor: str, placed: Placed, given: Mapping[str, Value | None]) -> Outcome:
        """The attributes in one request, then the name."""
        changed = {name: value for name, value in given.items() if name != CN}
        if changed:
            done = self._modify(anchor, placed, changed)
            if done.code != 0:
                return self._gone_or_refused(anchor, done, f"changing {placed.dn}")
        if isinstance(cn := given.get(CN), str):
            done = self._rename(anchor, placed, cn)
            if done.code != 0:
                return self._gone_or_refused(anchor, done, f"renaming {placed.dn}")
        return self._applied(placed, Operation.SET)

    def _modify(self, anchor: str, placed: Placed, changed: Mapping[str, Value | None]) -> Done:
        account = Name(ACCOUNT, str(changed.get(ACCOUNT) or ""), _mark(anchor, changed))
        while True:
            now = {**changed, ACCOUNT: account.now} if account.wanted else changed
            changes = [Change(ChangeOf.REPLACE, name, stored(value)) for name, value in now.items()]
            done = self.requests.ask(
                "modify",
                f"changing {placed.dn}",
                lambda session: session.modify(named_by(placed.guid), changes),  # noqa: B023
            )
            if done.code not in _NAMES_TAKEN or not account.wanted:
                break
            holder = holder_of(self.requests, account, self.container)
            if holder is None or holder.guid == placed.guid or not account.give_way(holder.dn):
                break
        self._warnings += [account.told] if account.told and done.code == 0 else []
        return done

    def _rename(self, anchor: str, placed: Placed, cn: str) -> Done:
        """By its DN as it is now: Samba does not take a GUID here."""
        name = Name(CN, cn, _mark(anchor, {}))
        while True:
            values = self.requests.entry(named_by(placed.guid), ["cn"])
            if values is None:
                return Done(refusals.GONE, "it is not there any more")
            dn, new = values["dn"][0].decode(errors="replace"), name.now
            if values.get("cn") == [new.encode()]:
                done = Done(0, "")
            else:
                done = self.requests.ask(
                    "rename",
                    f"renaming {dn}",
                    lambda session: session.rename(dn, names.rdn(new)),  # noqa: B023
                )
            if done.code != refusals.TAKEN:
                break
            holder = holder_of(self.requests, name, parent(canonical(dn)))
            if holder is None or holder.guid == placed.guid or not name.give_way(holder.dn):
                break
        if done.code == 0:
            self.roster.note(anchor, placed.guid, f"{names.rdn(name.now)},{parent(canonical(dn))}")
            self._warnings += [name.told] if name.told else []
        return done

    def _delete(self, anchor: str) -> Outcome:
        """Never emptied before: the recycle bin brings back the members that were there."""
        placed = self.roster.find(anchor)
        gone = Outcome(Result.APPLIED, operation=Operation.DELETE)
        if placed is None:
            return gone
        if not self.recycle_bin:
            return Outcome(
                Result.REFUSED, NO_BIN, "the recycle bin of the directory is off: it would be lost for good"
            )
        values = self.requests.entry(named_by(placed.guid), [*names.MARKS, _CRITICAL])
        if values is not None and names.mark_of(values) != anchor:
            return _not_ours(f"{placed.dn} does not bear the mark of the group any more")
        if values is not None and values.get(_CRITICAL.lower()) == [b"TRUE"]:
            return _not_ours(f"{placed.dn} is critical for the directory")
        if values is not None:
            done = self.requests.ask(
                "delete", f"deleting {placed.dn}", lambda session: session.delete(named_by(placed.guid))
            )
            if done.code not in (0, refusals.GONE):
                return self._refused(done, f"deleting {placed.dn}")
        self.roster.forget(anchor)
        return gone

    def _applied(self, placed: Placed | None, operation: Operation) -> Outcome:
        anchor = f"Group_{UUID(bytes_le=placed.guid)}" if placed else ""
        return Outcome(
            Result.APPLIED, description="; ".join(self._warnings), operation=operation, cloud_anchor=anchor
        )

    def _gone_or_refused(self, anchor: str, done: Done, doing: str) -> Outcome:
        if done.code == refusals.GONE:
            self.roster.forget(anchor)
        return self._refused(done, doing)

    def _refused(self, done: Done, doing: str) -> Outcome:
        """:raises CallTooLarge: it was too much at once."""
        if family_of(done) is Family.LARGE:
            raise refusals.failure(done, self.requests.controller.url, doing)
        return refusals.refused(done, doing)

    def _look_whether_it_is_the_account(self, outcome: Outcome) -> None:
        """:raises AccessDenied: it may write nothing, as far as was seen."""
        if self._succeeded or outcome.result is Result.APPLIED or outcome.code not in refusals.DENIED:
            return
        self._denied += 1
        if self._denied >= DENIED_MOST:
            raise refusals.denied(self.requests.controller.url, outcome)


def stored(value: Value | None) -> list[bytes]:
    """The values of an attribute as a directory stores them; none for None."""
    if value is None:
        return []
    if isinstance(value, tuple):
        return [part for one in value for part in stored(one)]
    if isinstance(value, bool):
        return [b"TRUE" if value else b"FALSE"]
    return [value if isinstance(value, bytes) else str(value).encode()]


def _stored(given: Mapping[str, Value | None]) -> dict[str, list[bytes]]:
    """All values of a new group; its CN comes with its DN."""
    values = {name: stored(value) for name, value in given.items() if name != CN}
    return {"objectClass": [b"group"], **{name: each for name, each in values.items() if each}}


def _mark(anchor: str, given: Mapping[str, Value | None]) -> str:
    """As it is written; the anchor has it in small letters."""
    return str(given.get(names.MARKS[0]) or f"Group_{anchor.removeprefix(PREFIX)}")


def _with(outcome: Outcome, taken: Outcome, members: Sequence[str]) -> Outcome:
    """One outcome of attributes, which applied, and of members, of which perhaps none did."""
    told = "; ".join(filter(None, [outcome.description, taken.description]))
    rejected = taken.rejected if taken.result is Result.APPLIED else tuple(members)
    return replace(outcome, code=taken.code, description=told, rejected=rejected)


def _changes(value: WireValue) -> Sequence[ReferenceChange]:
    return [one for one in value if isinstance(one, ReferenceChange)] if isinstance(value, tuple) else []


def _not_ours(why: str) -> Outcome:
    return Outcome(Result.REFUSED, NOT_OURS, why)
