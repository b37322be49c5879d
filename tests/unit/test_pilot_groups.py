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
