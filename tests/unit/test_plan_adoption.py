"""What is found in a tenant: one object beside what is wanted, and what of the whole looks wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.adoption import Alarm, Finding, Findings
from syncramp.model.report import RunReport, SourceReport
from syncramp.plan.adoption import agree, alarms, digest, frozen, judge

MANAGED = frozenset({"displayName", "title", "accountEnabled", "countryCode", "proxyAddresses", "userPrincipalName"})


def found(creates: int = 0, orphans: int = 0, matched: int = 0, **more: int) -> Findings:
    findings = Findings(RunReport(sources=[SourceReport("corp", "file", True, 1, 1)]), **more)
    for finding, number in ((Finding.TO_CREATE, creates), (Finding.ORPHAN, orphans), (Finding.MATCHED, matched)):
        findings.note(finding, "User", number)
    return findings


def raised(findings: Findings, matching: int = 0) -> set[Alarm]:
    return {alarm for alarm, _ in alarms(findings, matching)}


def test_numbers_and_booleans_may_come_as_text() -> None:
    judged = judge(
        {"accountEnabled": True, "countryCode": 49}, {"AccountEnabled": "true", "CountryCode": "49"}, MANAGED
    )
    assert (judged.different, judged.held) == ((), {"accountEnabled": True, "countryCode": 49})


def test_what_differs_is_held_as_the_cloud_has_it_in_our_types() -> None:
    wanted = {"accountEnabled": False, "countryCode": 49, "proxyAddresses": ("SMTP:a@x",)}
    shown = {
        "AccountEnabled": "True",
        "CountryCode": "-7",
        "ProxyAddresses": ("smtp:b@x", "SMTP:c@x"),
        "Title": "Clerk",
    }
    judged = judge(wanted, shown, MANAGED)
    assert judged.held == {
        "accountEnabled": True,
        "countryCode": -7,
        "proxyAddresses": ("SMTP:c@x", "smtp:b@x"),
        "title": "Clerk",
    }
    assert set(judged.different) == {"accountEnabled", "countryCode", "proxyAddresses", "title"}
    assert set(judged.found) == {"accountEnabled", "proxyAddresses"}


def test_what_the_cloud_does_not_have_is_not_held() -> None:
    judged = judge({"displayName": "Ann", "title": "Clerk"}, {"DisplayName": "Ann"}, MANAGED)
    assert (judged.held, judged.different, judged.found) == ({"displayName": "Ann"}, ("title",), ())


def test_attributes_that_no_rule_gives_are_not_looked_at() -> None:
    assert judge({}, {"Mobile": "1", "CloudAnchor": "User_1"}, MANAGED).different == ()


def test_a_primary_address_in_other_letters_is_the_same() -> None:
    judged = judge({"proxyAddresses": ("SMTP:A@x", "smtp:b@x")}, {"ProxyAddresses": ("SMTP:a@x",)}, MANAGED)
    assert judged.found == ()


@pytest.mark.parametrize(
    ("creates", "orphans", "matched", "alarming"),
    [
        (0, 0, 0, set()),
        (1000, 0, 0, set()),
        (50, 1, 100, set()),
        (51, 1, 100, {Alarm.MANY_CREATES}),
        (51, 1, 51_000, set()),
        (52, 1, 51_000, {Alarm.MANY_CREATES}),
        (0, 7, 7, set()),
        (0, 8, 7, {Alarm.MANY_ORPHANS}),
    ],
)
def test_alarms_begin_beyond_their_limits(creates: int, orphans: int, matched: int, alarming: set[Alarm]) -> None:
    assert raised(found(creates, orphans, matched)) == alarming


def test_a_create_like_an_orphan_is_an_alarm_however_few() -> None:
    assert raised(found(1, 1, 10), matching=1) == {Alarm.CREATES_MATCH_ORPHANS}


@pytest.mark.parametrize(
    ("counted", "anchored", "shown", "same"),
    [
        (None, 5, 7, True),
        (5, 5, 7, True),
        (7, 5, 7, True),
        (6, 5, 7, False),
        (100_000, 99_900, 200_000, True),
        (100_000, 99_899, 200_000, False),
    ],
)
def test_counts_agree_to_one_in_a_thousand(counted: int | None, anchored: int, shown: int, same: bool) -> None:
    findings = found(counted=counted, anchored=anchored, shown=shown)
    assert agree(findings) is same
    assert raised(findings) == (set() if same else {Alarm.COUNTS_DIFFER})


def test_a_group_looks_frozen_only_when_it_is_large_and_lacks_members() -> None:
    assert frozen(49_999, 10, 49_989) == "" and frozen(60_000, 60_000, 0) == ""
    assert frozen(50_000, 49_990, 10).startswith("frozen by the previous tool: the directory has 50,000 members")
    assert frozen(10, 50_000, 1)


ROWS = st.lists(st.tuples(st.sampled_from(["Orphan", "ToCreate"]), st.sampled_from(["User", "Group"]), st.text()))


@given(ROWS, ROWS)
def test_the_digest_stands_for_what_was_found_and_for_the_alarms(one: list, other: list) -> None:
    assert (digest(["A"], one) == digest(["A"], other)) is (one == other)
    assert digest(["A"], one) != digest([], one)
