"""Whole runs on what a source tells of changes: mass deletes, lost attributes and sentinels that are not found."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import pytest

from support.build import BASE, deletes_up_to, guid, user
from support.engine import Engine
from support.model import Crash
from support.veiled import PEOPLE, SALES, VeiledSource, company
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Container, Fact, Gone, Links, Looked, Proof
from syncramp.model.proofs import Accepted, Doubt
from syncramp.model.report import SourceReport
from syncramp.model.seams import Known
from syncramp.model.wire import Operation
from syncramp.store import partitions

SALES_OU = f"OU=Sales,{BASE}"


@dataclass
class TellingSource(VeiledSource):
    """A directory that tells what changed since it was proven last."""

    changes: list[Fact] = field(default_factory=list)
    looked: Looked | None = None
    asked: list[bool] = field(default_factory=list)
    """Whether each read was a delta."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        delta = known is not None and known.watermark is not None
        self.asked.append(delta)
        if not delta:
            *facts, proof = super().read(partition, wanted, known)
            assert isinstance(proof, Proof)
            yield from facts
            yield replace(proof, watermark=b"1", tracking="USN", looked=self.looked)
        else:
            yield from self.changes
            number = len(self.changes)
            yield Proof(
                partition, self.complete, number, None, delta=True, tracking="USN", watermark=b"1", looked=self.looked
            )

    def forget(self, *numbers: int) -> None:
        """These are deleted, and it is told."""
        for number in numbers:
            self.entries.pop(guid(number))
            self.changes.append(Gone(guid(number)))


@pytest.fixture
def told(tmp_path) -> Engine:
    """A tenant that holds what the directory does."""
    whole = company()
    source = TellingSource(entries=whole.entries, members=whole.members)
    made = Engine(tmp_path / "state.db", sources=[source])
    made.config = deletes_up_to(made.config, 500)
    made.pace = replace(made.pace, objects_per_call=200)
    made.settle()
    made.run()
    made.cloud.calls.clear()
    assert source.asked[-1], "it tells changes alone from now on"
    return made


def telling(engine: Engine) -> TellingSource:
    assert isinstance(engine.source, TellingSource)
    return engine.source


def read(engine: Engine) -> SourceReport:
    return engine.run()[0].sources[0]


def deleted(engine: Engine) -> int:
    return sum(obj.operation is Operation.DELETE for obj in engine.sent)


def test_a_few_deletes_that_are_told_go_at_once(told) -> None:
    telling(told).forget(1, 2, 3)
    assert read(told).complete and deleted(told) == 3


def test_deletes_of_most_people_in_one_delta_wait_for_a_person_however_often_they_are_told(told) -> None:
    telling(told).forget(*range(1, 41))
    for _ in range(3):
        found = read(told)
        assert found.doubt == Doubt.SHRUNKEN and "40 of 72 users are missing" in found.reason
    assert not told.sent
    with told.store() as store:
        assert not store.database.value("SELECT COUNT(*) FROM entries WHERE absent > 0"), "nothing of it is believed"
        assert not store.database.value("SELECT COUNT(*) FROM moves WHERE what = 'Gone'")
        store.staging.accept(1, "all", Accepted(44))
    assert read(told).complete and deleted(told) == 40


def test_who_was_deleted_and_restored_between_two_reads_is_not_missing(told) -> None:
    source = telling(told)
    for number in range(1, 41):
        source.changes += [Gone(guid(number)), source.entries[guid(number)]]
    for place, members in source.members.items():
        source.changes.append(Links(place, "member", tuple(members), final=True))
    assert read(told).complete and not told.sent
    with told.store() as store:
        assert store.database.value("SELECT entries FROM shown WHERE what = 'User'") == 72
    source.changes.clear()
    source.forget(*range(1, 41))
    assert "40 of 72 users" in read(told).reason


def test_what_was_deleted_is_counted_once_for_the_next_delta(told) -> None:
    """The measure is what is left: ten of the remaining people are not most of them, twenty are."""
    source = telling(told)
    for first in (1, 15):
        source.changes.clear()
        source.forget(*range(first, first + 14))
        assert read(told).complete
    source.changes.clear()
    source.forget(*range(30, 52))
    assert read(told).complete, "22 of 44"
    source.changes.clear()
    source.forget(*range(52, 64))
    assert read(told).doubt == Doubt.SHRUNKEN, "12 of 22"


def test_a_sentinel_that_nobody_can_find_leads_to_a_full_read_that_tells(told) -> None:
    source = telling(told)
    source.looked = Looked(24, frozenset({guid(5)}))
    found = read(told)
    assert found.doubt == Doubt.NOT_PERMITTED and "1 of 24 entries that are looked up" in found.reason
    source.looked = None
    assert read(told).complete and not source.asked[-1] and not told.sent


def test_a_sentinel_whose_delete_was_told_is_no_loss_of_sight(told) -> None:
    source = telling(told)
    source.forget(5)
    source.looked = Looked(24, frozenset({guid(5)}))
    assert read(told).complete and deleted(told) == 1


def test_an_attribute_that_all_who_changed_lost_is_put_back(told) -> None:
    source = telling(told)
    for number in (*PEOPLE, *SALES):
        entry = source.entries[guid(number)]
        left = {name: values for name, values in entry.attributes.items() if name != "title"}
        source.changes.append(replace(entry, attributes=left))
    found = read(told)
    assert found.doubt == Doubt.NOT_PERMITTED and "title is not shown any more by 72 of 72" in found.reason
    source.changes.clear()
    assert read(told).complete and not source.asked[-1] and not told.sent


def test_an_attribute_that_few_of_those_who_changed_lost_is_cleared(told) -> None:
    source = telling(told)
    for number in range(1, 61):
        title = {} if number <= 5 else {"title": "Chief"}
        source.changes.append(user(number, telephoneNumber=str(number), **title))
        source.entries[guid(number)] = user(number, telephoneNumber=str(number))
    assert read(told).complete
    assert sum(any(value is None for value in obj.values.values()) for obj in told.sent) == 5


@dataclass
class SweepingSource(TellingSource):
    """A directory that keeps no log of deletes: who is known and not shown is gone (OpenLDAP)."""

    broken: bool = False
    """The connection breaks before the proof."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        if known is not None and known.watermark is not None:
            shown = b"".join(one for one, entry in self.entries.items() if self._shows(entry))
            self.changes = [Gone(one) for one in known.unseen(shown)]
        for fact in super().read(partition, wanted, known):
            if self.broken and isinstance(fact, Proof):
                raise SourceUnavailable("the server is gone", where=self.name)
            yield replace(fact, tracking="ContextCSN") if isinstance(fact, Proof) else fact


@pytest.fixture
def swept(told) -> Engine:
    """The same, where nobody tells who was deleted."""
    source = telling(told)
    told.sources = [SweepingSource(entries=source.entries, members=source.members)]
    told.settle()
    return told


def test_who_is_not_shown_by_a_server_without_a_log_of_deletes_stays_however_often_it_is_read(swept) -> None:
    telling(swept).below = f"OU=People,{BASE}"
    for _ in range(4):
        assert not read(swept).complete and not swept.sent
    telling(swept).unveil()
    for _ in range(4):
        report, _ = swept.run()
    assert report.settled and not swept.sent


def test_who_is_shown_again_before_anybody_believed_the_deletes_stays(swept) -> None:
    telling(swept).below = f"OU=People,{BASE}"
    assert read(swept).doubt == Doubt.SHRUNKEN
    telling(swept).unveil()
    for _ in range(4):
        report, _ = swept.run()
    assert report.settled and not swept.sent


@pytest.mark.parametrize("killed", [False, True], ids=["broken off", "killed"])
def test_whom_a_read_called_gone_that_did_not_end_is_there_as_before(swept, killed) -> None:
    source = telling(swept)
    assert isinstance(source, SweepingSource)
    source.below, source.broken = SALES_OU, not killed
    with suppress(Crash):
        if killed:
            with patch.object(partitions, "keep_verdict", side_effect=Crash):
                swept.run()
        else:
            assert read(swept).doubt == Doubt.INCOMPLETE
    source.unveil()
    source.broken = False
    report, _ = swept.run()
    assert report.settled and not swept.sent
    source.below = SALES_OU
    assert read(swept).doubt == Doubt.NOT_PERMITTED, "they are told again"


def test_a_container_that_was_called_gone_in_vain_is_there_as_before(told) -> None:
    source, ou = telling(told), Container(guid(500), SALES_OU)
    source.changes = [ou]
    assert read(told).complete
    source.changes, source.complete = [Gone(ou.guid)], False
    assert not read(told).complete
    with told.store() as store:
        assert store.whereabouts.of("corp").named(ou.guid) == ou.dn


def test_deletes_that_were_not_believed_in_a_delta_are_not_believed_in_a_full_read(told) -> None:
    telling(told).forget(*range(1, 41))
    assert read(told).doubt == Doubt.SHRUNKEN
    report, _ = told.run(full=True)
    assert report.sources[0].doubt == Doubt.SHRUNKEN and not told.sent
    with told.store() as store:
        store.staging.accept(1, "all", Accepted(44))
    assert told.run(full=True)[0].sources[0].complete and not told.sent, "absent once"
    assert told.run(full=True)[0].sources[0].complete and deleted(told) == 40
