"""A group grows and shrinks in a directory while every process is killed: the end is what the cloud has, and no value
is sent twice.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.wired_ledger import WiredLedger, wired_ledger

VALUES = 500


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[WiredLedger]:
    with wired_ledger(tmp_path) as made:
        yield made


class EveryOne:
    """Each call is killed twice: once before it leaves, and once after it was answered."""

    def __init__(self) -> None:
        self._lets = False

    def __call__(self, number: int, moment: str) -> bool:
        dies = moment == "after" or not self._lets
        self._lets = moment == "before" and dies
        return dies


def _nothing_was_sent_twice(ledger: WiredLedger) -> None:
    writes = ledger.server.writes
    assert not writes.needless
    assert max(writes.sent.values(), default=1) == max(writes.removed.values(), default=1) == 1
    assert all(request.values <= VALUES for request in writes.asked if request.members(0) or request.members(1))


def test_a_group_of_3000_that_is_killed_at_every_request_ends_as_the_cloud_has_it(ledger: WiredLedger) -> None:
    ledger.employ(range(1, 3501))
    ledger.cloud(1, range(1, 3001))
    ledger.kills = EveryOne()
    assert ledger.run_until_settled() == 2 * 7  # it is made, and filled by six requests
    assert ledger.members(1) == set(range(1, 3001))
    _nothing_was_sent_twice(ledger)
    ledger.cloud(1, range(601, 3501), displayName="Anew")
    assert ledger.run_until_settled() == 2 * 4  # two requests take people out, one changes it, one adds others
    assert ledger.members(1) == set(range(601, 3501))
    _nothing_was_sent_twice(ledger)
    kinds = [[kind for kind, _, _ in request.changes] for request in ledger.server.writes.asked[-4:]]
    assert kinds == [[1], [1], [2], [0]], "who leaves goes first"


def test_a_group_of_250_000_that_is_killed_here_and_there_ends_as_the_cloud_has_it(ledger: WiredLedger) -> None:
    everybody = range(1, 250_001)
    ledger.employ(everybody)
    ledger.cloud(1, everybody)
    calls = 1 + len(everybody) // VALUES
    middle = random.Random(9).randrange(2, calls - 1)
    chosen = {(1, "after"), (middle, "before"), (calls - 1, "after")}

    def kills(number: int, moment: str) -> bool:
        if (number, moment) not in chosen:
            return False
        chosen.remove((number, moment))
        return True

    ledger.kills = kills
    assert ledger.run_until_settled() == 3
    assert not chosen
    assert ledger.members(1) == set(everybody)
    assert len(ledger.server.writes.asked) == calls
    _nothing_was_sent_twice(ledger)
