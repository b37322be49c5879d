"""Whole runs against a directory and a cloud in memory: what is sent, and in which order."""

from datetime import timedelta
from threading import Event

from support.build import config, group, guid, user, user_dn
from support.engine import links
from support.model import unavailable
from syncramp.cycle.job import Pace
from syncramp.cycle.walk import UNCOUNTED
from syncramp.spec.types import EndpointOverrides


def test_a_first_run_creates_everything_and_confirms_it(engine) -> None:
    report, _ = engine.run()
    assert report.settled
    assert set(engine.cloud.objects) == {engine.anchor(entry) for entry in engine.source.entries.values()}
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1)), engine.anchor(user(2))}
    assert (report.objects.expected, report.objects.acknowledged) == (4, 4)
    assert (report.links.expected, report.links.acknowledged) == (2, 2)
    assert (report.confirmed, report.unconfirmed, report.unconfirmed_links) == (4, 0, 0)
    assert engine.cloud.finalized == [(5, 5)]


def test_a_tenant_that_does_not_take_the_counts_of_an_export_is_a_warning_and_no_failure(engine) -> None:
    def finalize(exported: int, applied: int) -> None:
        raise unavailable()

    engine.cloud.finalize = finalize  # type: ignore[method-assign]
    report, _ = engine.run()
    assert report.settled and report.unconfirmed == 0
    assert report.warnings == {UNCOUNTED: 1}


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
    (obj,) = engine.sent
    assert links(obj) == [("ADD", engine.anchor(user(3)))]
    assert set(obj.values) == {"SourceAnchor", "member"}


def test_an_update_names_only_the_attributes_that_changed(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(user(1, title="Director"))
    engine.run()
    (obj,) = engine.sent
    assert obj.values == {"SourceAnchor": engine.anchor(user(1)), "title": "Director"}


def test_disables_and_removals_go_before_creates_and_additions_go_last(engine) -> None:
    engine.pace = Pace(objects_per_call=1, parallel=4, call_timeout=0.0)
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(user(1, userAccountControl="514"), user(2, mail="new@example.com"), user(4))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(4)]
    engine.run()
    story = [(obj.values["SourceAnchor"], links(obj)) for obj in engine.sent]
    one, two, four, big = (engine.anchor(entry) for entry in (user(1), user(2), user(4), group(101)))
    assert story == [(one, []), (big, [("REMOVE", two)]), (four, []), (two, []), (big, [("ADD", four)])]


def test_a_large_membership_is_split_and_no_call_carries_more_links_than_the_tenant_allows(engine) -> None:
    engine.cloud.max_links = 7
    engine.source.add(*(user(number) for number in range(10, 40)), group(102))
    engine.source.members[guid(102)] = [user_dn(number) for number in range(10, 40)]
    assert engine.run()[0].settled
    assert len(engine.cloud.links[engine.anchor(group(102))]) == 30
    for call in engine.cloud.calls:
        assert sum(len(links(obj)) for obj in call) <= 7
        assert len(call) <= engine.pace.objects_per_call


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
    from syncramp.model.report import WireReport

    with engine.store() as store:
        rules = [(engine.source, engine.rules("corp"))]
        wire = WireReport(accepted=True)
        report, _ = run(Job(engine.config, rules, engine.cloud, store, clock=engine.clock, stop=Clocked(), wire=wire))
    assert report.settled
    assert waited == [30.0]


def test_the_numbers_of_a_run_always_agree(engine) -> None:
    engine.cloud.refuse = lambda obj: "no" if obj.kind == "Group" else ""
    report, _ = engine.run()
    for tally in (report.objects, report.links):
        said = tally.acknowledged + tally.held + tally.refused + tally.in_doubt + tally.left
        assert (
            tally.expected == said
            and min(tally.acknowledged, tally.held, tally.refused, tally.in_doubt, tally.left) >= 0
        )


def test_a_member_that_is_a_group_is_linked_like_any_other(engine) -> None:
    engine.source.add(group(102))
    engine.source.members[guid(102)] = [group(101).dn, user_dn(3)]
    engine.run()
    assert engine.cloud.links[engine.anchor(group(102))] == {engine.anchor(group(101)), engine.anchor(user(3))}
