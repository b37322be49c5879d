"""Wherever a run is killed, and whatever happens before: nobody who may be a member is ever written."""

import tempfile
from itertools import count
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import guid, user
from support.cloud_groups import writeback
from support.engine import crashing
from support.ledger_scene import ALL, SECURITY, UNIFIED, LedgerScene, anchor, as_group, in_cloud, ledger_scene
from support.model import Crash
from syncramp.model.cloud import CloudState
from syncramp.model.values import Kind

PEOPLE, GROUPS = range(1, 6), range(11, 14)


class History:
    """What was done, and what should come of it."""

    def __init__(self, scene: LedgerScene, random: Random) -> None:
        self._scene, self._random = scene, random
        self.living: set[int] = set()
        self.groups: dict[int, set[str]] = {}

    def step(self) -> None:
        """Something happens."""
        action = self._random.choice([self._come, self._go, self._regroup, self._regroup, self._delete, self._turn])
        action()

    def _come(self) -> None:
        number = self._random.choice(PEOPLE)
        self._scene.people(user(number, ou=self._random.choice(["People", "Staff"])))
        self.living.add(number)

    def _go(self) -> None:
        if self.living:
            number = self._random.choice(sorted(self.living))
            self._scene.gone(number)
            self.living.discard(number)

    def _regroup(self) -> None:
        number = self._random.choice(GROUPS)
        named = [in_cloud(one) for one in PEOPLE] + [as_group(one) for one in self.groups if one != number]
        self.groups[number] = {one for one in named if self._random.random() < 0.5}
        attributes = self._random.choice([UNIFIED, SECURITY])
        self._scene.cloud(number, sorted(self.groups[number]), attributes)

    def _delete(self) -> None:
        if self.groups:
            number = self._random.choice(sorted(self.groups))
            if self._random.random() < 0.5:
                self._scene.hard_delete(number)
            else:
                self._scene.cloud(number, None, None, CloudState.BIN)
            del self.groups[number]
            for members in self.groups.values():
                members.discard(as_group(number))

    def _turn(self) -> None:
        self._scene.asks = ALL if self._scene.asks == writeback() else writeback()

    def end(self) -> None:
        """All groups are asked for and shown once more, so that it is plain what should be."""
        self._scene.asks = ALL
        for number, members in self.groups.items():
            self._scene.cloud(number, sorted(members), UNIFIED)

    def expected(self, number: int) -> list[str]:
        """The anchors of a group's members."""
        people = {anchor(one) for one in self.living if in_cloud(one) in self.groups[number]}
        return sorted(people | {one for one in self.groups[number] if one.startswith("group_")})


def run(scene: LedgerScene, random: Random) -> None:
    """A run that is killed now and then, until one comes to its end."""
    try:
        with crashing(lambda: random.random() < 0.02):
            scene.run()
    except Crash:
        scene.reopen()  # a server has a transaction for that
    scene.run()


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_people_are_never_created_or_deleted_and_members_are_what_the_cloud_has(seed: int) -> None:
    random = Random(seed)
    with tempfile.TemporaryDirectory() as folder, ledger_scene(Path(folder)) as scene:
        history = History(scene, random)
        for _ in range(random.randrange(4, 16)):
            history.step()
            if random.random() < 0.6:
                run(scene, random)
                assert {kind for kind, _ in scene.differing()} <= {Kind.GROUP}
                if random.random() < 0.5:
                    scene.acknowledge()
        history.end()
        run(scene, random)
        assert {kind for kind, _ in scene.differing()} <= {Kind.GROUP}
        for number in history.groups:
            assert scene.members(number) == history.expected(number)
        assert {guid(one) for one in history.living} >= scene.present()


def test_a_run_that_is_killed_at_any_transaction_leaves_nobody_to_be_written(tmp_path: Path) -> None:
    moments = 0
    for moment in count():
        folder = tmp_path / str(moment)
        folder.mkdir()
        with ledger_scene(folder) as scene:
            if not _killed(scene, moment):
                break
            assert {kind for kind, _ in scene.differing()} <= {Kind.GROUP}
            scene.run()
            assert scene.members(11) == sorted([anchor(1), anchor(2)])
        moments += 1
    assert moments > 20


def _killed(scene: LedgerScene, moment: int) -> bool:
    """A first run that is killed at a moment of its transactions; False: it has none so late."""
    scene.people(user(1), user(2))
    scene.cloud(11, [in_cloud(1), in_cloud(2)])
    left = count()
    try:
        with crashing(lambda: next(left) == moment):
            scene.run()
    except Crash:
        scene.reopen()
        return True
    return False
