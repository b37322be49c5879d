"""``syncramp rules show``: the built-in rules and a document's own, as a table, as YAML and as JSON."""

import json
from pathlib import Path

import pytest
import yaml

from support.console import ROOT
from syncramp.cli import run
from syncramp.model.values import Kind, Type
from syncramp.rules.catalogue import WIRE
from syncramp.rules.exclusions import EXCLUSIONS
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.rules.listing import built_in
from syncramp.rules.origins import STAND_INS
from syncramp.rules.view import object_names

OWN = """
  rules:
  - {name: second, precedence: 20, kind: User, clear: [mobile]}
  - {name: first, precedence: 10, kind: User, source: corp, when: "entry.title == 'x'", set: {department: "'Y'"}}
  - {name: no-partners, precedence: 5, kind: Contact, exclude: {}}
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "syncconfig.yaml"
    text = (ROOT / "examples/02-plan-offline/syncconfig.yaml").read_text()
    path.write_text(text.rstrip() + OWN)
    return path


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["rules", "show", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("kind", Kind)
def test_every_exclusion_and_every_attribute_stands_in_the_table(capsys, kind) -> None:
    lines = shown(capsys, "--kind", kind.value).splitlines()
    cells = [[cell for cell in line.split("  ") if cell] for line in lines]
    assert lines[0] == f"{kind.value}: who is left out"
    for rule in EXCLUSIONS[kind]:
        assert ["built-in", rule.reason, rule.when] in [[cell.strip() for cell in row] for row in cells]
    told = {row[1].strip() for row in cells if row[:1] == ["built-in"] and len(row) == 6}
    wires = {flow.wire for flow in (*FLOWS[kind], *REFERENCES[kind])}
    assert told == {"sourceAnchor"} | wires | STAND_INS[kind].keys()


def test_all_kinds_are_shown_without_a_choice(capsys) -> None:
    out = shown(capsys)
    assert [line.split(":")[0] for line in out.splitlines() if line.endswith(": attributes")] == list(Kind)


def test_yaml_and_json_hold_the_same(capsys) -> None:
    told = yaml.safe_load(shown(capsys, "-o", "yaml"))
    assert told == json.loads(shown(capsys, "-o", "json"))
    assert told.keys() == {"builtIn"}
    proxies = {row["name"]: row for row in told["builtIn"][0]["attributes"]}["proxyAddresses"]
    assert proxies == {
        "name": "proxyAddresses",
        "type": "String",
        "multiValued": True,
        "from": "proxyAddresses",
        "how": "all values, trimmed",
    }


def test_the_rules_of_a_document_come_first_by_their_precedence(capsys, document) -> None:
    out = shown(capsys, str(document), "--kind", "User")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    first = rows.index("10 department String one rule first 'Y', when entry.title == 'x', in source corp")
    assert rows[first + 1] == "20 mobile String one rule second cleared"
    assert rows[first + 2].startswith("built-in sourceAnchor String one mS-DS-ConsistencyGuid base64; or objectGUID")
    assert "no-partners" not in out
    told = json.loads(shown(capsys, str(document), "--kind", "User", "-o", "json"))
    assert [rule["name"] for rule in told["rules"]] == ["first", "second"]
    everything = shown(capsys, str(document))
    assert [everything.count(f"rule {name}") for name in ("first", "second", "no-partners")] == [1, 1, 1]


def test_an_own_exclusion_stands_before_the_built_in_ones(capsys, document) -> None:
    rows = [" ".join(line.split()) for line in shown(capsys, str(document), "--kind", "Contact").splitlines()]
    assert rows[1] == "5 rule no-partners always"
    assert rows[2].startswith("built-in a critical system object")


def test_a_document_without_rules_is_told_from_none(capsys, document) -> None:
    told = json.loads(shown(capsys, str(document), "-o", "json"))
    assert [rule["name"] for rule in told["rules"]] == ["no-partners", "first", "second"]
    assert told["rules"][1] == {
        "name": "first",
        "precedence": 10,
        "kind": "User",
        "source": "corp",
        "when": "entry.title == 'x'",
        "set": {"department": "'Y'"},
    }
    document.write_text(document.read_text().partition("\n  rules:")[0] + "\n")
    assert json.loads(shown(capsys, str(document), "-o", "json"))["rules"] == []


def test_a_document_that_is_not_accepted_is_refused(capsys, document) -> None:
    document.write_text("kind: Nothing\n")
    assert run(["rules", "show", str(document)]) == 3
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", Kind)
def test_every_listed_attribute_has_the_type_that_the_service_takes(kind) -> None:
    (listed,) = built_in([kind])
    assert listed.rows
    for row in listed.rows:
        assert (row.type, row.multi) == (WIRE[kind][row.wire].type, WIRE[kind][row.wire].multi)
        assert row.how


def test_the_anchor_is_the_one_that_the_document_chooses(capsys, document) -> None:
    document.write_text(document.read_text() + "  identity: {sourceAnchor: employeeID}\n")
    told = json.loads(shown(capsys, str(document), "-o", "json"))["builtIn"]
    anchors = {rules["kind"]: rules["attributes"][0] for rules in told}
    assert (anchors["User"]["name"], anchors["User"]["from"]) == ("sourceAnchor", "employeeID")
    assert "otherwise" not in anchors["User"]
    assert {rules["from"] for kind, rules in anchors.items() if kind != "User"} == {"objectGUID"}


def test_a_linked_mailbox_stands_among_those_who_are_left_out(capsys) -> None:
    users, groups = shown(capsys, "--kind", "User"), shown(capsys, "--kind", "Group")
    assert "a linked mailbox: its account is in another forest" in users
    assert "a linked mailbox" not in groups


def test_what_an_attribute_needs_is_spelled_as_in_the_directory(capsys) -> None:
    assert "as it is, where mailNickname has a value" in shown(capsys, "--kind", "User")


@pytest.mark.parametrize("kind", Kind)
def test_expressions_may_name_what_the_built_in_rules_make_and_nothing_else(kind) -> None:
    (listed,) = built_in([kind])
    made = {row.wire for row in listed.rows if row.type is not Type.REFERENCE}
    assert object_names(kind).keys() == made - {"sourceAnchor"}
