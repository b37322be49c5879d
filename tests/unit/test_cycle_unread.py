"""Whole runs over values that cannot be read: nobody is switched on, cleared or deleted for them."""

from dataclasses import replace

import pytest

from support.build import SID, deletes_up_to, group, user, user_dn, without
from support.engine import Engine
from syncramp.model.facts import Entry
from syncramp.model.wire import Operation


def with_bytes(entry: Entry, name: str, value: bytes) -> Entry:
    return replace(entry, attributes={**entry.attributes, name: (value,)})


def in_cloud(engine: Engine, entry: Entry) -> dict[str, object]:
    return engine.cloud.objects[engine.anchor(entry)].values


@pytest.mark.parametrize(
    "unread",
    [
        user(1, userAccountControl="0x202"),
        user(1, userAccountControl="1_0"),
        without(user(1), "useraccountcontrol"),
        without(user(1, objectSid=SID), "useraccountcontrol"),
    ],
)
@pytest.mark.parametrize(("control", "enabled"), [("514", False), ("512", True)])
def test_an_account_whose_state_cannot_be_read_stays_as_it_is(engine, control: str, enabled: bool, unread) -> None:
    engine.source.add(user(1, userAccountControl=control))
    engine.run()
    engine.source.add(unread)
    engine.settle()
    assert in_cloud(engine, unread)["accountEnabled"] is enabled
    engine.source.add(user(1, userAccountControl="514"))
    engine.settle()
    assert in_cloud(engine, unread)["accountEnabled"] is False


@pytest.mark.parametrize(
    ("new", "enabled"),
    [
        (without(user(9, objectSid=SID), "useraccountcontrol"), False),
        (user(9, userAccountControl="0x200"), False),
        (without(user(9), "useraccountcontrol"), True),  # no account of AD: it has no such attribute
    ],
)
def test_a_new_account_of_ad_whose_state_cannot_be_read_comes_disabled(engine, new, enabled: bool) -> None:
    engine.source.add(new)
    engine.settle()
    assert in_cloud(engine, new)["accountEnabled"] is enabled


@pytest.mark.parametrize(("name", "value"), [("displayname", b"\xff"), ("countrycode", b"9" * 25)])
def test_a_malformed_value_leaves_the_last_one_in_the_cloud_and_lets_the_rest_go(engine, name, value) -> None:
    engine.source.add(user(1, displayName="Ann", countryCode="250"))
    engine.run()
    engine.cloud.calls.clear()
    bad = with_bytes(user(1, displayName="Ann", countryCode="250", title="Clerk"), name, value)
    engine.source.add(bad)
    report, _ = engine.run()
    (obj,) = engine.sent
    assert obj.values == {"SourceAnchor": engine.anchor(bad), "title": "Clerk"}
    assert (in_cloud(engine, bad)["displayName"], in_cloud(engine, bad)["countryCode"]) == ("Ann", 250)
    (category,) = report.warnings
    assert "keeps its last value" in category and name in report.warning_samples[category][0].detail


def test_more_certificates_than_the_service_takes_leave_those_that_are_there(engine) -> None:
    known = user(1, mailNickname="ada")
    few = replace(known, attributes={**known.attributes, "usercertificate": (b"a", b"b")})
    many = replace(few, attributes={**few.attributes, "usercertificate": tuple(b"%02d" % n for n in range(16))})
    engine.source.add(few)
    engine.run()
    engine.source.add(many)
    engine.settle()
    assert in_cloud(engine, many)["userCertificate"] == (b"a", b"b")


@pytest.mark.parametrize("value", [b"99999999999999999999", b"9999999999999999999", b"2147483648", b"1_0", b""])
def test_a_number_out_of_range_comes_to_nothing_and_stops_nobody(engine, value: bytes) -> None:
    bad = with_bytes(user(9), "countrycode", value)
    engine.source.add(bad)
    assert engine.settle().settled
    assert "countryCode" not in in_cloud(engine, bad)


@pytest.mark.parametrize("missing", ["samaccountname", "grouptype"])
def test_a_group_of_ad_that_cannot_be_judged_stays_with_its_members(engine, missing: str) -> None:
    whole = group(101, objectSid=SID)
    engine.source.add(whole)
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(without(whole, missing))
    report, _ = engine.run()
    assert not engine.cloud.calls and report.warnings == {"stays as it is, because it cannot be judged": 1}
    engine.source.add(group(101, objectSid=SID, groupType="2"))
    engine.run()
    (obj,) = engine.sent
    assert (obj.operation, obj.values["SourceAnchor"]) == (Operation.DELETE, engine.anchor(whole))


def test_a_group_whose_type_is_no_number_stays(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(group(101, groupType="global"))
    for _ in range(2):
        engine.run()
    assert not engine.cloud.calls


def test_somebody_new_who_cannot_be_judged_does_not_come(engine) -> None:
    engine.source.add(without(user(9, objectSid=SID), "samaccountname"))
    report, _ = engine.run()
    assert len(engine.cloud.objects) == 4
    assert report.skipped == {"its sAMAccountName cannot be read": 1}


def test_whose_create_waits_does_not_come_as_it_was_once_it_cannot_be_judged(engine) -> None:
    newcomer = user(9, objectSid=SID, mail="desk@example.com", manager=user_dn(1))
    engine.source.add(newcomer, user(8, mail="desk@example.com", manager=user_dn(9)))
    engine.run(sends=False)
    engine.source.add(without(user(9, objectSid=SID, userAccountControl="514"), "samaccountname"))
    engine.settle()
    assert engine.anchor(newcomer) not in engine.cloud.objects
    assert "manager" not in in_cloud(engine, user(8))
    assert engine.run()[0].settled
    engine.source.add(newcomer)
    engine.settle()
    assert in_cloud(engine, newcomer)["manager"] == engine.anchor(user(1))
    assert in_cloud(engine, user(8))["manager"] == engine.anchor(newcomer)


@pytest.mark.parametrize("missing", ["samaccountname", "displayname"])
def test_a_disable_goes_although_the_account_cannot_be_judged(engine, missing: str) -> None:
    engine.source.add(user(1, objectSid=SID, title="Clerk"))
    engine.run()
    engine.source.add(without(user(1, objectSid=SID, title="Clerk", userAccountControl="514"), missing))
    report = engine.settle()
    values = in_cloud(engine, user(1))
    assert (values["accountEnabled"], values["title"], values["onPremisesSamAccountName"]) == (
        False,
        "Clerk",
        "user1",
    )
    assert ("stays as it is, because it cannot be judged" in report.warnings) == (missing == "samaccountname")


def test_what_cannot_be_read_is_told_in_every_run(engine) -> None:
    engine.source.add(without(user(1, objectSid=SID), "samaccountname"), user(2, objectSid=SID))
    engine.run()
    engine.source.add(without(user(2, objectSid=SID), "useraccountcontrol"))
    for _ in range(3):
        report, _ = engine.run()
        (category,) = report.warnings
        assert report.warning_samples[category][0].detail == "useraccountcontrol: it is missing"
    engine.source.add(user(2, objectSid=SID))
    assert not engine.run()[0].warnings


def test_a_directory_without_the_attribute_is_no_warning(engine) -> None:
    engine.source.add(without(user(9), "useraccountcontrol"))
    for _ in range(2):
        assert not engine.run()[0].warnings


def test_nobody_is_deleted_who_is_seen_again_and_cannot_be_judged(engine) -> None:
    """Two imports missed the account, the delete is one of too many, and then half of the rights are mended."""
    engine.source.add(user(1, objectSid=SID))
    engine.run()
    engine.config = deletes_up_to(engine.config, 0)
    engine.leave(1)
    engine.run()
    assert engine.run()[0].holds == {"TooManyDeletes": 1}
    engine.source.add(without(user(1, objectSid=SID), "samaccountname"))
    engine.config = deletes_up_to(engine.config, 500)
    for _ in range(3):
        report, _ = engine.run()
        assert not report.holds
    assert in_cloud(engine, user(1))["accountEnabled"] is True
    engine.source.add(user(1, objectSid=SID, title="Clerk"))
    engine.run()
    assert in_cloud(engine, user(1))["title"] == "Clerk"


def test_somebody_who_comes_back_and_cannot_be_read_comes_disabled_whatever_was_known_before(engine) -> None:
    account = user(1, objectSid=SID)
    engine.source.add(account)
    engine.run()
    engine.source.add(user(1, objectSid=SID, isCriticalSystemObject="TRUE"))
    engine.settle()
    assert engine.anchor(account) not in engine.cloud.objects
    engine.source.add(without(account, "useraccountcontrol"))
    engine.settle()
    assert in_cloud(engine, account)["accountEnabled"] is False
