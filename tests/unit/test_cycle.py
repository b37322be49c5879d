"""Whole runs against a directory and a cloud in memory: what is sent, in which order, and what is not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from support.build import config, group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource, ModelCloud, lost, unavailable
from syncramp.cycle.job import Pace
from syncramp.errors import AnswerLost, EndpointUnavailable, ServiceRefused, SourceUnavailable, StoreUnusable
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject
from syncramp.spec.types import EndpointOverrides, Mode, SourceAnchor


@pytest.fixture
def engine(tmp_path) -> Engine:
    made = Engine(tmp_path / "state.db")
    made.source.add(user(1), user(2), user(3), group(101))
    made.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    return made


def anchor(engine: Engine, entry) -> str:
    return engine.rules("corp").anchor(entry)


def sent(engine: Engine) -> list[SyncObject]:
    return [obj for call in engine.cloud.calls for obj in call]


def links(obj: SyncObject) -> list[tuple[str, str]]:
    return [(change.operation.name, change.anchor) for change in obj.values.get("member", ())]


def leave(engine: Engine, number: int) -> None:
    """Somebody vanishes from the directory, as AD does it: with the memberships."""
    engine.source.entries.pop(guid(number))
    for members in engine.source.members.values():
        if user_dn(number) in members:
            members.remove(user_dn(number))


def test_a_first_run_creates_everything_and_confirms_it(engine) -> None:
    report, _ = engine.run()
    assert report.settled
    assert set(engine.cloud.objects) == {anchor(engine, entry) for entry in engine.source.entries.values()}
    assert engine.cloud.links[anchor(engine, group(101))] == {anchor(engine, user(1)), anchor(engine, user(2))}
    assert (report.objects.expected, report.objects.acknowledged) == (4, 4)
    assert (report.links.expected, report.links.acknowledged) == (2, 2)
    assert (report.confirmed, report.unconfirmed, report.unconfirmed_links) == (4, 0, 0)
    assert engine.cloud.finalized == [(5, 5)]


def test_a_second_run_without_changes_sends_nothing(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    report, plan = engine.run()
    assert plan.empty and report.settled and not engine.cloud.calls


def test_one_new_member_is_one_link_in_one_call(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    engine.source.members[guid(101)].append(user_dn(3))
    engine.run()
    (obj,) = sent(engine)
    assert links(obj) == [("ADD", anchor(engine, user(3)))]
    assert set(obj.values) == {"SourceAnchor", "member"}


def test_an_update_names_only_the_attributes_that_changed(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(user(1, title="Director"))
    engine.run()
    (obj,) = sent(engine)
    assert obj.values == {"SourceAnchor": anchor(engine, user(1)), "title": "Director"}


def test_who_vanishes_waits_for_a_second_import_and_keeps_the_membership_until_then(engine) -> None:
    engine.run()
    leave(engine, 1)
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.holds == {"AbsentOnce": 1} and not engine.cloud.calls
    assert anchor(engine, user(1)) in engine.cloud.links[anchor(engine, group(101))]
    engine.run()
    (obj,) = sent(engine)
    assert obj.operation is Operation.DELETE and obj.values == {"SourceAnchor": anchor(engine, user(1))}
    assert engine.cloud.links[anchor(engine, group(101))] == {anchor(engine, user(2))}


def test_who_comes_back_before_the_second_import_was_never_gone(engine) -> None:
    engine.run()
    leave(engine, 1)
    engine.run()
    engine.source.add(user(1))
    engine.source.members[guid(101)].append(user_dn(1))
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.settled and not engine.cloud.calls


def test_an_incomplete_source_adds_and_destroys_nothing(engine) -> None:
    engine.run()
    leave(engine, 1)
    engine.source.members[guid(101)].clear()
    engine.source.add(user(2, userAccountControl="514"), user(4))
    engine.source.complete = False
    engine.cloud.calls.clear()
    for _ in range(3):
        report, _ = engine.run()
    assert not report.succeeded
    assert [obj.values["SourceAnchor"] for obj in sent(engine)] == [anchor(engine, user(4))]
    assert engine.cloud.objects[anchor(engine, user(2))].values["accountEnabled"] is True
    assert "the list was cut" in report.sources[0].reason


def test_a_source_that_fails_holds_its_own_removals_and_not_those_of_others(tmp_path) -> None:
    corp, labs = ListSource("corp"), ListSource("labs")
    engine = Engine(tmp_path / "state.db", sources=[corp, labs], config=config(sources=("corp", "labs")))
    corp.add(user(1))
    labs.add(user(2), user(3))
    engine.run()

    def refuse() -> Sequence[str]:
        raise SourceUnavailable("nobody answers", where="ldaps://dc1")

    corp.partitions = refuse
    labs.entries.pop(guid(3))
    engine.run()
    report, _ = engine.run()
    assert anchor(engine, user(3)) not in engine.cloud.objects
    assert anchor(engine, user(1)) in engine.cloud.objects
    assert not report.succeeded and "ldaps://dc1" in report.sources[0].reason


def test_more_deletes_than_the_threshold_hold_them_all(engine) -> None:
    engine.config = replace(engine.config, delete_count=1)
    engine.run()
    leave(engine, 1)
    leave(engine, 2)
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"TooManyDeletes": 2}
    assert len(engine.cloud.objects) == 4
    engine.config = replace(engine.config, delete_count=2)
    engine.run()
    assert len(engine.cloud.objects) == 2


def test_disables_and_removals_go_before_creates_and_additions_go_last(engine) -> None:
    engine.pace = Pace(objects_per_call=1, parallel=4, call_timeout=0.0)
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(user(1, userAccountControl="514"), user(2, mail="new@example.com"), user(4))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(4)]
    engine.run()
    story = [(obj.values["SourceAnchor"], links(obj)) for obj in sent(engine)]
    one, two, four, big = (anchor(engine, entry) for entry in (user(1), user(2), user(4), group(101)))
    assert story == [(one, []), (big, [("REMOVE", two)]), (four, []), (two, []), (big, [("ADD", four)])]


def test_a_large_membership_is_split_and_no_call_carries_more_links_than_the_tenant_allows(engine) -> None:
    engine.cloud.max_links = 7
    engine.source.add(*(user(number) for number in range(10, 40)), group(102))
    engine.source.members[guid(102)] = [user_dn(number) for number in range(10, 40)]
    assert engine.run()[0].settled
    assert len(engine.cloud.links[anchor(engine, group(102))]) == 30
    for call in engine.cloud.calls:
        assert sum(len(links(obj)) for obj in call) <= 7
        assert len(call) <= engine.pace.objects_per_call


def test_managers_come_first_and_travel_with_the_create(engine) -> None:
    engine.source.add(user(3, manager=user_dn(5)), user(5, manager=user_dn(6)), user(6))
    engine.run()
    order = [obj.values["SourceAnchor"] for obj in sent(engine)]
    six, five, three = (anchor(engine, user(number)) for number in (6, 5, 3))
    assert order.index(six) < order.index(five) < order.index(three)
    assert engine.cloud.objects[three].values["manager"] == five
    assert order.count(three) == 1


def test_a_circle_of_managers_gets_its_references_afterwards(engine) -> None:
    engine.source.add(user(5, manager=user_dn(6)), user(6, manager=user_dn(5)))
    assert engine.run()[0].settled
    five, six = (anchor(engine, user(number)) for number in (5, 6))
    assert engine.cloud.objects[five].values["manager"] == six
    assert engine.cloud.objects[six].values["manager"] == five


def test_a_manager_who_leaves_the_scope_is_cleared_and_comes_back_with_it(engine) -> None:
    engine.source.add(user(5), user(6, manager=user_dn(5)))
    engine.run()
    six = anchor(engine, user(6))
    engine.source.add(user(5, isCriticalSystemObject="TRUE"))
    engine.run()
    assert "manager" not in engine.cloud.objects[six].values
    engine.source.add(user(5))
    engine.run()
    assert engine.cloud.objects[six].values["manager"] == anchor(engine, user(5))


def test_a_manager_who_arrives_after_those_he_manages_is_referred_to(engine) -> None:
    engine.source.add(user(6, manager=user_dn(5)))
    engine.run()
    assert "manager" not in engine.cloud.objects[anchor(engine, user(6))].values
    engine.source.add(user(5))
    engine.run()
    assert engine.cloud.objects[anchor(engine, user(6))].values["manager"] == anchor(engine, user(5))


def test_new_members_are_linked_only_when_the_service_can_know_them(engine) -> None:
    now = [1000.0]
    engine.clock = lambda: now[0]
    engine.config = config(endpoint=EndpointOverrides(visibility_delay=timedelta(seconds=30)))
    waited = []

    class Clocked(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            now[0] += timeout or 0.0
            return False

    from syncramp.cycle.job import Job
    from syncramp.cycle.run import run

    with engine.store() as store:
        rules = [(engine.source, engine.rules("corp"))]
        report, _ = run(Job(engine.config, rules, engine.cloud, store, clock=engine.clock, stop=Clocked()))
    assert report.settled
    assert waited == [30.0]


def test_a_refused_object_is_told_with_what_the_service_said_and_tried_again(engine) -> None:
    two = anchor(engine, user(2))
    engine.cloud.refuse = lambda obj: "mail must be unique" if obj.values["SourceAnchor"] == two else ""
    report, _ = engine.run()
    assert (report.objects.refused, report.objects.acknowledged) == (1, 3)
    assert report.error_samples["1"][0].detail == "mail must be unique"
    assert engine.cloud.links[anchor(engine, group(101))] == {anchor(engine, user(1))}
    assert report.links.left == 1
    engine.cloud.refuse = lambda obj: ""
    assert engine.settle().settled
    assert two in engine.cloud.links[anchor(engine, group(101))]


def test_a_lost_answer_leaves_its_objects_in_doubt_and_the_next_run_mends_it(engine) -> None:
    def fault(moment: str) -> None:
        if moment == "after":
            raise lost(moment)

    engine.cloud.fault = fault
    with pytest.raises(AnswerLost):
        engine.run()
    with engine.store() as store:
        kept = store.runs.last()
    assert kept.state == "Failed" and kept.report["objects"]["in_doubt"] == 3
    engine.source.entries.pop(guid(2))
    engine.source.add(user(1, title="Clerk"))
    engine.cloud.fault = lambda moment: None
    engine.settle()
    assert anchor(engine, user(2)) not in engine.cloud.objects
    assert engine.cloud.objects[anchor(engine, user(1))].values["title"] == "Clerk"


def test_an_endpoint_that_takes_nothing_leaves_nothing_in_doubt(engine) -> None:
    def fault(moment: str) -> None:
        raise unavailable()

    engine.cloud.fault = fault
    with pytest.raises(EndpointUnavailable):
        engine.run()
    with engine.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM objects WHERE doubt = 1") == 0
        assert store.runs.last().report["objects"]["left"] == 4


def test_a_tenant_that_is_not_empty_gets_nothing_and_is_told_why(engine) -> None:
    stranger = Engine(engine.path.with_name("other.db"), cloud=engine.cloud)
    stranger.source.add(user(77))
    stranger.run()
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert not engine.cloud.calls
    assert report.holds["AdoptionRequired"] == 6
    assert "1 synchronised object," in next(iter(report.hold_samples.values()))[0].detail


def test_a_tenant_whose_counts_do_not_agree_is_not_proven_empty(engine) -> None:
    engine.cloud.known_objects = 24
    report, _ = engine.run()
    assert not engine.cloud.calls
    assert "24" in report.hold_samples["AdoptionRequired"][0].detail


def test_a_read_back_without_an_end_mark_is_not_complete(engine) -> None:
    engine.cloud.marks_end = False
    with pytest.raises(ServiceRefused, match="not complete"):
        engine.run()
    assert not engine.cloud.calls


def test_a_cookie_that_the_service_has_forgotten_is_replaced_by_a_whole_read_back(engine) -> None:
    engine.run()
    engine.cloud.forgets_cookies = True
    engine.source.add(user(4))
    report, _ = engine.run()
    assert report.settled and report.confirmed == 5
    assert any("the cookie is too old" in getattr(event, "text", "") for event in engine.events)


def test_a_link_that_somebody_else_put_into_our_group_is_seen_and_removed(engine) -> None:
    engine.run()
    big, three = anchor(engine, group(101)), anchor(engine, user(3))
    engine.cloud.provision(
        [SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": (ReferenceChange(three),)})]
    )
    engine.cloud.calls.clear()
    engine.run()
    (obj,) = sent(engine)
    assert links(obj) == [("REMOVE", three)]
    assert three not in engine.cloud.links[big]


def test_a_link_that_somebody_else_removed_from_our_group_is_added_again(engine) -> None:
    engine.run()
    big, one = anchor(engine, group(101)), anchor(engine, user(1))
    removal = (ReferenceChange(one, LinkOperation.REMOVE),)
    engine.cloud.provision([SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": removal})])
    assert engine.run()[0].settled
    assert one in engine.cloud.links[big]


def test_a_tenant_proven_empty_and_filled_by_somebody_else_before_we_sent_gets_nothing(engine) -> None:
    engine.config = replace(engine.config, mode=Mode.STAGING)
    engine.run()
    stranger = Engine(engine.path.with_name("other.db"), cloud=engine.cloud)
    stranger.source.add(user(77))
    stranger.run()
    engine.cloud.calls.clear()
    engine.config = replace(engine.config, mode=Mode.SYNC)
    report, _ = engine.run()
    assert not engine.cloud.calls and report.holds["AdoptionRequired"] == 6


def test_an_object_deleted_in_the_cloud_is_created_again_with_its_links(engine) -> None:
    engine.run()
    one = anchor(engine, user(1))
    engine.cloud.provision([SyncObject("User", Operation.DELETE, {"SourceAnchor": one})])
    engine.settle()
    assert one in engine.cloud.objects
    assert one in engine.cloud.links[anchor(engine, group(101))]


def test_a_changed_anchor_stops_the_object_but_not_its_disable(engine) -> None:
    engine.run()
    one = anchor(engine, user(1))
    engine.source.add(user(1, mS_DS_ConsistencyGuid=b"0123456789abcdef", title="New", userAccountControl="514"))
    report, _ = engine.run()
    assert report.holds == {"AnchorConflict": 1}
    assert engine.cloud.objects[one].values["accountEnabled"] is False
    assert "title" not in engine.cloud.objects[one].values


def test_two_entries_with_one_anchor_do_not_share_an_object(engine) -> None:
    same = b"0123456789abcdef"
    engine.source.add(user(5, mS_DS_ConsistencyGuid=same), user(6, mS_DS_ConsistencyGuid=same))
    report, _ = engine.run()
    assert report.holds == {"AnchorConflict": 1}
    engine.source.entries.pop(guid(5))
    engine.run()
    engine.run()
    report = engine.settle()
    assert report.in_cloud["User"] == 4


def test_what_the_service_writes_otherwise_is_told_and_not_sent_for_ever(engine) -> None:
    engine.run()
    engine.source.add(user(1, mail="one@unverified.example"))
    original = ModelCloud._one

    def dropping(self: ModelCloud, obj: SyncObject):
        outcome = original(self, obj)
        self.objects[str(obj.values["SourceAnchor"])].values.pop("mail", None)
        return outcome

    engine.cloud._one = dropping.__get__(engine.cloud)
    report, _ = engine.run()
    assert report.with_differences == 1
    assert "mail" in next(iter(report.warnings))
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.settled and not engine.cloud.calls


def test_links_that_the_service_dropped_without_a_word_are_added_again(engine) -> None:
    original = ModelCloud._link

    def forgetting(self: ModelCloud, name: str, changes) -> None:
        original(self, name, [change for change in changes if change.anchor != two])

    two = anchor(engine, user(2))
    engine.cloud._link = forgetting.__get__(engine.cloud)
    report, _ = engine.run()
    assert (report.unconfirmed_links == 0 and not report.settled) or report.links.acknowledged == 2
    engine.cloud._link = original.__get__(engine.cloud)
    engine.run()
    assert two in engine.cloud.links[anchor(engine, group(101))]


def test_staging_keeps_state_and_sends_nothing(engine) -> None:
    engine.config = replace(engine.config, mode=Mode.STAGING)
    report, plan = engine.run()
    assert plan.objects == 4 and not engine.cloud.calls and not report.sends
    engine.config = replace(engine.config, mode=Mode.SYNC)
    engine.run()
    assert len(engine.cloud.objects) == 4


def test_a_store_does_not_change_its_anchor_or_tenant(engine) -> None:
    engine.run()
    engine.config = replace(engine.config, source_anchor=SourceAnchor.OBJECT_GUID)
    with pytest.raises(StoreUnusable, match="sourceAnchor"):
        engine.run()


def test_the_call_of_a_killed_run_is_waited_out_before_its_objects_are_touched(engine) -> None:
    now = [1000.0]
    engine.clock = lambda: now[0]
    engine.pace = Pace(objects_per_call=3, parallel=1, call_timeout=600.0, lost_answers=1)
    engine.run()
    engine.source.add(user(1, title="Clerk"), user(4))

    class Killed(BaseException):
        pass

    def kill(moment: str) -> None:
        raise Killed

    engine.cloud.fault = kill
    with pytest.raises(Killed):
        engine.run()
    engine.cloud.fault = lambda moment: None
    now[0] += 60
    report, _ = engine.run()
    assert report.holds == {"CallUnderWay": 1}
    assert engine.cloud.objects[anchor(engine, user(1))].values["title"] == "Clerk"
    now[0] += 600
    assert engine.settle().settled


def test_the_numbers_of_a_run_always_agree(engine) -> None:
    engine.cloud.refuse = lambda obj: "no" if obj.kind == "Group" else ""
    report, _ = engine.run()
    for tally in (report.objects, report.links):
        said = tally.acknowledged + tally.held + tally.refused + tally.in_doubt + tally.left
        assert tally.expected == said and min(vars_of(tally)) >= 0


def vars_of(tally) -> list[int]:
    return [tally.expected, tally.acknowledged, tally.held, tally.refused, tally.in_doubt, tally.left]


def test_a_member_that_is_a_group_is_linked_like_any_other(engine) -> None:
    engine.source.add(group(102))
    engine.source.members[guid(102)] = [group(101).dn, user_dn(3)]
    engine.run()
    assert engine.cloud.links[anchor(engine, group(102))] == {anchor(engine, group(101)), anchor(engine, user(3))}
    change = LinkOperation.ADD
    assert change.value == 1
