"""The pages of docs/spec: every field of the CRDs stands there, with its type, default and limits, and no other."""

import copy
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.documents import full
from syncramp.check import verdict_of
from syncramp.check.shape import _translate
from syncramp.model.acceptances import ANNOTATION as ACCEPTS
from syncramp.model.approvals import ADOPTS, ANNOTATION
from syncramp.model.orders import COMMANDS
from syncramp.model.stages import RELEASES
from syncramp.schedule.known import Cause, Wait
from syncramp.spec.schema import KIND, RUN, crd, schema, with_defaults
from syncramp_operator.api.resources import FORCE_AT, PLAN_AT, REQUESTED_AT
from syncramp_operator.status.facts import Facts
from syncramp_operator.status.whole import status_of

FOLDER = Path(__file__).parents[2] / "docs/spec"
SAMPLES = list(
    yaml.safe_load_all((Path(__file__).parents[1] / "data/cluster/contoso.yaml").read_text(encoding="utf-8"))
)
"""Objects as a cluster holds them."""
KINDS = {KIND: ("syncconfig.md", "fields.md", "groups.md", "writeback.md", "status.md"), RUN: ("syncrun.md",)}
"""Kind -> the pages that tell of it."""
PAGES = {
    kind: "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names) for kind, names in KINDS.items()
}
SHARED = re.compile(r"status\.(ramps\[\]|waiting\[\]|sources\[\]|lease)\.")
"""Members of a SyncConfig that have the schema of those of a SyncRun, and are told there."""


def rows(heading: str, kind: str = KIND) -> list[list[str]]:
    """The rows of all tables with this first column."""
    found: list[list[str]] = []
    inside = False
    for line in PAGES[kind].splitlines():
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


FIELDS = {
    (kind, path): (node, required)
    for kind in KINDS
    for path, node, required in fields(schema(kind))
    if path.startswith(("spec", "status")) and not (kind == KIND and SHARED.match(path))
}
TOLD = {(kind, cells[0].strip("`")): cells for kind in KINDS for cells in rows("field", kind)}


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


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_the_crd_stands_on_its_pages_once_and_no_other(kind: str) -> None:
    expected = [path for owner, path in FIELDS if owner == kind]
    assert sorted(cells[0].strip("`") for cells in rows("field", kind)) == sorted(expected)


@pytest.mark.parametrize(("kind", "path"), FIELDS)
def test_a_field_is_told_with_its_type_default_and_limits(kind: str, path: str) -> None:
    (node, required), (_, type_, told, limited, meaning) = FIELDS[kind, path], TOLD[kind, path]
    assert type_ == {"array": "list"}.get(node["type"], node["type"])
    assert told == default(node, required)
    assert all(text in limited for text in limits(node)), (limited, list(limits(node)))
    assert meaning.endswith(".")
    rules = [rule["rule"] for rule in node.get("x-kubernetes-validations", ())]
    assert ("It cannot be changed" in meaning) == any("oldSelf" in rule for rule in rules)
    assert ("exactly one member" in limited) == any("exists_one(x, x)" in rule for rule in rules)


def test_values_that_only_a_rule_lists_are_told_without_those_that_are_refused_by_name() -> None:
    assert TOLD[KIND, "spec.target.cloud"][3] == "`Commercial`, `China`, `USGovernment`"
    assert TOLD[KIND, "spec.target.endpoint.version"][3] == "`V2`"


def test_the_example_of_the_page_is_accepted() -> None:
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGES[KIND], re.DOTALL)]
    assert examples
    assert all(verdict_of(example) == [] for example in examples)


def shown(kind: str) -> Iterator[list[str]]:
    """The cells of the tables of ``kubectl get`` on the pages of a kind, their heads first."""
    for block in re.findall(r"\$ kubectl get s(?:cfg|run)(?: -o wide)?\n(NAME.*?)```", PAGES[kind], re.DOTALL):
        head, *lines = block.splitlines()
        starts = [found.start() for found in re.finditer(r"(?<!\S)\S+(?: \S+)*", head)]
        for line in (head, *lines):
            yield [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]


def cell(path: str, data: Any) -> str:
    """What a column shows of an object."""
    found = re.fullmatch(r"\.status\.conditions\[\?\(@\.type==\"(\w+)\"\)\]\.(\w+)", path)
    if found:
        conditions = data["status"].get("conditions", ())
        return next((str(one[found[2]]) for one in conditions if one["type"] == found[1]), "")
    for name in path.strip(".").split("."):
        data = data.get(name, {})
    return "" if data == {} else str(data).lower() if isinstance(data, bool) else str(data)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_of_kubectl_get_are_those_of_its_columns(kind: str) -> None:
    objects = [one for one in SAMPLES if one["kind"] == kind]
    (version,) = crd(kind)["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    for wide in (False, True):
        seen = [column for column in columns if wide or not column.get("priority")]
        expected = [["NAME", *(column["name"].upper() for column in seen)]]
        for one in objects:
            filled = with_defaults(one, schema(kind))
            expected.append([one["metadata"]["name"], *(cell(column["jsonPath"], filled) for column in seen)])
        told = [row for row in shown(kind) if len(row) == len(expected[0])]
        ages = [number for number, column in enumerate(seen, 1) if column["type"] == "date"]
        assert all(re.fullmatch(r"\d+[smhd]", row[number]) for row in told[1:] for number in ages)
        for row in (*told, *expected):
            for number in ages:
                row[number] = ""
        assert told == expected


@pytest.mark.parametrize("one", SAMPLES, ids=lambda one: one["metadata"]["name"])
def test_the_sample_is_as_the_crds_want_it(one: Any) -> None:
    node = _translate(schema(one["kind"]))
    node["properties"]["metadata"] = {}
    assert [
        error.message for error in Draft202012Validator(node).iter_errors(with_defaults(one, schema(one["kind"])))
    ] == []


def test_the_sample_status_is_what_the_operator_says_of_the_sample_run() -> None:
    sample, run, _ = copy.deepcopy(SAMPLES)
    told = sample.pop("status")
    sample["metadata"] |= {"generation": 3, "uid": run["spec"]["configRef"]["uid"]}
    sample["status"] = {"history": told["history"], "conditions": told["conditions"]}
    due = datetime.fromisoformat(told["nextSyncTime"])
    facts = Facts(
        (), Wait(Cause.DUE_LATER, due), [run], requests=told["lastHandled"], secrets=told["observedSecrets"]
    )
    said = status_of(sample, facts, due - timedelta(minutes=5))
    assert {name: value for name, value in said.items() if value is not None} == told


def test_the_annotations_are_those_that_a_run_and_the_operator_follow() -> None:
    told = [cells[0].strip("`") for cells in rows("annotation")]
    assert told == [REQUESTED_AT, FORCE_AT, PLAN_AT, ANNOTATION, ADOPTS, ACCEPTS, RELEASES, *COMMANDS]
    handled = schema()["properties"]["status"]["properties"]["lastHandled"]["properties"]
    camel = [re.sub(r"-(.)", lambda found: found[1].upper(), name.partition("/")[2]) for name in told]
    assert camel == list(handled)
    assert all(
        f"`{name}`" in TOLD[KIND, f"status.lastHandled.{short}"][4] for name, short in zip(told, camel, strict=True)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_selectors_of_kubectl_are_told(kind: str) -> None:
    (version,) = crd(kind)["spec"]["versions"]
    (told,) = re.findall(r"(?:[Ff]ield selectors)(?: from 1\.31:| are)(.*?)[.;](?:\s|\n)", PAGES[kind], re.DOTALL)
    assert re.findall(r"`(.*?)`", told) == [one["jsonPath"].lstrip(".") for one in version["selectableFields"]]


def test_the_full_document_of_the_tests_has_every_field_that_can_stand_with_the_others() -> None:
    said = {re.sub(r"\[\d+\]", "[]", path) for path in _paths(full())}
    left = {path for kind, path in FIELDS if kind == KIND and path.startswith("spec") and path not in said}
    assert all(
        re.search(r"\.(clientSecret|workloadIdentity|account)|\.(ca|ldif)\.(secret|configMap)KeyRef", path)
        for path in left
    )


def _paths(data: Any, path: str = "") -> Iterator[str]:
    yield path
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _paths(value, f"{path}.{name}" if path else name)
    elif isinstance(data, list):
        for item in data:
            yield from _paths(item, f"{path}[]")
