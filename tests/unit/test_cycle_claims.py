"""Whole runs: a value that must be unique in the tenant is free before somebody else claims it."""

from dataclasses import replace

import pytest

from support.build import guid, user
from support.engine import Engine
from syncramp.model.facts import Entry

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
    rehired.config = replace(rehired.config, delete_count=0)
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
