"""Pages of the read-back: what is taken for the cookie and for the end, and what is no page at all."""

from uuid import uuid4

import pytest

from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract import ContractError
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.wire import ReadBackPage


@pytest.mark.parametrize(
    ("names", "said", "more"),
    [
        (("OutputCookie", "MoreObjectsExist"), True, True),
        (("SyncCookie", "HasMore"), False, False),
        (("Cookie", "IsLastPage"), True, False),
        (("CookieOut", "IsComplete"), False, True),
        (("OutputCookie", "PartialResult"), True, True),
        (("OutputCookie", "IsIncomplete"), True, True),
        (("OutputCookie", "ListIncomplete"), False, False),
        (("OutputCookie", "Something"), True, None),
    ],
)
def test_an_end_mark_is_recognised_by_its_name_or_not_at_all(names, said, more) -> None:
    answer = soap.open_envelope(contract.read_back_response([], b"c", said, uuid4(), names)).body
    assert contract.read_read_back(answer).more is more


def _page_with(*members: bytes, listed: bytes = b"") -> ReadBackPage:
    """A page with further members beside an end mark that says no."""
    data = contract.read_back_response([], None, False, uuid4())
    found = w.element("b", "ResultObjects")
    assert data.count(found) == 1
    changed = data.replace(found, b"".join(members) + found + listed)
    return contract.read_read_back(contract.open_answer(contract.READ_BACK, changed))


def _member(name: str, content: bytes) -> bytes:
    return w.element("b", name) + content


@pytest.mark.parametrize(
    ("name", "said", "more"),
    [
        ("MoreLinksExist", False, False),
        ("IsLastPage", True, False),
        ("MoreLinksExist", True, None),
        ("IsLastPage", False, None),
        ("Incomplete", True, None),
    ],
)
def test_marks_that_contradict_each_other_mark_no_end(name, said, more) -> None:
    assert _page_with(_member(name, w.boolean(said))).more is more


def test_of_two_cookies_neither_is_the_cookie() -> None:
    one, other = _member("OutputCookie", w.binary(b"one")), _member("LinkCookie", w.binary(b"other"))
    assert _page_with(one).cookie == b"one"
    assert _page_with(one, _member("LinkCookie", w.binary(b"one"))).cookie == b"one"
    assert _page_with(one, _member("InputCookie", w.END)).cookie == b"one", "one without content is none"
    assert _page_with(one, other).cookie is None


def test_a_cookie_may_be_text_and_must_be_base64() -> None:
    assert _page_with(_member("OutputCookie", w.content("Y29va2ll"))).cookie == b"cookie"
    with pytest.raises(ContractError):
        _page_with(_member("OutputCookie", w.content("no base64!")))


def test_what_is_no_object_in_a_page_is_not_passed_over() -> None:
    with pytest.raises(ContractError, match="AzureADDeletedObject"):
        _page_with(listed=_member("AzureADDeletedObject", w.END))


def test_a_page_without_a_list_of_objects_is_not_an_empty_one() -> None:
    data = contract.read_back_response([], b"c", False, uuid4()).replace(b"ResultObjects", b"ResultObjectz")
    with pytest.raises(ContractError, match="0 lists"):
        contract.read_read_back(contract.open_answer(contract.READ_BACK, data))
