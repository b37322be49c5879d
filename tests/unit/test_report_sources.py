"""Reports say how much was read of a source, and whether that was everything."""

import pytest

from syncramp.model.report import SourceReport
from syncramp.report.parts import source_lines


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (SourceReport("corp", "dc=x", True, 1200, None), "complete, 1,200 entries"),
        (
            SourceReport("corp", "dc=x", True, 12, None, delta=True, tracking="DirSync"),
            "complete, delta by DirSync: 12 changed",
        ),
        (
            SourceReport("corp", "dc=x", True, 1, None, why_full="a person asked for it"),
            "complete, 1 entry, in full because a person asked for it",
        ),
        (SourceReport("corp", "dc=x", False, 1, None, "it broke off", delta=True), "NOT complete: it broke off"),
    ],
)
def test_a_source_is_told_in_a_line(read: SourceReport, told: str) -> None:
    assert list(source_lines([read])) == [f"Source corp: {told}"]
