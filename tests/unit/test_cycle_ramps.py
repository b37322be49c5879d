"""Whole runs under ramps: who is added, who waits, and what never waits."""

import pytest

from support.build import group, guid, user
from support.engine import Engine, links
from support.growing import follow, name, policy, populate, there
from support.model import Held
from syncramp.model.ramps import Command, Order, Phase
from syncramp.spec.ramps import Admit

DAY = 86_400.0


@pytest.fixture
def engine(tmp_path) -> Engine:
    return Engine(tmp_path / "state.db")


def grown(engine: Engine, people: int, *policies: object, **settings: object) -> Engine:
    """So many people in one group, all of them in the cloud; then the document gets its ramps."""
    populate(engine, people)
    engine.settle()
    follow(engine, *policies, **settings)  # type: ignore[arg-type]
    engine.cloud.calls.clear()
    return engine


# --- whole ---------------------------------------------------------------------------------------------------------


def test_a_new_group_that_does_not_fit_stays_absent_and_what_links_to_it_waits_with_it(engine) -> None:
    populate(engine, 8)
    engine.source.add(group(102))
    engine.source.members[guid(102)] = [group(101).dn]
    follow(engine, policy(5))
    report, plan = engine.run()
    assert engine.anchor(group(101)) not in engine.cloud.objects and engine.anchor(group(102)) in engine.cloud.objects
    assert report.holds == {"Ramp": 9} and plan.absent == 1
    assert "it would have 8 members, the ceiling is 5" in report.hold_samples["Ramp"][0].detail
    links = report.links
    assert (links.expected, links.held, links.left) == (8, 8, 0)
    assert report.objects.held == 1 and report.objects.left == 0


def test_a_whole_group_waits_whole_and_comes_whole(engine) -> None:
    grown(engine, 4, policy(5, None, 9))
    engine.source.add(*map(user, range(5, 9)))
    name(engine, range(1, 9))
    report, _ = engine.run()
    assert report.holds == {"Ramp": 4} and there(engine) == {1, 2, 3, 4}
    follow(engine, policy(8, None, 9))
    engine.settle()
    assert there(engine) == set(range(1, 9))


def test_explicit_removals_never_wait_for_a_ramp(engine) -> None:
    grown(engine, 8, policy(2))
    name(engine, [*range(2, 9), 9])
    engine.source.add(user(9))
    report, _ = engine.run()
    assert there(engine) == set(range(2, 9))
    assert report.holds == {"Ramp": 1}


def test_nothing_shrinks_by_a_lower_ceiling_by_a_removed_ramp_or_by_another_mode(engine) -> None:
    grown(engine, 8, policy(9))
    for policies in ((policy(3),), (policy(3, admit=Admit.MEMBERS),), (), (policy(4, admit=Admit.NOW),)):
        follow(engine, *policies)
        report, _ = engine.run()
        assert report.settled and not report.holds and there(engine) == set(range(1, 9))
    assert not [obj for obj in engine.sent if links(obj)]


# --- members -------------------------------------------------------------------------------------------------------


def test_members_come_up_to_the_ceiling_within_the_budget_of_a_run(engine) -> None:
    populate(engine, 9)
    follow(engine, policy(6, 9, admit=Admit.MEMBERS, per_cycle=4, per_day=100))
    sizes = []
    for _ in range(3):
        report, _ = engine.run()
        sizes.append(there(engine))
    assert sizes == [set(range(1, 5)), set(range(1, 7)), set(range(1, 7))]
    assert report.holds == {"Ramp": 3}


def test_the_budget_of_a_day_is_kept_over_runs_and_is_new_after_24_hours(engine) -> None:
    now = [1000.0]
    engine.clock = lambda: now[0]
    populate(engine, 9)
    follow(engine, policy(9, admit=Admit.MEMBERS, per_cycle=4, per_day=6))
    sizes = []
    for hours in (0, 1, 2, 24.5, 25.5):
        now[0] = 1000.0 + hours * 3600
        engine.run()
        sizes.append(len(there(engine)))
    assert sizes == [4, 6, 6, 9, 9]


def test_a_link_whose_answer_was_lost_is_counted_once(engine) -> None:
    populate(engine, 6, named=())
    engine.settle()
    name(engine, range(1, 7))
    follow(engine, policy(6, admit=Admit.MEMBERS, per_cycle=3, per_day=5))
    engine.lose("before")
    for _ in range(3):
        engine.run()
    assert there(engine) == {1, 2, 3, 4, 5}


def test_a_group_of_members_is_not_created_before_somebody_of_it_may_come(engine) -> None:
    populate(engine, 6)
    follow(engine, policy(6, admit=Admit.MEMBERS, per_cycle=0))
    report, _ = engine.run()
    assert engine.anchor(group(101)) not in engine.cloud.objects and report.holds == {"Ramp": 7}


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policies", [(), (policy(4, None, 9),), (policy(9, admit=Admit.NOW),)])
def test_a_group_beyond_the_largest_size_is_not_created_and_one_that_is_there_keeps_what_it_has(
    engine, policies
) -> None:
    populate(engine, 6)
    follow(engine, *policies, max_members=5)
    report, _ = engine.run()
    assert engine.anchor(group(101)) not in engine.cloud.objects and report.holds == {"TooManyMembers": 7}
    name(engine, range(1, 5))
    engine.settle()
    name(engine, range(2, 8))
    engine.source.add(user(7))
    report, _ = engine.run()
    assert there(engine) == {2, 3, 4} and report.holds == {"TooManyMembers": 3}


def test_a_mail_enabled_group_holds_at_a_limit_of_its_own(engine) -> None:
    populate(engine, 6)
    engine.source.add(group(101, mail="all@corp.example.com"))
    follow(engine, policy(9, mail_enabled_max=5))
    report, _ = engine.run()
    assert report.holds == {"MailEnabledLimit": 7}
    assert "mail-enabled; ramp large lets such a group have 5" in report.hold_samples["MailEnabledLimit"][0].detail
    engine.source.add(group(101))
    engine.settle()
    assert there(engine) == set(range(1, 7))


# --- restoration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "returns"), [(0, True), (29, True), (33, False)])
def test_who_was_taken_out_and_is_put_back_within_30_days_returns_at_once(engine, days: int, returns: bool) -> None:
    now = [10 * DAY]
    engine.clock = lambda: now[0]
    grown(engine, 8, policy(2))
    name(engine, range(1, 7))
    engine.run()
    assert there(engine) == set(range(1, 7))
    now[0] += days * DAY
    name(engine, [*range(1, 9), 9])
    engine.source.add(user(9))
    report, _ = engine.run()
    assert there(engine) == set(range(1, 9 if returns else 7))
    assert report.holds == {"Ramp": 1 if returns else 3}


def test_members_of_a_group_that_somebody_deleted_in_the_cloud_return_with_it(engine) -> None:
    grown(engine, 8, policy(2))
    engine.cloud.vanish(engine.anchor(group(101)))
    report = engine.settle()
    assert there(engine) == set(range(1, 9)) and not report.holds


def test_a_member_whose_own_object_was_deleted_and_comes_back_returns_at_once(engine) -> None:
    grown(engine, 8, policy(2))
    engine.source.entries.pop(guid(3))
    name(engine, [1, 2, *range(4, 9)])
    for _ in range(3):
        engine.run()
    assert engine.anchor(user(3)) not in engine.cloud.objects
    engine.source.add(user(3))
    name(engine, range(1, 9))
    report = engine.settle()
    assert there(engine) == set(range(1, 9)) and not report.holds


def test_an_account_that_is_migrated_returns_under_its_anchor_at_once(engine) -> None:
    grown(engine, 8, policy(2))
    engine.source.entries.pop(guid(3))
    name(engine, [1, 2, *range(4, 9)])
    for _ in range(3):
        engine.run()
    assert engine.anchor(user(3)) not in engine.cloud.objects
    engine.source.add(user(33, mS_DS_ConsistencyGuid=guid(3)))
    name(engine, [1, 2, *range(4, 9), 33])
    report, _ = engine.run()
    assert there(engine) == set(range(1, 9)) and not report.holds


def test_what_the_service_lost_without_a_word_returns_at_once(engine) -> None:
    grown(engine, 8, policy(2))
    remade(engine)
    engine.settle()
    assert there(engine) == set(range(1, 9))


def test_a_group_that_left_the_directory_and_comes_back_has_its_members_at_once(engine) -> None:
    grown(engine, 8, policy(2))
    engine.source.entries.pop(guid(101))
    for _ in range(3):
        engine.run()
    assert engine.anchor(group(101)) not in engine.cloud.objects
    engine.source.add(group(101))
    report = engine.settle()
    assert there(engine) == set(range(1, 9)) and not report.holds


def remade(engine: Engine) -> None:
    """Somebody deletes the group in the cloud, and something makes it again without its members."""
    anchor = engine.anchor(group(101))
    engine.cloud.vanish(anchor)
    engine.cloud.appear(anchor, Held("Group", {"displayName": "Group 101"}, "Group_other"))


def taken_out(engine: Engine) -> None:
    """Somebody takes the third person out of the group in the cloud."""
    cloud, link = engine.cloud, (engine.anchor(group(101)), engine.anchor(user(3)))
    cloud.links[link[0]].discard(link[1])
    cloud._clock += 1
    cloud._link_log[link] = cloud._log[link[0]] = cloud._clock


@pytest.mark.parametrize("happens", [remade, taken_out])
def test_who_leaves_the_directory_and_the_cloud_at_the_same_time_returns_at_once_too(engine, happens) -> None:
    grown(engine, 8, policy(2))
    happens(engine)
    name(engine, [1, 2, *range(4, 9)])
    engine.settle()
    assert there(engine) == {1, 2, *range(4, 9)}
    name(engine, range(1, 9))
    report = engine.settle()
    assert there(engine) == set(range(1, 9)) and not report.holds


# --- the way back --------------------------------------------------------------------------------------------------


def say(engine: Engine, command: Command) -> None:
    """A person says something to the ramp."""
    with engine.store() as store:
        store.ramp_states.give(Order(command, "large", "ada", engine.clock()))


def begun(engine: Engine) -> None:
    """A group of three that is there follows a ramp and gets two more."""
    populate(engine, 9, named=range(1, 4))
    engine.settle()
    follow(engine, policy(5, None, 9, admit=Admit.MEMBERS))
    engine.run()
    name(engine, range(1, 7))
    engine.run()
    assert there(engine) == {1, 2, 3, 4, 5}


def test_a_ramp_goes_back_to_where_it_began_with_an_approval_and_forward_again_step_by_step(engine) -> None:
    begun(engine)
    say(engine, Command.REVERT)
    report, _ = engine.run()
    assert report.holds == {"RampReverted": 2, "Ramp": 1} and there(engine) == {1, 2, 3, 4, 5}
    assert not report.removal_latency.waiting, "nobody left: no gate may wait for it"
    assert engine.approve() == 1
    engine.run()
    assert there(engine) == {1, 2, 3}
    for _ in range(2):
        report, _ = engine.run()
        assert there(engine) == {1, 2, 3} and report.holds == {"Ramp": 3}, "who was taken out does not return"
    follow(engine, policy(4, None, 9, admit=Admit.MEMBERS))
    say(engine, Command.RETRY)
    for _ in range(3):
        engine.run()
    assert there(engine) == {1, 2, 3, 4}, "and comes back within the ceiling only"


def test_who_leaves_the_directory_leaves_a_ramp_that_goes_back_at_once(engine) -> None:
    begun(engine)
    say(engine, Command.REVERT)
    engine.run()
    name(engine, [2, 3, 4, 5, 6])
    report, _ = engine.run()
    assert there(engine) == {2, 3, 4, 5} and report.holds == {"RampReverted": 2, "Ramp": 1}


def test_who_was_there_before_the_ramp_returns_while_it_goes_back(engine) -> None:
    begun(engine)
    name(engine, range(2, 7))
    engine.run()
    say(engine, Command.REVERT)
    engine.run()
    name(engine, range(1, 7))
    engine.run()
    assert there(engine) == {1, 2, 3, 4, 5}


def test_a_group_that_was_not_there_when_its_ramp_began_is_emptied_and_never_deleted(engine) -> None:
    populate(engine, 6)
    follow(engine, policy(6, 9))
    engine.settle()
    assert there(engine) == set(range(1, 7))
    say(engine, Command.REVERT)
    engine.run()
    assert engine.approve() == 1
    for _ in range(3):
        engine.run()
    assert there(engine) == set() and engine.anchor(group(101)) in engine.cloud.objects


# --- who cannot come -----------------------------------------------------------------------------------------------


def phase(engine: Engine) -> Phase:
    with engine.store() as store:
        return store.ramp_states.all()["large"].phase


def test_members_whose_create_is_refused_keep_no_ramp_at_its_step_and_take_no_place_in_its_budget(engine) -> None:
    populate(engine, 6)
    refused = {engine.anchor(user(1)), engine.anchor(user(2))}
    engine.cloud.refuse = lambda obj: "no" if obj.values["SourceAnchor"] in refused else ""
    follow(engine, policy(6, admit=Admit.MEMBERS, per_cycle=1))
    for _ in range(6):
        engine.run()
    assert there(engine) == {3, 4, 5, 6} and phase(engine) is Phase.SOAKING
    engine.cloud.refuse = lambda obj: ""
    for _ in range(3):
        engine.run()
    assert there(engine) == set(range(1, 7)), "who fits comes while it soaks"


def test_a_group_to_which_nothing_may_be_sent_keeps_no_ramp_at_its_step(engine) -> None:
    grown(engine, 4, policy(4, None, 9))
    engine.source.add(user(5), user(6))
    name(engine, range(1, 7))
    engine.run()
    assert phase(engine) is Phase.PAUSED
    anchor = engine.anchor(group(101))
    engine.cloud.objects[anchor].values["isCloudManaged"] = True
    engine.cloud._clock += 1
    engine.cloud._log[anchor] = engine.cloud._clock
    say(engine, Command.PROMOTE)
    for _ in range(3):
        report, _ = engine.run()
    assert report.holds == {"CloudManaged": 2} and phase(engine) is not Phase.GROWING
