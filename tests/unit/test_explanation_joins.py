"""Of several entries of one person it is told who is joined, by what, and whose value counts; and who is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import config, group, guid, user, user_dn
from support.engine import Engine
from support.explained import asked, attribute, explained, lines, the_group
from support.model import ListSource
from syncramp.model.explanation import Standing
from syncramp.model.holds import Hold
from syncramp.model.values import Kind
from syncramp.rules.components import TWO_IN_THE_CLOUD, TWO_OF_A_SOURCE
from syncramp.spec.types import Join, JoinBy, Rule

MAIL = Join(frozenset({Kind.USER, Kind.CONTACT}), JoinBy.MAIL)
NUMBER = Join(frozenset({Kind.USER}), JoinBy.EMPLOYEE_ID)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Person 1 stands in both directories, as entries 1 and 11; person 2 in the first, person 13 in the second."""
    corp, labs = ListSource("corp"), ListSource("labs")
    made = Engine(tmp_path / "state.db", sources=[corp, labs])
    delay = made.config.target.endpoint
    made.config = replace(config(sources=("corp", "labs"), endpoint=delay), joins=(MAIL, NUMBER))
    corp.add(user(1, mail="one@example.com", title="Clerk", manager=user_dn(2)), user(2, mail="two@example.com"))
    labs.add(user(11, mail="ONE@example.com", mobile="5"), user(13, mail="three@example.com"), group(101))
    labs.members[guid(101)] = [user_dn(11), user_dn(13)]
    return made


@pytest.mark.parametrize("number", [1, 11])
def test_either_entry_of_a_person_leads_to_the_whole_person(engine: Engine, number: int) -> None:
    engine.settle()
    told = explained(engine, user_dn(number))
    assert told.dn == user_dn(number) and told.anchor == engine.anchor(user(1))
    assert {(part.dn, part.names, part.leads, part.by) for part in told.person.parts} == {
        (user_dn(1), True, True, ("mail",)),
        (user_dn(11), False, False, ("mail",)),
    }
    assert told.cloud.present and told.change is None and told.person.others == ()
    assert the_group(told).state == "in the cloud"
    assert [reference.dn for reference in told.references] == [user_dn(2)]


def test_each_attribute_names_the_source_that_gives_it(engine: Engine) -> None:
    engine.settle()
    told = explained(engine, user_dn(1))
    assert [attribute(told, name).source for name in ("title", "mobile", "mail")] == ["corp", "labs", "corp"]
    assert attribute(told, "mobile").given == (b"5",)
    assert f"  {'mobile':28} {'5':32} ← mobile (trimmed) of labs" in lines(engine, user_dn(1))


def test_a_rule_for_one_source_is_told_at_the_attribute_it_gives(engine: Engine) -> None:
    engine.config = replace(
        engine.config, rules=(Rule("labs-title", 10, Kind.USER, "labs", sets={"title": "'Lab'"}),)
    )
    engine.settle()
    title = attribute(explained(engine, user_dn(1)), "title")
    assert (title.desired, title.rule, title.source) == ("Lab", "labs-title", "labs")


def test_an_address_of_a_person_of_several_entries_means_one_person(engine: Engine) -> None:
    engine.settle()
    assert len(asked(engine, "one@example.com").finding.found) == 2
    assert explained(engine, "one@example.com").anchor == engine.anchor(user(1))


def test_who_stands_in_one_directory_is_no_person_of_several_entries(engine: Engine) -> None:
    engine.settle()
    told = explained(engine, user_dn(2))
    assert told.person.parts == () and attribute(told, "mail").source == ""
    assert told.referrers == 1


def test_a_linked_mailbox_is_in_scope_as_a_part_of_its_account_alone(engine: Engine) -> None:
    sid = b"\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00" + bytes(16)
    engine.config = replace(engine.config, joins=(Join(frozenset({Kind.USER}), JoinBy.OBJECT_SID),))
    engine.sources[0].add(user(4, objectSid=sid), user(5, manager=user_dn(14)))
    mailbox = {"msExchRecipientTypeDetails": "2", "mailNickname": "four", "mobile": "4"}
    engine.sources[1].add(user(14, msExchMasterAccountSid=sid, **mailbox), user(15, **mailbox))
    engine.settle()
    told = explained(engine, user_dn(14))
    assert told.verdict.standing is Standing.IN_SCOPE and told.anchor == engine.anchor(user(4))
    assert attribute(told, "mobile").source == "labs"
    assert [(part.leads, part.missing) for part in told.person.parts] == [(True, ""), (False, "")]
    (manager,) = explained(engine, user_dn(5)).references
    assert (manager.dn, manager.resolved, manager.detail) == (user_dn(14), True, "in the cloud")
    alone = explained(engine, user_dn(15)).verdict
    assert alone.reason == "a linked mailbox: its account is in another forest"


def test_an_entry_that_left_its_scope_adds_nothing_and_says_why(engine: Engine) -> None:
    engine.settle()
    engine.sources[1].entries.pop(guid(11))
    engine.run()
    parts = {part.dn: part.missing for part in explained(engine, user_dn(1)).person.parts}
    assert parts == {user_dn(1): "", user_dn(11): "one complete import did not see it; a second one must agree"}
    assert explained(engine, user_dn(11)).verdict.standing is Standing.ABSENT_ONCE


def test_two_entries_of_one_source_with_the_key_of_another_are_told_with_both_names(engine: Engine) -> None:
    engine.sources[1].add(user(12, mail="one@example.com"))
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.person.parts == () and told.person.conflict == TWO_OF_A_SOURCE
    assert [(other.dn, other.by) for other in told.person.others] == [
        (user_dn(11), ("mail",)),
        (user_dn(12), ("mail",)),
    ]
    assert told.change.hold is Hold.JOIN
    assert f"Not joined: {TWO_OF_A_SOURCE}" in lines(engine, user_dn(1))


def test_who_shares_an_address_within_one_directory_alone_is_in_no_conflict(engine: Engine) -> None:
    engine.sources[0].add(user(3, mail="two@example.com"))
    engine.settle()
    told = explained(engine, user_dn(2)).person
    assert told.others == () and told.conflict == ""


def test_two_objects_of_the_cloud_that_a_new_key_would_join_stay_two(engine: Engine) -> None:
    engine.settle()
    engine.sources[0].add(user(2, mail="two@example.com", employeeID="E13"))
    engine.sources[1].add(user(13, mail="three@example.com", employeeID="E13"))
    engine.run()
    told = explained(engine, user_dn(2)).person
    assert told.conflict == TWO_IN_THE_CLOUD
    assert [(other.dn, other.by) for other in told.others] == [(user_dn(13), ("employeeID",))]


def test_a_person_stays_explained_when_the_expression_of_a_join_fails_for_one_entry(engine: Engine) -> None:
    engine.settle()
    number = Join(frozenset({Kind.USER}), None, "string(int(entry.?pager.orValue('0')))")
    engine.config = replace(engine.config, joins=(MAIL, number))
    engine.sources[1].add(user(11, mail="ONE@example.com", mobile="5", pager="none"))
    engine.run()
    parts = explained(engine, user_dn(1)).person.parts
    assert {(part.dn, part.names) for part in parts} == {(user_dn(1), True), (user_dn(11), False)}
