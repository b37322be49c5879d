"""What the API double lets in: SyncConfigs by the CRD, Events by the rules of core/v1.

The schema and the CEL rules are judged by the engine's own checks (``shape``, ``twins``, ``updates``), which have
tests of their own. Pruning and formats are done here, because only a server does them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from support.kube_api_errors import bad_request, cause, invalid
from syncramp.check.findings import Finding
from syncramp.check.shape import shape_findings
from syncramp.check.twins import rule_findings, transition
from syncramp.check.updates import standing
from syncramp.spec.schema import API_VERSION, KIND, schema, with_defaults

Object = dict[str, Any]

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ROOT = ("apiVersion", "kind", "metadata")


def admit(new: Object, old: Object | None) -> tuple[Object, list[str]]:
    """A SyncConfig as it is stored, and the warnings; refused with 422 if it is not acceptable.

    :param old: what is stored now.
    """
    if (new.get("apiVersion"), new.get("kind")) != (API_VERSION, KIND):
        raise bad_request(f"the API version or kind in the data does not match {API_VERSION} {KIND}")
    warnings: list[str] = []
    kept = {name: new[name] for name in _ROOT if name in new}
    rest = {name: value for name, value in new.items() if name not in _ROOT}
    filled = kept | with_defaults(_pruned(rest, schema(), "", warnings))
    found = list(_findings(filled))
    if old:
        found = [finding for finding in found if not standing(finding, filled, old).stands]
        found += list(transition(filled, old))
    if found:
        name = new.get("metadata", {}).get("name", "")
        raise invalid(KIND, API_VERSION.split("/")[0], name, [_cause(finding) for finding in found])
    return filled, warnings


def admit_event(namespace: str, body: Object) -> None:
    """The checks of a core/v1 Event; with eventTime the strict ones."""
    wrong = []
    if body.get("involvedObject", {}).get("namespace") != namespace:
        wrong.append(cause("involvedObject.namespace", "Invalid value: does not match event.namespace"))
    if body.get("eventTime"):
        for name in ("reportingComponent", "reportingInstance", "action", "reason"):
            if not body.get(name):
                wrong.append(cause(name, "Required value", "FieldValueRequired"))
            elif len(body[name].encode()) > 128 and name != "reportingComponent":
                wrong.append(cause(name, "Invalid value: can have at most 128 characters"))
        if len(body.get("message", "").encode()) > 1024:
            wrong.append(cause("message", "Invalid value: can have at most 1024 characters"))
    if body.get("type") not in ("Normal", "Warning"):
        wrong.append(cause("type", "Invalid value: must be Normal or Warning"))
    if wrong:
        raise invalid("Event", "", body.get("metadata", {}).get("name", ""), wrong)


def _pruned(data: Any, node: Mapping[str, Any], path: str, warnings: list[str]) -> Any:
    if isinstance(data, dict) and node["type"] == "object" and "additionalProperties" not in node:
        kept, known = {}, node.get("properties", {})
        for name, value in data.items():
            place = f"{path}.{name}" if path else name
            if name in known:
                kept[name] = _pruned(value, known[name], place, warnings)
            else:
                warnings.append(f'unknown field "{place}"')
        return kept
    if isinstance(data, list) and "items" in node:
        return [_pruned(item, node["items"], f"{path}[{place}]", warnings) for place, item in enumerate(data)]
    return data


def _findings(data: Object) -> Iterator[Finding]:
    yield from shape_findings({**data, "metadata": _plain_metadata(data)})
    yield from rule_findings(data)
    yield from _formats(data, schema(), "")


def _plain_metadata(data: Object) -> Object:
    known = ("name", "namespace", "labels", "annotations")
    return {name: value for name, value in data.get("metadata", {}).items() if name in known}


def _formats(data: Any, node: Mapping[str, Any], path: str) -> Iterator[Finding]:
    """Formats that the engine leaves to the server."""
    if isinstance(data, dict):
        for name, child in node.get("properties", {}).items():
            if name in data:
                yield from _formats(data[name], child, f"{path}.{name}" if path else name)
    elif isinstance(data, list):
        for place, item in enumerate(data):
            yield from _formats(item, node.get("items", {}), f"{path}[{place}]")
    elif node.get("format") == "date-time" and isinstance(data, str) and not _DATE_TIME.fullmatch(data):
        yield Finding(path, f"{path} in body must be of type date-time", value=f'"{data}"')
    elif node.get("format") in ("int32", "int64") and isinstance(data, int):
        limit = 2 ** (31 if node["format"] == "int32" else 63)
        if not -limit <= data < limit:
            yield Finding(path, f"must be of type {node['format']}", value=str(data))


def _cause(finding: Finding) -> dict[str, str]:
    if finding.forbidden:
        return cause(finding.path, f"Forbidden: {finding.reason}", "FieldValueForbidden")
    if finding.reason == "Required value":
        return cause(finding.path, finding.reason, "FieldValueRequired")
    if finding.reason.startswith(("Unsupported value", "Duplicate value", "Too ")):
        return cause(finding.path, finding.reason)
    value = f"{finding.value}: " if finding.value else ""
    return cause(finding.path, f"Invalid value: {value}{finding.reason}")
