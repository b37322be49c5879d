"""The page of conditions says what the code does."""

from support.pages import coded, rows, section
from syncramp_operator.status.conditions import KINDS
from syncramp_operator.status.reasons import Reason

PAGE = "docs/spec/conditions.md"


def test_the_page_defines_every_condition_as_the_code_does() -> None:
    told = rows(section(PAGE, "## When each is True"))
    assert [(coded(row[0])[0], row[1]) for row in told] == [
        (kind.type, "always" if kind.always else "where groups are written back" if kind.wished else "while `True`")
        for kind in KINDS
    ]
    for row, kind in zip(told, KINDS, strict=True):
        assert f"True means exactly: {row[2]}".lower() == kind.truth.lower()


def test_the_page_lists_every_reason_with_its_sentence() -> None:
    told = rows(section(PAGE, "## Reasons"))
    assert [(coded(row[0])[0], row[1]) for row in told] == [(reason.value, reason.sentence) for reason in Reason]
