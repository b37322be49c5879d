"""Whole runs: single references (manager, managedBy) come after their targets and leave after them."""

from dataclasses import replace
from pathlib import Path

from support.build import SID, deletes_up_to, guid, user, user_dn, without
from support.engine import Engine
from support.model import ListSource
from syncramp.model.wire import Operation


def test_managers_come_first_and_travel_with_the_create(engine) -> None:
    engine.source.add(user(3, manager=user_dn(5)), user(5, manager=user_dn(6)), user(6))
    engine.run()
    order = [obj.values["SourceAnchor"] for obj in engine.sent]
    six, five, three = (engine.anchor(user(number)) for number in (6, 5, 3))
    assert order.index(six) < order.index(five) < order.index(three)
    assert engine.cloud.objects[three].values["manager"] == five
    assert order.count(three) == 1


def test_a_circle_of_managers_gets_its_references_afterwards(engine) -> None:
    engine.source.add(user(5, manager=user_dn(6)), user(6, manager=user_dn(5)))
    assert engine.run()[0].settled
    five, six = (engine.anchor(user(number)) for number in (5, 6))
    assert engine.cloud.objects[five].values["manager"] == six
    assert engine.cloud.objects[six].values["manager"] == five


def test_a_manager_who_leaves_the_scope_goes_first_and_the_reference_after(engine) -> None:
    engine.source.add(user(5), user(6, manager=user_dn(5)))
    engine.run()
    five, six = engine.anchor(user(5)), engine.anchor(user(6))
    engine.source.add(user(5, isCriticalSystemObject="TRUE"))
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert (report.loose_references, report.settled) == (1, False)
    assert [(obj.operation, obj.values["SourceAnchor"]) for obj in engine.sent] == [(Operation.DELETE, five)]
    report, _ = engine.run()
    assert report.settled
    assert "manager" not in engine.cloud.objects[six].values
    engine.source.add(user(5))
    engine.run()
    assert engine.cloud.objects[six].values["manager"] == engine.anchor(user(5))


def test_a_manager_who_arrives_after_those_he_manages_is_referred_to(engine) -> None:
    engine.source.add(user(6, manager=user_dn(5)))
    engine.run()
    assert "manager" not in engine.cloud.objects[engine.anchor(user(6))].values
    engine.source.add(user(5))
    engine.run()
    assert engine.cloud.objects[engine.anchor(user(6))].values["manager"] == engine.anchor(user(5))


def reports(engine: Engine, *managers: int) -> list[str]:
    """Two reports for each manager, in the cloud with their reference; returns their anchors."""
    engine.source.add(*(user(number) for number in managers))
    people = [user(10 * number + place, manager=user_dn(number)) for number in managers for place in (1, 2)]
    engine.source.add(*people)
    engine.run()
    engine.cloud.calls.clear()
    return [engine.anchor(person) for person in people]


def apart(folder: Path) -> tuple[Engine, ListSource, ListSource]:
    """A report of one source with a manager of another, both in the cloud."""
    corp, labs = ListSource("corp"), ListSource("labs")
    engine = Engine(folder / "state.db", sources=[corp, labs])
    labs.add(user(5))
    corp.add(user(6, manager=user_dn(5)))
    engine.run()
    engine.cloud.calls.clear()
    return engine, corp, labs


def managers(engine: Engine, people: list[str]) -> list[str | None]:
    return [engine.cloud.objects[person].values.get("manager") for person in people]


def test_nobody_loses_a_manager_whose_delete_waits_for_a_second_import(engine) -> None:
    people = reports(engine, 5)
    engine.leave(5)
    report, _ = engine.run()
    assert report.holds == {"AbsentOnce": 1} and not engine.cloud.calls
    engine.run()
    engine.run()
    assert managers(engine, people) == [None, None]
    assert engine.run()[0].settled


def test_nobody_loses_a_manager_whose_delete_is_one_of_too_many(engine) -> None:
    engine.config = deletes_up_to(engine.config, 1)
    people = reports(engine, 5, 6)
    engine.source.add(user(5, isCriticalSystemObject="TRUE"), user(6, isCriticalSystemObject="TRUE"))
    for _ in range(3):
        assert engine.run()[0].holds == {"TooManyDeletes": 2}
    assert not engine.cloud.calls and None not in managers(engine, people)
    engine.source.add(user(6))
    engine.run()
    assert engine.settle().settled
    assert managers(engine, people) == [None, None, *[engine.anchor(user(6))] * 2]


def test_a_manager_of_a_source_that_is_not_complete_stays(tmp_path) -> None:
    engine, corp, labs = apart(tmp_path)
    labs.entries.clear()
    labs.complete = False
    engine.run()
    engine.sources = [corp]  # and also when the document does not name the source any more
    engine.run()
    assert not engine.cloud.calls


def test_a_new_report_of_somebody_who_is_leaving_comes_without_the_reference(engine) -> None:
    reports(engine, 5)
    engine.leave(5)
    engine.source.add(user(7, manager=user_dn(5)))
    engine.run()
    (obj,) = engine.sent
    assert obj.values["SourceAnchor"] == engine.anchor(user(7)) and "manager" not in obj.values


def test_who_moves_to_another_manager_moves_although_that_one_is_leaving(engine) -> None:
    people = reports(engine, 5, 6)
    engine.leave(6)
    engine.source.add(user(51, manager=user_dn(6)))
    engine.run()
    assert managers(engine, people)[0] is None


def test_a_manager_who_is_moved_while_the_directory_is_read_stays_the_manager(engine) -> None:
    """The report names the new DN already; the manager was read under the old one."""
    people = reports(engine, 5)
    moved = replace(user(5), dn=user_dn(5, ou="Board"))
    engine.source.add(*(user(number, manager=moved.dn) for number in (51, 52)))
    report, _ = engine.run()
    assert report.settled and not engine.cloud.calls
    engine.source.add(moved)
    engine.run()
    assert managers(engine, people) == [engine.anchor(user(5))] * 2
    assert "manager" not in {name for obj in engine.sent for name in obj.values}


def test_a_manager_whom_no_source_knows_is_cleared_one_run_later(engine) -> None:
    people = reports(engine, 5)
    engine.source.add(*(user(number, manager="CN=Stranger,DC=elsewhere,DC=example") for number in (51, 52)))
    assert engine.run()[0].settled and not engine.cloud.calls
    engine.run()
    assert managers(engine, people) == [None, None]
    assert engine.run()[0].settled


def test_a_manager_value_that_cannot_be_read_changes_nothing(engine) -> None:
    people = reports(engine, 5)
    engine.source.add(*(user(number, manager=b"\xff") for number in (51, 52)))
    report, _ = engine.run()
    assert not engine.cloud.calls and managers(engine, people) == [engine.anchor(user(5))] * 2
    assert sum(report.warnings.values()) == 2


def test_a_manager_whom_two_sources_show_is_the_one_that_the_cloud_knows(tmp_path) -> None:
    corp, twin = ListSource("corp"), ListSource("twin")
    engine = Engine(tmp_path / "state.db", sources=[corp, twin])
    corp.add(user(5), user(6, manager=user_dn(5)))
    engine.run()
    twin.add(user(5))
    engine.run()
    engine.cloud.calls.clear()
    corp.add(user(7, manager=user_dn(5)))
    report, _ = engine.run()
    assert report.holds == {"AnchorConflict": 1}
    (obj,) = engine.sent
    assert obj.values["manager"] == engine.anchor(user(5))


def test_nobody_loses_a_manager_who_was_missed_twice_and_whose_delete_is_held(engine) -> None:
    """A hidden OU: its people are gone for good, as far as the directory shows, and their reports still name them."""
    engine.config = deletes_up_to(engine.config, 0)
    people = reports(engine, 5)
    engine.leave(5)
    for _ in range(4):
        report, _ = engine.run()
    assert report.holds == {"TooManyDeletes": 1}
    assert not engine.cloud.calls and managers(engine, people) == [engine.anchor(user(5))] * 2


def test_a_manager_who_is_moved_and_missed_by_the_import_stays_the_manager(engine) -> None:
    people = reports(engine, 5)
    moved = replace(user(5), dn=user_dn(5, ou="Board"))
    engine.source.add(*(user(number, manager=moved.dn) for number in (51, 52)))
    engine.source.entries.pop(guid(5))
    report, _ = engine.run()
    assert report.holds == {"AbsentOnce": 1} and not engine.cloud.calls
    engine.source.add(moved)
    assert engine.run()[0].settled
    assert managers(engine, people) == [engine.anchor(user(5))] * 2
    assert "manager" not in {name for obj in engine.sent for name in obj.values}


def test_a_renamed_manager_stays_while_the_source_that_knows_the_new_name_cannot_be_read(tmp_path) -> None:
    engine, corp, labs = apart(tmp_path)
    renamed = replace(user(5), dn=user_dn(5, ou="Board"))
    labs.complete = False
    labs.entries.clear()
    corp.add(user(6, manager=renamed.dn))
    for _ in range(3):
        engine.run()
    assert not engine.cloud.calls
    labs.complete = True
    labs.add(renamed)
    engine.settle()
    assert "manager" not in {name for obj in engine.sent for name in obj.values}


def test_a_manager_who_cannot_be_judged_is_still_one_to_refer_to(engine) -> None:
    engine.source.add(user(5, objectSid=SID), user(6))
    engine.run()
    engine.source.add(user(6, manager=user_dn(5)))
    engine.source.add(without(user(5, objectSid=SID), "samaccountname"))
    engine.settle()
    assert engine.cloud.objects[engine.anchor(user(6))].values["manager"] == engine.anchor(user(5))


def test_a_loose_reference_of_a_source_that_the_document_dropped_is_nobodys_business(tmp_path) -> None:
    corp, labs = ListSource("corp"), ListSource("labs")
    engine = Engine(tmp_path / "state.db", sources=[corp, labs])
    corp.add(user(5))
    labs.add(user(6, manager=user_dn(5)))
    engine.run()
    corp.add(user(5, isCriticalSystemObject="TRUE"), user(7))
    engine.sources = [corp]
    assert engine.settle().loose_references == 0


def test_a_source_that_the_document_dropped_unread_keeps_no_reference(tmp_path) -> None:
    corp, labs = ListSource("corp"), ListSource("labs")
    engine = Engine(tmp_path / "state.db", sources=[corp, labs])
    corp.add(user(5), user(6, manager=user_dn(5)))
    labs.add(user(7))
    engine.settle()
    labs.complete = False
    engine.run()
    engine.sources = [corp]
    corp.add(user(6, manager=user_dn(9)))
    engine.settle()
    engine.settle()
    assert "manager" not in engine.cloud.objects[engine.anchor(user(6))].values


def test_somebody_with_the_name_of_a_deleted_manager_becomes_the_manager(engine) -> None:
    people = reports(engine, 5)
    engine.leave(5)
    for _ in range(3):
        engine.run()
    assert managers(engine, people) == [None, None]
    new = replace(user(8), dn=user_dn(5))
    engine.source.add(new)
    engine.settle()
    assert managers(engine, people) == [engine.anchor(new)] * 2


def test_a_new_entry_with_the_name_of_one_that_was_out_of_scope_becomes_the_manager(engine) -> None:
    """The directory cleared the reference and set it again, and between two imports nobody saw that."""
    engine.source.add(user(5, isCriticalSystemObject="TRUE"), user(6, manager=user_dn(5)))
    engine.settle()
    new = replace(user(8), dn=user_dn(5))
    engine.leave(5)
    engine.source.add(new)
    engine.settle()
    assert engine.cloud.objects[engine.anchor(user(6))].values["manager"] == engine.anchor(new)
