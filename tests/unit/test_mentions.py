"""A run needs every Secret and ConfigMap that its document mentions: the CRD says where they stand."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from syncramp.spec.mentions import Mentions, mentioned
from syncramp.spec.schema import schema

REFERENCES = ("secretRef", "secretKeyRef", "configMapKeyRef")


def _nodes(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name, child in node.get("properties", {}).items():
        yield (*path, name), child
        yield from _nodes(child, (*path, name))
    if "items" in node:
        yield from _nodes(node["items"], (*path, "[]"))


SPEC = [(path, node) for path, node in _nodes(schema()["properties"]["spec"])]
PLACES = [path for path, _ in SPEC if path[-1] in REFERENCES]


def _document(path: tuple[str, ...], leaf: Any) -> Any:
    """The least document that has something at a path."""
    for part in reversed(path):
        leaf = [leaf] if part == "[]" else {part: leaf}
    return leaf


def test_every_reference_that_the_schema_knows_is_found() -> None:
    assert len(PLACES) > 10
    for path in PLACES:
        found = mentioned(_document(path, {"name": "it", "key": "k"}))
        wanted = Mentions((), ("it",)) if path[-1] == "configMapKeyRef" else Mentions(("it",))
        assert found == wanted, path


def test_the_schema_has_no_reference_of_another_kind() -> None:
    others = [path for path, _ in SPEC if path[-1].endswith("Ref") and path[-1] not in REFERENCES]
    assert others == []


def test_each_name_comes_once_however_often_it_is_mentioned() -> None:
    spec = [_document(path, {"name": path[-1][:6]}) for path in PLACES]
    assert mentioned({"all": spec + spec}) == Mentions(("secret",), ("config",))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*REFERENCES, "name", "x"]), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), ANYTHING))
def test_whatever_a_document_is_only_names_are_found(spec: dict[str, Any]) -> None:
    found = mentioned(spec)
    assert all(isinstance(name, str) and name for name in (*found.secrets, *found.config_maps))
