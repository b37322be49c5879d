"""Sets of changes that wait: their marks and digests, as pure functions of what is held."""

import random
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.model.approvals import Marks, Waiting
from syncramp.model.circumstances import Approved, Circumstances
from syncramp.model.holds import Class, HeldPart, Hold
from syncramp.model.plan import Change, HeldLinks, MembershipChange, ObjectChange, Verb
from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Kind
from syncramp.plan.approved import approved_links
from syncramp.plan.marks import add_mark, delete_mark, remove_mark, update_mark
from syncramp.plan.summary import summarise

HELD = Hold.APPROVAL_REQUIRED
GROUP = Membership(0, 1, "GGGG", "CN=G", "", *(BitMap() for _ in range(4)), in_cloud=True)


def state(anchor: str, identity: int = 1, **acked) -> ObjectState:
    return ObjectState(identity, 1, Kind.USER, anchor, "CN=x", {}, acked or None, False, frozenset(), None, "")


def held(verb: Verb, anchor: str, identity: int, hold: Hold = HELD, **values) -> ObjectChange:
    return ObjectChange(state(anchor, identity, title="old"), verb, {}, (HeldPart(hold, "because", values),))


def sets(changes: Iterable[Change], names: dict[int, str] | None = None) -> dict[tuple[Hold, Class], Waiting]:
    def anchors(ids: BitMap) -> list[str]:
        return [(names or {}).get(identity, f"m{identity}") for identity in ids]

    return {(each.hold, each.part): each for each in summarise(changes, anchors).waiting}


@given(st.sets(st.text("abc", min_size=1, max_size=4), min_size=1), st.randoms(use_true_random=False))
def test_the_digest_is_of_what_is_held_and_not_of_ids_or_their_order(names: set[str], chance: random.Random) -> None:
    def told(order: list[str], first: int) -> dict[tuple[Hold, Class], str]:
        ids = {first + place: name for place, name in enumerate(order)}
        links = HeldLinks(HELD, "because", adds=BitMap(ids))
        changes: list[Change] = [held(Verb.DELETE, name, identity) for identity, name in ids.items()]
        changes += [held(Verb.UPDATE, name, identity, title="new") for identity, name in ids.items()]
        changes.append(MembershipChange(GROUP, BitMap(), BitMap(), (links,)))
        return {key: each.digest for key, each in sets(changes, ids).items()}

    ordered = sorted(names)
    mixed = chance.sample(ordered, len(ordered))
    assert told(ordered, 1) == told(mixed, 70_000)


@given(st.sets(st.text("abc", max_size=3)), st.sets(st.text("abc", max_size=3)))
def test_two_digests_are_equal_exactly_when_the_sets_are(left: set[str], right: set[str]) -> None:
    def told(names: set[str]) -> str:
        found = sets(held(Verb.DELETE, name, 1) for name in names)
        return found[HELD, Class.DELETES].digest if found else ""

    assert (told(left) == told(right)) is (left == right)


def test_the_digest_of_a_set_is_the_same_in_every_release() -> None:
    (found,) = sets([held(Verb.DELETE, "AAAA", 1)]).values()
    assert found.digest == "e375e5de62e8e711a6ee12f72af8ae67"


def test_a_link_has_the_same_mark_in_every_release_and_no_other_link_has_it() -> None:
    links = HeldLinks(HELD, "because", BitMap([7]), BitMap([7]))
    found = sets([MembershipChange(GROUP, BitMap(), BitMap(), (links,))], {7: "m7"})
    assert list(found[HELD, Class.REST].marks) == [add_mark("GGGG", "m7")] == [18042439663689044615]
    assert list(found[HELD, Class.REMOVALS].marks) == [remove_mark("GGGG", "m7")] == [10049044469821836199]
    others = [add_mark("GGGGm", "7"), add_mark("m7", "GGGG"), add_mark("GGGG", "m8"), remove_mark("GGG", "Gm7")]
    assert len({*others, add_mark("GGGG", "m7"), remove_mark("GGGG", "m7")}) == 6


def test_each_hold_and_each_class_has_a_set_of_its_own() -> None:
    changes = [
        held(Verb.DELETE, "a", 1),
        held(Verb.DELETE, "b", 2, Hold.TOO_MANY_DELETES),
        held(Verb.CREATE, "c", 3, title="x"),
        held(Verb.UPDATE, "d", 4, title="x", accountEnabled=False, mail=None),
        MembershipChange(GROUP, BitMap(), BitMap(), (HeldLinks(HELD, "", BitMap([7, 8]), BitMap([9])),)),
    ]
    assert {key: (len(each.marks), each.links) for key, each in sets(changes).items()} == {
        (HELD, Class.DELETES): (1, 0),
        (Hold.TOO_MANY_DELETES, Class.DELETES): (1, 0),
        (HELD, Class.CREATES): (1, 0),
        (HELD, Class.DISABLES): (1, 0),
        (HELD, Class.REST): (4, 2),
        (HELD, Class.REMOVALS): (1, 1),
    }


def test_what_waits_for_a_proof_is_in_no_set() -> None:
    links = HeldLinks(Hold.SOURCE_INCOMPLETE, "cut", removes=BitMap([1]))
    canary = held(Verb.CREATE, "b", 2, Hold.CANARY, title="x")
    changes = [
        held(Verb.DELETE, "a", 1, Hold.ABSENT_ONCE),
        canary,
        MembershipChange(GROUP, BitMap(), BitMap(), (links,)),
    ]
    assert sets(changes) == {}


def test_another_value_before_or_after_is_another_change() -> None:
    def told(before: str, after: str) -> str:
        change = ObjectChange(state("a", title=before), Verb.UPDATE, {}, (HeldPart(HELD, "", {"title": after}),))
        return sets([change])[HELD, Class.REST].digest

    assert len({told("x", "y"), told("z", "y"), told("x", "z")}) == 3


def test_a_create_stays_the_same_when_a_title_changes_and_becomes_another_with_another_address() -> None:
    def told(**desired) -> str:
        made = replace(state("a"), desired={"userPrincipalName": "a@x", "accountEnabled": True, **desired})
        return sets([ObjectChange(made, Verb.CREATE, {}, (HeldPart(HELD, "", made.desired or {}),))])[
            HELD, Class.CREATES
        ].digest

    assert told(title="x") == told(title="y")
    assert len({told(), told(mail="a@y"), told(accountEnabled=False), told(userPrincipalName="b@x")}) == 4


def test_a_plan_tells_which_approved_changes_it_still_wants_whether_they_go_or_wait() -> None:
    goes = ObjectChange(state("a"), Verb.DELETE, {})
    waits = held(Verb.UPDATE, "b", 2, Hold.SOURCE_INCOMPLETE, title="new")
    marks = [delete_mark(goes.state), update_mark(waits.state, "title", "new"), delete_mark(state("gone"))]
    around = Circumstances(approved=Approved(Marks(marks)))
    assert set(summarise([goes, waits], lambda ids: (), around).wanted) == set(marks[:2])


def test_approved_links_are_found_by_their_anchors_in_a_store_with_other_ids() -> None:
    class Groups:
        def memberships(self, also=()):
            yield replace(GROUP, id=5, desired=BitMap([1, 2]), sure=BitMap([1]), possible=BitMap([1, 3]))

        def named(self, ids):
            return ((identity, f"m{identity}") for identity in ids)

    marks = Marks(
        [add_mark("GGGG", "m2"), remove_mark("GGGG", "m3"), add_mark("GGGG", "m1"), remove_mark("else", "m3")]
    )
    approved, pending = approved_links(Groups(), marks)
    assert approved.adds == {5: BitMap([2])} and approved.removes == {5: BitMap([3])}
    assert set(pending) == {add_mark("GGGG", "m2"), remove_mark("GGGG", "m3")}


@given(st.lists(st.integers(0, 50) | st.integers(0, 2**64 - 1)), st.integers(-1, 51))
def test_marks_are_a_set_in_order(numbers: list[int], asked: int) -> None:
    marks = Marks(numbers)
    assert list(marks) == sorted(set(numbers)) and len(marks) == len(set(numbers))
    assert all(number in marks for number in numbers)
    assert (asked in marks) is (asked in numbers) and "1" not in marks
