"""Runs whose directory tells what changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from support.build import BASE, group, guid, user, user_dn
from support.engine import Engine, links
from support.explained import lines
from support.model import ListSource
from syncramp.cycle.parts import NOWHERE
from syncramp.model.facts import Container, Fact, Gone, LinkChange, Links, Proof
from syncramp.model.seams import Known
from syncramp.model.wire import Operation

OU = guid(500)


@dataclass
class Telling(ListSource):
    """A list that is told whole once, and then by ``changes``."""

    changes: list[Fact] = field(default_factory=list)
    read_whole: int = 0
    mark: bytes | None = b"1"
    """Where a full read says that changes begin."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        if known is not None and known.watermark is not None:
            yield from self.changes
            yield Proof(
                partition, self.complete, len(self.changes), None, delta=True, watermark=b"2", tracking="DirSync"
            )
            return
        self.read_whole += 1
        yield Container(OU, f"OU=People,{BASE}")
        for one, entry in self.entries.items():
            yield entry
            if one in self.members:
                yield Links(one, "member", tuple(self.members[one]), final=True)
        yield Proof(partition, True, len(self.entries), None, watermark=self.mark, tracking="DirSync")


@pytest.fixture
def told(tmp_path) -> tuple[Engine, Telling]:
    source = Telling()
    source.add(user(1), user(2, manager=user_dn(1)), user(3), group(101))
    source.members[guid(101)] = [user_dn(1), user_dn(2)]
    engine = Engine(tmp_path / "state.db", sources=[source])
    engine.settle()
    engine.cloud.calls.clear()
    return engine, source


def test_nothing_changed_and_nothing_is_read_or_sent(told) -> None:
    engine, source = told
    report, _ = engine.run()
    assert report.settled and not engine.sent and source.read_whole == 1


def test_a_source_that_left_nothing_to_go_on_from_is_read_in_full_with_the_reason(told) -> None:
    engine, source = told
    engine.lose_store()
    source.mark = None
    assert [engine.run()[0].sources[0].why_full for _ in range(2)] == ["", ""], "it cannot be had otherwise"
    source.mark = b"1"
    reports = [engine.run()[0].sources[0] for _ in range(2)]
    assert [(read.delta, read.why_full) for read in reports] == [(False, NOWHERE), (True, "")]


def test_how_much_is_there_is_told_although_only_changes_were_read(told) -> None:
    engine, source = told
    source.changes = [Gone(guid(3))]
    engine.run()
    assert "  source         corp, part all: complete, 1 entry changed, about 3 there" in lines(engine, user_dn(1))


def test_whom_the_directory_deleted_goes_in_the_same_run_and_the_plan_says_why(told) -> None:
    engine, source = told
    source.changes = [Gone(guid(3))]
    report, plan = engine.run()
    assert report.holds == {} and [obj.operation for obj in engine.sent] == [Operation.DELETE]
    details = [sample.detail for samples in plan.samples.values() for sample in samples]
    assert details == ["its entry was deleted in the directory"]


def test_a_delete_waits_for_a_read_that_is_proven(told) -> None:
    engine, source = told
    source.changes, source.complete = [Gone(guid(3))], False
    report, _ = engine.run()
    assert not report.sources[0].complete and not engine.sent
    source.complete = True
    engine.run()
    assert [obj.operation for obj in engine.sent] == [Operation.DELETE]


def test_a_renamed_ou_is_told_as_one_container_and_nobody_is_read_again(told) -> None:
    engine, source = told
    source.changes = [Container(OU, f"OU=Staff,{BASE}")]
    report, plan = engine.run()
    assert source.read_whole == 1 and report.holds == {}
    assert plan.containers == {(f"OU=People,{BASE}", f"OU=Staff,{BASE}"): 3} and plan.origins == {"Container": 3}
    assert len(engine.sent) == 3 and Operation.DELETE not in {obj.operation for obj in engine.sent}
    report, _ = engine.run()
    assert report.settled


def test_members_that_came_and_went_are_sent_and_no_others(told) -> None:
    engine, source = told
    source.changes = [
        LinkChange(guid(101), "member", gained=True, guids=(guid(3),)),
        LinkChange(guid(101), "member", gained=False, dns=(user_dn(1),)),
    ]
    engine.settle()
    assert sorted(link for obj in engine.sent for link in links(obj)) == [
        ("ADD", engine.anchor(user(3))),
        ("REMOVE", engine.anchor(user(1))),
    ]


def test_a_manager_who_is_renamed_stays_the_manager(told) -> None:
    engine, source = told
    source.changes = [user(1, "Sales")]
    engine.settle()
    held = engine.cloud.objects[engine.anchor(user(2))].values
    assert held["manager"] == engine.anchor(user(1))
