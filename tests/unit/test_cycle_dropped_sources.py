"""Whole runs after the document dropped a source: what the cloud has stays, and what never came does not come."""

from dataclasses import replace

import pytest

from support.build import config, group, guid, user, user_dn
from support.engine import Engine, run_dying
from support.explained import explained, lines, the_group
from support.joined import other, person, two_forests
from support.model import ListSource
from support.settled import anchors, members_in_cloud, name_as_members
from syncramp.model.explanation import Standing


def name(engine: Engine, *sources: ListSource) -> None:
    """The document names these sources and no other."""
    document = config(sources=[source.name for source in sources])
    engine.config = replace(document, target=engine.config.target, joins=engine.config.joins)
    engine.sources = sources


@pytest.fixture
def labs(settled: Engine) -> ListSource:
    """A second source, at rest beside the first: a person, and a group with a member of each."""
    made = ListSource("labs")
    made.add(user(11), group(111))
    made.members[guid(111)] = [user_dn(1), user_dn(11)]
    name(settled, settled.source, made)
    settled.settle()
    settled.cloud.calls.clear()
    return made


def drop_planned(engine: Engine) -> None:
    """What is new in the last source is planned; before it is sent, the document drops that source."""
    _, plan = engine.run(sends=False)
    assert plan.counts["Create"]
    name(engine, *engine.sources[:-1])


def there(engine: Engine, number: int) -> bool:
    return engine.anchor(user(number)) in engine.cloud.objects


@pytest.mark.parametrize("page", [1, 2, 500])
def test_what_was_planned_of_a_dropped_source_and_not_sent_does_not_come(settled, labs, monkeypatch, page) -> None:
    monkeypatch.setattr("syncramp.store.objects.PAGE", page)
    labs.add(user(12), user(13), group(112))
    drop_planned(settled)
    for _ in range(3):
        report, plan = settled.run()
        assert report.settled and not settled.sent and not plan.counts
        assert report.unmanaged == {"labs": 2}


def test_nobody_is_added_who_never_came_and_nothing_refers_to_them(settled, labs) -> None:
    labs.add(user(12))
    labs.members[guid(111)].append(user_dn(12))
    name_as_members(settled, user_dn(1), user_dn(12))
    settled.source.add(user(4, manager=user_dn(12)))
    drop_planned(settled)
    report = settled.settle()
    assert not report.holds and not report.unresolved_members
    assert members_in_cloud(settled) == anchors(settled, 1)
    assert settled.cloud.links[settled.anchor(group(111))] == anchors(settled, 1, 11)
    assert "manager" not in person(settled, user(4)) and not there(settled, 12)
    assert not settled.run()[1].links


def test_a_source_that_is_named_again_brings_what_never_came_with_its_links(settled, labs) -> None:
    labs.add(user(12))
    name_as_members(settled, user_dn(1), user_dn(12))
    settled.source.add(user(4, manager=user_dn(12)))
    drop_planned(settled)
    settled.settle()
    name(settled, settled.source, labs)
    settled.settle()
    assert there(settled, 12) and members_in_cloud(settled) == anchors(settled, 1, 12)
    assert person(settled, user(4))["manager"] == settled.anchor(user(12))


def test_a_source_that_is_dropped_and_named_again_brings_them_wherever_a_run_died(settled, labs) -> None:
    labs.add(user(12), user(13))
    drop_planned(settled)
    corp = settled.source
    for sources in ((corp,), (corp, labs)):
        name(settled, *sources)
        run_dying(settled, 20)
        settled.settle()
        assert there(settled, 12) == there(settled, 13) == (labs in sources)


def test_who_waits_for_an_anchor_of_another_source_waits_no_more_when_their_own_is_dropped(settled, labs) -> None:
    labs.add(user(1))
    report, _ = settled.run()
    assert report.holds == {"AnchorConflict": 1}
    name(settled, settled.source)
    assert settled.run()[0].settled and not settled.sent
    name(settled, settled.source, labs)
    assert settled.run()[0].holds == {"AnchorConflict": 1}


def test_who_waited_for_an_anchor_of_a_dropped_source_that_never_came_gets_it(settled, labs) -> None:
    forest = ListSource("forest")
    forest.add(user(12))
    labs.add(user(12))
    name(settled, settled.source, labs, forest)
    report, _ = settled.run(sends=False)
    assert report.holds == {"AnchorConflict": 1}
    name(settled, settled.source, forest)
    assert settled.settle().unmanaged == {"labs": 2} and there(settled, 12)


def test_no_hold_is_told_of_what_the_cloud_has_of_a_dropped_source_and_it_stays(settled, labs) -> None:
    labs.add(user(11, mS_DS_ConsistencyGuid=b"c" * 16, displayName="New"))
    assert settled.run()[0].holds == {"AnchorConflict": 1}
    name(settled, settled.source)
    for _ in range(2):
        report, plan = settled.run()
        assert report.settled and not plan.held_objects and not settled.sent
    assert explained(settled, user_dn(11)).change is None
    name(settled, settled.source, labs)
    assert settled.run()[0].holds == {"AnchorConflict": 1}


def test_a_value_that_only_somebody_wants_who_never_came_is_free(settled, labs) -> None:
    both = {"proxyAddresses": "SMTP:shared@example.com"}
    labs.add(user(12, **both))
    settled.source.add(user(13, **both))
    drop_planned(settled)
    settled.settle()
    had = person(settled, user(13))["proxyAddresses"]
    assert "SMTP:shared@example.com" in had
    name(settled, settled.source, labs)
    settled.settle()
    assert there(settled, 12) and "SMTP:shared@example.com" not in person(settled, user(12)).get("proxyAddresses", ())
    assert person(settled, user(13))["proxyAddresses"] == had


def test_who_of_a_dropped_source_is_deleted_in_the_cloud_is_not_created_again(settled, labs) -> None:
    name(settled, settled.source)
    settled.cloud.vanish(settled.anchor(user(11)))
    for _ in range(2):
        settled.run()
    assert not there(settled, 11) and not settled.sent
    name(settled, settled.source, labs)
    settled.settle()
    assert there(settled, 11)


def test_a_create_that_was_never_answered_is_sent_again_so_that_it_is_known(settled, labs) -> None:
    labs.add(user(12))
    settled.lose("before")
    name(settled, settled.source)
    assert settled.settle().unmanaged == {"labs": 3} and there(settled, 12)


def test_a_person_whose_own_source_is_dropped_before_it_comes_is_that_of_the_other_one(tmp_path) -> None:
    engine = two_forests(tmp_path / "state.db")
    corp, forest = engine.sources
    name(engine, corp, forest)
    engine.run(sends=False)
    name(engine, forest)
    engine.settle()
    assert set(engine.cloud.objects) == {engine.anchor(other(1)), engine.anchor(other(3))}
    assert person(engine, other(1))["mobile"] == "5" and "title" not in person(engine, other(1))


def test_a_person_goes_on_while_the_document_names_the_source_of_one_of_their_entries(tmp_path) -> None:
    engine = two_forests(tmp_path / "state.db")
    engine.settle()
    name(engine, engine.sources[1])
    engine.settle()
    engine.cloud.vanish(engine.anchor(user(1)))
    engine.settle()
    assert person(engine, user(1))["mobile"] == "5" and engine.anchor(other(1)) not in engine.cloud.objects
    engine.cloud.vanish(engine.anchor(user(2)))
    engine.settle()
    assert not there(engine, 2)


def test_a_conflict_of_joins_ends_with_the_source_that_has_two_who_would_be_one(tmp_path) -> None:
    engine = two_forests(tmp_path / "state.db")
    corp, forest = engine.sources
    forest.add(other(4, mail="one@example.com"))
    report, _ = engine.run(sends=False)
    assert report.holds == {"JoinConflict": 3}
    name(engine, corp)
    assert not engine.run()[0].holds
    assert set(engine.cloud.objects) == {engine.anchor(one) for one in (user(1), user(2), group(101))}


def test_who_never_came_of_a_dropped_source_is_explained_as_not_in_the_document(settled, labs) -> None:
    labs.add(user(11, displayName="New"), user(12))
    name_as_members(settled, user_dn(1), user_dn(12))
    drop_planned(settled)
    assert explained(settled, user_dn(12)).change is None, "before the next run, too"
    assert explained(settled, user_dn(11)).change is not None, "what the cloud has may still be brought up to date"
    settled.settle()
    told = explained(settled, user_dn(12))
    assert told.verdict.standing is Standing.NO_SOURCE and told.change is None
    assert (told.entry.in_document, told.entry.changed, told.cloud.present) == (False, False, False)
    assert the_group(told).state == "not sent, because the member is not synchronised"
    assert not any("the next run does" in line for line in lines(settled, user_dn(12)))
