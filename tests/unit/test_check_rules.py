"""What `validate` says of own rules: names, expressions with their place, and rules that can never act."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.documents import findings, minimal, said
from syncramp.check import Finding, verdict
from syncramp.check.verdict import load
from syncramp.rules.own import own_rules
from syncramp.spec.document import read_documents

RULE = {"name": "one", "precedence": 10, "kind": "User"}
WHEN = "source == 'corp'"


def rules(*given: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document with rules; each has a name and a precedence of its own."""
    made = [RULE | {"name": f"rule-{place}", "precedence": place} | one for place, one in enumerate(given)]
    return minimal({"spec.rules": made, **{f"spec.{name}": value for name, value in more.items()}})


def only(data: dict[str, Any]) -> Finding:
    (found,) = findings(data)
    return found


def test_a_good_rule_has_no_findings() -> None:
    good = {"when": WHEN, "set": {"city": "entry.l", "proxyAddresses": "['smtp:a@b.example']"}, "clear": ["mobile"]}
    assert findings(rules(good)) == []


@pytest.mark.parametrize(
    ("name", "reason", "remedy"),
    [
        ("citty", "the service knows no attribute of this name on a User", "did you mean city?"),
        ("CITY", "the service knows no attribute of this name on a User", "did you mean city?"),
        ("qqqqqq", "the service knows no attribute of this name on a User", "write its name at the service"),
        ("extension_1_x", "the service knows no attribute of this name on a User", ""),
        ("securityEnabled", "the service knows no attribute of this name on a User", ""),
        ("sourceAnchor", "says which object it is; no rule may change that", "spec.identity.sourceAnchor"),
        ("cloudAnchor", "says which object it is; no rule may change that", "remove it"),
        ("onPremisesObjectIdentifier", "says which object it is; no rule may change that", "remove it"),
        ("cloudMastered", "is the cloud's own", "remove it"),
        ("manager", "names another object; no rule may change that", "change it in the directory"),
    ],
)
def test_an_attribute_that_no_rule_may_change_is_refused_with_a_remedy(name: str, reason: str, remedy: str) -> None:
    for found in (only(rules({"set": {name: "'x'"}})), only(rules({"clear": [name]}))):
        assert found.path in (f"spec.rules[0].set.{name}", "spec.rules[0].clear[0]")
        assert found.reason == reason
        assert remedy in found.remedy


def test_members_are_refused_on_groups() -> None:
    found = only(rules({"kind": "Group", "set": {"member": "['x']"}}))
    assert (found.reason, found.remedy) == (
        "members are no attribute; no rule may change them",
        "leave members out by exclude: {}",
    )


def test_whether_an_account_is_enabled_can_be_set_and_not_cleared() -> None:
    assert findings(rules({"when": WHEN, "set": {"accountEnabled": "false"}})) == []
    assert only(rules({"clear": ["accountEnabled"]})).remedy == "set it to false"


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("entry.departmnt", "line 1, column 7", "department"),
        ("'a' +\n  entry.citty", "line 2, column 9", ""),
        ("entry.sAMAccountName.startsWith(", "line 1", ""),
        ("entry.proxyAddresses", "line 1, column 1", ""),
        ("entry.member[0]", "line 1", ""),
        ("entry.userPKCS12", "line 1", ""),
        ("entry.contosoBadge", "line 1, column 7", "spec.attributes"),
    ],
)
def test_an_expression_is_refused_with_its_line_and_column(text: str, place: str, told: str) -> None:
    found = only(rules({"set": {"department": text}}))
    assert found.path == "spec.rules[0].set.department"
    assert found.reason.startswith(place)
    assert told in found.reason + found.remedy
    assert found.remedy


def test_a_condition_must_be_true_or_false() -> None:
    found = only(rules({"when": "'x'", "clear": ["city"]}))
    assert found.path == "spec.rules[0].when"
    assert found.reason.startswith("line 1, column 1: ")


def test_each_finding_has_the_line_of_its_field(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    text = (Path(__file__).parents[1] / "data/documents/minimal.yaml").read_text(encoding="utf-8")
    file.write_text(
        text
        + "  rules:\n  - name: a\n    precedence: 1\n    kind: User\n    when: entry.sn == 1\n"
        + "    set:\n      city: |-\n        'a' +\n        entry.citty\n",
        encoding="utf-8",
    )
    (document,) = read_documents(str(file))
    start = text.count("\n")
    assert [(found.path, found.line) for found in verdict(document)] == [
        ("spec.rules[0].when", start + 5),
        ("spec.rules[0].set.city", start + 7),
    ]
    assert verdict(document)[1].reason.startswith("line 2, column 7: ")


def test_attributes_that_the_document_declares_may_be_named() -> None:
    declared = [{"name": "contosoBadge", "type": "Integer"}, {"name": "contoso-Tags", "multiValued": True}]
    named = {"set": {"proxyAddresses": "entry.contoso_Tags"}, "when": "entry.contosoBadge > 1"}
    assert findings(rules(named, attributes=declared)) == []
    assert len(findings(rules(named))) == 2


@pytest.mark.parametrize(
    ("names", "path", "reason"),
    [
        (["MAIL"], "spec.attributes[0].name", "is known already: mail, String, one value"),
        (["proxyAddresses"], "spec.attributes[0].name", "is known already: proxyAddresses, String, any number"),
        (["member"], "spec.attributes[0].name", "is known already: member"),
        (["a1", "A1"], "spec.attributes[1].name", "is the name of an attribute above"),
        (["unicodePwd"], "spec.attributes[0].name", "holds secrets, which no rule may read"),
        (["userPKCS12"], "spec.attributes[0].name", "holds secrets, which no rule may read"),
        (["userPassword"], "spec.attributes[0].name", "holds secrets, which no rule may read"),
        (["ms-Mcs-AdmPwd"], "spec.attributes[0].name", "holds secrets, which no rule may read"),
        (["msLAPS-EncryptedPassword"], "spec.attributes[0].name", "holds secrets, which no rule may read"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(names: list[str], path: str, reason: str) -> None:
    found = only(minimal({"spec.attributes": [{"name": name} for name in names]}))
    assert (found.path, bool(found.remedy)) == (path, True)
    assert found.reason.startswith(reason)


def test_a_source_that_the_document_does_not_have_is_refused() -> None:
    found = only(rules({"source": "corpp", "clear": ["city"]}))
    assert (found.path, found.remedy) == ("spec.rules[0].source", "did you mean corp?")
    assert only(rules({"source": "zz", "clear": ["city"]})).remedy == "write one of corp, or remove the field"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([{"when": " false ", "clear": ["city"]}], "spec.rules[0].when"),
        ([{"exclude": {}}, {"clear": ["city"]}], "spec.rules[1]"),
        ([{"clear": ["city"]}, {"exclude": {}}], "spec.rules[0]"),
        ([{"exclude": {}}, {"exclude": {}, "when": WHEN}], "spec.rules[1]"),
        ([{"clear": ["city", "state"]}, {"set": {"city": "'x'"}}], "spec.rules[1]"),
        ([{"exclude": {}}, {"source": "corp", "clear": ["city"]}], "spec.rules[1]"),
    ],
)
def test_a_rule_that_can_never_act_is_refused(given: list[dict[str, Any]], path: str) -> None:
    found = only(rules(*given))
    assert found.path == path
    assert found.reason.startswith("can never act: ")


@pytest.mark.parametrize(
    "given",
    [
        [{"exclude": {}, "when": WHEN}, {"clear": ["city"]}],
        [{"exclude": {}, "source": "corp"}, {"clear": ["city"]}],
        [{"exclude": {}, "kind": "Group"}, {"clear": ["city"]}],
        [{"clear": ["city"]}, {"set": {"city": "'x'", "state": "'y'"}}],
        [{"clear": ["city"], "when": WHEN}, {"set": {"city": "'x'"}}],
        [{"set": {"city": "'x'"}}, {"set": {"city": "'y'"}}],
        [{"set": {"city": "'x'"}}, {"clear": ["city"]}],
        [{"exclude": {}, "when": WHEN}, {"exclude": {}}],
    ],
)
def test_a_rule_that_may_act_is_accepted(given: list[dict[str, Any]]) -> None:
    assert findings(rules(*given)) == []


def test_a_rule_for_a_kind_that_no_scope_names_can_never_act() -> None:
    found = only(minimal({"spec.sources[0].scope[0].kinds": ["Group"], "spec.rules": [RULE | {"clear": ["city"]}]}))
    assert found.reason == "can never act: no scope of its sources names the kind User"


def test_the_schema_s_findings_come_alone_for_what_they_refuse() -> None:
    bad = rules({"kind": "Person", "set": {"citty": "'x'"}}, {"set": {"citty": "'x'"}})
    assert {path for path, _ in said(bad)} == {"spec.rules[0].kind", "spec.rules[1].set.citty"}


def test_an_attribute_without_an_expression_is_told_although_an_api_server_drops_it() -> None:
    found = only(rules({"set": {"city": "'Ulm'", "mobile": None}}))
    assert (found.path, found.reason) == ("spec.rules[0].set.mobile", "has no expression, and would be dropped")
    assert found.remedy == "write an expression, or name the attribute below clear"


def test_a_source_that_has_a_finding_of_its_own_is_still_a_source() -> None:
    bad = rules({"source": "corp", "clear": ["city"]}, **{"sources[0].scope": []})
    assert {path for path, _ in said(bad)} == {"spec.sources[0].scope"}


def test_an_unknown_member_of_exclude_is_refused() -> None:
    assert said(rules({"exclude": {"x": 1}})) == {
        ("spec.rules[0].exclude.x", 'unknown field "spec.rules[0].exclude.x"')
    }


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"set": {}}, "should have at least 1 properties"),
        ({"set": {f"a{n}": "'x'" for n in range(65)}}, "Too many: 65: must have at most 64 items"),
        ({"set": {"city": ""}}, "should be at least 1 chars long"),
        ({"set": {"city": "x" * 2049}}, "Too long: may not be more than 2048 bytes"),
        ({"set": {"city": 5}}, 'must be of type string: "integer"'),
        ({"clear": ["city", "city"]}, 'Duplicate value: "city"'),
    ],
)
def test_the_limits_of_a_rule_are_told(members: dict[str, Any], reason: str) -> None:
    assert reason in {told for _, told in said(rules(members))}


def test_the_rules_of_the_page_are_accepted() -> None:
    page = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    shown = [example["rules"] for example in examples if "rules" in example]
    assert shown
    assert all(findings(minimal({"spec.rules": given})) == [] for given in shown)


def test_an_accepted_document_compiles_when_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(yaml.safe_dump(rules({"set": {"city": "entry.l"}})), encoding="utf-8")
    config = load(str(file))
    own = own_rules(config, "corp")
    assert own is not None
    assert own.wanted == {"l"}
    assert own_rules(config, "labs") is not None


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("entry.unicodePwd", "name another attribute: this one holds secrets, which no expression may read"),
        ("entry.ms_Mcs_AdmPwd", "name another attribute: this one holds secrets, which no expression may read"),
        ("entry.member[0]", "name another attribute: no expression sees the members of a group"),
        ("base64(entry.mS-DS-ConsistencyGuid)", "a dash is written _: entry.mS_DS_ConsistencyGuid"),
        ("object.foo", "name an attribute that the built-in rules send (docs/attributes.md)"),
        ("object.sourceAnchor", "name an attribute that the built-in rules send (docs/attributes.md)"),
        ("object.cloudMastered", "name an attribute that the built-in rules send (docs/attributes.md)"),
        ("object.displayname", "did you mean 'displayName'?"),
    ],
)
def test_nobody_is_told_to_declare_what_would_be_refused(text: str, remedy: str) -> None:
    assert only(rules({"set": {"title": text}})).remedy == remedy
