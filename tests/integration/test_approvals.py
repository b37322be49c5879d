"""Approvals over the real command line and a real endpoint: digests of a plan, and approvals while a run goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.walk import PATIENCE, Gate, Walk, anchor, walking


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        made.here()
        made.spec["approval"] = "Manual"
        yield made


def test_a_plan_keeps_what_waits_in_the_store_of_its_document_where_it_can_be_approved(walk: Walk) -> None:
    walk.forest.people[9] = {}
    planned = walk.here("plan", "-o", "json").json["waiting"]
    assert [(each["class"], each["changes"]) for each in planned] == [("Creates", 1)]
    walk.again("approve", planned[0]["digest"])
    walk.forest.people[10] = {}
    done = walk.here()
    assert anchor(9) in walk.in_cloud() and anchor(10) not in walk.in_cloud()
    assert "Held 1 (ApprovalRequired)" in done.out and "Approved 1 change (Creates, ApprovalRequired) by " in done.out


def test_a_plan_without_a_store_makes_none_and_a_plan_that_holds_nothing_writes_nothing(walk: Walk) -> None:
    before = walk.state.read_bytes()
    walk.here("plan")
    assert walk.state.read_bytes() == before
    walk.forest.people[9] = {}
    state = walk.folder / "other.db"
    walk.here("plan", "--state", str(state))
    assert not state.exists()


def test_a_store_that_cannot_be_written_is_told_and_the_plan_is_shown(walk: Walk, monkeypatch) -> None:
    from syncramp.errors import StoreUnusable
    from syncramp.store.approvals import Approvals

    original = Approvals.propose

    def propose(self: Approvals, waiting, now, *, alone: bool) -> None:
        if not alone:
            raise StoreUnusable("the store cannot be read or written: it is read-only")
        original(self, waiting, now, alone=alone)

    monkeypatch.setattr(Approvals, "propose", propose)
    walk.forest.people[9] = {}
    done = walk.here("plan")
    assert "Held 1 (ApprovalRequired)" in done.out and "cannot be approved by the digests of this plan" in done.err


def test_an_approval_lands_while_a_run_is_in_the_middle_of_its_calls_and_the_next_run_goes_by_it(walk: Walk) -> None:
    walk.forest.people[9] = {}
    walk.here()
    digest = walk.again("approve", "-o", "json").json["waiting"][0]["digest"]
    walk.forest.people[1] = {"userAccountControl": "514"}
    with Gate(walk, 1) as gate, walk.running() as process:
        assert gate.reached.wait(PATIENCE)
        assert walk.run("approve", str(walk.document), digest, "--by", "ada").code == 0
        gate.open()
        walk.finish(process)
    assert anchor(9) not in walk.in_cloud()
    walk.here()
    assert anchor(9) in walk.in_cloud()
    walk.assert_state_true()
