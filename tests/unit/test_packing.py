"""Values that nobody looks at are neither read nor unpacked, and their digest stands for them all the same."""

from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.packing import Packed, digest, digest_of, pack

TEXTS = st.text(max_size=4)
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=4), st.lists(TEXTS))
ATTRIBUTES = st.dictionaries(TEXTS, VALUES.map(lambda value: tuple(value) if isinstance(value, list) else value))


def packed(values) -> Packed:
    data = pack(values)
    return Packed(digest(data), {1: data}.__getitem__, 1)


@given(ATTRIBUTES)
def test_packed_values_are_the_values_and_have_their_digest(values) -> None:
    found = packed(values)
    assert found == values and dict(found) == values and {**found} == values
    assert list(found) == list(found.keys()) and len(found) == len(values)
    assert dict(zip(found.keys(), found.values(), strict=True)) == dict(found.items()) == values
    assert all(name in found and found[name] == found.get(name) for name in values)
    assert "no such name" not in found and found.get("no such name") is None
    assert digest_of(found) == digest_of(values)


@given(ATTRIBUTES, ATTRIBUTES)
def test_other_values_have_another_digest(one, other) -> None:
    same = one == other and all(type(one[name]) is type(other[name]) for name in one)
    assert (digest_of(one) == digest_of(packed(other))) is same


def test_a_cleared_attribute_and_an_empty_one_are_told_apart() -> None:
    assert (
        len({digest_of(values) for values in ({}, {"mail": None}, {"mail": ""}, {"mail": ()}, {"mail": False})}) == 5
    )


def test_counting_and_digesting_reads_nothing() -> None:
    def fail(identity: int) -> bytes:
        raise AssertionError("the values were read")

    data = pack({"displayName": "Ann"})
    found = Packed(digest(data), fail, 1)
    assert found and digest_of(found) == digest(data)
    assert not Packed(digest(pack({})), fail, 1)
    assert "Ann" not in repr(found)
