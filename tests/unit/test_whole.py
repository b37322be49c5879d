"""What is sent whole is written from its bytes, and comes to what the template of all objects makes of its values."""

from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncramp.endpoint.contract.template import _template, write_objects
from syncramp.endpoint.contract.whole import Layouts
from syncramp.model.packing import pack, packed_value, unpack_in_turns
from syncramp.model.whole import Whole, whole
from syncramp.model.wire import Operation, SyncObject

ALPHABET = st.sampled_from("ab 01é€Āč中😀\0û")
TEXTS = st.one_of(
    st.text(ALPHABET, max_size=6), st.integers(0, 300).map("x".__mul__), st.integers(0, 90).map("č".__mul__)
)
BINARIES = st.one_of(
    st.binary(max_size=30),
    st.integers(0, 300).map(b"\xc4".__mul__),
    st.sampled_from([b"\x81" * 0x81, b"\xc4\x1c" * 9]),
)
NUMBERS = st.one_of(st.sampled_from([0, 1, 196, 0xC4C4, 0xC41C]), st.integers(-(2**63), 2**63 - 1))
LISTS = st.one_of(st.lists(TEXTS, max_size=18), st.lists(BINARIES, max_size=2)).map(tuple)
VALUES = st.one_of(TEXTS, BINARIES, st.booleans(), NUMBERS, LISTS)
THREE = {"mail": "y" * 128, "title": "xx"}
NAMES = ("objectSid", "accountEnabled", "mail", "proxies", "title")
PEOPLE = st.fixed_dictionaries(
    {"objectSid": st.binary(min_size=28, max_size=28), "title": TEXTS, "mail": TEXTS}
).flatmap(
    lambda values: st.tuples(st.booleans(), st.lists(TEXTS, max_size=3)).map(
        lambda others: {**values, "accountEnabled": others[0], "proxies": tuple(others[1])}
    )
)
OBJECTS = st.one_of(PEOPLE, st.dictionaries(st.sampled_from(NAMES), VALUES))
FORMS = st.sampled_from(["typed", "text", "records"])
ANCHORS = st.one_of(st.just("DlZNrh/XFMyXEtuYqqTywQ=="), TEXTS)


def written(anchor, values, form="typed", *, packed=True) -> bytes:
    sent = whole(anchor, pack(values)) if packed else {"SourceAnchor": anchor, **dict(sorted(values.items()))}
    return write_objects([SyncObject("User", Operation.SET, sent)], form)


@given(ANCHORS, st.lists(OBJECTS, min_size=1, max_size=6), FORMS)
@example(
    "a1",
    [{"objectSid": b"x" * 28, "title": "x"}, {"objectSid": "Āā", "title": b"\xa9objectSid\xc4\x04\xc4\x80\xc4\x81"}],
    "typed",
)
@example("a1", [{"objectSid": b"x" * 28, "title": "xx"}, {"objectSid": "Ā" * 14, "title": b"x" * 28}], "typed")
@example("a1", [{"mail": "aa", "title": "aa"}, {"mail": b"\x80" * 0x80, "title": "Āā"}], "typed")
@example(
    "a1", [{**THREE, "objectSid": b"x" * 28}, {**THREE, "objectSid": "x" * 128, "title": "éobjectSidĀ"}], "typed"
)
@example(
    "a1",
    [
        {"objectSid": b"x" * 28, "proxies": ("aa",)},
        {"objectSid": b"\xa9objectSid\xc4\x05" * 12, "proxies": (b"AA",)},
    ],
    "typed",
)
@example("a1", [{"A": b"xx", "Bc": 3}, {"A": "", "Bc": 0xA141C400}], "typed")
@example("a1", [{"mail": "aa"}, {"mail": ("aa",)}, {"mail": True}, {"mail": 3}], "typed")
@example("a1", [{"mail": ("aa",)}, {"mail": (b"aa",)}, {"mail": "aa"}], "typed")
@example("a1", [{"accountEnabled": True}, {"accountEnabled": 1}], "typed")
@example("a1", [{}, {"SourceAnchor": "another one"}], "typed")
def test_it_is_written_as_its_values_are(anchor, people, form) -> None:
    _template.cache_clear()
    for values in people:
        assert written(anchor, values, form) == written(anchor, values, form, packed=False)


def test_people_as_directories_have_them_are_written_from_their_bytes() -> None:
    person = {
        "objectSid": b"\x01\x05\xc4" * 9 + b"\x1c",
        "accountEnabled": True,
        "displayName": "Żaneta Çelik",
        "kind": 2147483648,
        "proxies": ("SMTP:zaneta@example.com", "smtp:z@example.com"),
        "title": "",
    }
    made = []

    def seen(self, values) -> list[bytes] | None:
        made.append(pieces(self, values))
        return made[-1]

    pieces = Layouts.pieces
    with patch.object(Layouts, "pieces", seen):
        others = [{**person, "displayName": "Ana Čović"}, {**person, "accountEnabled": False, "proxies": ()}]
        odd = [{**person, "title": "x" * 171}, {**person, "displayName": "中国"}, {**person, "title": b"no text"}]
        for values in (person, *others, *odd):
            assert written("anchor==", values) == written("anchor==", values, packed=False)
    assert [one is not None for one in made] == [True, True, True, False, False, False]


def test_layouts_share_what_they_know_of_a_name() -> None:
    """There may be a thousand of them, and each text of another length has a head of its own."""
    _template.cache_clear()
    names = ("department", "mail", "title")
    for shape in range(8):
        values = {name: "x" * (shape + 2) for place, name in enumerate(names) if shape >> place & 1}
        for sent in ({**values, "accountEnabled": True, "kind": shape}, {**values, "accountEnabled": 1}):
            assert written("anchor==", sent) == written("anchor==", sent, packed=False)
    layouts = _template("typed")._layouts
    assert len(layouts._layouts) == 16
    assert layouts._writers.heads.cache_info().currsize == len(names) + 1
    assert layouts._writers.few.cache_info().currsize == 3


@given(st.text(max_size=4), st.dictionaries(st.text(max_size=4), VALUES))
def test_whoever_looks_at_it_sees_its_values(anchor, values) -> None:
    found, wanted = whole(anchor, pack(values)), {"SourceAnchor": anchor, **values}
    assert found == wanted and dict(found) == wanted and list(found) == ["SourceAnchor", *sorted(values)]
    assert len(found) == len(wanted) and all(found[name] == found.get(name) == wanted[name] for name in wanted)
    assert "no such name" not in found and found.get("no such name") is None and 7 not in found
    with pytest.raises(KeyError):
        found["no such name"]


def test_a_source_anchor_that_is_wanted_is_the_one_that_goes() -> None:
    found = whole("one", pack({"SourceAnchor": "other"}))
    assert not isinstance(found, Whole) and found == {"SourceAnchor": "other"}


@given(st.sampled_from([{}, {"accountEnabled": False}, {"accountEnabled": True}, {"accountEnabled": 0}]), TEXTS)
def test_it_is_told_who_is_disabled_and_that_it_has_no_links(values, text) -> None:
    more = {**values, "title": text}
    for sent in (whole("a", pack(more)), more):
        obj = SyncObject("User", Operation.SET, sent)
        assert obj.disables is (more.get("accountEnabled") is False) and obj.links == 0


def test_nothing_is_unpacked_for_a_request_nor_for_its_anchor() -> None:
    _template.cache_clear()
    sent = whole("anchor==", pack({"accountEnabled": True, "title": "Clerk"}))
    write_objects([SyncObject("User", Operation.SET, sent)])  # a layout is made of values
    with patch.object(Whole, "unpacked", side_effect=AssertionError("it was unpacked")):
        obj = SyncObject("User", Operation.SET, sent)
        assert write_objects([obj]) and obj.values["SourceAnchor"] == obj.values.get("SourceAnchor") == "anchor=="
        assert not obj.disables and not obj.links and "member" not in obj.values
    assert "Clerk" not in repr(sent)


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=40))
def test_names_and_values_come_in_turns(values) -> None:
    turns = unpack_in_turns(pack(values))
    assert turns == tuple(part.encode() for pair in sorted(values.items()) for part in pair)
    assert packed_value("a") == b"\xa1a"
