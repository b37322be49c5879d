"""What is proven of partitions, and what a person said to be true of them: each in one JSON text of its row."""

import json
from dataclasses import asdict, replace
from typing import Any

from syncramp.model.facts import Evidence
from syncramp.model.proofs import PROOFS, Accepted, Verdict
from syncramp.store.database import Database

_VERDICT = "SELECT proofs FROM partitions WHERE id = ?"
_KEEP = "UPDATE partitions SET proofs = ? WHERE id = ?"
_ACCEPTED = "SELECT accepted FROM partitions WHERE id = ?"
_ACCEPT = "UPDATE partitions SET accepted = ? WHERE id = ?"
_TAKEN = "UPDATE partitions SET accepted = ?, horizon = CASE WHEN ? = 1 THEN NULL ELSE horizon END WHERE id = ?"


def verdict_of(database: Database, partition: int) -> Verdict | None:
    """The verdict on the last read; None: it did not come to an end, or there was none."""
    kept = database.value(_VERDICT, (partition,))
    if kept is None:
        return None
    told = json.loads(kept)
    proofs = {name: Evidence(**told[name]) for name in PROOFS}
    return Verdict(**proofs, shrunken=told["shrunken"], unread=frozenset(told["unread"]), taken=told["taken"])


def keep_verdict(database: Database, partition: int, verdict: Verdict) -> None:
    """Write a verdict down."""
    kept = {**asdict(verdict), "unread": sorted(verdict.unread)}
    database.run(_KEEP, (json.dumps(kept, ensure_ascii=False), partition))


def forget_verdict(database: Database, partition: int) -> None:
    """A read begins: nothing is proven until it ends."""
    database.run("UPDATE partitions SET proofs = NULL WHERE id = ?", (partition,))


def accepted_of(database: Database, partition: int) -> Accepted:
    """What a person said of a partition."""
    kept = database.value(_ACCEPTED, (partition,))
    if kept is None:
        return Accepted()
    told: dict[str, Any] = json.loads(kept)
    return Accepted(**{**told, "attributes": frozenset(told["attributes"])})


def accept(database: Database, partition: int, accepted: Accepted) -> None:
    """Write down what a person says; it takes the place of what was said before."""
    database.run(_ACCEPT, (_packed(accepted), partition))


def take(database: Database, partition: int, accepted: Accepted) -> None:
    """A read was proven by it: it proves no other one. What was seen before of a directory that is older now is no
    measure any more.
    """
    database.run(_TAKEN, (_packed(replace(accepted, taken=True)), int(accepted.older), partition))


def expire(database: Database, partition: int, accepted: Accepted) -> None:
    """A read was proven without it: what a person said of one moment accepts nothing that happens later."""
    if not accepted.taken and accepted != Accepted():
        accept(database, partition, replace(accepted, taken=True))


def _packed(accepted: Accepted) -> str:
    return json.dumps({**asdict(accepted), "attributes": sorted(accepted.attributes)}, ensure_ascii=False)
