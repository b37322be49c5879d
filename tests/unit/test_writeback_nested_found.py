"""A ledger that is lost finds groups in groups in the directory again, in whatever order the directory shows them."""

from pathlib import Path

import pytest

from support.both import Both, five
from support.tenant_model import mark, object_id
from syncramp.model.facts import Entry
from syncramp.model.holds import Hold
from syncramp.model.values import Kind

INNER = f"Group_{object_id(2)}"


@pytest.fixture(params=[1, 2], ids=["the outer first", "the inner first"])
def nested(tmp_path: Path, request: pytest.FixtureRequest) -> Both:
    """A group in a group; the ledger is lost."""
    both = five(tmp_path)
    both.tenant.given(1, [*both.cloud_anchors(1), INNER])
    both.tenant.given(2, both.cloud_anchors(2))
    for _ in range(3):
        both.run_back()
    assert both.run_back().settled
    shown = both.directory.groups
    both.directory.groups = dict(sorted(shown.items(), key=lambda one: one[1].anchor != mark(request.param)))
    both.lose_ledger()
    return both


def _is_in(both: Both) -> bool:
    inner = both.directory.find(mark(2))
    return inner is not None and inner.guid in both.directory.members(mark(1))


def test_what_the_cloud_ended_meanwhile_is_found_and_goes_once_somebody_approves_it(nested: Both) -> None:
    nested.tenant.leave(1, INNER)
    report = nested.run_back()
    assert report.holds == {Hold.FOUND_AT_ADOPTION.value: 1}
    assert report.written is not None
    assert report.written.strangers == 0
    nested.approve_there()
    assert nested.run_back().settled
    assert not _is_in(nested)


def test_groups_that_their_source_reads_stay_what_they_are_in_the_cloud(nested: Both) -> None:
    for held in nested.directory.groups.values():
        marked = {"admindescription": (f"Group_{held.anchor[6:]}".encode(),), "grouptype": (b"8",)}
        nested.source.add(Entry(held.guid, Kind.GROUP, held.dn, {"objectclass": (b"group",), **marked}))
    nested.requests()
    for _ in range(3):
        report = nested.run_back()
        assert nested.approve_there() == 0
    assert report.settled
    assert nested.requests() == []
    assert _is_in(nested)
    nested.tenant.leave(1, INNER)
    assert nested.run_back().settled
    assert not _is_in(nested)
