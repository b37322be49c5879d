"""Explanations of groups that are written back: whether they are, what the directory has, and who is in them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.build import guid, user_dn
from support.tenant_model import SECURITY, Tenant, mark, object_id
from support.written_engine import WrittenEngine, policy, written_back
from syncramp.explanation.gathering import explain
from syncramp.model.cloud import CloudState
from syncramp.model.explanation import Answer
from syncramp.model.explanation_written import WrittenGroup, WrittenTold
from syncramp.report.explanation import explanation_lines
from syncramp.report.explanation_json import explanation_document
from syncramp.spec.ramps import Admit
from syncramp.spec.types import DriftMode, GroupKind

CLOUD_ONLY = f"User_{object_id(900)}"
Ask = Callable[[str], Answer]


@pytest.fixture
def engine(tmp_path: Path) -> WrittenEngine:
    """Three people of the directory, a group of all of them and of somebody of the cloud, and one with roles."""
    made = WrittenEngine(tmp_path / "store.db", cloud=Tenant())
    made.config = replace(made.config, writeback=written_back(policy(1, 250_000)))
    made.employ(1, 2, 3)
    made.settle_back()
    made.tenant.given(
        7, [*made.cloud_anchors(1, 2, 3), CLOUD_ONLY], displayName="All Staff", mail="all@contoso.example"
    )
    made.tenant.given(8, made.cloud_anchors(1), displayName="Admins", isAssignableToRole="true")
    return made


def ask(engine: WrittenEngine, who: str, *, known: bool = True) -> Answer:
    """What is told of somebody.

    :param known: there is a ledger.
    """
    with engine.store() as store:
        rules = {source.name: engine.rules(source.name) for source in engine.sources}
        ledger = engine._ledger if known else None
        return explain(store, engine.config, rules, who, engine.clock(), ledger=ledger)


def written(engine: WrittenEngine, who: str) -> WrittenTold:
    told = ask(engine, who).written
    assert told is not None
    return told


def there(engine: WrittenEngine, who: str) -> WrittenGroup:
    told = written(engine, who).there
    assert told is not None
    return told


def told(engine: WrittenEngine, who: str) -> str:
    return "\n".join(explanation_lines(ask(engine, who)))


@pytest.mark.parametrize(
    "who", ["All Staff", "ALL STAFF", "all@contoso.example", mark(7), mark(7).upper(), object_id(7), "group7"]
)
def test_a_group_of_the_cloud_is_found_by_what_people_call_it(engine: WrittenEngine, who: str) -> None:
    engine.settle_back()
    assert written(engine, who).object_id == object_id(7)


def test_a_group_that_is_written_is_told_with_what_the_directory_has(engine: WrittenEngine) -> None:
    engine.settle_back()
    group, found = there(engine, "All Staff"), written(engine, "All Staff")
    assert (found.refused, found.members, dict(found.unwritable)) == ("", 4, {"CloudOnly": 1})
    assert group.present and (group.desired, group.sure, group.possible) == (3, 3, 3)
    assert group.names == tuple(user_dn(number) for number in (1, 2, 3))
    assert {each.name for each in group.attributes if each.desired != each.there} == set()
    assert group.ramp is not None and group.ramp.direction == "Directory"
    lines = told(engine, "All Staff")
    assert "1 member cannot be written: 1 in the cloud only" in lines and "Pending: nothing" in lines
    assert "3 members, 3 in the directory" in lines and "in the cloud, 0 wait" not in lines


def test_a_group_that_waits_for_its_ramp_says_what_holds_it(engine: WrittenEngine) -> None:
    engine.config = replace(engine.config, writeback=written_back(policy(1, 250_000, admit=Admit.MEMBERS)))
    engine.run()
    group = there(engine, mark(7))
    assert group.links is not None and [held.hold.value for held in group.links.held] == ["Ramp"]
    assert written(engine, mark(7)).waits
    (one,) = [each for each in _groups(engine, 3) if each[0].startswith("All Staff")]
    assert one[1:] == ("the addition is held", "Ramp")


def _groups(engine: WrittenEngine, number: int) -> list[tuple[str, str, str]]:
    """Groups of the cloud of somebody, what becomes of them, and why."""
    explained = ask(engine, user_dn(number)).explanation
    assert explained is not None
    return [(each.dn, each.state, each.hold or each.reason) for each in explained.written_back]


def test_a_group_in_a_group_is_a_member_who_can_be_there(engine: WrittenEngine) -> None:
    admins, staff = (f"Group_{object_id(number)}" for number in (8, 7))
    engine.tenant.given(9, [*engine.cloud_anchors(1), staff, admins], displayName="Outer")
    engine.settle_back()
    found, group = written(engine, "Outer"), there(engine, "Outer")
    assert (found.members, dict(found.unwritable), group.desired, group.sure) == (3, {"NotWrittenBack": 1}, 2, 2)


def test_somebody_is_told_the_groups_they_are_in_and_those_that_are_not_written(engine: WrittenEngine) -> None:
    engine.settle_back()
    assert _groups(engine, 1) == [
        (
            f"Admins ({mark(8).replace('group', 'Group')})",
            "the group is not written back",
            "roles of the cloud can be assigned to it",
        ),
        (f"All Staff ({mark(7).replace('group', 'Group')})", "in the directory", ""),
    ]
    assert "Groups of the cloud, in Active Directory (2)" in told(engine, user_dn(1))


def test_somebody_who_is_in_too_many_groups_is_told_that_one_more_would_be_too_much(engine: WrittenEngine) -> None:
    kinds = frozenset({GroupKind.SECURITY})
    engine.config = replace(engine.config, writeback=written_back(policy(), kinds=kinds))
    engine.directory.heavy[guid(1)] = 1_001
    engine.tenant.given(10, engine.cloud_anchors(1, 2), displayName="Finance", groupTypes=(), **SECURITY)
    engine.run()
    assert [each[1:] for each in _groups(engine, 1) if each[0].startswith("Finance")] == [
        ("the addition is held", "TokenTooLarge")
    ]
    assert [each[1:] for each in _groups(engine, 2) if each[0].startswith("Finance")] == [("in the directory", "")]


def test_somebody_who_left_the_directory_cannot_be_a_member_there(engine: WrittenEngine) -> None:
    engine.settle_back()
    del engine.source.entries[next(iter(engine.source.entries))]
    engine.run()
    engine.run()
    ((_, state, why),) = [each for each in _groups(engine, 1) if each[0].startswith("All Staff")]
    assert (state, why) == ("cannot be a member there (Gone)", "gone from the directory, or never read")


def test_a_group_that_is_refused_says_why_and_nothing_of_the_directory(engine: WrittenEngine) -> None:
    engine.settle_back()
    lines = told(engine, "Admins")
    assert "written back   no: roles of the cloud can be assigned to it" in lines
    assert "directory      not there" in lines and "Members in the directory" not in lines


def test_a_deleted_group_says_since_when_and_what_waits_for_a_person(engine: WrittenEngine) -> None:
    engine.settle_back()
    engine.tenant.delete(7, "SoftDelete")
    engine.run()
    found = written(engine, "All Staff")
    assert found.state == CloudState.BIN and found.refused == "it was deleted in the cloud, and can be restored"
    assert found.there is not None and found.there.present and not found.waits
    with engine.store() as store:
        store.cloud.hard_deleted(object_id(7), engine.clock())
    engine.run()
    group = there(engine, "All Staff")
    assert group.change is not None and group.change.verb == "Delete" and group.change.hold == "ApprovalRequired"
    assert "waits for an approval: syncramp approve FILE" in told(engine, "All Staff")


def test_an_edit_in_the_directory_is_told(engine: WrittenEngine) -> None:
    engine.settle_back()
    engine.directory.leave(mark(7), guid(1))
    engine.run()
    edited = there(engine, "All Staff")
    assert edited.drifted == 1 and edited.links is not None
    assert [held.hold.value for held in edited.links.held] == ["LocalEdit"]
    assert "1 that somebody put in or took out there" in told(engine, "All Staff")
    correct = written_back(policy(1, 250_000), drift=DriftMode.CORRECT)
    engine.config = replace(engine.config, writeback=correct)
    engine.settle_back()
    assert there(engine, "All Staff").drifted == 0


def test_without_a_ledger_it_is_told_all_the_same_whether_a_group_is_wanted(engine: WrittenEngine) -> None:
    engine.settle_back()
    answer = ask(engine, "All Staff", known=False)
    assert answer.written is not None and answer.written.refused == "" and answer.written.there is None
    assert "no run has judged it for the directory yet" in "\n".join(explanation_lines(answer))


def test_of_several_groups_with_one_name_none_is_explained(engine: WrittenEngine) -> None:
    engine.tenant.given(9, displayName="All Staff", **SECURITY)
    engine.settle_back()
    answer = ask(engine, "All Staff")
    assert answer.written is None and [each.by for each in answer.finding.found] == ["displayName"] * 2
    assert "2 entries are known as All Staff" in told(engine, "All Staff")


def test_a_document_without_writeback_knows_no_groups_of_the_cloud(engine: WrittenEngine) -> None:
    engine.settle_back()
    engine.config = replace(engine.config, writeback=None)
    with engine.store() as store:
        answer = explain(store, engine.config, {"corp": engine.rules("corp")}, "All Staff", 0.0)
    assert (
        answer.written is None and not answer.finding.found and "group of the cloud" not in answer.finding.looked_for
    )


def test_names_of_a_hostile_tenant_make_no_line_of_their_own(engine: WrittenEngine) -> None:
    engine.tenant.alter(7, displayName="All\nWritten back: no\x1b[2J", description="x\u202ey\nz")
    engine.settle_back()
    assert all(line.isprintable() for line in told(engine, mark(7)).splitlines())


def test_the_json_has_the_group_and_those_of_a_member(engine: WrittenEngine) -> None:
    engine.settle_back()
    body = json.loads(explanation_document(ask(engine, "All Staff")))
    assert body["explanation"] is None
    assert (body["written"]["object_id"], body["written"]["there"]["sure"]) == (object_id(7), 3)
    body = json.loads(explanation_document(ask(engine, user_dn(1))))
    assert body["written"] is None and len(body["explanation"]["written_back"]) == 2
