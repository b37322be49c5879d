"""A process that writes groups to a directory is killed at every request, and goes on: the end is as if it never was.

The directory is the double of Active Directory, over the wire, which counts every value that it gets.
"""

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pyroaring import BitMap

from support.ad_double_writes import ADD, DELETE
from support.build import guid
from support.killing import Killing, changes, employed, killing
from syncramp.spec.failsafe import RemovalLimits
from syncramp.store.packing import pack, pack_bitmap, unpack_bitmap

LARGE = range(1, 3001)
HUGE = range(10, 250_009)
"""Ids of the people in the store, of the names in the cloud, and numbers of their GUIDs: with one more 250,000."""
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


def test_a_quarter_of_a_million_members_come_in_500_requests_however_often_it_is_killed(tmp_path: Path) -> None:
    rng = random.Random(9)
    with killing(tmp_path, [1, *HUGE]) as scene:
        employed(scene, [1])
        scene.engine.tenant.given(1, scene.engine.cloud_anchors(1))
        for _ in range(3):
            report = scene.run()
        assert report is not None and report.settled
        before = len(scene.controller.writes.asked)
        scene.engine.source.entries.clear()  # nothing is read any more: what was, stands
        _know_people(scene, HUGE)
        assert scene.run(before=0) is None
        for after in (1, rng.randrange(2, 490)):
            assert scene.run(after=after, moments=rng.randrange(9)) is None
        done = len(scene.controller.writes.asked) - before
        assert scene.run(after=500 - done, moments=rng.randrange(9)) is None
        assert len(scene.controller.writes.asked) - before == 500
        report = scene.run()
        assert report is not None and report.writeback is not None and report.writeback.settled
        assert scene.members(1) == set(map(guid, [1, *HUGE]))
        scene.check_counts(len(HUGE) + 1, 500)
        assert changes(scene.controller.writes.asked[before:]) == [ADD] * 500


def _know_people(scene: Killing, people: range) -> None:
    """As if earlier runs had read them, made them in the tenant, and seen there that they are in the group."""
    digest, nothing = b"the same", pack({})
    with scene.engine.store() as store, store.database.transaction():
        store.database.run_many(
            "INSERT INTO entries VALUES (?, 1, 1, ?, 'User', ?, ?, ?, ?, 0)",
            ((n, guid(n), f"CN=User {n},DC=corp", n, b"", nothing) for n in people),
        )
        store.database.run_many(
            "INSERT INTO objects (id, source, anchor, kind, digest, acked, cloud_anchor, acked_at, confirmed,"
            " doubt, cause, hold, unread) VALUES (?, 1, ?, 'User', ?, ?, ?, 0.0, 1, 0, '', '', 0)",
            ((n, f"{n:022}==", digest, digest, f"User_{n}") for n in people),
        )
        store.database.run_many("INSERT INTO payload (id, desired) VALUES (?, ?)", ((n, nothing) for n in people))
        store.database.run_many("INSERT INTO cloud_names VALUES (?, ?, 'User')", ((n, str(n)) for n in people))
        ((members,),) = store.database.all("SELECT members FROM cloud_groups")
        known = unpack_bitmap(members) | BitMap(people)
        seq = store.cloud.seq() + 1
        store.database.run("UPDATE cloud_groups SET members = ?, seq = ?", (pack_bitmap(known), seq))
        store.database.run("UPDATE meta SET value = ? WHERE key = 'cloud_seq'", (str(seq),))
        for key in ("next_id", "next_cloud_id"):
            store.database.run("UPDATE meta SET value = ? WHERE key = ?", (str(max(people) + 1), key))
