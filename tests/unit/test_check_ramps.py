"""What is wrong with ramps, and where."""

from typing import Any

import pytest

from support.documents import findings, minimal, said
from syncramp.model.values import Kind
from syncramp.rules.desired import GROUPS, MEMBERS, desired_names
from syncramp.rules.settable import settable

MAKES, WANTED = "line 1, column 1: it makes", "but a number, text, or true or false is wanted"

LEAST = "should be greater than or equal to 1"


def ramps(*given: dict[str, Any]) -> dict[str, Any]:
    return minimal({"spec.groups.ramps": [{"name": f"r{number}", **one} for number, one in enumerate(given)]})


def one(**members: Any) -> dict[str, Any]:
    return ramps({"match": {"minMembers": 10}, **members})


def where(text: str) -> dict[str, Any]:
    return ramps({"match": {"minMembers": 10, "where": text}})


def test_a_condition_that_does_not_compile_is_told_with_its_place() -> None:
    found = said(where("has(object.mail) &&\n object.mial == 'x'"))
    assert found == {("spec.groups.ramps[0].match.where", "line 2, column 9: object has no attribute 'mial'")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("object.displayName", "line 1, column 1: it makes text, but true or false is wanted"),
        ("object.userPrincipalName == 'x'", "line 1, column 8: object has no attribute 'userPrincipalName'"),
        ("object.member == []", "line 1, column 8: object has no attribute 'member'"),
        ("object.sourceAnchor == 'x'", "line 1, column 8: object has no attribute 'sourceAnchor'"),
        ("clear()", "line 1, column 6: a condition cannot be clear()"),
    ],
)
def test_a_condition_asks_a_group_and_is_true_or_false(text: str, reason: str) -> None:
    assert said(where(text)) == {("spec.groups.ramps[0].match.where", reason)}


@pytest.mark.parametrize("text", ["entry.cn == 'x'", "source == 'corp'"])
def test_an_expression_of_a_ramp_sees_the_object_alone(text: str) -> None:
    (found,) = findings(where(text))
    assert found.remedy == "name a function, or a variable: object"


@pytest.mark.parametrize(
    "text",
    [
        "object.?department.orValue('') != 'IT'",
        "object.?department",
        "object.?accountEnabled",
        "size(object.proxyAddresses)",
        "has(object.employeeType) ? object.employeeType : noValue()",
        "FirstSeen",
    ],
)
def test_an_order_is_a_number_a_text_or_true_or_false(text: str) -> None:
    assert said(one(order=text)) == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("object.proxyAddresses", f"{MAKES} a list of text, {WANTED}"),
        ("object.?proxyAddresses", f"{MAKES} a list of text that may be missing, {WANTED}"),
        ("object.msExchArchiveGuid", f"{MAKES} bytes, {WANTED}"),
        ("leave()", "line 1, column 6: a rank cannot be leave()"),
        ("object.mial", "line 1, column 8: object has no attribute 'mial'"),
    ],
)
def test_what_members_cannot_be_ordered_by_is_told_with_its_place(text: str, reason: str) -> None:
    found = said(one(order=text))
    assert {path for path, _ in found} == {"spec.groups.ramps[0].order"}
    assert reason in {told for _, told in found}


@pytest.mark.parametrize("text", ["firstSeen", "firstseen", "FirstSeen "])
def test_the_order_of_who_was_seen_first_has_one_spelling(text: str) -> None:
    (found,) = findings(one(order=text))
    assert (found.path, found.remedy) == ("spec.groups.ramps[0].order", "did you mean FirstSeen?")


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("europe/paris", "did you mean Europe/Paris?"),
        ("Europe/Pariss", "did you mean Europe/Paris?"),
        ("../UTC", None),
        ("Middle-Earth/Shire", "write a name of the IANA database, as Europe/Paris"),
    ],
)
def test_a_time_zone_that_nobody_knows_is_told(zone: str, remedy: str | None) -> None:
    (found,) = findings(one(timeZone=zone))
    assert (found.path, found.reason) == ("spec.groups.ramps[0].timeZone", "is no time zone")
    assert remedy is None or found.remedy == remedy


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+8"])
def test_a_time_zone_of_the_database_is_accepted(zone: str) -> None:
    assert said(one(timeZone=zone)) == set()


def steps(*ceilings: int) -> list[dict[str, Any]]:
    return [{"ceiling": ceiling} for ceiling in ceilings]


def test_a_ramp_below_whose_last_ceiling_no_group_fits_never_ends() -> None:
    reason = "can never end: its groups have 10 members or more, and its last ceiling is 9"
    for admit in ("Whole", "Members"):
        assert said(one(steps=steps(5, 9), admit=admit)) == {("spec.groups.ramps[0].steps", reason)}
    assert said(one(steps=steps(5, 9), admit="Now")) == set()
    assert said(one(steps=steps(5, 10))) == set()


def test_a_ramp_of_which_another_one_takes_all_groups_never_acts() -> None:
    reason = "can never act: ramp r0 above it matches all of its groups"
    every, named = {"minMembers": 10}, {"minMembers": 10, "where": "has(object.mail)"}
    assert said(ramps({"match": every}, {"match": named})) == {("spec.groups.ramps[1]", reason)}
    assert said(ramps({"match": every}, {"match": {"minMembers": 11}})) == {("spec.groups.ramps[1]", reason)}
    assert said(ramps({"match": every}, {"match": {"minMembers": 9}})) == set()
    assert said(ramps({"match": named}, {"match": every})) == set()


def test_a_ramp_whose_condition_is_false_never_acts() -> None:
    assert said(where(" false ")) == {("spec.groups.ramps[0].match.where", "can never act: it is always false")}


def test_a_ramp_that_the_schema_refuses_is_not_judged_again() -> None:
    found = said(one(timeZone=5, order="object.mial"))
    assert {path for path, _ in found} == {"spec.groups.ramps[0].timeZone"}


def test_ramps_that_are_no_list_are_the_schemas_business() -> None:
    for wrong in (5, {"name": "x"}, [5]):
        assert {path[:17] for path, _ in said(minimal({"spec.groups.ramps": wrong}))} == {"spec.groups.ramps"}


def test_one_name_has_one_type_in_every_kind_of_member() -> None:
    for kind in MEMBERS:
        own = desired_names([kind])
        assert own
        assert {name: desired_names(MEMBERS)[name] for name in own} == own


def test_conditions_may_name_what_a_rule_may_set_of_a_group() -> None:
    names = desired_names(GROUPS)
    assert {"displayName", "mail", "securityEnabled", "proxyAddresses"} <= names.keys()
    assert all(names[name] == settable(Kind.GROUP, name) for name in ("displayName", "msExchLabeledURI"))


@pytest.mark.parametrize(
    ("members", "path", "reason"),
    [
        ({"steps": steps(300_000)}, "steps[0].ceiling", "should be less than or equal to 250000"),
        ({"steps": []}, "steps", "should have at least 1 items"),
        ({"steps": steps(*range(1, 26))}, "steps", "Too many: 25: must have at most 24 items"),
        ({"steps": [{"ceiling": 50, "soak": {}}]}, "steps[0].soak", "should have at least 1 properties"),
        ({"steps": [{"ceiling": 50, "soak": {"cycles": 0}}]}, "steps[0].soak.cycles", LEAST),
        ({"budget": {"perCycle": 0}}, "budget.perCycle", LEAST),
        ({"budget": {"perDay": 0}}, "budget.perDay", LEAST),
        ({"match": {"minMembers": 0}}, "match.minMembers", LEAST),
        ({"name": "Large"}, "name", "should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'"),
        ({"gates": [{"metric": "ThrottleShare", "hold": {}}]}, "gates[0].hold", "should have at least 1 properties"),
        (
            {"gates": [{"metric": "ThrottleShare"}, {"metric": "ThrottleShare"}]},
            "gates[1]",
            'Duplicate value: {"metric":"ThrottleShare","name":""}',
        ),
        (
            {"gates": [{"metric": "ThrottleShare", "hold": {"maxPercent": "10%"}}]},
            "gates[0].hold.maxPercent",
            "should match '^(100|[0-9]{1,2}([.][0-9]{1,4})?)$'",
        ),
    ],
)  # fmt: skip
def test_what_the_schema_refuses_of_a_ramp_is_told_in_its_words(
    members: dict[str, Any], path: str, reason: str
) -> None:
    assert (f"spec.groups.ramps[0].{path}", reason) in said(one(**members))


def test_a_document_has_at_most_16_ramps_with_names_of_their_own() -> None:
    many = ramps(*({"match": {"minMembers": 100 - number}} for number in range(17)))
    assert said(many) == {("spec.groups.ramps", "Too many: 17: must have at most 16 items")}
    twice = ramps({"name": "a"}, {"name": "a", "match": {"minMembers": 5}})
    assert said(twice) == {("spec.groups.ramps[1]", 'Duplicate value: {"name":"a"}')}


@pytest.mark.parametrize("url", ["https://user:secret@example.com", "ftp://example.com", "https://", "https://a b/"])
def test_an_address_with_a_user_in_it_is_refused_and_never_repeated(url: str) -> None:
    gate = {"metric": "External", "webhook": {"url": url}, "hold": {"maxValue": "1"}}
    (found,) = findings(one(gates=[gate]))
    assert found.path == "spec.groups.ramps[0].gates[0].webhook.url"
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"steps": [{"ceiling": 5, "soak": {"duration": "2562048h"}}]}, "steps[0].soak.duration"),
        (
            {"gates": [{"metric": "ExportLatencyP95", "abort": {"maxDuration": "9999999999h"}}]},
            "gates[0].abort.maxDuration",
        ),
    ],
)
def test_a_time_that_an_api_server_cannot_count_has_no_good_form(members: dict[str, Any], path: str) -> None:
    told = [sentence for found, sentence in said(one(**members)) if found == f"spec.groups.ramps[0].{path}"]
    assert any("[0-9]{1,5}h" in sentence for sentence in told)
