"""A tenant that holds synchronised objects already is taken over: what is there is known, and nothing was sent."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count as counting
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine, crashing, links
from support.model import Crash, ModelCloud, no_fault
from syncramp.cycle.adopting import take_orphans
from syncramp.errors import AnotherRunActive, InputRefused, ServiceRefused
from syncramp.model.adoption import Alarm, Findings, Stage
from syncramp.model.holds import Hold
from syncramp.model.state import Origin
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReadBackPage, ReferenceChange, SyncObject


@pytest.fixture
def lost(engine: Engine) -> Engine:
    """Everything is in the cloud, and the store that knew it is gone."""
    engine.settle()
    engine.lose_store()
    engine.cloud.calls.clear()
    return engine


def numbers(findings: Findings) -> dict[str, int]:
    return {name: sum(kinds.values()) for name, kinds in findings.counts.items()}


def held(engine: Engine, hold: Hold) -> int:
    return engine.run()[0].holds.get(hold.value, 0)


def test_a_run_sends_nothing_to_a_tenant_it_knows_nothing_of_and_says_what_to_do(lost: Engine) -> None:
    report, plan = lost.run()
    assert not lost.cloud.calls
    assert set(plan.holds) == {"AdoptionRequired"}
    assert not report.settled


def test_after_the_adoption_of_what_another_store_made_nothing_is_left_to_do(lost: Engine) -> None:
    findings = lost.adopt()
    assert findings.recorded and not findings.alarms
    assert numbers(findings) == {"Matched": 4}
    assert (findings.equal, findings.different, findings.links.both, findings.links.missing) == (4, 0, 2, 0)
    report, plan = lost.run()
    assert plan.empty and report.settled and not lost.cloud.calls
    assert report.in_cloud == {"Group": 1, "User": 3}
    with lost.store() as store:
        kept = store.adoption.read()
    assert kept is not None and (kept.by, kept.stage, kept.digest) == ("ada", Stage.CANARY, findings.digest)


def test_an_adopted_object_that_leaves_is_deleted_as_every_other_one(lost: Engine) -> None:
    lost.adopt()
    lost.leave(3)
    for _ in range(4):
        lost.run()
        lost.approve()
    assert lost.anchor(user(3)) not in lost.cloud.objects


def test_a_look_records_nothing(lost: Engine) -> None:
    findings = lost.adopt(records=False)
    assert not findings.recorded and numbers(findings) == {"Matched": 4}
    assert set(lost.run()[1].holds) == {"AdoptionRequired"}


def test_without_an_end_mark_nothing_is_recorded(lost: Engine) -> None:
    lost.cloud.marks_end = False
    with pytest.raises(ServiceRefused, match="not complete"):
        lost.adopt()
    lost.cloud.marks_end = True
    assert set(lost.run()[1].holds) == {"AdoptionRequired"}


def test_differences_are_told_by_attribute_and_are_no_news_but_an_adoption(lost: Engine) -> None:
    lost.source.add(user(1, title="Clerk", company="Contoso"), user(2, title="Smith"))
    findings = lost.adopt()
    assert findings.recorded and (findings.equal, findings.different) == (2, 2)
    assert findings.attributes == {"title": 2, "company": 1}
    _, plan = lost.run()
    assert plan.origins == {Origin.ADOPTION.word: 2}
    assert lost.cloud.objects[lost.anchor(user(1))].values["title"] == "Clerk"
    assert lost.run()[1].empty


def test_an_attribute_that_only_the_cloud_has_is_told_and_cleared(lost: Engine) -> None:
    lost.cloud.objects[lost.anchor(user(1))].values["Department"] = "Sales"
    assert lost.adopt().attributes == {"department": 1}
    lost.run()
    (obj,) = lost.sent
    assert obj.values["department"] is None


def test_what_no_rule_gives_is_no_difference(lost: Engine) -> None:
    lost.cloud.objects[lost.anchor(user(1))].values["CloudMSExchRecipientDisplayType"] = 7
    assert lost.adopt().different == 0


def test_a_disable_that_was_found_waits_for_a_person_and_one_that_comes_later_does_not(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"), user(2, title="Clerk"))
    assert lost.adopt().attributes == {"accountEnabled": 1, "title": 1}
    report, _ = lost.run()
    assert report.holds == {"FoundAtAdoption": 1}
    assert lost.cloud.objects[lost.anchor(user(1))].values["accountEnabled"] is True
    lost.source.add(user(3, userAccountControl="514"))
    lost.run()
    assert lost.cloud.objects[lost.anchor(user(3))].values["accountEnabled"] is False
    lost.approve()
    lost.run()
    assert lost.cloud.objects[lost.anchor(user(1))].values["accountEnabled"] is False


def test_a_found_disable_that_the_directory_took_back_is_found_no_more(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"))
    lost.adopt()
    lost.run()
    lost.source.add(user(1))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0
    lost.source.add(user(1, userAccountControl="514"))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0
    assert lost.cloud.objects[lost.anchor(user(1))].values["accountEnabled"] is False


def test_a_later_disable_goes_while_another_attribute_of_the_same_person_waits(lost: Engine) -> None:
    lost.source.add(user(1, userPrincipalName="ann@corp.example.com"))
    lost.adopt()
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    lost.source.add(user(1, userPrincipalName="ann@corp.example.com", userAccountControl="514"))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    values = lost.cloud.objects[lost.anchor(user(1))].values
    assert (values["accountEnabled"], values["userPrincipalName"]) == (False, "user1@corp.example.com")


def test_of_addresses_only_another_primary_one_waits(lost: Engine) -> None:
    for number in (1, 2):
        lost.cloud.objects[lost.anchor(user(number))].values["proxyAddresses"] = ("SMTP:a@x.example",)
    lost.source.add(user(1, proxyAddresses=["SMTP:a@x.example", "smtp:b@x.example"]))
    lost.source.add(user(2, proxyAddresses=["SMTP:c@x.example"]))
    assert lost.adopt().different == 2
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    assert lost.cloud.objects[lost.anchor(user(1))].values["proxyAddresses"] == (
        "SMTP:a@x.example",
        "smtp:b@x.example",
    )


def test_members_that_only_the_cloud_has_wait_and_missing_ones_are_added(lost: Engine) -> None:
    one, three, big = (lost.anchor(each) for each in (user(1), user(3), group(101)))
    change = ReferenceChange(three), ReferenceChange(one, LinkOperation.REMOVE)
    lost.cloud.provision([SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": change})])
    lost.cloud.calls.clear()
    found = lost.adopt().links
    assert (found.both, found.missing, found.extra, found.unknown) == (1, 1, 1, 0)
    report, _ = lost.run()
    assert report.holds == {"FoundAtAdoption": 1}
    assert [links(obj) for obj in lost.sent] == [[("ADD", one)]]
    lost.approve()
    lost.run()
    assert lost.cloud.links[big] == {one, lost.anchor(user(2))}


def test_a_found_member_that_the_directory_wants_later_and_gives_up_again_is_removed(lost: Engine) -> None:
    three, big = lost.anchor(user(3)), lost.anchor(group(101))
    lost.cloud.provision(
        [SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": (ReferenceChange(three),)})]
    )
    lost.adopt()
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    lost.source.members[guid(101)].append(user_dn(3))
    lost.cloud.calls.clear()
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0 and not lost.cloud.calls
    lost.source.members[guid(101)].remove(user_dn(3))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0
    assert three not in lost.cloud.links[big]


def test_a_store_that_was_lost_in_a_membership_export_comes_back_without_one_removed_link(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "state.db")
    engine.cloud.max_links = 4
    engine.source.add(group(101), *(user(number) for number in range(1, 21)))
    engine.source.members[guid(101)] = [user_dn(number) for number in range(1, 21)]

    def fault(moment: str) -> None:
        if moment == "after" and sum(len(links(obj)) for obj in engine.sent) >= 9:
            raise Crash

    engine.cloud.fault = fault
    with pytest.raises(Crash):
        engine.run()
    engine.cloud.fault = lambda moment: None
    engine.lose_store()
    engine.cloud.calls.clear()
    before = set(engine.cloud.links[engine.anchor(group(101))])
    assert 0 < len(before) < 20
    findings = engine.adopt()
    assert (findings.links.both, findings.links.missing, findings.links.extra) == (len(before), 20 - len(before), 0)
    engine.settle()
    assert not [change for obj in engine.sent for change in links(obj) if change[0] == "REMOVE"]
    assert len(engine.cloud.links[engine.anchor(group(101))]) == 20


def test_a_wrong_anchor_sends_nothing_and_raises_an_alarm(lost: Engine) -> None:
    for number in (1, 2, 3):
        lost.source.add(user(number, mS_DS_ConsistencyGuid=guid(900 + number)))
    findings = lost.adopt()
    assert not findings.recorded
    assert numbers(findings) == {"Matched": 1, "ToCreate": 3, "Orphan": 3, "WouldMatch": 3}
    assert {Alarm.CREATES_MATCH_ORPHANS, Alarm.MANY_ORPHANS} == set(findings.alarms)
    lost.run()
    assert not lost.cloud.calls


def test_many_creates_beside_orphans_raise_an_alarm_and_without_them_none(lost: Engine) -> None:
    lost.source.add(*(user(number) for number in range(200, 260)))
    assert not lost.adopt(records=False).alarms
    lost.source.entries.pop(guid(3))
    findings = lost.adopt()
    assert set(findings.alarms) == {Alarm.MANY_CREATES} and not findings.recorded
    assert "60 creates beside 1 orphan" in findings.alarms[Alarm.MANY_CREATES]


def test_an_alarm_is_accepted_by_the_digest_of_what_was_found_and_by_no_other(lost: Engine) -> None:
    lost.source.add(*(user(number) for number in range(200, 260)))
    lost.source.entries.pop(guid(3))
    first = lost.adopt()
    lost.source.add(user(1, title="Clerk"))
    assert lost.adopt(records=False).digest == first.digest
    lost.source.add(user(261))
    assert not lost.adopt(accepted=first.digest).recorded
    lost.source.entries.pop(guid(261))
    lost.lose_store()
    assert lost.adopt(accepted=first.digest).recorded


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


def test_counts_that_do_not_agree_are_an_alarm(lost: Engine) -> None:
    lost.cloud.known_objects = 4
    assert not lost.adopt(records=False).alarms
    lost.cloud.known_objects = 5
    assert set(lost.adopt().alarms) == {Alarm.COUNTS_DIFFER}


def test_a_source_that_was_not_read_completely_is_an_alarm(lost: Engine) -> None:
    lost.source.complete = False
    assert set(lost.adopt().alarms) == {Alarm.SOURCE_INCOMPLETE}


def test_groups_are_not_adoptable_where_the_read_back_shows_no_members(lost: Engine) -> None:
    lost.source.add(user(4))
    shown = ModelCloud._shown

    def without_members(self: ModelCloud, anchor: str, since: int) -> SyncObject:
        obj = shown(self, anchor, since)
        return replace(obj, values={name: value for name, value in obj.values.items() if name != "member"})

    lost.cloud._shown = without_members.__get__(lost.cloud)
    findings = lost.adopt()
    assert findings.recorded and numbers(findings) == {"Matched": 3, "NotAdoptable": 1, "ToCreate": 1}
    lost.source.members[guid(101)] = [user_dn(1), user_dn(4)]
    report, _ = lost.run()
    assert report.holds == {"NotOurs": 1 + 2}
    assert [obj.kind for obj in lost.sent] == ["User"]


def test_a_group_without_members_is_empty_where_others_show_theirs(lost: Engine) -> None:
    lost.source.add(group(102))
    anchor = lost.anchor(group(102))
    lost.cloud.provision([SyncObject("Group", Operation.SET, {"SourceAnchor": anchor, "securityEnabled": True})])
    lost.source.members[guid(102)] = [user_dn(1)]
    assert numbers(lost.adopt()) == {"Matched": 5}
    lost.run()
    assert lost.cloud.links[anchor] == {lost.anchor(user(1))}


def test_an_object_of_another_kind_with_our_anchor_stays_as_it_is(lost: Engine) -> None:
    lost.cloud.objects[lost.anchor(user(3))].kind = "Contact"
    assert numbers(lost.adopt()) == {"Matched": 3, "TypeConflict": 1}
    assert lost.run()[0].holds == {"NotOurs": 1}
    assert lost.cloud.objects[lost.anchor(user(3))].kind == "Contact"


def also_shown(engine: Engine, obj: SyncObject) -> None:
    """The next read-back shows an object of the cloud too."""
    read, once = engine.cloud.__class__.read_back, [obj]

    def read_back(self: ModelCloud, cookie: bytes | None) -> Iterator[ReadBackPage]:
        for page in read(self, cookie):
            yield replace(page, objects=[*page.objects, *once])
            once.clear()

    engine.cloud.read_back = read_back.__get__(engine.cloud)


STRANGER = {"CloudAnchor": "User_x", "UserPrincipalName": "USER4@corp.example.com"}


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


def test_an_object_that_an_old_store_did_not_know_is_ours_after_another_adoption(engine: Engine) -> None:
    engine.settle()
    kept = engine.path.read_bytes()
    engine.source.add(user(4, title="Clerk"))
    engine.source.add(user(1, title="Smith"))
    engine.settle()
    engine.lose_store()
    engine.path.write_bytes(kept)
    engine.source.add(user(1))
    engine.cloud.calls.clear()
    engine.adopt()
    engine.settle()
    assert "title" not in engine.cloud.objects[engine.anchor(user(1))].values
    assert engine.run()[0].in_cloud == {"Group": 1, "User": 4}


def test_what_is_ours_and_not_in_the_tenant_any_more_is_forgotten_where_the_counts_agree(engine: Engine) -> None:
    engine.settle()
    engine.cloud._log.pop(engine.anchor(user(3)))
    engine.cloud.objects.pop(engine.anchor(user(3)))
    engine.cloud.known_objects = 3
    assert numbers(engine.adopt()) == {"Matched": 3, "Gone": 1}
    assert engine.run()[0].holds == {"WouldRestore": 1}
    engine.approve()
    engine.settle()
    assert engine.anchor(user(3)) in engine.cloud.objects


def test_a_killed_adoption_leaves_nothing_and_comes_to_the_same_end_when_it_runs_again(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"), user(4))
    lost.source.members[guid(101)] = [user_dn(1), user_dn(3)]
    ends, fatal, died = set(), 0, True
    while died:
        lost.lose_store()
        died = killed_at(lost, fatal)
        fatal += 1
        if died:
            with lost.store() as store:
                recorded = store.adoption.adopted
            assert recorded or set(lost.run(sends=False)[1].holds) == {"AdoptionRequired"}
        findings = lost.adopt()
        plan = lost.run(sends=False)[1]
        ends.add((findings.digest, plan.digest, tuple(sorted(plan.holds.items()))))
    assert fatal > 20 and len(ends) == 1
    assert not lost.cloud.calls


def killed_at(engine: Engine, fatal: int) -> bool:
    """An adoption that is killed around a transaction, if it has so many; whether it was."""
    moments = counting()
    try:
        with crashing(lambda: next(moments) == fatal):
            engine.adopt()
    except Crash:
        return True
    return False


def test_an_attribute_that_is_kept_back_is_kept_in_the_cloud_after_an_adoption(engine: Engine) -> None:
    engine.source.add(user(1, mail="one@corp.example.com"))
    engine.settle()
    engine.lose_store()
    engine.source.add(user(1, mail="no address"))
    engine.cloud.calls.clear()
    assert engine.adopt().different == 0
    engine.run()
    assert engine.cloud.objects[engine.anchor(user(1))].values["mail"] == "one@corp.example.com"


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


def test_a_run_adopts_what_the_annotation_of_its_document_names_and_nothing_else(lost: Engine) -> None:
    lost.source.add(user(1, title="Clerk"))
    lost.config = replace(lost.config, adopts=("0123abcd",))
    assert set(lost.run()[1].holds) == {"AdoptionRequired"}
    digest = lost.adopt(records=False).digest
    assert any(digest in getattr(event, "text", "") for event in lost.events)
    lost.config = replace(lost.config, adopts=(digest[:8],))
    report, plan = lost.run()
    assert plan.counts == {"Update": {"User": 1}} and report.settled
    with lost.store() as store:
        kept = store.adoption.read()
    assert kept is not None and (kept.by, kept.digest) == ("annotation syncramp.io/adopt", digest)
    again = lost.run()[0]
    assert "look" not in {phase.name for phase in again.phases}


@pytest.mark.parametrize("named", [False, True], ids=["by command", "by annotation"])
def test_an_attribute_that_cannot_be_read_keeps_the_value_that_the_cloud_has(engine: Engine, *, named: bool) -> None:
    engine.source.add(user(1, title="Clerk"))
    engine.settle()
    engine.lose_store()
    engine.source.add(user(1, title=b"\xff"))
    engine.cloud.calls.clear()
    if named:
        engine.config = replace(engine.config, adopts=(engine.adopt(records=False).digest,))
    else:
        engine.adopt()
    engine.run()
    assert engine.cloud.objects[engine.anchor(user(1))].values["title"] == "Clerk"
    assert not engine.cloud.calls


def test_what_was_found_is_forgotten_when_it_was_sent(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"))
    lost.adopt()
    lost.run()
    lost.approve()
    lost.run()
    with lost.store() as store:
        assert store.database.all("SELECT * FROM found") == []


def test_what_is_not_shown_is_not_gone_where_nobody_counts(engine: Engine) -> None:
    engine.settle()
    engine.cloud._log.pop(engine.anchor(user(3)))
    engine.cloud.known_objects = None
    assert numbers(engine.adopt()) == {"Matched": 3, "Gone": 1}
    assert engine.run(sends=False)[1].empty


def test_a_call_that_still_travels_is_not_taken_for_what_was_shown(engine: Engine) -> None:
    engine.settle()
    now = [0.0]
    engine.clock = lambda: now[0]
    engine.pace = replace(engine.pace, patience=900.0, call_timeout=600.0)
    engine.source.members[guid(101)] = [user_dn(2)]
    engine.cloud.travels = lambda: True

    def fault(moment: str) -> None:
        raise Crash

    engine.cloud.fault = fault
    with pytest.raises(Crash):
        engine.run()
    engine.cloud.fault = no_fault
    engine.source.members[guid(101)] = [user_dn(1), user_dn(2), user_dn(3)]
    assert engine.adopt().links.both == 2
    assert engine.run(sends=False)[0].holds == {"CallUnderWay": 2}
    engine.cloud.arrive()
    now[0] += 7200.0
    engine.settle()
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(number)) for number in (1, 2, 3)}


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


def test_another_adoption_in_which_nothing_new_becomes_ours_goes_on_with_the_first(lost: Engine) -> None:
    lost.clock = lambda: 5.0
    lost.adopt()
    lost.clock = lambda: 9.0
    lost.adopt()
    with lost.store() as store:
        assert store.adoption.read().at == 5.0
    lost.cloud.provision(
        [SyncObject("User", Operation.SET, {"SourceAnchor": lost.anchor(user(4)), "displayName": "Ann"})]
    )
    lost.source.add(user(4))
    lost.adopt()
    with lost.store() as store:
        assert store.adoption.read().at == 9.0


def test_what_was_foreign_and_is_gone_is_foreign_no_more(lost: Engine) -> None:
    lost.run()
    lost.cloud._log.pop(lost.anchor(user(3)))
    lost.cloud.objects.pop(lost.anchor(user(3)))
    assert numbers(lost.adopt()) == {"Matched": 3, "ToCreate": 1}
    assert lost.run()[0].settled
    assert lost.anchor(user(3)) in lost.cloud.objects


def test_a_look_at_the_tenant_begins_anew_where_the_last_read_back_ended(lost: Engine) -> None:
    lost.adopt()
    before = sum(phase.objects for phase in lost.run()[0].phases if phase.name == "read back")
    assert before == 0


def test_an_adoption_that_another_run_overtook_records_nothing(lost: Engine) -> None:
    read = ModelCloud.read_back

    def read_back(self: ModelCloud, cookie: bytes | None) -> Iterator[ReadBackPage]:
        yield from read(self, cookie)
        with lost.store() as other:
            other.runs.begin(0.0)

    lost.cloud.read_back = read_back.__get__(lost.cloud)
    with pytest.raises(AnotherRunActive):
        lost.adopt()
    with lost.store() as store:
        assert not store.adoption.adopted
        assert store.database.value("SELECT COUNT(*) FROM objects WHERE acked IS NOT NULL") == 0


def test_a_value_of_a_list_that_is_kept_back_stays_where_the_cloud_has_it(engine: Engine) -> None:
    both = ("SMTP:a@x.example", "smtp:no address")
    engine.source.add(user(1, proxyAddresses=["SMTP:a@x.example"]))
    engine.settle()
    engine.lose_store()
    engine.cloud.objects[engine.anchor(user(1))].values["proxyAddresses"] = both
    engine.source.add(user(1, proxyAddresses=both))
    engine.cloud.calls.clear()
    engine.adopt()
    assert engine.run()[0].settled
    assert not engine.cloud.calls


def test_what_the_directory_took_back_of_what_we_know_is_not_found_by_another_adoption(engine: Engine) -> None:
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.source.add(user(3, userAccountControl="514"))
    engine.adopt()
    assert engine.run()[0].settled
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1))}
    assert engine.cloud.objects[engine.anchor(user(3))].values["accountEnabled"] is False


def test_links_of_somebody_whose_delete_still_travels_are_not_sure(engine: Engine) -> None:
    engine.settle()
    engine.clock = lambda: 0.0
    engine.pace = replace(engine.pace, patience=900.0, call_timeout=600.0)
    engine.leave(1)
    engine.run()
    engine.cloud.travels = lambda: True

    def fault(moment: str) -> None:
        raise Crash

    engine.cloud.fault = fault
    with pytest.raises(Crash):
        engine.run()
    engine.source.add(user(1))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    engine.adopt()
    with engine.store() as store:
        ids = store.observations.ids([engine.anchor(user(1)), engine.anchor(group(101))])
        membership = store.snapshot().membership(ids[engine.anchor(group(101))])
    one = ids[engine.anchor(user(1))]
    assert one not in membership.sure and one in membership.possible


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
