"""The pages of docs/spec: every field of the CRD stands there, with its type, default and limits, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.documents import full
from syncramp.check import Finding, verdict_of
from syncramp.errors import InputRefused
from syncramp.spec.schema import crd, schema
from syncramp_operator.judgements import ACCEPTED, UNJUDGED, UNPROVEN, UNVERIFIED, judgement_on

FOLDER = Path(__file__).parents[2] / "docs/spec"
PAGE = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in ("syncconfig.md", "groups.md"))


def rows(heading: str) -> list[list[str]]:
    """The rows of all tables with this first column."""
    found: list[list[str]] = []
    inside = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells or cells[0] == heading:
            inside = bool(cells)
        elif inside and not set(cells[0]) <= {"-"}:
            found.append(cells)
    return found


def fields(node: dict[str, Any], path: str = "", *, required: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Every field of a schema: its path, itself, and whether its parent requires it."""
    if path and not path.endswith("[]"):
        yield path, node, required
    for name, child in node.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield from fields(child, place, required=name in node.get("required", ()))
    if "items" in node:
        yield from fields(node["items"], f"{path}[]")


FIELDS = {path: (node, required) for path, node, required in fields(schema()) if path.startswith(("spec", "status"))}
TOLD = {cells[0].strip("`"): cells for cells in rows("field")}


def default(node: dict[str, Any], required: bool) -> str:
    value = node.get("default")
    if isinstance(value, list):
        return f"`[{', '.join(value)}]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "required" if required else "" if value in (None, "") else f"`{value}`"


def limits(node: dict[str, Any]) -> Iterator[str]:
    """What the column of limits must hold, from the keywords of the schema."""
    if "enum" in node:
        yield ", ".join(f"`{value}`" for value in node["enum"])
    if "minimum" in node:
        most = f"{node['minimum']:,} to {node['maximum']:,}" if "maximum" in node else f"from {node['minimum']}"
        yield most
    for keyword, noun in (("Items", "items"), ("Length", "characters"), ("Properties", "members")):
        least, most = node.get(f"min{keyword}"), node.get(f"max{keyword}")
        if most is not None and not _listed(node):
            yield f"{least:,} to {most:,} {noun}" if least else f"at most {most:,} {noun}"
    inner = node.get("items") or node.get("additionalProperties") or {}
    if inner.get("type") == "string":
        yield from (text.replace(" characters", " characters each") for text in limits(inner))


def _listed(node: dict[str, Any]) -> bool:
    """A rule lists its values, so that a length says nothing."""
    return any(rule["rule"].startswith("self in [") for rule in node.get("x-kubernetes-validations", ()))


def test_every_field_of_the_crd_stands_on_the_page_once_and_no_other() -> None:
    assert sorted(cells[0].strip("`") for cells in rows("field")) == sorted(FIELDS)


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_is_told_with_its_type_default_and_limits(path: str) -> None:
    (node, required), (_, kind, told, limited, meaning) = FIELDS[path], TOLD[path]
    assert kind == {"array": "list"}.get(node["type"], node["type"])
    assert told == default(node, required)
    assert all(text in limited for text in limits(node)), (limited, list(limits(node)))
    assert meaning.endswith(".")
    rules = [rule["rule"] for rule in node.get("x-kubernetes-validations", ())]
    assert ("It cannot be changed" in meaning) == any("oldSelf" in rule for rule in rules)
    assert ("exactly one member" in limited) == any("exists_one(x, x)" in rule for rule in rules)


def test_values_that_only_a_rule_lists_are_told_without_those_that_are_refused_by_name() -> None:
    assert TOLD["spec.target.cloud"][3] == "`Commercial`, `China`, `USGovernment`"
    assert TOLD["spec.target.endpoint.version"][3] == "`V2`"


def test_the_example_of_the_page_is_accepted() -> None:
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    assert examples
    assert all(verdict_of(example) == [] for example in examples)


def test_the_conditions_are_those_that_the_operator_sets() -> None:
    stalled = judgement_on([Finding("spec.mode", "is wrong", "mend it")], {})
    assert stalled.reason == InputRefused.reason
    expected = set()
    for judgement in (ACCEPTED, stalled, UNJUDGED):
        expected.add(("Ready", "True" if judgement.ready else "False", judgement.reason))
        if judgement.stalled:
            expected.add(("Stalled", "True", judgement.reason))
    told = [[cell.strip("`") for cell in cells] for cells in rows("type")]
    assert {tuple(cells[:3]) for cells in told} == expected
    messages = [cells[3] for cells in told if cells[0] == "Ready" and cells[2] != stalled.reason]
    assert messages == [one.message for one in (ACCEPTED, UNVERIFIED, UNPROVEN, UNJUDGED)]


def test_the_columns_and_selectors_of_kubectl_are_told() -> None:
    (version,) = crd()["spec"]["versions"]
    (told,) = re.findall(r"`kubectl get scfg` shows the columns (.*?)\n\n", PAGE, re.DOTALL)
    columns, _, selectors = re.split(r"It takes|field selectors from 1\.31:", told)
    names = list(dict.fromkeys(re.findall(r"`(\w+)`", columns)))
    assert names == [one["name"] for one in version["additionalPrinterColumns"]]
    assert re.findall(r"`(.*?)`", selectors) == [one["jsonPath"].lstrip(".") for one in version["selectableFields"]]


def test_the_full_document_of_the_tests_has_every_field_that_can_stand_with_the_others() -> None:
    said = {re.sub(r"\[\d+\]", "[]", path) for path in _paths(full())}
    left = {path for path in FIELDS if path.startswith("spec") and path not in said}
    assert all(
        re.search(r"\.(clientSecret|workloadIdentity|account)|\.ca\.(secret|configMap)KeyRef", path) for path in left
    )


def _paths(data: Any, path: str = "") -> Iterator[str]:
    yield path
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _paths(value, f"{path}.{name}" if path else name)
    elif isinstance(data, list):
        for item in data:
            yield from _paths(item, f"{path}[]")
