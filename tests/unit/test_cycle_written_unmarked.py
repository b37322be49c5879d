"""Somebody takes the mark of a written-back group away in a directory whose source reads it: it is never uploaded."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.both import Both, five, three_written
from support.build import group, guid
from support.model import Held
from support.tenant_model import mark, object_id
from syncramp.cycle.synchronise import UNMARKED
from syncramp.model.facts import Entry

READ = 101
"""The number of the group as the source reads it."""


@pytest.fixture
def both(tmp_path: Path) -> Both:
    """A group of the cloud is in the directory, and the source reads it there with its mark."""
    made = three_written(five(tmp_path))
    made.source.add(entry(made, adminDescription=mark(1)))
    made.run_back()
    return made


def entry(both: Both, **values: str) -> Entry:
    (held,) = both.directory.groups.values()
    return replace(group(READ, mail="one@contoso.example", **values), guid=held.guid)


def uploaded(both: Both) -> bool:
    return both.anchor(entry(both)) in both.tenant.objects


def test_a_group_that_lost_its_mark_is_not_uploaded(both: Both) -> None:
    (held,) = both.directory.groups.values()
    held.anchor = ""
    both.source.add(entry(both))
    for _ in range(3):
        report, _ = both.run()
        assert report.counts == {}
    assert not uploaded(both)
    both.source.add(entry(both, description="edited"))
    report, _ = both.run()
    assert report.skipped[UNMARKED] == 1
    assert not uploaded(both)


def test_who_is_nested_in_a_synchronised_group_is_not_replaced_there(both: Both) -> None:
    outer = group(READ + 2)
    name = f"Group_{object_id(1)}"
    both.tenant.links[name] = set()
    both.tenant.objects[name] = Held("Group", {"CloudMastered": True}, name)  # that it can be named
    both.source.add(outer)
    both.source.members[outer.guid] = [entry(both).dn]
    for _ in range(3):
        both.run()
    before = set(both.tenant.links[both.anchor(outer)])
    assert before == {f"Group_{object_id(1)}"}
    (held,) = both.directory.groups.values()
    held.anchor = ""
    both.source.add(entry(both))
    for _ in range(3):
        report, _ = both.run()
    assert report.settled
    assert not uploaded(both)
    assert set(both.tenant.links[both.anchor(outer)]) == before


def test_of_others_without_a_mark_nobody_knows_that_they_were_written(both: Both) -> None:
    other = replace(group(READ + 1), guid=guid(READ + 1))
    both.source.add(other)
    both.run()
    assert both.anchor(other) in both.tenant.objects
