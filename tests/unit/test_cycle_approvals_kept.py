"""Whole runs against a directory and a cloud in memory: how approvals are kept, given and ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.approved import HOUR, by_hand, digests, name_in_cloud, rename
from support.build import group, guid, user, user_dn
from support.documents import findings, minimal
from support.engine import Engine
from syncramp.events import Note
from syncramp.model.approvals import ANNOTATION, Marks, Waiting
from syncramp.model.holds import Class, Hold
from syncramp.spec.types import ApprovalMode
from syncramp.store.approvals import KEPT, KEPT_FOR
from syncramp.store.database import Database, opened

TAKEN = "annotation syncramp.io/approve"


@pytest.fixture
def manual(tmp_path: Path) -> Engine:
    """Three people and a group of two are in the cloud; a person approves."""
    return by_hand(tmp_path / "state.db")


# --- how it ends -------------------------------------------------------------------------------------------------


def test_an_approval_that_has_expired_does_nothing(manual) -> None:
    rename(manual, 1, "New")
    manual.approve(valid=HOUR)
    manual.clock = lambda: HOUR
    report, _ = manual.run()
    assert name_in_cloud(manual, 1) == "User 1" and report.approvals == []
    with manual.store() as store:
        kept = store.database.all('SELECT "by", changes, LENGTH(marks) FROM approvals')
    assert list(kept) == [("ada", 1, 0)], "who approved what stays; the changes go"


def test_it_is_valid_until_the_last_moment(manual) -> None:
    rename(manual, 1, "New")
    manual.approve(valid=HOUR)
    manual.clock = lambda: HOUR - 1
    manual.run()
    assert name_in_cloud(manual, 1) == "New"


def test_the_report_tells_what_waits_and_what_was_approved_by_whom_and_until_when(manual) -> None:
    first, _ = rename(manual, 1, "New")
    digest = digests(manual)["Rest"]
    assert first.waiting == [{"hold": "ApprovalRequired", "class": "Rest", "changes": 1, "digest": digest}]
    manual.approve(by="Ada Lovelace", valid=HOUR)
    report, _ = manual.run()
    told = {"digest": digest, "hold": "ApprovalRequired", "class": "Rest", "by": "Ada Lovelace"}
    assert report.approvals == [{**told, "given": 0.0, "until": HOUR, "changes": 1, "wanted": 1}]
    assert report.waiting == []


# --- stores ------------------------------------------------------------------------------------------------------


def _other_store(engine: Engine, folder: Path) -> Engine:
    """The same directory and the same cloud, with a store that gave everybody another id."""
    other = Engine(folder / "other.db", config=replace(engine.config, approval=ApprovalMode.AUTO))
    other.source.entries = dict(reversed(engine.source.entries.items()))
    other.source.members = engine.source.members
    other.settle()
    other.config = engine.config
    return other


def test_another_store_with_other_ids_has_the_same_digests_and_no_approval_of_the_first(manual, tmp_path) -> None:
    other = _other_store(manual, tmp_path)
    for engine in (manual, other):
        engine.source.add(user(1, displayName="New"), user(4))
        engine.source.members[guid(101)] = [user_dn(3), user_dn(2), user_dn(1)]
        engine.run()
    assert digests(manual) == digests(other) and len(digests(manual)) == 2
    manual.approve()
    other.run()
    assert name_in_cloud(other, 1) == "User 1"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 8), min_size=1, unique=True), st.randoms(use_true_random=False))
def test_the_digests_of_a_plan_are_those_of_its_changes_in_any_store(changed: list[int], chance) -> None:
    """The same state gives the same digests, in all and of each class, whatever the ids are."""
    found = []
    for order in (range(1, 9), chance.sample(range(1, 9), 8)):
        with _temporary() as folder:
            engine = Engine(folder / "state.db")
            engine.source.add(*(user(number) for number in order), group(101))
            engine.source.members[guid(101)] = [user_dn(number) for number in order if number < 6]
            engine.settle()
            for number in changed:
                engine.source.add(user(number, title="New", userAccountControl=str(512 + 2 * (number % 2))))
            engine.source.members[guid(101)] = [user_dn(number) for number in range(3, 8)]
            _, plan = engine.run(sends=False)
            found.append((plan.digest, plan.digests))
    assert found[0] == found[1] and {"Removals", "Rest"} <= found[0][1].keys()


def test_a_digest_of_a_plan_changes_exactly_when_what_is_sent_of_its_class_does(engine) -> None:
    engine.settle()
    engine.source.add(user(1, title="New"), user(2, userAccountControl="514"), user(4))
    _, first = engine.run(sends=False)
    engine.source.add(user(2, userAccountControl="514", title="Other"))
    _, second = engine.run(sends=False)
    changed = {name for name in first.digests if first.digests[name] != second.digests[name]}
    assert changed == {"Rest"} and first.digests.keys() == second.digests.keys() and first.digest != second.digest
    _, again = engine.run(sends=False)
    assert (again.digest, again.digests) == (second.digest, second.digests)


@contextmanager
def _temporary() -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        yield Path(folder)


# --- proposals ---------------------------------------------------------------------------------------------------


def test_a_set_can_be_approved_for_seven_days_and_the_last_hundred_are_kept(manual) -> None:
    for number in range(KEPT + 3):
        rename(manual, 1, f"New {number}")
    with manual.store() as store:
        assert len(store.approvals.proposals()) == KEPT
        store.approvals.propose([], KEPT_FOR - 1, alone=False)
        assert len(store.approvals.proposals()) == KEPT
        store.approvals.propose([], KEPT_FOR, alone=True)
        assert store.approvals.proposals() == []


def test_a_set_that_is_held_again_can_be_approved_for_another_seven_days(manual) -> None:
    rename(manual, 1, "New")
    manual.clock = lambda: KEPT_FOR - 1
    manual.run()
    with manual.store() as store:
        store.approvals.propose([], KEPT_FOR + 1, alone=False)
        assert [each.made for each in store.approvals.proposals()] == [KEPT_FOR - 1]


def test_what_waits_is_kept_however_large_and_older_sets_go_when_all_are_too_large(manual, monkeypatch) -> None:
    monkeypatch.setattr("syncramp.store.approvals.KEPT_MARKS", 2)
    clock = count(1.0)
    manual.clock = lambda: next(clock)
    for number in range(3):
        rename(manual, 1, f"New {number}")
        assert len(digests(manual)) == 1
    with manual.store() as store:
        assert len(store.approvals.proposals()) == 2
    manual.source.add(*(user(number, title="New") for number in (1, 2, 3)))
    manual.run()
    with manual.store() as store:
        assert [each.changes for each in store.approvals.proposals()] == [3]
        (large,) = store.approvals.proposals()
        store.approvals.propose([Waiting(Hold.RESTORE, Class.CREATES, "ab" * 16, Marks([1]))], 100.0, alone=False)
        assert {each.digest for each in store.approvals.proposals()} == {large.digest, "ab" * 16}


def test_an_older_set_is_approvable_as_long_as_something_of_it_waits(manual) -> None:
    rename(manual, 1, "New")
    old = digests(manual)["Rest"]
    rename(manual, 2, "Newer")
    with manual.store() as store:
        assert store.approvals.still_waiting(old) == 1
        store.approvals.give(old, "ada", 0.0, HOUR)
    manual.run()
    assert name_in_cloud(manual, 1) == "New" and name_in_cloud(manual, 2) == "User 2"
    with manual.store() as store:
        assert store.approvals.still_waiting(old) == 0


# --- beside a run ------------------------------------------------------------------------------------------------


def test_approvals_may_be_given_at_any_moment_of_a_run(manual) -> None:
    """Before each transaction of a run another process commits an approval, and no open snapshot is in the way."""
    rename(manual, 1, "New")
    digest, given = digests(manual)["Rest"], []
    original, aside = Database.transaction, opened(manual.path)

    @contextmanager
    def transaction(self: Database, *, durable: bool = False) -> Iterator[None]:
        with original(aside):
            aside.run(
                """INSERT INTO approvals (digest, class, hold, given, until, "by", changes, links, marks)
                   SELECT digest, class, hold, ?, ?, 'ada', changes, links, marks FROM proposals WHERE digest = ?""",
                (float(len(given)), HOUR, digest),
            )
        given.append(digest)
        with original(self, durable=durable):
            yield

    with patch.object(Database, "transaction", transaction):
        manual.source.add(user(2, title="Later"), user(3, userAccountControl="514"))
        manual.source.members[guid(101)] = [user_dn(3)]
        report, _ = manual.run()
    aside.close()
    assert not report.failure and len(given) > 5 and name_in_cloud(manual, 1) == "New"
    with manual.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM approvals") == len(given)


# --- the annotation ----------------------------------------------------------------------------------------------


def _annotated(engine: Engine, *named: str) -> None:
    engine.config = replace(engine.config, approves=named, approval_expiry=timedelta(hours=1))


def test_the_annotation_of_the_document_approves_by_its_name_and_with_the_default_validity(manual) -> None:
    rename(manual, 1, "New")
    manual.clock = lambda: 100.0
    _annotated(manual, digests(manual)["Rest"][:8])
    report, _ = manual.run()
    (approval,) = report.approvals
    assert name_in_cloud(manual, 1) == "New"
    assert (approval["by"], approval["given"], approval["until"]) == (TAKEN, 100.0, 100.0 + HOUR)


def test_an_annotation_that_names_two_sets_approves_neither(manual) -> None:
    rename(manual, 1, "New")
    with manual.store() as store:
        other = Waiting(Hold.RESTORE, Class.CREATES, digests(manual)["Rest"][:8] + "0" * 24, Marks([1]))
        store.approvals.propose([other], 0.0, alone=False)
    _annotated(manual, other.digest[:8])
    report, _ = manual.run()
    assert report.approvals == [] and name_in_cloud(manual, 1) == "User 1"
    told = [event.text for event in manual.events if isinstance(event, Note)]
    assert told[-1] == f"the {TAKEN}: {other.digest[:8]} names more than one set"


def test_the_same_annotation_approves_nothing_once_it_has_expired(manual) -> None:
    rename(manual, 1, "New")
    digest = digests(manual)["Rest"]
    _annotated(manual, digest)
    manual.run()
    rename(manual, 1, "User 1")
    manual.approve()
    manual.clock = lambda: 2 * HOUR
    manual.run()
    rename(manual, 1, "New")
    assert digests(manual)["Rest"] == digest, "the same set is held again"
    manual.run()
    assert name_in_cloud(manual, 1) == "User 1"


def test_an_annotation_that_names_nothing_is_told_and_waits_until_a_run_has_held_its_set(manual) -> None:
    twin = _other_store(manual, manual.path.parent / "twin")
    rename(twin, 1, "New")
    _annotated(manual, digests(twin)["Rest"], "0123456789abcdef")
    manual.run()
    told = [event.text for event in manual.events if isinstance(event, Note)]
    assert f"the {TAKEN}: 0123456789abcdef names nothing that a run has held" in told
    rename(manual, 1, "New")
    assert name_in_cloud(manual, 1) == "User 1"
    manual.run()
    assert name_in_cloud(manual, 1) == "New"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("3f2a91bc", True),
        (" 3F2A91BC ,0123456789abcdef0123456789abcdef, ", True),
        ("", True),
        ("3f2a91b", False),
        ("0123456789abcdef0123456789abcdef0", False),
        ("3f2a91bc 77c0ffee", False),
        ("3f2a91bc, all", False),
    ],
)
def test_the_annotation_is_a_list_of_digests_or_their_beginnings(text, good) -> None:
    found = findings(minimal({"metadata.annotations": {ANNOTATION: text}}))
    assert [one.path for one in found] == ([] if good else [f"metadata.annotations.{ANNOTATION}"])
    assert all("8 to 32 hexadecimal digits" in one.reason and not one.value for one in found)
