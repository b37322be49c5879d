"""The CRDs: that an API server accepts them, that ``kubectl get`` shows what there is, and that ``kubectl explain``
reads as documentation. A real API server's own answers are asked for in tests/e2e.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from syncramp.check.shape import _translate
from syncramp.spec.schema import with_defaults

ROOT = Path(__file__).parents[2]
BUILT_IN_SHORT_NAMES = (
    "cs cm ep ev limits ns no pvc pv po rc quota sa svc crd crds ds deploy rs sts hpa cj csr ing ip "
    "netpol pdb pc sc vac"
)
"""Of Kubernetes 1.36."""
SELF_BOUND = {"date-time", "duration", "uuid"}
"""Formats whose values have a greatest length."""

Node = dict[str, Any]


def _nodes(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every schema below a schema, with its path; metadata is the API server's."""
    for name, child in node.get("properties", {}).items():
        if (path, name) != ("", "metadata"):
            yield f"{path}.{name}", child
            yield from _nodes(child, f"{path}.{name}")
    if "items" in node:
        yield f"{path}[]", node["items"]
        yield from _nodes(node["items"], f"{path}[]")


CRDS: dict[str, Node] = {
    one["spec"]["names"]["kind"]: one
    for path in sorted((ROOT / "crds").glob("*.syncramp.io.yaml"))
    for one in [yaml.safe_load(path.read_text(encoding="utf-8"))]
}
VERSIONS: dict[str, Node] = {kind: one["spec"]["versions"][0] for kind, one in CRDS.items()}
NODES = [
    (f"{kind}{path}", node)
    for kind, version in VERSIONS.items()
    for path, node in _nodes(version["schema"]["openAPIV3Schema"])
]


def _at(kind: str, path: str) -> Node:
    """The schema a JSONPath of a column or a selectable field ends at."""
    plain = re.sub(r"\[\?\(@\.type==\"\w+\"\)\]", "[]", path)
    if plain.startswith(".metadata."):
        assert plain == ".metadata.creationTimestamp"
        return {"type": "string", "format": "date-time"}
    return dict(NODES)[f"{kind}{plain}"]


@pytest.mark.parametrize("kind", CRDS)
def test_names_are_those_the_api_server_expects(kind: str) -> None:
    names = CRDS[kind]["spec"]["names"]
    assert CRDS[kind]["metadata"]["name"] == f"{names['plural']}.{CRDS[kind]['spec']['group']}"
    assert not set(BUILT_IN_SHORT_NAMES.split()) & set(names["shortNames"])
    assert names["categories"] == ["syncramp"]
    assert [version["storage"] for version in CRDS[kind]["spec"]["versions"]] == [True]


def test_both_kinds_have_a_short_name_of_their_own() -> None:
    assert {kind: one["spec"]["names"]["shortNames"] for kind, one in CRDS.items()} == {
        "SyncConfig": ["scfg"],
        "SyncRun": ["srun"],
    }


def test_every_property_has_a_type_and_a_description() -> None:
    lacking = [path for path, node in NODES if "type" not in node]
    lacking += [path for path, node in NODES if "description" not in node and not path.endswith("[]")]
    assert not lacking


@pytest.mark.parametrize(("path", "node"), [one for one in NODES if ".metadata" not in one[0]])
def test_a_description_tells_default_and_bounds_which_kubectl_explain_does_not_show(path: str, node: Node) -> None:
    told = node.get("description", "")
    if "description" in node:
        assert told.endswith(".")
        assert "  " not in told
    if not isinstance(node.get("default"), dict) and "default" in node:
        assert "efault" in told, f"{path}: {told}"
    if bound := node.get("maximum", node.get("maxItems", 0)):
        assert f"{bound:,}" in told or bound < 5, f"{path} has at most {bound:,}: {told}"
    if (bound := node.get("maxLength", 0)) and "description" in node and not _form_says_it(node):
        assert f"{bound:,} characters" in told or "0 to 100" in told, f"{path} has at most {bound:,}: {told}"


def _form_says_it(node: Node) -> bool:
    """Its format or a rule lists its values, so that a length says nothing."""
    rules = [one["rule"] for one in node.get("x-kubernetes-validations", ())]
    return node.get("format") in SELF_BOUND or any(rule.startswith("self in [") for rule in rules)


def test_every_list_and_every_string_is_bounded() -> None:
    unbounded = [path for path, node in NODES if node["type"] == "array" and "maxItems" not in node]
    unbounded += [
        path
        for path, node in NODES
        if node["type"] == "string"
        and not ({"maxLength", "enum"} & set(node) or node.get("format") in SELF_BOUND)
        and not path.endswith((".apiVersion", ".kind"))  # the API server's own
    ]
    assert not unbounded


def test_the_schema_is_structural() -> None:
    forbidden = {"$ref", "patternProperties", "const", "uniqueItems", "dependencies", "definitions", "nullable"}
    for path, node in NODES:
        assert not forbidden & set(node), path
        assert not ("properties" in node and "additionalProperties" in node), path
        assert isinstance(node["type"], str), path
        assert set(node.get("required", ())) <= set(node.get("properties", ())), path
        assert ("items" in node) == (node["type"] == "array"), path
        assert not re.search(r"\(\?[=!<]", node.get("pattern", "")), f"{path}: Go has no look-around"


def test_keys_of_list_maps_are_required_or_have_a_default() -> None:
    kinds = set()
    for path, node in NODES:
        if node["type"] == "array":
            kinds.add(node.get("x-kubernetes-list-type"))
        for key in node.get("x-kubernetes-list-map-keys", ()):
            item = node["items"]
            assert key in item["required"] or "default" in item["properties"][key], path
    assert kinds == {"map", "set", "atomic"}


def test_every_default_passes_its_own_schema() -> None:
    defaults = [(path, node) for path, node in NODES if "default" in node]
    assert defaults
    for path, node in defaults:
        filled = with_defaults(node["default"], node)
        assert not list(Draft202012Validator(_translate(node)).iter_errors(filled)), path


@pytest.mark.parametrize("kind", VERSIONS)
def test_columns_show_fields_that_exist(kind: str) -> None:
    columns = VERSIONS[kind]["additionalPrinterColumns"]
    assert len({column["name"] for column in columns}) == len(columns)
    for column in columns:
        assert column["description"].endswith(".")
        node = _at(kind, column["jsonPath"])
        expected = "string" if column["type"] == "date" else column["type"]
        assert node["type"] == expected, column["name"]


@pytest.mark.parametrize("kind", VERSIONS)
def test_columns_of_wide_come_last_and_age_before_them(kind: str) -> None:
    columns = VERSIONS[kind]["additionalPrinterColumns"]
    ranks = [column.get("priority", 0) for column in columns]
    assert ranks == sorted(ranks)
    assert columns[ranks.index(1) - 1]["name"] == "Age"


def test_a_time_that_may_lie_ahead_is_no_age() -> None:
    """kubectl prints <invalid> for a date in the future."""
    ahead = [one for one in VERSIONS["SyncConfig"]["additionalPrinterColumns"] if "next" in one["jsonPath"]]
    assert [one["type"] for one in ahead] == ["string"]


@pytest.mark.parametrize("kind", VERSIONS)
def test_selectable_fields_are_plain_values_and_few(kind: str) -> None:
    fields = [field["jsonPath"] for field in VERSIONS[kind]["selectableFields"]]
    assert len(fields) <= 8
    for field in fields:
        assert "[" not in field
        assert _at(kind, field)["type"] in ("string", "boolean", "integer"), field


def test_what_is_refused_by_name_is_refused_with_a_way_out() -> None:
    rules = [rule for _, node in NODES for rule in node.get("x-kubernetes-validations", ())]
    named = [rule["message"] for rule in rules if rule.get("reason") == "FieldValueForbidden"]
    assert named
    assert all(re.search(r"; .*\b(use|say) \w+$", message) for message in named), named


def test_rules_say_what_is_wrong_on_one_line() -> None:
    rules = [(path, rule) for path, node in NODES for rule in node.get("x-kubernetes-validations", ())]
    assert rules
    for path, rule in rules:
        assert rule["message"].strip(), path
        assert "\n" not in rule["message"], path
        assert rule.get("reason", "FieldValueInvalid") in (
            "FieldValueInvalid",
            "FieldValueForbidden",
            "FieldValueRequired",
            "FieldValueDuplicate",
        )


@pytest.mark.parametrize("path", sorted((ROOT / "crds").glob("*.syncramp.io.yaml")), ids=lambda path: path.name)
def test_nothing_is_merged_in_the_text_of_a_crd(path: Path) -> None:
    """A key that stands beside what it overrides is refused by strict readers of YAML as one that stands twice."""
    assert "<<:" not in path.read_text(encoding="utf-8")
