"""Every CEL rule of the CRD and its twin in Python: for each a document it accepts and one it refuses."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from support.cel_oracle import holds, values_at
from support.documents import GONE, full, minimal, said
from support.twin_cases import CASES, Case
from syncramp.check import transition
from syncramp.check.ramp_twins import RAMP_MESSAGES
from syncramp.check.remedies import RULES
from syncramp.check.twins import MESSAGES, TRANSITIONS, TWINS, Rule, rule_findings
from syncramp.spec.schema import schema, with_defaults


def rules(node: Mapping[str, Any], place: str = "") -> Iterator[tuple[Rule, Mapping[str, Any]]]:
    """Every rule of the schema, by its place and text."""
    for rule in node.get("x-kubernetes-validations", ()):
        yield (place, rule["rule"]), rule
    for name, child in node.get("properties", {}).items():
        yield from rules(child, f"{place}.{name}" if place else name)
    if "items" in node:
        yield from rules(node["items"], f"{place}[]")


RULED = dict(rules(schema()))


def test_every_rule_has_a_twin_and_every_twin_a_rule() -> None:
    assert TWINS.keys() | TRANSITIONS.keys() == RULED.keys()
    assert not TWINS.keys() & TRANSITIONS.keys()


def test_a_twin_of_a_change_stands_where_the_rule_asks_for_what_was_before() -> None:
    assert {rule for rule in RULED if "oldSelf" in rule[1]} == TRANSITIONS.keys()
    assert {rule for rule, told in RULED.items() if "messageExpression" in told} == (
        MESSAGES.keys() | RAMP_MESSAGES.keys()
    )
    assert RULES.keys() <= RULED.keys(), "a remedy without its rule"


@pytest.mark.parametrize("rule", TWINS)
def test_every_rule_has_a_document_it_accepts_and_one_it_refuses(rule: Rule) -> None:
    assert {bool(case.sentence) for case in CASES if case.rule == rule} == {True, False}


@pytest.mark.parametrize("case", CASES)
def test_a_twin_accepts_and_refuses_as_the_api_server(case: Case) -> None:
    expected = {(case.path, case.sentence)} if case.sentence else set()
    assert said(minimal(case.changes)) == expected
    if case.sentence:
        told = RULED[case.rule]["message"]
        assert case.sentence == told or ("messageExpression" in RULED[case.rule] and case.sentence.startswith(told))


@pytest.mark.parametrize("case", CASES)
def test_the_rule_itself_says_what_its_twin_says(case: Case) -> None:
    place, text = case.rule
    values = list(values_at(with_defaults(minimal(case.changes)), schema(), place))
    assert [holds(text, self=value) for value in values] == [TWINS[case.rule](value) for value in values]
    assert all(holds(text, self=value) for value in values) != bool(case.sentence)


@pytest.mark.parametrize("rule", TRANSITIONS)
def test_the_rule_about_a_change_says_what_its_twin_says(rule: Rule) -> None:
    place, text = rule
    values = ["Germany", "Commercial", *(value for data in (full(), minimal()) for value in _at(data, place))]
    told = [(one, old, holds(text, self=one, oldSelf=old)) for one in values for old in values]
    assert {said for *_, said in told} == {True, False}
    assert all(TRANSITIONS[rule](one, old) == said for one, old, said in told)


def _at(data: dict[str, Any], place: str) -> Iterator[Any]:
    return values_at(with_defaults(data), schema(), place)


@pytest.mark.parametrize(
    ("path", "value"), [("spec.target.cloud", "Germany"), ("spec.target.endpoint.version", "V1")]
)
def test_what_is_refused_by_name_is_forbidden(path: str, value: str) -> None:
    (found,) = rule_findings(with_defaults(minimal({path: value})))
    assert found.forbidden
    assert found.value == f'"{value}"'
    assert found.remedy.startswith(("set cloud: Commercial", "remove the field or set version: V2"))


MOVED = {
    "spec.target.cloud": ("Commercial", "is immutable; make a new SyncConfig for another cloud"),
    "spec.target.tenantID": (
        "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a9",
        "is immutable; make a new SyncConfig for another tenant",
    ),
    "spec.identity.sourceAnchor": (
        "mS-DS-ConsistencyGuid",
        "is immutable (was objectGUID): every user of the tenant would be created again",
    ),
    "spec.writeback.groups.source": ("labs", "is immutable (was corp): the groups there would be left behind"),
}


def test_every_transition_is_tested() -> None:
    assert {place for place, _ in TRANSITIONS} == MOVED.keys()


@pytest.mark.parametrize(("path", "value", "sentence"), [(path, *moved) for path, moved in MOVED.items()])
def test_what_must_not_change_is_told_with_what_it_was(path: str, value: str, sentence: str) -> None:
    old, new = with_defaults(full()), with_defaults(full({path: value}))
    (found,) = transition(new, old)
    assert (found.path, found.reason, found.value) == (path, sentence, f'"{value}"')
    assert found.remedy
    assert list(transition(old, old)) == []


@pytest.mark.parametrize("cloud", ["Commercial", "China", "USGovernment", "Germany"])
def test_a_document_that_names_the_german_cloud_can_be_mended(cloud: str) -> None:
    old = with_defaults(minimal({"spec.target.cloud": "Germany"}))
    assert list(transition(with_defaults(minimal({"spec.target.cloud": cloud})), old)) == []


def test_no_document_can_be_moved_to_the_german_cloud() -> None:
    (found,) = transition(with_defaults(minimal({"spec.target.cloud": "Germany"})), with_defaults(minimal()))
    assert found.reason == "is immutable; make a new SyncConfig for another cloud"


def test_leaving_out_what_must_not_change_is_a_change_to_its_default() -> None:
    old = with_defaults(full())
    new = with_defaults(full({"spec.identity": GONE, "spec.target.cloud": GONE}))
    assert {found.path for found in transition(new, old)} == {"spec.identity.sourceAnchor", "spec.target.cloud"}


def test_what_may_change_is_no_transition() -> None:
    new = with_defaults(full({"spec.mode": "Plan", "spec.sources[0].name": "other", "spec.sources[1]": GONE}))
    assert list(transition(new, with_defaults(full()))) == []


@pytest.mark.parametrize("value", [None, 5, "text", [], {}, [None], {"type": 1}, True])
@pytest.mark.parametrize("path", sorted({place.replace("[]", "[0]") for place, _ in RULED}))
def test_a_value_of_any_type_is_left_to_the_schema(path: str, value: Any) -> None:
    data = with_defaults(full({"status.conditions": [], path: value}))
    assert all(found.path for found in rule_findings(data))
    assert all(found.path for found in transition(data, with_defaults(full())))
    assert all(found.path for found in transition(with_defaults(full()), data))
