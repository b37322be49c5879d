"""A process that writes groups to a directory is killed at every request, and goes on: the end is as if it never was.

The directory is the double of Active Directory, over the wire, which counts every value that it gets.
"""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from support.ad_double_writes import ADD, DELETE
from support.build import guid
from support.killing import Killing, changes, employed, killing
from syncramp.spec.failsafe import RemovalLimits

LARGE = range(1, 3001)
SMALL = {number: range(10 * number, 10 * number + 3) for number in range(2, 7)}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)


def test_killed_at_every_request_every_value_is_sent_once(tmp_path: Path) -> None:
    with killing(tmp_path, LARGE) as scene:
        employed(scene, LARGE)
        scene.engine.tenant.given(1, scene.engine.cloud_anchors(*LARGE[:2800]))
        for number, people in SMALL.items():
            scene.engine.tenant.given(number, scene.engine.cloud_anchors(*people))
        killed = scene.run_killed_everywhere()
        requests = len(scene.controller.writes.asked)
        assert requests >= 6 + 6 + 5 and killed >= requests
        _check(scene, set(LARGE[:2800]))
        scene.check_counts(2800 + 15, 500)

        whole = RemovalLimits(percent=Decimal(100), percent_of_all=Decimal(100))
        config = scene.engine.config
        scene.engine.config = replace(config, failsafe=replace(config.failsafe, member_removals=whole))
        scene.engine.tenant.leave(1, *scene.engine.cloud_anchors(*LARGE[:1200]))
        scene.engine.tenant.join(1, *scene.engine.cloud_anchors(*LARGE[2800:]))
        scene.run_killed_everywhere()
        _check(scene, set(LARGE[1200:]))
        scene.check_counts(3000 + 15, 500)
        assert changes(scene.controller.writes.asked[requests:]) == [DELETE, DELETE, DELETE, ADD]


def _check(scene: Killing, large: set[int]) -> None:
    assert scene.members(1) == set(map(guid, large))
    for number, people in SMALL.items():
        assert scene.members(number) == set(map(guid, people))
