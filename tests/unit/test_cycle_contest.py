"""Whole runs over values that several objects want: one gets each, and all others do without and know whose it is."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import BASE, SID, entry, group, user, user_dn, without
from support.engine import Engine, crashing
from support.model import Crash
from support.unique import ResilientCloud, UniqueCloud
from syncramp.model.facts import Entry
from syncramp.model.uniques import claims, mark
from syncramp.model.values import Kind
from syncramp.store import contest

DESK = "desk@corp.example.com"


@pytest.fixture(params=[UniqueCloud, ResilientCloud])
def tenant(request, engine) -> Iterator[Engine]:
    """Three people in a tenant that refuses a value somebody else has, or makes one up instead: neither happens."""
    engine.cloud = request.param()
    engine.settle()
    engine.cloud.calls.clear()
    yield engine
    assert not engine.cloud.collisions


def held(engine: Engine, of: Entry) -> dict[str, object]:
    return engine.cloud.objects[engine.anchor(of)].values


def contact(number: int, **attributes: str) -> Entry:
    values = {"cn": f"Contact {number}", "mail": f"contact{number}@example.net", **attributes}
    return entry(Kind.CONTACT, number, f"CN=Contact {number},OU=People,{BASE}", values)


def test_of_two_new_users_with_one_name_the_one_with_the_smaller_anchor_gets_it(tenant) -> None:
    tenant.source.add(user(8, userPrincipalName=DESK), user(9, userPrincipalName=DESK.upper(), title="Clerk"))
    report = tenant.settle()
    assert held(tenant, user(8))["userPrincipalName"] == DESK
    assert "userPrincipalName" not in held(tenant, user(9)) and held(tenant, user(9))["title"] == "Clerk"
    assert report.violations == {"DuplicateValue": 1}
    (sample,) = report.violation_samples["DuplicateValue"]
    assert (sample.dn, sample.detail) == (user_dn(9), f"userPrincipalName: {DESK.upper()} belongs to {user_dn(8)}")


def test_the_owner_is_told_by_the_name_it_has_now(tenant) -> None:
    tenant.source.add(user(8, mail=DESK), user(9, mail=DESK))
    tenant.settle()
    moved = user(8, ou="Moved", mail=DESK)
    tenant.source.add(moved)
    report = tenant.settle()
    (sample,) = report.violation_samples["DuplicateValue"]
    assert sample.detail == f"mail: {DESK} belongs to {moved.dn}"


def test_who_has_it_in_the_cloud_keeps_it_whoever_comes(tenant) -> None:
    tenant.source.add(user(9, mail=DESK))
    tenant.settle()
    tenant.cloud.calls.clear()
    tenant.source.add(user(4, userPrincipalName=DESK))
    tenant.settle()
    assert held(tenant, user(9))["mail"] == DESK and "userPrincipalName" not in held(tenant, user(4))


def test_a_name_to_sign_in_with_outranks_an_address_and_an_address_outranks_mail(tenant) -> None:
    tenant.source.add(user(7, mail=DESK), user(8, proxyAddresses=[f"SMTP:{DESK}"]), user(9, userPrincipalName=DESK))
    report = tenant.settle()
    assert held(tenant, user(9))["userPrincipalName"] == DESK
    assert "mail" not in held(tenant, user(7)) and "proxyAddresses" not in held(tenant, user(8))
    tenant.source.add(user(9))
    tenant.settle()
    assert held(tenant, user(8))["proxyAddresses"] == (f"SMTP:{DESK}",) and "mail" not in held(tenant, user(7))
    assert report.violations == {"DuplicateValue": 2}


def test_the_next_one_gets_it_in_the_run_in_which_the_owner_gives_it_up(tenant) -> None:
    tenant.source.add(user(8, mail=DESK), user(9, mail=DESK))
    tenant.settle()
    tenant.source.add(user(8))
    report, _ = tenant.run()
    assert report.settled and not report.violations
    assert held(tenant, user(9))["mail"] == DESK and "mail" not in held(tenant, user(8))


def test_the_next_one_gets_it_when_the_owner_is_deleted(tenant) -> None:
    tenant.source.add(user(8, mail=DESK), user(9, mail=DESK))
    tenant.settle()
    tenant.leave(8)
    report, _ = tenant.run()
    assert report.holds == {"AbsentOnce": 1, "ValueTaken": 1} and not report.violations
    tenant.settle()
    assert held(tenant, user(9))["mail"] == DESK


def test_a_value_of_an_object_of_another_kind_is_a_conflict_of_types(tenant) -> None:
    tenant.source.add(contact(8, mail="c@example.net", proxyAddresses=f"smtp:{DESK}"), group(9, mail=DESK))
    report = tenant.settle()
    assert report.violations == {"TypeConflict": 1}
    (sample,) = report.violation_samples["TypeConflict"]
    assert sample.detail == f"mail: {DESK} belongs to a contact, {contact(8).dn}"
    assert "mail" not in held(tenant, group(9))


def test_who_does_without_keeps_what_it_has_and_nobody_gets_that(tenant) -> None:
    tenant.source.add(user(8, mail=DESK), user(9, mail="old@example.com"))
    tenant.settle()
    tenant.source.add(user(9, mail=DESK), user(10, mail="old@example.com", title="Clerk"))
    report, _ = tenant.run()
    assert held(tenant, user(9))["mail"] == "old@example.com"
    assert report.violations == {"DuplicateValue": 1} and report.holds == {"ValueTaken": 1}
    (sample,) = report.hold_samples["ValueTaken"]
    assert sample.detail == (
        f"old@example.com still belongs to {user_dn(9)}, "
        "which keeps it in place of a value that belongs to somebody else"
    )
    tenant.source.add(user(8))
    tenant.settle()
    assert held(tenant, user(9))["mail"] == DESK and held(tenant, user(10))["mail"] == "old@example.com"


def test_of_a_list_the_taken_address_is_left_out_unless_it_is_the_primary_one(tenant) -> None:
    tenant.source.add(user(7, proxyAddresses=["SMTP:seven@example.com", f"smtp:{DESK}"]))
    tenant.source.add(user(8, proxyAddresses=["SMTP:eight@example.com", f"smtp:{DESK}"]))
    tenant.source.add(user(9, proxyAddresses=["smtp:nine@example.com", f"SMTP:{DESK}"]))
    tenant.settle()
    assert held(tenant, user(7))["proxyAddresses"] == ("SMTP:seven@example.com", f"smtp:{DESK}")
    assert held(tenant, user(8))["proxyAddresses"] == ("SMTP:eight@example.com",)
    assert "proxyAddresses" not in held(tenant, user(9))
    tenant.source.add(user(7), user(8))
    tenant.settle()
    assert held(tenant, user(9))["proxyAddresses"] == (f"SMTP:{DESK}", "smtp:nine@example.com")


def test_what_is_held_along_with_a_lost_address_stays_its_own(tenant) -> None:
    tenant.source.add(user(7, mail=DESK))
    tenant.settle()
    tenant.source.add(user(8, proxyAddresses=[f"SMTP:{DESK}", "smtp:eight@example.com"]))
    tenant.settle()
    tenant.source.add(user(9, proxyAddresses=["smtp:eight@example.com"]))
    report = tenant.settle()
    assert report.violations == {"DuplicateValue": 2} and "proxyAddresses" not in held(tenant, user(9))


def test_what_was_held_along_may_be_lost_itself(tenant) -> None:
    tenant.source.add(user(7, userPrincipalName=DESK), user(9, userPrincipalName=DESK))
    tenant.settle()
    tenant.source.add(user(7), user(8, userPrincipalName="b@example.com"))
    tenant.source.add(user(9, userPrincipalName=DESK, proxyAddresses=[f"SMTP:{DESK}", "smtp:b@example.com"]))
    report = tenant.settle()
    assert report.violations == {"DuplicateValue": 1}
    assert held(tenant, user(9))["proxyAddresses"] == (f"SMTP:{DESK}",)


def test_a_leaver_is_disabled_whatever_belongs_to_whom(tenant) -> None:
    tenant.source.add(user(1, userPrincipalName="user2@corp.example.com", userAccountControl="514"))
    tenant.settle()
    assert held(tenant, user(1))["accountEnabled"] is False


def test_who_cannot_be_judged_keeps_what_it_has_and_what_it_does_without(tenant) -> None:
    whole = user(9, mail=DESK, objectSid=SID)
    tenant.source.add(user(8, mail=DESK), whole)
    tenant.settle()
    tenant.source.add(without(whole, "samaccountname"))
    report, _ = tenant.run()
    assert report.violations == {"DuplicateValue": 1} and "mail" not in held(tenant, whole)
    tenant.source.add(user(8), user(10, mail=DESK))
    tenant.run()
    assert "mail" not in held(tenant, user(10)), "it still waits for the one who cannot be judged"
    tenant.source.add(whole)
    tenant.settle()
    assert held(tenant, whole)["mail"] == DESK


def test_who_comes_back_and_cannot_be_judged_keeps_what_it_has(tenant) -> None:
    whole = user(9, mail=DESK, objectSid=SID)
    tenant.source.add(whole)
    tenant.settle()
    tenant.leave(9)
    assert tenant.run()[0].holds == {"AbsentOnce": 1}
    tenant.source.add(without(whole, "samaccountname"))
    tenant.run()
    tenant.source.add(user(8, mail=DESK))
    report = tenant.settle()
    assert held(tenant, whole)["mail"] == DESK and report.violations == {"DuplicateValue": 1}


def test_whose_create_was_never_answered_may_have_it_in_the_cloud_and_keeps_it(tenant) -> None:
    tenant.source.add(user(9, mail=DESK))
    tenant.lose()
    tenant.source.add(user(8, mail=DESK))
    report = tenant.settle()
    assert held(tenant, user(9))["mail"] == DESK and "mail" not in held(tenant, user(8))
    assert report.violations == {"DuplicateValue": 1}


def test_the_store_marks_what_objects_want_and_nothing_else(tenant) -> None:
    tenant.source.add(user(8, mail=DESK), user(9, mail=DESK))
    tenant.settle()
    tenant.source.add(user(8))
    tenant.leave(3)
    tenant.settle(3)
    with tenant.store() as store:
        known = {row[0] for row in store.database.all("SELECT mark FROM uniques")}
    names = [f"user{number}@corp.example.com" for number in (1, 2, 8, 9)]
    assert known == {mark(value) for value in (*names, DESK)}


def test_equal_marks_of_different_values_take_nothing_from_anybody(tenant) -> None:
    with patch("syncramp.model.uniques.crc32", lambda data: 7):
        tenant.source.add(
            user(8, mail="a@example.com"), user(9, mail="b@example.com"), user(10, mail="b@example.com")
        )
        report = tenant.settle()
    assert report.violations == {"DuplicateValue": 1}
    assert held(tenant, user(8))["mail"] == "a@example.com" and held(tenant, user(9))["mail"] == "b@example.com"


@pytest.mark.parametrize("many", [0, 20_000])
def test_a_run_that_was_killed_anywhere_is_made_up_for_by_the_next_one(tmp_path, many: int) -> None:
    """``many``: above so many entries the index of marks is made anew."""
    for moment in range(1, 30):
        engine = Engine(tmp_path / f"{moment}.db", cloud=UniqueCloud())
        engine.source.add(user(1, mail=DESK), user(2, mail=DESK), user(3))
        counted = iter(range(1, 1000))
        with patch.object(contest, "MANY", many):
            with suppress(Crash), crashing(lambda at=moment, counted=counted: next(counted) == at):
                engine.run()
            engine.source.add(user(1), user(3, mail=DESK))
            engine.settle()
        assert held(engine, user(2))["mail"] == DESK and "mail" not in held(engine, user(3))
        assert not engine.cloud.collisions


NAMES = st.sampled_from(["a", "b", "c", "d"])
ADDRESSES = st.lists(NAMES.map("smtp:{}@example.com".format), max_size=3, unique=True)
WISHES = st.fixed_dictionaries(
    {
        "userPrincipalName": st.one_of(NAMES.map("{}@example.com".format), st.none()),
        "mail": st.one_of(NAMES.map("{}@EXAMPLE.com".format), st.none()),
        "proxyAddresses": st.tuples(ADDRESSES, st.booleans()),
        "userAccountControl": st.sampled_from(["512", "514"]),
    }
)
PEOPLE = range(1, 6)


def person(number: int, wish: dict) -> Entry:
    values = {name: value for name, value in wish.items() if value and name != "proxyAddresses"}
    addresses, primary = wish["proxyAddresses"]
    if addresses:
        values["proxyAddresses"] = [addresses[0].replace("smtp:", "SMTP:" if primary else "smtp:"), *addresses[1:]]
    return user(number, **values)


def wanted_by(engine: Engine, people: dict[int, Entry]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for number, each in people.items():
        for _, value in claims(engine.rules("corp").decide(each).object.attributes):
            found.setdefault(value, set()).add(number)
    return found


def desired(engine: Engine) -> dict[int, dict[str, object]]:
    with engine.store() as store:
        states = list(store.snapshot().states(row[0] for row in store.database.all("SELECT id FROM objects")))
    by_anchor = {state.anchor: dict(state.desired or {}) for state in states}
    return {number: by_anchor[engine.anchor(user(number))] for number in PEOPLE}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(PEOPLE), WISHES, min_size=1), min_size=1, max_size=4), st.randoms())
def test_whoever_wants_what_each_value_has_one_owner_the_same_in_any_order(steps, luck) -> None:
    with TemporaryDirectory() as folder:
        people = {number: user(number) for number in PEOPLE}
        one, other = (Engine(Path(folder) / name) for name in ("one.db", "other.db"))
        for step in steps:
            people.update({number: person(number, wish) for number, wish in step.items()})
            one.source.add(*people.values())
            one.run(sends=False)
        last = list(people.values())
        luck.shuffle(last)
        other.source.add(*last)
        other.run(sends=False)
        assert desired(one) == desired(other)
        owners = {
            value: {number for number, values in desired(one).items() if value in {v for _, v in claims(values)}}
            for value in wanted_by(one, people)
        }
        along = {number for number in PEOPLE if "proxyAddresses" not in desired(one)[number]}
        for value, numbers in owners.items():
            assert len(numbers) <= 1 and (len(numbers) == 1 or along & wanted_by(one, people)[value])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(PEOPLE), WISHES, min_size=1), min_size=1, max_size=5))
def test_whoever_wants_what_no_two_objects_ever_get_one_value_and_every_leaver_is_disabled(steps) -> None:
    with TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "state.db", cloud=UniqueCloud())
        people = {number: user(number) for number in PEOPLE}
        for step in steps:
            people.update({number: person(number, wish) for number, wish in step.items()})
            engine.source.add(*people.values())
            engine.run()
            assert not engine.cloud.collisions
            for number, each in people.items():
                enabled = each.attributes["useraccountcontrol"] == (b"512",)
                assert enabled or held(engine, user(number))["accountEnabled"] is False
