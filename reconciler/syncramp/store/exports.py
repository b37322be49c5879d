"""Intent and answer: the two transactions around a call.

Before a call the intent is made durable: its objects are in doubt, its links widen the bracket
``sure <= what the cloud holds <= possible``. After the call each object's own result narrows it again: applied, or as
it was before. A call whose answer never came leaves its objects in doubt and its brackets wide, which is the truth.

A call of an earlier run may still be travelling and arrive after what this run sends. What it may change stays in
doubt whatever this run is answered, until that call's deadline has passed: then the next run sends it once more.

The answer of a call that carried nothing but what is new, all of which came, goes into the transaction of the next
intent: it comes at once while there is something to send, and one transaction for each call is half of two. Whoever
waits meanwhile has it written before (``flush``).

Both transactions, and each page of the read-back, check that this run is the store's newest: an earlier one has lost
the store and must not write. An intent is made only while the tenant is ours, too. An answer is written down whoever
has the tenant now: it is true.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from pyroaring import BitMap

from syncramp.errors import AnotherRunActive
from syncramp.model.seams import Fence
from syncramp.model.wire import Outcome, Result
from syncramp.store.database import Database
from syncramp.store.departed import forget_departed, keep_departed
from syncramp.store.drift import forget_differences, keep_drifted
from syncramp.store.found import forget, forget_objects
from syncramp.store.holder import Holder
from syncramp.store.intents import Intent, Item, Told, counted, with_links
from syncramp.store.keys import WRITE_KEYS, joined, keys_before
from syncramp.store.packing import pack_bitmap, packed_of, unpack_bitmap
from syncramp.store.returning import doubt_anew, drop_links, may_return, returned
from syncramp.store.revocations import Revocations
from syncramp.store.runs import Runs
from syncramp.store.spent import Spent

_BEFORE = """SELECT o.id, o.acked IS NOT NULL, o.cloud_anchor, o.doubt, p.maybe,
             CASE WHEN p.acked IS NULL THEN o.digest END,
             CASE WHEN o.doubt = 1 AND p.maybe IS NULL THEN p.desired END
             FROM objects o LEFT JOIN payload p ON p.id = o.id WHERE o.id {}"""
_IN_DOUBT = "UPDATE objects SET doubt = 1 WHERE id {}"
_BRACKETS = "SELECT id, sure, possible FROM cloud_links WHERE id IN ({})"
_BRACKET = """INSERT INTO cloud_links (id, sure, possible, observed) VALUES (?, ?, ?, ?)
              ON CONFLICT (id) DO UPDATE SET sure = excluded.sure, possible = excluded.possible"""
_BATCH = """INSERT INTO batches (run, token, sent_at, deadline, state, ids, objects, links)
            VALUES (?, ?, ?, ?, 'Sent', ?, ?, ?) RETURNING seq"""
_APPLIED = """UPDATE objects SET acked = ?, doubt = ?, confirmed = 0, cloud_anchor = COALESCE(?, cloud_anchor),
              origin = CASE WHEN digest = ? THEN 0 ELSE origin END,
              acked_at = CASE WHEN acked IS NULL THEN ? ELSE acked_at END WHERE id = ?"""
_CAME = """UPDATE objects SET acked = digest, doubt = 0, confirmed = 0, cloud_anchor = COALESCE(?, cloud_anchor),
           origin = 0, acked_at = ? WHERE id = ?"""
"""The same of what is new and went whole: nothing was known to be in the cloud, and all that is wanted is now."""
_ACKED = """UPDATE payload SET maybe = ?, acked = CASE WHEN
            (SELECT digest FROM objects o WHERE o.id = payload.id) = ? THEN NULL ELSE ? END WHERE id = ?"""
_ANSWERED = "UPDATE batches SET state = 'Answered' WHERE seq = ?"
_LOST = "UPDATE batches SET state = 'Lost', deadline = ? WHERE seq = ?"
_AS_BEFORE = "UPDATE objects SET doubt = ? WHERE id = ?"
_GONE = """UPDATE objects SET acked = NULL, acked_at = NULL, doubt = 0, confirmed = 0,
           origin = CASE WHEN digest IS NULL THEN 0 ELSE origin END WHERE id = ?"""
_FORGET_PAYLOAD = "UPDATE payload SET acked = NULL, maybe = NULL WHERE id = ?"
_ALL_SURE = "SELECT id, sure FROM cloud_links"
_SURE = "UPDATE cloud_links SET sure = ? WHERE id = ?"


_NEVER = 0, None
"""Doubt and keys of an object of which nothing was ever sent."""


class Exports:
    """Intents and answers of one run.

    :param token: the fencing token this run was given when it began.
    :param began: when that was (seconds since the epoch).
    :param fence: the right to write to the tenant.
    """

    def __init__(self, database: Database, run: int, token: int, began: float, fence: Fence | None = None) -> None:
        self._database = database
        self._run = run
        self._token = token
        self._began = began
        self._fence = fence
        self._holder = Holder(database)
        self._spent = Spent(database)
        self.restored_groups = BitMap()
        """Groups whose links came back into the realm of the possible with a member that was created again."""
        self._revocations = Revocations(database)
        self._answers: list[tuple[Intent, Told, float]] = []
        """What goes with the next intent, with the moments of the answers."""
        self._deleting = BitMap()
        """What a delete in flight, or one that was never answered, may take away."""

    @property
    def run(self) -> int:
        """The number of the run."""
        return self._run

    @cached_property
    def under_way(self) -> BitMap:
        """Ids of what a call of an earlier run may still be changing; asked for once every anchor has its holder."""
        return Runs(self._database).under_way(self._token, self._began)

    def note_revocations(self, disables: BitMap, removals: Mapping[int, BitMap], seen: float) -> None:
        """What the plan of this run takes away, see :meth:`Revocations.note`.

        :raises AnotherRunActive: a later run has begun.
        """
        with self._database.transaction():
            self.check_fence()
            self._revocations.note(disables, removals, seen)

    def intend(self, items: Sequence[Item], now: float, *, last_try: float, deadline: float) -> Intent:
        """Make durable what a call may do, before it is sent.

        :param now: seconds since the epoch, as the others.
        :param last_try: when the last try of the call may begin.
        :param deadline: when none of them can be under way any more.
        :raises AnotherRunActive: a later run has begun.
        :raises FenceLost: the tenant is not ours any more.
        """
        with self._database.transaction(durable=True):
            self.check_fence()
            if self._fence is not None:
                self._fence.check()
            self._write_answers()
            known = [item for item in items if not item.fresh]
            rows = {row[0]: row for row in self._database.among(_BEFORE, [item.id for item in known])}
            doubt = self._doubt(items, known, rows)
            written = [item.id for item in items if item.after is not None]
            returning, groups = may_return(self._database, written, created=True)
            self.restored_groups |= groups
            linked = with_links(known)
            brackets = self._widen(linked, now)
            losing = self._loosen(BitMap([item.id for item in known if item.deletes]), now)
            links = sum(item.links for item in linked)
            ids = pack_bitmap(BitMap([item.id for item in items]))
            self._spent.record(counted(items, linked), now)
            seq = int(self._database.value(_BATCH, (self._run, self._token, now, deadline, ids, len(items), links)))
        self._answers.clear()
        there = [rows[item.id] for item in known if not item.deletes and item.id in rows]
        held = {row[0]: row[2] for row in there if row[1]}
        alike = {row[0]: row[5] for row in there}
        return Intent(seq, items, doubt, brackets, last_try, losing, alike, returning, held)

    def _doubt(
        self, items: Sequence[Item], known: Sequence[Item], rows: Mapping[int, Any]
    ) -> dict[int, tuple[int, str | None]]:
        """Objects that are to be written or deleted are in doubt from now on. What is new has the keys of what is
        wanted, and so none are written.

        :returns: what was true of them before.
        """
        objects = [item.id for item in items if item.deletes or item.after is not None]
        doubt: dict[int, tuple[int, str | None]] = dict.fromkeys([item.id for item in items if item.fresh], _NEVER)
        for item in known:
            if (item.deletes or item.after is not None) and item.id in rows:
                _, _, _, before, maybe, _, desired = rows[item.id]
                doubt[item.id] = before, keys_before(maybe, desired)
        self._database.run_among(_IN_DOUBT, objects)
        keys = [(_keys(item, doubt), item.id) for item in known if item.after]
        self._database.run_many(WRITE_KEYS, [(text, one) for text, one in keys if text != doubt.get(one, _NEVER)[1]])
        return doubt

    def _widen(self, items: Sequence[Item], now: float) -> dict[int, tuple[BitMap, BitMap]]:
        brackets = {item.id: (BitMap(), BitMap()) for item in items}
        if not brackets:
            return brackets
        for identity, sure, possible in self._database.among(_BRACKETS, list(brackets)):
            brackets[identity] = (unpack_bitmap(sure), unpack_bitmap(possible))
        departing: dict[int, BitMap] = {}
        wide = {}
        for item in items:
            sure, possible = brackets[item.id]
            wide[item.id] = sure - item.removes, possible | item.adds
            if item.removes:
                departing[item.id] = sure & item.removes
        self._set_brackets(wide)
        keep_departed(self._database, departing, now)
        forget_departed(self._database, {item.id: item.reverts for item in items})
        return brackets

    def _loosen(self, deletes: BitMap, now: float) -> dict[int, BitMap]:
        """The cloud drops the links of what it deletes: from now on they are possible, and no longer sure."""
        losing: dict[int, BitMap] = {}
        if not deletes:
            return losing
        self._deleting |= deletes
        for group, packed in self._database.all(_ALL_SURE):
            sure = unpack_bitmap(packed)
            lost = sure if group in deletes else sure & deletes
            if lost:
                losing[group] = lost
                self._database.run(_SURE, (pack_bitmap(sure - lost), group))
        keep_departed(self._database, losing, now)
        return losing

    def _set_brackets(self, brackets: Mapping[int, tuple[BitMap, BitMap]]) -> None:
        none = pack_bitmap(BitMap())
        rows = [(one, pack_bitmap(sure), pack_bitmap(possible), none) for one, (sure, possible) in brackets.items()]
        self._database.run_many(_BRACKET, rows)

    def acknowledge(
        self,
        intent: Intent,
        outcomes: Sequence[Outcome],
        now: float,
        lost_until: float | None = None,
        anew: Mapping[int, Item] | None = None,
        flying: Iterable[Intent] = (),
    ) -> dict[int, BitMap]:
        """Write down what the service said of each object of a call, at once or with the next intent.

        :param lost_until: when a try of the call that was never answered cannot arrive any more; None: none was lost.
        :param anew: objects that an update created, because they were gone: all of them but what it carried is in
            doubt, and no link of theirs is sure any more.
        :param flying: intents whose answers are still to come: what they remember of such links is no longer true.
        :returns: group -> links that are not sure any more for that reason.
        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        told = list(zip(intent.items, outcomes, strict=True))
        if lost_until is None and all(item.fresh and outcome.result is Result.APPLIED for item, outcome in told):
            self._answers.append((intent, told, now))
            return {}
        self.flush()
        with self._database.transaction():
            self.check_fence()
            self._apply([each for each in told if each[1].result is Result.APPLIED], intent, now)
            for item, outcome in told:
                if outcome.result is Result.REFUSED and lost_until is None:  # what was lost may still apply
                    self._revert(item, intent)
            if deleted := BitMap(
                item.id for item, outcome in told if item.deletes and outcome.result is Result.APPLIED
            ):
                drop_links(self._database, deleted, now)
            if lost_until is None:
                self._database.run(_ANSWERED, (intent.seq,))
            else:
                self._database.run(_LOST, (lost_until, intent.seq))
            return self._doubt_anew(anew, flying, now) if anew else {}

    def flush(self) -> None:
        """Write down the answers that were to go with the next intent, because none comes at once.

        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        if self._answers:
            with self._database.transaction():
                self.check_fence()
                self._write_answers()
            self._answers.clear()

    def _write_answers(self) -> None:
        for intent, told, now in self._answers:
            self._apply(told, intent, now)
            self._database.run(_ANSWERED, (intent.seq,))

    def _doubt_anew(self, anew: Mapping[int, Item], flying: Iterable[Intent], now: float) -> dict[int, BitMap]:
        ids = BitMap(anew)
        for intent in flying:
            intent.anew.update(ids)
            for sure, _ in intent.brackets.values():
                sure -= ids
        return doubt_anew(self._database, {identity: item.adds for identity, item in anew.items()}, now)

    def withdraw(self, intent: Intent) -> None:
        """The call was never processed: everything is as it was before the intent."""
        self.flush()
        with self._database.transaction():
            self.check_fence()
            for item in intent.items:
                self._revert(item, intent)
            self._database.run(_ANSWERED, (intent.seq,))

    def _apply(self, applied: Sequence[tuple[Item, Outcome]], intent: Intent, now: float) -> None:
        """Each statement for all objects at once: a server of its own answers each of them over the network."""
        items = [item for item, _ in applied]
        if deleted := [item.id for item in items if item.deletes]:
            self._apply_deletes(deleted)
        self._apply_values([each for each in applied if each[0].after is not None], intent, now)
        linked = with_links(items)
        self._apply_links(linked, intent)
        self._note_taken(items, linked, now)

    def _apply_deletes(self, deleted: Sequence[int]) -> None:
        self._deleting -= BitMap(deleted)
        self._database.run_many(_GONE, [(identity,) for identity in deleted])
        self._database.run_many(_FORGET_PAYLOAD, [(identity,) for identity in deleted])
        forget_differences(self._database, deleted)
        forget_objects(self._database, deleted)

    def _apply_values(self, applied: Sequence[tuple[Item, Outcome]], intent: Intent, now: float) -> None:
        """A wide row is written where it says something else than before: of a create it says what is wanted."""
        came, objects, payloads = [], [], []
        for item, outcome in applied:
            if item.fresh and item.id not in self.under_way:
                came.append((outcome.cloud_anchor or None, now, item.id))
                continue
            packed, mark = packed_of(item.after or {})
            doubt, maybe = intent.doubt[item.id]
            unsettled = item.id in self.under_way or not (item.settles or doubt == 0)
            objects.append((mark, int(unsettled), outcome.cloud_anchor or None, mark, now, item.id))
            if unsettled or mark != intent.alike.get(item.id) or not _covers(item, maybe):
                payloads.append((_keys(item, intent.doubt) if unsettled else None, mark, packed, item.id))
        self._database.run_many(_CAME, came)
        self._database.run_many(_APPLIED, objects)
        self._database.run_many(_ACKED, payloads)
        returned(self._database, intent.returning & BitMap([item.id for item, _ in applied]))
        if applied:
            forget(self._database, ((item.id, item.object.values) for item, _ in applied))

    def _apply_links(self, items: Sequence[Item], intent: Intent) -> None:
        if not items:
            return
        brackets = {}
        for item in items:
            unsure = item.adds | item.removes if item.id in self.under_way else self.under_way | intent.anew
            sure, possible = intent.brackets[item.id]
            sure = (sure - item.removes) | (item.adds - unsure)
            brackets[item.id] = sure, (possible - (item.removes - unsure)) | item.adds
        self._set_brackets(brackets)
        keep_drifted(self._database, {item.id: (BitMap(), item.adds | item.removes) for item in items})

    def _note_taken(self, items: Iterable[Item], linked: Iterable[Item], now: float) -> None:
        removes = {item.id: item.removes for item in linked if item.removes}
        disabled = {item.id for item in items if item.object.disables}
        for identity in self._revocations.among([*removes, *disabled - set(removes)]):
            self._revocations.taken(identity, removes.get(identity), now, self._run)

    def settle(self, item: Item, now: float) -> None:
        """What was refused when it came again, and is as it was wanted, as the read-back shows."""
        with self._database.transaction():
            self.check_fence()
            self._note_taken([item], [item], now)
            if item.deletes and item.id not in self.under_way:
                self._database.run(_GONE, (item.id,))
            unsure = item.adds | item.removes if item.id in self.under_way else self.under_way
            for _, sure, possible in self._database.among(_BRACKETS, [item.id]):
                there = unpack_bitmap(sure) | (item.adds - unsure)
                self._set_brackets({item.id: (there, unpack_bitmap(possible) - (item.removes - unsure))})

    def _revert(self, item: Item, intent: Intent) -> None:
        if item.id in intent.doubt:
            doubt, maybe = intent.doubt[item.id]
            self._database.run(_AS_BEFORE, (doubt, item.id))
            self._database.run(WRITE_KEYS, (maybe, item.id))
            if item.after is not None and not doubt:
                may_return(self._database, [item.id], created=False)
        if item.links:
            self._set_brackets({item.id: intent.brackets[item.id]})
        if item.deletes:
            self._make_sure_again(item.id, intent.losing)

    def _make_sure_again(self, identity: int, losing: dict[int, BitMap]) -> None:
        """A delete was refused: its links are as sure as they were, but for those of other deletes.

        One that was answered meanwhile has narrowed what is possible; one that was not may still take its links away.
        """
        self._deleting.discard(identity)
        for group, packed, possible in self._database.among(_BRACKETS, list(BitMap(losing) - self._deleting)):
            kept = losing[group] if group == identity else losing[group] & BitMap([identity])
            sure = unpack_bitmap(packed) | (kept & unpack_bitmap(possible)) - self._deleting
            self._database.run(_SURE, (pack_bitmap(sure), group))

    def check_fence(self) -> None:
        """In a transaction, before it writes.

        :raises AnotherRunActive: a later run has begun.
        :raises FenceLost: a later one has the right to write to the tenant, and will begin.
        """
        newest = int(self._database.value("SELECT value FROM meta WHERE key = 'token'", default=0))
        if newest != self._token:
            raise AnotherRunActive(
                "another run has begun on this store", remedy="this run ends; the other one goes on from here"
            )
        if self._fence is not None:
            self._holder.refuse_older(self._fence.token)


def _keys(item: Item, doubt: dict[int, Any]) -> str:
    """Keys the cloud may hold after this call or after an earlier one whose answer is not known."""
    earlier = doubt[item.id][1] if item.id in doubt else None
    return joined({*(item.after or {}), *((earlier or "").split())})


def _covers(item: Item, maybe: str | None) -> bool:
    """Keys that the cloud might hold are those it holds now: what is said of them need not be unsaid."""
    return not maybe or set(item.after or {}).issuperset(maybe.split())
