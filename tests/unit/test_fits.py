"""What surely fits a schema is what jsonschema has nothing against."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from support.documents import full, minimal
from syncramp.check import shape
from syncramp.endpoint.profile import SCHEMA
from syncramp.spec.fits import fits
from syncramp.spec.schema import with_defaults

PROFILE = {
    "version": 1,
    "probed": "2026-11-25T00:00:00Z",
    "syncramp": "0.1",
    "cloud": "Commercial",
    "host": "sync.example.com",
    "tenantID": "x",
    "facts": {
        "visibilityDelay": {"asked": "a", "observed": 1.5, "verdict": "confirmed"},
        "linksPerCall": {"asked": "a", "observed": None, "verdict": "confirmed", "evidence": "e"},
        "more": {"asked": "a", "observed": True, "verdict": "confirmed"},
    },
}
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(["", "x" * 2000, "a\n", "30m", "2026-11-25T00:00:00Z\n", 5.0, 0, 1.0, "1", [], {}, [[]]]),
    st.dictionaries(st.sampled_from(["name", "key", "other"]), st.sampled_from(["x", 1, None]), max_size=3),
    st.lists(st.sampled_from(["x", 1, None, {}]), max_size=3),
)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key that is in it."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield data, key
        yield from places(value)


def changed(data: Any, draw: Any) -> Any:
    made = copy.deepcopy(data)
    holder, key = draw(st.sampled_from(list(places(made))))
    act = draw(st.sampled_from(["replace", "remove", "add"]))
    if act == "remove":
        del holder[key]
    elif act == "add" and isinstance(holder, dict):
        holder[draw(st.sampled_from(["unknown", "name", "x-y"]))] = draw(WRONG)
    elif act == "add":
        holder.append(draw(WRONG))
    else:
        holder[key] = draw(WRONG)
    return made


@pytest.mark.parametrize("document", [minimal(), full()], ids=["minimal", "full"])
@given(data=st.data())
def test_a_document_fits_where_jsonschema_finds_nothing(document: Any, data: Any) -> None:
    validator, schema = shape._validator(), shape._translated()
    right = with_defaults(document)
    assert fits(right, schema, shape._FORMATS) and validator.is_valid(right)
    other = changed(right, data.draw)
    found = fits(other, schema, shape._FORMATS)
    assert found == validator.is_valid(other) or (not found and any(_whole(other)))


@given(data=st.data())
def test_a_profile_fits_where_jsonschema_finds_nothing(data: Any) -> None:
    assert fits(PROFILE, SCHEMA)
    other = changed(PROFILE, data.draw)
    found = fits(other, SCHEMA)
    assert found == Draft202012Validator(SCHEMA).is_valid(other) or (not found and any(_whole(other)))


def _whole(data: Any) -> Iterator[bool]:
    """Integers that were written as 5.0, of which jsonschema is asked."""
    for holder, key in places(data):
        yield isinstance(holder[key], float) and holder[key].is_integer()


@pytest.mark.parametrize("schema", [{"uniqueItems": True}, {"type": "date"}, {"oneOf": [{}]}, {"enum": [[1]]}])
def test_of_what_is_not_known_here_jsonschema_is_asked(schema: Any) -> None:
    assert not fits([1], schema)
