"""Ranges of values are a whole value or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.source.ranges import Answer, Description, Range, RangeError, describe, follow, join


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail", Description("mail", None, foreign=False)),
        ("userCertificate;binary", Description("usercertificate", None, foreign=False)),
        ("member;range=0-1499", Description("member", Range(0, 1499), foreign=False)),
        ("MEMBER;Range=1500-*", Description("member", Range(1500, None), foreign=False)),
        ("displayName;lang-de", Description("displayname", None, foreign=True)),
        ("2.5.4.3", Description("2.5.4.3", None, foreign=False)),
        ("", None),
        ("a b", None),
        ("member;range=0-\u0661", None),
    ],
)
def test_attribute_descriptions(text: str, expected: Description | None) -> None:
    assert describe(text) == expected


def _server(values: list[bytes], step: int) -> tuple[list[int], object]:
    asked: list[int] = []

    def ask(start: int) -> Answer | None:
        asked.append(start)
        part = values[start : start + step]
        return (Range(start, None if start + step >= len(values) else start + step - 1), part) if part else None

    return asked, ask


@given(st.integers(0, 40), st.integers(1, 15))
def test_ranges_are_followed_to_the_end(count: int, step: int) -> None:
    values = [b"%d" % number for number in range(count)]
    asked, ask = _server(values, step)
    assert follow(ask) == values  # type: ignore[arg-type]
    assert len(asked) == max(1, -(-count // step))


def test_a_server_that_shrinks_in_between_is_not_whole() -> None:
    answers = iter([(Range(0, 1), [b"a", b"b"]), None])
    with pytest.raises(RangeError, match="only the first 2 values"):
        follow(lambda _: next(answers))


@pytest.mark.parametrize(
    "answers",
    [
        [(Range(0, 1), [b"a", b"b"]), (Range(0, 1), [b"a", b"b"]), (Range(2, None), [])],
        [(Range(0, 2), [b"a", b"b"])],
        [(Range(1, None), [b"a"])],
    ],
    ids=["the same range again", "fewer values than the range says", "another start"],
)
def test_a_server_that_answers_something_else_is_refused(answers: list[Answer]) -> None:
    given_answers = iter(answers)
    with pytest.raises(RangeError):
        follow(lambda _: next(given_answers, None))


@given(st.permutations([(Range(0, 1), [b"a", b"b"]), (Range(2, 2), [b"c"]), (Range(3, None), [b"d"])]))
def test_ranges_of_a_file_join_in_any_order(answers: list[Answer]) -> None:
    assert join(answers) == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([], "only the first 0"),
        ([(Range(0, 1499), [b"x"] * 1500)], "only the first 1500"),
        ([(Range(1, None), [b"b"])], "expected values from 0 on"),
        ([(Range(0, 0), [b"a"]), (Range(2, None), [b"c"])], "expected values from 1 on"),
        ([(Range(0, None), [b"a"]), (Range(1, None), [b"b"])], "expected values from 1 on"),
        ([(Range(0, 2), [b"a"]), (Range(3, None), [])], "holds 1 values"),
    ],
)
def test_a_gap_is_refused(answers: list[Answer], why: str) -> None:
    with pytest.raises(RangeError, match=why):
        join(answers)
