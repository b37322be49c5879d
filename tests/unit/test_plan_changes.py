"""What differs, and what of it is held: pure functions, one behaviour a test."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.plan import MembershipChange, Verb
from syncramp.model.state import Cause, Membership, ObjectState
from syncramp.model.values import Kind
from syncramp.plan.changes import object_change
from syncramp.plan.comparison import differing
from syncramp.plan.members import membership_change, without
from syncramp.plan.ordering import layers
from syncramp.plan.summary import summarise

FREE = Circumstances()
PERSON = ObjectState(
    id=1,
    source=1,
    kind=Kind.USER,
    anchor="AAAA",
    dn="CN=A,DC=x",
    desired={"displayName": "A", "accountEnabled": True},
    acked=None,
    doubt=False,
    maybe=frozenset(),
    cause=None,
    hold="",
)
GROUP = Membership(
    id=9,
    source=1,
    anchor="GGGG",
    dn="CN=G,DC=x",
    hold="",
    desired=BitMap(),
    sure=BitMap(),
    possible=BitMap(),
    derived=BitMap(),
    in_cloud=True,
)
INCOMPLETE = Circumstances(incomplete={1: "cut at line 7"}, unproven=BitMap([1, 2, 3, 9]))


def known(**values) -> ObjectState:
    return replace(PERSON, acked={"displayName": "A", "accountEnabled": True}, desired=values)


def waiting(change: MembershipChange) -> dict[Hold, set[int]]:
    return {held.hold: set(held.adds | held.removes) for held in change.held}


def test_an_unknown_object_is_created_whole() -> None:
    change = object_change(PERSON, FREE)
    assert change and change.verb is Verb.CREATE and change.values == PERSON.desired


def test_an_update_carries_only_what_differs_and_clears_what_went() -> None:
    change = object_change(known(displayName="B"), FREE)
    assert change and change.values == {"displayName": "B", "accountEnabled": None}


def test_true_and_one_are_different_values() -> None:
    state = replace(PERSON, acked={"countryCode": 1}, desired={"countryCode": True})
    assert object_change(state, FREE).values == {"countryCode": True}


def test_an_object_in_doubt_is_sent_whole_with_a_clear_for_all_it_may_hold() -> None:
    state = replace(known(displayName="A"), doubt=True, maybe=frozenset({"title"}))
    assert object_change(state, FREE).values == {"displayName": "A", "accountEnabled": None, "title": None}


def test_a_create_in_doubt_clears_what_the_lost_create_may_have_set() -> None:
    state = replace(PERSON, desired={"displayName": "A"}, doubt=True, maybe=frozenset({"displayName", "title"}))
    assert object_change(state, FREE).values == {"displayName": "A", "title": None}


def test_who_was_absent_once_is_not_deleted_yet() -> None:
    state = replace(known(), desired=None, cause=Cause.ABSENT_ONCE)
    change = object_change(state, FREE)
    assert change.hold is Hold.ABSENT_ONCE and not change.sends


def test_who_was_absent_twice_or_left_the_scope_is_deleted() -> None:
    for cause in (Cause.ABSENT, Cause.OUT_OF_SCOPE):
        change = object_change(replace(known(), desired=None, cause=cause), FREE)
        assert change.verb is Verb.DELETE and change.sends


def test_an_incomplete_source_deletes_clears_and_disables_nothing() -> None:
    gone = replace(known(), desired=None, cause=Cause.OUT_OF_SCOPE)
    assert object_change(gone, INCOMPLETE).hold is Hold.SOURCE_INCOMPLETE
    change = object_change(known(displayName="B", accountEnabled=False), INCOMPLETE)
    assert change.values == {"displayName": "B"}
    assert change.held == {"accountEnabled": False}
    assert "line 7" in change.reason


def test_the_disable_of_an_account_that_was_read_goes_whatever_adds_to_it_was_not() -> None:
    elsewhere = Circumstances(incomplete={2: "cut at line 7"}, unproven=BitMap([PERSON.id]))
    change = object_change(known(accountEnabled=False, title="Clerk"), elsewhere)
    assert change.values == {"accountEnabled": False, "title": "Clerk"} and change.held == {"displayName": None}
    assert change.hold is Hold.SOURCE_INCOMPLETE


def test_an_incomplete_source_still_creates_and_adds() -> None:
    assert object_change(PERSON, INCOMPLETE).sends
    change = membership_change(replace(GROUP, desired=BitMap([1, 2])), INCOMPLETE)
    assert set(change.adds) == {1, 2} and not change.held


def test_a_held_object_is_still_disabled() -> None:
    state = replace(known(displayName="B", accountEnabled=False), hold="its source anchor changed")
    change = object_change(state, FREE)
    assert change.values == {"accountEnabled": False}
    assert change.hold is Hold.ANCHOR and set(change.held) == {"displayName"}


def test_a_create_over_a_foreign_object_is_held() -> None:
    change = object_change(PERSON, Circumstances(foreign=frozenset({"AAAA"})))
    assert change.hold is Hold.NOT_OURS and not change.sends


def test_nothing_at_all_goes_while_adoption_is_required() -> None:
    around = Circumstances(adoption="the tenant holds 7 objects")
    assert object_change(PERSON, around).hold is Hold.ADOPTION_REQUIRED
    change = membership_change(replace(GROUP, desired=BitMap([1])), around)
    assert not change.adds and waiting(change) == {Hold.ADOPTION_REQUIRED: {1}}


def test_what_a_call_of_an_earlier_run_may_still_change_waits() -> None:
    around = Circumstances(under_way=BitMap([1]))
    for state in (PERSON, replace(known(), desired=None, cause=Cause.ABSENT), known(displayName="B")):
        change = object_change(state, around)
        assert change.hold is Hold.CALL_UNDER_WAY and not change.sends
    assert object_change(replace(PERSON, id=2), around).sends


def test_a_disable_does_not_wait_for_a_call_that_may_still_travel() -> None:
    change = object_change(known(displayName="B", accountEnabled=False), Circumstances(under_way=BitMap([1])))
    assert change.values == {"accountEnabled": False} and set(change.held) == {"displayName"}


def test_additions_wait_for_a_travelling_call_about_the_group_or_the_member_and_removals_do_not() -> None:
    group = replace(GROUP, desired=BitMap([1, 2]), sure=BitMap([5]), possible=BitMap([5]))
    change = membership_change(group, Circumstances(under_way=BitMap([1, 5])))
    assert set(change.adds) == {2} and set(change.removes) == {5}
    assert waiting(change) == {Hold.CALL_UNDER_WAY: {1}}
    change = membership_change(group, Circumstances(under_way=BitMap([9])))
    assert not change.adds and set(change.removes) == {5}


def test_a_held_object_of_an_incomplete_source_is_not_disabled() -> None:
    state = replace(known(displayName="B", accountEnabled=False), hold="its source anchor changed")
    change = object_change(state, INCOMPLETE)
    assert not change.sends and set(change.held) == {"displayName", "accountEnabled"}


def test_links_that_wait_for_different_reasons_are_told_apart() -> None:
    group = replace(GROUP, sure=BitMap([1]), possible=BitMap([1]), desired=BitMap([20, 21]))
    change = membership_change(group, replace(INCOMPLETE, max_members=2))
    assert waiting(change) == {Hold.TOO_MANY_MEMBERS: {20, 21}, Hold.SOURCE_INCOMPLETE: {1}}


def test_a_removed_value_is_removed_and_one_whose_member_leaves_goes_with_it() -> None:
    group = replace(
        GROUP, sure=BitMap([1, 2, 3]), possible=BitMap([1, 2, 3]), desired=BitMap([1]), derived=BitMap([3])
    )
    change = membership_change(group, FREE)
    assert set(change.removes) == {2} and not change.adds


def test_a_group_above_the_limit_gets_no_additions_and_its_removals_go() -> None:
    group = replace(GROUP, sure=BitMap([1, 2]), possible=BitMap([1, 2]), desired=BitMap([2, 3, 4, 5]))
    change = membership_change(group, Circumstances(max_members=4))
    assert set(change.removes) == {1} and not change.adds
    assert waiting(change) == {Hold.TOO_MANY_MEMBERS: {3, 4, 5}}
    assert not membership_change(group, Circumstances(max_members=5)).held


def test_what_occupies_room_already_is_added_again_even_above_the_limit() -> None:
    group = replace(GROUP, possible=BitMap([1, 2]), desired=BitMap([1, 2, 3]))
    change = membership_change(group, Circumstances(max_members=2))
    assert set(change.adds) == {1, 2} and waiting(change) == {Hold.TOO_MANY_MEMBERS: {3}}


def test_a_member_of_an_incomplete_source_stays_in_a_group_of_a_complete_one() -> None:
    group = replace(GROUP, id=20, source=2, sure=BitMap([1, 15]), possible=BitMap([1, 15]))
    change = membership_change(group, INCOMPLETE)
    assert set(change.removes) == {15} and waiting(change) == {Hold.SOURCE_INCOMPLETE: {1}}


small = st.sets(st.integers(1, 30)).map(BitMap)


@given(desired=small, possible=small, derived=small, limit=st.integers(1, 40), data=st.data())
def test_the_links_of_a_plan_bring_the_cloud_to_the_desired_members_or_hold_them(
    desired, possible, derived, limit, data
) -> None:
    sure = BitMap(data.draw(st.sets(st.sampled_from(sorted(possible) or [0])))) & possible
    cloud = sure | BitMap(data.draw(st.sets(st.sampled_from(sorted(possible) or [0])))) & possible
    derived -= desired
    group = replace(GROUP, desired=desired, possible=possible, sure=sure, derived=derived & possible)
    change = membership_change(group, Circumstances(max_members=limit))
    after = cloud if change is None else (cloud - change.removes) | change.adds
    held = BitMap() if change is None else BitMap().union(*(held.adds for held in change.held))
    assert after - derived == (desired - held) | (after & desired)
    assert len(after) <= max(limit, len(possible))


def test_the_digest_stands_for_what_is_sent_and_not_for_ids_or_what_is_held() -> None:
    first = summarise([object_change(PERSON, FREE)], lambda ids: [])
    other_id = summarise([object_change(replace(PERSON, id=77), FREE)], lambda ids: [])
    other_value = summarise([object_change(replace(PERSON, desired={"displayName": "B"}), FREE)], lambda ids: [])
    held = summarise([object_change(PERSON, Circumstances(adoption="no"))], lambda ids: [])
    assert first.digest == other_id.digest
    assert len({first.digest, other_value.digest, held.digest}) == 3
    assert held.digest == summarise([], lambda ids: []).digest


def test_the_digest_of_members_does_not_depend_on_the_order_of_their_ids() -> None:
    change = membership_change(replace(GROUP, desired=BitMap([1, 2])), FREE)
    one = summarise([change], lambda ids: ["a", "b"][: len(ids)])
    two = summarise([change], lambda ids: ["b", "a"][: len(ids)])
    three = summarise([change], lambda ids: ["b", "c"][: len(ids)])
    assert one.digest == two.digest != three.digest


def test_an_example_of_an_update_shows_old_and_new_values_that_people_can_read() -> None:
    acked = {"accountEnabled": True, "countryCode": 1, "manager": "AAAA", "title": "Clerk", "x": "long" * 20}
    wanted = {"accountEnabled": False, "countryCode": 2, "manager": "BBBB", "x": "short"}
    (sample,) = summarise(
        [object_change(replace(PERSON, acked=acked, desired=wanted), FREE)], lambda ids: []
    ).samples["Disable"]
    assert sample.detail == "accountEnabled true → false, countryCode 1 → 2, manager, title Clerk → (none), x"


def test_lanes_put_disables_and_releases_apart_from_other_updates() -> None:
    acked = {"accountEnabled": True, "mail": "m@x", "proxyAddresses": ("smtp:a@x", "smtp:b@x"), "title": "T"}
    wanted = {
        1: {**acked, "accountEnabled": False},
        2: {**acked, "mail": "b@x"},
        3: {**acked, "proxyAddresses": ("smtp:a@x",)},
        4: {**acked, "proxyAddresses": ("smtp:a@x", "smtp:b@x", "smtp:c@x")},
        5: {**acked, "title": "U"},
        6: {**acked, "accountEnabled": False, "title": "U"},
        7: {**acked, "mail": "b@x", "proxyAddresses": ("smtp:a@x", "smtp:m@x")},
    }
    changes = [object_change(replace(PERSON, id=i, acked=acked, desired=d), FREE) for i, d in wanted.items()]
    lanes = summarise(changes, lambda ids: []).lanes
    assert (set(lanes.disables), set(lanes.releases), set(lanes.updates)) == ({1, 6}, {2, 3}, {4, 5, 6, 7})


def test_managers_are_created_before_those_they_manage_and_circles_come_last() -> None:
    pairs = [(2, 1), (3, 2), (4, 4), (5, 6), (6, 5)]
    assert [set(layer) for layer in layers(BitMap(range(1, 8)), pairs)] == [{1, 4, 7}, {2}, {3}, {5, 6}]


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), max_size=40))
def test_every_object_stands_in_one_layer_and_behind_its_targets_unless_in_a_circle(pairs) -> None:
    ids = BitMap(range(1, 21))
    found = layers(ids, pairs)
    assert sum(map(len, found)) == 20
    place = {identity: number for number, layer in enumerate(found) for identity in layer}
    for identity, target in pairs:
        assert identity == target or place[target] < place[identity] or place[identity] == len(found) - 1


def test_the_comparison_forgives_spelling_of_keys_order_and_types() -> None:
    sent = {"mail": "a@x", "proxyAddresses": ("a", "b"), "countryCode": 250, "accountEnabled": True}
    seen = {"Mail": "a@x", "ProxyAddresses": ("b", "a"), "CountryCode": "250", "AccountEnabled": "true", "Extra": "x"}
    assert differing(sent, seen) == []
    assert differing(sent, {**seen, "Mail": "b@x"}) == ["mail"]
    assert differing({"title": "T"}, {}) == ["title"]


@given(small, small, small, st.booleans())
def test_additions_wait_with_a_create_of_either_end_and_removals_never(
    adds: BitMap, removes: BitMap, others: BitMap, lonely: bool
) -> None:
    absent = others | BitMap([GROUP.id]) if lonely else others - BitMap([GROUP.id])
    found = without(MembershipChange(GROUP, adds, removes), absent)
    assert found.absent == (adds if lonely else adds & absent)
    assert found.adds | found.absent == adds and not found.adds & found.absent
    assert found.removes == removes
