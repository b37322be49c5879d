"""Memberships by primaryGroupID are not in ``member``: they are counted in every run, and nothing else."""

import pytest

from support.build import group, user
from syncramp.model.facts import Entry
from syncramp.rules.primary_group import CATEGORY, unseen_group


@pytest.mark.parametrize("number", ["513", "514", "515", "516", "521"])
def test_the_usual_primary_groups_are_no_news(number) -> None:
    assert unseen_group(user(1, primaryGroupID=number)) == ""


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (user(1, primaryGroupID="1104"), "primaryGroupID is 1104"),
        (user(1, primaryGroupID=b"\xff"), "primaryGroupID is \\xff"),
        (user(1), ""),
        (group(101, primaryGroupID="1104"), ""),
    ],
)
def test_a_user_with_another_primary_group_is_told(entry: Entry, told: str) -> None:
    assert unseen_group(entry) == told


def test_every_run_counts_the_users_who_come_and_have_another_primary_group(engine) -> None:
    engine.source.add(
        user(1, primaryGroupID="1104"),
        user(2, primaryGroupID="1105"),
        user(3, primaryGroupID="513"),
        user(4, primaryGroupID="1104", isCriticalSystemObject="TRUE"),
    )
    for _ in range(2):
        report, _ = engine.run()
        assert report.warnings == {CATEGORY: 2}
    assert [sample.detail for sample in report.warning_samples[CATEGORY]] == [
        "primaryGroupID is 1104",
        "primaryGroupID is 1105",
    ]
    engine.source.add(user(1), user(2))
    report, _ = engine.run()
    assert report.warnings == {}
