"""The states of ramps, what was decided about them, and the commands that people gave.

A run that exports writes what it decided in one transaction before it sends anything: states, history, and which
commands it followed. A run that is killed before that leaves nothing of it, and the next one decides the same.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from syncramp.model.ramps import Command, Decided, Order, RampState
from syncramp.store.database import Database
from syncramp.store.exports import Exports
from syncramp.store.packing import unpack_bitmap

KEPT = 1_000
"""Decisions that are kept of each ramp: years of one that goes well, and about 1.5 MB at most."""

_STATES = "SELECT state FROM ramps ORDER BY name"
_WRITE = """INSERT INTO ramps (name, state) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state"""
_POSSIBLE = """SELECT c.possible FROM ramp_groups g CROSS JOIN objects o CROSS JOIN cloud_links c
               WHERE o.anchor = g.anchor AND o.kind = 'Group' AND c.id = o.id AND g.ramp = ?"""
_DROP = "DELETE FROM ramps WHERE name = ?"
_DECIDED = "INSERT INTO ramp_history (at, run, ramp, decided) VALUES (?, ?, ?, ?)"
_PRUNE = """DELETE FROM ramp_history WHERE ramp = ? AND id <= (SELECT id FROM ramp_history WHERE ramp = ?
            ORDER BY id DESC LIMIT 1 OFFSET ?)"""
_HISTORY = "SELECT decided FROM ramp_history {} ORDER BY id DESC LIMIT ?"
_GIVE = """INSERT INTO ramp_orders (at, ramp, command, "by", reason, step, run, token)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_PENDING = 'SELECT id, command, ramp, "by", at, step, reason FROM ramp_orders WHERE run IS NULL ORDER BY id'
_FOLLOWED = "UPDATE ramp_orders SET run = ? WHERE id = ?"
_TAKEN = "SELECT 1 FROM ramp_orders WHERE command = ? AND token = ?"
_FORGET = """DELETE FROM ramp_orders WHERE run IS NOT NULL AND token = '' AND id <= (SELECT id FROM ramp_orders
             WHERE run IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?)"""


class RampStates:
    """What is known of ramps beside the groups that follow them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, RampState]:
        """Ramp -> its state after the last run that exported."""
        states = [RampState.from_json(json.loads(text)) for (text,) in self._database.all(_STATES)]
        return {state.name: state for state in states}

    def history(self, ramp: str = "", most: int = KEPT) -> list[Decided]:
        """The newest decisions, the oldest of them first.

        :param ramp: whose; empty: of all ramps.
        """
        asked, parameters = ("WHERE ramp = ?", (ramp, most)) if ramp else ("", (most,))
        rows = self._database.all(_HISTORY.format(asked), parameters)
        return [Decided(**json.loads(text)) for (text,) in reversed(rows)]

    def give(self, order: Order) -> None:
        """A person gives a command; the next run that exports follows it."""
        with self._database.transaction(durable=True):
            self._database.run(_GIVE, _row(order, None, ""))

    def pending(self) -> dict[int, Order]:
        """Commands that no run has followed, by their numbers, the oldest first."""
        return {
            number: Order(Command(command), ramp, by, at, step, reason)
            for number, command, ramp, by, at, step, reason in self._database.all(_PENDING)
        }

    def taken(self, command: Command, token: str) -> bool:
        """An annotation with this text was followed before."""
        return self._database.one(_TAKEN, (command.value, token)) is not None

    def largest(self, ramp: str) -> int:
        """Members that the largest group of a ramp possibly has in the cloud."""
        rows = self._database.all(_POSSIBLE, (ramp,))
        return max((len(unpack_bitmap(possible)) for (possible,) in rows), default=0)

    def restore(self, state: RampState) -> None:
        """A state out of a snapshot."""
        self._database.run(_WRITE, (state.name, _json(state.as_json())))

    def write(
        self,
        exports: Exports,
        run: int,
        states: Iterable[RampState],
        decided: Sequence[Decided],
        *,
        gone: Iterable[str] = (),
        followed: Iterable[int] = (),
        announced: Iterable[tuple[str, Order]] = (),
    ) -> None:
        """What a run decided.

        :param gone: ramps that the document does not have any more; their history stays.
        :param followed: numbers of commands.
        :param announced: commands of annotations that were followed, each with its text.
        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        with self._database.transaction():
            exports.check_fence()
            self._database.run_many(_WRITE, [(state.name, _json(state.as_json())) for state in states])
            self._database.run_many(_DROP, [(name,) for name in gone])
            self._database.run_many(_DECIDED, [(one.at, run, one.ramp, _json(asdict(one))) for one in decided])
            self._database.run_many(_PRUNE, [(name, name, KEPT) for name in {one.ramp for one in decided}])
            self._database.run_many(_FOLLOWED, [(run, number) for number in followed])
            self._database.run_many(_GIVE, [_row(order, run, text) for text, order in announced])
            self._database.run(_FORGET, (KEPT,))


def _row(order: Order, run: int | None, token: str) -> tuple[Any, ...]:
    return order.at, order.ramp, order.command.value, order.by, order.reason, order.step, run, token


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True)
