"""A scope that takes the direct members of a pilot group alone."""

from dataclasses import replace
from uuid import UUID

import pytest

from support.build import BASE, config, group, guid, user, user_dn
from support.engine import Engine
from support.explained import explained, lines
from support.model import ListSource
from syncramp.model.explanation import Standing
from syncramp.model.values import Kind
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import Scope

PILOT = f"CN=Group 101,OU=Groups,{BASE}"
PEOPLE = Scope(f"OU=People,{BASE}", frozenset({Kind.USER, Kind.GROUP}), group=PILOT)


class Piloted(Engine):
    """An engine with a scope of its own."""

    scope = PEOPLE

    def rules(self, name: str) -> Ruleset:
        return Ruleset((self.scope,), self.config.source_anchor, name)


@pytest.fixture
def engine(tmp_path) -> Piloted:
    source = ListSource()
    source.add(*(user(number) for number in range(1, 6)), group(101), group(102))
    source.members[guid(101)] = [user_dn(1), user_dn(2), f"CN=Group 102,OU=Groups,{BASE}"]
    source.members[guid(102)] = [user_dn(5)]
    made = Piloted(tmp_path / "state.db", sources=[source], config=config())
    made.config = replace(made.config, target=replace(made.config.target, endpoint=_at_once(made)))
    return made


def _at_once(engine: Engine):
    from datetime import timedelta

    return replace(engine.config.target.endpoint, visibility_delay=timedelta())


def there(engine: Engine) -> list[str]:
    return sorted(str(held.values.get("displayName")) for held in engine.cloud.objects.values())


def test_only_direct_members_come_and_neither_the_group_itself_nor_who_is_in_a_nested_one(engine) -> None:
    report = engine.settle()
    assert there(engine) == ["User 1", "User 2"]
    assert report.skipped == {
        f"not a direct member of the pilot group {PILOT} of its scope": 3,
        "outside every scope of source corp": 2,
    }


@pytest.mark.parametrize("named", [PILOT, PILOT.lower(), str(UUID(bytes_le=guid(101)))])
def test_who_joins_the_group_comes_and_who_leaves_it_goes_though_nobody_else_changed(engine, named: str) -> None:
    engine.scope = replace(PEOPLE, group=named)
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(2), user_dn(3)]
    engine.cloud.calls.clear()
    engine.settle()
    assert there(engine) == ["User 2", "User 3"]
    assert {sent.values["SourceAnchor"] for sent in engine.sent} == {engine.anchor(user(1)), engine.anchor(user(3))}
    engine.run()
    with engine.store() as store:
        assert store.objects.dirty_count([1]) == 0


def _vanish(engine: Engine) -> None:
    engine.source.entries.pop(guid(101))
    engine.source.members.pop(guid(101))


def _rename(engine: Engine) -> None:
    engine.source.add(replace(group(101), dn=f"CN=Wave,OU=Groups,{BASE}"))


def _empty(engine: Engine) -> None:
    engine.source.members[guid(101)] = []


@pytest.mark.parametrize(("happens", "why"), [(_vanish, "not there"), (_rename, "not there"), (_empty, "no members")])
def test_of_a_group_that_is_lost_nobody_leaves_and_nobody_comes_until_it_is_back(engine, happens, why: str) -> None:
    engine.settle()
    members = engine.source.members[guid(101)]
    happens(engine)
    engine.source.add(user(1, title="Boss"), user(2, userAccountControl="514"), user(4))
    for _ in range(4):
        report, plan = engine.run()
        assert not plan.counts.get("Delete") and not report.succeeded
        (told,) = [source for source in report.sources if not source.complete]
        assert why in told.reason and PILOT in told.reason and told.partition == f"scope {PEOPLE.dn}"
    assert there(engine) == ["User 1", "User 2"]
    held = {str(one.values["displayName"]): one.values for one in engine.cloud.objects.values()}
    assert held["User 2"]["accountEnabled"] is False and "title" not in held["User 1"]
    assert report.warnings == {}
    engine.source.add(group(101))
    engine.source.members[guid(101)] = [*members, user_dn(4)]
    engine.settle()
    assert there(engine) == ["User 1", "User 2", "User 4"]
    assert any(one.values.get("title") == "Boss" for one in engine.cloud.objects.values())


def test_a_group_named_by_its_guid_may_be_renamed(engine) -> None:
    engine.scope = replace(PEOPLE, group=str(UUID(bytes_le=guid(101))))
    engine.settle()
    _rename(engine)
    report, plan = engine.run()
    assert report.settled and plan.objects == 0


def test_a_document_that_takes_a_pilot_group_alone_deletes_nobody_without_a_person(engine) -> None:
    engine.scope = replace(PEOPLE, group=None)
    engine.settle()
    engine.scope = PEOPLE
    _, plan = engine.run()
    assert plan.holds == {"CausedByConfiguration": 3} and plan.objects == 0
    engine.approve()
    engine.settle()
    assert there(engine) == ["User 1", "User 2"]


def test_a_crash_before_the_members_are_kept_loses_nobody(engine) -> None:
    engine.settle()
    engine.source.members[guid(101)].append(user_dn(4))
    with engine.store() as store:
        for fact_source, rules in engine.job(store).sources:
            assert store.whereabouts.follow(fact_source.name, [PILOT]) == 0  # nothing was read yet
            rules.settle(store.whereabouts.of(fact_source.name))
    engine.settle()
    assert "User 4" in there(engine)


def test_why_somebody_is_not_in_scope_is_explained_by_the_group(engine) -> None:
    engine.settle()
    told = explained(engine, user_dn(5))
    assert told.verdict.standing is Standing.OUT_OF_SCOPE
    assert told.verdict.reason == f"not a direct member of the pilot group {PILOT} of its scope"
    (scope,) = told.verdict.scopes
    assert (scope.below, scope.kind, scope.matches, scope.member, scope.holds) == (True, True, True, False, False)
    assert any("no direct member of the pilot group" in line for line in lines(engine, user_dn(5)))
    assert explained(engine, user_dn(1)).verdict.scopes[0].holds


def test_of_a_lost_group_it_is_explained_that_nobody_can_tell(engine) -> None:
    engine.settle()
    _vanish(engine)
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.verdict.standing is Standing.UNDECIDED and "is not there" in told.verdict.reason
    assert any("so nobody can tell" in line for line in lines(engine, user_dn(1)))


def test_who_may_only_have_been_moved_while_the_group_was_read_stays_for_one_run(engine) -> None:
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(1), f"CN=Nobody,{BASE}"]
    _, plan = engine.run()
    assert plan.objects == 0 and not plan.holds and there(engine) == ["User 1", "User 2"]
    engine.settle()
    assert there(engine) == ["User 1"]


def test_a_guid_of_somebody_who_is_no_group_is_no_pilot_group(engine) -> None:
    engine.scope = replace(PEOPLE, group=str(UUID(bytes_le=guid(5))))
    report, _ = engine.run()
    assert there(engine) == [] and "is not there" in report.sources[-1].reason


def test_a_group_named_by_its_guid_that_is_gone_stalls_its_scope(engine) -> None:
    engine.scope = replace(PEOPLE, group=str(UUID(bytes_le=guid(101))))
    engine.settle()
    _vanish(engine)
    for _ in range(3):
        report, plan = engine.run()
        assert "is not there" in report.sources[-1].reason and plan.objects == 0
    assert there(engine) == ["User 1", "User 2"]


def test_of_a_source_that_is_not_complete_a_lost_group_is_not_told_once_more(engine) -> None:
    engine.settle()
    _vanish(engine)
    engine.run()
    engine.source.complete = False
    report, _ = engine.run()
    assert [source.partition for source in report.sources] == ["all"]


def test_members_that_are_entries_of_another_source_are_none(tmp_path) -> None:
    here, other = ListSource("corp"), ListSource("labs")
    here.add(user(1), group(101))
    other.add(user(2))
    here.members[guid(101)] = [user_dn(1), user_dn(2)]
    made = Piloted(tmp_path / "state.db", sources=[here, other], config=config(sources=("corp", "labs")))
    made.run(sends=False)
    with made.store() as store:
        assert store.whereabouts.of("corp").members(guid(101)) == {guid(1)}
        assert store.whereabouts.of("labs").members(guid(101)) is None
        assert store.whereabouts.of("nowhere").members(PILOT) is None


def test_who_leaves_the_group_when_the_document_changes_leaves_because_of_the_directory(engine) -> None:
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.scope = replace(PEOPLE, filter="(cn=*)")
    _, plan = engine.run()
    assert plan.holds == {} and there(engine) == ["User 1"]


def test_a_group_that_no_document_names_any_more_is_forgotten(engine) -> None:
    engine.settle()
    engine.scope = replace(PEOPLE, group=None)
    engine.settle()
    with engine.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM pilots") == 0
