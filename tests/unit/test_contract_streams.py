"""The fast ways give what the general ones give: templates the same bytes, streams the same objects or none."""

import gc
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.agreement import agree
from support.records import Tree, Writer
from support.trees import N06, answers, export, page
from support.wire_values import objects
from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract import openings
from syncramp.endpoint.contract import values as general
from syncramp.endpoint.contract.client import result_list
from syncramp.endpoint.contract.objects import FIELDS, Listing, Results
from syncramp.endpoint.contract.pages import list_objects
from syncramp.endpoint.contract.stream import ObjectStream
from syncramp.endpoint.contract.streamed import stream_answer, stream_export
from syncramp.endpoint.contract.template import write_objects
from syncramp.endpoint.nbfx import WireError
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.nbfx.reader import Reader
from syncramp.endpoint.nbfx.runs import take_run
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, Result, SyncObject

TOKEN = soap.SyncToken("bearer", "2.6.92.0", UUID(int=7))
forms = st.sampled_from(["typed", "text"])


def request(sent, values="typed", operation=contract.PROVISION) -> bytes:
    return soap.request(operation, contract.provision(sent, operation, values), TOKEN, "to", values)


def generally(obj: SyncObject, form: w.Values) -> bytes:
    """An object by the general writer of its parts."""
    pairs = b"".join(general.write_pair(key, value, form) for key, value in obj.values.items())
    tail = general.write_tail(obj.kind, obj.operation, form)
    return w.element("b", "AzureADSyncObject") + general.PROPERTY_VALUES + pairs + tail


@given(st.lists(objects, max_size=4), forms)
def test_templates_write_what_the_general_writer_writes(sent, values) -> None:
    assert write_objects(sent, values) == b"".join(generally(obj, values) for obj in sent)


def test_templates_write_lists_of_other_kinds_as_the_general_writer_does() -> None:
    numbers = ReferenceChange("BBBB", 1, 2)  # type: ignore[arg-type]
    sent = SyncObject(
        "User",
        Operation.SET,
        {
            "a": ["AAAA", "BBBB"],  # type: ignore[dict-item]
            "b": (ReferenceChange("AAAA"), numbers),
            "c": ("é", "ab"),
            "d": ("x" * 171, "y" * 171),
            "e": ("0", "1"),
            "f": Operation.ADD,
            "g": (Operation.ADD, "Set"),
        },
    )
    for values in ("typed", "text"):
        assert write_objects([sent], values) == generally(sent, values)
    with pytest.raises(TypeError, match="no type for float"):
        write_objects([SyncObject("User", Operation.SET, {"a": 1.5})])  # type: ignore[dict-item]


@given(st.lists(objects, max_size=4), forms)
def test_what_we_write_is_read_in_one_stream(sent, values) -> None:
    streamed = stream_export(request(sent, values))
    assert streamed is not None and streamed[1] == sent
    for ours, theirs in zip(sent, streamed[1], strict=True):
        assert [type(value) for value in ours.values.values()] == [type(v) for v in theirs.values.values()]


_anchors = st.text("aé\x01\x99", min_size=0, max_size=4) | st.sampled_from(["A" * 24, "B" * 24, "C" * 41, "D" * 170])
_alike = st.builds(
    contract.SyncResult,
    st.just("User"),
    st.sampled_from(["Success", "Failure"]),
    st.just("Add"),
    _anchors,
    _anchors | st.none(),
    st.sampled_from(["0", "114"]),
)


@given(st.lists(_alike, max_size=12), st.integers(1, 8))
def test_results_that_are_alike_are_read_as_each_alone(results, times) -> None:
    data = contract.provision_response([result for result in results for _ in range(times)], uuid4())
    streamed = stream_answer(contract.PROVISION, data)
    assert isinstance(streamed, Results)
    assert streamed.items == result_list(soap.open_envelope(data).body)


def _answered(identity: UUID | str) -> bytes:
    return contract.provision_response([contract.SyncResult("User", "Success", "Add", "A1")], identity)


def test_an_opening_is_known_by_its_bytes_whatever_request_it_answers() -> None:
    openings._known.clear()
    with patch.object(openings, "open_start", side_effect=openings.open_start) as read:
        for _ in range(5):
            assert stream_answer(contract.PROVISION, _answered(uuid4())) is not None
    assert read.call_count == 1


@pytest.mark.parametrize("answered", ["", f"urn:uuid:{UUID(int=7)}", "another URI"])
def test_an_opening_without_the_record_of_an_id_is_not_kept(answered: str) -> None:
    openings._known.clear()
    assert stream_answer(contract.PROVISION, _answered(answered)) is not None
    assert not openings._known


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3), st.integers(0, 3))
def test_a_changed_opening_is_read_as_the_general_reader_reads_it_or_not_at_all(at, piece, instead) -> None:
    data = _answered(uuid4())
    stream_answer(contract.PROVISION, data)
    agree(data[:at] + piece + data[at + instead :])


@given(st.lists(_alike, max_size=5), st.lists(st.integers(0, 4), max_size=5))
def test_outcomes_in_the_order_of_the_request_are_those_found_by_anchors(results, order) -> None:
    sent = [SyncObject("User", Operation.SET, {"SourceAnchor": result.source_anchor or ""}) for result in results]
    sent = [sent[place] for place in order if place < len(sent)] if len(order) > 2 else sent
    found = contract.read_outcomes(Results(results), sent)
    by_anchor = {anchor: result for result in results for anchor in (result.source_anchor, result.cloud_anchor)}
    for obj, outcome, place in zip(sent, found, range(len(sent)), strict=True):
        anchor = obj.values["SourceAnchor"]
        result = by_anchor.get(anchor) if anchor else None
        if (
            result is None
            and len(results) == len(sent)
            and not (results[place].source_anchor or results[place].cloud_anchor)
        ):
            result = results[place]
        assert outcome.cloud_anchor == ((result.cloud_anchor or "") if result else "")
        assert (outcome.result is Result.APPLIED) == (result is not None and result.result_code == "Success")


@given(st.lists(objects, max_size=4), forms, st.sampled_from([contract.READ_BACK, contract.READ_BACK_V1]))
def test_a_page_of_the_read_back_is_read_in_one_stream(sent, values, operation) -> None:
    data = contract.read_back_response(sent, b"cookie", True, uuid4(), operation=operation, values=values)
    streamed = stream_answer(operation, data)
    assert isinstance(streamed, Listing)
    assert list(streamed.objects) == list_objects(soap.open_envelope(data).body, operation).objects
    found = contract.read_read_back(streamed, operation=operation)
    assert (found.cookie, found.more) == (b"cookie", True)


def test_results_are_read_in_one_stream() -> None:
    results = [contract.SyncResult("User", "Success", "Add", f"A{number}") for number in range(3)]
    for values in ("typed", "text"):
        data = contract.provision_response(results, uuid4(), values=values)
        streamed = stream_answer(contract.PROVISION, data)
        assert isinstance(streamed, Results)
        assert streamed.items == result_list(soap.open_envelope(data).body)


texts = st.sampled_from(["", "0", "Success", "A1", "A2", "é" * 90, "x" * 300])
members = st.tuples(st.sampled_from([*FIELDS, "Other"]), texts | st.just(Tree((N06, "Inner"), ["text"])))


@given(st.lists(st.lists(members, max_size=9), max_size=5), st.booleans(), st.randoms(use_true_random=False))
def test_results_in_any_form_are_read_as_the_general_reader_does(results, once, choices) -> None:
    if once:
        results = [list(dict(members).items()) for members in results]
    data = Writer(choices).write(answers(contract.PROVISION, results))
    streamed = stream_answer(contract.PROVISION, data)
    assert streamed is None or streamed.items == result_list(soap.open_envelope(data).body)


def test_results_of_two_forms_are_told_apart_when_they_come_in_turns() -> None:
    forms = [
        contract.SyncResult("User", "Success", "Add", "A1", "User_1"),
        contract.SyncResult("User", "Success", "Add", "A2", "User_2", "0", "a warning"),
        contract.SyncResult("Group", "Failure", "Set", "A3", None, "114", "gone", "details"),
        contract.SyncResult("Group", "Success", "Set", None, "Group_4"),
    ]
    results = forms * 20
    data = contract.provision_response(results, uuid4())
    streamed = stream_answer(contract.PROVISION, data)
    assert isinstance(streamed, Results)
    assert streamed.items == result_list(soap.open_envelope(data).body)
    assert [result.source_anchor for result in streamed.items[:4]] == ["A1", "A2", "A3", ""]


@given(st.lists(objects, max_size=3), st.randoms(use_true_random=False))
def test_an_export_in_any_form_is_read_as_it_was_meant(sent, choices) -> None:
    data = Writer(choices).write(export(contract.PROVISION, sent))
    assert contract.parse_sync_objects(contract.parse_request(data).body) == sent
    agree(data)


@given(st.lists(objects, max_size=3), st.randoms(use_true_random=False))
def test_a_page_in_any_form_is_read_as_it_was_meant(sent, choices) -> None:
    data = Writer(choices).write(page(contract.READ_BACK_V1, sent, b"cookie", True))
    found = contract.read_read_back(
        contract.open_answer(contract.READ_BACK_V1, data), operation=contract.READ_BACK_V1
    )
    assert (list(found.objects), found.cookie, found.more) == (sent, b"cookie", True)
    agree(data)


MEMBERS = tuple(ReferenceChange(f"anchor{number:04}==") for number in range(100))
GROUP = SyncObject(
    "Group",
    Operation.SET,
    {
        "SourceAnchor": "AAAA",
        "member": (*MEMBERS, ReferenceChange("B", LinkOperation.REMOVE, AnchorType.CLOUD), *MEMBERS),
        "proxyAddresses": tuple(f"smtp:{number:03}" for number in range(50)),
        "countryCode": 250,
        "accountEnabled": True,
        "photo": b"12345",
        "mail": None,
    },
)
MESSAGES = [
    request([GROUP, GROUP]),
    request([GROUP], "text"),
    contract.read_back_response([GROUP, GROUP], b"c", True, UUID(int=7)),
    contract.provision_response([contract.SyncResult("User", "Success", "Add", "A0")] * 3, UUID(int=7)),
]


@given(st.sampled_from(MESSAGES), st.data())
def test_a_changed_message_is_never_read_otherwise_in_a_stream(message, data) -> None:
    changed = bytearray(message)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                changed[place] = data.draw(st.integers(0, 255))
            case 1:
                del changed[place : place + data.draw(st.integers(1, 40))]
            case 2:
                changed[place:place] = data.draw(st.binary(min_size=1, max_size=3))
            case 3:
                length = data.draw(st.integers(1, 200))
                changed[place:place] = changed[place : place + length]
    agree(bytes(changed))


def test_a_message_that_ends_too_early_is_not_read_in_a_stream() -> None:
    message = request([SyncObject("Group", Operation.SET, {"SourceAnchor": "A", "member": MEMBERS[:20]})])
    for place in range(len(message)):
        assert stream_export(message[:place]) is None
        with pytest.raises(WireError):
            soap.open_envelope(message[:place])


def test_the_collector_is_left_as_it_was() -> None:
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            assert stream_export(MESSAGES[0]) is not None and stream_export(b"") is None
            soap.open_envelope(MESSAGES[0])
            assert gc.isenabled() is enabled
        finally:
            gc.enable()


def test_a_message_is_let_go_as_soon_as_it_was_read_whether_the_collector_comes_or_not() -> None:
    gc.collect()
    gc.disable()
    try:
        assert stream_export(MESSAGES[0]) is not None
        assert not [each for each in gc.get_objects() if isinstance(each, ObjectStream | Reader)]
    finally:
        gc.enable()


PLAIN = w.content("anchor0050==")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PLAIN, b"\x98\x0canchor0050==\x01"),  # not folded
        (PLAIN, b"\x98\x04anch\x99\x08or0050=="),  # split
        (PLAIN, w.content("日本語")),
        (PLAIN, w.END),
        (w.integer(250), w.content("250")),
        (w.integer(250), b"\x98\x012\x99\x0250"),
        (w.binary(b"12345"), w.content("MTIzNDU=")),
        (b"XMLSchema\x87", b"XMLSchema\x83"),  # a boolean as 1
        (b"\x2e\x04type\x98\x0fc:ArrayOfstring", b"\x14\xf8\x06\x98\x0fc:ArrayOfstring"),  # from the dictionary
        (b"\x2e\x03nil", b"\x14\xf6\x06"),
        (b"\x09\x01d" + w.string("http://www.w3.org/2001/XMLSchema"), b"\x0b\x01d\xf4\x06"),
    ],
)
def test_other_forms_of_the_same_stay_in_the_stream(old, new) -> None:
    assert old in MESSAGES[0]
    assert agree(MESSAGES[0].replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (w.content("Set"), w.content("Sat")),
        (b"\x03Key", b"\x03Kay"),
        (w.content("countryCode"), w.content("SourceAnchor")),  # a key that stands twice
        (w.element("", "operationInt") + b"\x83", w.element("", "operationInt") + b"\x89\x07"),
        (b"anchor0050==", b"anchor0050=\xff"),
        (b"SyncObjects", b"SyncObjectz"),
        (b"change/2014/06", b"change/2014/07"),
        (w.element("", "syncRequest"), w.element("s", "syncRequest")),
        (b"\x01\x01\x01\x01\x01", b"\x01\x01\x01\x01\x01\x02\x00"),
    ],
)
def test_what_is_wrong_is_not_read_in_a_stream(old, new) -> None:
    head, found, tail = MESSAGES[0].rpartition(old)
    assert found
    assert stream_export(head + new + tail) is None


def test_a_tail_is_known_only_behind_the_tags_it_was_seen_behind() -> None:
    """The first change declares a prefix that its tail uses; the second uses it and does not declare it."""
    tag, declared = w.element("", "SyncReferenceChange"), w.xmlns("q", soap.N01)
    group = SyncObject("Group", Operation.SET, {"member": (ReferenceChange("A"), ReferenceChange("B"))})
    data = request([group]).replace(w.element("", "operationInt"), w.element("q", "operationInt"))
    both = data.replace(tag, tag + declared)
    streamed = stream_export(both)
    assert streamed is not None and streamed[1] == [group]
    assert stream_export(data.replace(tag, tag + declared, 1)) is None


def test_a_result_with_two_lists_is_not_read_in_a_stream() -> None:
    data = contract.read_back_response([GROUP], b"c", True, UUID(int=7))
    listed = w.element("b", "ResultObjects")
    twice = data.replace(listed, listed + w.END + listed)
    assert stream_answer(contract.READ_BACK, twice) is None
    with pytest.raises(contract.ContractError, match="2 lists"):
        contract.read_read_back(contract.open_answer(contract.READ_BACK, twice))


def test_a_run_ends_where_a_length_does_not_tell_the_length() -> None:
    head = b"\x40\x01c"
    good, odd = head + b"\x99\x02ab", head + b"\x99\x02abX" + head + b"\x99\x02d"
    assert take_run(good * 40, 0, head, b"") == (["ab"] * 32, 32 * len(good))
    assert take_run(good * 20 + odd + good * 40, 0, head, b"") == (["ab"] * 16, 16 * len(good))
