"""Takeover with the real command line: another store filled the tenant, and the new one sends nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.walk import Forest, Walk, anchor, walking
from syncramp.simulator.settings import MemberForm


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """A tenant with 30 people and two groups, and no store any more."""
    with walking(tmp_path, cloud_users=2) as made:
        filled(made)
        yield made


def filled(walk: Walk) -> None:
    walk.forest = Forest.of(30, {101: list(range(1, 21)), 102: [29, 30]})
    assert walk.here().code == 0
    shutil.rmtree(walk.state.parent)


def calls(walk: Walk) -> int:
    """Calls so far that may have changed something."""
    return walk.tenant.calls["provision"]


def adopted(walk: Walk, *options: str) -> dict[str, Any]:
    done = walk.here("adopt", "-o", "json", *options)
    found: dict[str, Any] = done.json
    assert done.code == (0 if found["recorded"] else 2)
    return found


def test_a_takeover_sends_nothing_and_leaves_nothing_to_do(walk: Walk) -> None:
    before = calls(walk)
    done = walk.here()
    assert done.code == 2 and "syncramp adopt FILE" in done.out
    found = adopted(walk)
    assert found["counts"] == {"Matched": {"Group": 2, "User": 30}}
    assert (found["equal"], found["different"], found["alarms"]) == (32, 0, {})
    assert found["links"] == {"both": 22, "missing": 0, "extra": 0, "unknown": 0}
    assert (found["shown"], found["anchored"], found["counted"]) == (35, 32, 32)
    assert walk.here("plan").code == 0
    assert walk.here().code == 0
    assert calls(walk) == before
    walk.assert_cloud_matches()


def test_what_changes_afterwards_goes_as_ever(walk: Walk) -> None:
    adopted(walk)
    walk.forest.people[1]["title"] = "Clerk"
    walk.forest.groups[101].remove(2)
    assert walk.here().code == 0
    walk.assert_cloud_matches()


@pytest.mark.parametrize("form", [MemberForm.LIST, MemberForm.NONE])
def test_groups_are_taken_over_in_every_form_of_members_but_none(tmp_path: Path, form: MemberForm) -> None:
    with walking(tmp_path, member_form=form) as walk:
        filled(walk)
        before = calls(walk)
        found = adopted(walk)
        assert found["recorded"]
        if form is MemberForm.NONE:
            assert found["counts"] == {"Matched": {"User": 30}, "NotAdoptable": {"Group": 2}}
        else:
            assert found["links"]["both"] == 22
        walk.here()
        assert calls(walk) == before


def test_a_wrong_anchor_raises_alarms_and_sends_nothing(walk: Walk) -> None:
    before = calls(walk)
    walk.spec["identity"] = {"sourceAnchor": "mS-DS-ConsistencyGuid"}
    for number, person in walk.forest.people.items():
        person["mS-DS-ConsistencyGuid:"] = anchor(number + 500)
    found = adopted(walk)
    assert set(found["alarms"]) == {"CreatesMatchOrphans", "ManyOrphans"} and not found["recorded"]
    assert found["counts"]["WouldMatch"] == {"User": 30}
    assert walk.here().code == 2
    assert calls(walk) == before


def test_an_accepted_alarm_lets_the_adoption_be_recorded_and_the_orphans_stay(walk: Walk) -> None:
    walk.forest = Forest.of(5, {})
    found = adopted(walk)
    assert set(found["alarms"]) == {"ManyOrphans"}
    text = walk.here("adopt").out
    assert f"syncramp adopt FILE --accept {found['digest']}" in text and "ALARM ManyOrphans" in text
    assert adopted(walk, "--accept", found["digest"])["recorded"]
    for _ in range(3):
        walk.here()
    assert walk.tenant.count() == 32


def test_orphans_go_one_list_at_a_time_and_with_an_approval(walk: Walk) -> None:
    walk.forest.people.pop(30)
    walk.forest.groups[102] = [29]
    found = adopted(walk)
    assert found["counts"]["Orphan"] == {"User": 1}
    assert [(each["finding"], each["kind"], each["anchor"]) for each in found["objects"]] == [
        ("Orphan", "User", anchor(30))
    ]
    listed = walk.folder / "orphans.txt"
    listed.write_text(f"{anchor(30)}\n")
    assert "1 orphan taken over" in walk.here("adopt", "--orphans", str(listed)).out
    done = walk.here()
    assert done.code == 2 and "FoundAtAdoption" in done.out
    assert walk.tenant.count() == 32
    walk.here("adopt", "--orphans", str(listed)).assert_error(3, anchor(30), "no object of the tenant")


def test_a_look_records_nothing(walk: Walk) -> None:
    assert not adopted(walk, "--dry-run")["recorded"]
    assert "AdoptionRequired" in walk.here("plan").out


def test_a_group_that_comes_in_several_parts_is_taken_over_whole(tmp_path: Path) -> None:
    with walking(tmp_path, most_links=6, page_size=4) as walk:
        filled(walk)
        found = adopted(walk)
        assert found["links"] == {"both": 22, "missing": 0, "extra": 0, "unknown": 0}
        assert (found["shown"], found["anchored"]) == (33, 32)
        assert walk.here("plan").code == 0


def test_a_list_of_orphans_goes_alone(walk: Walk) -> None:
    done = walk.here("adopt", "--orphans", "list.txt", "--dry-run")
    done.assert_error(3, "--orphans", "by itself")
