"""Groups that are mastered in the cloud, as pages tell of them: what each of them makes of what was known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap

from syncramp.cycle.cloud_shown import cloud_group_of, kinds_of
from syncramp.model.cloud import CloudGroup, CloudState, SeenGroup, Teller
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, SyncObject
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


# --- one page -------------------------------------------------------------------------------------------------------


def shown(kind: str = "Group", operation: Operation = Operation.SET, **values: Any) -> SyncObject:
    return SyncObject(kind, operation, {"CloudAnchor": f"Group_{A.upper()}", "CloudMastered": True, **values})


@pytest.mark.parametrize(
    "obj",
    [
        shown(kind="User"),
        SyncObject("Group", Operation.SET, {"DisplayName": "no anchor"}),
    ],
)
def test_what_is_no_group_is_none(obj: SyncObject) -> None:
    assert cloud_group_of(obj) is None


@pytest.mark.parametrize("values", [{"SourceAnchor": "AAAA"}, {"CloudMastered": False}])
def test_a_group_that_a_directory_masters_is_told_as_one(values: dict[str, Any]) -> None:
    assert cloud_group_of(shown(**values, Member=("User_1",))) == (A, SeenGroup(state=CloudState.UNTOLD, ours=False))


def test_a_group_is_known_by_its_object_id_in_small_letters_also_where_nothing_says_that_the_cloud_masters_it() -> (
    None
):
    told = cloud_group_of(SyncObject("Group", Operation.ADD, {"CloudAnchor": f"Group_{A.upper()}"}))
    assert told is not None and told[0] == A


def test_attributes_get_the_names_of_graph_whatever_case_the_wire_has() -> None:
    obj = shown(
        displayname="Team",
        ALIAS="team",
        GroupType="Unified, DynamicMembership",
        SecurityEnabled="False",
        ProxyAddresses=("smtp:b@x", "SMTP:a@x"),
        ReasonFiltered=("WriteBackOutOfScope",),
        Mail="",
    )
    _, told = cloud_group_of(obj) or ("", SeenGroup())
    assert told.attributes == {
        "displayName": "Team",
        "mailNickname": "team",
        "groupTypes": ("DynamicMembership", "Unified"),
        "securityEnabled": False,
        "proxyAddresses": ("SMTP:a@x", "smtp:b@x"),
        "reasonFiltered": "WriteBackOutOfScope",
    }
    assert told.state is CloudState.LIVE


@pytest.mark.parametrize("value", [1099511627776, "8796093022208"])
def test_a_group_mailbox_is_one_of_a_microsoft_365_group(value: Any) -> None:
    _, told = cloud_group_of(shown(MsExchRecipientTypeDetails=value)) or ("", SeenGroup())
    assert told.attributes == {"groupTypes": ("Unified",)}


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        (shown(ReasonFiltered="SoftDelete"), CloudState.BIN),
        (shown(reasonFiltered=("WriteBackOutOfScope", "SoftDelete")), CloudState.BIN),
        (shown(operation=Operation.DELETE), CloudState.UNTOLD),
        (shown(DisplayName="x"), CloudState.LIVE),
    ],
)
def test_the_state_is_what_the_page_says(obj: SyncObject, state: CloudState) -> None:
    _, told = cloud_group_of(obj) or ("", SeenGroup())
    assert told.state is state


def change(anchor: str, *, removes: bool = False, cloud: bool = True) -> ReferenceChange:
    by = AnchorType.CLOUD if cloud else AnchorType.SOURCE
    return ReferenceChange(anchor, LinkOperation.REMOVE if removes else LinkOperation.ADD, by)


def test_members_come_as_changes_by_either_anchor_or_as_a_list_of_both() -> None:
    changes = (change("User_1A"), change("AAAA", cloud=False), change("User_2B", removes=True))
    _, told = cloud_group_of(shown(Member=changes)) or ("", SeenGroup())
    assert (told.adds, told.removes, told.whole) == (["user_1a", "source:AAAA"], ["user_2b"], None)
    _, told = cloud_group_of(shown(DisplayName="x", Member=("User_1A", "AAAA"))) or ("", SeenGroup())
    assert told.whole == ["user_1a", "source:AAAA"]
    _, told = cloud_group_of(SyncObject("Group", Operation.SET, {"CloudAnchor": "Group_x", "Member": ("User_1",)}))
    assert (told.whole, told.adds, told.attributes) == (None, ["user_1"], None), (
        "a further part adds to the first one"
    )


def test_an_empty_list_says_that_nobody_is_a_member_only_where_members_come_as_lists() -> None:
    for lists, whole in ((False, None), (True, [])):
        _, told = cloud_group_of(shown(DisplayName="x", Member=()), lists=lists) or ("", SeenGroup())
        assert told.whole == whole


def test_guests_are_told_by_their_own_objects() -> None:
    guest = SyncObject("User", Operation.SET, {"CloudAnchor": "User_1A", "UserType": "Guest"})
    person = SyncObject("User", Operation.SET, {"CloudAnchor": "User_2B", "UserType": "Member"})
    assert kinds_of([guest, person]) == {"user_1a": "Guest"}


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


@pytest.mark.parametrize(
    ("added", "removed"), [("source:AAAA", f"user_{C}"), (f"user_{C}", "source:AAAA"), ("source:AAAA", "source:AAAA")]
)
def test_somebody_who_came_by_one_anchor_goes_by_the_other_one(store: Store, added: str, removed: str) -> None:
    store.database.run(
        """INSERT INTO objects (id, source, anchor, kind, cloud_anchor, doubt, cause, hold, unread, confirmed)
           VALUES (7, 1, 'AAAA', 'User', ?, 0, '', '', 0, 1)""",
        (f"User_{C.upper()}",),
    )
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


# --- deleted --------------------------------------------------------------------------------------------------------


def test_a_group_in_the_bin_keeps_its_members_and_comes_back_with_them(store: Store) -> None:
    read_all(store, a=SeenGroup({}, adds=["user_1"]))
    observe(store, 5.0, a=SeenGroup({}, state=CloudState.BIN))
    assert (groups(store)[A].state, groups(store)[A].since, members(store)) == (CloudState.BIN, 5.0, {"user_1"})
    observe(store, 7.0, a=SeenGroup({}))
    assert (groups(store)[A].state, groups(store)[A].since, members(store)) == (CloudState.LIVE, 7.0, {"user_1"})


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
    observe(store, a=SeenGroup(state=CloudState.UNTOLD), b=SeenGroup({}, state=CloudState.BIN))
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
    observe(store, 2.0, Teller.GRAPH, a=SeenGroup(state=CloudState.BIN))
    assert members(store) == {"user_1"}


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
