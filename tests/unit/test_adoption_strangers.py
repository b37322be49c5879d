"""Objects of an adopted tenant that are not ours, or whose place is not clear: they stay as they are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.adopted import numbers
from support.build import guid, user
from support.engine import Engine
from support.model import ModelCloud
from support.postgresql import put_back
from syncramp.cycle.adopting import take_orphans
from syncramp.errors import InputRefused
from syncramp.model.adoption import Alarm
from syncramp.model.wire import AnchorType, Operation, ReadBackPage, SyncObject

STRANGER = {"CloudAnchor": "User_x", "UserPrincipalName": "USER4@corp.example.com"}


def also_shown(engine: Engine, obj: SyncObject) -> None:
    """The next read-back shows an object of the cloud too."""
    read, once = engine.cloud.__class__.read_back, [obj]

    def read_back(self: ModelCloud, cookie: bytes | None) -> Iterator[ReadBackPage]:
        for page in read(self, cookie):
            yield replace(page, objects=[*page.objects, *once])
            once.clear()

    engine.cloud.read_back = read_back.__get__(engine.cloud)


def test_a_scope_that_leaves_most_out_is_an_alarm_and_orphans_are_never_deleted(lost: Engine) -> None:
    for number in (1, 2, 3):
        lost.source.entries.pop(guid(number))
    findings = lost.adopt()
    assert set(findings.alarms) == {Alarm.MANY_ORPHANS}
    assert lost.adopt(accepted=findings.digest).recorded
    for _ in range(4):
        lost.run()
        lost.approve()
    assert {lost.anchor(user(number)) for number in (1, 2, 3)} <= lost.cloud.objects.keys()
    assert not [obj for obj in lost.sent if obj.operation is Operation.DELETE]


def test_an_object_of_another_kind_with_our_anchor_stays_as_it_is(lost: Engine) -> None:
    lost.cloud.objects[lost.anchor(user(3))].kind = "Contact"
    assert numbers(lost.adopt()) == {"Matched": 3, "TypeConflict": 1}
    assert lost.run()[0].holds == {"NotOurs": 1}
    assert lost.cloud.objects[lost.anchor(user(3))].kind == "Contact"


def test_a_create_like_an_object_of_the_cloud_waits_for_an_approval(lost: Engine) -> None:
    lost.source.add(user(4))
    also_shown(lost, SyncObject("User", Operation.SET, STRANGER))
    findings = lost.adopt()
    assert numbers(findings) == {"Matched": 4, "ToCreate": 1, "WouldMatch": 1} and findings.recorded
    report, _ = lost.run()
    assert report.holds == {"WouldMatch": 1}
    assert "USER4@corp.example.com" in report.hold_samples["WouldMatch"][0].detail
    lost.approve()
    lost.run()
    assert lost.anchor(user(4)) in lost.cloud.objects


def test_a_create_is_free_when_the_object_that_it_is_like_is_gone(engine: Engine) -> None:
    engine.settle()
    engine.source.add(user(4))
    also_shown(engine, SyncObject("User", Operation.SET, STRANGER))
    assert engine.run()[0].holds == {"WouldMatch": 1}
    assert engine.run()[0].holds == {"WouldMatch": 1}
    also_shown(engine, SyncObject("User", Operation.DELETE, {"CloudAnchor": "User_x"}))
    assert engine.run()[0].settled


def test_a_create_is_free_when_the_object_that_it_is_like_has_another_name(engine: Engine) -> None:
    engine.settle()
    engine.source.add(user(4))
    also_shown(engine, SyncObject("User", Operation.SET, STRANGER))
    assert engine.run()[0].holds == {"WouldMatch": 1}
    also_shown(engine, SyncObject("User", Operation.SET, {**STRANGER, "UserPrincipalName": "x@corp.example.com"}))
    assert engine.run()[0].settled


def test_members_by_the_service_s_own_anchors_are_found(lost: Engine) -> None:
    shown, cloud = ModelCloud._shown, lost.cloud

    def by_cloud_anchor(self: ModelCloud, anchor: str, since: int) -> SyncObject:
        obj = shown(self, anchor, since)
        members = tuple(
            change._replace(anchor=cloud.objects[change.anchor].cloud_anchor, by=AnchorType.CLOUD)
            for change in obj.values.get("member", ())
        )
        return replace(obj, values={**obj.values, "member": members}) if members else obj

    cloud._shown = by_cloud_anchor.__get__(cloud)
    cloud.objects[lost.anchor(user(2))].cloud_anchor = "User_000"
    found = lost.adopt().links
    assert (found.both, found.missing, found.extra, found.unknown) == (2, 0, 0, 0)
    assert lost.run()[1].empty


def test_an_object_that_an_old_store_did_not_know_is_ours_after_another_adoption(
    engine: Engine, tmp_path: Path
) -> None:
    engine.settle()
    with engine.store() as store:
        store.database.copy_to(tmp_path / "copy.db")
    engine.source.add(user(4, title="Clerk"))
    engine.source.add(user(1, title="Smith"))
    engine.settle()
    put_back(tmp_path / "copy.db", engine.path)
    engine.source.add(user(1))
    engine.cloud.calls.clear()
    engine.adopt()
    engine.settle()
    assert "title" not in engine.cloud.objects[engine.anchor(user(1))].values
    assert engine.run()[0].in_cloud == {"Group": 1, "User": 4}


def test_orphans_of_a_list_become_ours_to_delete_and_wait_for_an_approval(lost: Engine, tmp_path: Path) -> None:
    lost.source.entries.pop(guid(3))
    lost.adopt()
    listed = tmp_path / "orphans.txt"
    listed.write_text(f"{lost.anchor(user(3))}\n\n")
    with lost.store() as store:
        assert take_orphans(lost.job(store), listed) == 1
    assert lost.run()[0].holds == {"FoundAtAdoption": 1}
    lost.approve()
    lost.run()
    assert lost.anchor(user(3)) not in lost.cloud.objects
    assert lost.run()[1].empty


def test_an_orphan_that_was_taken_over_stays_when_its_entry_comes_back(lost: Engine, tmp_path: Path) -> None:
    lost.source.entries.pop(guid(3))
    lost.adopt()
    listed = tmp_path / "orphans.txt"
    listed.write_text(lost.anchor(user(3)))
    with lost.store() as store:
        take_orphans(lost.job(store), listed)
    assert lost.run()[0].holds == {"FoundAtAdoption": 1}
    lost.source.add(user(3, title="Clerk"))
    lost.settle()
    assert lost.cloud.objects[lost.anchor(user(3))].values["title"] == "Clerk"
    assert not [obj for obj in lost.sent if obj.operation is Operation.DELETE]


def test_a_list_with_anything_but_orphans_is_refused_as_a_whole(lost: Engine, tmp_path: Path) -> None:
    lost.source.entries.pop(guid(3))
    lost.adopt()
    listed = tmp_path / "orphans.txt"
    listed.write_text(f"{lost.anchor(user(3))}\n{lost.anchor(user(1))}\n")
    with lost.store() as store, pytest.raises(InputRefused, match="no object of the tenant that is not ours"):
        take_orphans(lost.job(store), listed)
    listed.write_bytes(b"\xff")
    with lost.store() as store, pytest.raises(InputRefused, match="no UTF-8"):
        take_orphans(lost.job(store), listed)
    assert lost.run()[1].empty


def test_nothing_is_sent_for_what_the_cloud_has_the_authority_over(lost: Engine) -> None:
    lost.cloud.objects[lost.anchor(user(1))].values["IsCloudManaged"] = True
    lost.source.add(user(1, title="Clerk"))
    assert lost.adopt().cloud_managed == 1
    assert lost.run()[0].holds == {"CloudManaged": 1}
    assert not lost.cloud.calls


def test_what_was_foreign_and_is_gone_is_foreign_no_more(lost: Engine) -> None:
    lost.run()
    lost.cloud._log.pop(lost.anchor(user(3)))
    lost.cloud.objects.pop(lost.anchor(user(3)))
    assert numbers(lost.adopt()) == {"Matched": 3, "ToCreate": 1}
    assert lost.run()[0].settled
    assert lost.anchor(user(3)) in lost.cloud.objects


def test_an_entry_that_is_there_under_another_anchor_is_known_by_its_guid(lost: Engine) -> None:
    named = "anna@corp.example.com"
    lost.source.add(user(1, userPrincipalName=named, mS_DS_ConsistencyGuid=guid(901)))
    findings = lost.adopt()
    assert numbers(findings) == {"Matched": 3, "ToCreate": 1, "Orphan": 1, "WouldMatch": 1}
    assert set(findings.alarms) == {Alarm.CREATES_MATCH_ORPHANS}


def test_what_a_read_back_of_everything_shows_as_deleted_is_not_there(lost: Engine) -> None:
    lost.cloud.vanish(lost.anchor(user(3)))
    assert numbers(lost.adopt()) == {"Matched": 3, "ToCreate": 1}


def test_an_orphan_that_was_deleted_is_foreign_no_more(lost: Engine, tmp_path: Path) -> None:
    lost.source.entries.pop(guid(3))
    lost.adopt()
    listed = tmp_path / "orphans.txt"
    listed.write_text(lost.anchor(user(3)))
    with lost.store() as store:
        take_orphans(lost.job(store), listed)
    for _ in range(2):
        lost.run()
        lost.approve()
    lost.source.add(user(3))
    for _ in range(2):
        assert "NotOurs" not in lost.run()[0].holds
        lost.approve()
    assert lost.anchor(user(3)) in lost.cloud.objects
