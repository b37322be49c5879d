"""The first run with the real command line: preflight, shares, a lost store with a snapshot, and an old copy."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.walk import Forest, Walk, anchor, walking
from syncramp.endpoint.soap import V1_APPLICATION


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """A tenant with sixty people and a group of forty."""
    with walking(tmp_path) as made:
        made.forest = Forest.of(60, {101: list(range(1, 41))})
        made.spec["failsafe"] = {"creates": {"count": 1000}}
        assert made.here().code == 0
        yield made


def test_the_place_of_another_client_is_taken_by_its_name_and_with_its_losses(tmp_path: Path) -> None:
    with walking(tmp_path, client_machine="SERVER1", features=41016 | 1) as walk:
        walk.here().assert_error(1, "SERVER1 (build 2.4.21.0)", "takeOver: SERVER1")
        told = walk.plan()
        assert told.code == 2 and "Preflight AnotherSyncClientActive: SERVER1" in told.out
        assert [each["check"] for each in walk.plan("-o", "json").json["preflight"]] == [
            "AnotherSyncClientActive",
            "CapabilityLoss",
        ]
        walk.spec["target"]["takeOver"] = "server1"
        walk.here().assert_error(1, "PasswordHashSync", "acceptLoss: [PasswordHashSync]")
        assert walk.tenant.calls["provision"] == walk.tenant.calls["read_back"] - 2 == 0
        walk.spec["target"]["acceptLoss"] = ["PasswordHashSync"]
        assert walk.here().code == 0
        assert walk.here().code == 0
        walk.tenant.note_client(V1_APPLICATION, "2.4.21.0", "SERVER1")
        walk.here().assert_error(1, "SERVER1", "switch it off")
        assert "SERVER1" in walk.status().out


def test_a_first_share_goes_then_a_tenth_then_all(walk: Walk) -> None:
    shutil.rmtree(walk.state.parent)
    assert walk.here("adopt").code == 0
    for person in walk.forest.people.values():
        person["title"] = "Clerk"
    assert titles(walk) == 0
    done = walk.here()
    assert (done.code, titles(walk)) == (2, 25)
    assert "Stage Canary: 25 of 25 objects" in done.out and "Canary" in walk.status().out
    assert walk.here().code == 2 and titles(walk) == 25
    assert "a tenth of what differs goes next; before it 25 changes" in walk.here("adopt", "--release").out
    assert walk.here().code == 2
    assert titles(walk) == 25 + 4
    assert walk.here().code == 0
    assert titles(walk) == 60
    walk.here("adopt", "--release").assert_error(3, "everything goes already")


def titles(walk: Walk) -> int:
    found = (walk.tenant.attributes(anchor(number)) for number in range(1, 61))
    return sum("Title" in (values or {}) for values in found)


def test_a_leaver_of_a_lost_store_is_known_by_its_snapshot(walk: Walk) -> None:
    saved = walk.folder / "contoso.state.gz"
    assert walk.here("snapshot", "-O", str(saved)).out == f"61 rows written to {saved}\n"
    shutil.rmtree(walk.state.parent)
    walk.here("snapshot", "-O", str(saved)).assert_error(3, "no store yet")
    walk.forest.people.pop(60)
    walk.here("adopt", "--snapshot", str(walk.ldif)).assert_error(3, "no state snapshot")
    done = walk.here("adopt", "--snapshot", str(saved))
    assert done.code == 0 and "1 of them left the directories" in done.out, done
    done = walk.here()
    assert done.code == 2 and "ApprovalRequired" in done.out and walk.tenant.count() == 61
    (digest,) = re.findall(r"syncramp approve FILE ([0-9a-f]+)", done.out)
    assert walk.here("approve", digest).code == 0
    assert walk.here().code == 0
    assert walk.tenant.count() == 60


def test_an_old_copy_catches_up_and_a_plan_shows_the_same(walk: Walk) -> None:
    copy = walk.folder / "copy.db"
    shutil.copy(walk.state, copy)
    walk.forest.people[61] = {}
    walk.forest.people[1]["title"] = "Boss"
    walk.forest.groups[101].append(50)
    walk.forest.groups[101].remove(2)
    assert walk.here().code == 0
    for path in walk.state.parent.glob(f"{walk.state.name}*"):
        if not path.name.endswith(".run"):
            path.unlink()
    shutil.copy(copy, walk.state)
    walk.forest.people[1].pop("title")
    before = walk.tenant.calls["objects"]
    plan = walk.plan("-o", "json").json
    assert {change["verb"] for change in plan["changes"]} <= {"Update", "Members"}
    assert walk.here().code == 0
    walk.assert_cloud_matches()
    assert walk.tenant.calls["objects"] - before == 3  # the title, and both member changes once more
