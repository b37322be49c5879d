"""Groups that are mastered in the cloud, as pages tell of them: what each of them makes of what was known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap

from syncramp.model.cloud import CloudGroup, CloudState, SeenGroup, Teller
from syncramp.source import dn
from syncramp.store.store import Store

A, B, C = (f"0f8fad5b-d9cb-469f-a165-70867728950{n}" for n in "abc")
DAY = 86400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "state.db", dn.key)
    with made.database.transaction():
        made.cloud.intake.begin(Teller.READ_BACK)
        made.cloud.intake.observe({}, 0.0, ended=True)
    yield made
    made.close()


def observe(store: Store, now: float = 1.0, teller: Teller = Teller.READ_BACK, **seen: SeenGroup) -> None:
    """A page with groups a, b, c."""
    names = {"a": A, "b": B, "c": C}
    with store.database.transaction():
        store.cloud.intake.observe({names[name]: told for name, told in seen.items()}, now, teller)


def read_all(store: Store, teller: Teller = Teller.READ_BACK, now: float = 1.0, **seen: SeenGroup) -> None:
    """A read of everything that shows these groups."""
    with store.database.transaction():
        store.cloud.intake.begin(teller)
    observe(store, now, teller, **seen)
    with store.database.transaction():
        store.cloud.intake.observe({}, now, teller, ended=True)


def groups(store: Store) -> dict[str, CloudGroup]:
    return {one.object_id: one for one in store.cloud.all()}


def members(store: Store, object_id: str = A) -> set[str] | None:
    told = groups(store)[object_id].members
    return None if told is None else {name for _, name in store.cloud.names(told)}


# --- what is known --------------------------------------------------------------------------------------------------


def test_before_everything_was_read_nothing_is_taken_in(store: Store) -> None:
    with store.database.transaction():
        store.cloud.intake.forget(Teller.READ_BACK)
    observe(store, a=SeenGroup({"displayName": "A"}, adds=["user_1"]))
    assert groups(store) == {}


def test_a_group_whose_members_nobody_ever_told_is_not_the_same_as_an_empty_one(store: Store) -> None:
    read_all(store, a=SeenGroup({"displayName": "A"}), b=SeenGroup({}))
    assert members(store, A) is members(store, B) is None
    read_all(store, a=SeenGroup({"displayName": "A"}), b=SeenGroup({}, adds=["user_1"]))
    assert (members(store, A), members(store, B)) == (set(), {"user_1"})


def test_a_group_that_comes_while_nobody_was_told_is_as_unknown_as_the_others(store: Store) -> None:
    read_all(store, a=SeenGroup({}))
    observe(store, b=SeenGroup({}))
    assert members(store, B) is None and store.cloud.intake.complete(Teller.READ_BACK)
    observe(store, c=SeenGroup({}, adds=["user_1"]))
    assert (members(store, A), members(store, C)) == (None, {"user_1"})
    assert not store.cloud.intake.complete(Teller.READ_BACK), "of others it may have told none before"


def test_a_first_member_in_a_delta_asks_for_a_read_of_everything_and_of_others_nothing_is_concluded(
    store: Store,
) -> None:
    read_all(store, a=SeenGroup({}), b=SeenGroup({}))
    observe(store, b=SeenGroup(adds=["user_1"]))
    assert members(store, A) is members(store, B) is None
    assert not store.cloud.intake.complete(Teller.READ_BACK)


def test_a_read_that_tells_no_members_any_more_is_no_proof_that_there_are_none(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1"]))
    read_all(store, a=SeenGroup({}))
    assert members(store) == {"user_1"}
    read_all(store, a=SeenGroup({}), b=SeenGroup({}, adds=["user_2"]))
    assert members(store) == set()


def test_half_of_a_read_of_everything_changes_no_members(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1", "user_2"]))
    seq = store.cloud.seq()
    with store.database.transaction():
        store.cloud.intake.begin(Teller.READ_BACK)
    observe(store, a=SeenGroup({}, adds=["user_2"]))
    assert members(store) == {"user_1", "user_2"}
    observe(store, a=SeenGroup(adds=["user_3"]))
    with store.database.transaction():
        store.cloud.intake.observe({}, 1.0, ended=True)
    assert members(store) == {"user_2", "user_3"} and store.cloud.seq() == seq + 1


def test_a_read_of_everything_that_begins_anew_keeps_nothing_of_the_one_before(store: Store) -> None:
    for member in ("user_1", "user_2"):
        with store.database.transaction():
            store.cloud.intake.begin(Teller.READ_BACK)
        observe(store, a=SeenGroup({}, adds=[member]))
    with store.database.transaction():
        store.cloud.intake.observe({}, 1.0, ended=True)
    assert members(store) == {"user_2"} and store.database.all("SELECT * FROM cloud_reading") == []


def test_what_is_told_again_is_no_change_and_each_change_has_the_next_number(store: Store) -> None:
    told = SeenGroup({"displayName": "A"}, adds=["user_1"])
    read_all(store, a=told, b=SeenGroup({}))
    seq = store.cloud.seq()
    read_all(store, a=told, b=SeenGroup({}))
    observe(store, a=told)
    assert store.cloud.seq() == seq and not list(store.cloud.since(seq))
    observe(store, b=SeenGroup({"displayName": "B"}))
    assert [(one.object_id, one.seq) for one in store.cloud.since(seq)] == [(B, seq + 1)]


def test_a_whole_list_takes_the_place_of_what_was_known(store: Store) -> None:
    read_all(store, a=SeenGroup({}, whole=["user_1", "user_2"]))
    observe(store, a=SeenGroup(whole=["user_3"]))
    assert members(store) == {"user_3"} and store.cloud.intake.lists_members()
    observe(store, a=SeenGroup(whole=[]))
    assert members(store) == set()


def synced(store: Store) -> None:
    """Somebody of ours, with both anchors."""
    store.database.run(
        """INSERT INTO objects (id, source, anchor, kind, cloud_anchor, doubt, cause, hold, unread, confirmed)
           VALUES (7, 1, 'AAAA', 'User', ?, 0, '', '', 0, 1)""",
        (f"User_{C.upper()}",),
    )


def test_who_goes_by_one_anchor_and_comes_by_the_other_one_on_one_page_is_there(store: Store) -> None:
    synced(store)
    read_all(store, a=SeenGroup({}, adds=["source:AAAA"]))
    observe(store, a=SeenGroup(adds=["source:AAAA"], removes=[f"user_{C}"]))
    assert members(store) == {"source:AAAA"}


@pytest.mark.parametrize(
    ("added", "removed"), [("source:AAAA", f"user_{C}"), (f"user_{C}", "source:AAAA"), ("source:AAAA", "source:AAAA")]
)
def test_somebody_who_came_by_one_anchor_goes_by_the_other_one(store: Store, added: str, removed: str) -> None:
    synced(store)
    read_all(store, a=SeenGroup({}, adds=[added, "user_1", "source:BBBB"]))
    observe(store, a=SeenGroup(removes=[removed]))
    assert members(store) == {"user_1", "source:BBBB"}


def test_attributes_of_the_read_back_are_all_there_are_and_those_of_graph_are_changes(store: Store) -> None:
    read_all(store, a=SeenGroup({"displayName": "A", "description": "old"}))
    observe(store, a=SeenGroup({"displayName": "A"}))
    assert groups(store)[A].attributes == {"displayName": "A"}
    read_all(store, Teller.GRAPH, a=SeenGroup({"displayName": "A", "mail": "a@x"}, merges=True))
    observe(store, 2.0, Teller.GRAPH, a=SeenGroup({"mail": None, "description": "new"}, merges=True))
    assert groups(store)[A].attributes == {"displayName": "A", "description": "new"}


def test_of_what_graph_tells_the_read_back_only_says_whether_it_is_there(store: Store) -> None:
    read_all(store, a=SeenGroup({"displayName": "A"}, adds=["user_1"]))
    read_all(store, Teller.GRAPH, a=SeenGroup({"displayName": "B"}, adds=["user_2"]))
    read_all(store, a=SeenGroup({"displayName": "A"}, adds=["user_1"]))
    observe(store, a=SeenGroup({"displayName": "A"}, adds=["user_3"]))
    assert members(store) == {"user_2"} and groups(store)[A].attributes == {"displayName": "B"}
    observe(store, 5.0, a=SeenGroup(state=CloudState.UNTOLD))
    assert groups(store)[A].state is CloudState.UNTOLD


def test_a_group_that_the_read_back_does_not_show_stays_where_graph_tells_of_it(store: Store) -> None:
    read_all(store, Teller.GRAPH, a=SeenGroup({}))
    read_all(store, b=SeenGroup({}))
    read_all(store, Teller.GRAPH, a=SeenGroup({}))
    assert {one.state for one in groups(store).values()} == {CloudState.LIVE}
    assert members(store) == set(), "Graph always tells members"


@pytest.mark.parametrize("teller", Teller)
def test_who_may_not_see_a_hidden_membership_any_more_takes_nobody_out(store: Store, teller: Teller) -> None:
    """The permission was taken away, and everything is read again."""
    hidden = {"visibility": "HiddenMembership"}
    read_all(store, teller, a=SeenGroup(hidden, merges=True, adds=["user_1"]), b=SeenGroup({}, adds=["user_1"]))
    read_all(store, teller, a=SeenGroup(hidden, merges=True), b=SeenGroup({}, adds=["user_1"]))
    assert members(store, A) == {"user_1"}


def test_members_of_a_hidden_membership_are_not_known_until_somebody_is_told(store: Store) -> None:
    hidden = SeenGroup({"visibility": "HiddenMembership"}, merges=True)
    read_all(store, Teller.GRAPH, a=hidden, b=SeenGroup({}, adds=["user_1"]))
    observe(store, 2.0, Teller.GRAPH, c=hidden)
    assert members(store, A) is members(store, C) is None
    read_all(store, Teller.GRAPH, a=SeenGroup(hidden.attributes, merges=True, adds=["user_1"]), b=SeenGroup({}))
    assert members(store, A) == {"user_1"}


def test_graph_that_tells_nobody_at_all_empties_no_group_that_had_members(store: Store) -> None:
    read_all(store, Teller.GRAPH, a=SeenGroup({}, adds=["user_1"]))
    read_all(store, Teller.GRAPH, a=SeenGroup({}), b=SeenGroup({}))
    assert (members(store, A), members(store, B)) == ({"user_1"}, set())


def test_a_run_that_is_killed_once_graph_is_left_still_reads_everything_back(store: Store) -> None:
    assert not store.cloud.intake.leave_graph()
    read_all(store, Teller.GRAPH, a=SeenGroup({}, adds=["user_1"]))
    assert store.cloud.intake.leave_graph()
    assert not any(store.cloud.intake.complete(teller) for teller in Teller) and members(store) == {"user_1"}
    assert not store.cloud.intake.leave_graph()


# --- deleted --------------------------------------------------------------------------------------------------------


def test_a_group_in_the_bin_keeps_its_members_and_comes_back_with_them(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1"]))
    observe(store, 5.0, a=SeenGroup({}, state=CloudState.BIN))
    assert (groups(store)[A].state, groups(store)[A].since, members(store)) == (CloudState.BIN, 5.0, {"user_1"})
    observe(store, 7.0, a=SeenGroup({}))
    assert (groups(store)[A].state, groups(store)[A].since, members(store)) == (CloudState.LIVE, 7.0, {"user_1"})


def test_who_left_right_before_the_group_was_deleted_is_out_of_it_when_it_was_restored_and_read_again(
    store: Store,
) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1", "user_2"]))
    observe(store, a=SeenGroup({}, state=CloudState.BIN, removes=["user_2"]))
    assert store.cloud.intake.complete(Teller.READ_BACK)
    observe(store, a=SeenGroup({}))
    assert not store.cloud.intake.complete(Teller.READ_BACK)
    read_all(store, a=SeenGroup({}, adds=["user_1"]))
    assert members(store) == {"user_1"}


def test_a_group_that_was_shown_in_the_bin_and_is_deleted_after_it_is_gone_for_good(store: Store) -> None:
    read_all(store, a=SeenGroup({}, state=CloudState.BIN))
    read_all(store, Teller.GRAPH, b=SeenGroup({}, state=CloudState.BIN))
    observe(store, 6.0, a=SeenGroup(state=CloudState.UNTOLD), b=SeenGroup(state=CloudState.UNTOLD))
    states = {name: (one.state, one.since) for name, one in groups(store).items()}
    assert states == {A: (CloudState.GONE, 6.0), B: (CloudState.BIN, 1.0)}, "of b Graph says more"


def test_a_group_in_the_bin_that_a_read_of_everything_does_not_show_any_more_is_not_there(store: Store) -> None:
    read_all(store, a=SeenGroup({}, state=CloudState.BIN))
    read_all(store, now=9.0, b=SeenGroup({}))
    assert (groups(store)[A].state, groups(store)[A].since) == (CloudState.UNTOLD, 9.0)


def test_a_deleted_group_that_was_never_known_is_not_kept(store: Store) -> None:
    read_all(store, b=SeenGroup({}, state=CloudState.BIN, adds=[f"group_{A}"]))
    observe(store, a=SeenGroup(state=CloudState.UNTOLD), c=SeenGroup(state=CloudState.BIN))
    assert groups(store).keys() == {B}


@pytest.mark.parametrize("teller", list(Teller))
def test_a_group_whose_master_a_directory_is_now_stays_as_it_was_and_never_counts_as_deleted(
    store: Store, teller: Teller
) -> None:
    read_all(store, teller, a=SeenGroup({"displayName": "A"}, adds=["user_1"]))
    theirs = SeenGroup(state=CloudState.UNTOLD, ours=False)
    observe(store, 5.0, teller, a=theirs, b=theirs)
    read_all(store, teller, 6.0, a=theirs, b=theirs, c=SeenGroup({}, adds=["user_2"]))
    assert groups(store).keys() == {A, C}
    assert (groups(store)[A].state, groups(store)[A].since, members(store)) == (CloudState.UNTOLD, 5.0, {"user_1"})
    assert not store.cloud.settle_deleted(5.0 + 400 * DAY) and not store.cloud.deleted()
    observe(store, 7.0, teller, a=SeenGroup(state=CloudState.UNTOLD))
    assert store.cloud.deleted() == [A]
    observe(store, 8.0, teller, a=SeenGroup({"displayName": "A"}))
    assert (groups(store)[A].state, members(store)) == (CloudState.LIVE, {"user_1"})


def test_a_group_that_is_shown_in_the_bin_without_members_keeps_them(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1"]))
    read_all(store, a=SeenGroup({}, state=CloudState.BIN), b=SeenGroup({}, adds=["user_2"]))
    assert members(store) == {"user_1"}
    read_all(store, Teller.GRAPH, a=SeenGroup(state=CloudState.BIN), b=SeenGroup({}, adds=["user_2"]))
    assert members(store) == {"user_1"}


def test_what_graph_tells_of_a_group_for_the_first_time_is_all_of_it_unless_it_is_gone(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1"]), b=SeenGroup({}, adds=["user_1"]))
    read_all(store, Teller.GRAPH, c=SeenGroup({}, adds=[f"group_{A}"]))
    told = SeenGroup({}, merges=True, adds=["user_2"])
    observe(store, 2.0, Teller.GRAPH, a=told, b=SeenGroup(state=CloudState.BIN))
    assert (members(store, A), members(store, B)) == ({"user_2"}, {"user_1"})


def test_of_a_group_that_was_a_directorys_changes_are_not_taken_for_all_of_its_members(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1"]))
    read_all(store, Teller.GRAPH, c=SeenGroup({}, adds=["user_1"]))
    observe(store, 2.0, Teller.GRAPH, a=SeenGroup({}, moved=True), b=SeenGroup({}, adds=["user_2"], moved=True))
    assert (members(store, A), members(store, B)) == ({"user_1"}, None)
    assert not store.cloud.intake.complete(Teller.GRAPH), "everything is read next, and tells who is in it"
    everybody = SeenGroup({}, adds=["user_1", "user_2"], moved=True)
    read_all(store, Teller.GRAPH, 3.0, a=everybody, b=everybody, c=SeenGroup({}))
    assert members(store, B) == {"user_1", "user_2"}
    observe(store, 4.0, Teller.GRAPH, b=SeenGroup({}, removes=["user_1"], moved=True))
    assert members(store, B) == {"user_2"}


UNIFIED = {"groupTypes": ("Unified",)}


@pytest.mark.parametrize(
    ("attributes", "days", "state"),
    [
        ({"securityEnabled": True}, 0.0, CloudState.GONE),
        (UNIFIED, 29.9, CloudState.UNTOLD),
        (UNIFIED, 30.0, CloudState.GONE),
    ],
)
def test_a_deleted_group_is_gone_when_it_cannot_be_restored_any_more(
    store: Store, attributes: dict[str, Any], days: float, state: CloudState
) -> None:
    read_all(store, a=SeenGroup(attributes), b=SeenGroup(attributes))
    observe(store, 10.0, a=SeenGroup(state=CloudState.UNTOLD))
    now = 10.0 + days * DAY
    assert store.cloud.settle_deleted(now) == (state is CloudState.GONE)
    assert (groups(store)[A].state, groups(store)[B].state) == (state, CloudState.LIVE)
    if state is CloudState.GONE:
        assert groups(store)[A].since == now


def test_a_group_that_was_only_not_shown_waits_as_long_whatever_it_is(store: Store) -> None:
    read_all(store, a=SeenGroup({"securityEnabled": True}))
    read_all(store, now=10.0, b=SeenGroup({}))
    assert groups(store)[A].state is CloudState.UNTOLD and not store.cloud.settle_deleted(10.0 + 29 * DAY)
    observe(store, 20.0, a=SeenGroup(state=CloudState.UNTOLD))
    assert store.cloud.settle_deleted(21.0) == 1, "now it was told"


def test_a_group_of_which_graph_tells_waits_for_its_word_whatever_it_is(store: Store) -> None:
    read_all(store, Teller.GRAPH, a=SeenGroup({"securityEnabled": True}))
    observe(store, 10.0, a=SeenGroup(state=CloudState.UNTOLD))
    assert store.cloud.deleted() == [A] and not store.cloud.settle_deleted(10.0 + 29 * DAY)
    assert store.cloud.settle_deleted(10.0 + 30 * DAY) == 1


def test_who_knows_better_says_that_a_group_is_gone(store: Store) -> None:
    read_all(store, a=SeenGroup(UNIFIED), b=SeenGroup(UNIFIED))
    observe(store, 10.0, a=SeenGroup(state=CloudState.UNTOLD))
    store.cloud.hard_deleted(A, 11.0)
    store.cloud.hard_deleted(C, 11.0)
    assert {name: one.state for name, one in groups(store).items()} == {A: CloudState.GONE, B: CloudState.LIVE}


def test_ids_are_dense_and_stay(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1", "user_2"]), b=SeenGroup({}, adds=["user_2", f"group_{A}"]))
    ids = store.cloud.ids([A, B])
    assert store.cloud.ids([A, C]) == {A: ids[A]}
    assert BitMap([ids[A]]) <= groups(store)[B].members
    assert sorted(row[0] for row in store.database.all("SELECT id FROM cloud_names")) == [1, 2, 3, 4]
