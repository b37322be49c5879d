"""Whole runs over joined entries of which a source cannot be read, changes its name, or is dropped."""

from dataclasses import replace
from unittest.mock import patch

import pytest

from support.build import SID, deletes_up_to, group, guid, user, user_dn
from support.engine import Engine
from support.joined import FOREST, MAIL, NUMBER, other, person, two_forests
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Entry


@pytest.fixture
def engine(tmp_path) -> Engine:
    return two_forests(tmp_path / "state.db")


def test_a_forest_that_cannot_be_read_takes_nothing_along(engine) -> None:
    engine.settle()
    _, forest = engine.sources
    forest.complete = False
    forest.add(other(1, mail="ONE@example.com", isCriticalSystemObject="TRUE"))
    engine.cloud.calls.clear()
    for _ in range(3):
        engine.run()
    assert not engine.cloud.calls and person(engine, user(1))["mobile"] == "5"
    forest.complete = True
    engine.settle()
    assert "mobile" not in person(engine, user(1)) and len(engine.cloud.objects) == 4


@pytest.mark.parametrize("read", [0, 1])
def test_a_person_who_is_renamed_in_both_forests_is_not_parted_by_the_one_that_was_read(engine, read: int) -> None:
    engine.settle()
    renamed = user(1, mail="new@example.com", title="Clerk"), other(1, mail="new@example.com", mobile="5")
    engine.sources[read].add(renamed[read])
    engine.sources[1 - read].complete = False
    for _ in range(2):
        engine.run()
        assert len(engine.cloud.objects) == 4 and person(engine, user(1))["mobile"] == "5"
    engine.sources[1 - read].add(renamed[1 - read])
    engine.sources[1 - read].complete = True
    engine.settle()
    engine.settle()
    made = person(engine, user(1))
    assert len(engine.cloud.objects) == 4 and (made["mobile"], made["mail"]) == ("5", "new@example.com")


def test_who_shares_nothing_any_more_is_parted_when_both_forests_are_read(engine) -> None:
    engine.settle()
    corp, forest = engine.sources
    forest.complete = False
    corp.add(user(1, mail="new@example.com", title="Clerk"))
    engine.run()
    forest.complete = True
    engine.settle()
    assert len(engine.cloud.objects) == 5
    assert "mobile" not in person(engine, user(1)) and person(engine, other(1))["mobile"] == "5"


@pytest.mark.parametrize("failing", [0, 1])
def test_other_joins_part_nobody_while_a_forest_cannot_be_read(engine, failing: int) -> None:
    engine.settle()
    engine.cloud.calls.clear()
    engine.config = replace(engine.config, joins=(NUMBER, MAIL))
    with patch.object(engine.sources[failing], "partitions", side_effect=SourceUnavailable("no server answers")):
        engine.run()
    engine.settle()
    assert not engine.cloud.calls


def linked(number: int) -> tuple[Entry, Entry]:
    """An account and its mailbox in the other forest."""
    sid = SID + bytes([number]) * 16
    mailbox = {"msExchRecipientTypeDetails": "2", "msExchMasterAccountSid": sid, "userAccountControl": "514"}
    return user(number, objectSid=sid), other(number, **mailbox)


def test_a_leaver_is_disabled_while_the_forest_of_the_mailbox_is_not_read(engine) -> None:
    account, mailbox = linked(5)
    engine.sources[0].add(account)
    engine.sources[1].add(mailbox)
    engine.settle()
    engine.sources[1].complete = False
    engine.sources[0].add(user(5, objectSid=SID + b"\5" * 16, userAccountControl="514"))
    engine.run()
    assert person(engine, account)["accountEnabled"] is False


def test_forests_whose_sources_swap_their_names_change_nobody(engine) -> None:
    corp, forest = engine.sources
    forest.add(group(FOREST + 101))
    forest.members[guid(FOREST + 101)] = [user_dn(FOREST + 1, "Forest")]
    engine.settle()
    engine.cloud.calls.clear()
    corp.name, forest.name = forest.name, corp.name
    for _ in range(3):
        engine.run()
    assert not engine.cloud.calls
    forest.name = "labs"
    for _ in range(3):
        engine.run()
    assert not engine.cloud.calls


def test_a_person_whose_own_source_the_document_drops_stays_the_same_object(engine) -> None:
    engine.settle()
    corp, forest = engine.sources
    engine.sources = [forest]
    engine.settle()
    made = person(engine, user(1))
    assert len(engine.cloud.objects) == 4 and made["mobile"] == "5" and "title" not in made
    forest.add(other(1, mail="ONE@example.com", mobile="5"), other(4, mail="one@example.com"))
    engine.sources = [corp, forest]
    for _ in range(2):
        report, _ = engine.run()
    assert person(engine, user(1))["title"] == "Clerk" and report.holds == {"JoinConflict": 1}
    engine.sources = [forest]
    engine.run()
    assert person(engine, user(1))["mobile"] == "5"


def test_an_account_of_a_forest_that_the_document_drops_stays_although_only_its_mailbox_is_left(engine) -> None:
    account, mailbox = linked(5)
    engine.sources[0].add(account)
    engine.sources[1].add(mailbox)
    engine.settle()
    engine.sources = engine.sources[1:]
    engine.cloud.calls.clear()
    for _ in range(3):
        report, _ = engine.run()
        assert engine.anchor(account) in engine.cloud.objects and not report.holds
    engine.sources[0].entries.pop(mailbox.guid)
    for _ in range(3):
        engine.run()
    assert engine.anchor(account) in engine.cloud.objects


def test_a_group_of_a_forest_that_the_document_drops_keeps_its_members(engine) -> None:
    engine.settle()
    engine.sources = engine.sources[1:]
    for _ in range(2):
        report, _ = engine.run()
        assert report.settled and engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1))}


def test_a_person_of_an_unread_forest_is_none_of_too_many_deletes(engine) -> None:
    corp, forest = engine.sources
    corp.add(user(9))
    engine.settle()
    engine.config = deletes_up_to(engine.config, 0)
    forest.entries.pop(guid(FOREST + 1))
    for number in (1, 9):
        engine.leave(number)
    engine.run()
    assert engine.run()[0].holds == {"TooManyDeletes": 2}
    forest.complete = False
    engine.config = deletes_up_to(engine.config, 1)
    report, _ = engine.run()
    assert report.holds == {"SourceIncomplete": 1}
    assert engine.anchor(user(1)) in engine.cloud.objects and engine.anchor(user(9)) not in engine.cloud.objects
