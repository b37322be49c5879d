"""The metadata of a document, of which a CRD says next to nothing: the API server judges it for every kind alike.

What the server writes itself is not judged, so that what ``kubectl get -o yaml`` prints can be checked as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.sentences import unknown_fields
from syncramp.check.values import show
from syncramp.spec.schema import schema

_KNOWN = ("name", "namespace", "labels", "annotations")
_SERVERS = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
_LISTS = ("finalizers", "managedFields", "ownerReferences")
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_WORD = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = rf"({_WORD})?"
_ENDS = "and must start and end with an alphanumeric character"
_WORDS = f"consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"
_LOWER = "a lowercase RFC 1123"
_SENTENCES = {
    _SUBDOMAIN: f"{_LOWER} subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ENDS}",
    _LABEL: f"{_LOWER} label must consist of lower case alphanumeric characters or '-', {_ENDS}",
    _VALUE: f"a valid label must be an empty string or {_WORDS}",
    _WORD: f"name part must {_WORDS}",
}
"""What the server says (apimachinery, util/validation), without its examples."""
_ANNOTATIONS = 256 * 1024
"""Bytes of all annotations together (apimachinery, TotalAnnotationSizeLimitB)."""


def metadata_findings(metadata: Any) -> Iterator[Finding]:
    """What the server has against the metadata of an object."""
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        yield _no_object("metadata")
        return
    yield from unknown_fields("metadata", metadata, dict.fromkeys((*_KNOWN, *_SERVERS)))
    longest = schema()["properties"]["metadata"]["properties"]["name"]["maxLength"]
    if metadata.get("name") in (None, ""):
        yield Finding("metadata.name", "Required value", "give the document a name, as contoso")
    else:
        yield from _text("metadata.name", metadata["name"], longest, _SUBDOMAIN, "Too long: may not be")
    if metadata.get("namespace") is not None:
        yield from _text("metadata.namespace", metadata["namespace"], 63, _LABEL)
    for name, judge in (("labels", _labels), ("annotations", _annotations)):
        members = metadata.get(name)
        if isinstance(members, dict):
            yield from judge(members)
        elif members is not None:
            yield _no_object(f"metadata.{name}")
    for name in _LISTS:
        if not isinstance(metadata.get(name, []), list | None):
            yield Finding(f"metadata.{name}", "must be of type array", "remove it; others write it")


def _no_object(path: str) -> Finding:
    return Finding(path, "must be of type object", "write an object: its fields indented below it")


def _text(path: str, value: Any, longest: int, pattern: str, limited: str = "must be no") -> Iterator[Finding]:
    if not isinstance(value, str):
        yield Finding(path, "must be of type string", "write it in quotes", show(path, value))
    elif len(value) > longest:
        yield Finding(path, f"{limited} more than {longest} bytes", "shorten it", show(path, value))
    elif not re.fullmatch(pattern, value):
        yield Finding(path, _SENTENCES[pattern], "leave out the characters that are not allowed", show(path, value))


def _labels(labels: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _keys("metadata.labels", labels, str)
    for key, value in labels.items():
        yield from _text(f"metadata.labels.{key}", value, 63, _VALUE)


def _annotations(annotations: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _keys("metadata.annotations", annotations, str.lower)  # the server lowers them before it looks
    for key, value in annotations.items():
        if not isinstance(value, str):
            yield Finding(f"metadata.annotations.{key}", "must be of type string", "write it in quotes")
    size = sum(len((key + value).encode()) for key, value in annotations.items() if isinstance(value, str))
    if size > _ANNOTATIONS:
        yield Finding(
            "metadata.annotations", f"Too long: may not be more than {_ANNOTATIONS} bytes", "remove some of them"
        )


def _keys(path: str, members: Mapping[str, Any], read: Callable[[str], str]) -> Iterator[Finding]:
    for key in members:
        prefix, slash, word = read(key).rpartition("/")
        place, remedy = f"{path}.{key}", "write the key as example.com/name or name, at most 63 characters"
        if len(prefix) > 253:
            yield Finding(place, "prefix part must be no more than 253 bytes", remedy)
        elif slash and not re.fullmatch(_SUBDOMAIN, prefix):
            yield Finding(place, f"prefix part {_SENTENCES[_SUBDOMAIN]}", remedy)
        elif len(word) > 63:
            yield Finding(place, "name part must be no more than 63 bytes", remedy)
        elif not re.fullmatch(_WORD, word):
            yield Finding(place, _SENTENCES[_WORD], remedy)
