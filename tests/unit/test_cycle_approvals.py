"""Whole runs against a directory and a cloud in memory: what a person lets go, and for how long."""

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from support.approved import HOUR, by_hand, digests, name_in_cloud, rename, waiting
from support.build import config, deletes_up_to, group, guid, user, user_dn
from support.engine import Engine, crashing
from support.model import Crash, Held, no_fault, unavailable
from syncramp.cycle.job import Pace
from syncramp.errors import EndpointUnavailable
from syncramp.model.holds import Class, Hold
from syncramp.spec.failsafe import DisableLimits
from syncramp.spec.types import ApprovalMode


@pytest.fixture
def manual(tmp_path: Path) -> Engine:
    """Three people and a group of two are in the cloud; a person approves."""
    return by_hand(tmp_path / "state.db")


# --- what goes ---------------------------------------------------------------------------------------------------


def test_with_approval_by_hand_everything_waits_but_disables_and_explicit_removals(manual) -> None:
    manual.source.add(user(1, userAccountControl="514", displayName="New"), user(4))
    manual.source.members[guid(101)] = [user_dn(1), user_dn(3)]
    report, _ = manual.run()
    assert [(list(obj.values)[1:]) for obj in manual.sent] == [["accountEnabled"], ["member"]]
    assert report.holds == {"ApprovalRequired": 3}
    assert waiting(manual) == {(Hold.APPROVAL_REQUIRED, Class.CREATES): 1, (Hold.APPROVAL_REQUIRED, Class.REST): 2}


def test_what_was_approved_goes_and_nothing_else(manual) -> None:
    manual.source.add(user(1, displayName="New"), user(4))
    manual.source.members[guid(101)].append(user_dn(3))
    manual.run()
    manual.approve()
    manual.source.add(user(2, displayName="Later"), user(5))
    report, _ = manual.run()
    assert name_in_cloud(manual, 1) == "New" and name_in_cloud(manual, 2) == "User 2"
    assert manual.anchor(user(4)) in manual.cloud.objects
    assert manual.anchor(user(3)) in manual.cloud.links[manual.anchor(group(101))]
    assert manual.anchor(user(5)) not in manual.cloud.objects
    assert report.holds == {"ApprovalRequired": 2}


def test_a_create_that_was_approved_waits_when_a_stranger_takes_its_name_meanwhile(manual) -> None:
    """The service would join the two: that is another change than the one somebody looked at."""
    manual.source.add(user(4))
    _, plan = manual.run()
    manual.approve()
    (create,) = (each for each in plan.waiting if each.part is Class.CREATES)
    name = user(4).attributes["userprincipalname"][0].decode()
    stranger = Held("User", {"userPrincipalName": name, "displayName": "Admin"}, "User_admin")
    manual.cloud.appear("c3RyYW5nZXI=", stranger)
    report, plan = manual.run()
    assert manual.anchor(user(4)) not in manual.cloud.objects
    assert report.holds == {"WouldMatch": 1}
    (match,) = plan.waiting
    assert match.part is Class.CREATES and set(match.marks).isdisjoint(create.marks)
    manual.approve()
    manual.run()
    assert manual.anchor(user(4)) in manual.cloud.objects


def test_one_attribute_that_was_approved_goes_without_another_of_the_same_object(manual) -> None:
    rename(manual, 1, "New")
    manual.approve()
    manual.source.add(user(1, displayName="New", title="Later"))
    manual.run()
    held = manual.cloud.objects[manual.anchor(user(1))].values
    assert held["displayName"] == "New" and "title" not in held


def test_a_link_that_was_approved_goes_without_a_later_one_of_the_same_group(manual) -> None:
    manual.source.add(user(4))
    manual.run()
    manual.approve()
    manual.run()
    manual.source.members[guid(101)].append(user_dn(3))
    manual.run()
    manual.approve()
    manual.source.members[guid(101)].append(user_dn(4))
    report, _ = manual.run()
    links = manual.cloud.links[manual.anchor(group(101))]
    assert manual.anchor(user(3)) in links and manual.anchor(user(4)) not in links
    assert report.links.held == 1


def test_an_approval_of_one_class_approves_no_other(manual) -> None:
    manual.source.add(user(1, displayName="New"), user(4))
    manual.run()
    with manual.store() as store:
        store.approvals.give(digests(manual)["Creates"], "ada", 0.0, HOUR)
    manual.run()
    assert manual.anchor(user(4)) in manual.cloud.objects and name_in_cloud(manual, 1) == "User 1"
    assert waiting(manual) == {(Hold.APPROVAL_REQUIRED, Class.REST): 1}


def test_from_another_value_or_to_another_value_is_another_change(manual) -> None:
    rename(manual, 1, "New")
    manual.approve()
    rename(manual, 1, "Newer")
    assert name_in_cloud(manual, 1) == "User 1"


def test_what_is_not_wanted_any_more_drops_out_and_waits_again_when_it_comes_back(manual) -> None:
    rename(manual, 1, "New")
    manual.approve()
    rename(manual, 1, "User 1")
    report, _ = rename(manual, 1, "New")
    assert name_in_cloud(manual, 1) == "User 1" and report.holds == {"ApprovalRequired": 1}
    assert [each["wanted"] for each in report.approvals] == [0]


def test_what_was_sent_has_dropped_out_and_waits_when_it_is_wanted_once_more(manual) -> None:
    rename(manual, 1, "New")
    manual.approve()
    manual.run()
    rename(manual, 1, "User 1")
    manual.approve()
    manual.run()
    rename(manual, 1, "New")
    assert name_in_cloud(manual, 1) == "User 1"


def test_an_approved_link_that_is_not_wanted_any_more_drops_out(manual) -> None:
    manual.source.members[guid(101)].append(user_dn(3))
    manual.run()
    manual.approve()
    manual.source.members[guid(101)].remove(user_dn(3))
    manual.run()
    manual.source.members[guid(101)].append(user_dn(3))
    manual.run()
    assert manual.anchor(user(3)) not in manual.cloud.links[manual.anchor(group(101))]


def test_an_approved_link_is_still_approved_after_a_run_that_sent_nothing(manual) -> None:
    manual.source.members[guid(101)].append(user_dn(3))
    manual.run()
    manual.approve()
    manual.run(sends=False)
    manual.run()
    assert manual.anchor(user(3)) in manual.cloud.links[manual.anchor(group(101))]


def test_an_approval_replaces_no_proof(tmp_path) -> None:
    engine = _with_deletes(tmp_path, people=6, gone=3)
    assert engine.approve() == 1
    engine.source.complete = False
    report, _ = engine.run()
    assert report.holds == {"SourceIncomplete": 3} and len(engine.cloud.objects) == 6
    engine.source.complete = True
    engine.run()
    assert len(engine.cloud.objects) == 3, "what was approved and still wanted goes once the proof is there"


# --- deletes -----------------------------------------------------------------------------------------------------


def _with_deletes(folder: Path, people: int, gone: int) -> Engine:
    """More deletes than the limit wait for a person."""
    engine = Engine(folder / "state.db", config=deletes_up_to(config(), 2))
    engine.pace = Pace(objects_per_call=500, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=1)
    engine.source.add(*(user(number) for number in range(people)))
    engine.settle()
    for number in range(gone):
        engine.leave(number)
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"TooManyDeletes": gone}
    return engine


def test_approvals_land_while_one_percent_of_the_directory_changes_in_every_cycle(tmp_path) -> None:
    """The approved deletes go, however much has changed since somebody looked; the later ones wait."""
    people, gone = 3100, 600  # fewer than a fifth: more would be a source that shows too little
    engine = _with_deletes(tmp_path, people, gone)
    chance, alive = random.Random(5), list(range(gone, people))

    def change() -> list[int]:
        moved = chance.sample(alive, people // 100)
        engine.source.add(*(user(number, title=f"{chance.random()}") for number in moved[10:]))
        for number in moved[:10]:
            engine.leave(number)
            alive.remove(number)
        return moved[:10]

    later = change()
    engine.run()
    engine.approve()
    later += change()
    report, _ = engine.run()
    assert report.approvals[0]["wanted"] == gone
    assert report.counts["Delete"]["User"] == gone, "those of the set, and none of the later ones"
    cloud = set(engine.cloud.objects)
    assert {engine.anchor(user(number)) for number in alive + later} <= cloud
    assert cloud.isdisjoint(engine.anchor(user(number)) for number in range(gone))
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"TooManyDeletes": len(later)}, "the old approval lets nobody go who left after it"


def test_an_approval_carries_over_a_failed_run_and_over_a_sliced_one(tmp_path) -> None:
    engine = _with_deletes(tmp_path, people=8, gone=6)
    engine.pace = Pace(objects_per_call=2, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=1)
    engine.approve()
    sent = []

    def fault(moment: str) -> None:
        sent.append(moment)
        if len(sent) > 2:
            raise unavailable()

    engine.cloud.fault = fault
    with pytest.raises(EndpointUnavailable):
        engine.run()
    assert len(engine.cloud.objects) == 6, "one call arrived"
    engine.cloud.fault = no_fault
    engine.run()
    assert len(engine.cloud.objects) == 2


@pytest.mark.parametrize("seed", range(15))
def test_a_crash_at_any_point_between_an_approval_and_its_end_loses_nothing_of_it(tmp_path, seed) -> None:
    engine = _with_deletes(tmp_path, people=8, gone=6)
    engine.pace = Pace(objects_per_call=2, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=1)
    engine.config = deletes_up_to(engine.config, 0)
    engine.run()
    engine.approve()
    engine.leave(7)
    chance = random.Random(seed)
    for _ in range(3):
        with crashing(lambda: chance.random() < 0.03), suppress(Crash):
            engine.run()
    engine.run()
    assert {engine.anchor(user(number)) for number in (6, 7)} == set(engine.cloud.objects)


# --- guards ------------------------------------------------------------------------------------------------------


def _tight(engine: Engine) -> None:
    """Every guard holds whatever it counts."""
    failsafe = engine.config.failsafe
    engine.config = replace(
        engine.config,
        approval=ApprovalMode.AUTO,
        failsafe=replace(
            failsafe,
            member_removals=replace(failsafe.member_removals, per_group=0),
            disables=DisableLimits(count=0),
            sign_in=replace(failsafe.sign_in, count=0),
            clears=replace(failsafe.clears, count=0, floor=0),
        ),
    )


def _remove(engine: Engine, number: int) -> None:
    engine.source.members[guid(101)].remove(user_dn(number))


def _removed(engine: Engine, number: int) -> bool:
    return engine.anchor(user(number)) not in engine.cloud.links[engine.anchor(group(101))]


def _disable(engine: Engine, number: int) -> None:
    engine.source.add(user(number, title="Old", userAccountControl="514"))


def _disabled(engine: Engine, number: int) -> bool:
    return engine.cloud.objects[engine.anchor(user(number))].values["accountEnabled"] is False


def _move(engine: Engine, number: int) -> None:
    engine.source.add(user(number, title="Old", userPrincipalName=f"new{number}@corp.example.com"))


def _moved(engine: Engine, number: int) -> bool:
    return "new" in str(engine.cloud.objects[engine.anchor(user(number))].values["userPrincipalName"])


def _clear(engine: Engine, number: int) -> None:
    engine.source.add(user(number))


def _cleared(engine: Engine, number: int) -> bool:
    return "title" not in engine.cloud.objects[engine.anchor(user(number))].values


@pytest.mark.parametrize(
    ("change", "done", "hold", "kind"),
    [
        (_remove, _removed, Hold.TOO_MANY_REMOVALS, Class.REMOVALS),
        (_disable, _disabled, Hold.TOO_MANY_DISABLES, Class.DISABLES),
        (_move, _moved, Hold.SIGN_IN, Class.REST),
        (_clear, _cleared, Hold.TOO_MANY_CLEARS, Class.REST),
    ],
)
def test_what_a_guard_holds_goes_when_it_was_approved_and_what_comes_later_waits(
    manual, change, done, hold, kind
) -> None:
    manual.config = replace(manual.config, approval=ApprovalMode.AUTO)
    manual.source.add(*(user(number, title="Old") for number in (1, 2, 3)))
    manual.settle()
    _tight(manual)
    change(manual, 1)
    report, _ = manual.run()
    assert report.holds == {hold: 1} and waiting(manual) == {(hold, kind): 1} and not done(manual, 1)
    manual.approve()
    change(manual, 2)
    report, _ = manual.run()
    assert done(manual, 1) and not done(manual, 2) and report.holds == {hold: 1}


def test_what_is_sent_once_more_because_an_answer_was_lost_waits_for_nobody(manual) -> None:
    """An object in doubt goes whole; what of it is as it was known needs no approval."""
    now = [1000.0]
    manual.clock = lambda: now[0]
    manual.source.add(user(1, displayName="New"))
    manual.run()
    manual.approve()
    manual.lose()
    now[0] += 1.0
    report = manual.settle()
    assert report.holds == {}
    assert manual.cloud.objects[manual.anchor(user(1))].values["displayName"] == "New"
