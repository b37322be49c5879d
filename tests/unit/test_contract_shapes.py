"""Objects taken whole are what they are pair by pair, and what is written otherwise is not taken whole."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.agreement import agree
from support.records import Writer
from support.trees import page
from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract import alike, shapes, stream
from syncramp.endpoint.contract.objects import Listing
from syncramp.endpoint.contract.pages import list_objects
from syncramp.endpoint.contract.streamed import stream_answer
from syncramp.model.wire import Operation, ReferenceChange, SyncObject

MANY = 3 * shapes.AFTER
SID = bytes(range(28))
PERSON: dict[str, Any] = {
    "CloudAnchor": "User_90bb3962-2d78-49c1-a91b-1e7b03dfe950",
    "SourceAnchor": "EFCR26CkkTTOqd3KtT1QmQ==",
    "CloudMastered": False,
    "City": "København",
    "Count": 250,
    "DisplayName": "Núñez, Carlos",
    "ImmutableSid": SID,
    "Mail": None,
    "ProxyAddresses": ("SMTP:a@example.com", "smtp:ä@example.com"),
    "Title": "Analyst",
}
texts = st.text(max_size=300) | st.sampled_from(
    ["", "0", "1", "x" * 255, "x" * 256, "\x01", "a\x01\x01b", "\x99\x03abc"]
)
values = st.fixed_dictionaries(
    {},
    optional={
        "City": texts,
        "Count": st.integers(-(1 << 63), (1 << 63) - 1),
        "DisplayName": texts | st.none(),
        "ImmutableSid": st.binary(max_size=80),
        "Mail": st.none() | texts,
        "CloudMastered": st.booleans(),
        "ProxyAddresses": st.lists(texts, max_size=4).map(tuple),
        "Member": st.lists(st.builds(ReferenceChange, st.just("AAAA")), max_size=2).map(tuple),
    },
)
people = st.builds(
    lambda kind, operation, some: SyncObject(kind, operation, {**PERSON, **some}),
    st.sampled_from(["User", "Contact"]),
    st.sampled_from(Operation),
    values,
)


@pytest.fixture(autouse=True)
def _nothing_learned() -> Iterator[None]:
    shapes.shape_of.cache_clear()
    yield
    shapes.shape_of.cache_clear()  # of what a test bent, nothing stays either


def answer(objects: list[SyncObject], form: Any = "typed") -> bytes:
    return contract.read_back_response(objects, b"cookie", True, UUID(int=7), values=form)


def listed(data: bytes) -> tuple[list[SyncObject], int]:
    """The objects of a page, and how many of them were taken whole."""
    with patch.object(
        stream.ObjectStream, "_object", autospec=True, side_effect=stream.ObjectStream._object
    ) as singly:
        found = stream_answer(contract.READ_BACK, data)
    assert isinstance(found, Listing)
    return list(found.objects), len(found.objects) - singly.call_count


def generally(data: bytes) -> list[SyncObject]:
    return list(list_objects(soap.open_envelope(data).body).objects)


def written(objects: list[SyncObject]) -> list[str]:
    """With types and the order of keys: True is not 1."""
    return [repr(obj) for obj in objects]


def person(**some: Any) -> SyncObject:
    return SyncObject("User", Operation.SET, {**PERSON, **some})


def test_objects_of_a_shape_that_was_seen_often_are_taken_whole_and_the_same() -> None:
    data = answer([person(Title=f"No {number}") for number in range(MANY)])
    objects, whole = listed(data)
    assert whole == MANY - shapes.AFTER
    assert written(objects) == written(generally(data))


def test_those_that_have_the_same_pairs_are_taken_together() -> None:
    listed(answer([person()] * MANY))
    shown = [person(City="Köln" if number % 3 else "Rom", Title=f"No {number}") for number in range(3 * alike.MOST)]
    data = answer([*shown, person(Another="one"), *shown])
    with patch.object(shapes.Shape, "take", autospec=True, side_effect=shapes.Shape.take) as alone:
        objects, _ = listed(data)
    assert alone.call_count < 10
    assert written(objects) == written(generally(data))


def test_whoever_comes_first_on_the_next_page_is_taken_with_those_behind_him() -> None:
    listed(answer([person()] * MANY))
    data = answer([person(Title=f"No {number}") for number in range(5)])
    with patch.object(shapes.Shape, "take", autospec=True, side_effect=shapes.Shape.take) as alone:
        objects, _ = listed(data)
    assert alone.call_count == 0
    assert written(objects) == written(generally(data))


def test_pairs_that_only_seem_to_be_the_same_are_looked_at_one_by_one() -> None:
    """What stands between the values is stepped over first; here it is another type in every second object."""
    data = answer([person()] * MANY * 2)
    found = data.index(b"City", len(data) // 2)
    kind = data.index(b"d:string", found)
    data = data[:kind] + b"d:anyURI" + data[kind + 8 :]
    with patch.object(shapes._Whole, "give_up", autospec=True, side_effect=shapes._Whole.give_up) as given_up:
        objects, _ = listed(data)
        listed(data)
    assert given_up.call_count == 1
    assert written(objects) == written(generally(data))


@pytest.mark.parametrize("size", [256, 511, 512, 600, 65_535])
def test_a_long_text_leaves_the_others_together(size: int) -> None:
    data = answer([*[person()] * MANY, person(City="x" * size), *[person()] * MANY])
    text = size.to_bytes(2, "little") + b"x" * size
    data = data.replace(b"\x9a" + text + b"\x01", b"\x9b" + text)  # it ends its element, as all others do
    listed(data)
    with patch.object(shapes.Shape, "take", autospec=True, side_effect=shapes.Shape.take) as alone:
        objects, _ = listed(data)
    assert alone.call_count < 10
    assert written(objects) == written(generally(data))


def test_an_object_that_ends_otherwise_is_given_up_in_one_pass() -> None:
    """Values whose ends are tried one by one make ways without number to read an object, all of them in vain."""
    many = {f"Extension{number}": "a text of some length" for number in range(20)}
    listed(answer([person(**many)] * MANY))
    data = answer([*[person(**many)] * 3, person(**many, Another="one"), person(**dict(list(many.items())[:-1]))])
    with _within(30):
        objects, _ = listed(data)
    assert written(objects) == written(generally(data))


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """An expression that goes on and on looks for signals from time to time."""

    def over(*_: object) -> None:
        raise AssertionError(f"it takes more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_what_was_learned_is_known_in_the_next_message() -> None:
    listed(answer([person()] * MANY))
    assert listed(answer([person(City="Köln")] * 3))[1] == 3


def test_attributes_may_be_missing_and_come_back() -> None:
    less = replace(person(), values={key: value for key, value in PERSON.items() if key not in ("City", "Mail")})
    data = answer([less] * shapes.AFTER + [person()] * 2 * shapes.AFTER + [less] * 3)
    objects, whole = listed(data)
    assert whole == shapes.AFTER + 3
    assert written(objects) == written(generally(data))


@pytest.mark.parametrize(
    "some",
    [
        {"Title": ""},
        {"Title": "x" * 256},
        {"Title": "before \x01 behind"},
        {"Mail": "somebody@example.com"},
        {"ImmutableSid": SID[:-1]},
        {"ProxyAddresses": ("x", "SMTP:a@example.com")},
        {"Member": (ReferenceChange("AAAA"),)},
        {"Another": "one"},
    ],
)
def test_one_with_something_else_in_it_is_read_pair_by_pair(some: dict[str, Any]) -> None:
    data = answer([person()] * MANY + [person(**some), person()])
    objects, whole = listed(data)
    assert whole == MANY - shapes.AFTER + 1
    assert written(objects) == written(generally(data))


def test_members_in_a_list_are_additions_also_of_a_group_that_comes_often() -> None:
    group = SyncObject("Group", Operation.SET, {"SourceAnchor": "AAAA", "Member": ("BBBB", "CCCC")})
    data = answer([group] * MANY)
    objects, whole = listed(data)
    assert whole == 0
    assert objects[-1].values["Member"] == (ReferenceChange("BBBB"), ReferenceChange("CCCC"))


def test_threads_that_learn_at_the_same_time_leave_each_other_what_they_know() -> None:
    some = answer([SyncObject("User", Operation.SET, {"SourceAnchor": "AAAA"})])
    others: list[threading.Thread] = []

    def interrupted(*arguments: Any) -> Any:
        if not others:
            others.append(threading.Thread(target=stream_answer, args=(contract.READ_BACK, some)))
            others[0].start()
            others[0].join(0.2)  # it is done by then, or waits for who learns
        return form(*arguments)

    form = shapes.form_of
    with patch.object(shapes, "form_of", interrupted):
        listed(answer([SyncObject("User", Operation.SET, {"SourceAnchor": "AAAA", "City": "Rom"})]))
    others[0].join()
    data = answer([SyncObject("User", Operation.SET, {"City": "Rom", "Title": "Analyst"})] * MANY)
    objects, whole = listed(data)
    assert whole == MANY - shapes.AFTER + 2  # two were read pair by pair before
    assert written(objects) == written(generally(data))


@given(st.lists(people, min_size=1, max_size=30), st.sampled_from(["typed", "text"]))
def test_whatever_was_learned_a_page_is_read_as_the_general_reader_reads_it(shown, form) -> None:
    data = answer([person()] * shapes.AFTER + shown * 2, form)
    objects, _ = listed(data)
    assert written(objects) == written(generally(data))


@given(st.lists(people, min_size=1, max_size=5), st.integers(3, 8), st.sampled_from(["typed", "text"]))
def test_whoever_comes_often_is_read_as_the_general_reader_reads_it(shown, times, form) -> None:
    data = answer([obj for obj in shown for _ in range(times)] * 2, form)
    with patch.object(shapes, "AFTER", 2):
        listed(data)
        objects, _ = listed(data)
    assert written(objects) == written(generally(data))


@given(st.lists(people, max_size=5), st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_a_broken_page_is_read_as_the_general_reader_reads_it_or_not_at_all(shown, place, byte, cut) -> None:
    listed(answer([person()] * 2 * MANY))
    data = answer([*[person()] * 4, *shown, *[person()] * 4])
    place %= len(data)
    agree(data[:place] if cut else data[:place] + bytes((byte,)) + data[place + 1 :])


@given(st.lists(people, max_size=2), st.integers(0, 1 << 32))
def test_a_page_in_any_form_is_read_as_it_was_meant(shown, seed) -> None:
    listed(answer([person()] * MANY))
    data = Writer(Random(seed)).write(page(contract.READ_BACK, [person(), *shown] * 2, b"cookie", True))
    agree(data)


def test_what_is_learned_does_not_grow_with_what_a_peer_sends() -> None:
    for number in range(2 * shapes.TAILS):
        for values in (
            {f"Key{number}": "x", "y" * 2 * shapes.LONGEST: "z"},
            {f"Key{number}_{other}": "x" for other in range(9)},
            {"Key0_0": "x"},
        ):
            listed(answer([SyncObject(f"Kind{number}", Operation.SET, values)]))
    (shape,) = _known()
    assert 0 < len(shape._pairs) <= shapes.PAIRS and len(shape._tails) == shapes.TAILS


def _known() -> list[shapes.Shape]:
    found: list[shapes.Shape] = []
    take = shapes.Shape.take

    def kept(self: shapes.Shape, message: bytes, at: int) -> Any:
        found.append(self)
        return take(self, message, at)

    with patch.object(shapes.Shape, "take", kept):
        stream_answer(contract.READ_BACK, answer([person()]))
    return found


def test_another_thread_may_let_go_of_what_takes_objects_that_are_alike(monkeypatch) -> None:
    def once(shape: Any) -> Any:
        return vars(shape).pop("_taker", None)

    def keep(shape: Any, found: Any) -> None:
        vars(shape).update(_taker=found)

    monkeypatch.setattr(shapes.Shape, "_taker", property(once, keep), raising=False)
    data = answer([person()] * MANY)
    with patch.object(alike.Taker, "take", autospec=True, side_effect=alike.Taker.take) as together:
        objects, _ = listed(data)
    assert together.call_count
    assert written(objects) == written(generally(data))
