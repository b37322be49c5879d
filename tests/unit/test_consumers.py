"""Limits of those who read groups: told from 80 % on, the nearest first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.pages import rows, section
from syncramp.model.plan import Plan
from syncramp.model.report import RunReport
from syncramp.model.sizes import LIMITS, GroupSize
from syncramp.plan.outline import Outline
from syncramp.plan.sizes import histogram
from syncramp.ramp.consumers import CONSUMERS, is_near, warning
from syncramp.report.markdown import markdown
from syncramp.report.plan_text import size_lines
from syncramp.report.sheet import make_sheet

CLOUD_SYNC, EXCHANGE, ENDPOINT = (LIMITS[limit] for limit in (50_000, 100_000, 250_000))


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (39_999, ""),
        (40_000, f"40,000 of 50,000 ({CLOUD_SYNC})"),
        (40_812, f"40,812 of 50,000 ({CLOUD_SYNC})"),
        (50_000, f"50,000 of 50,000 ({CLOUD_SYNC})"),
        (50_001, f"50,001 members, over 50,000 ({CLOUD_SYNC})"),
        (79_999, f"79,999 members, over 50,000 ({CLOUD_SYNC})"),
        (80_000, f"80,000 of 100,000 ({EXCHANGE}); over 50,000 ({CLOUD_SYNC})"),
        (200_000, f"200,000 of 250,000 ({ENDPOINT}); over 100,000 ({EXCHANGE}); over 50,000 ({CLOUD_SYNC})"),
        (
            250_001,
            f"250,001 members, over 250,000 ({ENDPOINT}); over 100,000 ({EXCHANGE}); over 50,000 ({CLOUD_SYNC})",
        ),
    ],
)
def test_a_group_near_a_limit_is_told_with_whose_it_is(size: int, told: str) -> None:
    assert warning(size) == told


@given(st.integers(0, 400_000))
def test_whoever_is_over_a_limit_is_told_of_it(size: int) -> None:
    assert bool(warning(size)) is is_near(size)
    assert [limit for limit in CONSUMERS if f"over {limit:,} " in warning(size)] == [
        limit for limit in CONSUMERS if size > limit
    ]


def test_a_plan_names_ten_large_groups_and_counts_the_others() -> None:
    sizes = histogram([GroupSize(f"CN=g{number}", 0, 40_000 + number) for number in range(13)])
    told = list(size_lines(sizes))
    assert f"    Group CN=g12: 40,012 of 50,000 ({CLOUD_SYNC})" in told
    assert sum("Group CN=" in line for line in told) == 10
    assert told[-1] == "    … and 3 more groups of 40,000 or more members"
    page = markdown(make_sheet(Plan(), RunReport(), sizes, Outline(1, Plan().around, Plan().lanes.deletes)))
    assert "* Large groups: 3 more groups of 40,000 or more members" in page


def test_a_group_counts_by_the_larger_of_both_sides() -> None:
    assert histogram([GroupSize("CN=a", 40_000, 3), GroupSize("CN=b", 3, 40_000), GroupSize("CN=c", 9, 9)]).near == 2


def test_the_page_has_every_limit_that_is_told() -> None:
    told = rows(section("docs/plans.md", "## Large groups"))
    assert [int(limit.replace(",", "")) for limit, _ in told] == list(CONSUMERS)
