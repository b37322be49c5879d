"""A tenant that holds synchronised objects already is taken over: what is there is known, and nothing was sent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.adopted import killed_at, numbers
from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from support.model import Crash, ModelCloud, no_fault
from syncramp.errors import AnotherRunActive, ServiceRefused
from syncramp.model.adoption import Alarm, Stage
from syncramp.model.wire import Operation, ReadBackPage, SyncObject


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


def test_a_run_adopts_what_the_annotation_of_its_document_names_and_nothing_else(lost: Engine) -> None:
    lost.source.add(user(1, title="Clerk"))
    lost.config = replace(lost.config, adopts=("0123abcd",))
    report, plan = lost.run()
    assert set(plan.holds) == {"AdoptionRequired"}
    digest = lost.adopt(records=False).digest
    assert any(digest in getattr(event, "text", "") for event in lost.events)
    (found,) = report.preflight
    assert found["text"].startswith("found in the tenant: ") and " Matched" in found["text"]
    assert (found["check"], found["remedy"]) == ("Adoption", f"accept them with syncramp.io/adopt={digest}")
    lost.config = replace(lost.config, adopts=(digest[:8],))
    report, plan = lost.run()
    assert plan.counts == {"Update": {"User": 1}} and report.settled and not report.preflight
    with lost.store() as store:
        kept = store.adoption.read()
    assert kept is not None and (kept.by, kept.digest) == ("annotation syncramp.io/adopt", digest)
    again = lost.run()[0]
    assert "look" not in {phase.name for phase in again.phases}


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
