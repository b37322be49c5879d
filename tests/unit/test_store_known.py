"""Where a delta begins: a watermark counts when everything before it stands in the store."""

from collections.abc import Iterator

import pytest

from support.build import user
from syncramp.model.facts import Entry, Proof
from syncramp.source import dn
from syncramp.store.known import KnownPartition
from syncramp.store.store import Store


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.db", dn.key)
    yield opened
    opened.close()


def known(store: Store, asked: str = "", *, full: bool = False) -> KnownPartition:
    return store.staging.known(store.staging.source_id("corp"), "all", asked, full=full)


def read(store: Store, *entries: Entry, asked: str = "", mark: bytes | None = b"1", **proof: object) -> None:
    ending = Proof("all", bool(proof.pop("complete", True)), len(entries), None, watermark=mark, **proof)
    store.staging.stage(store.staging.source_id("corp"), "all", [*entries, ending], asked=asked)


def test_of_what_was_never_read_nothing_is_known(store) -> None:
    found = known(store)
    assert (found.watermark, found.horizon, found.why_full, found.sentinels) == (None, None, "", {})
    assert found.returned() == []


def test_a_watermark_counts_only_once_the_links_are_resolved(store) -> None:
    read(store, user(1))
    assert known(store).watermark is None
    store.staging.resolve()
    assert known(store).watermark == b"1"
    read(store, user(1), mark=b"2")
    assert known(store).watermark == b"1"
    store.staging.resolve()
    assert known(store).watermark == b"2"


def test_what_was_pending_when_a_run_was_killed_is_forgotten(store, tmp_path) -> None:
    read(store, user(1))
    store.staging.resolve()
    read(store, user(1), mark=b"2")
    later = Store(tmp_path / "state.db", dn.key)
    later.staging.resolve()
    assert known(later).watermark == b"1"
    later.close()


def test_a_read_that_is_not_proven_moves_no_watermark(store) -> None:
    read(store, user(1))
    store.staging.resolve()
    read(store, user(1), mark=b"2", complete=False)
    store.staging.resolve()
    assert known(store).watermark == b"1"


def test_a_proven_read_without_a_watermark_asks_for_a_full_one(store) -> None:
    read(store, user(1))
    store.staging.resolve()
    read(store, user(1), mark=None)
    store.staging.resolve()
    assert known(store).watermark is None


def test_a_part_that_was_not_read_keeps_its_watermark(store) -> None:
    read(store, user(1))
    store.staging.resolve()
    store.staging.stage(store.staging.source_id("labs"), "all", [user(2), Proof("all", True, 1, None)])
    store.staging.resolve()
    assert known(store).watermark == b"1"


def test_what_was_ever_seen_is_never_forgotten(store) -> None:
    read(store, user(1), horizon=b"far")
    assert known(store).horizon == b"far", "it was seen, whether links are resolved or not"
    read(store, user(1), mark=None)
    store.staging.resolve()
    assert known(store).horizon == b"far"


def test_what_was_seen_before_a_read_broke_off_is_not_forgotten(store) -> None:
    store.staging.fail(store.staging.source_id("corp"), "all", "it broke off", b"far")
    assert known(store).horizon == b"far"
    store.staging.fail(store.staging.source_id("corp"), "all", "it cannot be reached")
    assert known(store).horizon == b"far"


@pytest.mark.parametrize("asked", ["", "title"])
def test_another_question_is_answered_in_full(store, asked: str) -> None:
    read(store, user(1), asked="mail")
    store.staging.resolve()
    assert known(store, "mail").watermark == b"1"
    found = known(store, asked)
    assert found.watermark is None and "something else is asked for" in found.why_full


def test_a_full_read_can_be_asked_for(store) -> None:
    read(store, user(1), horizon=b"far")
    store.staging.resolve()
    found = known(store, full=True)
    assert (found.watermark, found.horizon) == (None, b"far") and "person" in found.why_full


def test_who_is_absent_once_needs_a_second_full_read(store) -> None:
    read(store, user(1), user(2))
    store.staging.resolve()
    for absent in (1, 0):
        read(store, user(1))
        store.staging.resolve()
        assert ("absent once" in known(store).why_full) == bool(absent)


def test_a_delta_says_nothing_of_who_is_not_in_it(store) -> None:
    read(store, user(1), user(2))
    read(store, user(1), delta=True)
    store.staging.resolve()
    assert store.database.all("SELECT absent FROM entries") == [(0,), (0,)]
    assert known(store).watermark == b"1"


def test_sentinels_are_told_as_they_were_kept(store) -> None:
    read(store, user(1))
    store.database.run("DELETE FROM sentinels")
    store.database.run("INSERT INTO sentinels VALUES (1, ?, 'mail title')", (user(1).guid,))
    assert known(store).sentinels == {user(1).guid: frozenset({"mail", "title"})}
