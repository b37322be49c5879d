"""Whole runs over values that the service would not take: they are kept back, and nothing else is."""

from dataclasses import replace

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from syncramp.model.facts import Entry
from syncramp.model.wire import Operation

BAD = "müller@corp.example.com"


def held(engine: Engine, entry: Entry) -> dict[str, object]:
    return engine.cloud.objects[engine.anchor(entry)].values


def verify(engine: Engine, *domains: str) -> None:
    """The document names the domains of the tenant from now on."""
    target = replace(engine.config.target, verified_domains=frozenset(domains))
    engine.config = replace(engine.config, target=target)


def test_a_new_user_with_a_bad_name_comes_without_one(engine) -> None:
    engine.source.add(user(9, userPrincipalName=BAD, title="Clerk"))
    report = engine.settle()
    assert "userPrincipalName" not in held(engine, user(9)) and held(engine, user(9))["title"] == "Clerk"
    assert report.violations == {"InvalidUserPrincipalName": 1}
    (sample,) = report.violation_samples["InvalidUserPrincipalName"]
    assert (sample.kind, sample.dn, sample.anchor) == ("User", user_dn(9), engine.anchor(user(9)))
    assert sample.detail.startswith(f"userPrincipalName: {BAD} is not a name")


def test_what_is_kept_back_is_told_in_every_run_and_is_nothing_to_do(engine) -> None:
    engine.source.add(user(9, userPrincipalName=BAD))
    engine.settle()
    report, plan = engine.run()
    assert plan.empty and report.settled and report.violations == {"InvalidUserPrincipalName": 1}


def test_a_known_user_keeps_the_name_it_has_and_the_rest_goes(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(user(1, userPrincipalName=BAD, title="Clerk"))
    engine.settle()
    (obj,) = engine.sent
    assert obj.values == {"SourceAnchor": engine.anchor(user(1)), "title": "Clerk"}
    assert held(engine, user(1))["userPrincipalName"] == "user1@corp.example.com"


def test_once_it_is_mended_it_goes_and_nothing_is_told_any_more(engine) -> None:
    engine.source.add(user(9, userPrincipalName=BAD))
    engine.settle()
    engine.source.add(user(9))
    report = engine.settle()
    assert held(engine, user(9))["userPrincipalName"] == "user9@corp.example.com" and not report.violations


def test_a_disable_a_lost_membership_and_a_delete_go_whatever_is_wrong_with_the_object(engine) -> None:
    engine.run()
    engine.cloud.calls.clear()
    bad = {"userPrincipalName": BAD, "proxyAddresses": ["none"], "mail": "x", "mailNickname": ".", "title": "x" * 999}
    engine.source.add(user(1, userAccountControl="514", **bad))
    engine.source.members[guid(101)] = [user_dn(2)]
    report = engine.settle()
    assert held(engine, user(1))["accountEnabled"] is False
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(2))}
    assert sum(report.violations.values()) == len(bad)
    engine.leave(1)
    engine.run()
    engine.settle()
    assert engine.sent[-1].operation is Operation.DELETE and engine.anchor(user(1)) not in engine.cloud.objects


def test_of_a_list_the_bad_value_is_left_out(engine) -> None:
    engine.source.add(user(1, proxyAddresses=["SMTP:one@example.com", "smtp:first one@example.com"]))
    report = engine.settle()
    assert held(engine, user(1))["proxyAddresses"] == ("SMTP:one@example.com",)
    assert report.violations == {"InvalidProxyAddress": 1}


def test_a_value_that_the_cloud_has_stays_although_it_would_not_be_sent_now(engine) -> None:
    addresses = ("SMTP:one@corp.example.com", "smtp:one@example.net", "smtp:zwei@corp.example.com")
    engine.source.add(user(1, proxyAddresses=addresses))
    engine.settle()
    verify(engine, "corp.example.com")
    engine.source.add(user(1, proxyAddresses=[*addresses[:2], "smtp:three@example.net"]))
    report = engine.settle()
    assert held(engine, user(1))["proxyAddresses"] == addresses[:2]
    assert report.violations == {"UnverifiedDomain": 2}


def test_a_list_without_its_primary_address_stays_as_it_is(engine) -> None:
    engine.source.add(user(1, proxyAddresses=["SMTP:one@example.com", "smtp:ein@example.com"]))
    engine.settle()
    engine.source.add(user(1, proxyAddresses=["SMTP:first one@example.com", "smtp:one@example.com"]))
    engine.settle()
    assert held(engine, user(1))["proxyAddresses"] == ("SMTP:one@example.com", "smtp:ein@example.com")


def test_domains_that_the_document_names_later_are_asked_for_of_everybody(engine) -> None:
    engine.source.add(user(9, userPrincipalName="user9@example.net"))
    engine.settle()
    verify(engine, "example.org")
    report = engine.settle()
    assert report.violations == {"UnverifiedDomain": 4} and held(engine, user(9))["userPrincipalName"]
    verify(engine, "example.net", "corp.example.com")
    assert not engine.settle().violations


def test_an_attribute_in_doubt_that_turned_bad_is_what_was_last_wanted(engine) -> None:
    engine.settle()
    engine.source.add(user(9))
    engine.lose()
    engine.source.add(user(9, userPrincipalName=BAD))
    engine.settle()
    assert held(engine, user(9))["userPrincipalName"] == "user9@corp.example.com"


def test_what_was_wanted_and_refused_is_not_wanted_any_more_once_it_turned_bad(engine) -> None:
    engine.settle()
    engine.cloud.refuse = lambda obj: "no" if "userPrincipalName" in obj.values else ""
    engine.source.add(user(1, userPrincipalName="one@corp.example.com"))
    engine.run()
    engine.source.add(user(1, userPrincipalName=BAD))
    report, plan = engine.run()
    assert plan.empty and report.violations == {"InvalidUserPrincipalName": 1}


@pytest.mark.parametrize("count", [15, 16])
def test_certificates_beyond_the_limit_are_told(engine, count: int) -> None:
    certificates = tuple(b"%02d" % number for number in range(count))
    entry = user(9, mailNickname="nine")
    engine.source.add(replace(entry, attributes={**entry.attributes, "usercertificate": certificates}))
    report = engine.settle()
    assert report.violations == ({} if count == 15 else {"TooManyValues": 1})
    assert ("userCertificate" in held(engine, entry)) is (count == 15)
