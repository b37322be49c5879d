"""The selectors of lists and watches of the API double: labels in all their forms, and only the fields of a kind."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from support.kube_api_errors import bad_request
from support.kube_api_resources import Resource

Object = dict[str, Any]
Selector = Callable[[Object], bool]

_SET = re.compile(r"\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*")
_PLAIN = re.compile(r"\s*(!)?\s*([A-Za-z0-9./_-]+)\s*(?:(==|=|!=)\s*([A-Za-z0-9._-]*))?\s*")


def selector(resource: Resource, query: Mapping[str, str]) -> Selector:
    """Whether an object is wanted by a request."""
    labels = [_label(part) for part in _parts(query.get("labelSelector", ""))]
    fields = [_field(resource, part) for part in _parts(query.get("fieldSelector", ""))]
    return lambda body: all(one(body) for one in (*labels, *fields))


def named(query: Mapping[str, str]) -> str:
    """The one name that a request is about, if its field selector says so."""
    for part in _parts(query.get("fieldSelector", "")):
        field, _, value = part.replace("==", "=").partition("=")
        if field == "metadata.name":
            return value
    return ""


def _parts(text: str) -> list[str]:
    """Split at the commas that are in no parentheses."""
    return [part for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _label(part: str) -> Selector:
    if found := _SET.fullmatch(part):
        key, word, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        if word == "in":
            return lambda body: _labels(body).get(key) in values
        return lambda body: _labels(body).get(key) not in values
    if not (found := _PLAIN.fullmatch(part)):
        raise bad_request(f"unable to parse requirement: found '{part}'")
    no, key, sign, value = found.groups()
    if sign is None:
        return lambda body: (key in _labels(body)) != bool(no)
    if sign == "!=":
        return lambda body: _labels(body).get(key) != value
    return lambda body: _labels(body).get(key) == value


def _field(resource: Resource, part: str) -> Selector:
    found = re.fullmatch(r"\s*([^=!\s]+)\s*(==|=|!=)\s*(.*)", part)
    if not found:
        raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    path, sign, value = found.groups()
    own = ("metadata.name", *(("metadata.namespace",) if resource.namespaced else ()), *resource.fields)
    if path not in own:
        raise bad_request(f"field label not supported: {path}")
    return lambda body: (_text(body, path) == value) == (sign != "!=")


def _labels(body: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = body["metadata"].get("labels") or {}
    return found


def _text(body: Object, path: str) -> str:
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
