"""Anchors written back: before the create, durably known, and never without being asked for."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import config, group, guid, user, user_dn
from support.engine import Engine
from support.model import Crash, ListSource, no_fault
from syncramp.cycle.anchors import MOST_REFUSED
from syncramp.errors import SourceUnavailable
from syncramp.model.holds import Hold
from syncramp.model.values import Kind
from syncramp.model.wire import SyncObject
from syncramp.report.text import plan_lines, run_lines
from syncramp.spec.types import Join, JoinBy, Mode


@dataclass
class Writer:
    """A directory in memory that takes anchors."""

    source: ListSource
    refuses: dict[bytes, str] = field(default_factory=dict)
    everybody: str = ""
    breaks_at: bytes = b""
    kills_after: bytes = b""
    asked: list[bytes] = field(default_factory=list)

    def write_anchors(self, users: Iterable[tuple[bytes, str]]) -> Generator[str]:
        for identity, dn in users:
            self.asked.append(identity)
            entry = self.source.entries[identity]
            assert entry.dn == dn
            if identity == self.breaks_at:
                raise SourceUnavailable("writing mS-DS-ConsistencyGuid failed (timed out)", where="ldaps://dc1")
            if reason := self.everybody or self.refuses.get(identity, ""):
                yield reason
                continue
            attributes = {**entry.attributes, "ms-ds-consistencyguid": (identity,)}
            self.source.entries[identity] = replace(entry, attributes=attributes)
            if identity == self.kills_after:
                raise Crash
            yield ""

    @property
    def written(self) -> set[bytes]:
        return {key for key, entry in self.source.entries.items() if "ms-ds-consistencyguid" in entry.attributes}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = Engine(tmp_path / "state.db")
    made.source.add(
        user(1), user(2, manager=user_dn(1)), user(3, mS_DS_ConsistencyGuid=b"0123456789abcdef"), group(101)
    )
    made.writers = {"corp": Writer(made.source)}
    return made


@pytest.fixture
def writer(engine) -> Writer:
    return engine.writers["corp"]


def test_the_anchor_is_written_before_the_create_and_for_nobody_else(engine, writer) -> None:
    anchors = {engine.anchor(user(number)): guid(number) for number in (1, 2)}
    early: list[str] = []

    def look(obj: SyncObject) -> str:
        anchor = str(obj.values["SourceAnchor"])
        if anchor in anchors and anchors[anchor] not in writer.written:
            early.append(anchor)
        return ""

    engine.cloud.refuse = look
    report, plan = engine.run()
    assert report.settled and (plan.anchor_writes, report.anchors_written) == (2, 2)
    assert writer.asked == [guid(1), guid(2)]
    assert not early
    assert len(engine.cloud.objects) == 4
    engine.cloud.calls.clear()
    report, plan = engine.run()
    assert report.settled and not engine.cloud.calls and not plan.anchor_writes and len(writer.asked) == 2


def test_without_writers_nothing_is_written_and_everybody_is_created(engine, writer) -> None:
    engine.writers = {}
    report, plan = engine.run()
    assert report.settled and not plan.anchor_writes and not writer.asked


def test_a_plan_tells_how_many_would_be_written_and_writes_none(engine, writer) -> None:
    report, plan = engine.run(sends=False)
    assert "  2 anchors to write into the directory before the create" in list(plan_lines(plan, report))
    assert not writer.asked


@pytest.mark.parametrize("mode", [Mode.PLAN, Mode.STAGING])
def test_a_mode_that_sends_nothing_writes_nothing(engine, writer, mode) -> None:
    engine.config = replace(engine.config, mode=mode)
    _, plan = engine.run()
    assert plan.anchor_writes == 2 and not writer.asked


def test_a_refused_write_holds_that_create_with_the_servers_words(engine, writer) -> None:
    why = "this account may not write mS-DS-ConsistencyGuid (insufficientAccessRights, code 50)"
    writer.refuses[guid(1)] = why
    engine.source.add(user(4))
    report, _ = engine.run()
    assert report.holds == {"AnchorNotWritten": 1}
    (sample,) = report.hold_samples[Hold.ANCHOR_NOT_WRITTEN]
    assert (sample.verb, sample.dn, sample.detail) == ("Create", user_dn(1), why)
    assert engine.anchor(user(1)) not in engine.cloud.objects
    assert {engine.anchor(user(2)), engine.anchor(user(4))} <= engine.cloud.objects.keys()
    assert not report.settled and (report.objects.held, report.objects.left) == (1, 1), "the reference waits too"
    assert "Anchors written into the directory: 2" in list(run_lines(report))
    writer.refuses.clear()
    assert engine.settle().settled
    assert engine.cloud.objects[engine.anchor(user(2))].values["manager"] == engine.anchor(user(1))


def test_a_known_user_is_never_written_to(engine, writer) -> None:
    engine.writers = {}
    engine.run()
    engine.writers = {"corp": writer}
    engine.source.add(user(1, title="Clerk"))
    report, plan = engine.run()
    assert report.settled and not plan.anchor_writes and not writer.asked


def test_a_directory_that_breaks_off_holds_the_rest_of_its_creates_and_is_not_asked_again(engine, writer) -> None:
    engine.source.add(*(user(number) for number in range(10, 30)))
    writer.breaks_at = guid(12)
    report, _ = engine.run()
    assert report.holds == {"AnchorNotWritten": 19}
    assert "timed out" in report.hold_samples["AnchorNotWritten"][0].detail
    assert writer.asked[-1] == guid(12)
    assert report.objects.expected == report.objects.acknowledged + report.objects.held
    writer.breaks_at = b""
    assert engine.settle().settled


def test_a_directory_that_refuses_many_in_a_row_is_left_alone(engine, writer) -> None:
    writer.everybody = "this account may not write"
    engine.source.add(*(user(number) for number in range(1000, 1000 + 2 * MOST_REFUSED)))
    report, _ = engine.run()
    assert report.holds == {"AnchorNotWritten": 2 * MOST_REFUSED + 2}
    assert len(writer.asked) == MOST_REFUSED


def test_a_run_killed_between_the_write_and_the_create_is_gone_on_with(engine, writer) -> None:
    writer.kills_after = guid(1)
    with pytest.raises(Crash):
        engine.run()
    assert guid(1) in writer.written and not engine.cloud.objects.get(engine.anchor(user(1)))
    writer.kills_after = b""
    writer.asked.clear()
    assert engine.settle().settled
    assert writer.asked == [guid(2)]
    assert engine.cloud.objects[engine.anchor(user(1))].values["displayName"] == "User 1"


def test_a_create_whose_answer_was_lost_is_sent_again_and_its_anchor_stands(engine, writer) -> None:
    engine.lose()
    assert engine.settle().settled
    assert writer.written == {guid(1), guid(2), guid(3)}


def test_a_run_that_is_stopped_writes_and_creates_no_more(engine, writer) -> None:
    engine.source.add(*(user(number) for number in range(10, 30)))
    original = writer.write_anchors

    def stopping(users: Iterable[tuple[bytes, str]]) -> Generator[str]:
        for number, answer in enumerate(original(users)):
            if number == 4:
                engine.stop.set()
            yield answer

    writer.write_anchors = stopping
    report, _ = engine.run()
    assert len(writer.asked) == 5
    assert report.objects.left and not report.holds
    engine.stop.clear()
    writer.write_anchors = original
    assert engine.settle().settled


def test_thousands_are_written_in_pages_and_each_once(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db")
    engine.source.add(*(user(number) for number in range(1, 2501)))
    writer = Writer(engine.source)
    engine.writers = {"corp": writer}
    engine.pace = replace(engine.pace, objects_per_call=500)
    report, _ = engine.run()
    assert report.settled and report.anchors_written == 2500
    assert sorted(writer.asked) == [guid(number) for number in range(1, 2501)]


def test_only_the_sources_that_can_be_written_to_are(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db", sources=[ListSource("corp"), ListSource("labs")])
    engine.config = config(sources=("corp", "labs"), endpoint=engine.config.target.endpoint)
    engine.sources[0].add(user(1))
    engine.sources[1].add(user(2))
    writer = Writer(engine.sources[1])
    engine.writers = {"labs": writer}
    report, _ = engine.run()
    assert report.settled and writer.asked == [guid(2)]


def test_of_a_person_of_two_directories_the_entry_that_gives_the_anchor_is_written_to(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db", sources=[ListSource("corp"), ListSource("labs")])
    engine.config = replace(
        config(sources=("corp", "labs"), endpoint=engine.config.target.endpoint),
        joins=(Join(frozenset({Kind.USER}), JoinBy.MAIL),),
    )
    corp, labs = engine.sources
    corp.add(user(1, mail="one@example.com"), user(2, mail="two@example.com", mS_DS_ConsistencyGuid=guid(7)))
    labs.add(user(11, ou="Labs", mail="one@example.com"), user(12, ou="Labs", mail="two@example.com"))
    engine.writers = {source.name: Writer(source) for source in engine.sources}
    report, plan = engine.run()
    assert report.settled and plan.anchor_writes == 1
    assert (engine.writers["corp"].asked, engine.writers["labs"].asked) == ([guid(1)], [])
    assert len(engine.cloud.objects) == 2


def test_no_anchor_is_written_any_more_when_the_slice_is_over(engine, writer, monkeypatch) -> None:
    monkeypatch.setattr("syncramp.cycle.anchors.PAGE", 2)
    engine.source.add(*map(user, range(10, 20)))
    engine.config = replace(engine.config, interval=timedelta(seconds=60))
    now = [1000.0]
    engine.clock = lambda: now[0]

    def hour(moment: str) -> None:
        now[0] += 3600.0

    engine.cloud.fault = hour
    report = engine.sync(once=True)
    assert report.sliced and report.objects.left > 8
    assert len(writer.written) <= 3, "one page at most, besides the one who has an anchor"
    engine.cloud.fault = no_fault
    assert engine.sync().settled
