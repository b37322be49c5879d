"""Every CEL rule of the CRD and its twin in Python: for each a document it accepts and one it refuses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from support.cel_oracle import holds, values_at
from support.documents import CERTIFICATE, GONE, LDAP, full, minimal, said
from support.ramp_cases import CASES as RAMP_CASES
from syncramp.check import transition
from syncramp.check.ramp_twins import RAMP_MESSAGES
from syncramp.check.remedies import RULES
from syncramp.check.twins import MESSAGES, TRANSITIONS, TWINS, Rule, rule_findings
from syncramp.spec.schema import schema, with_defaults

ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"
ONLY_TRUE = "self.all(c, !(c.type in ['Reconciling', 'Stalled']) || c.status == 'True')"
ONE_AUTH = "exactly one of certificate, clientSecret, workloadIdentity, account must be set"
AUTH_RULE = (
    "[has(self.certificate), has(self.clientSecret), has(self.workloadIdentity), has(self.account)].exists_one(x, x)"
)
WORKLOAD = {"clientID": CERTIFICATE["clientID"]}
ACCOUNT = {"secretRef": {"name": "dirsync"}}
ONE_KEY = "exactly one of secretKeyRef, configMapKeyRef must be set"
ONE_SOURCE = "exactly one of ldap, ldif must be set"
GERMANY = (
    "the German cloud (Microsoft Cloud Deutschland) was closed in October 2021 and never had a V2 endpoint; tenants "
    "that were migrated use Commercial"
)
V1 = "the V1 endpoint is not supported, it cannot hold groups above 50,000 members; remove the field or say V2"
TLS_CA = "spec.sources[0].ldap.tls.ca"
CLOUD_CA = "spec.target.endpoint.ca"
DELAY = "spec.target.endpoint.visibilityDelay"
TIMEOUT = "spec.target.endpoint.callTimeout"
ANCHOR = "spec.identity.sourceAnchor"
SPELLED, NO_ANCHOR = (rule for place, rule in TWINS if place == ANCHOR)
NOT_AN_ANCHOR = "has values that no anchor may have, such as addresses and names of entries"
BACK = "spec.identity.writeBackAnchor"
WRITES_BACK = "!has(self.writeBackAnchor) || !self.writeBackAnchor || self.sourceAnchor == 'mS-DS-ConsistencyGuid'"
BACK_NEEDS = "writeBackAnchor writes mS-DS-ConsistencyGuid, so it needs sourceAnchor: mS-DS-ConsistencyGuid"
OVER_LDAP = {"name": "corp", "ldap": LDAP, "scope": [{"dn": "DC=corp"}]}
LONG = "must not be longer than 1h"
ONLY = "Reconciling and Stalled are present only while True"
RANKED = "self.all(a, self.exists_one(b, b.precedence == a.precedence))"
JOINED_BY = "[has(self.by), has(self.expression)].exists_one(x, x)"
ONE_JOIN = "exactly one of by, expression must be set"
DOES = "[has(self.exclude), has(self.set), has(self.clear)].exists(x, x)"
ALONE = "!has(self.exclude) || !(has(self.set) || has(self.clear))"
EITHER = "!has(self.set) || !has(self.clear) || !self.clear.exists(name, name in self.set)"
EXCLUDED = "what is excluded has no attributes; exclude cannot stand beside set or clear"
NOTHING = "at least one of exclude, set, clear must be set"
BOTH = "an attribute cannot be both set and cleared"
RULE = {"name": "one", "precedence": 10, "kind": "User", "when": "source == 'corp'", "clear": ["mobile"]}
OTHER = {"name": "other", "precedence": 20, "kind": "User", "set": {"city": "'Ulm'"}}
SECRET, MAP = {"secretKeyRef": {"name": "ca"}}, {"configMapKeyRef": {"name": "ca"}}


def rules(node: Mapping[str, Any], place: str = "") -> Iterator[tuple[Rule, Mapping[str, Any]]]:
    """Every rule of the schema, by its place and text."""
    for rule in node.get("x-kubernetes-validations", ()):
        yield (place, rule["rule"]), rule
    for name, child in node.get("properties", {}).items():
        yield from rules(child, f"{place}.{name}" if place else name)
    if "items" in node:
        yield from rules(node["items"], f"{place}[]")


RULED = dict(rules(schema()))


@dataclass(frozen=True)
class Case:
    """Changes of a document, and what the rule says: nothing, or a sentence at a path."""

    rule: Rule
    changes: dict[str, Any]
    path: str = ""
    sentence: str = ""


def condition(kind: str, status: str) -> dict[str, Any]:
    return {
        "status.conditions": [
            {
                "type": kind,
                "status": status,
                "reason": "Accepted",
                "message": "",
                "lastTransitionTime": "2026-11-24T10:00:00Z",
            }
        ]
    }


def cases(place: str, rule: str, *told: tuple[dict[str, Any], str, str]) -> list[Case]:
    return [Case((place, rule), changes, path, sentence) for changes, path, sentence in told]


CASES = [
    *(Case((one.place, one.rule), {"spec.groups": one.groups}, one.path, one.sentence) for one in RAMP_CASES),
    *cases(
        "spec.approvalExpiry",
        "duration(self) >= duration('1m') && duration(self) <= duration('720h')",
        ({"spec.approvalExpiry": "59s"}, "spec.approvalExpiry", "must be from 1m to 720h"),
        ({"spec.approvalExpiry": "720h1s"}, "spec.approvalExpiry", "must be from 1m to 720h"),
        ({"spec.approvalExpiry": "1m"}, "", ""),
        ({"spec.approvalExpiry": "720h"}, "", ""),
    ),
    *cases(
        "spec.target.cloud",
        "self != 'Germany'",
        ({"spec.target.cloud": "Germany"}, "spec.target.cloud", GERMANY),
        ({"spec.target.cloud": "USGovernment"}, "", ""),
    ),
    *cases(
        "spec.target.cloud",
        "self in ['Commercial', 'China', 'USGovernment', 'Germany']",
        ({"spec.target.cloud": "commercial"}, "spec.target.cloud", "must be Commercial, China or USGovernment"),
        ({"spec.target.cloud": ""}, "spec.target.cloud", "must be Commercial, China or USGovernment"),
        ({"spec.target.cloud": "China"}, "", ""),
        ({"spec.target.cloud": None}, "", ""),
    ),
    *cases(
        "spec.target.auth",
        AUTH_RULE,
        ({"spec.target.auth.certificate": CERTIFICATE}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth": {}}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth.clientSecret": None}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth": {"workloadIdentity": WORKLOAD, "account": ACCOUNT}}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth.workloadIdentity": WORKLOAD}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth.account": ACCOUNT}, "spec.target.auth", ONE_AUTH),
        ({"spec.target.auth": {"certificate": CERTIFICATE, "clientSecret": None}}, "", ""),
        ({"spec.target.auth": {"workloadIdentity": WORKLOAD}}, "", ""),
        ({"spec.target.auth": {"account": ACCOUNT}}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.version",
        "self != 'V1'",
        ({"spec.target.endpoint.version": "V1"}, "spec.target.endpoint.version", V1),
        ({"spec.target.endpoint.version": "V2"}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.version",
        "self in ['V1', 'V2']",
        ({"spec.target.endpoint.version": "v2"}, "spec.target.endpoint.version", "must be V2"),
        ({"spec.target.endpoint.version": None}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.ca",
        ONE_CA,
        ({CLOUD_CA: {}}, CLOUD_CA, ONE_KEY),
        ({CLOUD_CA: SECRET | MAP}, CLOUD_CA, ONE_KEY),
        ({CLOUD_CA: SECRET}, "", ""),
    ),
    *cases(
        "spec.target.endpoint.visibilityDelay",
        "duration(self) <= duration('1h')",
        ({DELAY: "90m"}, DELAY, LONG),
        ({DELAY: "1h0m1s"}, DELAY, LONG),
        ({DELAY: "999999999999999h"}, DELAY, LONG),
        ({DELAY: "60m"}, "", ""),
        ({DELAY: "0s"}, "", ""),
    ),
    *cases(
        TIMEOUT,
        "duration(self) >= duration('1m') && duration(self) <= duration('1h')",
        ({TIMEOUT: "59s"}, TIMEOUT, "must be from 1m to 1h"),
        ({TIMEOUT: "1h1s"}, TIMEOUT, "must be from 1m to 1h"),
        ({TIMEOUT: "999999999999999h"}, TIMEOUT, "must be from 1m to 1h"),
        ({TIMEOUT: "1m"}, "", ""),
        ({TIMEOUT: "60m"}, "", ""),
    ),
    *cases(
        "spec.interval",
        "duration(self) >= duration('5m') && duration(self) <= duration('24h')",
        ({"spec.interval": "4m59s"}, "spec.interval", "must be from 5m to 24h"),
        ({"spec.interval": "24h1s"}, "spec.interval", "must be from 5m to 24h"),
        ({"spec.interval": "5m"}, "", ""),
        ({"spec.interval": "24h"}, "", ""),
    ),
    *cases(
        "spec.sources[]",
        "[has(self.ldap), has(self.ldif)].exists_one(x, x)",
        ({"spec.sources[0].ldap": LDAP}, "spec.sources[0]", ONE_SOURCE),
        ({"spec.sources[0].ldif": GONE}, "spec.sources[0]", ONE_SOURCE),
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP}, "", ""),
    ),
    *cases(
        "spec.sources[].ldap.tls.ca",
        ONE_CA,
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP, TLS_CA: {}}, TLS_CA, ONE_KEY),
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP, TLS_CA: SECRET | MAP}, TLS_CA, ONE_KEY),
        ({"spec.sources[0].ldif": None, "spec.sources[0].ldap": LDAP, TLS_CA: MAP}, "", ""),
    ),
    *cases(
        ANCHOR,
        SPELLED,
        ({ANCHOR: "objectguid"}, ANCHOR, "must be spelled mS-DS-ConsistencyGuid or objectGUID"),
        ({ANCHOR: "ms-DS-ConsistencyGUID"}, ANCHOR, "must be spelled mS-DS-ConsistencyGuid or objectGUID"),
        ({ANCHOR: "objectGUID"}, "", ""),
        ({ANCHOR: "employeeid"}, "", ""),
    ),
    *cases(
        ANCHOR,
        NO_ANCHOR,
        ({ANCHOR: "UserPrincipalName"}, ANCHOR, NOT_AN_ANCHOR),
        ({ANCHOR: "mail"}, ANCHOR, NOT_AN_ANCHOR),
        ({ANCHOR: "memberOf"}, ANCHOR, NOT_AN_ANCHOR),
        ({ANCHOR: "extensionAttribute1"}, "", ""),
    ),
    *cases(
        "spec.identity",
        WRITES_BACK,
        ({"spec.sources[0]": OVER_LDAP, ANCHOR: "objectGUID", BACK: True}, "spec.identity", BACK_NEEDS),
        ({"spec.sources[0]": OVER_LDAP, ANCHOR: "employeeID", BACK: True}, "spec.identity", BACK_NEEDS),
        ({"spec.sources[0]": OVER_LDAP, BACK: True}, "", ""),
        ({ANCHOR: "objectGUID", BACK: False}, "", ""),
    ),
    *cases(
        "spec.rules",
        RANKED,
        ({"spec.rules": [RULE, OTHER | {"precedence": 10}]}, "spec.rules", "two rules have the same precedence"),
        ({"spec.rules": [RULE, OTHER]}, "", ""),
    ),
    *cases(
        "spec.identity.joins[]",
        JOINED_BY,
        ({"spec.identity.joins": [{"by": "mail", "expression": "source"}]}, "spec.identity.joins[0]", ONE_JOIN),
        ({"spec.identity.joins": [{}]}, "spec.identity.joins[0]", ONE_JOIN),
        ({"spec.identity.joins": [{"by": "mail"}, {"expression": "source"}]}, "", ""),
    ),
    *cases(
        "spec.rules[]",
        DOES,
        ({"spec.rules": [RULE | {"clear": None}]}, "spec.rules[0]", NOTHING),
        ({"spec.rules": [RULE]}, "", ""),
        ({"spec.rules": [OTHER]}, "", ""),
        ({"spec.rules": [OTHER | {"set": None, "exclude": {}}]}, "", ""),
    ),
    *cases(
        "spec.rules[]",
        ALONE,
        ({"spec.rules": [RULE | {"exclude": {}}]}, "spec.rules[0]", EXCLUDED),
        ({"spec.rules": [OTHER | {"exclude": {}}]}, "spec.rules[0]", EXCLUDED),
        ({"spec.rules": [RULE | {"exclude": None}]}, "", ""),
    ),
    *cases(
        "spec.rules[]",
        EITHER,
        ({"spec.rules": [OTHER | {"clear": ["city"]}]}, "spec.rules[0]", BOTH),
        ({"spec.rules": [OTHER | {"clear": ["state"]}]}, "", ""),
    ),
    *cases(
        "status.conditions",
        ONLY_TRUE,
        (condition("Stalled", "False"), "status.conditions", ONLY),
        (condition("Reconciling", "Unknown"), "status.conditions", ONLY),
        (condition("Stalled", "True"), "", ""),
        (condition("Ready", "False"), "", ""),
    ),
]  # fmt: skip


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
