"""Whole runs: a value that must be unique in the tenant is free before somebody else claims it."""

from dataclasses import replace

import pytest

from support.build import deletes_up_to, guid, user
from support.engine import Engine
from support.unique import ResilientCloud, UniqueCloud
from syncramp.model.facts import Entry
from syncramp.model.wire import Operation

UPN = "user1@corp.example.com"


def anew(number: int, of: Entry) -> Entry:
    """The same account, deleted and made anew: all is the same but the GUID."""
    return replace(of, guid=guid(number), attributes={**of.attributes, "objectguid": (guid(number),)})


def names(engine: Engine) -> list[object]:
    """User principal names, in the order in which the cloud got them."""
    return [obj.values.get("userPrincipalName", obj.operation.value) for obj in engine.sent if obj.kind == "User"]


@pytest.fixture
def rehired(engine) -> Engine:
    """User 1 is deleted and made anew under the same DN and name."""
    engine.run()
    engine.cloud.calls.clear()
    engine.source.entries.pop(guid(1))
    engine.source.add(anew(77, user(1)))
    return engine


def test_an_account_made_anew_waits_until_the_old_one_is_deleted(rehired) -> None:
    report, _ = rehired.run()
    assert report.holds == {"AbsentOnce": 1, "ValueTaken": 1} and not rehired.cloud.calls
    detail = report.hold_samples["ValueTaken"][0].detail
    assert detail == f"{UPN} still belongs to {user(1).dn}, whose change is held"
    rehired.run()
    assert names(rehired) == ["Delete", UPN]
    assert rehired.settle().settled


def test_a_claim_waits_as_long_as_deletes_are_too_many(rehired) -> None:
    rehired.config = deletes_up_to(rehired.config, 0)
    for _ in range(3):
        report, _ = rehired.run()
    assert report.holds == {"TooManyDeletes": 1, "ValueTaken": 1} and not rehired.cloud.calls


def test_an_update_waits_with_the_claimed_attribute_alone(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    engine.source.entries.pop(guid(1))
    engine.source.add(user(2, title="Clerk", mail="SMTP@example.com", proxyAddresses=[f"SMTP:{UPN.upper()}"]))
    report, _ = engine.run()
    (obj,) = engine.sent
    assert obj.values.keys() == {"SourceAnchor", "title", "mail"}
    assert report.holds == {"AbsentOnce": 1, "ValueTaken": 1}
    engine.settle()
    assert engine.cloud.objects[engine.anchor(user(2))].values["proxyAddresses"] == (f"SMTP:{UPN.upper()}",)


def test_a_value_that_an_incomplete_source_gives_up_is_not_free(engine) -> None:
    engine.source.add(user(1, mail="desk@example.com"))
    engine.run()
    engine.source.complete = False
    engine.source.add(user(1), user(4, mail="desk@example.com"))
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.holds == {"SourceIncomplete": 1, "ValueTaken": 1} and not engine.cloud.calls


def test_a_value_moves_within_one_run_where_nothing_is_held(engine) -> None:
    engine.source.add(user(1, mail="desk@example.com"))
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(user(1), user(2, mail="desk@example.com"))
    assert engine.run()[0].settled
    assert [obj.values.get("mail") for obj in engine.sent] == [None, "desk@example.com"]


def upn(number: int) -> str:
    return f"user{number}@corp.example.com"


def named(number: int, name: int, **attributes: str) -> Entry:
    """A person under the name of another one."""
    return user(number, userPrincipalName=upn(name), **attributes)


@pytest.fixture(params=[UniqueCloud, ResilientCloud])
def tenant(request, engine) -> Engine:
    """Three people in a tenant that refuses a value somebody else has, or makes one up instead."""
    engine.cloud = request.param()
    engine.settle()
    engine.cloud.calls.clear()
    return engine


def who(engine: Engine) -> dict[int, object]:
    """The names in the cloud, by the number of the person."""
    anchors = {number: engine.anchor(user(number)) for number in range(1, 100)}
    cloud = engine.cloud.objects
    return {n: cloud[a].values["userPrincipalName"] for n, a in anchors.items() if a in cloud}


def test_what_is_held_keeps_its_own_value_from_the_next_one(tenant) -> None:
    tenant.leave(1)
    tenant.source.add(named(2, 1), named(3, 2))
    report, _ = tenant.run()
    assert report.holds == {"AbsentOnce": 1, "ValueTaken": 2} and not names(tenant)
    tenant.run()
    assert names(tenant) == ["Delete", upn(1), upn(2)] and tenant.settle().settled
    assert who(tenant) == {2: upn(1), 3: upn(2)} and not tenant.cloud.collisions


def test_a_value_is_claimed_behind_its_release(tenant) -> None:
    tenant.source.add(named(1, 2), named(2, 22))
    assert tenant.run()[0].settled
    assert names(tenant) == [upn(22), upn(2)] and not tenant.cloud.collisions


def test_names_that_all_move_up_by_one_move_in_one_run(tenant) -> None:
    numbers = range(1, 41)
    tenant.source.add(*map(user, numbers))
    tenant.settle()
    tenant.cloud.calls.clear()
    tenant.source.add(*(named(number, number + 1) for number in numbers))
    assert tenant.run()[0].settled
    assert names(tenant) == [upn(number + 1) for number in reversed(numbers)] and not tenant.cloud.collisions


def test_an_update_takes_what_a_delete_frees_and_a_create_what_the_update_frees(tenant) -> None:
    tenant.leave(1)
    tenant.run()
    tenant.source.add(named(2, 1), named(9, 2))
    assert tenant.run()[0].settled
    assert names(tenant) == ["Delete", upn(1), upn(2)] and not tenant.cloud.collisions


def test_a_leaver_who_takes_a_name_is_disabled_before_it_is_free(tenant) -> None:
    tenant.source.add(named(1, 2, userAccountControl="514"), named(2, 22))
    assert tenant.run()[0].settled
    first, *rest = tenant.sent
    assert first.values == {"SourceAnchor": tenant.anchor(user(1)), "accountEnabled": False}
    assert [obj.values["userPrincipalName"] for obj in rest] == [upn(22), upn(2)] and not tenant.cloud.collisions


def test_two_who_swap_their_names_are_told_how_to(tenant) -> None:
    one, two = user(1).dn, user(2).dn
    tenant.source.add(named(1, 2), named(2, 1), named(3, 3, title="Clerk"))
    report, _ = tenant.run()
    assert report.holds == {"ValueTaken": 2}
    circle = f"which waits itself, in a circle: {one} → {two} → {one}; give one of them another value for one sync"
    assert [(sample.dn, sample.detail) for sample in report.hold_samples["ValueTaken"]] == [
        (one, f"{upn(2)} still belongs to {two}, {circle}"),
        (two, f"{upn(1)} still belongs to {one}, {circle}"),
    ]
    tenant.source.add(named(1, 99))
    tenant.settle()
    tenant.source.add(named(1, 2))
    tenant.settle()
    assert who(tenant) == {1: upn(2), 2: upn(1), 3: upn(3)} and not tenant.cloud.collisions


def test_who_wants_a_value_that_moves_in_a_circle_comes_without_it(tenant) -> None:
    tenant.source.add(named(1, 2), named(2, 1, mail=upn(3)), user(3, userPrincipalName=upn(33)))
    tenant.source.add(user(4, mail=upn(2)))
    report, _ = tenant.run()
    assert report.holds == {"ValueTaken": 2} and report.violations == {"DuplicateValue": 1}
    assert names(tenant) == [upn(33), "Set", upn(4)] and not tenant.cloud.collisions


def test_a_long_circle_is_told_in_short(tenant) -> None:
    tenant.source.add(*map(user, range(1, 21)))
    tenant.settle()
    tenant.source.add(*(named(number, number % 20 + 1) for number in range(1, 21)))
    report, _ = tenant.run()
    assert report.holds == {"ValueTaken": 20}
    assert report.hold_samples["ValueTaken"][0].detail.count("→") == 6


def test_two_who_exchange_different_values_need_no_help(tenant) -> None:
    tenant.source.add(user(1, mail="desk@example.com"))
    tenant.settle()
    tenant.source.add(named(1, 2), user(2, userPrincipalName=upn(22), mail="desk@example.com"))
    tenant.settle(2)
    assert who(tenant)[1] == upn(2) and not tenant.cloud.collisions


def test_a_claim_is_left_when_the_release_is_refused(tenant) -> None:
    tenant.cloud.refuse = lambda obj: "busy" if obj.values.get("userPrincipalName") == upn(22) else ""
    tenant.source.add(named(1, 2, title="Clerk"), named(2, 22), named(9, 1))
    report, _ = tenant.run()
    assert not tenant.cloud.collisions and who(tenant) == {n: upn(n) for n in (1, 2, 3)}
    assert (report.objects.expected, report.objects.refused, report.objects.left) == (3, 1, 2)
    (samples,) = report.warning_samples.values()
    assert [sample.detail for sample in samples] == [
        f"{upn(2)} still belongs to {user(2).dn}",
        f"{upn(1)} still belongs to {user(1).dn}",
    ]
    tenant.cloud.refuse = lambda obj: ""
    tenant.settle()
    assert who(tenant) == {1: upn(2), 2: upn(22), 3: upn(3), 9: upn(1)} and not tenant.cloud.collisions


def test_a_new_account_is_left_when_the_delete_is_refused(tenant) -> None:
    tenant.leave(1)
    tenant.source.add(anew(77, user(1)))
    tenant.run()
    tenant.cloud.refuse = lambda obj: "busy" if obj.operation is Operation.DELETE else ""
    report, _ = tenant.run()
    assert (report.objects.refused, report.objects.left) == (1, 1) and not tenant.cloud.collisions
    tenant.cloud.refuse = lambda obj: ""
    assert tenant.settle().settled and not tenant.cloud.collisions


def test_a_stop_leaves_claims_without_a_word(tenant) -> None:
    tenant.cloud.fault = lambda moment: tenant.stop.set()
    tenant.source.add(named(1, 2), named(2, 22), named(9, 1))
    report, _ = tenant.run()
    assert names(tenant) == [upn(22)]
    assert (report.objects.acknowledged, report.objects.left) == (1, 2) and not report.warnings


def test_an_account_whose_create_was_never_answered_may_have_its_name(tenant) -> None:
    tenant.source.add(user(9))
    tenant.lose()
    tenant.leave(9)
    tenant.source.add(anew(77, user(9)))
    report, _ = tenant.run()
    assert report.holds == {"AbsentOnce": 1, "ValueTaken": 1}
    assert tenant.settle().settled and not tenant.cloud.collisions
    assert upn(9) in who(tenant).values()


def test_an_account_whose_last_update_was_never_answered_may_have_both_names(tenant) -> None:
    tenant.source.add(named(1, 9))
    tenant.lose()
    tenant.leave(1)
    tenant.source.add(named(2, 9), named(3, 1))
    report, _ = tenant.run()
    assert report.holds == {"AbsentOnce": 1, "ValueTaken": 2}
    tenant.settle()
    assert who(tenant) == {2: upn(9), 3: upn(1)} and not tenant.cloud.collisions


def test_a_value_of_somebody_whom_a_cut_import_did_not_show_is_not_free(tenant) -> None:
    tenant.leave(1)
    tenant.source.complete = False
    tenant.source.add(named(2, 1), named(9, 2))
    report, _ = tenant.run()
    (lost,), (held,) = report.violation_samples["DuplicateValue"], report.hold_samples["ValueTaken"]
    assert lost.detail == f"userPrincipalName: {upn(1)} belongs to {user(1).dn}"
    assert held.detail == (
        f"{upn(2)} still belongs to {user(2).dn}, which keeps it in place of a value that belongs to somebody else"
    )
    tenant.source.complete = True
    tenant.settle()
    assert who(tenant) == {2: upn(1), 3: upn(3), 9: upn(2)} and not tenant.cloud.collisions
