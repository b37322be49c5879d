"""The first shares that go to an adopted tenant: 25 objects and 100 links, a tenth, all; and the probation."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.changes import creates, gains
from support.documents import findings, minimal
from support.engine import Engine, links
from syncramp.cycle.stages import release as release_next
from syncramp.errors import InputRefused
from syncramp.model.adoption import Adoption
from syncramp.model.circumstances import Circumstances, Owner
from syncramp.model.holds import Hold
from syncramp.model.stages import HALVED, PROBATION_RUNS, RELEASES, Progress, Stage
from syncramp.model.wire import Operation, ReadBackPage
from syncramp.plan.shares import begun, counted, filled, halved, probation
from syncramp.report.stages import released_line, stage_lines
from syncramp.spec.failsafe import CreateLimits, Failsafe, RemovalLimits
from syncramp.spec.types import ApprovalMode

PEOPLE = 60
GROUP = 501


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Sixty people and a group of them all, on a tenant that was adopted and holds none of them."""
    made = Engine(tmp_path / "state.db")
    removals = RemovalLimits(emptied_above=1000, percent_of_all=Decimal(100))
    made.config = replace(made.config, failsafe=Failsafe(creates=CreateLimits(count=1000), member_removals=removals))
    made.source.add(*map(user, range(1, PEOPLE + 1)), group(GROUP))
    made.source.members[guid(GROUP)] = [user_dn(number) for number in range(1, PEOPLE + 1)]
    with made.store() as store:
        store.adoption.write(Adoption(5.0, "Ann", 1, "ab12"))
    return made


def test_a_person_releases_stage_after_stage_and_then_there_is_nothing_to_release(engine: Engine) -> None:
    engine.run()
    for following, words in ((Stage.TENTH, "a tenth"), (Stage.ALL, "all goes")):
        with engine.store() as store:
            stage, progress = release_next(store, "Bob", 7.0)
            kept = store.adoption.read()
        assert kept and (stage, kept.stage, kept.released_by, kept.released_at) == (following, following, "Bob", 7.0)
        assert words in released_line(stage, progress) and "25 changes" in released_line(stage, progress)
    fresh = Engine(engine.path.with_name("fresh.db"), sources=engine.sources)
    for nothing, why in ((engine, "everything goes already"), (fresh, "was not adopted")):
        with nothing.store() as store, pytest.raises(InputRefused, match=why):
            release_next(store, "Bob", 8.0)


def test_nobody_releases_a_first_share_of_which_nothing_went_yet(engine: Engine) -> None:
    with engine.store() as store, pytest.raises(InputRefused, match="nothing of the first share was sent"):
        release_next(store, "Bob", 7.0)
    engine.run(sends=False)
    with engine.store() as store, pytest.raises(InputRefused, match="look at what went, and release then"):
        release_next(store, "Bob", 7.0)
    engine.cloud.refuse = lambda obj: "not today"
    engine.run()
    engine.cloud.refuse = lambda obj: ""
    engine.config = replace(engine.config, releases=frozenset({"Canary"}))
    engine.run()
    assert stage(engine) is Stage.CANARY and "before anything of it went" in str(engine.events)
    engine.run()
    assert stage(engine) is not Stage.CANARY


def release(engine: Engine, stage: Stage) -> None:
    with engine.store() as store:
        adoption = store.adoption.read()
        assert adoption
        store.adoption.write(replace(adoption, stage=stage, released_by="Bob"))


def stage(engine: Engine) -> Stage:
    with engine.store() as store:
        adoption = store.adoption.read()
        assert adoption
        return adoption.stage


def test_a_first_share_goes_and_nothing_else_until_a_person_releases_it(engine: Engine) -> None:
    report, _ = engine.run()
    assert len(engine.cloud.objects) == 25
    assert report.holds[Hold.CANARY] == 36 + report.links.held
    assert (report.stage.name, report.stage.objects, report.stage.waiting) == ("Canary", 25, 0)
    for _ in range(3):
        engine.run()
    assert len(engine.cloud.objects) == 25 and stage(engine) is Stage.CANARY
    assert "release" in next(stage_lines(report.stage))


def test_the_annotation_of_the_document_releases_the_stage_that_it_names(engine: Engine) -> None:
    engine.config = replace(engine.config, releases=frozenset({"Canary"}))
    engine.run()
    engine.run()
    assert stage(engine) is Stage.CANARY  # it was there before: perhaps for another adoption
    assert any("take it away" in getattr(event, "text", "") for event in engine.events)
    engine.config = replace(engine.config, releases=frozenset({"Tenth"}))
    engine.run()
    assert stage(engine) is Stage.CANARY
    engine.config = replace(engine.config, releases=frozenset({"Canary"}))
    engine.run(sends=False)
    engine.run()
    assert len(engine.cloud.objects) == 25 + 4
    with engine.store() as store:
        kept = store.adoption.read()
    assert kept and kept.stage is Stage.ALL


def test_a_tenth_follows_and_then_all_by_itself(engine: Engine) -> None:
    engine.run()
    release(engine, Stage.TENTH)
    report, _ = engine.run()
    assert len(engine.cloud.objects) == 25 + 4 and report.stage.most_objects == 4
    assert stage(engine) is Stage.ALL
    engine.settle()
    assert len(engine.cloud.objects) == PEOPLE + 1
    assert len(engine.cloud.links[engine.anchor(group(GROUP))]) == PEOPLE


def test_a_tenth_that_was_refused_waits_for_a_person(engine: Engine) -> None:
    engine.run()
    release(engine, Stage.TENTH)
    known = set(engine.cloud.objects)
    engine.cloud.refuse = lambda obj: "" if obj.values["SourceAnchor"] in known else "no"
    for _ in range(3):
        report, _ = engine.run()
    assert stage(engine) is Stage.TENTH and report.stage.refused > 0
    release(engine, Stage.ALL)
    engine.cloud.refuse = lambda obj: ""
    engine.settle()
    assert len(engine.cloud.objects) == PEOPLE + 1


def test_a_tenth_that_no_read_back_has_shown_is_not_over(engine: Engine) -> None:
    engine.run()
    release(engine, Stage.TENTH)
    shown, engine.cloud.read_back = engine.cloud.read_back, lambda cookie: iter([ReadBackPage([], cookie, False)])
    report, _ = engine.run()
    assert (stage(engine), report.stage.applied, report.stage.waiting) == (Stage.TENTH, 4, 4)
    engine.cloud.read_back = shown
    engine.run()
    assert stage(engine) is Stage.ALL


def test_a_tenth_of_which_everything_waits_for_a_person_is_not_over(engine: Engine) -> None:
    engine.run()
    release(engine, Stage.TENTH)
    config = engine.config
    engine.config = replace(config, approval=ApprovalMode.MANUAL)
    for _ in range(2):
        report, _ = engine.run()
    assert stage(engine) is Stage.TENTH and report.holds == {Hold.APPROVAL_REQUIRED: 36 + report.links.held}
    assert (report.stage.name, report.stage.objects, report.stage.most_objects) == ("Tenth", 0, 0)
    engine.config = config
    engine.run()
    assert len(engine.cloud.objects) == 25 + 4


def test_a_tenth_of_a_tenant_from_which_nothing_differs_is_over(engine: Engine) -> None:
    engine.run()
    release(engine, Stage.TENTH)
    engine.source.entries = {entry.guid: entry for entry in list(engine.source.entries.values())[:25]}
    engine.source.members.clear()
    engine.config = replace(engine.config)
    engine.run()
    assert stage(engine) is Stage.ALL


def test_one_of_a_hundred_may_be_refused() -> None:
    from syncramp.plan.shares import went_well

    tenth = Progress(stage=Stage.TENTH, applied=99, refused=1)
    assert went_well(tenth) and not went_well(replace(tenth, refused=2))
    assert not went_well(replace(tenth, waiting=1)) and not went_well(replace(tenth, stage=Stage.CANARY))
    assert not went_well(Progress(stage=Stage.TENTH))


def test_a_tenth_of_nothing_is_all(engine: Engine) -> None:
    release(engine, Stage.ALL)
    engine.settle()
    release(engine, Stage.TENTH)
    engine.run()
    assert stage(engine) is Stage.ALL


def test_creates_that_are_too_many_get_their_tenth_when_they_are_approved(engine: Engine) -> None:
    engine.config = replace(engine.config, failsafe=replace(engine.config.failsafe, creates=CreateLimits(count=5)))
    engine.run()
    release(engine, Stage.TENTH)
    engine.source.add(group(GROUP + 1))  # another kind, of which there are few
    report, _ = engine.run()
    assert report.holds[Hold.TOO_MANY_CREATES] == PEOPLE
    assert (len(engine.cloud.objects), stage(engine), report.stage.most_objects) == (2, Stage.TENTH, 7)
    engine.approve()
    report, _ = engine.run()
    assert (len(engine.cloud.objects), report.stage.most_links) == (8, 6) and report.holds[Hold.CANARY] > 50
    engine.settle()
    assert len(engine.cloud.objects) == PEOPLE + 2


def test_a_plan_and_a_staging_run_choose_nothing_for_good(engine: Engine) -> None:
    _, plan = engine.run(sends=False)
    assert plan.progress and len(plan.progress.objects) == 25
    with engine.store() as store:
        assert store.stages.read() is None


def test_the_share_of_a_run_that_is_killed_is_the_share_of_the_next_one(engine: Engine) -> None:
    engine.lose()
    with engine.store() as store:
        before = store.stages.read()
    engine.run()
    engine.run()
    with engine.store() as store:
        after = store.stages.read()
    assert before and after and before.objects == after.objects
    assert len(engine.cloud.objects) == 25


def settled(engine: Engine) -> Engine:
    release(engine, Stage.ALL)
    engine.settle()
    with engine.store() as store:
        store.adoption.write(Adoption(77.0, "Ann", 9, "ab13"))
    engine.cloud.calls.clear()
    return engine


def test_disables_and_explicit_removals_go_beside_the_share(engine: Engine) -> None:
    settled(engine)
    for number in range(1, 41):
        engine.source.add(user(number, userAccountControl="514"))
    engine.source.members[guid(GROUP)] = []
    engine.run()
    disabled = [held for held in engine.cloud.objects.values() if held.values.get("accountEnabled") is False]
    assert len(disabled) == 40 and not engine.cloud.links[engine.anchor(group(GROUP))]


def test_a_hundred_links_go_at_first(engine: Engine) -> None:
    release(engine, Stage.ALL)
    for number in (GROUP + 1, GROUP + 2):
        engine.source.add(group(number))
    settled(engine)
    for number in (GROUP + 1, GROUP + 2):
        engine.source.members[guid(number)] = list(engine.source.members[guid(GROUP)])
    for _ in range(2):
        report, _ = engine.run()
        added = sum(len(links(obj)) for obj in engine.sent)
        assert added == 100 and report.stage.links == 100


def test_who_gives_an_address_up_and_who_claims_it_go_together_or_not_at_all(engine: Engine) -> None:
    mail = "proxyAddresses"
    for number in range(1, 41):
        engine.source.add(user(number, proxyAddresses=f"SMTP:p{number}@corp.example.com"))
    settled(engine)
    for number in range(1, 41, 2):  # forty people, of whom each second one takes the address of the one before
        engine.source.add(user(number, proxyAddresses=f"SMTP:n{number}@corp.example.com"))
        both = [f"SMTP:p{number + 1}@corp.example.com", f"smtp:p{number}@corp.example.com"]
        engine.source.add(user(number + 1, proxyAddresses=both))
    engine.run()
    held = {number: engine.cloud.objects[engine.anchor(user(number))].values[mail] for number in range(1, 41)}
    moved = [number for number in range(1, 41, 2) if held[number] == (f"SMTP:n{number}@corp.example.com",)]
    assert len(moved) == 12  # 24 of 25 places: a pair is never split
    for number in range(1, 41, 2):
        assert (len(held[number + 1]) == 2) is (number in moved)


def test_deletes_need_an_approval_in_the_first_runs_and_then_limits_are_halved(engine: Engine) -> None:
    settled(engine)
    release(engine, Stage.ALL)
    engine.leave(1)
    engine.run()
    report, _ = engine.run()
    assert report.holds[Hold.APPROVAL_REQUIRED] == 1 and report.stage.probation_runs == PROBATION_RUNS - 2
    with engine.store() as store:
        progress = store.stages.read()
        assert progress
        store.stages.write(replace(progress, runs=PROBATION_RUNS - 1))
    engine.clock = lambda: 1000.0
    report, _ = engine.run()
    assert not [obj for obj in engine.sent if obj.operation is Operation.DELETE]
    assert report.stage.probation_runs == 0 and report.stage.halved_until == "1970-01-08T00:16:40Z"
    engine.run()
    assert [obj.operation for obj in engine.sent] == [Operation.DELETE]


def test_a_run_that_does_not_show_every_delete_does_not_count_for_the_probation(engine: Engine) -> None:
    report, _ = engine.run()
    before = report.stage.probation_runs
    engine.source.complete = False
    report, _ = engine.run()
    assert report.stage.probation_runs == before
    engine.source.complete = True
    report, _ = engine.run()
    assert report.stage.probation_runs == before - 1


def test_limits_are_halved_for_seven_days_after_the_probation() -> None:
    progress = Progress(runs=PROBATION_RUNS, probation_ended=100.0)
    assert probation(progress) == ""
    assert halved(progress, 100.0 + HALVED - 1) and not halved(progress, 100.0 + HALVED)
    assert not halved(Progress(runs=3), 100.0) and "45 to come" in probation(Progress(runs=3))


def test_another_adoption_begins_with_a_first_share_again(engine: Engine) -> None:
    settled(engine)
    engine.source.add(*(user(number, title="Boss") for number in range(1, PEOPLE + 1)))
    report, _ = engine.run()
    assert report.stage.objects == 25 and report.stage.probation_runs == PROBATION_RUNS - 1


def test_a_tenant_proven_empty_has_no_stages(engine: Engine) -> None:
    fresh = Engine(engine.path.with_name("fresh.db"), sources=engine.sources)
    report = fresh.settle()
    assert report.stage.name == "" and list(stage_lines(report.stage)) == []
    assert len(fresh.cloud.objects) == PEOPLE + 1


@settings(max_examples=200)
@given(
    st.sets(st.integers(1, 60), max_size=60),
    st.lists(st.sets(st.integers(1, 80), min_size=1), max_size=5),
    st.dictionaries(st.integers(1, 60), st.integers(1, 60), max_size=30),
    st.sampled_from(list(Stage)[:2]),
)
def test_a_share_is_never_too_large_never_splits_and_only_grows(
    objects: set[int], groups: list[set[int]], owners: dict[int, int], at: Stage
) -> None:
    objects_in_order = [creates(identity, f"u{identity}@x") for identity in sorted(objects)]
    members = [gains(900 + number, BitMap(adds)) for number, adds in enumerate(groups)]
    claims = {a: b for a, b in owners.items() if {a, b} <= objects and a != b}
    around = Circumstances(releasing={f"u{a}@x": Owner(b, "", "") for a, b in claims.items()})
    made, in_cloud = [*objects_in_order, *members], BitMap(range(61, 81))
    before = begun(Progress(), at, *counted(made))
    share = filled(before, lambda: made, around, in_cloud, lambda ids: [f"{identity:03}" for identity in ids])
    assert len(share.objects) <= share.most_objects and share.chosen_links <= share.most_links
    for claimant, owner in claims.items():
        assert (claimant in share.objects) is (owner in share.objects)
    for linked in share.links.values():
        assert linked <= in_cloud | share.objects
    again = filled(share, lambda: made, around, in_cloud, lambda ids: [f"{identity:03}" for identity in ids])
    assert again == share
    assert Progress.from_json(share.as_json()) == share


@pytest.mark.parametrize(("text", "good"), [("Canary", True), ("Tenth, Canary,", True), ("", True), ("All", False)])
def test_an_annotation_names_stages_that_a_person_ends_and_nothing_else(text: str, good: bool) -> None:
    found = findings(minimal({"metadata.annotations": {RELEASES: text}}))
    assert [one.path for one in found] == ([] if good else [f"metadata.annotations.{RELEASES}"])
