"""Whole runs in which a source gets another name, or two of them show the same: nobody leaves by it."""

from dataclasses import replace

from support.build import config, group, guid, user, user_dn
from support.engine import Engine, run_dying
from support.model import ListSource
from support.settled import anchors, members_in_cloud, name_as_members
from syncramp.model.facts import Entry


def rename(engine: Engine, *names: str) -> None:
    """The document gives its sources other names; what they read stays."""
    engine.config = replace(config(sources=names), target=engine.config.target)
    engine.sources = [replace(source, name=name) for source, name in zip(engine.sources, names, strict=True)]


def disable(engine: Engine, number: int) -> None:
    engine.source.add(user(number, userAccountControl="514"))


def two_sources(engine: Engine) -> None:
    """The people and groups of a second directory, with a member in the first."""
    labs = ListSource("labs")
    labs.add(user(11), user(12), group(111))
    labs.members[guid(111)] = [user_dn(1), user_dn(11)]
    engine.config = replace(config(sources=("corp", "labs")), target=engine.config.target)
    engine.sources = [engine.source, labs]
    engine.settle()
    engine.cloud.calls.clear()


def test_a_source_under_another_name_sends_nothing_and_then_everything_that_changes(settled) -> None:
    rename(settled, "head-office")
    report, _ = settled.run()
    assert report.settled and not settled.sent
    disable(settled, 1)
    name_as_members(settled, user_dn(1))
    settled.leave(3)
    settled.settle()
    assert settled.cloud.objects[settled.anchor(user(1))].values["accountEnabled"] is False
    assert members_in_cloud(settled) == anchors(settled, 1)
    assert settled.anchor(user(3)) not in settled.cloud.objects


def test_what_changes_in_the_very_run_of_the_rename_goes(settled) -> None:
    rename(settled, "head-office")
    disable(settled, 1)
    name_as_members(settled, user_dn(2), user_dn(3))
    report, _ = settled.run()
    assert report.settled
    assert members_in_cloud(settled) == anchors(settled, 2, 3)
    (disabled,) = [obj for obj in settled.sent if obj.kind == "User"]
    assert disabled.values == {"SourceAnchor": settled.anchor(user(1)), "accountEnabled": False}


def test_two_sources_that_swap_their_names_send_nothing(settled) -> None:
    two_sources(settled)
    rename(settled, "labs", "corp")
    for _ in range(3):
        report, _ = settled.run()
        assert report.settled and not settled.sent
    disable(settled, 1)
    settled.run()
    (obj,) = settled.sent
    assert obj.values == {"SourceAnchor": settled.anchor(user(1)), "accountEnabled": False}


def test_a_rename_that_dies_anywhere_is_ended_by_the_next_run(settled) -> None:
    two_sources(settled)
    rename(settled, "labs", "head-office")
    run_dying(settled, 30)
    assert settled.run()[0].settled
    assert not settled.sent


def show_twice(engine: Engine, *twins: Entry) -> ListSource:
    """A second source shows people of the first one too."""
    labs = ListSource("labs")
    labs.add(user(11), *twins)
    engine.config = replace(config(sources=("corp", "labs")), target=engine.config.target)
    engine.sources = [engine.source, labs]
    engine.run()
    return labs


def test_what_two_sources_show_at_the_same_time_stays_with_the_first_until_it_shows_it_no_more(settled) -> None:
    labs = show_twice(settled, user(1))
    settled.source.add(user(2, manager=user_dn(1)))
    report, _ = settled.run()
    assert report.holds == {"AnchorConflict": 1}
    assert members_in_cloud(settled) == anchors(settled, 1, 2), "a member is the one of two that the cloud knows"
    settled.cloud.calls.clear()
    settled.source.entries.pop(guid(1))
    report, _ = settled.run()
    assert report.settled
    assert {name for obj in settled.sent for name in obj.values} <= {"SourceAnchor", "manager"}
    with settled.store() as store:
        dead = store.database.value("SELECT COUNT(*) FROM refs WHERE target NOT IN (SELECT id FROM entries)")
    assert dead == 0
    labs.add(user(1, userAccountControl="514"))
    settled.run()
    assert settled.cloud.objects[settled.anchor(user(1))].values["accountEnabled"] is False


def test_who_vanishes_from_both_sources_leaves_like_anybody(settled) -> None:
    labs = show_twice(settled, user(1))
    labs.entries.pop(guid(1))
    settled.leave(1)
    report, _ = settled.run()
    assert report.holds == {"AbsentOnce": 1}
    settled.run()
    assert settled.anchor(user(1)) not in settled.cloud.objects


def test_an_identity_that_the_cloud_knows_by_itself_is_never_given_up_for_another(settled) -> None:
    show_twice(settled, user(1, ms_DS_ConsistencyGuid=b"c" * 16))
    assert len(settled.cloud.objects) == 6
    settled.leave(1)
    settled.settle()
    assert len(settled.cloud.objects) == 5 and settled.anchor(user(1)) not in settled.cloud.objects


def test_a_source_that_is_only_dropped_leaves_its_objects_alone(settled) -> None:
    two_sources(settled)
    settled.config = replace(config(sources=("corp",)), target=settled.config.target)
    settled.sources = settled.sources[:1]
    assert settled.run()[0].settled and not settled.sent
