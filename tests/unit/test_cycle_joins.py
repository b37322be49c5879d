"""Whole runs over two directories whose entries are one person: who is joined, what stays, and what waits."""

from dataclasses import replace

import pytest

from support.build import SID, group, guid, user, user_dn, without
from support.engine import Engine
from support.joined import FOREST, contact, other, person, two_forests
from syncramp.model.values import Kind
from syncramp.model.wire import Operation
from syncramp.spec.types import Join, JoinBy, Merge


@pytest.fixture
def engine(tmp_path) -> Engine:
    return two_forests(tmp_path / "state.db")


def test_entries_with_one_mail_address_are_one_person(engine) -> None:
    engine.settle()
    assert len(engine.cloud.objects) == 4
    made = person(engine, user(1))
    assert (made["title"], made["mobile"], made["mail"]) == ("Clerk", "5", "one@example.com")


def test_a_member_of_the_other_forest_is_the_person(engine) -> None:
    _, forest = engine.sources
    forest.add(group(FOREST + 101))
    forest.members[guid(FOREST + 101)] = [user_dn(FOREST + 1, "Forest"), user_dn(FOREST + 3, "Forest")]
    engine.settle()
    anchor = engine.anchor(group(FOREST + 101))
    assert engine.cloud.links[anchor] == {engine.anchor(user(1)), engine.anchor(other(3))}


def test_a_departed_second_entry_takes_only_its_attributes_along(engine) -> None:
    engine.settle()
    engine.sources[1].entries.pop(guid(FOREST + 1))
    engine.settle()
    engine.settle()
    made = person(engine, user(1))
    assert "mobile" not in made and made["title"] == "Clerk"
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1))}
    assert not any(obj.operation is Operation.DELETE for obj in engine.sent)


def test_a_person_whose_first_entry_leaves_stays_the_same_object(engine) -> None:
    engine.settle()
    anchor = engine.anchor(user(1))
    engine.leave(1)
    engine.settle()
    engine.settle()
    assert anchor in engine.cloud.objects and len(engine.cloud.objects) == 4
    made = engine.cloud.objects[anchor].values
    assert made["mobile"] == "5" and "title" not in made
    assert engine.cloud.links[engine.anchor(group(101))] == set()
    engine.sources[0].add(user(1, mail="one@example.com", title="Back"))
    engine.settle()
    assert person(engine, user(1))["title"] == "Back" and len(engine.cloud.objects) == 4


def test_a_person_who_leaves_both_forests_is_deleted_when_two_imports_agree(engine) -> None:
    engine.settle()
    engine.leave(1)
    engine.sources[1].entries.pop(guid(FOREST + 1))
    report, _ = engine.run()
    assert report.holds == {"AbsentOnce": 1}
    assert engine.anchor(user(1)) in engine.cloud.links[engine.anchor(group(101))]
    engine.settle()
    assert engine.anchor(user(1)) not in engine.cloud.objects


def test_two_entries_of_one_forest_are_joined_with_nobody(engine) -> None:
    engine.sources[0].add(user(4, mail="one@example.com"))
    report, _ = engine.run()
    assert report.holds == {"JoinConflict": 3}
    detail = report.hold_samples["JoinConflict"][0].detail
    assert user_dn(1) in detail and user_dn(4) in detail and "by mail" in detail
    assert len(engine.cloud.objects) == 3
    engine.sources[0].add(user(4, mail="four@example.com"))
    engine.settle()
    assert person(engine, user(1))["mobile"] == "5" and len(engine.cloud.objects) == 5


def test_a_newcomer_with_the_same_address_does_not_touch_who_is_joined(engine) -> None:
    engine.settle()
    engine.cloud.calls.clear()
    engine.sources[0].add(user(4, mail="one@example.com"))
    for _ in range(2):
        report, _ = engine.run()
        assert report.holds == {"JoinConflict": 1} and not engine.cloud.calls
        assert any(
            "one person" in sample.detail
            for sample in report.warning_samples["not joined, because it is not clear with whom"]
        )


def test_two_objects_of_the_cloud_are_never_joined(engine) -> None:
    engine.settle()
    engine.sources[1].add(other(3, mail="two@example.com"))
    report, _ = engine.run()
    assert len(engine.cloud.objects) == 4 and not report.holds
    (warned,) = report.warning_samples.values()
    assert {sample.dn for sample in warned} == {user_dn(2), user_dn(FOREST + 3, "Forest")}


def test_a_linked_mailbox_adds_to_its_account_and_is_nobody_without(engine) -> None:
    account = user(5, objectSid=SID + b"5" * 16, sAMAccountName="five")
    mailbox = other(
        5,
        msExchRecipientTypeDetails="2",
        msExchMasterAccountSid=SID + b"5" * 16,
        userAccountControl="514",
        proxyAddresses=["SMTP:five@example.com"],
        displayName="Five in the list",
    )
    engine.sources[1].add(mailbox)
    report, _ = engine.run()
    assert report.skipped == {"a linked mailbox: its account is in another forest": 1}
    engine.sources[0].add(account)
    engine.settle()
    made = person(engine, account)
    assert made["userPrincipalName"] == "user5@corp.example.com" and made["accountEnabled"] is True
    assert made["displayName"] == "Five in the list" and made["proxyAddresses"] == ("SMTP:five@example.com",)
    engine.leave(5)
    engine.settle()
    engine.settle()
    assert engine.anchor(account) not in engine.cloud.objects, "a mailbox alone is nobody"


def test_mailboxes_that_nobody_owns_are_not_one_person(engine) -> None:
    nobody = bytes.fromhex("01010000000000050a000000")
    engine.sources[0].add(user(6, msExchMasterAccountSid=nobody))
    engine.sources[1].add(other(7, msExchMasterAccountSid=nobody))
    engine.settle()
    assert len(engine.cloud.objects) == 6


def test_a_contact_of_a_person_adds_to_the_user(engine) -> None:
    engine.sources[1].add(contact(2, mail="two@example.com", telephoneNumber="22", targetAddress="SMTP:x@y.example"))
    engine.settle()
    made = engine.cloud.objects[engine.anchor(user(2))]
    assert made.kind == "User" and made.values["telephoneNumber"] == "22" and "targetAddress" not in made.values
    assert len(engine.cloud.objects) == 4


def test_a_contact_in_the_cloud_does_not_become_a_user_by_itself(engine) -> None:
    engine.sources[1].add(contact(8, mail="eight@example.com"))
    engine.settle()
    engine.sources[0].add(user(8, mail="eight@example.com"))
    report, _ = engine.run()
    assert report.holds == {"AnchorConflict": 1}
    assert engine.cloud.objects[engine.anchor(contact(8))].kind == "Contact"


def test_a_user_of_whom_a_contact_is_left_goes_and_the_contact_comes(engine) -> None:
    engine.sources[1].add(contact(2, mail="two@example.com"))
    engine.settle()
    engine.leave(2)
    engine.settle()
    engine.settle()
    assert engine.anchor(user(2)) not in engine.cloud.objects
    assert engine.cloud.objects[engine.anchor(contact(2))].kind == "Contact"


def test_people_without_an_anchor_are_not_one_person(engine) -> None:
    engine.config = replace(
        engine.config,
        joins=(Join(frozenset({Kind.USER}), JoinBy.SOURCE_ANCHOR),),
        source_anchor="employeeNumber",
    )
    engine.sources[0].add(user(1, employeeNumber="1"))
    engine.sources[1].add(other(1, employeeNumber="1"))
    report, _ = engine.run()
    assert not report.holds
    with engine.store() as store:
        assert store.database.all("SELECT entry FROM join_keys") == store.database.all(
            "SELECT id FROM entries WHERE dn IN (?, ?)", (user_dn(1), user_dn(FOREST + 1, "Forest"))
        )


def test_a_manager_in_the_other_forest_is_the_person(engine) -> None:
    engine.sources[1].add(other(3, mail="three@example.com", manager=user_dn(FOREST + 1, "Forest")))
    engine.settle()
    assert person(engine, other(3))["manager"] == engine.anchor(user(1))


def test_a_document_that_joins_no_more_makes_two_of_one(engine) -> None:
    engine.settle()
    engine.config = replace(engine.config, joins=())
    engine.settle()
    assert len(engine.cloud.objects) == 5
    assert "mobile" not in person(engine, user(1)) and person(engine, other(1))["mobile"] == "5"


def test_an_expression_says_what_people_share(engine) -> None:
    engine.config = replace(
        engine.config, joins=(Join(frozenset({Kind.USER}), None, "lower(entry.?pager.orValue(''))"),)
    )
    engine.sources[0].add(user(9, pager="X9"))
    engine.sources[1].add(other(9, pager="x9", mobile="99"))
    engine.settle()
    assert person(engine, user(9))["mobile"] == "99" and len(engine.cloud.objects) == 6


def test_whom_an_expression_fails_for_stays_who_it_is_and_nobody_new_comes(engine) -> None:
    text = "entry.?info.orValue('') == 'bad' ? string(1 / int(entry.info)) : entry.?pager.orValue('')"
    engine.config = replace(engine.config, joins=(Join(frozenset({Kind.USER}), None, text),))
    engine.sources[0].add(user(9, pager="9"))
    engine.sources[1].add(other(9, pager="9", mobile="99"))
    engine.settle()
    engine.sources[1].add(other(9, pager="9", mobile="98", info="bad"), other(10, info="bad"))
    report, _ = engine.run()
    assert report.holds == {"JoinConflict": 1}
    assert person(engine, user(9))["mobile"] == "98"


def test_lists_add_up_where_the_document_says_so(engine) -> None:
    engine.sources[0].add(user(9, employeeID="9", proxyAddresses=["SMTP:a@x.example", "smtp:b@x.example"]))
    engine.sources[1].add(other(9, employeeID="9", proxyAddresses=["SMTP:C@x.example", "smtp:B@x.example"]))
    engine.settle()
    assert person(engine, user(9))["proxyAddresses"] == ("SMTP:a@x.example", "smtp:b@x.example")
    engine.config = replace(engine.config, merges={"proxyAddresses": Merge.CASE_INSENSITIVE})
    engine.settle()
    expected = ("SMTP:a@x.example", "smtp:C@x.example", "smtp:b@x.example")
    assert person(engine, user(9))["proxyAddresses"] == expected


def test_what_an_account_lacks_does_not_come_from_another_one(engine) -> None:
    engine.sources[0].add(user(9, employeeID="9"))
    engine.sources[1].add(other(9, employeeID="9", userAccountControl="514", pwdLastSet="133500000000000000"))
    engine.settle()
    assert "lastPasswordChangeTimestamp" not in person(engine, user(9))


def test_what_an_entry_adds_stays_while_it_cannot_be_judged(engine) -> None:
    engine.settle()
    hidden = other(1, objectSid=SID + b"1" * 16, title="Other", userAccountControl="514")
    engine.sources[1].add(without(hidden, "samaccountname", "mobile"))
    engine.sources[0].add(user(1, mail="one@example.com", title="Director", userAccountControl="514"))
    for _ in range(3):
        report, _ = engine.run()
    made = person(engine, user(1))
    assert (made["mobile"], made["title"], made["accountEnabled"]) == ("5", "Director", False)
    assert len(engine.cloud.objects) == 4 and report.warnings


def test_nothing_is_sent_when_nothing_changed(engine) -> None:
    engine.settle()
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.settled and not engine.cloud.calls


def test_an_enabled_account_signs_in_for_a_disabled_one(engine) -> None:
    engine.sources[0].add(user(9, employeeID="9", userAccountControl="514"))
    engine.sources[1].add(other(9, employeeID="9", userAccountControl="512"))
    engine.settle()
    made = person(engine, other(9))
    assert made["accountEnabled"] is True and made["userPrincipalName"] == f"user{FOREST + 9}@corp.example.com"
    assert engine.anchor(user(9)) not in engine.cloud.objects
